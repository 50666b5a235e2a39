"""`headway watch`: the events of channels on stdout, everything else on stderr.

09:30:00  17  progress  {"percent":40}                   a line per event: local time, offset, type, data
09:30:00  run:7  17  progress  {"percent":40}            of several channels, with the channel
{"type":"progress","channel":"run:7","offset":17,…}      with --json: flat JSON, as on every wire; a gap is a line too

On a terminal, events that say how far the work is move a bar instead.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Annotated, assert_never

import msgspec
import typer

from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.output import note, visible
from headway.client import DEFAULT_TRANSPORTS, Carrier, Channel, Client, Event, Gap, Told, connect
from headway.errors import UsageError
from headway.events import channel_name
from headway.positions import GapReason, Position

__all__ = ["watch"]

Printer = Callable[[Event], None]


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

    \b
    headway watch run:7
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
    with _printer(names, json=json) as show:
        asyncio.run(_watch(client, names, place, show, gaps_as_lines=json))


async def _watch(
    client: Client, names: Sequence[str], since: Position | None, show: Printer, *, gaps_as_lines: bool
) -> None:
    async with client:
        channels = [client.channel(name, since) for name in names]
        await asyncio.gather(*(_follow(channel, show, gaps_as_lines=gaps_as_lines) for channel in channels))


async def _follow(channel: Channel, show: Printer, *, gaps_as_lines: bool) -> None:
    async for told in channel:
        _show(told, show, gaps_as_lines=gaps_as_lines)


def _show(told: Told, show: Printer, *, gaps_as_lines: bool) -> None:
    match told:
        case Event():
            show(told)
        case Gap():
            note(_sentence(told))
            if gaps_as_lines:
                _print_line(
                    {
                        "type": "gap",
                        "channel": told.channel,
                        "from": str(told.after),
                        "to": str(told.until),
                        "position": str(told.until),
                        "lost": told.lost,
                        "reason": told.reason.value,
                    }
                )
        case _:
            assert_never(told)


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


def _printer(names: Sequence[str], *, json: bool) -> AbstractContextManager[Printer]:
    """How events are shown: to programs as JSON, to people with colours and bars where they look at a terminal."""
    if json:
        return nullcontext(_print_json)
    if sys.stdout.isatty():
        # Here, because nobody else waits for it to load.
        from headway.cli.display import Display

        return Display(names)
    return nullcontext(_print_several if len(names) > 1 else _print_plain)


def _print_json(event: Event) -> None:
    _print_line(event.flat())


def _print_line(fields: dict[str, object]) -> None:
    # JSON escapes whatever could steer a terminal, but for a few characters that Python calls unprintable; a program
    # wants them.
    print(msgspec.json.encode(fields).decode(), flush=True)


def _print_plain(event: Event) -> None:
    print(f"{_clock(event)}  {event.offset}  {visible(event.type)}  {_data(event)}", flush=True)


def _print_several(event: Event) -> None:
    name = visible(event.channel)
    print(f"{_clock(event)}  {name}  {event.offset}  {visible(event.type)}  {_data(event)}", flush=True)


def _data(event: Event) -> str:
    return visible(msgspec.json.encode(event.data).decode())


def _clock(event: Event) -> str:
    """When the event was taken, on this machine's clock."""
    return f"{datetime.fromisoformat(event.timestamp).astimezone():%H:%M:%S}"
