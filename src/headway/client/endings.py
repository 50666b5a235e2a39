"""How a connection ends, and what follows: every failure of every transport becomes one `Ended` with an `Advice`.

    the network failed, the server hung up, HTTP 408, 425, 429 or 5xx     reconnect
    a close code of `codes.py`                                            what that table says; others: reconnect
    an error of `codes.py`, as a message or as an HTTP body               reconnect where trying again can help, or stop
    `unauthorized`, HTTP 401                                              renew
    any other HTTP answer                                                 reconnect: something between us and the
                                                                          server does not let this transport through

`announced` tells the server's own doing from the network's: only the network's counts against a transport. `absent` is
the address itself that cannot be reached, whatever is spoken there. Pure: what a library raised is read here, not
caught.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from headway.codes import Advice, Close, Code
from headway.errors import HeadwayError

__all__ = ["Ended", "Refused", "Unreachable", "answered", "closed", "failed", "refused"]

_CLOSES: Final = {close.code: close for close in Close}
_CODES: Final = {code.spelling: code for code in Code}
_BROKEN: Final = frozenset({1002, 1005, 1006, 1007, 1015})
"""Codes that the network, or a box in it, is known to cause: no word of the server."""
_ABSENT: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN})
"""Nobody listens there, or there is no way there."""
_ERRNO: Final = re.compile(r"\[Errno (\d+)\]")


class Refused(HeadwayError):
    """The server does not want this client, and coming back would end in the same way."""

    default = Code.FORBIDDEN

    @property
    def token(self) -> bool:
        """Whether another token would help."""
        return self.code is Code.UNAUTHORIZED


class Unreachable(HeadwayError):
    """The server did not answer in the time that was given to it."""

    default = Code.OVERLOADED


class Ended(Exception):
    """A connection is over. `retry`: seconds after which the server wants its client back."""

    def __init__(
        self,
        reason: str,
        advice: Advice = Advice.RECONNECT,
        *,
        retry: float | None = None,
        code: Code | None = None,
        finished: bool = False,
        announced: bool = False,
        absent: bool = False,
        silent: bool = False,
        details: Mapping[str, Any] | None = None,  # Any: JSON
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.retry = retry
        self.code = code
        self.finished = finished
        """The server says that there is nothing more to come."""
        self.announced = announced
        """The server itself said so: the network is not to blame."""
        self.silent = silent
        """It was not cut, but nothing came any more: whatever swallowed it may swallow its handshake, too."""
        self.absent = absent
        """There was nobody to speak to: another transport would find the same."""
        self.details = details or {}

    def refusal(self) -> Refused:
        """The error for a caller who cannot come back."""
        code = Code.UNAUTHORIZED if self.advice is Advice.RENEW else self.code
        return Refused(self.reason, code=code)


def closed(code: int | None, reason: str, retry: float | None = None) -> Ended:
    """What a WebSocket's close means. No code: it broke."""
    if code is None or code in _BROKEN:
        return Ended("the connection broke", retry=retry)
    close = _CLOSES.get(code)
    if close is None:
        return Ended(reason or f"the server hung up with code {code}", retry=retry, announced=True)
    # What follows a semicolon is addressed to the program, which does it.
    sentence = _lowered(reason or close.meaning).split(";")[0].rstrip(".")
    return Ended(sentence, close.advice, retry=retry, finished=close is Close.NORMAL, announced=True)


def refused(error: Mapping[str, Any], *, retry: float | None = None) -> Ended:  # Any: JSON
    """What an error of the server means: `{code, message, details?}`, and where it ends the connection `close`."""
    if isinstance(error.get("close"), int):
        return closed(error["close"], str(error.get("message") or ""), retry)
    code = _CODES.get(str(error.get("code")))
    reason = str(error.get("message") or (code.meaning if code else "the server sent an error without a message"))
    details = error.get("details")
    return Ended(
        reason,
        _advice(code),
        retry=retry,
        code=code,
        announced=True,
        details=details if isinstance(details, dict) else None,
    )


def answered(status: int, body: bytes | bytearray, retry_after: str | None = None) -> Ended:
    """What an HTTP answer means that is not the one hoped for."""
    retry = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    try:
        decoded = msgspec.json.decode(body)
        error = decoded["error"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return _bare(status, retry)
    return refused(error, retry=retry) if isinstance(error, dict) else _bare(status, retry)


def failed(error: BaseException) -> Ended:
    """What the network's own failure means, in the words people know: "connection refused"."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            # Its number is not the system's.
            why = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
            return Ended(f"TLS failed: {why}" if why else "TLS failed")
        if isinstance(cause, socket.gaierror):
            return Ended("the host is not known", absent=True)
        if isinstance(cause, OSError) and (number := _errno(cause)) is not None:
            return Ended(_lowered(os.strerror(number)), absent=number in _ABSENT)
        if isinstance(cause, TimeoutError):
            return Ended("no answer in time")
    return Ended("the connection broke")


def _bare(status: int, retry: float | None) -> Ended:
    if status == 401:
        return Ended("a token is needed", Advice.RENEW, code=Code.UNAUTHORIZED)
    if status >= 500 or retry is not None:
        return Ended(f"HTTP {status}", retry=retry)
    return Ended(f"something answered HTTP {status}, which no Headway does here", code=Code.NOT_FOUND)


def _advice(code: Code | None) -> Advice:
    if code is Code.UNAUTHORIZED:
        return Advice.RENEW
    return Advice.RECONNECT if code is not None and code.retry else Advice.STOP


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it: libraries wrap the system's own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _errno(error: OSError) -> int | None:
    if error.errno is not None:
        return error.errno
    # asyncio joins the failures of several addresses into one text.
    match = _ERRNO.search(str(error))
    return int(match[1]) if match else None


def _lowered(sentence: str) -> str:
    """A sentence as part of another. Names that begin with capitals stay."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence
