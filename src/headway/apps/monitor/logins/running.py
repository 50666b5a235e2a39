"""A login test in a real browser.

The steps one after another, then the criteria, within the test's time; then a picture if it failed; then the clean-up,
always. Nothing raises but cancelling: whatever goes wrong is in the result, in the monitor's words. Every text of the
result has the name and the password masked, and pictures leave them out.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from selenium.common.exceptions import JavascriptException, TimeoutException, WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from headway.apps.monitor.logins.credentials import Secrets
from headway.apps.monitor.logins.criteria import Evidence, Failure, judge, refused
from headway.apps.monitor.logins.model import LoginTest, Outcome, Picture, Result, StepResult, StepStatus
from headway.browsers import pages
from headway.browsers.doing import Allowed, Done, Hand, Pause, truth, without_dialogs
from headway.browsers.faults import UNREADY, BrowserError, Fault, NoBrowser, StepFailed, fault_of, sentence_of
from headway.browsers.locators import locator
from headway.browsers.pool import Pool
from headway.browsers.session import Session
from headway.browsers.steps import Click, Step, Type, describe, kind
from headway.clock import Clock

__all__ = ["run", "run_in"]

_POLL: Final = 0.1
_LEAST_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 1.0
"""After the test's time, for a step to end by itself, so that its browser can still be asked; then it is left alone."""
_LAST_SECONDS: Final = 6.0
"""For what is asked of the page after the verdict: its picture and figures."""
_CLEANUP_SECONDS: Final = 20.0
"""For all clean-up steps together: a sign-out."""
_ASKS: Final = (
    """return [...document.querySelectorAll('input[type=password]')].some((field) => field.checkVisibility())"""
)

Told = Callable[[StepResult], None]
Answer = TypeVar("Answer")


async def run_in(
    pool: Pool,
    login: LoginTest,
    secrets: Secrets,
    *,
    allowed: Allowed,
    pause: Pause,
    clock: Clock,
    waiting: Callable[[str], None] | None = None,
    told: Told | None = None,
) -> Result:
    """Run it in a browser of the pool. `waiting` hears why there is none yet. Cancelling ends the browser at once."""
    began = clock.monotonic()
    try:
        async with pool.session(waiting) as session:
            return await run(login, session, secrets, allowed=allowed, pause=pause, clock=clock, told=told)
    except NoBrowser as error:
        return Result(Outcome.SKIPPED, str(error), clock.monotonic() - began, error.fault)
    except BrowserError as error:
        return Result(_outcome(error.fault), secrets.mask(str(error)), clock.monotonic() - began, error.fault)


async def run(
    login: LoginTest,
    session: Session,
    secrets: Secrets,
    *,
    allowed: Allowed,
    pause: Pause,
    clock: Clock,
    told: Told | None = None,
) -> Result:
    """Run it in this browser, which should be as new. `told` hears of every step when it is over. Cancelling leaves the
    session to whoever opened it."""
    hand = Hand(allowed, pause, base=login.url, fill=secrets.fill, secrets=tuple(filter(None, (secrets.password,))))
    return await _Run(login, session, secrets, hand, clock, told).whole()


class _Run:
    def __init__(
        self, login: LoginTest, session: Session, secrets: Secrets, hand: Hand, clock: Clock, told: Told | None
    ) -> None:
        self._login = login
        self._session = session
        self._secrets = secrets
        self._hand = hand
        self._clock = clock
        self._told = told
        self._began = 0.0
        self._typed = False
        self._sent = False
        self._stuck = False
        self._url = ""
        self._dialogs: list[str] = []
        self._pictures: list[Picture] = []

    async def whole(self) -> Result:
        self._began = self._clock.monotonic()
        steps: list[StepResult] = []
        failure = await self._verdict(steps)
        duration = self._clock.monotonic() - self._began
        if failure is not None and self._login.screenshot_on_failure:
            await self._photograph("failure")
        page = await self._last(pages.figures)
        complaints = await self._last(pages.complaints) or ()
        return Result(
            outcome=_outcome(failure.fault) if failure else Outcome.PASSED,
            message=self._secrets.mask(failure.message) if failure else "",
            duration=duration,
            fault=failure.fault if failure else None,
            url=self._secrets.mask(self._url),
            steps=tuple(steps),
            cleanup=await self._clean_up(),
            pictures=tuple(self._pictures),
            page=page and _masked(page, self._secrets),
            complaints=tuple(map(self._secrets.mask, complaints)),
        )

    async def _verdict(self, results: list[StepResult]) -> Failure | None:
        try:
            async with asyncio.timeout(self._login.timeout + _GRACE_SECONDS):
                for number, step in enumerate(self._login.plan, 1):
                    failure = await self._step(number, step, results, self._left())
                    if failure is not None:
                        return failure
                return await self._session.do(self._judge)
        except TimeoutError:
            return Failure(Fault.TIMEOUT, f"The login did not finish within {self._login.timeout:g} s.")
        except (WebDriverException, BrowserError) as error:
            return Failure(fault_of(error), sentence_of(error))

    def _left(self) -> float:
        """What is left of the test's time. Some, always: a bound of 0 would mean none to the driver."""
        return max(self._began + self._login.timeout - self._clock.monotonic(), _LEAST_SECONDS)

    async def _step(self, number: int, step: Step, results: list[StepResult], within: float) -> Failure | None:
        """Do one step and note what came of it. Returns what ends the test."""
        began = self._clock.monotonic()
        try:
            done = await self._session.do(lambda driver: self._hand.do(driver, step, within))
        except BrowserError as error:
            attempts = error.attempts if isinstance(error, StepFailed) else 1
            optional = step.optional and isinstance(error, StepFailed)
            status = StepStatus.SKIPPED if optional else StepStatus.FAILED
            self._note(results, number, step, began, status, attempts=attempts, error=error)
            return None if optional else Failure(error.fault, str(error))
        self._note(results, number, step, began, StepStatus.PASSED, done=done)
        self._follow(step, done)
        if done.picture is not None:
            self._keep(step.description or f"step {number}", done.picture)
        return None

    def _follow(self, step: Step, done: Done) -> None:
        """Remember what the verdict asks for: whether the password has left."""
        self._url = done.url
        self._dialogs.extend(done.dialogs)
        if isinstance(step, Type) and "{password}" in step.text:
            self._typed = True
        if self._typed and (isinstance(step, Click) or (isinstance(step, Type) and step.submit)):
            self._sent = True

    def _note(
        self,
        results: list[StepResult],
        number: int,
        step: Step,
        began: float,
        status: StepStatus,
        *,
        done: Done | None = None,
        attempts: int = 1,
        error: BrowserError | None = None,
    ) -> None:
        mask = self._secrets.mask
        result = StepResult(
            number=number,
            kind=kind(step),
            description=mask(describe(step)),
            status=status,
            duration=self._clock.monotonic() - began,
            attempts=done.attempts if done else attempts,
            fault=error.fault if error else None,
            message=mask(str(error)) if error else "",
            dialogs=tuple(map(mask, done.dialogs)) if done else (),
        )
        results.append(result)
        if self._told is not None:
            self._told(result)

    # On the browser's thread.

    def _judge(self, driver: WebDriver) -> Failure | None:
        """Wait until the criteria hold, or the page has said that they never will."""
        criteria = self._login.success_criteria
        seen: list[Failure | None] = [None]

        def settled(_: WebDriver) -> bool:
            evidence = without_dialogs(lambda: self._evidence(driver), self._dialogs)
            self._url = evidence.url
            seen[0] = judge(criteria, evidence)
            return seen[0] is None or (evidence.sent and evidence.asks and refused(criteria, evidence) is not None)

        try:
            # An element may go while it is looked at: the page is on its way.
            timeout = min(criteria.timeout, self._left())
            WebDriverWait(driver, timeout, poll_frequency=_POLL, ignored_exceptions=UNREADY).until(settled)
        except TimeoutException:
            return seen[0]
        return seen[0]

    def _evidence(self, driver: WebDriver) -> Evidence:
        url = self._hand.arrived(driver, self._dialogs)  # a page may have gone elsewhere by itself
        criteria = self._login.success_criteria
        return Evidence(
            url=url,
            text=pages.text(driver),
            missing=tuple(selector for selector in criteria.selectors if not _shown(driver, selector)),
            custom=_custom(driver, criteria.custom_validation),
            asks=bool(driver.execute_script(_ASKS)),
            sent=self._sent,
            dialogs=tuple(self._dialogs),
        )

    # After the verdict.

    async def _photograph(self, name: str) -> None:
        dialogs: list[str] = []
        png = await self._last(
            lambda driver: without_dialogs(lambda: pages.picture(driver, self._hand.secrets), dialogs)
        )
        if png is not None:
            self._keep(name, png)

    def _keep(self, name: str, png: bytes) -> None:
        slug = re.sub(r"[^a-z0-9]+", "-", self._secrets.mask(name).lower()).strip("-")[:60]
        self._pictures.append(Picture(f"{len(self._pictures) + 1:02}-{slug or 'picture'}.png", png))

    async def _last(self, function: Callable[[WebDriver], Answer]) -> Answer | None:
        """Ask for something that decides nothing: where it cannot be had, the result goes without."""
        if self._session.lost is not None or self._stuck:
            return None
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                return await self._session.do(function)
        except TimeoutError:
            self._stuck = True  # whatever is asked next would wait behind it
        except (WebDriverException, BrowserError):
            pass
        return None

    async def _clean_up(self) -> tuple[StepResult, ...]:
        results: list[StepResult] = []
        try:
            async with asyncio.timeout(_CLEANUP_SECONDS):
                for number, step in enumerate(self._login.cleanup_steps, 1):
                    if self._session.lost is not None or self._stuck:
                        break
                    await self._step(
                        number, step, results, _CLEANUP_SECONDS
                    )  # what fails here is noted, and decides nothing
        except (TimeoutError, WebDriverException):
            pass
        return tuple(results)


def _shown(driver: WebDriver, selector: str) -> bool:
    where = locator(selector)
    return any(element.is_displayed() for element in driver.find_elements(where.by, where.value))


def _custom(driver: WebDriver, expression: str | None) -> bool | str:
    if expression is None:
        return True
    try:
        return truth(driver, expression)
    except JavascriptException as error:
        return sentence_of(error)


def _masked(page: pages.PageFigures, secrets: Secrets) -> pages.PageFigures:
    return replace(page, url=secrets.mask(page.url))


def _outcome(fault: Fault) -> Outcome:
    return Outcome.TIMEOUT if fault is Fault.TIMEOUT else Outcome.FAILED
