"""Long-polling: `GET …/events?since=&wait=`, a loop for each channel. The position in each question acknowledges the
answer before it, so an answer that is lost on its way is simply asked for again.

The first request does not wait: its answer is the handshake.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from headway.client.endings import Ended
from headway.client.transports.http import Asker
from headway.client.transports.interface import Fields, Link, Publication
from headway.codes import Advice, Code
from headway.errors import PeerError
from headway.positions import Position

__all__ = ["Polling"]

_SLOTS: Final = 16
"""Requests that are held at once; with more channels the waits are short, and the channels take turns. A tenth of what
one address may hold."""
_WAIT_SHARE: Final = 0.5
"""Of the silence: beyond that, a proxy that swallows requests would be noticed too late."""
_SHORT_WAIT: Final = 1.0
_AGAIN_SECONDS: Final = 3.0
"""For an answer that need not wait for news, where one was lost already: what swallows both would else be known by its
silence alone."""
_PAUSE: Final = 1.0
"""Least seconds between two answers without news: a server that drains, or cannot wait, answers at once."""


class Polling:
    """Goes through everything that lets a web page through."""

    name = "polling"

    def open(self, link: Link) -> _Connection:
        """See `Transport`."""
        return _Connection(link)


class _Connection:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._asker = Asker(link.address)
        self._slots = asyncio.Semaphore(_SLOTS)
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._unanswered: set[str] = set()
        self._failure: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._again = -math.inf
        """When an answer was last asked for again."""
        self._over = False
        self._task = link.runtime.spawn(self._run())

    # See `Connection`.

    def follow(self, channel: str, since: str | None) -> None:
        if not self._over:
            self._stop(channel)
            self._loops[channel] = asyncio.create_task(self._loop(channel, since))

    def unfollow(self, channel: str) -> None:
        self._stop(channel)
        self._met(channel)

    def publish(self, publication: Publication) -> None:
        return None

    def ping(self) -> bool:
        return False

    def renew(self, token: str) -> None:
        """The next request shows it."""

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._task.cancel()

    # Its own.

    async def _run(self) -> None:
        try:
            follows = self._link.follows()
            self._unanswered = set(follows)
            for channel, since in follows.items():
                self.follow(channel, since)
            if not follows:
                await self._greet()
            ended = await self._failure
        except Ended as end:
            ended = end
        finally:
            loops = list(self._loops.values())
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._asker.close()
        if not self._over:
            self._over = True
            self._link.ended(ended)

    async def _greet(self) -> None:
        """Nothing to follow yet: whether the server is there at all."""
        await self._asker.get("/api/health", self._link.token())
        self._link.answered()

    async def _loop(self, channel: str, since: str | None) -> None:
        try:
            await self._read(channel, since)
        except Ended as ended:
            self._failed(channel, ended)
        except (PeerError, KeyError, TypeError, ValueError) as error:
            self._failed(channel, Ended(f"the server said something that makes no sense: {error}"))

    async def _read(self, channel: str, asked: str | None) -> None:
        page = await self._ask(channel, asked, 0.0)
        self._link.told(channel, _subscribed(channel, asked, page))
        while True:
            for event in page["events"]:
                self._link.told(channel, event)
            await self._link.room(channel)
            more = page.get("more") is True
            if not more:
                self._link.current(channel)
            self._met(channel)
            page = await self._next(channel, page["position"], more=more)

    async def _next(self, channel: str, since: str, *, more: bool) -> Fields:
        clock = self._link.runtime.clock
        asked = clock.monotonic()
        wait = 0.0 if more else _SHORT_WAIT if len(self._loops) > _SLOTS else self._link.silence * _WAIT_SHARE
        try:
            page = await self._ask(channel, since, wait)
        except Ended as ended:
            if ended.announced:
                raise
            # One answer that got lost is asked for again at once; a second one says that the way is barred.
            page = await self._ask_again(channel, since)
            again, self._again = self._again, clock.monotonic()
            if self._again - again > _PAUSE:
                # It was we who did not wait for news; where answers get lost all the time there is a pause.
                return page
        if not page["events"]:
            await asyncio.sleep(max(0.0, asked + min(wait, _PAUSE) - clock.monotonic()))
        return page

    async def _ask(self, channel: str, since: str | None, wait: float) -> Fields:
        async with self._slots:
            page = await self._asker.page(channel, self._link.token(), since, wait=wait)
        self._link.heard()
        return page

    async def _ask_again(self, channel: str, since: str) -> Fields:
        try:
            async with asyncio.timeout(_AGAIN_SECONDS):
                return await self._ask(channel, since, 0.0)
        except TimeoutError:
            raise Ended("no answer in time") from None

    def _stop(self, channel: str) -> None:
        loop = self._loops.pop(channel, None)
        if loop is not None:
            loop.cancel()

    def _met(self, channel: str) -> None:
        """What was asked first has been answered, of this channel."""
        if not self._over:
            before = bool(self._unanswered)
            self._unanswered.discard(channel)
            if before and not self._unanswered:
                self._link.answered()

    def _failed(self, channel: str, ended: Ended) -> None:
        if ended.announced and (ended.advice is Advice.STOP or ended.code is Code.TOO_MANY):
            self._loops.pop(channel, None)
            self._link.refused(channel, ended)
            self._met(channel)
        elif not self._failure.done():
            self._failure.set_result(ended)


def _subscribed(channel: str, asked: str | None, page: Fields) -> Fields:
    """What the other transports say first."""
    head: Fields = {"type": "subscribed", "channel": channel}
    if asked is None:
        return {**head, "position": page["position"], "recovered": False, "snapshot": page.get("snapshot", [])}
    lost = bool(page["events"]) and page["events"][0]["type"] == "gap"
    if asked:
        # Where reading began: what was asked, under the epoch of now.
        asked = str(Position(Position.parse(page["position"]).epoch, Position.parse(asked).offset))
    return {**head, "position": asked, "recovered": not lost}
