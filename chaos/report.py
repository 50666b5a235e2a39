"""The table at the end: what each kind of reader saw."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.run import Judged
from chaos.verdict import Fault

__all__ = ["table"]

_COLUMNS = ("reader", "events", "reconnects", "gaps", "overtaken", "lost", "repeated", "out of order", "other")


def table(judged: Sequence[Judged]) -> list[str]:
    """A line for each kind of reader. Of the last four columns every number must be 0."""
    rows: dict[str, list[int]] = {}
    for one in judged:
        row = rows.setdefault(one.notebook.kind, [0] * (len(_COLUMNS) - 1))
        tally = one.tally
        counted = [tally.count(fault) for fault in (Fault.LOST, Fault.REPEATED, Fault.ORDER)]
        values = [tally.events, one.notebook.reconnects, tally.gaps, tally.overtaken, *counted]
        for column, value in enumerate([*values, len(tally.findings) - sum(counted)]):
            row[column] += value
    lines = [_line(_COLUMNS[0], _COLUMNS[1:])]
    lines += [_line(kind, row) for kind, row in rows.items()]
    return [*lines, _line("all", [sum(column) for column in zip(*rows.values(), strict=True)])]


def _line(first: str, others: Sequence[object]) -> str:
    return f"{first:26}" + "".join(f"{other!s:>13}" for other in others)
