"""The native protocol on a raw WebSocket, at `/ws`, `/ws/{client_id}` and `/`. The messages are in
`protocols/stream.py`.

The subprotocol `headway.json` is what everybody gets who asks for none; `headway.msgpack` carries the same messages as
MessagePack. A client that reads only events, and so would pass over the snapshot in an answer, connects with
`?snapshot=events` and gets it as ordinary messages. Who it is may come with the handshake or in an `auth` message,
again and again; a bad token in either closes with 4001, and so does the end of a good one.

Messages of one client are handled one after the other; while more than `inbox_messages` wait, its socket is not read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from headway.access.identity import Identity, Unauthorized
from headway.codes import Close, Code
from headway.errors import HeadwayError, PeerError
from headway.events import Event
from headway.positions import Gap
from headway.protocols.stream import Fields, Subscribe, error_fields, gap_fields, id_of, parse
from headway.protocols.websocket import frame
from headway.sessions.session import Session
from headway.sessions.sessions import Sessions, Start
from headway.transports.connections import Receiver, Socket
from headway.transports.delivery import serve_socket
from headway.transports.dialogue import Dialogue
from headway.transports.forms import Codec, Frames, batch_frames, frames
from headway.transports.inbox import Inbox
from headway.transports.requests import Receive, Scope, Send, client_of, name_of, query_of

__all__ = ["SUBPROTOCOLS", "serve"]

logger = logging.getLogger("headway.transports")

SUBPROTOCOLS: Final = {"headway.json": Codec.JSON, "headway.msgpack": Codec.MSGPACK}
_MOST_ERRORS: Final = 100
"""Messages that make no sense, one after the other, before the client is told to stop: it is broken, not clumsy."""


async def serve(
    sessions: Sessions, who: Identity | Unauthorized | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Serve one WebSocket of the native protocol. `who` is what the handshake said: somebody, a bad token, nothing."""
    chosen = next((name for name in scope.get("subprotocols", []) if name in SUBPROTOCOLS), None)
    codec = SUBPROTOCOLS[chosen] if chosen else Codec.JSON
    as_events = query_of(scope).get("snapshot") == "events"

    def connect(socket: Socket) -> Receiver:
        return _Connection(sessions, socket, codec, who, as_events, scope)

    await serve_socket(scope, receive, send, sessions.limits, connect, subprotocol=chosen)


class _Connection:
    """One client of the native protocol: a `Receiver` of its socket, the `Voice` of its dialogue."""

    __slots__ = (
        "_as_events",
        "_auth_timer",
        "_codec",
        "_dialogue",
        "_errors",
        "_inbox",
        "_plain",
        "_session",
        "_sessions",
        "_socket",
        "life",
    )

    def __init__(
        self,
        sessions: Sessions,
        socket: Socket,
        codec: Codec,
        who: Identity | Unauthorized | None,
        as_events: bool,
        scope: Scope,
    ) -> None:
        address = client_of(scope)
        self.life = sessions.begin("websocket", address)
        self._sessions = sessions
        self._socket = socket
        self._codec = codec
        self._as_events = as_events
        known = who if isinstance(who, Identity) else None
        self._session: Session = sessions.open("websocket", socket, self.end, known, address, name_of(scope))
        self._dialogue = Dialogue(self._session, self)
        most = sessions.limits.inbox_messages
        self._inbox: Inbox[str | bytes] = Inbox(
            self._handle,
            most,
            socket.pause_reading,
            socket.resume_reading,
            sessions.pace,
            sessions.limits.message_bytes,
        )
        self._errors = 0
        self._plain = False
        """The client knows only events: whatever else it is sent it would take for one."""
        self._auth_timer: asyncio.TimerHandle | None = None
        sessions.registry.add(self)
        if isinstance(who, Unauthorized):
            self.refuse(who)
        elif self._session.identity is None:
            self._auth_timer = asyncio.get_running_loop().call_later(sessions.limits.auth_seconds, self._never_said)

    # The connection's side.

    def received(self, message: str | bytes) -> None:
        """Handle a message, after those before it."""
        self.life.received(len(message))
        self._inbox.put(message, len(message))

    def writable_again(self) -> None:
        """Go on with what the client has not been told."""
        self._session.wake()

    def ended(self, code: int | None) -> None:
        """Let go of everything."""
        self.life.closing(code)
        self._stop_waiting_for_auth()
        self._inbox.close()
        self._sessions.registry.discard(self)
        self._session.close()

    # The registry's side.

    def tell_to_return(self, delay: float) -> None:
        """Name the delay, then close with 1012."""
        if not self._plain:
            self._say({"type": "reconnect", "retry": round(delay * 1000)})
        self.end(Close.RESTART, Close.RESTART.meaning)

    def end(self, close: Close, reason: str) -> None:
        """Close with this code."""
        self.life.closing(close.code)
        self._socket.close(close, reason)

    def buffered(self) -> int:
        """What its socket has not taken yet."""
        return self._socket.waiting()

    def cut(self) -> None:
        """End at once."""
        self._socket.cut()

    def sessions(self) -> list[Session]:
        """The one session of this connection."""
        return [self._session]

    # The client's messages.

    async def _handle(self, message: str | bytes) -> None:
        request: object = None
        try:
            fields = self._decode(message)
            request = id_of(fields)
            self._note(fields, len(message))
            command = parse(fields, event_bytes=self._sessions.limits.event_bytes)
            if self._as_events and isinstance(command, Subscribe):
                command = replace(command, inline_snapshot=False)
            await self._dialogue.obey(command, request)
            self._errors = 0
        except HeadwayError as error:
            self._complain(error, request)
        except Exception:  # the mistake is ours: the client is told so and keeps its connection
            logger.exception("! a message could not be handled")
            self._complain(HeadwayError("the server made a mistake", code=Code.INTERNAL), request)

    def _note(self, fields: object, size: int) -> None:
        if isinstance(fields, dict):
            self._sessions.heard("websocket", self._session.id, fields.get("type"), fields.get("channel"), size)

    def _decode(self, message: str | bytes) -> object:
        if isinstance(message, bytes) and self._codec is Codec.JSON:
            raise PeerError("this connection speaks JSON text; ask for the subprotocol 'headway.msgpack' to send bytes")
        try:
            return Codec.JSON.decode(message) if isinstance(message, str) else self._codec.decode(message)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise PeerError(f"the message cannot be read: {error}", code=Code.BAD_JSON) from error

    def _never_said(self) -> None:
        self._sessions.figures.limits.add("auth_seconds")
        self.end(Close.NO_AUTH, Close.NO_AUTH.meaning)

    def _stop_waiting_for_auth(self) -> None:
        if self._auth_timer is not None:
            self._auth_timer.cancel()
            self._auth_timer = None

    # The dialogue's voice.

    def answer(self, fields: Fields, request: object) -> None:
        """One message; the request's id is repeated in it."""
        if fields["type"] == "auth_success":
            self._stop_waiting_for_auth()
        self._say(fields if request is None else {**fields, "id": request})

    def tell(self, events: Sequence[Event]) -> None:
        """Events, a frame each."""
        data = self._form.join([self._form.encode(event) for event in events])
        self.life.answered(len(data))
        self._socket.send(data)

    def tell_gap(self, gap: Gap, state: Sequence[Event]) -> None:
        """A message of its own."""
        self._say(gap_fields(gap, state))

    def follow(self, channel: str, start: Start, command: Subscribe) -> None:
        """In frames, or in batches where the client asked for them."""
        self._plain = not command.answer
        form = batch_frames(self._codec, self._socket.deflate, command.batch) if command.batch else self._form
        self._session.follow(channel, start, form, acknowledge=command.acknowledge)

    async def following(self, channel: str, start: Start | None) -> None:
        """The client itself remembers its positions."""

    def refuse(self, error: Unauthorized) -> None:
        """Close with the code that clients take for a bad token."""
        self.end(Close.BAD_TOKEN, error.message)

    @property
    def _form(self) -> Frames:
        return frames(self._codec, self._socket.deflate)

    def _say(self, fields: Fields) -> None:
        data = frame(self._codec.opcode, self._codec.encode(fields), deflate=self._socket.deflate)
        self.life.answered(len(data))
        self._socket.send(data)

    def _complain(self, error: HeadwayError, request: object) -> None:
        self.answer({"type": "error", **error_fields(error)}, request)
        self._errors += 1
        if self._errors >= _MOST_ERRORS:
            self.end(Close.TOO_MANY_ERRORS, Close.TOO_MANY_ERRORS.meaning)
