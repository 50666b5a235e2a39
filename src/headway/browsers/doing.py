"""Doing one step, on the driver's own thread.

What is not ready is waited for until the step's time is over; nothing is done by the clock, except the plain `wait`.
An error says which step, which element and which page, and is one of the monitor's faults:

    the element does not come, or nobody could use it      ELEMENT_NOT_FOUND
    the page, a condition or the script takes too long     TIMEOUT
    the server cannot be reached                           NETWORK_ERROR
    it answers, but not with a page                        NAVIGATION_FAILED
    the address, the locator or the script cannot be       VALIDATION_FAILED

A dialog that the page opens (`alert`) is dismissed, and its text noted. After every step the page must be one that may
be visited, wherever a redirect or a click has led: otherwise the tab is emptied before anything of it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final, TypeVar, assert_never
from urllib.parse import urljoin, urlsplit

from selenium.common.exceptions import (
    InvalidElementStateException,
    NoSuchElementException,
    TimeoutException,
    UnexpectedAlertPresentException,
    WebDriverException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select as SelectElement
from selenium.webdriver.support.wait import WebDriverWait

from headway.browsers import pages, steps
from headway.browsers.faults import UNREADY, BrowserError, Fault, StepFailed, fault_of, fault_of_net, sentence_of
from headway.browsers.locators import Locator, locator
from headway.browsers.steps import Step, describe, kind

__all__ = ["Allowed", "Done", "Hand", "shown_url", "truth", "without_dialogs"]

_POLL: Final = 0.05
"""Between two looks at the page: below what people notice, and a fortieth of a core."""
_DIALOGS_MOST: Final = 5
"""Dialogs on the way of one command. A page that opens more wants no visitors."""
_STATUS: Final = "return performance.getEntriesByType('navigation')[0]?.responseStatus"
_ERROR: Final = """if (location.protocol !== 'chrome-error:') return null;
return (document.body?.innerText.match(/ERR_[A-Z0-9_]+/) ?? ['ERR_FAILED'])[0];"""
"""Chromium's own page for what did not load bears the address that was asked for; only its script knows better."""
_ASKS: Final = (401, 403)
"""The statuses of pages that ask people who they are."""
_BLANK: Final = ("about:blank", "data:,", "")

Allowed = Callable[[str], bool]
"""Whether an address may be visited. May block: it is asked on the browser's thread."""
Pause = Callable[[float], None]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step that was done."""

    attempts: int
    url: str
    picture: bytes | None = None
    dialogs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """Does steps, as one test wants them done."""

    allowed: Allowed
    pause: Pause
    """Let so many seconds pass."""
    base: str = ""
    """What relative addresses are relative to."""
    timeout: float = 10.0
    """Seconds for a step that does not say. Half of Playwright's, who count in starting the server."""
    page_seconds: float = 30.0
    """Seconds for a page to load, for a navigation that does not say."""
    fill: Callable[[str], str] = field(default=lambda text: text)
    """Puts the values in place of placeholders, at the last moment."""
    secrets: tuple[str, ...] = ()
    """What no picture may show."""

    def do(self, driver: WebDriver, step: Step, within: float = inf) -> Done:
        """Do it, as often as its `retry` says, each time in its own time and at most `within`. Raises `StepFailed`, or
        what says that the browser is gone."""
        attempts = step.retry.attempts if step.retry else 1
        for attempt in range(1, attempts + 1):
            dialogs: list[str] = []
            try:
                shown = self._act(driver, step, within, dialogs)
                url = self.arrived(driver, dialogs)
            except (WebDriverException, BrowserError) as error:
                failed = self._failed(driver, step, within, error, attempt)
                if attempt == attempts or failed.fault is Fault.VALIDATION_FAILED:
                    raise failed from error
                if step.retry is not None:
                    self.pause(step.retry.delay)
            else:
                return Done(attempt, url, shown, tuple(dialogs))
        raise AssertionError("the last attempt returns or raises")

    def _act(self, driver: WebDriver, step: Step, within: float, dialogs: list[str]) -> bytes | None:
        timeout = min(step.timeout or self.timeout, within)
        match step:
            case steps.Navigate():
                self._navigate(driver, step, within, dialogs)
            case steps.Wait():
                self.pause(min(step.seconds, within))
            case steps.Screenshot():
                return without_dialogs(lambda: pages.picture(driver, self.secrets), dialogs)
            case steps.WaitForNavigation() | steps.WaitForFunction():
                _await(driver, timeout, lambda: without_dialogs(lambda: _holds(driver, step), dialogs))
            case steps.WaitForSelector(gone=True):
                where = locator(step.selector)
                _await(driver, timeout, lambda: without_dialogs(lambda: not _visible(driver, where), dialogs))
            case steps.Scroll(selector=None):
                height = "document.documentElement.scrollHeight" if step.text == "bottom" else "0"
                without_dialogs(lambda: driver.execute_script(f"window.scrollTo(0, {height})"), dialogs)
            case _:
                _until(driver, timeout, lambda: without_dialogs(lambda: self._touch(driver, step), dialogs))
        return None

    def _navigate(self, driver: WebDriver, step: steps.Navigate, within: float, dialogs: list[str]) -> None:
        url = urljoin(self.base, self.fill(step.url))
        self.check(url)
        driver.set_page_load_timeout(min(step.timeout or self.page_seconds, within))
        driver.get(url)
        status = without_dialogs(lambda: driver.execute_script(_STATUS), dialogs)
        if isinstance(status, int) and status >= 400 and status not in _ASKS:
            raise StepFailed(Fault.NAVIGATION_FAILED, f"the server answered with status {status}")

    def check(self, url: str) -> None:
        """Raise `StepFailed` where this address must not be visited."""
        if urlsplit(url).scheme not in {"http", "https"} or not self.allowed(url):
            raise StepFailed(Fault.VALIDATION_FAILED, f"the address {shown_url(url)} must not be visited from here")

    def arrived(self, driver: WebDriver, dialogs: list[str]) -> str:
        """Where the browser is. Raises `StepFailed` where that is no page, or none that may be visited; a forbidden one
        is left."""
        url = without_dialogs(lambda: driver.current_url, dialogs)
        if url in _BLANK:
            return url
        error = without_dialogs(lambda: driver.execute_script(_ERROR), dialogs)
        if isinstance(error, str):
            raise StepFailed(fault_of_net(error), f"the browser shows {error} in place of the page")
        try:
            self.check(url)
        except StepFailed:
            driver.get("about:blank")
            raise
        return url

    def _touch(self, driver: WebDriver, step: Step) -> None:
        """What is done to one element. Raises one of `UNREADY` where it is not ready."""
        # `_act` has taken these.
        assert not isinstance(step, _NO_ELEMENT)
        assert step.selector is not None
        where = locator(step.selector)
        element = driver.find_element(where.by, where.value)
        if isinstance(step, _INPUTS) and not element.is_enabled():
            raise InvalidElementStateException("it is disabled")  # a click on it would do nothing, and say nothing
        match step:
            case steps.Click():
                element.click()
            case steps.Type():
                self._type(element, step)
            case steps.Select():
                _select(element, self.fill(step.text))
            case steps.Check() | steps.Uncheck():
                if element.is_selected() is not isinstance(step, steps.Check):
                    element.click()
            case steps.Hover():
                ActionChains(driver).move_to_element(element).perform()
            case steps.Scroll():
                driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            case steps.WaitForSelector():
                if not element.is_displayed():
                    raise InvalidElementStateException("it is there, but cannot be seen")
            case _:
                assert_never(step)

    def _type(self, element: WebElement, step: steps.Type) -> None:
        element.clear()
        element.send_keys(self.fill(step.text), *([Keys.ENTER] if step.submit else []))

    def _failed(self, driver: WebDriver, step: Step, within: float, error: Exception, attempt: int) -> StepFailed:
        fault = fault_of(error)
        if fault is Fault.BROWSER_CRASHED:
            raise error  # the session's to tell, and no page is left to be named
        what = _what_failed(step, error, min(step.timeout or self.timeout, within))
        return StepFailed(fault, f'{what} (step "{describe(step)}"{_at(driver)})', attempt)


_INPUTS: Final = (steps.Click, steps.Type, steps.Select, steps.Check, steps.Uncheck)
_NO_ELEMENT: Final = (
    steps.Navigate,
    steps.Wait,
    steps.Screenshot,
    steps.WaitForNavigation,
    steps.WaitForFunction,
)


def _await(driver: WebDriver, timeout: float, holds: Callable[[], bool]) -> None:
    WebDriverWait(driver, timeout, poll_frequency=_POLL, ignored_exceptions=UNREADY).until(lambda _: holds())


def _until(driver: WebDriver, timeout: float, act: Callable[[], None]) -> None:
    """Try until it works. Raises what kept it from working the last time."""
    last: list[WebDriverException] = []

    def tried(_: WebDriver) -> bool:
        try:
            act()
        except UNREADY as error:
            last[:] = [error]
            return False
        return True

    try:
        WebDriverWait(driver, timeout, poll_frequency=_POLL).until(tried)
    except TimeoutException:
        if last:
            raise last[0] from None
        raise


def _holds(driver: WebDriver, step: steps.WaitForNavigation | steps.WaitForFunction) -> bool:
    if isinstance(step, steps.WaitForFunction):
        return truth(driver, step.condition)
    if driver.execute_script("return document.readyState") != "complete":
        return False
    return step.url_pattern is None or re.search(step.url_pattern, driver.current_url) is not None


def truth(driver: WebDriver, expression: str) -> bool:
    """What an expression of JavaScript is worth in the page; of a function, what it returns; of a promise, what it
    becomes. Raises `JavascriptException`."""
    script = (
        f"const value = (\n{expression.strip().rstrip(';')}\n); return typeof value === 'function' ? value() : value;"
    )
    return bool(driver.execute_script(script))


def _visible(driver: WebDriver, where: Locator) -> bool:
    return any(element.is_displayed() for element in driver.find_elements(where.by, where.value))


def _select(element: WebElement, text: str) -> None:
    choice = SelectElement(element)
    for option in choice.options:
        if text in {option.text.strip(), option.get_attribute("value")}:
            if not option.is_selected():
                option.click()
            return
    raise NoSuchElementException(f'it has no option "{text}"')


def without_dialogs(function: Callable[[], Result], dialogs: list[str]) -> Result:
    """Call this, again where a dialog of the page was in the way; the driver has dismissed it then."""
    for _ in range(_DIALOGS_MOST):
        try:
            return function()
        except UnexpectedAlertPresentException as error:
            dialogs.append((error.alert_text or "")[:500])
    raise StepFailed(Fault.NAVIGATION_FAILED, f"the page opened more than {_DIALOGS_MOST} dialogs, one after another")


def _what_failed(step: Step, error: Exception, timeout: float) -> str:
    if isinstance(error, BrowserError):
        return str(error)
    if isinstance(error, UNREADY):
        selector = getattr(step, "selector", None)
        reason = (
            "was not found" if isinstance(error, NoSuchElementException) and "no such element" in str(error) else ""
        )
        return f"{selector} {reason or 'could not be used: ' + sentence_of(error)} within {timeout:g} s"
    if isinstance(error, TimeoutException):
        return f"{kind(step)} took longer than its time"
    return sentence_of(error)


def _at(driver: WebDriver) -> str:
    try:
        url = driver.current_url
    except Exception:  # the page's name is an extra; without it the sentence is still right
        return ""
    return "" if url in _BLANK or url.startswith("chrome:") else f" on {shown_url(url)}"


def shown_url(url: str) -> str:
    """An address without what may be a secret: user, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else f"{parts.scheme}:{parts.path}"[:200]
