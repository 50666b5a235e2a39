"""Events on a terminal: what happened as lines that scroll, and below them a bar for each piece of work that says how
far it is.

    09:30:00   17  step_done  {"step":"read"}
    run:7  ━━━━━━━━━━━━━━━╺━━━━━━━━━━━━━━━━━━  40%  reading customers.csv

Tasks have rows and lines of their own: see `board`. Any other bar belongs to a channel and a key. Bars are drawn ten
times a second at most, in place, so nothing flickers; their columns have fixed widths, so nothing jumps. Those that
were at the end longest make room for new ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final

import msgspec
from rich.console import Console, Group, RenderableType
from rich.highlighter import JSONHighlighter
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Column
from rich.text import Text

from headway.cli.board import Board, line_of
from headway.cli.output import clock_of, visible
from headway.cli.progress import Progress as Measured
from headway.cli.progress import progress_of
from headway.cli.standing import standing_of
from headway.client import Event

__all__ = ["Display"]

_MOST_BARS: Final = 12
"""Half of a terminal of 24 lines: the milestones want to be seen too."""
_NAME: Final = 28
"""Characters of a name; the end is cut off."""
_KEY: Final = 9
"""Of those for a key behind the channel's own name."""

Key = tuple[str, str | None]


class Display:
    """Shows events, while it is entered."""

    def __init__(self, channels: Sequence[str], console: Console | None = None) -> None:
        self._several = len(channels) > 1
        self._width = min(_NAME, max(map(len, channels)) + _KEY)
        self._console = console or Console(highlight=False)
        self._highlight = JSONHighlighter()
        self._footer: Text | None = None
        self._board = Board()
        self._bars: dict[Key, TaskID] = {}
        """The one that was moved longest ago first."""
        self._progress = self._new_progress()
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=10,
            # What goes to a file stays there.
            redirect_stderr=sys.stderr.isatty(),
        )

    def __enter__(self) -> Display:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self.keep(event):
            line = self._line(event)
            self._console.print(line, soft_wrap=True)

    def keep(self, event: Event) -> bool:
        """Take what an event says of the work, without a line for it. Returns whether it is worth one."""
        if self._board.take(event):
            return event.type != "task_progress"
        measured = progress_of(event.data)
        if measured is not None:
            self._move(event, measured)
        # A milestone is never only a movement of a bar.
        return measured is None or not (event.key is not None or "progress" in event.type)

    def keep_all(self, events: Iterable[Event]) -> None:
        """Take what many events say, without a line for any."""
        for event in events:
            self.keep(event)

    def conclude(self, event: Event) -> None:
        """Show the state in which a task has ended, for who came too late for the event that said so."""
        standing = standing_of(event)
        if standing is not None:
            self._console.print(self._line(replace(event, type=f"task_{standing.status.value}")), soft_wrap=True)

    def say(self, line: Text) -> None:
        """Print a line that is no event."""
        self._console.print(line, soft_wrap=True)

    def show_below(self, line: Text | None) -> None:
        """Have a last line below all bars."""
        self._footer = line

    def forget(self) -> None:
        """Begin anew with nothing shown."""
        self._board, self._bars, self._progress = Board(), {}, self._new_progress()

    def refresh(self) -> None:
        """Draw now."""
        self._live.refresh()

    def _new_progress(self) -> Progress:
        """Bars that are not drawn by themselves: they stand below the board."""
        return Progress(
            TextColumn(
                "[bold]{task.description}", table_column=Column(width=self._width, no_wrap=True, overflow="ellipsis")
            ),
            BarColumn(
                bar_width=None,
                complete_style="cyan",
                finished_style="green",
                table_column=Column(ratio=2, min_width=10),
            ),
            TaskProgressColumn(table_column=Column(width=5, justify="right", no_wrap=True)),
            TextColumn("{task.fields[text]}", table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis")),
            console=self._console,
            expand=True,
        )

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = []
        if len(self._board):
            parts.append(self._board.render())
        if self._bars:
            parts.append(self._progress.get_renderable())
        if self._footer is not None:
            parts.append(self._footer)
        return Group(*parts)

    def _move(self, event: Event, measured: Measured) -> None:
        key = (event.channel, event.key)
        bar = self._bars.pop(key, None)
        if bar is None:
            bar = self._progress.add_task(_name(event), text="")
        self._bars[key] = bar
        text = escape(visible(measured.text))
        self._progress.update(bar, completed=measured.current, total=measured.total, text=text)
        if len(self._bars) > _MOST_BARS:
            self._progress.remove_task(self._bars.pop(self._oldest()))

    def _oldest(self) -> Key:
        """The bar to give up: one that is full, or the one that has not moved for longest."""
        finished = {task.id for task in self._progress.tasks if task.finished}
        return next((key for key, bar in self._bars.items() if bar in finished), next(iter(self._bars)))

    def _line(self, event: Event) -> Text:
        line = Text.assemble((clock_of(event.timestamp), "dim"), "  ")
        if self._several:
            line.append(f"{visible(event.channel)}  ")
        line.append(f"{event.offset:>4}", "cyan").append("  ")
        story = line_of(event)
        if story is not None:
            return line + story
        line.append(visible(event.type), "bold").append("  ")
        data = Text(visible(msgspec.json.encode(event.data).decode()))
        self._highlight.highlight(data)
        return line + data


def _name(event: Event) -> str:
    """The work's name; a key that only says that it is progress says nothing."""
    name = event.channel if event.key in (None, "progress") else f"{event.channel} {event.key}"
    return escape(visible(name))
