"""A dry run: the same file, the same decisions, nothing written.

Who is there already is found out in whichever way costs fewer requests: by listing the environment, or by asking for
each row. Listed usernames are kept as hashes of eight bytes: a million of them take 8 MB, and that two of a million
files of a million rows meet is one chance in a hundred thousand. Whether an update would change anything, only the
user itself can tell: with that policy each user who is there is read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, Protocol

from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.dispatching import Course
from headway.apps.imports.engine.interface import Client, Fault, Row
from headway.apps.imports.engine.journal import Outcome
from headway.apps.imports.engine.policies import EXISTS, UNCHANGED, Policy, changes
from headway.apps.imports.engine.stopping import Stopped, fault, stop
from headway.pingone.errors import PingOneError

__all__ = ["DryRun", "Known", "known_users"]

_PAGE: Final = 200
"""Users a page: the most the documents grant. What the first page holds says what the server really gives."""
_TAKEN: Final = "is unique but a non-unique value is provided"
"""PingOne's own words for it."""


class Gate(Protocol):
    """Whether to go on."""

    async def apoint(self) -> None:
        """Holds still, or raises."""
        ...


class Known:
    """Usernames, whatever their case (L)."""

    def __init__(self, marks: Iterable[int]) -> None:
        # In drawers, by the first byte: sorting a million numbers at once would take another 40 MB.
        drawers = [array("Q") for _ in range(256)]
        for mark in marks:
            drawers[mark >> 56].append(mark)
        self._drawers = [array("Q", sorted(drawer)) for drawer in drawers]

    def __contains__(self, username: object) -> bool:
        mark = _mark(str(username))
        drawer = self._drawers[mark >> 56]
        place = bisect_left(drawer, mark)
        return place < len(drawer) and drawer[place] == mark

    def __len__(self) -> int:
        return sum(map(len, self._drawers))


async def known_users(client: Client, rows: int, gate: Gate) -> Known | None:
    """Everybody in the environment; None where asking for each row is cheaper. Raises `PingOneError`."""
    marks = array("Q")
    pages = 0
    async for page in client.user_pages(limit=_PAGE):
        pages += 1
        marks.extend(_mark(user.username) for user in page.entries)
        expected = (page.count or 0) / max(1, len(page.entries))
        if max(pages, expected) > max(1, rows):
            return None
        await gate.apoint()
    return Known(marks)


class DryRun:
    """Decides rows."""

    def __init__(self, client: Client, books: Books, policy: Policy, known: Known | None) -> None:
        self._client = client
        self._books = books
        self._policy = policy
        self._known = known

    async def row(self, row: Row, course: Course) -> None:
        """Decide one row. Raises `Stopped`, `StorageError`. Cancelling changes nothing."""
        if row.faults:
            self._books.failed(row, row.faults[0])
            return
        if self._known is not None and row.username not in self._known:
            self._books.done(row, Outcome.CREATED)
            return
        if self._known is not None and self._policy is not Policy.UPDATE:
            self._there(row)
            return
        succeeded = self._books.succeeded
        try:
            await self._look(row)
        except PingOneError as error:
            stopping = stop(error, others_succeed=self._books.succeeded > succeeded)
            if stopping is not None:
                raise Stopped(stopping) from error
            self._books.failed(row, fault(error))

    async def _look(self, row: Row) -> None:
        user = await self._client.user_named(row.username)
        self._books.succeeded += 1
        if user is None:
            self._books.done(row, Outcome.CREATED)
        elif self._policy is not Policy.UPDATE:
            self._there(row)
        elif changes(row.body, user):
            self._books.done(row, Outcome.UPDATED)
        else:
            self._books.done(row, Outcome.SKIPPED, UNCHANGED)

    def _there(self, row: Row) -> None:
        if self._policy is Policy.FAIL:
            self._books.failed(row, Fault("UNIQUENESS_VIOLATION", "username", _TAKEN))
        else:
            self._books.done(row, Outcome.SKIPPED, EXISTS)


def _mark(username: str) -> int:
    return int.from_bytes(blake2b(username.casefold().encode(errors="replace"), digest_size=8).digest(), "little")
