"""The books of a run: what became of each row, once, in the order that a crash cannot undo.

A failed row goes into the rejects file first, then into the ledger, then to who watches. The ledger is a `Journal`, or
a `Memory` where nothing is written that a later attempt would have to know.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from headway.apps.imports.engine.interface import Fault, Rejects, Row
from headway.apps.imports.engine.journal import Outcome, Standing

__all__ = ["MOST_TOLD", "Books", "Ledger", "Memory", "Telling"]

MOST_TOLD: Final = 1_000
"""Failed rows of a run that are events: a page of them is read, a million are a file."""


class Telling(Protocol):
    """As much of a task as is told about rows."""

    def item(
        self,
        item: str,
        outcome: str,
        message: str | None = None,
        *,
        code: str | None = None,
        count: bool = True,
        **more: Any,
    ) -> None:  # Any: JSON values
        ...

    def log(self, message: str, level: str = "info", logger: str | None = None) -> None: ...


class Ledger(Protocol):
    """Where it stands what was tried and what came of it; see `Journal`."""

    @property
    def standing(self) -> Standing: ...

    def trying(self, row: int, at: float, *, changing: bool = False) -> None: ...

    def freed(self, row: int) -> None: ...

    def outcome(self, row: int, outcome: Outcome, code: str = "", rejects: int | None = None) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class Memory:
    """A ledger that ends with the process."""

    def __init__(self) -> None:
        self.standing = Standing()

    def trying(self, row: int, at: float, *, changing: bool = False) -> None:
        """Nothing that is only looked at is in doubt."""

    def freed(self, row: int) -> None:
        """As above."""

    def outcome(self, row: int, outcome: Outcome, code: str = "", rejects: int | None = None) -> None:
        """This row is done with."""
        self.standing.note_outcome(row, outcome, code, self.standing.rejects if rejects is None else rejects)

    def sync(self) -> None:
        """There is nothing."""

    def close(self) -> None:
        """There is nothing."""


class Books:
    """Keeps them."""

    def __init__(self, ledger: Ledger, rejects: Rejects, telling: Telling) -> None:
        self.ledger = ledger
        self.rejects = rejects
        self.standing = ledger.standing
        self.latest = ""
        """Whose row was the last one."""
        self.succeeded = 0
        """Rows for which PingOne did something in this attempt: a sign that it is there."""
        self._telling = telling

    def done(self, row: Row, outcome: Outcome, code: str = "") -> None:
        """A row came to a good end. Raises `StorageError`."""
        self.ledger.outcome(row.number, outcome, code)
        self.latest = row.username

    def failed(self, row: Row, fault: Fault) -> None:
        """A row failed. Raises `StorageError`."""
        self.rejects.write(row, fault)
        self.ledger.outcome(row.number, Outcome.FAILED, fault.code, self.rejects.length)
        self.latest = row.username
        self._tell(row.username or f"row {row.number}", row.number, fault)

    def lost(self, number: int, fault: Fault) -> None:
        """A row failed that is not at hand any more. Raises `StorageError`."""
        self.ledger.outcome(number, Outcome.FAILED, fault.code)
        self._tell(f"row {number}", number, fault)

    def sync(self) -> None:
        """Have everything outlive a power cut: the rejects before the ledger that counts them. From any thread. Raises
        `StorageError`."""
        self.rejects.sync()
        self.ledger.sync()

    def _tell(self, name: str, number: int, fault: Fault) -> None:
        told = self.standing.counts[Outcome.FAILED]
        if told > MOST_TOLD:
            return
        self._telling.item(
            name,
            "failed",
            fault.message,
            code=fault.code,
            count=False,
            row=number,
            field=fault.field,
            correlation_id=fault.correlation_id,
        )
        if told == MOST_TOLD:
            self._telling.log(
                f"{MOST_TOLD} rows have failed; what fails from here on is in the rejects file only", "warning"
            )
