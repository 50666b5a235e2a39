"""What was measured of an application, as conditions ask for it, and how measured values are compared as text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from headway.apps.monitor.checks.jsonpath import ABSENT, Absent

__all__ = ["Measured", "integer", "length", "number", "spelled"]

Json = Any  # any JSON value

_UNITS: Final = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3_600e3}
_TIME: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*")
_PIECE: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


@dataclass(frozen=True)
class Measured:
    """What conditions are asked of. What was not measured is absent."""

    status: int | None = None
    address: str | None = None
    connected: bool = False
    response_time_ms: float = 0.0
    certificate_ms: float | None = None
    """Until the certificate expires."""
    dns_rcode: str | None = None
    headers: dict[str, str] | None = None
    """By their lower-case names."""
    body: bytes | None = None

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return (self.body or b"").decode("utf-8", "replace").strip()

    @cached_property
    def document(self) -> Json | Absent:
        """The body as JSON."""
        try:
            return msgspec.json.decode(self.body or b"")
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return ABSENT


def length(value: Json) -> str:
    """Of lists and objects their members; of everything else the bytes of its spelling, as Gatus counts."""
    return str(len(value) if isinstance(value, list | dict) else len(spelled(value).encode()))


def spelled(value: Json) -> str:
    """A JSON value as text: strings as they are, the rest as JSON writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case list() | dict():
            return msgspec.json.encode(value).decode()
    return str(value)


def integer(text: Json) -> int | None:
    """A whole number; also `0x10` and `0b1`, as Gatus reads them."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        return int(text, 0)
    except ValueError:
        return None


def number(text: Json) -> float | None:
    """A number, or the milliseconds of a time."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    if _TIME.fullmatch(text):
        sign = -1 if text.startswith("-") else 1
        return sign * sum(float(amount) * _UNITS[unit] for amount, unit in _PIECE.findall(text))
    if (whole := integer(text)) is not None:
        return whole
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 else None  # neither infinite nor not a number
