"""One loop in a thread, for programs that have none: what is asynchronous in Headway runs there.

It begins with its first use and ends with the program, after all threads that keep a program alive: what wanted to be
closed is closed first, within a bounded time. In a process that was forked from this one there is no bridge, and the
next use begins another.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

__all__ = ["THREAD", "Bridge", "bridge"]

logger = logging.getLogger("headway.tasks")

THREAD: Final = "headway bridge"
"""The name of its thread."""
_ENDING: Final = 5.0
"""Seconds in which everything has to be closed when the program ends. People wait for it with a prompt in mind."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

Closing = Callable[[], Awaitable[object]]


class _Threads(ThreadPoolExecutor):
    """A thread for each call. Python's own executors end before the last threads of a program do, and with them the
    means to find a server or to close a store, while there is still something to tell."""

    def submit(self, fn: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Answer]:
        """Call it in a thread."""
        future: Future[Answer] = Future()

        def call() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # whatever it is, it belongs to who waits for the answer
                future.set_exception(error)

        threading.Thread(target=call, name="headway bridge's", daemon=True).start()
        return future


class Bridge:
    """A loop in a thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closings: list[Closing] = []
        started = threading.Event()
        # Not kept alive by itself: the program ends when its own work does, and `atexit` sees to the rest.
        self._thread = threading.Thread(target=self._run, args=(started,), name=THREAD, daemon=True)
        self._thread.start()
        started.wait()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Its loop. It runs."""
        assert self._loop is not None  # set before the constructor returned
        return self._loop

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def before_end(self, close: Closing) -> None:
        """Have this done on the loop before it ends; the latest first."""
        self._closings.append(close)

    def end(self, seconds: float = _ENDING) -> None:
        """Close everything, within a bounded time, and end the thread. Idempotent. Not from its own thread."""
        if not self.running:
            return
        asyncio.run_coroutine_threadsafe(self._close(seconds), self.loop)
        # A thread that hangs is left to die with the program.
        self._thread.join(seconds + 1.0)

    async def _close(self, seconds: float) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while self._closings:
                        await self._closing(self._closings.pop())
        finally:
            self.loop.stop()

    async def _closing(self, close: Closing) -> None:
        try:
            await close()
        except Exception:  # one that fails must not keep the others from being closed
            logger.exception("! something could not be closed at the end of the program")

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = loop = runner.get_loop()
            loop.set_default_executor(_Threads(1))
            loop.call_soon(started.set)
            loop.run_forever()


_lock = threading.Lock()
_bridge: Bridge | None = None
_registered = False


def bridge() -> Bridge:
    """The bridge of this process."""
    global _bridge
    with _lock:
        _register()
        if _bridge is None or not _bridge.running:
            _bridge = Bridge()
        return _bridge


def _register() -> None:
    global _registered
    if _registered:
        return
    _registered = True
    atexit.register(_end)
    # A process of `multiprocessing` may end without `atexit`: then its own way to the same is there.
    util: Any = sys.modules.get("multiprocessing.util")  # Any: a module
    process: Any = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(None, _end, exitpriority=0)


def _end() -> None:
    if _bridge is not None:
        _bridge.end()


def _forked() -> None:
    """The thread is the parent's; so is whatever held the lock, and whatever was to be called at the end."""
    global _bridge, _lock, _registered
    _bridge, _lock, _registered = None, threading.Lock(), False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
