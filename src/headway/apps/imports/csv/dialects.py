"""How a file is spelled: a value that a job keeps beside its checkpoint, as JSON.

{"encoding": "utf-8", "delimiter": ",", "quote": "\"", "escape": null, "spaced": false, "guarded": false,
 "guessed": false, "header": ["username", "email"], "body": {"offset": 16, "row": 1, "line": 2}}
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["Format", "Place", "reader_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row begins. Reading from here yields what reading from the beginning would."""

    offset: int = 0
    """In bytes, the byte-order mark included."""
    row: int = 1
    """Which row of users it is; the header is none."""
    line: int = 1
    """Which line of the file, as an editor counts."""

    @classmethod
    def of(cls, spelled: Mapping[str, int]) -> Place:
        """Back from JSON."""
        return cls(spelled["offset"], spelled["row"], spelled["line"])

    def spelled(self) -> dict[str, int]:
        """As JSON."""
        return {"offset": self.offset, "row": self.row, "line": self.line}


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is spelled, and its header."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    spaced: bool = False
    """Delimiters are followed by a space, before quotes too."""
    guarded: bool = False
    """Written by us: an apostrophe before what a spreadsheet would compute is ours, and is taken away."""
    guessed: bool = False
    """The encoding is the likeliest of several: show a sample before it is believed."""
    header: tuple[str, ...] = ()
    body: Place = Place()
    """Where the first row begins."""

    @classmethod
    def of(cls, spelled: Mapping[str, Any]) -> Format:
        """Back from JSON. Any: JSON."""
        return cls(**{**spelled, "header": tuple(spelled["header"]), "body": Place.of(spelled["body"])})

    def spelled(self) -> dict[str, Any]:
        """As JSON. Any: JSON."""
        return {**asdict(self), "header": list(self.header), "body": self.body.spelled()}


def reader_of(lines: Iterable[str], format: Format) -> Reader:
    """The standard library's reader, told how the file is spelled. It is lenient: what it cannot read nobody could."""
    return csv.reader(
        lines,
        delimiter=format.delimiter,
        quotechar=format.quote,
        escapechar=format.escape,
        skipinitialspace=format.spaced,
    )
