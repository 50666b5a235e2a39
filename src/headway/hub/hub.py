"""The hub: what the log made visible goes to every reader in this process, encoded once per wire form.

Data flows one way: log → `_committed` → feed → `_flush` (once per tick of the loop) → outlets. Per reader the hot path
is one comparison and one write of shared bytes. Events that became visible in the same tick are joined into one write.

A reader that falls behind is brought up from the tail in memory while that reaches, otherwise by a task of its own that
reads the log until it meets the tail. The task ends when the reader's outlet is full; `wake` begins anew. There is no
queue per reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headway.clock import Clock, SystemClock
from headway.errors import Closed, StorageError
from headway.events import Draft, Event
from headway.figures import SECONDS, SIZES, Deliveries, Histogram, Tally
from headway.hub.cursors import Cursor, Outlet, WireForm, without_overtaken
from headway.hub.feed import Feed
from headway.hub.history import CHUNK_EVENTS, Chunk, History
from headway.limits import Limits
from headway.log.interface import Appended, Listener, Log, Page, Snapshot
from headway.positions import BEGINNING, Gap, Position

__all__ = ["Hub", "Start", "Told"]

logger = logging.getLogger("headway.hub")

_RETRY_SECONDS: Final = 1.0
"""Until a failed read of the log is tried again: a full disk or a lost mount is not back sooner."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reader begins, found before it is attached so that it can be told first."""

    position: Position
    whole_until: int
    """The head at that moment: what it asked for by position ends here."""
    snapshot: Snapshot | None = None
    """The state, for a reader that came without a position."""
    gap: Gap | None = None
    """What its position can no longer be given; `snapshot` is then the state behind the gap."""
    recovered: bool = False
    """It came with a position and will be told everything after it."""

    @property
    def head(self) -> Position:
        """Where the channel ended at that moment."""
        return Position(self.position.epoch, self.whole_until)


Told = Callable[[str, str, str, int, int, int], None]
"""Called once for each flush, channel and wire form: transport, channel, the newest event's type, writes, deliveries,
bytes."""


class Hub:
    """Live fan-out over one log."""

    def __init__(
        self,
        log: Log,
        limits: Limits,
        *,
        clock: Clock | None = None,
        on_told: Told | None = None,
        chunk_events: int = CHUNK_EVENTS,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        """`clock` measures how long telling takes; `on_told` hears what was told live. It must not raise."""
        self._log = log
        self._limits = limits
        self._monotonic = (clock or SystemClock()).monotonic
        self._on_told = on_told
        self._retry_seconds = retry_seconds
        self._feeds: dict[str, Feed] = {}
        self._watchers: dict[str, Listener] = {}
        self._dirty: dict[Feed, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[Outlet, dict[Cursor, None]] = {}
        # Outlets for which the log is being read, with the cursors that wait for their turn.
        self._history = History(
            log, max_bytes=limits.chunk_cache_bytes, page_bytes=limits.page_bytes, chunk_events=chunk_events
        )
        self._closed = False
        self._released = False
        self.delivered: defaultdict[str, Deliveries] = defaultdict(Deliveries)
        """What was written, by transport."""
        self.conflated = 0
        self.gaps = 0
        self.catch_ups = 0
        self.read_errors = 0
        self.starts: Tally[str] = Tally("other", ("fresh", "recovered", "gap"))
        """How readers began."""
        self.caught_up = Histogram(SIZES)
        """Events that readers who came with a position had missed."""
        self.flush_seconds = Histogram(SECONDS)
        """Time to tell all readers what one tick made visible."""
        log.listen(self._committed)

    # Producers.

    async def publish(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> Appended:
        """Append to the log; readers are told because the log tells the hub. Raises what `Log.append` raises.

        Cancelling gives up the answer: the events may be stored and delivered all the same.
        """
        if self._closed:
            raise Closed("the hub is closed")
        return await self._log.append(channel, drafts, idempotency_key=idempotency_key)

    # Readers.

    async def start(self, channel: str, since: Position | None) -> Start:
        """Find where a reader begins: without a position at the head with the snapshot, with one right after it.

        Raises `StorageError`. Nothing is registered: cancel freely.
        """
        if since is None:
            snapshot = await self._log.snapshot(channel)
            return Start(snapshot.position, snapshot.position.offset, snapshot)
        page = await self._log.read(channel, since, limit=1)
        if page.gap is not None:
            self.gaps += 1
            snapshot = await self._log.snapshot(channel)
            return Start(page.gap.until, page.head, snapshot, page.gap)
        if since == BEGINNING:
            first = page.events[0].offset - 1 if page.events else page.reached.offset
            return Start(Position(page.reached.epoch, first), page.head, recovered=True)
        # The epoch of now: a position of a parent's life reads on under the child's.
        return Start(Position(page.reached.epoch, since.offset), page.head, recovered=True)

    def attach(self, cursor: Cursor, start: Start | None = None) -> None:
        """Have the cursor follow its channel from where it stands. Writing begins at once if it is behind.

        `start` is where a reader that has just come begins; without it, it goes on.
        """
        if start is not None:
            self._note_start(start)
        feed = self._feed(cursor.channel)
        feed.add(cursor)
        cursor.attached = True
        self.wake(cursor)

    def detach(self, cursor: Cursor) -> None:
        """Have the cursor follow no more. Idempotent; nothing is written to it from now on."""
        if not cursor.attached:
            return
        cursor.attached = False
        feed = self._feeds[cursor.channel]
        feed.remove(cursor)
        self._drop_if_idle(feed)

    def wake(self, cursor: Cursor) -> None:
        """The cursor's outlet can be written again: bring it up to date."""
        if cursor.attached and cursor.outlet.writable and not cursor.reading:
            feed = self._feeds[cursor.channel]
            if feed.loaded:
                self._continue(feed, cursor)

    async def read(self, channel: str, after: Position, *, limit: int, max_bytes: int) -> Page:
        """A page of the log for a reader without a cursor. Raises `StorageError`."""
        page = await self._log.read(channel, after, limit=limit, max_bytes=max_bytes)
        if page.gap is not None:
            self.gaps += 1
        return page

    async def snapshot(self, channel: str, keys: Collection[str] | None = None) -> Snapshot:
        """The state of a channel. Raises `StorageError`."""
        return await self._log.snapshot(channel, keys)

    async def head(self, channel: str) -> Position:
        """The newest position of a channel. Raises `StorageError`."""
        return self.known_head(channel) or await self._log.head(channel)

    def known_head(self, channel: str) -> Position | None:
        """The newest position of a channel that has readers here; None of any other."""
        feed = self._feeds.get(channel)
        return Position(feed.epoch, feed.head) if feed is not None and feed.loaded else None

    async def changed(self, channel: str, position: Position, wait: float) -> bool:
        """Wait until there is something after a position, at most so many seconds; whether there is. Cancel freely."""
        feed = self._feed(channel)
        if feed.loaded and feed.epoch != position.epoch:
            self._learn(feed)
        if self._released or (feed.loaded and feed.behind(position)):
            self._drop_if_idle(feed)
            return feed.loaded and feed.behind(position)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        feed.waiters[waiter] = position
        try:
            async with asyncio.timeout(wait):
                await waiter
            return feed.loaded and feed.behind(position)
        except TimeoutError:
            return False
        finally:
            feed.waiters.pop(waiter, None)
            self._drop_if_idle(feed)

    def release(self) -> None:
        """Let every waiting poll go with nothing, and let none wait from now on: the process is about to end."""
        self._released = True
        for feed in self._feeds.values():
            for waiter in feed.waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def watch(self, channel: str, watcher: Listener) -> None:
        """Have this process itself told of a channel's events, as they become visible. One watcher a channel."""
        self._watchers[channel] = watcher

    async def channels(self, after: str, limit: int) -> list[tuple[str, Position]]:
        """Channels that hold or held events, by name. Raises `StorageError`."""
        return await self._log.channels(after, limit)

    def readers(self, channel: str) -> Iterable[Cursor]:
        """The cursors that follow a channel now."""
        feed = self._feeds.get(channel)
        return [cursor for group in feed.cursors.values() for cursor in group] if feed is not None else []

    def acknowledged(self, channel: str) -> int | None:
        """The lowest offset confirmed by all readers that promised to confirm; None if nobody promised."""
        confirmed = [cursor.acknowledged for cursor in self.readers(channel) if cursor.acknowledged is not None]
        return min(confirmed) if confirmed else None

    def _note_start(self, start: Start) -> None:
        self.starts.add("gap" if start.gap is not None else "recovered" if start.recovered else "fresh")
        if start.snapshot is None or start.gap is not None:
            self.caught_up.note(max(0, start.whole_until - start.position.offset))

    # The way of every event.

    def _committed(self, events: Sequence[Event]) -> None:
        """What a commit made visible, in commit order. Channels nobody follows cost one look-up."""
        by_channel: dict[str, list[Event]] = {}
        for event in events:
            if event.channel in self._feeds:
                by_channel.setdefault(event.channel, []).append(event)
            if event.channel in self._watchers:
                self._watchers[event.channel]([event])
        for channel, news in by_channel.items():
            feed = self._feeds[channel]
            feed.take(news)
            if feed.loaded:
                self._mark(feed)

    def _mark(self, feed: Feed) -> None:
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty[feed] = None

    def _flush(self) -> None:
        """Once per tick: every feed with news tells its readers."""
        dirty, self._dirty = self._dirty, {}
        began = self._monotonic()
        for feed in dirty:
            if not feed.loaded:
                continue
            for waiter, position in feed.waiters.items():
                if feed.behind(position) and not waiter.done():
                    waiter.set_result(None)
            try:
                self._tell(feed)
            except Exception:  # a mistake of ours in one channel must not silence the others
                logger.exception("! the readers of %r could not be told", feed.channel)
        self.flush_seconds.note(self._monotonic() - began)

    def _tell(self, feed: Feed) -> None:
        for form, readers in list(feed.cursors.items()):
            self._tell_group(feed, form, list(readers))

    def _tell_group(self, feed: Feed, form: WireForm, readers: Sequence[Cursor]) -> None:
        """Tell the readers of one form. What is counted is counted in locals: the loop has nothing else to do."""
        head, epoch, max_bytes = feed.head, feed.epoch, self._limits.page_bytes
        # Nearly all readers stand at the same offset, so the bytes made for the first are the bytes of all.
        at, data, reached, count = -1, b"", 0, 0
        alike = writes = events = size = 0
        for cursor in readers:
            if cursor.reading:
                continue
            if cursor.offset >= head and cursor.epoch == epoch:
                cursor.lagging = False
                continue
            if not cursor.outlet.writable:
                self._note_lag(feed, cursor)
                continue
            if cursor.lagging or not cursor.form.shared:
                self._continue(feed, cursor)
                continue
            if cursor.offset != at or cursor.epoch != epoch:
                if not feed.covers(cursor):
                    self._continue(feed, cursor)
                    continue
                writes, events, size = writes + alike, events + alike * count, size + alike * len(data)
                at, alike = cursor.offset, 0
                data, reached, _ = feed.chunk(cursor, max_bytes)
                count = reached - at
            cursor.offset = reached
            cursor.outlet.write(data)
            alike += 1
            if reached < head:
                self._continue(feed, cursor)
        writes, events, size = writes + alike, events + alike * count, size + alike * len(data)
        if writes:
            self.delivered[form.transport].add(writes, events, size)
            if self._on_told is not None:
                self._on_told(form.transport, feed.channel, feed.tail[-1].type, writes, events, size)

    def _continue(self, feed: Feed, cursor: Cursor) -> None:
        """Write to one reader until it is at the head or its outlet is full; from the log where the tail does not
        reach."""
        while feed.behind(cursor):
            if not cursor.outlet.writable:
                self._note_lag(feed, cursor)
                return
            if not feed.covers(cursor):
                self._read_in_turn(feed, cursor)
                return
            data, reached, skipped = feed.chunk(cursor, self._limits.page_bytes)
            self._write(cursor, data, reached, reached - cursor.offset - skipped)
            self.conflated += skipped
        cursor.lagging = False

    def _note_lag(self, feed: Feed, cursor: Cursor) -> None:
        """A reader that cannot be written lags from a bound on; a short wait, as between two polls, is none."""
        if feed.head - cursor.offset > self._limits.lag_events:
            cursor.lagging = True

    def _write(self, cursor: Cursor, data: bytes, reached: int, count: int) -> None:
        cursor.offset = reached
        if data:
            cursor.outlet.write(data)
            self.delivered[cursor.form.transport].add(1, count, len(data))

    async def _read_on(self, feed: Feed, cursor: Cursor) -> None:
        """Bring one reader through the log until the tail reaches it, its outlet is full, or it leaves."""
        self.catch_ups += 1
        newest: dict[str, int] | None = None
        while cursor.attached and feed.loaded and feed.behind(cursor) and not feed.covers(cursor):
            if not cursor.outlet.writable:
                self._note_lag(feed, cursor)
                return
            if cursor.lagging and newest is None:
                snapshot = await self._log.snapshot(cursor.channel)
                newest = {event.key: event.offset for event in snapshot.events if event.key is not None}
            chunk = await self._history.chunk(cursor.channel, cursor.position, feed.head)
            if not cursor.attached or not cursor.outlet.writable:
                continue
            gap = chunk.gap_for(cursor.position)
            if gap is not None:
                await self._tell_gap(cursor, gap)
                newest = None
                continue
            if chunk.reached.epoch != cursor.epoch:
                # The log kept all of what this reader was told, and goes on from there under another epoch.
                cursor.epoch, newest = chunk.reached.epoch, None
            self._write_chunk(cursor, chunk, newest)
            if cursor.epoch != feed.epoch and feed.loaded:
                self._learn(feed)
            if not chunk.events:
                await asyncio.sleep(0)  # an empty page below the head: the log is about to show more

    def _write_chunk(self, cursor: Cursor, chunk: Chunk, newest: dict[str, int] | None) -> None:
        events = chunk.since(cursor.offset)
        kept: Sequence[Event] = events
        if cursor.lagging:
            kept = without_overtaken(events, cursor.whole_until, newest)
            self.conflated += len(events) - len(kept)
            if len(kept) == len(events):
                kept = events
        most = cursor.form.max_events
        if len(kept) <= most:
            self._write(
                cursor,
                self._history.encode(chunk, cursor.form, kept),
                max(cursor.offset, chunk.reached.offset),
                len(kept),
            )
            return
        kept = kept[:most]
        self._write(cursor, cursor.form.join([cursor.form.encode(event) for event in kept]), kept[-1].offset, most)

    async def _tell_gap(self, cursor: Cursor, gap: Gap) -> None:
        """A reader fell so far behind that retention overtook it: say so, with the state behind the gap."""
        snapshot = await self._log.snapshot(cursor.channel)
        if cursor.attached and cursor.outlet.writable:
            self.gaps += 1
            if cursor.epoch != gap.until.epoch:
                # What it asked for whole ended with the life of the log it asked it of.
                cursor.epoch, cursor.whole_until = gap.until.epoch, gap.until.offset
            self._write(cursor, cursor.form.gap(gap, snapshot.events), gap.until.offset, 0)

    # Feeds and tasks.

    def _feed(self, channel: str) -> Feed:
        if self._closed:
            raise Closed("the hub is closed")
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = Feed(channel, self._limits.tail_events, self._limits.tail_bytes)
            self._learn(feed)
        return feed

    def _learn(self, feed: Feed) -> None:
        feed.loaded = False
        self._own(self._load(feed))

    async def _load(self, feed: Feed) -> None:
        """Learn the head. Until then commits only fill the tail; then everybody who is behind is told."""
        while self._feeds.get(feed.channel) is feed:
            known = feed.epoch
            try:
                head = await self._log.head(feed.channel)
            except StorageError as error:
                self.read_errors += 1
                logger.warning("! cannot read the head of %r: %s", feed.channel, error)
                await asyncio.sleep(self._retry_seconds)
                continue
            if head.epoch != feed.epoch:
                if feed.epoch != known:
                    continue  # a commit of another life of the log came meanwhile: which of them is over?
                feed.begin(head.epoch)
            feed.head = max(feed.head, head.offset)
            feed.loaded = True
            self._mark(feed)
            return

    def _drop_if_idle(self, feed: Feed) -> None:
        if feed.idle and self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]
            self._dirty.pop(feed, None)

    def _read_in_turn(self, feed: Feed, cursor: Cursor) -> None:
        """Read the log for one cursor of a connection at a time: what several read at once, one outlet cannot take."""
        waiting = self._turns.get(cursor.outlet)
        if waiting is not None:
            waiting[cursor] = None
            return
        self._turns[cursor.outlet] = {}
        cursor.reading = True
        self._own(self._bring_up(feed, cursor, cursor.outlet))

    async def _bring_up(self, feed: Feed, cursor: Cursor, outlet: Outlet) -> None:
        """Own one reading of the log for a cursor. Then the connection's other cursors have their turn first."""
        failed = False
        try:
            await self._read_on(feed, cursor)
        except StorageError as error:
            failed = True
            self.read_errors += 1
            logger.warning("! cannot read on in %r: %s", cursor.channel, error)
        finally:
            cursor.reading = False
            waiting = self._turns.pop(outlet, {})
        for other in waiting:
            self.wake(other)
        if failed:
            asyncio.get_running_loop().call_later(self._retry_seconds, self.wake, cursor)
        else:
            self.wake(cursor)

    def _own(
        self, work: Coroutine[Any, Any, None]
    ) -> None:  # Any: what a coroutine yields and is sent, which is the loop's
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def statistics(self) -> dict[str, Any]:  # Any: numbers and histograms; see `figures.plain`
        """Everything bounded and everything counted."""
        return {
            "channels": len(self._feeds),
            "cursors": sum(len(group) for feed in self._feeds.values() for group in feed.cursors.values()),
            "waiting_polls": sum(len(feed.waiters) for feed in self._feeds.values()),
            "tail_events": sum(len(feed.tail) for feed in self._feeds.values()),
            "tail_bytes": sum(feed.tail_bytes for feed in self._feeds.values()),
            "reading": len(self._tasks),
            "deliveries": sum(one.events for one in self.delivered.values()),
            "writes": sum(one.writes for one in self.delivered.values()),
            "bytes": sum(one.bytes for one in self.delivered.values()),
            "conflated": self.conflated,
            "gaps": self.gaps,
            "catch_ups": self.catch_ups,
            "read_errors": self.read_errors,
            "starts": self.starts.counts(),
            "flush_seconds": self.flush_seconds,
            "caught_up": self.caught_up,
            "delivered": {
                name: {"writes": one.writes, "events": one.events, "bytes": one.bytes}
                for name, one in self.delivered.items()
            },
            "history": self._history.statistics(),
        }

    async def close(self) -> None:
        """Detach everybody and stop reading. The log stays open."""
        self._closed = True
        for feed in list(self._feeds.values()):
            for cursor in [cursor for group in feed.cursors.values() for cursor in group]:
                cursor.attached = False
            for waiter in list(feed.waiters):
                waiter.cancel()
        self._feeds.clear()
        self._dirty.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._history.close()
