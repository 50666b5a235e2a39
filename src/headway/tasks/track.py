"""A loop over an iterable that counts its turns for a task, and stops where the task is to stop.

The hot path of everything here: one addition and one look for an item.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from headway.errors import UsageError
from headway.tasks.gate import Gate
from headway.tasks.tally import Number, Tally

__all__ = ["Track", "Tracked", "Whole"]

Piece = TypeVar("Piece")


class Whole(Protocol):
    """The task that turns are counted for, as far as a loop knows it."""

    gate: Gate
    inherited: bool

    @property
    def started(self) -> bool:
        """Whether it was begun."""
        ...

    def awake(self) -> None:
        """Begin it, where this process was forked from the one that it was begun in."""
        ...

    def start(self) -> object:
        """Begin it."""
        ...

    def close(self, error: BaseException | None = None) -> None:
        """End it."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracked(Protocol):
    """That task, or a part of it."""

    tally: Tally

    @property
    def root(self) -> Whole:
        """The task."""
        ...

    def point(self) -> None:
        """Stop here, if that is wanted."""
        ...

    async def apoint(self) -> None:
        """The same for a coroutine."""
        ...


class Track(Generic[Piece]):
    """The items of an iterable, one more done with each. Go through it once, with `for` or `async for`."""

    def __init__(
        self,
        handle: Tracked,
        iterable: Iterable[Piece] | AsyncIterable[Piece],
        total: Number | None,
        outcome: str | None,
    ) -> None:
        self._handle = handle
        self._iterable = iterable
        self._total = total
        self._outcome = outcome

    def __iter__(self) -> Iterator[Piece]:
        handle, iterable = self._handle, self._iterable
        if not isinstance(iterable, Iterable):
            raise UsageError(f"a {type(iterable).__name__} is gone through with `async for`")
        alone = self._begin()
        # As they are now: a process that is forked in the midst of this loop counts nothing of it.
        gate, tally = handle.root.gate, handle.tally
        cell = tally.open(self._outcome, self._total)
        try:
            handle.point()
            for piece in iterable:
                yield piece
                # The hot path: one addition and one look.
                cell.done += 1
                if gate.shut:
                    handle.point()
        except BaseException as error:
            if alone:
                alone.close(error)
            raise
        finally:
            tally.close(cell)
        if alone:
            alone.close()

    async def __aiter__(self) -> AsyncIterator[Piece]:
        handle, iterable = self._handle, self._iterable
        alone = self._begin()
        # As they are now: a process that is forked in the midst of this loop counts nothing of it.
        gate, tally = handle.root.gate, handle.tally
        cell = tally.open(self._outcome, self._total)
        try:
            await handle.apoint()
            if isinstance(iterable, AsyncIterable):
                async for piece in iterable:
                    yield piece
                    cell.done += 1
                    if gate.shut:
                        await handle.apoint()
            else:
                for piece in iterable:
                    yield piece
                    cell.done += 1
                    if gate.shut:
                        await handle.apoint()
        except BaseException as error:
            if alone:
                await alone.__aexit__(type(error), error, None)
            raise
        finally:
            tally.close(cell)
        if alone:
            await alone.__aexit__(None, None, None)

    def _begin(self) -> Whole | None:
        """A loop over a task that nobody began begins it, and ends it."""
        root = self._handle.root
        root.awake()
        if root.started or root.inherited:
            return None
        root.start()
        return root
