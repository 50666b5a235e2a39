"""SCIM filters, the part of them that PingOne has: pure, a text in, a tree out.

    filter      := all ("or" all)*
    all         := one ("and" one)*
    one         := "not" one | "(" filter ")" | comparison
    comparison  := attribute ("eq" | "sw" | "ew" | "co" | "ge" | "le") value
    value       := a JSON string, true, false, or a number

Names and operators in lower or camel case. Texts are compared without regard to case. [L] What cannot be read is 400
`INVALID_FILTER`, with the attributes or operators that could have stood there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, assert_never

import msgspec

from headway.sandbox.errors import Problem, Refusal, invalid_parameter
from headway.sandbox.identifiers import spelled_time

__all__ = ["OPERATORS", "TIMES", "All", "Comparison", "Either", "Filter", "Not", "Value", "matcher", "parse", "pinned"]

Value: TypeAlias = str | bool | int | float
Read: TypeAlias = Callable[[Any, str], Any]  # Any: the thing that is filtered, and what its attribute holds

TIMES: Final = frozenset({"createdAt", "updatedAt"})
"""Attributes that are compared as times."""
OPERATORS: Final = ("eq", "sw", "ew", "co", "ge", "le")
_DEPTH: Final = 32
"""Parentheses and nots inside one another. People write two; Python's stack would bear some hundred."""
_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<word>[A-Za-z_$][\w.$-]*) | (?P<text>"(?:[^"\\]|\\.)*")
          | (?P<number>-?\d+(?:\.\d+)?) | (?P<mark>[()]) )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute and what it is compared with."""

    attribute: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match."""

    inner: Filter


@dataclass(frozen=True, slots=True)
class All:
    """What matches every one."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """What matches at least one."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = Comparison | Not | All | Either


def parse(text: str, supported: Mapping[str, tuple[str, ...]]) -> Filter:
    """Read a filter over the attributes of `supported` and their operators. Raises `Refusal` where it cannot."""
    return _Parser(text, supported).filter()


def pinned(node: Filter, attribute: str) -> str | None:
    """The one text that `attribute` must have in every match, if the filter says so: it can be looked up."""
    match node:
        case Comparison(name, "eq", str() as value) if name == attribute:
            return value
        case All(parts):
            return next((one for part in parts if (one := pinned(part, attribute)) is not None), None)
        case _:
            return None


def matcher(node: Filter, read: Read) -> Callable[[Any], bool]:  # Any: the thing that is filtered
    """Whether a thing matches, as a function; `read` finds an attribute of it, or None."""
    match node:
        case Comparison(attribute, name, value):
            holds = _COMPARED[name]
            wanted: Value = value.casefold() if isinstance(value, str) else value
            kind = type(wanted)

            def compared(thing: Any) -> bool:  # Any: as above
                found = read(thing, attribute)
                if isinstance(found, str):
                    found = found.casefold()
                if isinstance(found, list) and kind is str:
                    return any(isinstance(one, str) and holds(one.casefold(), wanted) for one in found)
                return isinstance(found, kind) and holds(found, wanted)

            return compared
        case Not(inner):
            within = matcher(inner, read)
            return lambda thing: not within(thing)
        case All(parts):
            every = [matcher(part, read) for part in parts]
            return lambda thing: all(one(thing) for one in every)
        case Either(parts):
            several = [matcher(part, read) for part in parts]
            return lambda thing: any(one(thing) for one in several)
        case _:
            assert_never(node)


_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {  # Any: two values of one type
    "eq": operator.eq,
    "sw": lambda found, wanted: found.startswith(wanted),
    "ew": lambda found, wanted: found.endswith(wanted),
    "co": operator.contains,
    "ge": operator.ge,
    "le": operator.le,
}


class _Parser:
    """One pass from left to right, with one token in hand."""

    def __init__(self, text: str, supported: Mapping[str, tuple[str, ...]]) -> None:
        self._text = text
        self._at = 0
        self._names = {name.lower(): name for name in supported}
        self._supported = supported
        self._kind = self._token = ""
        self._advance()

    def filter(self) -> Filter:
        """The whole text."""
        node = self._either(0)
        if self._kind:
            raise _bad(f"expected and, or, or the end, not {self._token}")
        return node

    def _either(self, depth: int) -> Filter:
        parts = [self._all(depth)]
        while self._took("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._took("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if depth > _DEPTH:
            raise _bad(f"more than {_DEPTH} parentheses inside one another")
        if self._took("not"):
            return Not(self._one(depth + 1))
        if self._token == "(":
            self._advance()
            node = self._either(depth + 1)
            if self._token != ")":
                raise _bad("a parenthesis is not closed")
            self._advance()
            return node
        return self._comparison()

    def _comparison(self) -> Comparison:
        attribute = self._names.get(self._token.lower()) if self._kind == "word" else None
        if attribute is None:
            raise _bad(f"unknown attribute {self._token or '(none)'}", supportedAttributes=sorted(self._supported))
        self._advance()
        name = self._token.lower()
        if name not in self._supported[attribute]:
            supported = list(self._supported[attribute])
            raise _bad(f"{attribute} cannot be compared with {self._token or '(none)'}", supportedOperators=supported)
        self._advance()
        value = self._value()
        if name != "eq" and not isinstance(value, str):
            raise _bad(f"{name} needs a text in quotation marks", supportedOperators=["eq"])
        return Comparison(attribute, name, _time(value) if attribute in TIMES else value)

    def _value(self) -> Value:
        kind, token = self._kind, self._token
        self._advance()
        if kind in ("text", "number") or (kind == "word" and token.lower() in ("true", "false")):
            try:
                value: Value = msgspec.json.decode(token.lower() if kind == "word" else token)
            except ValueError:
                raise _bad(f"this is not a value: {token}") from None
            return value
        raise _bad(f"expected a value, such as a text in quotation marks, not {token or 'the end'}")

    def _took(self, word: str) -> bool:
        if self._kind != "word" or self._token.lower() != word:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            rest = self._text[self._at :].strip()
            if rest:
                raise _bad(f"this cannot be read: {rest[:40]}")
            self._kind = self._token = ""
            return
        self._at = found.end()
        self._kind = found.lastgroup or ""
        self._token = found[self._kind]


def _time(value: Value) -> str:
    """A time as users show it, whatever form and zone it is given in, so that it can be compared as a text."""
    try:
        given = datetime.fromisoformat(str(value))
        return spelled_time((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise _bad("expected a time, such as 2026-01-31T12:00:00Z") from None


def _bad(reason: str, **inner: list[str]) -> Refusal:
    return invalid_parameter(Problem("INVALID_FILTER", "filter", reason, inner))
