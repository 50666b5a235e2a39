"""Whether a run that changes or deletes users is confirmed: by the number that its dry run counted.

The newest dry run that has ended, of the same options and the same file, says it. A file that was uploaded once more is
the same where its bytes are.
"""

from __future__ import annotations

import asyncio
import filecmp
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from headway.apps.imports.engine.interface import Options
from headway.errors import Conflict

__all__ = ["TOUCHING", "Counted", "check", "touched"]

TOUCHING: Final = frozenset({"modify", "delete"})
"""Kinds of runs that have to be confirmed."""
_OUTCOMES: Final = ("created", "updated", "deleted")
_DONE: Final = {"modify": "changed", "delete": "deleted"}
_BESIDE_THE_POINT: Final = {
    "dry_run": False,
    "confirm": None,
    "name": None,
    "parallel": None,
    "on_stop": "pause",
    "file": None,
}
"""What changes nothing of what is done; the file is compared by itself."""

Counted = tuple[str, Options, Mapping[str, int]]
"""A dry run that has ended: its id, its options, its counts."""


def touched(counts: Mapping[str, int]) -> int:
    """How many users a run changes, creates or deletes."""
    return sum(counts.get(name, 0) for name in _OUTCOMES)


async def check(options: Options, runs: Iterable[Counted], path: Callable[[str], Path]) -> None:
    """Raise `Conflict` naming the number, unless it was confirmed. `runs` are dry ones, the newest first; `path` is
    where a file is."""
    done = _DONE[options.kind]
    for id, dry, counts in runs:
        if _work(dry) == _work(options) and await _same_file(dry.file, options.file, path):
            number = touched(counts)
            if options.confirm == number:
                return
            raise Conflict(
                f"the dry run counted {number:,} users that would be {done}; to have that done, confirm {number}",
                details={"field": "confirm", "confirm": number, "dry_run": id},
            )
    raise Conflict(
        f"make a dry run first: it counts the users that would be {done}, and that number is to be confirmed",
        details={"field": "confirm", "confirm": None, "dry_run": None},
    )


def _work(options: Options) -> Options:
    """The options as far as they say what is done."""
    mapping = {column: attribute for column, attribute in sorted(options.mapping.items()) if attribute}
    filter = {name: value for name, value in (options.filter or {}).items() if value is not None}
    changes: dict[str, Any] = {**_BESIDE_THE_POINT, "mapping": mapping, "filter": filter}  # Any: of each its own
    return msgspec.structs.replace(options, **changes)


async def _same_file(one: str | None, other: str | None, path: Callable[[str], Path]) -> bool:
    if one is None or other is None or one == other:
        return one == other
    first, second = path(one), path(other)

    def same() -> bool:
        return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)

    return await asyncio.to_thread(same)
