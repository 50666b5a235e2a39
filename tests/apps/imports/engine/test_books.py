"""The books: the order of what is written, and how much of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from headway.apps.imports.engine.books import MOST_TOLD, Books, Memory
from headway.apps.imports.engine.interface import Fault, Row
from headway.apps.imports.engine.journal import Outcome
from headway.errors import StorageError


class Spy:
    """Rejects and a task, that note what is done."""

    def __init__(self) -> None:
        self.length = 0
        self.items: list[str] = []
        self.lines: list[str] = []
        self.full = False

    def cut(self, length: int) -> None:
        """See `Rejects`."""

    def write(self, row: Row, fault: Fault) -> None:
        """See `Rejects`."""
        if self.full:
            raise StorageError("the disk is full")
        self.length += 10

    def sync(self) -> None:
        """See `Rejects`."""

    def close(self) -> None:
        """See `Rejects`."""

    def item(self, item: str, outcome: str, message: str | None = None, **more: Any) -> None:  # Any: JSON
        """See `Task`."""
        self.items.append(item)

    def log(self, message: str, level: str = "info", logger: str | None = None) -> None:
        """See `Task`."""
        self.lines.append(message)


def test_the_first_thousand_failures_are_told_and_then_where_the_rest_is() -> None:
    """Every failed row is in the rejects; those beyond a thousand are no events, and one line says so."""
    spy = Spy()
    books = Books(Memory(), spy, spy)
    for number in range(1, MOST_TOLD + 51):
        books.failed(Row(number, f"user{number}", {}), Fault("X", "", "wrong"))

    assert len(spy.items) == MOST_TOLD
    assert len(spy.lines) == 1
    assert books.standing.counts[Outcome.FAILED] == MOST_TOLD + 50
    assert books.standing.rejects == spy.length == 10 * (MOST_TOLD + 50)


def test_a_reject_that_could_not_be_written_is_not_counted() -> None:
    """The rejects come first: a row that is not in them has no outcome."""
    spy = Spy()
    spy.full = True
    books = Books(Memory(), spy, spy)
    with pytest.raises(StorageError):
        books.failed(Row(1, "ada", {}), Fault("X", "", "wrong"))

    assert not books.standing.has(1)
    assert not spy.items
