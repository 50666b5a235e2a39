"""One test from its first attempt to its result: bounded in time, and always a result.

The law:
1. A test has its verdict within `BOUND_SECONDS`, all attempts together. Waiting for a browser is not part of it.
2. What failed is tried once more (a check: as often as it says), if there is time, and if trying again can tell
   something new: a wrong password is not sent twice, for accounts are locked for less.
3. What an earlier process began and did not end is an attempt too, and is no retry.
4. Raises nothing but cancelling, which ends a browser at once.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.outcome import CheckCode, Outcome, Reason, Status
from headway.apps.monitor.logins.model import LoginTest
from headway.apps.monitor.logins.model import Result as LoginResult
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import Attempt, Ending, Kind, Result, Subject, Test
from headway.browsers.faults import Fault

__all__ = ["BOUND_SECONDS", "Conductor", "gone", "undone"]

logger = logging.getLogger("headway.monitor")

BOUND_SECONDS: Final = 30.0
"""The requirement of the seed: less than 30 s for an application."""
_CLEANUP_SECONDS: Final = 20.0
"""Beyond that, where a login test has steps to clean up: they have a bound of their own, and decide nothing."""
_LEAST_SECONDS: Final = 2.0
"""What must be left for another attempt, and for one in a browser:"""
_LEAST_BROWSER: Final = 12.0
_LOGIN_RETRIES: Final = 1
_LOGIN_DELAY: Final = 1.0
_FINAL: Final = frozenset({Fault.AUTHENTICATION_FAILED, Fault.VALIDATION_FAILED})
"""Faults that another attempt would only repeat."""

Json = dict[str, Any]
"""Any: JSON values."""
Waiting = Callable[[str], None]
"""Hears why a test waits; nothing: it waits no more."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of one attempt."""

    status: Ending
    message: str
    code: str | None
    milliseconds: float
    detail: Json = field(default_factory=dict)
    picture: bytes | None = None
    again: bool = False
    """Whether another attempt can tell something new."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a kind of test is tried."""

    once: Callable[[float, Callable[[], None], Waiting], Awaitable[_Tried]]
    retries: int
    delay: float
    least: float
    beyond: float = 0.0


class Conductor:
    """Conducts tests, any number at once."""

    def __init__(self, equipment: Equipment, *, bound: float = BOUND_SECONDS) -> None:
        self._equipment = equipment
        self._clock = equipment.clock
        self._bound = bound

    async def conduct(
        self, test: Test, subject: Subject | None, waiting: Waiting, earlier: Sequence[Attempt] = ()
    ) -> Result:
        """Test it. `earlier` are attempts of processes that died."""
        began = self._clock.now()
        manner = None if subject is None else self._manner(test.kind, subject)
        if manner is None:
            return gone(began, earlier)
        try:
            attempts, last = await self._attempts(manner, waiting)
        except Exception:  # a mistake of ours in one test must not end the others
            logger.exception("! the %s of %s could not be done", test.kind, test.name)
            message = "Headway made a mistake in this test; its log has more. Please report it."
            return Result(Ending.FAILED, began, message, str(CheckCode.VALIDATION_FAILED), None, tuple(earlier))
        return Result(
            last.status,
            began,
            last.message,
            last.code,
            last.milliseconds,
            (*earlier, *attempts),
            last.detail,
            last.picture,
        )

    async def _attempts(self, manner: _Manner, waiting: Waiting) -> tuple[list[Attempt], _Tried]:
        left, attempts = self._bound, list[Attempt]()
        while True:
            tried, took = await self._attempt(manner, left, waiting)
            attempts.append(Attempt(tried.status, tried.message, tried.code, tried.milliseconds))
            left -= took + manner.delay
            if not tried.again or len(attempts) > manner.retries or left < manner.least:
                return attempts, tried
            await asyncio.sleep(manner.delay)

    async def _attempt(self, manner: _Manner, left: float, waiting: Waiting) -> tuple[_Tried, float]:
        """One attempt, and the seconds it took once it had begun."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(None) as timer:

                def begun() -> None:
                    nonlocal began
                    began = loop.time()
                    waiting("")
                    timer.reschedule(began + left + manner.beyond)

                tried = await manner.once(left, begun, waiting)
        except TimeoutError:
            late = f"It did not finish within the {self._bound:g} s that a test may take."
            tried = _Tried(Ending.TIMEOUT, late, str(CheckCode.TIMEOUT), 1000 * (loop.time() - began))
        return tried, loop.time() - began

    def _manner(self, kind: Kind, subject: Subject) -> _Manner | None:
        check, login, equipment = subject.health, subject.login, self._equipment
        if kind is Kind.LOGIN:
            if login is None:
                return None

            async def sign_in(left: float, begun: Callable[[], None], waiting: Waiting) -> _Tried:
                return _of_login(login, await equipment.login(login, left, begun, waiting))

            least = _LEAST_SECONDS if login.light else _LEAST_BROWSER
            beyond = _CLEANUP_SECONDS if login.cleanup_steps else 0.0
            return _Manner(sign_in, _LOGIN_RETRIES, _LOGIN_DELAY, least, beyond)
        if check is None or isinstance(check, PushCheck):
            return None

        async def ask(left: float, begun: Callable[[], None], waiting: Waiting) -> _Tried:
            begun()
            return _of_check(await equipment.health(check))

        return _Manner(ask, check.retry_attempts, check.retry_delay / 1000, _LEAST_SECONDS)


def gone(began: float, earlier: Sequence[Attempt] = ()) -> Result:
    """The result of a test whose application is no longer there, or no longer has it."""
    message = "The application, or this test of it, was removed after the run had begun."
    return Result(Ending.SKIPPED, began, message, attempts=tuple(earlier))


def undone(began: float, why: str, attempts: Sequence[Attempt] = ()) -> Result:
    """The result of a test that its run did not come to, or not to the end of."""
    return Result(Ending.SKIPPED, began, why, attempts=tuple(attempts))


def _of_check(outcome: Outcome) -> _Tried:
    match outcome.status:
        case Status.HEALTHY | Status.WARNING:
            status = Ending.PASSED
        case Status.ERROR | Status.UNKNOWN:  # what could not be asked has not passed
            status = Ending.TIMEOUT if outcome.code is CheckCode.TIMEOUT else Ending.FAILED
    detail: Json = {
        "health": str(outcome.status),
        "reason": None if outcome.reason is None else str(outcome.reason),
        "httpStatus": outcome.http_status,
        "address": outcome.address,
        "redirects": outcome.redirects,
        "timings": {name: round(value, 2) for name, value in dataclasses.asdict(outcome.timings).items()},
    }
    if (shown := outcome.certificate) is not None:
        detail["certificate"] = {
            "notAfter": shown.not_after,
            "daysLeft": shown.days_left,
            "issuer": shown.issuer,
            "problem": str(shown.problems[0]) if shown.problems else None,
        }
    code = None if outcome.code is None or status is Ending.PASSED else str(outcome.code)
    again = outcome.status is Status.ERROR and outcome.reason is not Reason.ADDRESS_REFUSED
    return _Tried(status, outcome.message, code, outcome.response_time_ms, detail, again=again)


def _of_login(login: LoginTest, result: LoginResult) -> _Tried:
    detail: Json = {
        "browser": not login.light,
        "url": result.url,
        "steps": [
            {
                "number": step.number,
                "kind": step.kind,
                "description": step.description,
                "status": str(step.status),
                "duration": round(1000 * step.duration),
                "attempts": step.attempts,
                "message": step.message,
            }
            for step in result.steps
        ],
        "complaints": list(result.complaints),
    }
    status = Ending(str(result.outcome))
    picture = result.pictures[-1].png if result.pictures and status.bad and login.screenshot_on_failure else None
    code = None if result.fault is None or status is Ending.PASSED else str(result.fault)
    again = status.bad and result.fault not in _FINAL
    return _Tried(status, result.message, code, 1000 * result.duration, detail, picture, again)
