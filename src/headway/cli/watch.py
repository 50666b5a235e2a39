"""`headway watch`: the events of a channel on stdout, everything else on stderr.

09:30:00  17  progress  {"percent":40}                   a line per event: local time, offset, type, data
{"type":"progress","channel":"run:7","offset":17,…}      with --json: flat JSON, as on every wire; a gap is a line too
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, assert_never

import msgspec
import typer

from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Channel, Token, Url
from headway.cli.output import note, visible
from headway.client import Carrier, Client, Event, connect
from headway.client.following import Told
from headway.errors import UsageError
from headway.positions import Gap, GapReason, Position

__all__ = ["watch"]

Printer = Callable[[Event], None]


def watch(
    channel: Channel,
    transport: Annotated[
        Carrier, typer.Option(help="How to reach the server. All of them tell the same.")
    ] = Carrier.WEBSOCKET,
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
    """Print the events of a channel, live, for as long as it takes.

    Restarts and cuts are bridged: it goes on after the last event it printed. What was lost meanwhile is announced,
    never passed over.

    \b
    headway watch run:7
    headway watch run:7 --since "" --json | jq .type
    """
    place = _position(since)
    greeting = f"watching {channel} on {url}, Ctrl-C to stop" if sys.stderr.isatty() else None
    client = connect(url, carrier=transport, token=token, on_change=Narrator(url, note, greeting=greeting))
    asyncio.run(_follow(client, channel, place, _print_json if json else _printer(), gaps_as_lines=json))


async def _follow(client: Client, channel: str, since: Position | None, show: Printer, *, gaps_as_lines: bool) -> None:
    async with aclosing(client.follow(channel, since)) as everything:
        async for told in everything:
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


def _print_json(event: Event) -> None:
    _print_line(event.flat())


def _print_line(fields: dict[str, object]) -> None:
    # JSON escapes whatever could steer a terminal, but for a few characters that Python calls unprintable; a program
    # wants them.
    print(msgspec.json.encode(fields).decode(), flush=True)


def _printer() -> Printer:
    """For people: with colours where they look at a terminal."""
    return _terminal_printer() if sys.stdout.isatty() else _print_plain


def _print_plain(event: Event) -> None:
    print(f"{_clock(event)}  {event.offset}  {visible(event.type)}  {_data(event)}", flush=True)


def _terminal_printer() -> Printer:
    # Here, because nobody else waits for it to load.
    from rich.console import Console
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    console, highlight = Console(highlight=False), JSONHighlighter()

    def show(event: Event) -> None:
        line = Text.assemble(
            (_clock(event), "dim"), "  ", (f"{event.offset:>4}", "cyan"), "  ", (visible(event.type), "bold"), "  "
        )
        data = Text(_data(event))
        highlight.highlight(data)
        console.print(line + data, soft_wrap=True)

    return show


def _data(event: Event) -> str:
    return visible(msgspec.json.encode(event.data).decode())


def _clock(event: Event) -> str:
    """When the event was taken, on this machine's clock."""
    return f"{datetime.fromisoformat(event.timestamp).astimezone():%H:%M:%S}"
