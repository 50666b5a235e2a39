"""Tasks on a terminal of 80 columns."""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console

from headway.cli.board import Board, line_of
from headway.client import Event
from headway.tasks.interface import Child
from headway.tasks.model import Happening, Progress, Status
from headway.tasks.wire import child_drafts
from tests.cli.tellings import event_of, happened, moved


def drawn(*events: Event) -> list[str]:
    """What stands there in the end."""
    board = Board()
    for event in events:
        board.take(event)
    console = Console(width=80, file=io.StringIO(), record=True, force_terminal=True, color_system="standard")
    console.print(board.render())
    lines = console.export_text().splitlines()
    assert all(len(line) <= 80 for line in lines)
    return [line.rstrip() for line in lines]


def texts(lines: list[str]) -> list[tuple[str, str]]:
    """Name, and what stands behind the bar."""
    parted = [re.split("[━╸╺]+", line) for line in lines]
    return [(parts[0].rstrip(), parts[-1].strip()) for parts in parted]


def part(id: str, parent: str, name: str, status: Status = Status.RUNNING, **numbers: float) -> Event:
    """A part of t1."""
    (draft,) = child_drafts("t1", [Child(id, parent, name, status, Progress(**numbers))])  # type: ignore[arg-type]
    return event_of(draft)


def test_a_task_has_a_row_and_a_second_line() -> None:
    """How far, how long, how fast; below it what it is at, and its counts."""
    counts = {"created": 400, "failed": 20}
    numbers: dict[str, Any] = {"done": 420, "total": 1000, "unit": "rows", "rate": 12.5, "eta": 46.4}
    row, below = drawn(moved(**numbers, counts=counts, current="row 420"))

    assert texts([row]) == [("Nightly ETL", "42% 46 s left · 420/1,000 rows · 12.5/s")]
    assert below == "            row 420 · created 400 · failed 20"


def test_parts_stand_below_their_task() -> None:
    """In the order in which they began, and parts of parts below these; without a total there is no percent."""
    lines = drawn(
        moved(done=12),
        part("1", "t1", "users", Status.COMPLETED, done=10, total=10, elapsed=12.0),
        part("2", "t1", "groups", done=2),
        part("3", "1", "admins", done=1, total=2),
    )

    assert texts(lines) == [
        ("Nightly ETL", "12"),
        ("  users", "100% done in 12 s · 10/10"),
        ("    admins", "50% 1/2"),
        ("  groups", "2"),
    ]


def test_every_state_is_told() -> None:
    """Queued and why, paused, stalled, asked for, and each end."""
    half: dict[str, Any] = {"done": 1, "total": 2}
    assert [
        texts(drawn(moved(**more)))[0][1]
        for more in (
            {"status": Status.QUEUED, "waiting": "for 1 of 5 browser slots"},
            {**half, "status": Status.PAUSED},
            {**half, "stalled": True},
            {**half, "wanted": Status.PAUSED},
            {**half, "status": Status.INTERRUPTED},
            {**half, "status": Status.CANCELLED},
            {**half, "status": Status.FAILED},
            {**half, "done": 2, "status": Status.COMPLETED, "elapsed": 61.0},
        )
    ] == [
        "waits for 1 of 5 browser slots",
        "50% paused · 1/2",
        "50% stalled · 1/2",
        "50% pausing… · 1/2",
        "50% interrupted · 1/2",
        "50% cancelled · 1/2",
        "50% failed · 1/2",
        "100% done in 1:01 · 2/2",
    ]


def test_in_the_channel_of_all_tasks_those_that_ended_are_gone() -> None:
    """It shows what goes on, each in one row, and what it is at."""
    lines = drawn(
        moved(task="old", status=Status.COMPLETED, lobby=True),
        moved(task="a", name="First", done=1, total=4, current="row 1", lobby=True),
        moved(task="b", name="Second", lobby=True),
        moved(task="b", name="Second", status=Status.FAILED, lobby=True),
    )

    assert texts(lines) == [("First", "25% 1/4 · row 1")]


def test_there_is_a_most_of_rows() -> None:
    """A dozen: parts that have ended go first, then who was heard of longest ago."""
    ended = [part(str(n), "t1", f"part {n}", Status.COMPLETED) for n in range(1, 10)]
    others = [moved(task=f"x{n}", name=f"other {n}", lobby=True) for n in range(12)]

    names = [name.strip() for name, _ in texts(drawn(*others, *ended, moved(done=1)))]

    assert names == [*(f"other {n}" for n in range(1, 12)), "Nightly ETL"]


def test_nothing_steers_the_terminal() -> None:
    """Names and messages come from the network."""
    evil = "\x1b[2Jgone\x9b"
    lines = drawn(moved(name=evil, current=evil))
    line = line_of(happened(Happening.STARTED, name=evil))

    assert line is not None
    assert "\x1b" not in "".join([*lines, line.plain])
    assert "\x9b" not in "".join([*lines, line.plain])


def test_a_line_has_its_word_in_a_column() -> None:
    """So the eye finds what failed."""
    line = line_of(happened(Happening.FAILED, status=Status.FAILED))

    assert line is not None
    assert line.plain == "failed     Nightly ETL · in <1 s"
    assert line.spans[0].style == "red"
