"""One browser as new, and the one thread that touches it.

    session = await Session.start(source, terms)
    try:
        title = await session.do(lambda driver: driver.title)
    finally:
        await session.close()

The law:
1. A driver is not safe for threads: everything happens in functions that `do` hands to the session's own thread, one
   after another. A function must not keep the driver.
2. A session ends in one of three ways: it is closed, its browser dies, or its deadline passes. In each the whole group
   of processes is killed and waited for, and the profile is removed.
3. Once lost, a session stays lost: what waits fails, and every later call too, with the same `SessionLost`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from headway.browsers.faults import BrowserError, Fault, SessionLost, fault_of, sentence_of
from headway.browsers.sources import Place, Source, Terms
from headway.errors import Closed

__all__ = ["Session"]

_CLOSE_SECONDS: Final = 5.0
"""For a browser to quit by itself. It takes some 100 ms; then it is killed."""
_GIVE_UP_SECONDS: Final = 15.0
"""For the end of a killed group to be seen. Only a thread that waits for a Grid, or a disk that hangs, takes longer."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[[WebDriver], Any]  # Any: what it returns goes to its caller unseen
    future: Future[Any]


class Session:
    """One browser. Made by `start`; must be closed."""

    def __init__(self, place: Place, terms: Terms) -> None:
        self._place = place
        self._terms = terms
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._opened: asyncio.Future[int | None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._lost: SessionLost | None = None
        self._closing = False
        self._busy = False
        self._watched: int | None = None
        self._thread = threading.Thread(target=self._live, name="browser", daemon=True)
        self._deadline = self._loop.call_later(terms.deadline, self._expire)

    @classmethod
    async def start(cls, source: Source, terms: Terms | None = None) -> Session:
        """Start a browser. Raises `BrowserError` where it does not start. Cancelling ends what has started."""
        session = cls(source.place(), terms or Terms())
        session._thread.start()
        try:
            async with asyncio.timeout(session._terms.start_seconds):
                browser = await asyncio.shield(session._opened)
        except TimeoutError:
            await session.close()
            within = f"within {session._terms.start_seconds:g} s"
            raise SessionLost(
                Fault.TIMEOUT, f"The browser did not start {within}; the machine may be too busy."
            ) from None
        except BaseException:  # cancelling too: whoever does not get the session cannot close it
            await session.close()
            raise
        session._watch(browser)
        return session

    @classmethod
    @asynccontextmanager
    async def opened(cls, source: Source, terms: Terms | None = None) -> AsyncIterator[Session]:
        """`start`, and `close` at the end."""
        session = await cls.start(source, terms)
        try:
            yield session
        finally:
            await session.close()

    @property
    def lost(self) -> SessionLost | None:
        """Why there is no browser any more, if so."""
        return self._lost

    @property
    def busy(self) -> bool:
        """Whether something is being done at this moment."""
        return self._busy

    async def do(self, function: Callable[[WebDriver], Result]) -> Result:
        """Have the session's thread call this with the driver. Raises what it raises, `SessionLost` where the browser
        dies meanwhile or its time is up, and `Closed` after `close`.

        Cancelling leaves the function running: it cannot be stopped but by `close`, which kills the browser then.
        """
        if self._lost is not None:
            raise self._lost
        if self._closing:
            raise Closed("this browser session is closed; start a new one")
        call = _Call(function, Future())
        self._calls.put(call)
        answer: asyncio.Future[Result] = asyncio.wrap_future(call.future)
        try:
            await asyncio.wait((answer, self._gone), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            assert self._lost is not None  # or `_gone` would not be done
            raise self._lost
        finally:
            answer.cancel()

    async def close(self) -> None:
        """End the browser and leave nothing of it; again is nothing. Cancelling kills it at once, and still waits."""
        if not self._closing:
            self._closing = True
            self._deadline.cancel()
            self._unwatch()
            self._calls.put(None)
        try:
            if not self._busy and self._lost is None and self._opened.done():
                await _within(self._ended, _CLOSE_SECONDS)
        finally:
            if not self._ended.is_set():
                self._place.kill()
                await _within(self._ended, _GIVE_UP_SECONDS)
            if self._ended.is_set():
                self._thread.join()  # at its last line

    def _expire(self) -> None:
        sentence = f"The browser did not finish within {self._terms.deadline:g} s, and was ended."
        self._lose(SessionLost(Fault.TIMEOUT, sentence))

    def _lose(self, why: SessionLost) -> None:
        if self._lost is None:
            self._lost = why
        if not self._gone.done():
            self._gone.set_result(None)
        self._unwatch()
        self._place.kill()
        self._calls.put(None)

    def _open_as(self, browser: int | None) -> None:
        if not self._opened.done():
            self._opened.set_result(browser)

    def _unopened(self, why: BrowserError) -> None:
        if not self._opened.done():
            self._opened.set_exception(self._lost or why)
            # Whoever waited may have been cancelled, and then nobody asks.
            self._opened.exception()

    # Noticed without being asked: the kernel tells when the process ends.

    def _watch(self, browser: int | None) -> None:
        if browser is None or self._lost is not None or not hasattr(os, "pidfd_open"):
            return  # the next call notices
        try:
            self._watched = os.pidfd_open(browser)
        except OSError:
            self._crashed()
        else:
            self._loop.add_reader(self._watched, self._crashed)

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None

    def _crashed(self) -> None:
        self._lose(SessionLost(Fault.BROWSER_CRASHED, "The browser ended unexpectedly."))

    # On the browser's own thread.

    def _live(self) -> None:
        driver = None
        try:
            driver = self._open()
            if driver is not None:
                self._work(driver)
        finally:
            self._place.close(driver, healthy=self._lost is None)
            self._refuse_the_rest()
            self._tell(self._ended.set)

    def _open(self) -> WebDriver | None:
        try:
            driver = self._place.open(self._terms)
        except Exception as error:  # whatever kept it from starting is told to whoever waits for it
            why = error if isinstance(error, BrowserError) else _unstarted(error)
            self._tell(lambda: self._unopened(why))
            return None
        browser = driver.capabilities.get("goog:processID") if driver.capabilities else None
        local = browser if isinstance(browser, int) and self._place.here else None
        self._tell(lambda: self._open_as(local))
        return driver

    def _work(self, driver: WebDriver) -> None:
        while (call := self._calls.get()) is not None:
            if not call.future.set_running_or_notify_cancel():
                continue
            self._busy = True
            try:
                result = call.function(driver)
            except BaseException as error:  # the caller's to judge
                self._busy = False
                call.future.set_exception(self._judge(error))
            else:
                self._busy = False
                call.future.set_result(result)

    def _judge(self, error: BaseException) -> BaseException:
        """A browser that is gone shows as any error of the driver or of the connection to it."""
        if self._lost is not None:
            return self._lost
        crashed = isinstance(error, HTTPError | ConnectionError) or (
            isinstance(error, WebDriverException | BrowserError) and fault_of(error) is Fault.BROWSER_CRASHED
        )
        if not crashed:
            return error
        sentence = sentence_of(error) if isinstance(error, WebDriverException) else "its driver does not answer"
        lost = SessionLost(Fault.BROWSER_CRASHED, f"The browser crashed: {sentence}.")
        self._lost = lost
        self._tell(lambda: self._lose(lost))
        return lost

    def _refuse_the_rest(self) -> None:
        while not self._calls.empty():
            call = self._calls.get()
            if call is not None and call.future.set_running_or_notify_cancel():
                call.future.set_exception(self._lost or Closed("this browser session is closed; start a new one"))

    def _tell(self, what: Callable[[], object]) -> None:
        # A loop that is closed has nobody left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)


def _unstarted(error: Exception) -> SessionLost:
    return SessionLost(Fault.BROWSER_CRASHED, f"The browser did not start: {sentence_of(error)}")


async def _within(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
