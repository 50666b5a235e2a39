"""Takes out of a text whatever looks like a secret, for what is logged or shown to people who debug.

    JSON Web Tokens                                   ***
    token=…  "password": "…"  Secret: …  Bearer …     the name stays, the value is ***
    https://somebody:password@host                    https://***@host
    /path?any=thing                                   /path?***: a query can hold a token under any name

It errs on the side of taking out too much. Not here: what is logged in the first place, which is never a token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, Final

__all__ = ["MASK", "Mask", "masked"]

MASK: Final = "***"
_SHORTEST: Final = 6
"""Characters of a known secret that is looked for as it is: a shorter one is found in the middle of words."""
_DEEPEST: Final = 8
"""Levels of lists and objects that are looked into."""

_NAMES: Final = (
    r"token|secret|passw(?:or)?d|passphrase|authorization|cookie|headway_session|ticket|credential|api[_-]?key"
    r"|private[_-]?key|jwks?"
)
_SECRET_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # The header of a token is JSON in base64: `{"` is `eyJ`, and with white space it begins with `ey` or `ew` as well.
    (re.compile(r"\be[yw][\w-]{6,}(?:\.[\w-]*){1,4}"), MASK),
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(cookie\\?[\"']?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"://[^\s/@\"']+@"), f"://{MASK}@"),
    (re.compile(r"(?<=[\w/})])\?[^\s\"'?]*=[^\s\"']*"), f"?{MASK}"),
    # A name, how it is separated from its value, and the value: in quotes up to the closing one, else up to a space.
    (
        re.compile(
            rf"((?:{_NAMES})[\w-]*\\?[\"']?\s*[:=]\s*)(?!bearer|basic)"
            r"(?:b?\"(?:[^\"\\]|\\.)*\"|b?'(?:[^'\\]|\\.)*'|\\\"(?:(?!\\\").)*\\\"|[^\s\"',;&)}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)


def masked(text: str) -> str:
    """The text without what looks like a secret."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


class Mask:
    """Masks values of any shape, and secrets that are known besides."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """`known` are secrets in use, masked wherever they stand."""
        self._known: list[str] = []
        for secret in known:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask this one, too, from now on. What is too short would be found in the middle of words."""
        if len(secret) >= _SHORTEST and secret not in self._known:
            self._known = sorted([*self._known, secret], key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without any secret."""
        if not text.isascii():
            # Half a character is legal in JSON's escapes and cannot be written anywhere.
            text = text.encode("utf-8", "replace").decode()
        for secret in self._known:
            text = text.replace(secret, MASK)
        return masked(text)

    def value(self, value: object, clean: Callable[[str], str] = str, depth: int = 0) -> Any:  # Any: JSON
        """The value as JSON knows it, each of its texts masked and then cleaned. What is no JSON is shown as text."""
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if isfinite(value) else str(value)
            case str():
                return clean(self.text(value))
            case Mapping() if depth < _DEEPEST:
                return {
                    clean(self.text(str(name))): self.field(str(name), one, clean, depth + 1)
                    for name, one in value.items()
                }
            case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
                return [self.value(one, clean, depth + 1) for one in value]
            case _:
                return clean(self.text(_shown(value)))

    def field(self, name: str, value: object, clean: Callable[[str], str] = str, depth: int = 0) -> Any:  # Any: JSON
        """The value of a field: nothing at all of one whose name says that it is a secret."""
        if value is not None and not isinstance(value, bool) and _SECRET_NAME.search(name):
            return MASK
        return self.value(value, clean, depth)


def _shown(value: object) -> str:
    try:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)
    except Exception:  # somebody's own `__repr__`: a line of the log must not fail on it
        return f"<{type(value).__name__}>"
