"""What waits to be published: in order, one at a time, bounded. Each has an idempotency key, so whatever became of an
attempt, the next one stores nothing twice.

One at a time: two on their way could change places when a connection ends between them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from headway.client.backoff import Backoff
from headway.client.endings import Ended, Unreachable
from headway.client.runtime import Runtime, Timer
from headway.client.transports.interface import Publication
from headway.codes import Advice
from headway.errors import HeadwayError, Overloaded
from headway.positions import Position

__all__ = ["MOST_WAITING", "Outbox", "Sender"]

MOST_WAITING: Final = 100
"""Publications that wait: a producer that awaits each has one; one that does not is told to slow down within
seconds."""

_ANSWER: Final = 15.0
"""Seconds for an answer; a connection that is alive but lost one answer would hold up everything."""
_MOST_RENEWALS: Final = 2
"""New tokens for one publication."""

Sender = Callable[[Publication], Awaitable[str] | None]
"""What sends one and returns its position. None: there is no way now; `go` is called when there is one."""


class _Item:
    """One publication and whoever waits for it."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.stored: asyncio.Future[Position] = asyncio.get_running_loop().create_future()


class Outbox:
    """The publications of one client."""

    def __init__(
        self, runtime: Runtime, send: Sender, renew: Callable[[], bool], backoff: Backoff, most: int = MOST_WAITING
    ) -> None:
        self._runtime = runtime
        self._send = send
        self._renew = renew
        self._backoff = backoff
        self._most = most
        self._again = Timer(runtime)
        self._items: deque[_Item] = deque()
        self._sending = False
        self._renewals = 0
        self._reason = "there is no connection"

    def __len__(self) -> int:
        return len(self._items)

    def waits(self, reason: str) -> None:
        """Why nothing is sent now; said to who gives up."""
        self._reason = reason

    async def put(self, publication: Publication, patience: float | None) -> Position:
        """Returns when it is stored. Raises `Overloaded`, `Refused`, and after so many seconds `Unreachable`.

        Cancelling leaves it open whether it was stored.
        """
        if len(self._items) >= self._most:
            raise Overloaded(f"{self._most} publications wait to be sent already; wait for some of them first")
        item = _Item(publication)
        self._items.append(item)
        self.go()
        limit = Timer(self._runtime)
        if patience is not None:
            limit.start(patience, lambda: self._reject(item, self._unreachable(item, patience)))
        try:
            return await item.stored
        finally:
            limit.stop()
            if item in self._items:
                self._items.remove(item)

    def go(self) -> None:
        """There may be a way now."""
        if self._sending or not self._items:
            return
        item = self._items[0]
        answer = self._send(item.publication)
        if answer is not None:
            self._again.stop()
            self._sending = True
            self._runtime.spawn(self._attempt(item, answer))

    def close(self, error: HeadwayError) -> None:
        """Give up on everything."""
        self._again.stop()
        for item in list(self._items):
            self._reject(item, error)

    async def _attempt(self, item: _Item, answer: Awaitable[str]) -> None:
        try:
            async with asyncio.timeout(_ANSWER):
                position = Position.parse(await answer)
        except Ended as ended:
            self._failed(item, ended)
        except TimeoutError:
            self._failed(item, Ended("no answer in time"))
        except ValueError:
            self._failed(item, Ended("the server answered something that is no position", Advice.STOP))
        else:
            if not item.stored.done():
                item.stored.set_result(position)
            self._done(item)

    def _failed(self, item: _Item, ended: Ended) -> None:
        self._reason = ended.reason
        renewed = False
        if ended.advice is Advice.RENEW and self._renewals < _MOST_RENEWALS:
            self._renewals += 1
            renewed = self._renew()
        if ended.advice is not Advice.RECONNECT and not renewed:
            self._reject(item, ended.refusal())
            self._done(item)
            return
        self._sending = False
        self._again.start(0.0 if renewed else self._backoff.next(ended.retry), self.go)

    def _done(self, item: _Item) -> None:
        self._sending = False
        self._renewals = 0
        self._backoff.reset()
        if item in self._items:
            self._items.remove(item)
        self.go()

    def _reject(self, item: _Item, error: HeadwayError) -> None:
        if not item.stored.done():
            item.stored.set_exception(error)

    def _unreachable(self, item: _Item, patience: float) -> Unreachable:
        return Unreachable(
            f"the event could not be published within {patience:g} s ({self._reason})",
            details={"idempotency_key": item.publication.key},
        )
