"""Events on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from headway.cli.display import Display
from headway.client import Event
from headway.positions import Position

WIDTH = 80


def event(channel: str, offset: int, type: str = "progress", key: str | None = "progress", **data: object) -> Event:
    """An event of 2026."""
    return Event(channel, type, offset, Position("e", offset), "2026-01-31T09:30:00.000Z", data, key)


def shown(*events: Event, channels: tuple[str, ...] = ("run",)) -> str:
    """What stands on a terminal in the end."""
    console = Console(record=True, width=WIDTH, height=24, force_terminal=True, file=io.StringIO(), highlight=False)
    with Display(channels, console) as display:
        for one in events:
            display(one)
    return console.export_text()


def bars(text: str, count: int) -> list[str]:
    """The last so many bars. Each is drawn over the one before, and fills the width."""
    end = text.replace("\n", "")[-count * WIDTH :]
    return [end[at : at + WIDTH] for at in range(0, len(end), WIDTH)]


def test_progress_moves_a_bar() -> None:
    """Progress is one bar that says how far and what, however many events there were."""
    text = shown(*(event("run", n, current=n, total=50, message=f"row [b] {n}") for n in range(1, 41)))

    (last,) = bars(text, 1)
    assert last.startswith("run ")
    assert " 80%  row [b] 40" in last
    assert '"current"' not in text


def test_a_milestone_is_a_line() -> None:
    """What is no progress scrolls above the bars, and so does a milestone that carries progress."""
    text = shown(
        event("run", 1, percent=50),
        event("run", 2, "step_done", None, step="read"),
        event("run", 3, "test_completed", None, percent=100),
    )

    assert '   2  step_done  {"step":"read"}' in text
    assert '   3  test_completed  {"percent":100}' in text
    assert " 100%" in text


def test_each_channel_and_key_has_a_bar() -> None:
    """Several pieces of work stand below each other, each under its name."""
    channels = ("import", "a very long name of a channel indeed")
    text = shown(
        event("import", 1, key="users", percent=1),
        event("import", 2, key="groups", percent=2),
        event(channels[1], 1, percent=3),
        channels=channels,
    )

    names = [line[:28].rstrip() for line in bars(text, 3)]
    assert names == ["import users", "import groups", "a very long name of a chann…"]


def test_bars_make_room() -> None:
    """There are never more than a dozen; one that is full goes first."""
    events = [event("run", n, key=f"k{n}", percent=100 if n == 5 else 1) for n in range(1, 14)]

    last = [line.split()[1] for line in bars(shown(*events), 12)]

    assert last == [f"k{n}" for n in range(1, 14) if n != 5]


def test_nothing_steers_the_terminal() -> None:
    """Names and texts come from the network: what is not visible is replaced."""
    text = shown(event("run", 1, percent=1, message="\x1b[2Jgone\x9b"))

    assert "�[2Jgone�" in text
