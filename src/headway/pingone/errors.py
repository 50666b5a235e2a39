"""What PingOne refuses and how it fails, and what to do about it.

    {"id": …, "code": "INVALID_DATA", "message": …,
     "details": [{"code": …, "target": …, "message": …, "innerError": {…}}]}

PingOne warns that codes within a class of statuses may change, so the class decides first:

    400 405 409 and other 4xx   the row failed; the same request would fail again
    401                         a new token, once. With INSUFFICIENT_PERMISSIONS as 403
    403                         stop: permissions or licence (LICENSE_EXCEEDED); the other rows would fail alike
    404                         not there, or not there yet: for what was made a moment ago a short retry
    408 429 5xx, no answer      again, after a pause
    415, redirects              stop: our mistake, or a wrong address

No error holds a secret: an answer that is not JSON is never quoted, and what was sent in confidence is masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Final

import msgspec

from headway.codes import Code
from headway.errors import HeadwayError

__all__ = ["Detail", "PingOneError", "Refusal", "Verdict", "refused", "unreachable", "unreadable", "verdict"]

_TEXT: Final = 500
"""Characters of a message of PingOne's that are kept. Its own are a sentence."""
_DETAILS: Final = 50
"""Details of one answer that are kept: more than a user has standard attributes."""
_MASK: Final = "***"


@unique
class Verdict(Enum):
    """What is to be done about a failure."""

    ROW_FAILED = "row_failed"
    """This request is refused for good; go on with the next."""
    RETRY = "retry"
    """It may pass. An error that was raised with it has been retried already for as long as allowed."""
    NEW_TOKEN = "new_token"
    """The token is no longer taken. Raised only when a new one is not taken either: stop."""
    NOT_THERE = "not_there"
    """There is no such thing, or it cannot be seen yet."""
    STOP = "stop"
    """Permissions, licence or credentials: every further request would fail alike. Pause, and explain."""
    OUR_BUG = "our_bug"
    """The request itself was wrong in a way no row can be. Stop, and report it."""

    @property
    def stops(self) -> bool:
        """Whether going on with other rows is pointless."""
        return self in (Verdict.STOP, Verdict.OUR_BUG, Verdict.NEW_TOKEN)


_BY_STATUS: Final = {
    401: Verdict.NEW_TOKEN,
    403: Verdict.STOP,
    404: Verdict.NOT_THERE,
    408: Verdict.RETRY,
    415: Verdict.OUR_BUG,
    429: Verdict.RETRY,
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One of the things wrong with a request."""

    code: str
    target: str = ""
    """The attribute it is about."""
    message: str = ""
    inner: Mapping[str, Any] = field(default_factory=dict)
    """`innerError`: existingId, allowedPattern, quotaLimit … Any: JSON values of PingOne's own choice."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What PingOne answered, as far as it answered."""

    status: int = 0
    """0: no answer came."""
    code: str = ""
    message: str = ""
    details: tuple[Detail, ...] = ()
    correlation_id: str = ""
    """Names the answer at PingOne; its support asks for it."""
    transaction_id: str = ""
    """What we named the request (`X-Ping-External-Transaction-ID`)."""

    @property
    def target(self) -> str:
        """The attribute the first detail is about."""
        return self.details[0].target if self.details else ""

    def has(self, code: str, target: str | None = None) -> bool:
        """Whether a detail has this code, and this target if one is named."""
        return any(detail.code == code and target in (None, detail.target) for detail in self.details)


class PingOneError(HeadwayError):
    """PingOne refused, failed or was not reached. `str()` is a sentence for people, with the correlation id."""

    default = Code.UPSTREAM

    def __init__(
        self, message: str, verdict: Verdict, refusal: Refusal, *, uncertain: bool = False, wait: float | None = None
    ) -> None:
        ids = f" (correlation id {refusal.correlation_id})" if refusal.correlation_id else ""
        super().__init__(f"{message}{ids}", details=_told(refusal))
        self.verdict = verdict
        self.refusal = refusal
        self.uncertain = uncertain
        """Whether what was asked may have been done all the same."""
        self.wait = wait
        """Seconds PingOne asked to wait."""

    def left(self, uncertain: bool) -> PingOneError:
        """The same failure for another request, which leaves open whether it was done, or does not."""
        copy = PingOneError("", self.verdict, self.refusal, uncertain=uncertain, wait=self.wait)
        copy.message = self.message
        return copy

    @property
    def status(self) -> int:
        """The HTTP status; 0 if no answer came."""
        return self.refusal.status

    @property
    def target(self) -> str:
        """The attribute that is wrong, where one is named."""
        return self.refusal.target

    @property
    def correlation_id(self) -> str:
        """What PingOne named its answer."""
        return self.refusal.correlation_id

    @property
    def license_exceeded(self) -> bool:
        """Whether the licence has no room for more."""
        return self.refusal.has("LICENSE_EXCEEDED")


def verdict(status: int, refusal: Refusal) -> Verdict:
    """The class of a status, by the table of this file."""
    if status == 401 and refusal.has("INSUFFICIENT_PERMISSIONS"):
        return Verdict.STOP
    found = _BY_STATUS.get(status)
    if found is not None:
        return found
    if status >= 500:
        return Verdict.RETRY
    # A 1xx, 2xx or 3xx that gets here was not the answer to what was asked: the address is not PingOne's.
    return Verdict.ROW_FAILED if status >= 400 else Verdict.STOP


def refused(
    status: int,
    content: bytes,
    *,
    correlation_id: str = "",
    transaction_id: str = "",
    hidden: Iterable[str] = (),
    wait: float | None = None,
) -> PingOneError:
    """The error of an answer that is none of success. `hidden` are texts that must not show."""
    refusal = _refusal(status, content, correlation_id, transaction_id, tuple(filter(None, hidden)))
    judged = verdict(status, refusal)
    return PingOneError(_sentence(refusal, judged), judged, refusal, uncertain=status >= 500, wait=wait)


def unreachable(reason: str, *, sent: bool, transaction_id: str = "", judged: Verdict = Verdict.RETRY) -> PingOneError:
    """The error of an answer that did not come. `sent`: whether the request may have arrived."""
    return PingOneError(
        f"PingOne did not answer: {reason}", judged, Refusal(transaction_id=transaction_id), uncertain=sent
    )


def unreadable(status: int, reason: str, *, correlation_id: str = "", transaction_id: str = "") -> PingOneError:
    """The error of an answer that says yes and cannot be read."""
    refusal = Refusal(status, "", reason, (), correlation_id, transaction_id)
    return PingOneError(
        f"the answer of PingOne (status {status}) {reason}; is the API address right, and no proxy in between?",
        Verdict.RETRY,
        refusal,
        uncertain=True,
    )


def _refusal(status: int, content: bytes, correlation_id: str, transaction_id: str, hidden: tuple[str, ...]) -> Refusal:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        body = {}
    found = body.get("details")
    details = (
        [_detail(entry, hidden) for entry in found[:_DETAILS] if isinstance(entry, dict)]
        if isinstance(found, list)
        else []
    )
    return Refusal(
        status,
        # OAuth's two fields stand where PingOne's own would.
        _text(body.get("code", body.get("error"))),
        _text(body.get("message", body.get("error_description")), hidden),
        tuple(details),
        correlation_id,
        transaction_id,
    )


def _detail(entry: Mapping[str, object], hidden: tuple[str, ...]) -> Detail:
    inner = entry.get("innerError")
    return Detail(
        _text(entry.get("code")),
        _text(entry.get("target")),
        _text(entry.get("message"), hidden),
        _bounded(inner, hidden) if isinstance(inner, dict) else {},
    )


def _bounded(inner: Mapping[str, object], hidden: tuple[str, ...]) -> dict[str, object]:
    return {
        # An id is looked up again, so it has to stay whole even if somebody's password is a digit.
        name: _plain(value, () if name == "existingId" else hidden)
        for name, value in list(inner.items())[:_DETAILS]
    }


def _plain(value: object, hidden: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return _text(value, hidden)
    if isinstance(value, list):
        return [_text(entry, hidden) for entry in value[:_DETAILS] if isinstance(entry, str)]
    # What is nested deeper is in no model of theirs.
    return value if isinstance(value, int | float | None) else None


def _text(value: object, hidden: tuple[str, ...] = ()) -> str:
    """A text without secrets. Codes and targets are words of PingOne's own, which are compared: nothing is masked."""
    if not isinstance(value, str):
        return ""
    for secret in hidden:
        value = value.replace(secret, _MASK)
    # Control characters would forge lines of a log.
    return "".join(character if character.isprintable() else " " for character in value[:_TEXT])


def _sentence(refusal: Refusal, judged: Verdict) -> str:
    said = (
        "; ".join(" ".join(filter(None, [detail.target, detail.message or detail.code])) for detail in refusal.details)
        or refusal.message
        or "no reason is given"
    )
    head = f"PingOne answered {refusal.status}{f' {refusal.code}' if refusal.code else ''}: {said}"
    if refusal.has("LICENSE_EXCEEDED"):
        return f"{head}. The licence has no room for more users"
    if judged is Verdict.STOP and refusal.status == 403:
        return f"{head}. Check the environment id and the roles of the worker application (Identity Data Admin)"
    if judged is Verdict.STOP and refusal.status < 400:
        return f"PingOne answered {refusal.status}, which is no answer to this request; is the API address right?"
    return head


def _told(refusal: Refusal) -> dict[str, Any]:  # Any: as HeadwayError's details
    return {
        "status": refusal.status,
        "code": refusal.code,
        "target": refusal.target,
        "correlationId": refusal.correlation_id,
    }
