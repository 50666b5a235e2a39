"""rich's progress display, which a Headway server is told of as well. It takes changing one import:

    from headway.integrations.rich import Progress, track

    with Progress(name="Backup") as progress:
        files = progress.add_task("Copy", total=500)
        progress.advance(files)

The display is one task; each of its bars is a part of it, and the task shows their sum. A part is completed when its
bar reaches its total, or with the display. What is asked for in a browser happens where a bar is moved: pause waits
there, cancel raises `Cancelled`.

HEADWAY_URL and HEADWAY_TOKEN say which server is told. Without one it is plain rich. Not here: the other direction, a
task of a server drawn in a terminal (`headway watch task:…`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import rich.progress as original
from rich.text import Text

from headway.tasks.task import Cancelled, Child, Task

__all__ = ["Cancelled", "Progress", "track"]

_MOST_PARTS: Final = 100
"""Each is a key of the task's channel, and so a line of what a late viewer is sent first. Later bars only count."""

_RICH: Final = original.__name__

Item = TypeVar("Item")


class Progress(original.Progress):
    """rich's display. Further arguments: `name`, the task's, and `reporter`, who tells the server (`headway.task`)."""

    def __init__(
        self,
        *columns: str | original.ProgressColumn,
        name: str | None = None,
        reporter: Any = None,  # Any: a `Reporter`, or whatever has a method `task` like it
        **kwargs: Any,  # Any: rich's own
    ) -> None:
        self._name = name or (Path(sys.argv[0]).name if sys.argv else "") or "progress"
        self._reporter = reporter
        self._told: Task | None = None
        self._parts: dict[original.TaskID, Child] = {}
        self._complete: set[original.TaskID] = set()
        self._begun = 0
        """Parts so far."""
        super().__init__(*columns, **kwargs)

    def start(self) -> None:
        """Begin, on the terminal and on the server."""
        super().start()
        if self._told is None and not self.disable:
            import headway

            begin = headway.task if self._reporter is None else self._reporter.task
            self._told = begin(self._name).start()
            for id in self.task_ids:
                self._tell(id)

    def stop(self) -> None:
        """End, on the terminal and on the server."""
        super().stop()
        self._end(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(error)
        super().__exit__(kind, error, trace)

    def add_task(self, description: str, *args: Any, **kwargs: Any) -> original.TaskID:  # Any: rich's own
        """Add a bar."""
        id = super().add_task(description, *args, **kwargs)
        self._tell(id)
        return id

    def update(self, task_id: original.TaskID, **kwargs: Any) -> None:  # Any: rich's own
        """Change a bar."""
        super().update(task_id, **kwargs)
        self._tell(task_id)
        self._point()

    def advance(self, task_id: original.TaskID, advance: float = 1) -> None:
        """Move a bar."""
        super().advance(task_id, advance)
        self._tell(task_id)
        self._point()

    def reset(self, task_id: original.TaskID, **kwargs: Any) -> None:  # Any: rich's own
        """Begin a bar anew."""
        super().reset(task_id, **kwargs)
        self._tell(task_id)

    def remove_task(self, task_id: original.TaskID) -> None:
        """Remove a bar. Its part of the task stays, with what it had come to."""
        super().remove_task(task_id)
        part = self._parts.pop(task_id, None)
        if part is not None and task_id not in self._complete:
            part.complete()

    def _tell(self, id: original.TaskID) -> None:
        if self._told is None:
            return
        with self._lock:
            bar = self._tasks.get(id)
        if bar is None:
            return
        name, total, done = _plain(bar.description), _number(bar.total), _number(bar.completed)
        part = self._parts.get(id)
        if part is None:
            if self._begun >= _MOST_PARTS or id in self._complete:
                return
            self._begun += 1
            part = self._parts[id] = self._told.child(name, total, initial=done or 0)
        part.update(done=done, total=total, name=name if name != part.name else None)
        if bar.finished and total is not None:
            self._complete.add(id)
            del self._parts[id]
            part.complete()

    def track(self, sequence: Iterable[Item], *args: Any, **kwargs: Any) -> Iterable[Item]:  # Any: rich's own
        """Go through this, moving a bar."""
        for item in super().track(sequence, *args, **kwargs):
            self._point()
            yield item

    def _point(self) -> None:
        told = self._told
        # rich moves the bar of `track` in a thread of its own, which must not be stopped.
        if told is not None and told.wanted is not None and type(threading.current_thread()).__module__ != _RICH:
            told.point()

    def _end(self, error: BaseException | None) -> None:
        told, self._told = self._told, None
        if told is not None:
            told.close(error)


def track(
    sequence: Iterable[Item] | Sequence[Item],
    description: str = "Working...",
    total: float | None = None,
    **kwargs: Any,  # Any: of `Progress`, and `completed` and `update_period` of `rich.progress.track`
) -> Iterable[Item]:
    """`rich.progress.track`, told of as well."""
    own = {key: kwargs.pop(key) for key in ("completed", "update_period") if key in kwargs}
    kwargs.setdefault("name", description.rstrip("."))
    with Progress(
        original.TextColumn("[progress.description]{task.description}"),
        original.BarColumn(),
        original.TaskProgressColumn(show_speed=True),
        original.TimeRemainingColumn(elapsed_when_finished=True),
        **kwargs,
    ) as progress:
        yield from progress.track(sequence, total=total, description=description, **own)


def _plain(markup: str) -> str:
    return Text.from_markup(markup).plain.strip() or "…"


def _number(value: float | None) -> int | float | None:
    return None if value is None else int(value) if value == int(value) else value
