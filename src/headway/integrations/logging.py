"""What a program logs, as lines of a task: a handler for the standard library's loggers.

    with headway.task("Nightly ETL") as task, lines(task, "etl", level="INFO"):
        ...                                       # what is logged below "etl" meanwhile can be read beside the bar

    logging.getLogger("etl").addHandler(Handler(task))

Whatever looks like a secret is taken out, as in the server's own log. What Headway itself logs is not sent, nor what is
logged while a line is handed over: telling a line must not make another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from headway.server.masking import masked

__all__ = ["Handler", "Lines", "lines"]

_OWN: Final = ("headway", "httpx2", "httpcore2", "httpcore", "websockets")
"""Loggers of what carries the lines away."""


class Lines(Protocol):
    """What takes lines: a task, or a part of one."""

    def log(self, message: str, level: str = "info", logger: str | None = None) -> None:
        """Take one line."""
        ...


class Handler(logging.Handler):
    """Sends records to a task. Its formatter makes the text; without one, the message and the traceback are sent."""

    def __init__(self, task: Lines, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self._task = task
        self._thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        if record.name.split(".")[0] in _OWN or getattr(self._thread, "busy", False):
            return
        self._thread.busy = True
        try:
            self._task.log(masked(self.format(record)), _level(record.levelno), record.name)
        except Exception:  # the contract of handlers: a program does not fail because it logs
            self.handleError(record)
        finally:
            self._thread.busy = False


@contextmanager
def lines(task: Lines, logger: str | logging.Logger = "", level: int | str = logging.INFO) -> Iterator[Handler]:
    """Send what a logger is told to a task as long as the block lasts. An empty name is the root: everything."""
    target = logging.getLogger(logger) if isinstance(logger, str) else logger
    handler = Handler(task, level)
    target.addHandler(handler)
    before = target.level
    if target.getEffectiveLevel() > handler.level:
        # Python's default lets only warnings through, and a handler that is asked for more would never see it.
        target.setLevel(handler.level)
    try:
        yield handler
    finally:
        target.setLevel(before)
        target.removeHandler(handler)
        handler.close()


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
