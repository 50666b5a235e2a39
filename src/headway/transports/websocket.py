"""The native protocol on a raw WebSocket, at `/ws`, `/ws/{client_id}` and `/`. The messages are in
`protocols/stream.py`.

The subprotocol `headway.json` is what everybody gets who asks for none; `headway.msgpack` carries the same messages as
MessagePack. A client that reads only events, and so would pass over the snapshot in an answer, connects with
`?snapshot=events` and gets it as ordinary messages. A token may come as `?token=`, in the `Authorization` header, or in
an `auth` message; a bad one in the URL closes with 4001.

Messages of one client are handled one after the other; while more than `inbox_messages` wait, its socket is not read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from headway.access.identity import Unauthorized
from headway.codes import Close, Code
from headway.errors import HeadwayError, PeerError
from headway.events import Event
from headway.positions import Gap
from headway.protocols.stream import Fields, Subscribe, error_fields, gap_fields, parse
from headway.protocols.websocket import frame
from headway.sessions.session import Session
from headway.sessions.sessions import Sessions, Start
from headway.transports.connections import Receiver, Socket
from headway.transports.delivery import serve_socket
from headway.transports.dialogue import Dialogue
from headway.transports.forms import Codec, Frames, batch_frames, frames
from headway.transports.inbox import Inbox
from headway.transports.requests import Receive, Scope, Send, bearer, query_of

__all__ = ["SUBPROTOCOLS", "serve"]

logger = logging.getLogger("headway.transports")

SUBPROTOCOLS: Final = {"headway.json": Codec.JSON, "headway.msgpack": Codec.MSGPACK}
_MOST_ERRORS: Final = 100
"""Messages that make no sense, one after the other, before the client is told to stop: it is broken, not clumsy."""


async def serve(sessions: Sessions, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket of the native protocol."""
    chosen = next((name for name in scope.get("subprotocols", []) if name in SUBPROTOCOLS), None)
    codec = SUBPROTOCOLS[chosen] if chosen else Codec.JSON
    query = query_of(scope)
    token, as_events = bearer(scope, query), query.get("snapshot") == "events"

    def connect(socket: Socket) -> Receiver:
        return _Connection(sessions, socket, codec, token, as_events)

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
    )

    def __init__(self, sessions: Sessions, socket: Socket, codec: Codec, token: str | None, as_events: bool) -> None:
        self._sessions = sessions
        self._socket = socket
        self._codec = codec
        self._as_events = as_events
        self._session: Session = sessions.open("websocket", socket)
        self._dialogue = Dialogue(self._session, self)
        most = sessions.limits.inbox_messages
        self._inbox: Inbox[str | bytes] = Inbox(self._handle, most, socket.pause_reading, socket.resume_reading)
        self._errors = 0
        self._plain = False
        """The client knows only events: whatever else it is sent it would take for one."""
        self._auth_timer: asyncio.TimerHandle | None = None
        sessions.registry.add(self)
        if token is not None and not sessions.access.open:
            self._authenticate_by_url(token)
        if self._session.identity is None:
            self._auth_timer = asyncio.get_running_loop().call_later(
                sessions.limits.auth_seconds, socket.close, Close.NO_AUTH
            )

    # The connection's side.

    def received(self, message: str | bytes) -> None:
        """Handle a message, after those before it."""
        self._inbox.put(message)

    def writable_again(self) -> None:
        """Go on with what the client has not been told."""
        self._session.wake()

    def ended(self, code: int | None) -> None:
        """Let go of everything."""
        self._stop_waiting_for_auth()
        self._inbox.close()
        self._session.close()
        self._sessions.registry.discard(self)

    # The registry's side.

    def tell_to_return(self, delay: float) -> None:
        """Name the delay, then close with 1012."""
        if not self._plain:
            self._say({"type": "reconnect", "retry": round(delay * 1000)})
        self._socket.close(Close.RESTART)

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
            request = fields.get("id") if isinstance(fields, dict) else None
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

    def _decode(self, message: str | bytes) -> object:
        if isinstance(message, bytes) and self._codec is Codec.JSON:
            raise PeerError("this connection speaks JSON text; ask for the subprotocol 'headway.msgpack' to send bytes")
        try:
            return Codec.JSON.decode(message) if isinstance(message, str) else self._codec.decode(message)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise PeerError(f"the message cannot be read: {error}", code=Code.BAD_JSON) from error

    def _authenticate_by_url(self, token: str) -> None:
        try:
            self._session.authenticate(token)
        except Unauthorized as error:
            self.refuse(error)

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
        self._socket.send(self._form.join([self._form.encode(event) for event in events]))

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
        self._socket.close(Close.BAD_TOKEN, error.message)

    @property
    def _form(self) -> Frames:
        return frames(self._codec, self._socket.deflate)

    def _say(self, fields: Fields) -> None:
        self._socket.send(frame(self._codec.opcode, self._codec.encode(fields), deflate=self._socket.deflate))

    def _complain(self, error: HeadwayError, request: object) -> None:
        self.answer({"type": "error", **error_fields(error)}, request)
        self._errors += 1
        if self._errors >= _MOST_ERRORS:
            self._socket.close(Close.TOO_MANY_ERRORS)
