"""`headway watch`: the events of channels on stdout, everything else on stderr.

09:30:00  17  progress  {"percent":40}                   a line per event: local time, offset, type, data
09:30:00  run:7  17  progress  {"percent":40}            of several channels, with the channel
{"type":"progress","channel":"run:7","offset":17,…}      with --json: flat JSON, as on every wire; a gap is a line too

On a terminal, events that say how far the work is move a bar instead, and tasks have rows and lines of their own. Who
watches a task's own channel, `task:` and its id, is done when the task is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Final, Protocol, assert_never

import msgspec
import typer

from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.output import clock_of, exit_of_task, note, visible
from headway.cli.standing import standing_of
from headway.cli.telling import story_of
from headway.client import DEFAULT_TRANSPORTS, Carrier, Channel, Client, Event, Gap, connect
from headway.errors import UsageError
from headway.events import channel_name
from headway.positions import GapReason, Position
from headway.tasks.model import Status

if TYPE_CHECKING:
    from headway.cli.display import Display

__all__ = ["TASK_CHANNEL", "Follower", "Lines", "Printer", "announce_gap", "printer", "watch"]

TASK_CHANNEL: Final = "task:"
"""What a task's own channel is called, but for its id."""


class Printer(Protocol):
    """How events are shown."""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        ...

    def conclude(self, event: Event) -> None:
        """Show that a task has ended, where only its state said so."""
        ...


def watch(
    channels: Annotated[
        list[str],
        typer.Argument(
            metavar="CHANNEL...", help="Names of channels: 1 to 255 visible characters each.", show_default=False
        ),
    ],
    transport: Annotated[
        list[Carrier] | None,
        typer.Option(
            help="How to reach the server; may be repeated, the best first. Else: whatever gets through, "
            "WebSocket first. All of them tell the same.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar='POSITION|""',
            help="Begin after this position; an empty one means all that is kept. Else: the latest state, then live.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, flushed at once.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Print the events of channels, live, for as long as it takes; on a terminal, progress is drawn as bars.

    Restarts, cuts and networks that stop letting a transport through are bridged: it goes on after the last event it
    printed. What was lost meanwhile is announced, never passed over.

    The channel `tasks` has all tasks. Who watches a task's own channel is done when the task is: exit code 0 says that
    it completed, 1 that it failed, 3 that it was cancelled.

    \b
    headway watch run:7
    headway watch tasks
    headway watch run:7 run:8
    headway watch run:7 --since "" --json | jq .type
    """
    place = _position(since)
    names = list(dict.fromkeys(channel_name(name) for name in channels))
    if place is not None and str(place) and len(names) > 1:
        raise UsageError("--since: a position belongs to one channel; watch one, or begin all with an empty one")
    greeting = f"watching {', '.join(names)} on {url}, Ctrl-C to stop" if sys.stderr.isatty() else None
    client = connect(
        url,
        token=token,
        transports=transport or DEFAULT_TRANSPORTS,
        on_change=Narrator(url, note, greeting=greeting),
    )
    follower = Follower(gaps_as_lines=json)
    with printer(names, json=json) as show:
        ends = asyncio.run(follower.follow(client, {name: _task_of(name) for name in names}, place, show))
    codes = [exit_of_task(end) for end in ends if end is not None]
    if any(codes):
        raise typer.Exit(min(filter(None, codes)))


class Follower:
    """Follows channels, and knows when a task is over."""

    def __init__(self, *, gaps_as_lines: bool) -> None:
        self._gaps_as_lines = gaps_as_lines

    async def follow(
        self, client: Client, tasks: Mapping[str, str | None], since: Position | None, show: Printer
    ) -> list[Status | None]:
        """Follow channels, each to the end of its task where it has one. Returns how these have ended."""
        async with client:
            channels = [(client.channel(name, since), task) for name, task in tasks.items()]
            return await asyncio.gather(*(self._follow(channel, task, show) for channel, task in channels))

    async def _follow(self, channel: Channel, task: str | None, show: Printer) -> Status | None:
        ended: Event | None = None
        async for told in channel:
            match told:
                case Event():
                    show(told)
                    ended = told if _ends(told, task) else ended
                case Gap():
                    announce_gap(told, as_line=self._gaps_as_lines)
                case _:
                    assert_never(told)
            # What ends a task is two events of one append, its state and the milestone. Who has been told what comes
            # after the state has either been told the milestone as well, or has come too late for it.
            if ended is not None and channel.waiting == 0 and _beyond(channel.position, ended):
                if ended.type == "task_progress":
                    show.conclude(ended)
                standing = standing_of(ended)
                return None if standing is None else standing.status
        return None


def _task_of(channel: str) -> str | None:
    """The task whose own channel this is."""
    return channel.removeprefix(TASK_CHANNEL) if channel.startswith(TASK_CHANNEL) else None


def _ends(event: Event, task: str | None) -> bool:
    standing = None if task is None else standing_of(event)
    return standing is not None and standing.task == task and standing.parent is None and standing.status.terminal


def _beyond(position: Position | None, event: Event) -> bool:
    if event.type != "task_progress":
        return True
    return position is not None and (position.epoch != event.position.epoch or position.offset > event.offset)


def announce_gap(gap: Gap, *, as_line: bool) -> None:
    """Say that something was lost."""
    note(_sentence(gap))
    if as_line:
        _print_line(
            {
                "type": "gap",
                "channel": gap.channel,
                "from": str(gap.after),
                "to": str(gap.until),
                "position": str(gap.until),
                "lost": gap.lost,
                "reason": gap.reason.value,
            }
        )


def _sentence(gap: Gap) -> str:
    """The gap in words."""
    match gap.reason:
        case GapReason.TRIMMED:
            count = "events" if gap.lost is None else f"{gap.lost} event" + ("" if gap.lost == 1 else "s")
            return f"gap: {count} up to offset {gap.until.offset} are no longer kept by the server"
        case GapReason.EPOCH:
            return "gap: the server's log began anew; what came between is not known"
        case GapReason.AHEAD:
            return f"gap: the server's log has lost its end; it goes on after offset {gap.until.offset}"


def _position(spelled: str | None) -> Position | None:
    try:
        return None if spelled is None else Position.parse(spelled)
    except ValueError as error:
        raise UsageError(
            f"--since: {error}; it is what `headway publish` prints and each event has as its position"
        ) from None


def printer(names: Sequence[str], *, json: bool) -> AbstractContextManager[Lines | Display]:
    """How events are shown: to programs as JSON, to people with colours and bars where they look at a terminal."""
    if json:
        return nullcontext(Lines(_json_of))
    if sys.stdout.isatty():
        # Here, because nobody else waits for it to load.
        from headway.cli.display import Display

        return Display(names)
    return nullcontext(Lines(_plain_of_several if len(names) > 1 else _plain_of))


class Lines:
    """A line each. A state that says that a task has ended is one: there is nothing to add."""

    def __init__(self, spell: Callable[[Event], str]) -> None:
        self._spell = spell

    def __call__(self, event: Event) -> None:
        """Print an event."""
        print(self._spell(event), flush=True)

    def conclude(self, event: Event) -> None:
        """See `Printer`."""


def _print_line(fields: dict[str, object]) -> None:
    print(msgspec.json.encode(fields).decode(), flush=True)


def _json_of(event: Event) -> str:
    # JSON escapes whatever could steer a terminal, but for a few characters that Python calls unprintable; a program
    # wants them.
    return msgspec.json.encode(event.flat()).decode()


def _plain_of(event: Event) -> str:
    return f"{clock_of(event.timestamp)}  {event.offset}  {_said(event)}"


def _plain_of_several(event: Event) -> str:
    return f"{clock_of(event.timestamp)}  {visible(event.channel)}  {event.offset}  {_said(event)}"


def _said(event: Event) -> str:
    story = story_of(event)
    if story is not None:
        return visible(f"{story.word}  {story.text}").replace("\n", " ")
    return visible(f"{event.type}  {msgspec.json.encode(event.data).decode()}")
