"""What is tested, and what came of it, as values. Names on the wire are those of the seed's clients.

A test is one application and one kind. It has one result, whatever it took: every attempt is kept within it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final, Literal, Protocol

import msgspec

from headway.apps.monitor.checks.configuration import Check, PushCheck
from headway.apps.monitor.logins.model import LoginTest

__all__ = [
    "OPEN",
    "PARALLEL",
    "Attempt",
    "Chosen",
    "Directory",
    "Ending",
    "Kind",
    "Listener",
    "Result",
    "Subject",
    "Summary",
    "Test",
    "Wanted",
]

OPEN: Final = ("pending", "running")
"""Statuses of a run that has not ended."""
PARALLEL: Final = 5
"""Tests at once, where nobody says otherwise: the seed's."""
_PARALLEL_MOST: Final = 50
"""Connections that a small machine makes at once without its own load showing in what it measures."""
_NAMED_MOST: Final = 1_000
"""Applications of one run. Its plan travels in the arguments of a task, of which there is one megabyte."""


@unique
class Kind(StrEnum):
    """What is done to an application."""

    HEALTH = "health_check"
    LOGIN = "login_test"


@unique
class Ending(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not tried, or not to its end; the message says why."""
    TIMEOUT = "timeout"
    """It failed because something took too long."""

    @property
    def bad(self) -> bool:
        """Whether it counts as failed."""
        return self in (Ending.FAILED, Ending.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run has to know of an application."""

    id: str
    number: int
    """Its number in the tables."""
    name: str
    title: str
    environment: str = "production"
    category: str | None = None
    tags: tuple[str, ...] = ()
    priority: str = "medium"
    status: str = "unknown"
    active: bool = True
    health: Check | None = None
    login: LoginTest | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What of it can be tested. A push check is told, and cannot be asked."""
        asks = self.health is not None and not isinstance(self.health, PushCheck)
        return (*((Kind.HEALTH,) if asks else ()), *((Kind.LOGIN,) if self.login is not None else ()))


class Directory(Protocol):
    """Where applications are known."""

    def subjects(self) -> Awaitable[Sequence[Subject]]:
        """All of them, as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Test:
    """One application and one kind, with what does not change while a run goes on."""

    __test__ = False  # not pytest's

    application: str
    number: int
    name: str
    title: str
    environment: str
    kind: Kind
    browser: bool = False
    """Whether it takes a browser."""

    @property
    def key(self) -> str:
        """A name for it within its run."""
        return f"{self.application}/{self.kind}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a test."""

    status: str
    """As of a result; `interrupted`: whoever ran it died."""
    message: str = ""
    code: str | None = None
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a test. Holds no secret."""

    status: Ending
    began: float
    message: str = ""
    code: str | None = None
    milliseconds: float | None = None
    """Of the attempt that counts."""
    attempts: tuple[Attempt, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Any: JSON. Timings, steps, certificate, the screenshot's name."""
    picture: bytes | None = field(default=None, repr=False)
    """A screenshot of the failure, that is not stored yet."""


class Listener(Protocol):
    """Who hears of every result that was stored, once."""

    async def __call__(self, run: str, test: Test, result: Result) -> None:
        """Take it. What it raises is logged, and changes nothing."""
        ...


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class Chosen(_Wire, frozen=True, kw_only=True):
    """Which applications; what is not named does not matter."""

    environment: str | None = None
    category: str | None = None
    status: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] = ()
    """Each of them."""


class Wanted(_Wire, frozen=True, kw_only=True):
    """What somebody wants to have tested."""

    applications: tuple[str, ...] = ()
    """Names or ids. Empty: all that are active and that the filter lets through."""
    filter: Chosen = Chosen()
    kinds: tuple[Kind, ...] = (Kind.HEALTH, Kind.LOGIN)
    parallel: int | None = None
    priority: Literal["critical", "high", "medium", "low"] = "medium"
    """Of the run among other runs."""
    trigger: Literal["manual", "scheduled", "webhook", "ci_cd"] = "manual"
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ValueError("kinds names health_check, login_test or both")
        if self.parallel is not None and not 1 <= self.parallel <= _PARALLEL_MOST:
            raise ValueError(f"parallel is between 1 and {_PARALLEL_MOST}")
        if len(self.applications) > _NAMED_MOST:
            raise ValueError(f"a run takes at most {_NAMED_MOST} applications by name; use a filter")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in five numbers. passed + failed + skipped = total, once it has ended."""

    total: int = 0
    passed: int = 0
    failed: int = 0
    """Timeouts among them."""
    skipped: int = 0
    duration: int = 0
    """Milliseconds of running, pauses left out."""
