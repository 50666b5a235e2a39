"""Socket.IO v5 at `/socket.io/`, over Engine.IO polling and WebSocket, with connection state recovery.

    emit("subscribe", {"channel": c, "since"?: …}, ack?)     ack: {"type": "subscribed", "position": …, …}
    emit("registerSession", id)                              events only
    emit("unsubscribe" | "publish" | "ack" | "auth" | "ping", {…}, ack?)      as in `protocols/stream.py`
    on(type, (flat, token) => …)                             every event; `gap` and `error` too

An argument that is a string stands for the channel. Answers go to the acknowledgement callback, or as an event of their
name where there is none. A snapshot that nobody takes from an answer comes as ordinary events, so late joiners see the
state at once.

Recovery. A client that bears one more argument is given a `pid`, and each event ends in a token: how far it is in all
it follows. What it follows is recorded in the log before it is told so. When it comes back with both, on whatever node,
in whatever process, it goes on after exactly what it saw; the same `pid` in the answer tells it that nothing was lost
(`socket.recovered`), and what was lost comes as `gap`. Its token is checked anew each time it connects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never

from headway.access.identity import Identity, Unauthorized
from headway.codes import Advice, Close, Code
from headway.errors import HeadwayError, PeerError
from headway.events import Event
from headway.limits import Limits
from headway.positions import Gap, Position, format_positions
from headway.protocols.engineio import Carrier, Closed, Profile, State, Upgraded
from headway.protocols.engineio_packets import takes_offset
from headway.protocols.socketio import Ack, Connect, Connection, Disconnect, Emit, Terms
from headway.protocols.stream import Fields, Subscribe, error_fields, flat_fields, gap_fields, parse
from headway.sessions.recovery import Beginnings
from headway.sessions.session import Session
from headway.sessions.sessions import Sessions, Start
from headway.transports.connections import Socket
from headway.transports.dialogue import Dialogue
from headway.transports.engineio import Host, Identify, Link
from headway.transports.forms import EventPackets, event_packets
from headway.transports.inbox import Inbox
from headway.transports.requests import Receive, Scope, Send, client_of, name_of

__all__ = ["SocketIO"]

logger = logging.getLogger("headway.transports")

ROOT: Final = "/"
_LIVES: Final = 32
"""Lives of the log in which a client's beginnings are kept: as many as the log itself knows."""
_COMMANDS: Final = frozenset({"subscribe", "unsubscribe", "publish", "ack", "auth", "ping", "registerSession"})


class SocketIO:
    """All Socket.IO clients of one server."""

    def __init__(
        self, sessions: Sessions, *, recovery: bool, profile: Profile | None = None, terms: Terms | None = None
    ) -> None:
        limits = sessions.limits
        self._sessions = sessions
        self._recovery = recovery
        self._terms = terms or Terms(connect_timeout=_join_seconds(sessions), binary_bytes=limits.message_bytes)
        self._by_pid: dict[str, _Client] = {}
        self._host = Host(
            profile or _profile(limits),
            limits,
            sessions.clock,
            sessions.new_id,
            self._begin,
        )

    async def serve_http(self, identify: Identify, scope: Scope, receive: Receive, send: Send) -> None:
        """One poll or post. `identify` says who a handshake is; later requests are known by their session."""
        await self._host.serve_http(identify, scope, receive, send)

    async def serve_websocket(self, identify: Identify, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket."""
        await self._host.serve_websocket(identify, scope, receive, send)

    def _begin(self, link: Link, who: Identity | Unauthorized | None, scope: Scope) -> _Client:
        tokens = self._recovery and takes_offset(scope["query_string"].decode("latin-1"))
        machine = Connection(link.engine, self._terms, link.now())
        client = _Client(self._sessions, link, machine, who, tokens, self._by_pid, scope)
        self._sessions.registry.add(client)
        return client


def _join_seconds(sessions: Sessions) -> float:
    """Who has to say who it is does so when it joins."""
    limits = sessions.limits
    return limits.connect_timeout if sessions.access.open else min(limits.connect_timeout, limits.auth_seconds)


def _profile(limits: Limits) -> Profile:
    return Profile(
        limits.heartbeat_seconds, limits.heartbeat_timeout, limits.message_bytes, outbox_bytes=limits.poll_outbox_bytes
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """An answer is expected: by acknowledgement number, or as an event."""

    ack_id: int | None


class _Client:
    """One client: the `Talker` of its link, the `Voice` of its dialogue. It takes part in the namespace `/` alone."""

    def __init__(
        self,
        sessions: Sessions,
        link: Link,
        machine: Connection,
        who: Identity | Unauthorized | None,
        tokens: bool,
        by_pid: dict[str, _Client],
        scope: Scope,
    ) -> None:
        polls = link.engine.state is State.POLLING
        self.life = sessions.begin("socketio-poll" if polls else "socketio", client_of(scope))
        self._sessions = sessions
        self._link = link
        self._machine = machine
        self._name = name_of(scope)
        self._who = who
        """What the handshake said: somebody, a bad token, nothing."""
        self._tokens = tokens
        """Whether its events end in a token."""
        self._by_pid = by_pid
        self._pid: str | None = None
        self._session: Session | None = None
        self._dialogue: Dialogue | None = None
        self._starts: dict[str, Beginnings] = {}
        """Where it began in what it follows: what is on record."""
        self._resuming: dict[str, Position] = {}
        """Where it stands in what it goes on with and that is not attached yet: a token names that, too."""
        self._room: asyncio.Future[None] | None = None
        self._weighed = 0
        """Bytes it has said of which the weight was counted in the inbox."""
        self._inbox: Inbox[Connect | Emit] = Inbox(
            self._handle,
            sessions.limits.inbox_messages,
            self._pause,
            self._resume,
            sessions.pace,
            sessions.limits.message_bytes,
        )

    # The link's side.

    def talk(self, now: float) -> None:
        """Handle what the machine has to tell."""
        for event in self._machine.events(now):
            match event:
                case Connect() | Emit():
                    size, self._weighed = self.life.bytes_in - self._weighed, self.life.bytes_in
                    self._inbox.put(event, size)
                case Disconnect():
                    self._leave()
                case Upgraded():
                    if self._link.socket is not None:
                        self._link.flush()
                        self.upgraded(self._link.socket)
                case Ack() | Closed():
                    pass
                case _:
                    assert_never(event)

    def deadline(self) -> float | None:
        """When the machine wants to be called."""
        return self._machine.deadline()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._machine.tick(now)

    def wake(self) -> None:
        """The carrier can be written."""
        if self._session is not None:
            self._session.wake()

    def upgraded(self, socket: Socket) -> None:
        """Go on over the WebSocket, every cursor from where it stands."""
        clock = self._sessions.clock
        self.life.move(self._sessions.figures.of("socketio"), "socketio", began=clock.monotonic())
        if self._session is not None:
            self._session.change_carrier(self._form(len(self._session.cursors)), socket)

    async def room(self) -> None:
        """Wait until the client may say more."""
        while self._inbox.full:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    def ended(self) -> None:
        """Let go of everything. What it follows stays on record."""
        self._inbox.close()
        self._resume()
        self._sessions.registry.discard(self)
        self._leave()

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session, self._dialogue = None, None
        if self._pid is not None and self._by_pid.get(self._pid) is self:
            del self._by_pid[self._pid]

    def _pause(self) -> None:
        if self._link.socket is not None:
            self._link.socket.pause_reading()

    def _resume(self) -> None:
        if self._link.socket is not None:
            self._link.socket.resume_reading()
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    # The registry's side.

    def tell_to_return(self, delay: float) -> None:
        """A stock client whose connection closes comes back by itself, after a delay of its own."""
        self.life.closing(Close.RESTART.code)
        self._link.close()

    def end(self, close: Close, reason: str) -> None:
        """Say why in an `error`. A stock client that is put out stays away; one whose connection closes comes back."""
        self.life.closing(close.code)
        fields = {"type": "error", "code": close.name.lower(), "message": reason, "close": close.code}
        self._machine.emit(ROOT, "error", {**fields, "advice": close.advice.value})
        if close.advice is Advice.STOP:
            self._machine.disconnect(ROOT)
            self._leave()
            self._link.pump()
        else:
            self._link.close()

    def buffered(self) -> int:
        """What its connection has not taken yet."""
        return self._link.buffered()

    def cut(self) -> None:
        """End at once."""
        self._link.cut()

    def sessions(self) -> list[Session]:
        """The session, once the client has joined."""
        return [self._session] if self._session is not None else []

    # What the client says.

    async def _handle(self, event: Connect | Emit) -> None:
        try:
            if isinstance(event, Connect):
                await self._connect(event)
            else:
                await self._obey(event)
        except Exception:  # the mistake is ours; the client is told so, or comes back to try again
            logger.exception("! a Socket.IO packet could not be handled")
            if isinstance(event, Connect):
                self._link.close()
            else:
                error = HeadwayError("the server made a mistake", code=Code.INTERNAL)
                self._complain(error, _Request(event.ack_id))
        self._link.pump()

    async def _connect(self, event: Connect) -> None:
        if event.namespace != ROOT:
            self._machine.refuse(event.namespace)
            return
        session = self._sessions.open("socketio", self._outlet, self.end, address=self.life.address, client=self._name)
        try:
            self._authenticate(session, event.auth.get("token"))
            starts = await self._recall(session, event.auth) if self._tokens else {}
        except HeadwayError as error:
            session.close()
            if error.code.retry:
                # A stock client takes a refusal for final; whose connection ends comes back by itself.
                self._link.close()
            else:
                self._machine.refuse(ROOT, error.message, error_fields(error))
            return
        await self._join(session, starts)

    def _authenticate(self, session: Session, token: object) -> None:
        """By the token it joins with, or else by what its handshake said."""
        if self._sessions.access.open:
            return
        if isinstance(self._who, Identity) and not isinstance(token, str):
            session.identify(self._who)
        elif isinstance(self._who, Unauthorized) and not isinstance(token, str):
            raise self._who
        else:
            session.authenticate(token if isinstance(token, str) else None)

    async def _join(self, session: Session, starts: dict[str, Start]) -> None:
        """Let the client in and have it go on where it stood."""
        self._session = session
        session.outlet = self._outlet
        self._dialogue = Dialogue(session, self)
        if self._tokens and self._pid is None:
            self._pid = self._sessions.new_id()
        if self._pid is not None:
            self._by_pid[self._pid] = self
        if not self._machine.accept(ROOT, session.id, self._pid):
            self._leave()
            return
        self._resuming = {
            channel: start.position if start.gap is None else start.gap.after for channel, start in starts.items()
        }
        for channel, start in starts.items():
            self._dialogue.resume(channel, start)
        self._resuming = {}

    async def _recall(self, session: Session, auth: dict[str, Any]) -> dict[str, Start]:  # Any: JSON of the client
        """Where a client that comes back goes on; nothing for one that is new or not known any more."""
        pid, token = auth.get("pid"), auth.get("offset")
        if not isinstance(pid, str) or not 1 <= len(pid) <= 64 or not pid.isprintable() or " " in pid:
            return {}
        found = await self._sessions.recovery.find(pid, token if isinstance(token, str) else "")
        if found is None:
            return {}
        starts = {channel: await session.begin(channel, position) for channel, (position, _) in found.items()}
        earlier = self._by_pid.get(pid)
        if earlier is not None and earlier is not self and earlier._user == session.user:
            # The same client on a connection that nobody has noticed is dead.
            earlier._link.cut()
        known = {channel: begins for channel, (_, begins) in found.items()}
        follows = {
            channel: _with(_with(known[channel], found[channel][0]), start.position)
            for channel, start in starts.items()
        }
        if follows != known:
            # The log began another life: from now on its positions count as well.
            await self._sessions.recovery.remember(pid, follows)
        self._pid, self._starts = pid, follows
        return starts

    async def _obey(self, event: Emit) -> None:
        request = _Request(event.ack_id)
        if self._dialogue is None:
            return
        try:
            message = _message(event)
            id = self._session.id if self._session is not None else ""
            self._sessions.heard(self.life.transport, id, event.name, message.get("channel"), 0)
            command = parse(message, event_bytes=self._sessions.limits.event_bytes)
            if isinstance(command, Subscribe) and event.ack_id is None:
                command = replace(command, batch=0, inline_snapshot=False)
            await self._dialogue.obey(command, request)
        except HeadwayError as error:
            self._complain(error, request)

    # The dialogue's voice.

    def answer(self, fields: Fields, request: object) -> None:
        """By acknowledgement where one is expected, else as an event."""
        ack_id = request.ack_id if isinstance(request, _Request) else None
        if ack_id is None:
            self._machine.emit(ROOT, fields["type"], fields)
        else:
            self._machine.acknowledge(ROOT, ack_id, fields)

    def tell(self, events: Sequence[Event]) -> None:
        """The state, as ordinary events. They carry no token: they are older than where the client stands."""
        for event in events:
            self._machine.emit(ROOT, event.type, flat_fields(event))

    def tell_gap(self, gap: Gap, state: Sequence[Event]) -> None:
        """An event of its own."""
        self._machine.emit(ROOT, "gap", gap_fields(gap, state))

    def follow(self, channel: str, start: Start, command: Subscribe) -> None:
        """Attach behind everything that was said; a second channel changes the form of the first."""
        session = self._session
        if session is None or self._machine.engine.state is State.CLOSED:
            return
        self._link.flush()
        form = self._form(len({*session.cursors, *self._resuming, channel}))
        if any(cursor.form is not form for cursor in session.cursors.values()):
            session.change_carrier(form, self._outlet)
        session.follow(channel, start, form, acknowledge=command.acknowledge)

    async def following(self, channel: str, start: Start | None) -> None:
        """Put on record what the client follows, before it is told."""
        if self._pid is None:
            return
        if start is None:
            self._starts.pop(channel, None)
        else:
            # Until the client has been told of a gap it stands before it: the connection may end in between.
            begins = start.position if start.gap is None else start.gap.after
            self._starts.pop(channel, None)  # in the order of the cursors, which is that of tokens
            self._starts[channel] = _with((begins,), start.position)
        await self._sessions.recovery.remember(self._pid, self._starts)

    def refuse(self, error: Unauthorized) -> None:
        """Put the client out; it comes back when its user has a new token."""
        self._machine.disconnect(ROOT)
        self._leave()

    def _complain(self, error: HeadwayError, request: _Request) -> None:
        self.answer({"type": "error", **error_fields(error)}, request)

    @property
    def _user(self) -> str | None:
        return self._session.user if self._session is not None else None

    @property
    def _outlet(self) -> Any:  # Any: a socket or the hanging poll; both are the hub's Outlet
        if self._link.engine.state is State.WEBSOCKET and self._link.socket is not None:
            return self._link.socket
        return self._link.poll

    def _form(self, channels: int) -> EventPackets:
        """Bytes shared with everybody, unless the token must stand for several channels."""
        carrier = Carrier.WEBSOCKET if self._outlet is self._link.socket else Carrier.POLL
        if not self._tokens or channels <= 1:
            return event_packets(carrier, tokens=self._tokens)
        return EventPackets(carrier, self._positions, shared=False)

    def _positions(self, event: Event) -> str:
        """How far the client is in everything, once this event has been told."""
        cursors = self._session.cursors if self._session is not None else {}
        told = self._resuming | {channel: cursor.position for channel, cursor in cursors.items()}
        return format_positions({**told, event.channel: event.position}.values())


def _with(begins: Beginnings, position: Position) -> Beginnings:
    """The beginnings, and one in another life of the log if that is what this is."""
    if any(begin.epoch == position.epoch for begin in begins):
        return begins
    return (*begins, position)[-_LIVES:]


def _message(event: Emit) -> Fields:
    """What was emitted as a message of the native protocol. Raises `PeerError`."""
    name = "registerSession" if event.name == "associate-session" else event.name
    if name not in _COMMANDS:
        raise PeerError(f"there is no message of type {name[:64]!r}", code=Code.UNKNOWN_TYPE)
    if not event.arguments:
        return {"type": name}
    first = event.arguments[0]
    if isinstance(first, dict):
        return {**first, "type": name}
    if isinstance(first, str | int) and not isinstance(first, bool):
        return {"type": name, "sessionId" if name == "registerSession" else "channel": first}
    raise PeerError(f"{name} takes a channel or an object")
