"""Engine.IO sessions over ASGI: polls, posts, WebSockets and the upgrade, driven into the machine of
`protocols/engineio.py`.

Not a transport of its own but the lower half of `socketio.py`. A `Link` is one session; a `Talker` is what speaks on
it.

A link has two carriers in its life. While it polls, `Link.poll` is the outlet: writable while a GET hangs, and one
write answers that GET. Once upgraded, the WebSocket itself is. The talker is told when the carrier changes and moves
its cursors over. Between two polls nothing is writable, so the cursors stay and the log keeps what happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from headway.access.identity import Identity, Unauthorized
from headway.clock import Clock
from headway.codes import Close
from headway.figures import Life
from headway.limits import Limits
from headway.protocols.engineio import Carrier, Engine, Profile, Reason
from headway.protocols.engineio_packets import Refusal, Refused, Transport, read_request
from headway.protocols.websocket import Opcode, frame
from headway.transports.connections import Receiver, Socket
from headway.transports.delivery import DETACH, serve_socket
from headway.transports.requests import Receive, Scope, Send, answer, left, read_body

__all__ = ["Host", "Identify", "Link", "PollOutlet", "Talker"]

Identify = Callable[[Scope], Awaitable[Identity | Unauthorized | None]]
"""Says who makes a handshake: somebody, one with a bad token, or nobody yet."""

_TEXT: Final = b"text/plain; charset=UTF-8"
_NO_STORE: Final = [(b"cache-control", b"no-store")]


class Talker(Protocol):
    """What speaks on a session. All of it is called on the loop and may not wait, except `room`."""

    life: Life
    """What it said and was told is counted there."""

    def talk(self, now: float) -> None:
        """Handle what the engine has to tell."""
        ...

    def deadline(self) -> float | None:
        """When `tick` has to be called."""
        ...

    def tick(self, now: float) -> None:
        """Time has passed."""
        ...

    def wake(self) -> None:
        """The carrier can be written."""
        ...

    def upgraded(self, socket: Socket) -> None:
        """The WebSocket is the carrier from now on."""
        ...

    async def room(self) -> None:
        """Wait until so little is unhandled that the client may say more."""
        ...

    def ended(self) -> None:
        """The session is over; called once."""
        ...


class PollOutlet:
    """The hanging GET as an outlet: one write, then nothing until the next."""

    __slots__ = ("_link", "writable")

    def __init__(self, link: Link) -> None:
        self._link = link
        self.writable = False

    def write(self, data: bytes, /) -> None:
        """Answer the GET with what the machine has to say itself, then these packets."""
        self.writable = False
        self._link.answer_poll(data)


class Link:
    """One Engine.IO session and its connections."""

    def __init__(self, host: Host, engine: Engine) -> None:
        self.engine = engine
        self.poll = PollOutlet(self)
        self.socket: Socket | None = None
        self._host = host
        self._talker: Talker | None = None
        self._hanging: asyncio.Future[bytes] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._pumping = False
        self._ended = False

    def now(self) -> float:
        """Seconds for deadlines."""
        return self._host.now()

    def begin(self, talker: Talker) -> None:
        """Have somebody speak on it."""
        self._talker = talker

    # What requests bring.

    async def hang(self, scope: Scope, receive: Receive, now: float) -> bytes:
        """A GET: wait for what answers it. Raises `Refused`. A client that gives up ends its session."""
        try:
            self.engine.poll(now)
        except Refused:
            # It may have ended the session, and then the GET that hangs has to hear of it.
            self.pump()
            raise
        hanging: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._hanging = hanging
        self.pump()
        if not hanging.done():
            await self._answered(hanging, scope, receive)
        return hanging.result()

    async def _answered(self, hanging: asyncio.Future[bytes], scope: Scope, receive: Receive) -> None:
        """Wait until the GET is answered. Raises `Refused` if its client leaves first."""
        detach = (scope.get("extensions") or {}).get(DETACH)
        if detach is not None:
            detach.when_left(lambda: self._give_up(hanging))
        leaving = asyncio.create_task(left(receive))
        either: set[asyncio.Future[Any]] = {hanging, leaving}  # Any: an answer or nothing
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._give_up(hanging)
        if hanging.cancelled():
            raise Refused(Refusal.BAD_REQUEST, "the client gave up")

    async def post(self, body: bytes, now: float) -> bytes:
        """A POST; the answer waits until what it said is nearly handled, so that a client cannot outrun the server."""
        self.received(len(body))
        try:
            return self.engine.post(body, now)
        finally:
            self.pump()
            if self._talker is not None:
                await self._talker.room()

    def upgrade(self, socket: Socket) -> Receiver:
        """A WebSocket for a session that polls. One that comes when there is no use for it is closed, and the session
        goes on."""
        try:
            self.engine.attach(self.now())
        except Refused:
            socket.close(Close.POLICY)
            return _SocketReceiver(self, socket)
        return self.adopt(socket)

    def adopt(self, socket: Socket) -> Receiver:
        """A WebSocket of this session, its first or an upgrade's."""
        self.socket = socket
        return _SocketReceiver(self, socket)

    def answer_poll(self, events: bytes = b"") -> None:
        """Let the hanging GET go."""
        self.poll.writable = False
        if not self.engine.hanging:
            # Only the hub writes events here, and only while the outlet is writable, which is while a GET hangs.
            assert not events
            return
        body = self.engine.answer(events)
        if self._talker is not None and len(body) > len(events):
            self._talker.life.answered(len(body) - len(events))
        if self._hanging is not None and not self._hanging.done():
            self._hanging.set_result(body)

    def _give_up(self, hanging: asyncio.Future[bytes]) -> None:
        """The client of a GET has left; of no matter if it was answered."""
        if hanging.cancel():
            self._hanging = None
            self.poll.writable = False
            self.engine.cancel()
            self.pump()

    # The machine's turn, after anything happened.

    def pump(self) -> None:
        """Hand on what the machine has to tell, write what it has to say, wake the cursors, set the timer."""
        if self._pumping or self._talker is None:
            return
        self._pumping = True
        try:
            self._talker.talk(self._host.now())
            self.flush()
            self._offer_poll()
        finally:
            self._pumping = False
        self._set_timer()
        if self.engine.deadline() is None:
            self._end()

    def flush(self) -> None:
        """Write the machine's own packets to the WebSocket, before anything the hub writes next."""
        packets = self.engine.to_socket()
        if self.socket is None:
            return
        if packets:
            data = b"".join([_framed(packet) for packet in packets])
            if self._talker is not None:
                self._talker.life.answered(len(data))
            self.socket.send(data)
        if not self.engine.wants_socket:
            socket, self.socket = self.socket, None
            socket.close(Close.NORMAL)

    def _offer_poll(self) -> None:
        """Let the hub fill the hanging GET; if it has nothing, answer with the machine's packets or let it hang."""
        if self._talker is not None and self.engine.carrier is Carrier.POLL:
            self.poll.writable = True
            self._talker.wake()
        if self.engine.answer_due:
            self.answer_poll()

    def tick(self) -> None:
        """The timer fired."""
        self._timer = None
        if self._talker is not None:
            self._talker.tick(self._host.now())
            self.pump()

    def wake(self) -> None:
        """The WebSocket can be written again."""
        if self._talker is not None and self.engine.carrier is Carrier.WEBSOCKET:
            self._talker.wake()

    def received(self, size: int) -> None:
        """The client said something."""
        if self._talker is not None:
            self._talker.life.received(size)

    def buffered(self) -> int:
        """Bytes that wait for the client: its own packets, and what its WebSocket has not taken."""
        return self.engine.waiting + (self.socket.waiting() if self.socket is not None else 0)

    def close(self, reason: Reason = Reason.SERVER) -> None:
        """End the session; the client may come back."""
        self.engine.close(reason)
        self.pump()

    def cut(self) -> None:
        """End the session and its connections without a word."""
        if self.socket is not None:
            self.socket.cut()
        self.close()

    def _set_timer(self) -> None:
        deadline = self._talker.deadline() if self._talker is not None else None
        if deadline is None or self._ended:
            self._stop_timer()
            return
        if self._timer is None or deadline < self._due:
            self._stop_timer()
            self._due = deadline
            delay = max(0.0, deadline - self._host.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self.tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._stop_timer()
            self._host.forget(self)
            if self._talker is not None:
                self._talker.ended()


class _SocketReceiver:
    """The WebSocket of a link."""

    __slots__ = ("_link", "_socket")

    def __init__(self, link: Link, socket: Socket) -> None:
        self._link = link
        self._socket = socket

    def received(self, message: str | bytes) -> None:
        """A packet; passed over if the link has turned away from this socket."""
        self._link.received(len(message))
        if self._link.socket is self._socket:
            self._link.engine.receive(message, self._link.now())
            self._link.pump()

    def writable_again(self) -> None:
        """Go on with what the client has not been told."""
        self._link.wake()

    def ended(self, code: int | None) -> None:
        """The socket is gone: with it the session, or an upgrade under way."""
        if self._link.socket is self._socket:
            self._link.socket = None
            self._link.engine.detach()
            self._link.pump()


class Host:
    """The Engine.IO sessions of one server."""

    def __init__(
        self,
        profile: Profile,
        limits: Limits,
        clock: Clock,
        new_id: Callable[[], str],
        talker: Callable[[Link, Identity | Unauthorized | None, Scope], Talker],
    ) -> None:
        self._profile = profile
        self._limits = limits
        self._clock = clock
        self._new_id = new_id
        self._talker = talker
        self._links: dict[str, Link] = {}

    def now(self) -> float:
        """Seconds for deadlines."""
        return self._clock.monotonic()

    def forget(self, link: Link) -> None:
        """The session is over."""
        self._links.pop(link.engine.sid, None)

    def links(self) -> list[Link]:
        """The sessions that are open."""
        return list(self._links.values())

    async def serve_http(self, identify: Identify, scope: Scope, receive: Receive, send: Send) -> None:
        """One poll or post."""
        try:
            request = read_request(scope["method"], scope["query_string"].decode("latin-1"), websocket=False)
            if request.sid is None:
                link = self._open(await identify(scope), scope, Transport.POLLING)
            else:
                link = self._find(request.sid)
            if scope["method"] == "GET":
                body = await link.hang(scope, receive, self.now())
            else:
                posted = await read_body(scope, receive, self._profile.max_payload + 1, limits=self._limits)
                body = await link.post(posted, self.now())
        except Refused as refused:
            await answer(send, refused.status, refused.body, _NO_STORE)
            return
        await answer(send, 200, body, _NO_STORE, content_type=_TEXT)

    async def serve_websocket(self, identify: Identify, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket: of a new session, or an upgrade of one that polls."""
        try:
            request = read_request("GET", scope["query_string"].decode("latin-1"), websocket=True)
            link = None if request.sid is None else self._find(request.sid)
        except Refused as refused:
            await _refuse(scope, receive, send, refused)
            return
        who = await identify(scope) if link is None else None

        def connect(socket: Socket) -> Receiver:
            if link is not None:
                return link.upgrade(socket)
            opened = self._open(who, scope, Transport.WEBSOCKET)
            receiver = opened.adopt(socket)
            opened.pump()
            return receiver

        await serve_socket(scope, receive, send, self._limits, connect, heartbeat=False)

    def _open(self, who: Identity | Unauthorized | None, scope: Scope, transport: Transport) -> Link:
        link = Link(self, Engine(self._new_id(), transport, self._profile, self.now()))
        self._links[link.engine.sid] = link
        link.begin(self._talker(link, who, scope))
        return link

    def _find(self, sid: str) -> Link:
        link = self._links.get(sid)
        if link is None:
            raise Refused(Refusal.UNKNOWN_SESSION, "there is no such session here")
        return link


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": Close.POLICY.code, "reason": refused.refusal.meaning})
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refused.body, "more_body": False})


def _framed(packet: str | bytes) -> bytes:
    if isinstance(packet, str):
        return frame(Opcode.TEXT, packet.encode())
    return frame(Opcode.BINARY, packet)
