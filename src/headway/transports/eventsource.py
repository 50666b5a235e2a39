"""Server-Sent Events: one channel at `GET /api/channels/{channel}/stream`, several at `GET
/api/stream?channel=a&channel=b`.

    retry: 2000                                    how soon to come back
    id: 7k2m9qzt41.17                              the position; of several channels all of them, separated by commas
    data: {"type":"subscribed","channel":…,"position":…,"head":…,"recovered":…,"snapshot":[…]}

    id: 7k2m9qzt41.18
    data: {"type":"progress","channel":…,…}        an event; likewise `gap`

    data: {"type":"error","code":"bad_token","message":…,"close":4001,"advice":"renew"}      the server ends the stream

    event: heartbeat                               every 15 s
    data: {}

Where a reader begins: the `Last-Event-ID` header of a reconnect, else `since` or one of the spellings of polyfills in
the query, else the snapshot. A reader's loss is told in band, since EventSource cannot read headers.

The plain dialect (`serve_plain`) is for clients that take every message for an event: no `subscribed`, and the
snapshot's events come as ordinary messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from headway.access.identity import Identity
from headway.codes import Close, Code
from headway.errors import PeerError
from headway.events import Event
from headway.positions import BEGINNING, Position, format_positions, parse_positions
from headway.protocols import eventstream
from headway.protocols.stream import Fields, flat_fields, gap_fields
from headway.sessions.session import Session
from headway.sessions.sessions import Sessions, Start
from headway.transports.connections import Receiver, Stream
from headway.transports.delivery import serve_stream
from headway.transports.forms import stream
from headway.transports.requests import Receive, Scope, Send, client_of, header, name_of, query_of

__all__ = ["serve", "serve_plain"]

_RETRY_MS: Final = 2_000
"""How soon an EventSource comes back: browsers wait 3 to 5 s; the position makes it safe to be quick."""

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]

Starts = dict[str, Start]


async def serve(
    sessions: Sessions, identity: Identity, channels: Sequence[str], scope: Scope, receive: Receive, send: Send
) -> None:
    """Stream channels. Raises `HeadwayError` before anything was sent."""
    starts = await _starts(sessions, identity, channels, scope)

    def connect(carrier: Stream, chunked: bool) -> Receiver:
        return _Connection(sessions, identity, carrier, starts, chunked, scope, plain=False)

    await serve_stream(scope, receive, send, sessions.limits, _HEADERS, connect)


async def serve_plain(
    sessions: Sessions, identity: Identity, channel: str, scope: Scope, receive: Receive, send: Send
) -> None:
    """Stream one channel to a client that knows only events. Raises `HeadwayError` before anything was sent."""
    starts = await _starts(sessions, identity, [channel], scope)

    def connect(carrier: Stream, chunked: bool) -> Receiver:
        return _Connection(sessions, identity, carrier, starts, chunked, scope, plain=True)

    await serve_stream(scope, receive, send, sessions.limits, _HEADERS, connect)


async def _starts(sessions: Sessions, identity: Identity, channels: Sequence[str], scope: Scope) -> Starts:
    """Where each channel begins, as the client's last event id says."""
    names = list(dict.fromkeys(sessions.readable(identity, channel) for channel in channels))
    if not names:
        raise PeerError("name at least one channel", code=Code.BAD_CHANNEL, details={"field": "channel"})
    if len(names) > sessions.limits.subscriptions:
        raise PeerError(f"a stream follows at most {sessions.limits.subscriptions} channels", code=Code.TOO_MANY)
    token = eventstream.last_event_id(header(scope, b"last-event-id"), query_of(scope))
    sinces = await _sinces(sessions, identity, names, _told(token))
    return {
        name: await sessions.start(identity, name, BEGINNING if token == "" else sinces.get(name)) for name in names
    }


def _told(token: str | None) -> dict[str, Position]:
    try:
        return parse_positions(token) if token else {}
    except ValueError as error:
        raise PeerError(str(error), code=Code.BAD_POSITION, details={"field": "since"}) from error


async def _sinces(
    sessions: Sessions, identity: Identity, names: Sequence[str], told: dict[str, Position]
) -> dict[str, Position]:
    """The position that belongs to each channel, recognised by its epoch.

    A position that no channel recognises is of a log that is lost: it goes to a channel without one, which then
    announces the gap. Where all are recognised, a channel without one is simply new to this client.
    """
    if len(names) == 1 and len(told) == 1:
        return {names[0]: next(iter(told.values()))}
    if not told:
        return {}
    epochs = {name: (await sessions.start(identity, name, BEGINNING)).position.epoch for name in names}
    foreign = [position for epoch, position in told.items() if epoch not in epochs.values()]
    sinces: dict[str, Position] = {}
    for name, epoch in epochs.items():
        if epoch in told:
            sinces[name] = told[epoch]
        elif foreign:
            sinces[name] = foreign.pop(0) if len(foreign) > 1 else foreign[0]
    return sinces


class _Connection:
    """One stream."""

    def __init__(
        self,
        sessions: Sessions,
        identity: Identity,
        carrier: Stream,
        starts: Starts,
        chunked: bool,
        scope: Scope,
        *,
        plain: bool,
    ) -> None:
        address = client_of(scope)
        self.life = sessions.begin("eventsource", address)
        self._sessions = sessions
        self._carrier = carrier
        self._chunked = chunked
        self._session: Session = sessions.open("eventsource", carrier, self.end, identity, address, name_of(scope))
        self._form = stream(None if len(starts) == 1 else self._token, chunked=chunked)
        self._heartbeat_form = eventstream.chunk(eventstream.HEARTBEAT) if chunked else eventstream.HEARTBEAT
        # A gap moves the client's position when it has been told, not before: the connection may end in between.
        self._told = {name: start.position if start.gap is None else start.gap.after for name, start in starts.items()}
        first = [self._first(starts, plain)]
        for channel, start in starts.items():
            first.extend(self._state(channel, start, plain))
        opening = self._framed(b"".join(first))
        self.life.answered(len(opening))
        carrier.write(opening)
        for channel, start in starts.items():
            self._session.follow(channel, start, self._form)
        self._timer = asyncio.get_running_loop().call_later(sessions.limits.stream_heartbeat_seconds, self._heartbeat)
        sessions.registry.add(self)

    # The connection's side.

    def received(self, message: str | bytes) -> None:
        """A stream hears nothing."""

    def writable_again(self) -> None:
        """Go on with what the client has not been told."""
        self._session.wake()

    def ended(self, code: int | None) -> None:
        """Let go of everything."""
        self._timer.cancel()
        self._sessions.registry.discard(self)
        self._session.close()

    # The registry's side.

    def tell_to_return(self, delay: float) -> None:
        """Name the delay, then end the stream."""
        self._carrier.finish(self._framed(eventstream.retry(max(1, round(delay * 1000)))))

    def end(self, close: Close, reason: str) -> None:
        """Say why, as a message, since an EventSource sees nothing of how an answer ends."""
        fields = {"type": "error", "code": close.name.lower(), "message": reason, "close": close.code}
        fields["advice"] = close.advice.value
        self.life.closing(close.code)
        self._carrier.finish(self._framed(eventstream.message(msgspec.json.encode(fields), None)))

    def buffered(self) -> int:
        """What its connection has not taken yet."""
        return self._carrier.waiting()

    def cut(self) -> None:
        """End at once."""
        self._carrier.cut()

    def sessions(self) -> list[Session]:
        """The one session of this stream."""
        return [self._session]

    # What the client is told.

    def _first(self, starts: Starts, plain: bool) -> bytes:
        """The very first frame: even a client that sees no event has a position."""
        token = format_positions(self._told.values())
        head = eventstream.retry(_RETRY_MS)
        if plain:
            return head + b"id: %b\n\n" % token.encode()
        return head + b"".join(
            eventstream.message(msgspec.json.encode(_subscribed(channel, start)), token)
            for channel, start in starts.items()
        )

    def _state(self, channel: str, start: Start, plain: bool) -> list[bytes]:
        """A gap, or for a plain client the snapshot's events, which do not move the client's position."""
        state = start.snapshot.events if start.snapshot is not None else ()
        if start.gap is not None:
            self._told[channel] = start.position
            token = format_positions(self._told.values())
            return [eventstream.message(msgspec.json.encode(gap_fields(start.gap, state)), token)]
        if not plain:
            return []
        return [eventstream.message(msgspec.json.encode(flat_fields(event)), None) for event in state]

    def _token(self, event: Event) -> str:
        """All positions of this stream as they are once the event has been told."""
        # While the channels are attached one after the other, the first may write before the last has a cursor.
        cursors = self._session.cursors
        told = {name: cursors[name].position if name in cursors else begins for name, begins in self._told.items()}
        return format_positions({**told, event.channel: event.position}.values())

    def _heartbeat(self) -> None:
        if self._carrier.writable:
            self._carrier.write(self._heartbeat_form)
        self._timer = asyncio.get_running_loop().call_later(
            self._sessions.limits.stream_heartbeat_seconds, self._heartbeat
        )

    def _framed(self, data: bytes) -> bytes:
        return eventstream.chunk(data) if self._chunked else data


def _subscribed(channel: str, start: Start) -> Fields:
    fields: Fields = {"type": "subscribed", "channel": channel, "position": str(start.position)}
    fields["head"] = str(start.head)
    fields["recovered"] = start.recovered
    if start.snapshot is not None and start.gap is None:
        fields["snapshot"] = [flat_fields(event) for event in start.snapshot.events]
    return fields
