"""What `headway check` shows of a run, and how it exits.

    passed    user-service           health check     113 ms
    FAILED    payments-api           login test      2.1 s   AUTHENTICATION_FAILED: Wrong user name or password.

    23 passed, 2 failed, 1 skipped in 12.4 s

0    every test passed that could be tried, and at least one was
1    tests failed
2    the call, the file or a name in it has to change
3    the run was cancelled, or could not be made

In a terminal a bar below the lines says how far it is. Colours and bars go to terminals alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from headway.apps.monitor.runs.model import Summary
from headway.apps.monitor.runs.shown import Run
from headway.cli.output import visible

__all__ = ["Shown", "exit_of_run", "showing", "summary_line"]

_STYLES: Final = {"passed": "green", "failed": "bold red", "timeout": "bold red", "skipped": "yellow"}
_NAME: Final = 28

Shown = Callable[[str, dict[str, Any]], None]
"""Takes the type and the data of an event. Any: JSON values."""


def exit_of_run(run: Run) -> int:
    """The exit code of a run that has ended."""
    if run.status != "completed":
        return 3
    if run.summary.failed:
        return 1
    return 0 if run.summary.passed else 3


def summary_line(summary: Summary) -> str:
    """A run in a line."""
    numbers = f"{summary.passed} passed, {summary.failed} failed"
    skipped = f", {summary.skipped} skipped" if summary.skipped else ""
    return f"{numbers}{skipped} in {summary.duration / 1000:.1f} s"


@contextmanager
def showing(out: TextIO | None = None) -> Iterator[Shown]:
    """Show events while it is entered: as lines, and in a terminal with a bar below them."""
    out = out or sys.stdout
    if not out.isatty():
        yield lambda type, data: _print(out, type, data)
        return
    # Here, because nobody else waits for it to load.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(file=out, highlight=False), transient=True) as bar:
        row = bar.add_task("", total=None)

        def show(type: str, data: dict[str, Any]) -> None:  # Any: JSON
            if type == "progressUpdate":
                at = data.get("waiting") or data.get("currentApplication") or ""
                bar.update(row, total=data["total"], completed=data["completed"], description=visible(str(at)))
            elif (line := _line(type, data)) is not None:
                status = str(data.get("status"))
                word, _, rest = line.partition(" ")
                bar.console.print(Text.assemble((word, _STYLES.get(status, "")), " ", rest), soft_wrap=True)

        yield show


def _print(out: TextIO, type: str, data: dict[str, Any]) -> None:  # Any: JSON
    if (line := _line(type, data)) is not None:
        print(line, file=out, flush=True)


def _line(type: str, data: dict[str, Any]) -> str | None:  # Any: JSON
    if type not in ("testCompleted", "testFailed"):
        return None
    status = str(data.get("status"))
    word = status.upper() if type == "testFailed" else status
    name = str(data.get("applicationName"))
    kind = str(data.get("testType")).replace("_", " ")
    said = ": ".join(str(part) for part in (data.get("code"), data.get("message")) if part)
    line = f"{word:<8}  {name:<{_NAME}}  {kind:<12}  {_span(data.get('duration')):>8}  {said}"
    return visible(line.replace("\n", " ")).rstrip()


def _span(milliseconds: Any) -> str:  # Any: JSON
    if not isinstance(milliseconds, int | float):
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
