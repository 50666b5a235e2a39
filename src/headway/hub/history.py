"""Encoded history, shared: a thousand readers that catch up over the same events read and encode them once.

History is cut at fixed offsets into chunks; a chunk that is complete never changes, so it can be kept and handed to
everybody. Bounded by bytes, least recently used goes first. Chunks asked for by several readers at once are read once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headway.events import Event
from headway.hub.cursors import WireForm
from headway.log.interface import Log
from headway.positions import Gap, GapReason, Position

__all__ = ["Chunk", "History"]

CHUNK_EVENTS: Final = 256
"""Offsets in a chunk. At 300 bytes an event about 75 KB a write: large enough that the write dominates, small enough to
share."""


@dataclass(slots=True)
class Chunk:
    """Events after one offset up to another, and their bytes in the forms somebody asked for."""

    after: int
    reached: Position
    gap: Gap | None
    """What was missing at its beginning when it was read; a reader that stands before `gap.until` has that gap."""
    events: tuple[Event, ...]
    joined: dict[WireForm, bytes] = field(default_factory=dict)
    kept: bool = False
    """Whether it is held for others, so that its bytes count."""

    @property
    def size(self) -> int:
        """What holding it costs."""
        return sum(len(event.json) for event in self.events) + sum(map(len, self.joined.values()))

    def continues(self, position: Position) -> bool:
        """Whether a reader who stands there gets further by it."""
        return position.epoch == self.reached.epoch and position.offset < self.reached.offset

    def gap_for(self, position: Position) -> Gap | None:
        """What a reader who stands there is missing."""
        gap = self.gap
        if gap is None or (gap.reason is GapReason.TRIMMED and position.offset >= gap.until.offset):
            return None
        return Gap(gap.channel, position, gap.until, gap.reason)

    def since(self, offset: int) -> Sequence[Event]:
        """The events behind an offset."""
        if offset <= self.after:
            return self.events
        return [event for event in self.events if event.offset > offset]


class History:
    """Reads chunks of the log, once for everybody."""

    def __init__(self, log: Log, *, max_bytes: int, page_bytes: int, chunk_events: int = CHUNK_EVENTS) -> None:
        self._log = log
        self._size = chunk_events
        self._max_bytes = max_bytes
        self._page_bytes = page_bytes
        self._chunks: OrderedDict[tuple[str, str, int], Chunk] = OrderedDict()
        self._bytes = 0
        self._loading: dict[tuple[str, str, int], asyncio.Task[Chunk]] = {}
        self.hits = 0
        self.misses = 0

    async def chunk(self, channel: str, position: Position, head: int) -> Chunk:
        """The chunk that continues a position. Raises `StorageError`. Cancelling gives up waiting; others keep the
        read."""
        index = position.offset // self._size
        if (index + 1) * self._size > head:
            return await self._read(channel, position)
        key = (channel, position.epoch, index)
        known = self._chunks.get(key)
        if known is None:
            self.misses += 1
            loading = self._loading.get(key)
            if loading is None:
                loading = self._loading[key] = asyncio.create_task(self._load(key))
            known = await asyncio.shield(loading)
        else:
            self._chunks.move_to_end(key)
            self.hits += 1
        if known.continues(position):
            return known
        # The chunk was too large to be read at once and ends before this reader, or this reader's epoch is over:
        # what that means depends on where exactly it stands, so it reads on alone.
        return await self._read(channel, position)

    def encode(self, chunk: Chunk, form: WireForm, events: Sequence[Event]) -> bytes:
        """Events of a chunk in a form; the whole chunk in a shared form is kept."""
        if not events:
            return b""
        if events is not chunk.events or not form.shared:
            return form.join([form.encode(event) for event in events])
        joined = chunk.joined.get(form)
        if joined is None:
            joined = form.join([form.encode(event) for event in events])
            if chunk.kept:
                chunk.joined[form] = joined
                self._bytes += len(joined)
                self._evict()
        return joined

    async def _read(self, channel: str, position: Position) -> Chunk:
        page = await self._log.read(channel, position, limit=self._size, max_bytes=self._page_bytes)
        return Chunk(position.offset, page.reached, page.gap, page.events)

    async def _load(self, key: tuple[str, str, int]) -> Chunk:
        channel, epoch, index = key
        try:
            chunk = await self._read(channel, Position(epoch, index * self._size))
            if chunk.events and chunk.reached.epoch == epoch:
                self._keep(key, chunk)
            return chunk
        finally:
            del self._loading[key]

    def _keep(self, key: tuple[str, str, int], chunk: Chunk) -> None:
        self._chunks[key] = chunk
        chunk.kept = True
        self._bytes += chunk.size
        self._evict()

    def _evict(self) -> None:
        while self._bytes > self._max_bytes and len(self._chunks) > 1:
            _, gone = self._chunks.popitem(last=False)
            gone.kept = False
            self._bytes -= gone.size

    def statistics(self) -> dict[str, Any]:  # Any: numbers for people
        """What is kept and how often it helped."""
        return {"chunks": len(self._chunks), "bytes": self._bytes, "hits": self.hits, "misses": self.misses}

    async def close(self) -> None:
        """Stop what is being read."""
        loading = list(self._loading.values())
        for task in loading:
            task.cancel()
        await asyncio.gather(*loading, return_exceptions=True)
