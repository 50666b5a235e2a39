"""Rows for whoever works on them: read in a thread, some hundreds at a time, the next ones while these are worked on.

`take` gives one without waiting; only where it gives None there is something to wait for, in `refill`. Rows that are
handed back come first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterator

from headway.apps.imports.engine.interface import Row

__all__ = ["Feed"]


class Feed:
    """The rows of one run. For one event loop; `close` in the end."""

    def __init__(
        self, chunks: Iterator[list[Row]], skip: Callable[[int], bool], prepare: Callable[[Row], None]
    ) -> None:
        """`skip` says of a row's number that it is done with; `prepare` is called with every other row. Both in the
        thread."""
        self._chunks = _wanted(chunks, skip, prepare)
        self._rows: deque[Row] = deque()
        self._next: asyncio.Future[list[Row] | None] | None = None
        self._lock = asyncio.Lock()
        self._over = False

    def take(self) -> Row | None:
        """The next row, if one is at hand."""
        return self._rows.popleft() if self._rows else None

    def hand_back(self, row: Row) -> None:
        """Have it taken again, before all others."""
        self._rows.appendleft(row)

    @property
    def empty(self) -> bool:
        """Whether there are no rows any more."""
        return self._over and not self._rows

    async def refill(self) -> bool:
        """Wait for more rows. False: there are none. Raises what reading raises. Cancel freely."""
        async with self._lock:
            while not self._rows and not self._over:
                chunk = await asyncio.shield(self._next or self._read())
                self._next = None
                if chunk is None:
                    self._over = True
                else:
                    self._rows.extend(chunk)
                    self._next = self._read()
        return bool(self._rows)

    async def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._next is not None:
            # A generator that runs cannot be closed.
            with contextlib.suppress(Exception):  # nobody takes these rows any more, so nobody misses them
                await self._next
            self._next = None
        self._over = True
        await asyncio.to_thread(self._chunks.close)

    def _read(self) -> asyncio.Future[list[Row] | None]:
        self._next = asyncio.ensure_future(asyncio.to_thread(next, self._chunks, None))
        return self._next


def _wanted(
    chunks: Iterator[list[Row]], skip: Callable[[int], bool], prepare: Callable[[Row], None]
) -> Generator[list[Row], None, None]:
    for chunk in chunks:
        wanted = [row for row in chunk if not skip(row.number)]
        for row in wanted:
            prepare(row)
        yield wanted
