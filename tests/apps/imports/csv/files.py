"""Files in memory, and readers of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace

from headway.apps.imports.csv.bounds import Bounds
from headway.apps.imports.csv.dialects import Format, Place
from headway.apps.imports.csv.reading import Reader, Row

HEADER = ("username", "email", "name.given")


def spelled(rows: Iterable[Sequence[str]], format: Format, newline: str = "\r\n", *, every: bool = False) -> bytes:
    """The rows as bytes of a file, without a header. `every`: quotes around every cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=format.delimiter,
        quotechar=format.quote,
        lineterminator=newline,
        # Before Python 3.13 only the characters of the line's own end are quoted.
        quoting=csv.QUOTE_ALL if every or newline != "\r\n" else csv.QUOTE_MINIMAL,
    )
    writer.writerows(rows)
    return text.getvalue().encode(format.encoding)


def reader(body: bytes, header: Sequence[str] = HEADER, bounds: Bounds | None = None, **spelling: object) -> Reader:
    """A reader of a file that has no line above its first row."""
    format = replace(Format(), header=tuple(header), body=Place(), **spelling)  # type: ignore[arg-type]  # a test's own
    return Reader(io.BytesIO(body), format, bounds=bounds or Bounds())


def resumed(straight: Reader, row: Row) -> list[Row]:
    """What a reader that starts at this row yields."""
    return [*Reader(straight._source, straight.format, row.place, straight._bounds)]
