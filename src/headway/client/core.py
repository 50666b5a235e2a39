"""The machines of an open client, and what they say to each other: channels above, the ladder below, and the positions
between them. It is the only place that knows both.
"""

from __future__ import annotations

import asyncio
import random as chance
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headway.client.address import Address
from headway.client.backoff import Backoff
from headway.client.changes import Change, Connected, Recovered, Status, Stopped, Switched, Waiting
from headway.client.channel import Channel, Feed
from headway.client.endings import Ended
from headway.client.following import covers
from headway.client.ladder import Ladder, State
from headway.client.life import Life
from headway.client.outbox import MOST_WAITING, Outbox
from headway.client.pace import Pace
from headway.client.room import Room
from headway.client.runtime import Runtime, Timer
from headway.client.scores import Scores
from headway.client.token import GetToken, Token
from headway.client.transports.interface import Fields, Follows, Publication, Transport
from headway.clock import Clock, SystemClock
from headway.errors import Closed, UsageError
from headway.positions import Gap, Position

if TYPE_CHECKING:
    from headway.client.transports.http import Asker

__all__ = ["Core", "Options", "unheard"]


def unheard(change: Change) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `connect` was told, and what the client's machines are made of."""

    token: str | None = None
    get_token: GetToken | None = None
    on_change: Callable[[Change], None] = unheard
    queue: int = MOST_WAITING
    pace: Pace = field(default_factory=Pace)
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = chance.random
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(18)


class Core:
    """The machines of an open client, and what they say to each other. It is the ladder's host."""

    def __init__(self, address: Address, transports: Sequence[Transport], options: Options, runtime: Runtime) -> None:
        pace = options.pace
        self.address = address
        self.runtime = runtime
        self.silence = pace.silence
        self.patience = pace.answer
        self._pace = pace
        self._listener = options.on_change
        self._feeds: dict[str, Feed] = {}
        self._room = Room(runtime, self._pause_full)
        self._again: dict[str, tuple[Timer, Backoff]] = {}
        self._asker: Asker | None = None
        self._interrupted: set[str] = set()
        """Channels that were followed when the connection was lost."""
        self._token = Token(runtime, options.token, options.get_token, self._renewed)
        scores = Scores(
            [transport.name for transport in transports],
            runtime.random,
            first=pace.first_demotion,
            most=pace.most_demotion,
        )
        self.ladder = Ladder(transports, self, scores, self._new_backoff(), pace)
        self.outbox = Outbox(runtime, self._send, self._token.forget, self._new_backoff(), options.queue)
        # What is followed in the same breath is asked for with the first connection.
        runtime.call_later(0.0, self.ladder.begin)

    # The program's side.

    def status(self) -> Status:
        match self.ladder.state:
            case State.CLOSED | State.STOPPED:
                return Status.OFFLINE
            case State.IDLE | State.CONNECTING | State.WAITING:
                return Status.CONNECTING
            case State.CONNECTED:
                statuses = {feed.status for feed in self._feeds.values()}
                worst = (status for status in (Status.CONNECTING, Status.CATCHING_UP) if status in statuses)
                return next(worst, Status.LIVE)

    def channel(self, name: str, since: Position | None) -> Channel:
        feed = self._feeds.get(name)
        if feed is not None:
            if since is not None:
                raise UsageError(f"channel {name!r} is followed already, from elsewhere; close that, or connect again")
            reader = self._read(feed)
            for event in sorted(feed.following.state.values(), key=lambda event: event.offset):
                reader.tell(event)
            return reader
        feed = self._feeds[name] = Feed(name, since, self._has_room)
        reader = self._read(feed)
        self._follow(feed)
        return reader

    def reconnect(self) -> None:
        if self.ladder.state in (State.WAITING, State.STOPPED):
            self.ladder.begin()
        else:
            self.ladder.check()

    async def close(self) -> None:
        self._token.stop()
        self.ladder.close()
        self.outbox.close(Closed("the client was closed"))
        self._end_feeds(None)
        self._room.close()
        await self.runtime.close()
        if self._asker is not None:
            await self._asker.close()

    def _read(self, feed: Feed) -> Channel:
        reader = Channel(feed, lambda leaving: self._leave(feed, leaving))
        feed.readers.append(reader)
        return reader

    def _leave(self, feed: Feed, reader: Channel) -> None:
        feed.readers.remove(reader)
        if not feed.readers and self._feeds.get(feed.name) is feed:
            self._forget(feed)
            for life in self.ladder.lives:
                if life.connection is not None:
                    life.connection.unfollow(feed.name)
        self._has_room(feed)

    def _forget(self, feed: Feed) -> None:
        del self._feeds[feed.name]
        feed.end(None)
        again = self._again.pop(feed.name, None)
        if again is not None:
            again[0].stop()

    def _follow(self, feed: Feed) -> None:
        """Have every connection follow it, from where it stands."""
        for life in self.ladder.lives:
            if life.connection is not None:
                life.connection.follow(feed.name, feed.since)

    def _end_feeds(self, ended: Ended | None) -> None:
        error = None if ended is None or ended.finished else ended.refusal()
        for feed in list(self._feeds.values()):
            self._feeds.pop(feed.name)
            feed.end(error)
        for timer, _ in self._again.values():
            timer.stop()
        self._again.clear()
        self._room.changed()

    # The connections' side: see `LifeHost`.

    def token(self) -> str | None:
        return self._token.value

    def follows(self) -> Follows:
        return {name: feed.since for name, feed in self._feeds.items() if feed.error is None and not feed.paused}

    def told(self, life: Life, channel: str, message: Fields) -> None:
        feed = self._feeds.get(channel)
        if feed is None or feed.paused or self._blocked(life, feed, message):
            return
        for one in feed.take(message):
            if isinstance(one, Gap):
                life.gaps.add(channel)
                self._on_change(one)

    def _blocked(self, life: Life, feed: Feed, message: Fields) -> bool:
        """Two connections that were opened before anything was told each begin at the head of their moment. The later
        one may begin beyond where the reader stands by then: it has to begin anew, from there."""
        name, since = feed.name, feed.following.since
        if message.get("type") == "subscribed" and "recovered" in message:
            life.blocked.discard(name)
            life.begun.add(name)
            if "snapshot" in message and since is not None and not covers(since, Position.parse(message["position"])):
                life.blocked.add(name)
                if life.connection is not None:
                    life.connection.follow(name, feed.since)
        return name in life.blocked

    def current(self, life: Life, channel: str) -> None:
        feed = self._feeds.get(channel)
        if feed is not None and not feed.paused and channel not in life.blocked:
            feed.reach()

    def refused(self, channel: str, ended: Ended) -> None:
        feed = self._feeds.get(channel)
        if feed is None:
            return
        if ended.code is not None and ended.code.retry:
            timer, backoff = self._again.setdefault(channel, (Timer(self.runtime), self._new_backoff()))
            timer.start(backoff.next(ended.retry), lambda: self._follow(feed))
            return
        del self._feeds[channel]
        feed.end(ended.refusal())

    def authenticated(self, until: float | None) -> None:
        if until is not None:
            self._token.holds(until)

    def jumped(self) -> None:
        self.ladder.check()

    async def room(self, channel: str) -> None:
        feed = self._feeds.get(channel)
        if feed is not None and feed.full:
            await self._room.wait(lambda: not feed.full or feed.paused or self._feeds.get(channel) is not feed)

    # The ladder's side: see `LadderHost`.

    def fresh_token(self, then: Callable[[Ended | None], None]) -> None:
        self._token.fresh(then)

    def renew_token(self) -> bool:
        return self._token.forget()

    def adopted(self, life: Life, before: str | None) -> None:
        for name, feed in self._feeds.items():
            again = self._again.get(name)
            if again is not None:
                again[1].reset()
            if name in life.begun:
                feed.begun()
            position = feed.following.since
            if name in self._interrupted and name not in life.gaps and position is not None:
                self._on_change(Recovered(name, position, life.name))
        self._interrupted.clear()
        if before is None:
            self._on_change(Connected(life.name))
        elif before != life.name:
            self._on_change(Switched(before, life.name))
        self.outbox.go()

    def lost(self) -> None:
        for name, feed in self._feeds.items():
            if feed.following.since is not None and feed.following.since.epoch:
                self._interrupted.add(name)
            feed.lose()

    def waits(self, reason: str, delay: float) -> None:
        self.outbox.waits(reason)
        self._on_change(Waiting(reason, delay))

    def gave_up(self, ended: Ended) -> None:
        self._end_feeds(ended)
        self.outbox.close(ended.refusal())
        self._on_change(Stopped(ended.reason))

    # Slow readers.

    def _pause_full(self) -> None:
        """Readers were full for long: the others shall not wait for them."""
        for feed in self._feeds.values():
            if feed.full and not feed.paused:
                feed.pause()
                for life in self.ladder.lives:
                    life.blocked.add(feed.name)
                    if life.connection is not None:
                        life.connection.unfollow(feed.name)
        self._room.changed()

    def _has_room(self, feed: Feed) -> None:
        self._room.changed()
        if feed.paused and self._feeds.get(feed.name) is feed:
            feed.resume()
            self._follow(feed)

    def _on_change(self, change: Change) -> None:
        try:
            self._listener(change)
        except Exception as error:  # whatever the program's own function raises; the connection is not to blame
            asyncio.get_running_loop().call_exception_handler({"message": "on_change failed", "exception": error})

    # Tokens and publications.

    def _renewed(self, token: str) -> None:
        for life in self.ladder.lives:
            if life.connection is not None:
                life.connection.renew(token)

    def _send(self, publication: Publication) -> Awaitable[str] | None:
        current = self.ladder.current
        connection = None if current is None else current.connection
        if connection is None:
            return None
        return connection.publish(publication) or self._post(publication)

    async def _post(self, publication: Publication) -> str:
        """Publish by a request of its own, which outlives the connection."""
        # Here, so that who has no need of HTTP does not load it.
        from headway.client.transports.http import Asker

        if self._asker is None:
            self._asker = Asker(self.address)
        return await self._asker.publish(publication, await self._token.get())

    def _new_backoff(self) -> Backoff:
        return Backoff(self.runtime.random, first=self._pace.first_delay, most=self._pace.most_delay)
