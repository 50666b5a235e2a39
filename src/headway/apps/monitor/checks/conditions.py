"""Conditions in one line, as Gatus has them. Pure: a condition is read once, and asked of what was measured.

    condition    =  side operator side                  operator  ==  !=  <  <=  >  >=
    side         =  placeholder | function | literal    one side at least is measured
    placeholder  =  [STATUS]  [IP]  [CONNECTED]  [RESPONSE_TIME]  [CERTIFICATE_EXPIRATION]  [DNS_RCODE]
                    [BODY]  [BODY].a.b[0]  [HEADER].name
    function     =  len(placeholder)  has(placeholder)  pat(*text?)  any(this, that)
    literal      =  text, a number, or a time: 300ms  1.5s  10m  48h  1h30m

Times are milliseconds. Where it differs from Gatus: what is no number is never less or greater (there it is 0); numbers
keep their fraction; large numbers are spelled in digits; a condition that cannot hold or fail is refused when written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from headway.apps.monitor.checks.jsonpath import ABSENT, Absent, Step, parsed, walked
from headway.apps.monitor.checks.measured import Measured, integer, length, number, spelled
from headway.apps.monitor.checks.wildcards import Wildcard
from headway.errors import UsageError

__all__ = ["Condition"]

Json = Any  # any JSON value

_LONGEST: Final = 1_000
"""Characters of a condition."""
_SHOWN: Final = 80
"""Characters of a measured value in a message."""
_OPERATORS: Final = ("==", "!=", "<=", ">=", "<", ">")
_ORDERED: Final = ("<=", ">=", "<", ">")
_TEXTS: Final = ("IP", "CONNECTED", "DNS_RCODE")
_NUMBERS: Final = ("STATUS", "RESPONSE_TIME", "CERTIFICATE_EXPIRATION")
_ABSENT_HERE: Final = {
    "DOMAIN_EXPIRATION": "the registration of a domain is not looked up",
    "CONTEXT": "a check has no context of others",
}
_LEFT: Final = re.compile(r"\[[^\]]*\]|(?P<function>[a-z]+)\(")
_SPACED: Final = re.compile(r"\s(==|!=|<=|>=|<|>)(?=\s|$)")


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    wildcard: Wildcard


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str
    source: str
    steps: tuple[Step, ...] = ()
    header: str = ""
    function: str = ""


_Side = _Literal | _Pattern | _Choice | _Placeholder


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read."""

    text: str
    left: _Side
    operator: str
    right: _Side

    @classmethod
    def of(cls, text: str) -> Condition:
        """Read a condition. Raises `UsageError` with what is wrong with it."""
        text = text.strip()
        try:
            if len(text) > _LONGEST:
                raise UsageError(f"it is longer than {_LONGEST} characters")
            left, operator, right = _split(text)
            one = cls(text, _side(left), operator, _side(right))
            _sensible(one)
        except UsageError as error:
            raise UsageError(f"condition {text[:_SHOWN]!r}: {error}") from error
        return one

    @property
    def placeholders(self) -> frozenset[str]:
        """What it asks for: `BODY`, `STATUS` …"""
        return frozenset(side.name for side in (self.left, self.right) if isinstance(side, _Placeholder))

    def holds(self, measured: Measured) -> bool:
        """Whether it is so."""
        left, right = _value(self.left, measured), _value(self.right, measured)
        if self.operator == "==":
            return _equal(left, right)
        if self.operator == "!=":
            return not _equal(left, right)
        return _ordered(self.operator, left, right)

    def shown(self, measured: Measured) -> str:
        """The condition with what was measured beside it: `[STATUS] (500) == 200`."""
        return f"{_shown(self.left, measured)} {self.operator} {_shown(self.right, measured)}"


def _split(text: str) -> tuple[str, str, str]:
    """The sides and the operator. What is measured ends by itself; a literal ends at an operator between spaces."""
    at = 0
    if match := _LEFT.match(text):
        at = _closing(text, match.end()) if match["function"] else match.end()
        while at < len(text) and text[at] not in " =!<>":  # the path behind it
            at += 1
        rest = text[at:].lstrip()
        for operator in _OPERATORS:
            if rest.startswith(operator):
                return text[:at], operator, rest[len(operator) :].strip()
    if match := _SPACED.search(text, at):
        return text[: match.start()].strip(), match[1], text[match.end() :].strip()
    raise UsageError("there is no operator; write one of == != < <= > >= between spaces")


def _closing(text: str, at: int) -> int:
    end = text.find(")", at)
    # A star and a dot may stand before an operator in a pattern, so its end is the last bracket before one.
    while end >= 0 and not text[end + 1 :].lstrip().startswith(_OPERATORS) and text.find(")", end + 1) >= 0:
        end = text.find(")", end + 1)
    if end < 0:
        raise UsageError("a bracket is not closed")
    return end + 1


def _side(text: str) -> _Side:
    if not text:
        raise UsageError("one side is empty")
    if text.startswith("["):
        return _placeholder(text)
    for function in ("len", "has"):
        if text.startswith(f"{function}(") and text.endswith(")"):
            inner = _placeholder(text[4:-1].strip())
            return _Placeholder(inner.name, text, inner.steps, inner.header, function)
    if text.startswith("pat(") and text.endswith(")"):
        return _Pattern(Wildcard(text[4:-1]))
    if text.startswith("any(") and text.endswith(")"):
        return _Choice(tuple(option.strip() for option in text[4:-1].split(",")))
    if text.startswith("age("):
        raise UsageError("age() is not known here; know are len, has, pat and any")
    if re.match(r"(len|has|pat|any)\(", text):
        raise UsageError(f"{text[:3]}(…) is not closed at its end")
    return _Literal(text)


def _placeholder(text: str) -> _Placeholder:
    name, bracket, rest = text[1:].partition("]")
    name = name.upper()
    if not text.startswith("[") or not bracket:
        raise UsageError(f"{text!r} is nothing that is measured; write one like [STATUS] or [BODY].a")
    if name in _ABSENT_HERE:
        raise UsageError(f"[{name}] is not known here: {_ABSENT_HERE[name]}")
    if name == "BODY":
        if "[*]" in rest:
            raise UsageError("[*] is not known here; name one element like [0]")
        return _Placeholder(name, text, parsed(rest))
    if name == "HEADER":
        if not re.fullmatch(r"\.[!#$%&'*+.^_`|~0-9A-Za-z-]+", rest):
            raise UsageError("[HEADER] is followed by the name of one: [HEADER].Content-Type")
        return _Placeholder(name, text, header=rest[1:].lower())
    if name not in _TEXTS + _NUMBERS:
        known = ", ".join(f"[{one}]" for one in (*_NUMBERS, *_TEXTS, "BODY", "HEADER"))
        raise UsageError(f"[{name}] is nothing that is measured; there are {known}")
    if rest:
        raise UsageError(f"[{name}] has nothing inside; {rest!r} is too much")
    return _Placeholder(name, text)


def _sensible(condition: Condition) -> None:
    sides = (condition.left, condition.right)
    measured = [side for side in sides if isinstance(side, _Placeholder)]
    if not measured:
        raise UsageError("neither side is measured; write one like [STATUS] or [BODY].a")
    numeric = any((side.name in _NUMBERS and side.function != "has") or side.function == "len" for side in measured)
    for side in sides:
        if condition.operator in _ORDERED:
            if isinstance(side, _Pattern | _Choice):
                raise UsageError(f"pat and any go with == and !=, not with {condition.operator}")
            if isinstance(side, _Literal) and number(side.text) is None:
                raise UsageError(f"{side.text!r} is neither a number nor a time like 300ms or 48h")
            if isinstance(side, _Placeholder) and (
                side.function == "has" or (side.name in _TEXTS and not side.function)
            ):
                raise UsageError(f"{side.source} is no number; compare it with == or !=")
        elif isinstance(side, _Literal):
            _comparable(side.text, measured[0], numeric)


def _comparable(text: str, measured: _Placeholder, numeric: bool) -> None:
    yes_or_no = measured.function == "has" or (measured.name == "CONNECTED" and not measured.function)
    if yes_or_no and text not in ("true", "false"):
        raise UsageError(f"{measured.source} is true or false, never {text!r}")
    if numeric and number(text) is None:
        raise UsageError(f"{measured.source} is a number, never {text!r}")


def _value(side: _Side, measured: Measured) -> Json | Absent | Wildcard | tuple[str, ...]:
    match side:
        case _Literal(text):
            return text
        case _Pattern(wildcard):
            return wildcard
        case _Choice(options):
            return options
    raw = _measured(side, measured)
    if side.function == "has":
        return "false" if raw is ABSENT or (raw == "" and not side.steps) else "true"
    if side.function == "len":
        return ABSENT if raw is ABSENT else length(raw)
    return raw if raw is ABSENT else spelled(raw)


def _measured(side: _Placeholder, measured: Measured) -> Json | Absent:
    match side.name:
        case "STATUS":
            value: Json = measured.status
        case "IP":
            value = measured.address
        case "CONNECTED":
            value = measured.connected
        case "RESPONSE_TIME":
            value = int(measured.response_time_ms)
        case "CERTIFICATE_EXPIRATION":
            value = None if measured.certificate_ms is None else int(measured.certificate_ms)
        case "DNS_RCODE":
            value = measured.dns_rcode
        case "HEADER":
            value = (measured.headers or {}).get(side.header)
        case _:
            return _of_body(side, measured)
    return ABSENT if value is None else value


def _of_body(side: _Placeholder, measured: Measured) -> Json | Absent:
    if side.steps or (side.function == "len" and not isinstance(measured.document, Absent)):
        return walked(measured.document, side.steps)
    return measured.text


def _equal(left: Json, right: Json) -> bool:
    if isinstance(left, Wildcard | tuple):
        left, right = right, left
    if left is ABSENT:
        return False
    if isinstance(right, Wildcard):
        return right.matches(left)
    if isinstance(right, tuple):
        return left in right
    one, other = integer(left), integer(right)
    return one == other if one is not None and other is not None else bool(left == right)


def _ordered(operator: str, left: Json, right: Json) -> bool:
    one, other = number(left), number(right)
    if one is None or other is None:
        return False
    match operator:
        case "<":
            return one < other
        case "<=":
            return one <= other
        case ">":
            return one > other
    return one >= other


def _shown(side: _Side, measured: Measured) -> str:
    match side:
        case _Literal(text):
            return text
        case _Pattern(wildcard):
            return f"pat({wildcard.text})"
        case _Choice(options):
            return f"any({', '.join(options)})"
    value = str(_value(side, measured))
    return f"{side.source} ({value if len(value) <= _SHOWN else value[:_SHOWN] + '…'})"
