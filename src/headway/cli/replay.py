"""`headway replay`: what the log has kept of a channel or a task, played in the terminal with the times it had, divided
by a speed. What is no longer kept is announced as a gap.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import itertools
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer
from rich.text import Text

from headway.cli.asking import Asker, Fields
from headway.cli.keys import Key, pressed
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.playback import Playback, times_of
from headway.cli.telling import span
from headway.cli.watch import Lines, Printer, announce_gap, printer
from headway.client import Event, Gap, Refused, Told
from headway.client.following import Following
from headway.codes import Code
from headway.errors import HeadwayError, UsageError
from headway.events import channel_name
from headway.positions import BEGINNING, GapReason, Position

if TYPE_CHECKING:
    from headway.cli.display import Display

__all__ = ["replay"]

_PAGE: Final = "1000"
_SKIP: Final = 0.05
"""Of the whole: twenty steps from one end to the other, however long it took."""
_REDRAWN: Final = 0.1
"""Seconds after which the place in the recording is said anew."""
_TASK: Final = re.compile("[a-z2-9]{25}")
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)%")


def replay(
    name: Annotated[
        str, typer.Argument(metavar="TASK|CHANNEL", help="Id of a task, or name of a channel.", show_default=False)
    ],
    speed: Annotated[
        float, typer.Option(metavar="NUMBER", min=0.0, help="So many times as fast as it was; 0 is at once.")
    ] = 1.0,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="POSITION|PERCENT",
            help="Begin after this position, or at this part of the time, such as 50%.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="POSITION|PERCENT",
            help="End with this position, or at this part of the time.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, flushed at once.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Play what the server has kept of a task or a channel, as `headway watch` would have shown it.

    On a terminal the space bar holds it, the arrows left and right skip a twentieth of it, and q ends it.

    \b
    headway replay run:7 --speed 10
    headway replay v3kd7m2n9p4q8r5s6t7u2w3xy --speed 60 --from 50%
    headway replay run:7 --speed 0 --json | jq .type
    """
    begin, end = _place("--from", from_), _place("--to", to)
    after = begin if isinstance(begin, Position) else BEGINNING
    channel, recorded = asyncio.run(_recorded(url, token, name, after))
    before, entries = _between(recorded, begin, end)
    if not any(isinstance(one, Event) for one in entries):
        raise HeadwayError(f"nothing of {name} is kept that could be played", code=Code.NOT_FOUND)
    with printer([channel], json=json) as show:
        display = None if isinstance(show, Lines) else show
        if display is not None:
            display.keep_all(_events(before))
        asyncio.run(_Player(entries, speed, show, display, gaps_as_lines=json).play())


Place = Position | float | None
"""A position, or a part of the time between 0 and 1."""


def _place(flag: str, spelled: str | None) -> Place:
    if spelled is None:
        return None
    percent = _PERCENT.fullmatch(spelled)
    if percent is not None and float(percent[1]) <= 100:
        return float(percent[1]) / 100
    try:
        return Position.parse(spelled)
    except ValueError:
        raise UsageError(f"{flag}: a position, or a part such as 50%, not {spelled!r}") from None


# What was recorded.


async def _recorded(url: str, token: str | None, name: str, after: Position) -> tuple[str, list[Told]]:
    """The channel, and everything that is kept of it after a position."""
    async with Asker(url, token) as asker:
        task = await _task(asker, name)
        channel = channel_name(name if task is None else task["channel"])
        entries = await _read(asker, channel, after)
    if task is not None and channel != f"task:{name}":
        entries = _of_task(entries, name)
    return channel, entries


async def _task(asker: Asker, name: str) -> Fields | None:
    if not _TASK.fullmatch(name):
        return None
    try:
        return await asker.get(f"/api/tasks/{name}")
    except Refused as error:
        if error.code is Code.NOT_FOUND:
            return None  # a channel that looks like one, or a task that is remembered by its channel alone
        raise


async def _read(asker: Asker, channel: str, after: Position) -> list[Told]:
    following, entries, since, more = Following(channel, after), list[Told](), str(after), True
    while more:
        path = f"/api/channels/{quote(channel, safe='')}/events"
        page = await asker.get(path, {"since": since, "limit": _PAGE})
        for fields in page["events"]:
            entries += following.take(fields)
        since, more = page["position"], page["more"]
    return [*_missing(entries), *entries] if after == BEGINNING else entries


def _missing(entries: Sequence[Told]) -> list[Gap]:
    """Who asks for all that is kept is told of no gap before it; who plays it should know of it."""
    first = entries[0] if entries else None
    if not isinstance(first, Event) or first.offset == 1:
        return []
    epoch = first.position.epoch
    until = Position(epoch, first.offset - 1)
    return [Gap(first.channel, Position(epoch, 0), until, GapReason.TRIMMED)]


def _of_task(entries: Sequence[Told], task: str) -> list[Told]:
    """From the first to the last of a task, in a channel that has others too."""
    own = [
        index
        for index, one in enumerate(entries)
        if isinstance(one, Event) and task in (one.data.get("task"), one.data.get("root"))
    ]
    if not own:
        return []
    # What is missing before it may be its own beginning.
    first = 0 if own[0] == 1 and isinstance(entries[0], Gap) else own[0]
    return list(entries[first : own[-1] + 1])


def _between(entries: Sequence[Told], begin: Place, end: Place) -> tuple[list[Told], list[Told]]:
    """What comes before the part that is to be played, and that part."""
    if isinstance(end, Position) and not any(_position(one).epoch == end.epoch for one in entries):
        raise UsageError(f"--to: {end} is no position in what is kept of this channel")
    times = times_of(entries)
    length = times[-1] if times else 0.0
    chosen = list(entries)
    if isinstance(end, Position):
        chosen = list(itertools.takewhile(lambda one: not _after(_position(one), end), entries))
    elif end is not None:
        chosen = chosen[: bisect.bisect_right(times, end * length)]
    first = bisect.bisect_left(times, begin * length) if isinstance(begin, float) else 0
    return chosen[:first], chosen[first:]


def _after(position: Position, end: Position) -> bool:
    return position.epoch == end.epoch and position.offset > end.offset


def _position(told: Told) -> Position:
    return told.until if isinstance(told, Gap) else told.position


# Playing it.


class _Player:
    """Shows entries when they are due. Where they are drawn, it follows the keys."""

    def __init__(
        self, entries: Sequence[Told], speed: float, show: Printer, display: Display | None, *, gaps_as_lines: bool
    ) -> None:
        self._show = show
        self._display = display
        self._gaps_as_lines = gaps_as_lines
        self._speed = speed
        self._playback = Playback(entries, speed, time.monotonic())
        self._woken = asyncio.Event()
        self._left = False

    async def play(self) -> None:
        """Until the end, or until somebody has seen enough."""
        if self._display is None:
            await self._play(None, "")
            return
        with pressed(self._press) as keys:
            await self._play(self._display, "space: hold · ← →: skip · q: end" if keys else "")
        self._display.show_below(None)

    async def _play(self, display: Display | None, help: str) -> None:
        while not (self._left or self._playback.over):
            for one in self._playback.take(time.monotonic()):
                self._tell(one)
            if display is not None:
                display.show_below(Text(f"{self._where()}  {help}", "dim", no_wrap=True, overflow="ellipsis"))
            await self._wait(_REDRAWN if display is not None else None)

    async def _wait(self, most: float | None) -> None:
        """Until something is due, a key is pressed, or the place is to be said anew."""
        due = self._playback.wait(time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most if due is None else due if most is None else min(due, most)):
                await self._woken.wait()
        self._woken.clear()

    def _press(self, key: Key) -> None:
        match key:
            case Key.SPACE:
                self._playback.turn(time.monotonic())
            case Key.LEFT:
                self._skip(-_SKIP)
            case Key.RIGHT:
                self._skip(_SKIP)
            case Key.Q:
                self._left = True
        self._woken.set()

    def _skip(self, part: float) -> None:
        back, entries = self._playback.skip(time.monotonic(), part * self._playback.length)
        if self._display is None:
            return
        if back:
            self._display.forget()
        self._display.keep_all(_events(entries))
        self._display.say(Text(f"{'back' if back else 'on'} to {self._at()}", "dim"))

    def _tell(self, one: Told) -> None:
        if isinstance(one, Gap):
            announce_gap(one, as_line=self._gaps_as_lines)
        else:
            self._show(one)

    def _where(self) -> str:
        state = "held" if self._playback.paused else f"× {self._speed:g}"
        return f"{state}  {self._at()} of {span(self._playback.length)}"

    def _at(self) -> str:
        return span(self._playback.at(time.monotonic()))


def _events(entries: Sequence[Told]) -> list[Event]:
    return [one for one in entries if isinstance(one, Event)]
