"""A reporter: tasks of this program, told to one server over HTTP, from the bridge's thread.

Where the server cannot be reached, one warning is written and the program goes on; what is newest is told as soon as
the server is back. At the end of the program what is left gets a bounded time.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from headway.client.address import Address
from headway.client.token import checked
from headway.clock import Clock, SystemClock
from headway.reporting.outlet import HttpOutlet
from headway.tasks.bridge import bridge
from headway.tasks.interface import Outlet, Owned
from headway.tasks.model import Action
from headway.tasks.pump import Desk
from headway.tasks.tally import Number
from headway.tasks.task import Task

__all__ = ["DEFAULT_URL", "Reporter", "default_reporter", "task"]

DEFAULT_URL: Final = "http://127.0.0.1:4000"
"""Where `headway serve` is found."""


class Reporter:
    """Reports tasks to a server. Safe from any thread; in a forked process it makes connections of its own."""

    def __init__(self, url: str | None = None, token: str | None = None, *, clock: Clock | None = None) -> None:
        """Without a URL and a token those of HEADWAY_URL and HEADWAY_TOKEN. Raises `UsageError`."""
        self.address = Address.parse(url or os.environ.get("HEADWAY_URL") or DEFAULT_URL)
        token = token or os.environ.get("HEADWAY_TOKEN") or None
        self._token = None if token is None else checked(token)
        self._clock: Clock = clock or SystemClock()
        self._desks: dict[int, Desk] = {}
        """By process: a fork needs one of its own."""

    def task(
        self,
        name: str,
        total: Number | None = None,
        *,
        initial: Number = 0,
        unit: str | None = None,
        channel: str | None = None,
        honours: Iterable[Action] = Action,
    ) -> Task:
        """A task of this program, for `with` and `async with`. `initial` is what was done before; `honours` are the
        actions that will be followed. Raises `UsageError`, and never because of the server."""
        return Task(self._own_desk(), name, total, initial=initial, unit=unit, channel=channel, honours=honours)

    def _own_desk(self) -> Desk:
        # No lock: one that another thread held at a fork would stay locked. A desk that is not used is nothing.
        return self._desks.get(os.getpid()) or self._desks.setdefault(os.getpid(), self._new_desk())

    def _new_desk(self) -> Desk:
        outlet = HttpOutlet(self.address, self._token)

        async def opened() -> Outlet:
            async def close() -> None:
                await desk.finish()
                await outlet.close()

            bridge().before_end(close)
            return outlet

        desk = Desk(
            opened,
            lambda: bridge().loop,
            self._clock,
            new_id=lambda: secrets.token_urlsafe(18),
            random=random.random,
            url=self._watched_at,
            fork=self._own_desk,
            name=str(self.address),
        )
        return desk

    def _watched_at(self, owned: Owned) -> str:
        return f"{self.address.http('/')}#channel={quote(owned.channel, safe=':')}"


_default: Reporter | None = None


def default_reporter() -> Reporter:
    """The reporter to HEADWAY_URL with HEADWAY_TOKEN, as they were when it was first asked for. Raises `UsageError`."""
    global _default
    if _default is None:
        _default = Reporter()
    return _default


def task(
    name: str,
    total: Number | None = None,
    *,
    initial: Number = 0,
    unit: str | None = None,
    channel: str | None = None,
    honours: Iterable[Action] = Action,
) -> Task:
    """A task of this program, reported to HEADWAY_URL: see `Reporter.task`."""
    return default_reporter().task(name, total, initial=initial, unit=unit, channel=channel, honours=honours)
