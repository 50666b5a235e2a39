"""Tasks as a terminal shows them: a row for each that says how far it is, and a line for each thing that happened.

    Nightly ETL   ━━━━━━━━━━━━╺━━━━━━━━━━━━  42%  46 s left · 420/1,000 rows · 12.5/s
                  row 420 · created 400 · failed 20
      users       ━━━━━━━━━━━━━━━━━━━━━━━━━ 100%  done in 12 s

    09:30:00   17  failed     row 17: no email (no_email)

Reads the events of `headway.tasks.wire`. Whatever only looks like one of them is none: it is shown as any other event.
Draws nothing by itself: `display` puts this on the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from headway.cli.output import visible
from headway.cli.standing import Standing, standing_of
from headway.cli.telling import counts_of, story_of, way_of
from headway.client import Event
from headway.tasks.model import Status
from headway.tasks.wire import TASKS

__all__ = ["Board", "line_of"]

_MOST: Final = 12
"""Half of a terminal of 24 lines: what happens wants to be seen too."""
_NAME: Final = 26
"""Characters of a name, with its indent; the end is cut off."""
_STYLES: Final[Mapping[str, str]] = {
    "completed": "green",
    "failed": "red",
    "error": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "paused": "yellow",
    "retrying": "yellow",
    "skipped": "yellow",
    "warning": "yellow",
    "debug": "dim",
}


@dataclass(slots=True)
class _Row:
    told: Standing
    channel: str
    heard: int
    """When it was heard of last, in events."""

    @property
    def detailed(self) -> bool:
        """Whether it has a second line."""
        return self.told.parent is None and self.channel != TASKS


class Board:
    """The tasks that are shown, each with its parts below it. In the channel of all tasks those that have ended make
    room at once; elsewhere, the end is what people came for."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], _Row] = {}
        """In the order in which they were first heard of."""
        self._heard = 0

    def take(self, event: Event) -> bool:
        """Keep what an event says of a task. False: it says nothing of one."""
        told = standing_of(event)
        if told is None:
            return False
        self._heard += 1
        known = self._rows.get(told.own)
        if event.channel == TASKS and known is not None and known.channel != TASKS:
            return True  # followed in both places, the task's own channel knows it best
        if event.channel == TASKS and told.status.terminal:
            self._rows.pop(told.own, None)
        elif known is None:
            self._rows[told.own] = _Row(told, event.channel, self._heard)
        else:
            known.told, known.channel, known.heard = told, event.channel, self._heard
        return True

    def __len__(self) -> int:
        return len(self._rows)

    def render(self) -> RenderableType:
        """The rows, as they stand now."""
        parts: list[RenderableType] = []
        shown = self._shown()
        tree = [one for row in shown if not _under(row, shown) for one in _tree(row, shown, 0)]
        width = min(_NAME, max((len(row.told.name) + 2 * depth for depth, row in tree), default=0))
        for depth, row in tree:
            parts.append(_drawn(row.told, depth, width, current=not row.detailed))
            if row.detailed:
                parts += _below(row.told, width)
        return Group(*parts)

    def _shown(self) -> list[_Row]:
        """As many as there is room for: parts that have ended go first, then who was heard of longest ago."""
        rows = list(self._rows.values())
        importance = sorted(rows, key=lambda row: (not (row.told.parent and row.told.status.terminal), row.heard))
        kept = {row.told.own for row in importance[-_MOST:]}
        return [row for row in rows if row.told.own in kept]


def _under(row: _Row, shown: list[_Row]) -> bool:
    parent = (row.told.own[0], row.told.parent)
    return any(other.told.own == parent for other in shown)


def _tree(row: _Row, shown: list[_Row], depth: int) -> Iterator[tuple[int, _Row]]:
    """A task, followed by its parts, and they by theirs."""
    yield depth, row
    for part in shown:
        if part.told.parent == row.told.task and part.told.own[0] == row.told.own[0] and part is not row:
            yield from _tree(part, shown, depth + 1)


def _drawn(told: Standing, depth: int, width: int, *, current: bool) -> Table:
    """One row. Its columns have the same widths in all rows, so nothing jumps."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=width, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=2, min_width=10)
    table.add_column(width=4, justify="right", no_wrap=True)
    table.add_column(ratio=4, no_wrap=True, overflow="ellipsis")
    name = Text("  " * depth + visible(told.name), "" if depth else "bold")
    percent = "" if told.percent is None else f"{int(told.percent)}%"
    table.add_row(name, _bar(told), percent, Text(visible(_text(told, current=current)), _colour(told)))
    return table


def _bar(told: Standing) -> ProgressBar:
    style = _colour(told) or "cyan"
    if told.percent is None and told.status is not Status.COMPLETED:
        moving = told.status is Status.RUNNING and not told.stalled
        return ProgressBar(total=None if moving else 1, completed=0, pulse=moving, pulse_style=style)
    percent = 100.0 if told.percent is None else told.percent
    return ProgressBar(total=100.0, completed=percent, complete_style=style, finished_style=style)


def _colour(told: Standing) -> str:
    if told.status is Status.RUNNING:
        return "yellow" if told.stalled or told.wanted is not None else ""
    return "dim" if told.status is Status.QUEUED else _STYLES.get(told.status.value, "")


def _text(told: Standing, *, current: bool) -> str:
    """How a task stands, the most important first: the end is cut off where there is no room."""
    at = told.current if current and not told.status.terminal else None
    return " · ".join(part for part in (way_of(told), at) if part)


def _below(told: Standing, width: int) -> Iterator[RenderableType]:
    """A task's second line: what it is at, and its counts."""
    current = "" if told.status.terminal else told.current or ""
    said = " · ".join(part for part in (current, *counts_of(told)) if part)
    if said:
        line = Text(visible(said).replace("\n", " "), "dim", no_wrap=True, overflow="ellipsis")
        yield Padding(line, (0, 0, 0, width + 1))


def line_of(event: Event) -> Text | None:
    """What happened, in a line; None where there is nothing to tell of a task."""
    story = story_of(event)
    if story is None:
        return None
    return Text.assemble((f"{visible(story.word):<11}", _STYLES.get(story.word, "bold")), visible(story.text))
