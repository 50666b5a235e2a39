"""The rows that failed, as they were, each with the reason; a file that is mended in a spreadsheet and imported again.

    headway.run, headway.row, headway.code, headway.field, headway.message, headway.correlation, username, email, …

Our columns stand first: a row of too few or too many cells stays such a row, and the reason is what one sees. They are
ignored when the file is imported, and replaced when it is rejected again. Several reasons of one row share its line,
separated by semicolons; a field without a name is the row as a whole.

Whoever writes cells decides what may be seen in them: run and row say where the others are found again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from headway.apps.imports.csv.guards import OWN
from headway.apps.imports.csv.problems import Problem
from headway.apps.imports.csv.reading import Row
from headway.apps.imports.csv.writing import Writer

__all__ = ["COLUMNS", "ROW_COLUMN", "RUN_COLUMN", "Rejects"]

COLUMNS: Final = tuple(f"{OWN}{name}" for name in ("run", "row", "code", "field", "message", "correlation"))
RUN_COLUMN, ROW_COLUMN = COLUMNS[:2]

_BETWEEN: Final = "; "


class Rejects:
    """Writes the rejects of one file."""

    def __init__(
        self,
        path: Path,
        header: Sequence[str],
        *,
        run: str = "",
        delimiter: str = ",",
        length: int | None = None,
        without: Collection[str] = (),
    ) -> None:
        """For rows under this header, as a run read them. `length` goes on with a file as `Writer` does."""
        self._run = run
        self._dropped = [
            index for index, name in enumerate(header) if name.casefold().startswith(OWN) or name in without
        ]
        self._writer = Writer(path, [*COLUMNS, *self._kept(header)], delimiter=delimiter, length=length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._writer.length

    def write(self, row: Row, problems: Sequence[Problem], correlation: str = "") -> None:
        """One row and why it failed; `correlation` finds the request in PingOne's own logs."""
        codes = _BETWEEN.join(problem.code for problem in problems)
        fields = _BETWEEN.join(problem.field for problem in problems)
        messages = _BETWEEN.join(problem.message for problem in problems)
        self._writer.write([self._run, str(row.number), codes, fields, messages, correlation, *self._kept(row.cells)])

    def flush(self) -> None:
        """Have what was written outlive this process."""
        self._writer.flush()

    def sync(self) -> int:
        """Make what was written durable, and return the length to keep beside the checkpoint."""
        return self._writer.sync()

    def close(self) -> None:
        """Make it durable and close. Idempotent."""
        self._writer.close()

    def abandon(self) -> None:
        """As `Writer.abandon`."""
        self._writer.abandon()

    def _kept(self, cells: Sequence[str]) -> list[str]:
        kept = [*cells]
        for index in reversed(self._dropped):
            del kept[index : index + 1]
        return kept
