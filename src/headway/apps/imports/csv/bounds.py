"""How much of a file is looked at, and how large its parts may be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one file."""

    file_bytes: int = 1024 * 1024 * 1024
    """Ten million users of a hundred bytes: a day of PingOne's highest rate. A larger file is several imports."""
    record_bytes: int = 128 * 1024
    """One row. A profile in PingOne is at most 16 KB. No more than `csv.field_size_limit()`, so that a quote that never
    closes ends in the same place wherever reading began."""
    field_characters: int = 10_000
    """One cell. PingOne's longest texts have 1,024; JSON attributes share a profile's 16 KB."""
    columns: int = 1_000
    """PingOne's attributes, and its 400 custom ones twice."""
    broken: int = 1_000
    """Rows without an end, each of which is read twice. More of them, and the quotes mean something else."""
    sample_bytes: int = 256 * 1024
    """What detection looks at: about two thousand rows."""
