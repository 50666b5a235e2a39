"""Protocol tests that read like a transcript: what the world does, and what it sees in return.

    play(stage) >> received("40") << sent('40{"sid":"s"}') >> tick(25) << sent("2") << nothing()

`>>` lets something happen, `<<` names what must be seen next. What is seen and not named fails at the next `>>`;
`nothing()` asks for it at the end. Time stands still but for `tick(seconds)`, which lets the machine's own timer fire
at each of its deadlines on the way, and `oversleep(seconds)`, during which it does not fire.

A stage is one client's world around one machine, with the application on top: `EngineStage` (what to do with a message
is up to `echo` or the like) and `SocketStage` play a shell's part for Engine.IO and Socket.IO, and are its shortest
example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from headway.protocols.engineio import Carrier, Engine, EngineEvent, Received
from headway.protocols.engineio_packets import Refused
from headway.protocols.socketio import Connection, SocketEvent

__all__ = [
    "Answered",
    "EngineStage",
    "HungUp",
    "Seen",
    "Sent",
    "SocketStage",
    "Stage",
    "Transcript",
    "TurnedDown",
    "answered",
    "attached",
    "broadcast",
    "cancelled",
    "done",
    "echo",
    "hung_up",
    "lost",
    "nothing",
    "oversleep",
    "play",
    "polled",
    "posted",
    "received",
    "refused",
    "sent",
    "tick",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """The server sent a message on the WebSocket: text or bytes."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class HungUp:
    """The server closed the WebSocket."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The server answered an HTTP request with 200 and this body."""

    body: bytes


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """The server answered an HTTP request, or a WebSocket handshake, with this status."""

    status: int


Seen = Sent | HungUp | Answered | TurnedDown


class Stage(Protocol):
    """One client's world: what can happen in it. Each call does everything that follows from it, and notes what is
    seen."""

    now: float
    seen: list[Seen]

    def deadline(self) -> float | None:
        """When the machine wants to be told the time."""
        ...

    def tick(self) -> None:
        """Its timer fires."""
        ...

    def poll(self) -> None:
        """The client sends a GET."""
        ...

    def cancel(self) -> None:
        """The client gives up its hanging GET."""
        ...

    def post(self, body: bytes) -> None:
        """The client sends a POST."""
        ...

    def attach(self) -> None:
        """The client opens a WebSocket with the sid it has."""
        ...

    def receive(self, data: str | bytes) -> None:
        """The client sends a message on the WebSocket."""
        ...

    def detach(self) -> None:
        """The WebSocket breaks."""
        ...

    def broadcast(self, packet: str) -> bool:
        """The hub has an event, encoded as this packet, for everybody; whether it could be written."""
        ...


Step = Callable[[Stage], None]
"""Something that happens."""
Expectation = Callable[[list[Seen]], None]
"""Takes what it names off the front, or raises `AssertionError`."""


class Transcript:
    """A play under way. Both operators return the transcript itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def __rshift__(self, step: Step) -> Transcript:
        """Something happens. Everything seen before must have been named."""
        nothing()(self.stage.seen)
        step(self.stage)
        return self

    def __lshift__(self, expectation: Expectation) -> Transcript:
        """This is seen next."""
        expectation(self.stage.seen)
        return self


def play(stage: Stage) -> Transcript:
    """Begin a transcript, or go on with one on the same stage."""
    return Transcript(stage)


# What happens.


def received(data: str | bytes) -> Step:
    """The WebSocket brings a message to the server."""
    return lambda stage: stage.receive(data)


def polled() -> Step:
    """A GET arrives."""
    return lambda stage: stage.poll()


def cancelled() -> Step:
    """The hanging GET is given up by the client."""
    return lambda stage: stage.cancel()


def posted(body: str | bytes) -> Step:
    """A POST arrives."""
    return lambda stage: stage.post(body.encode() if isinstance(body, str) else body)


def attached() -> Step:
    """A WebSocket arrives that names the session."""
    return lambda stage: stage.attach()


def lost() -> Step:
    """The WebSocket breaks."""
    return lambda stage: stage.detach()


def broadcast(packet: str, *, written: bool = True) -> Step:
    """The hub has an event for everybody; it can, or cannot, be written to this client now."""

    def step(stage: Stage) -> None:
        assert stage.broadcast(packet) is written, f"a broadcast was {'not ' if written else ''}written"

    return step


def done(action: Callable[[], object]) -> Step:
    """The application does something by itself."""

    def step(stage: Stage) -> None:
        action()
        stage.tick()

    return step


def tick(seconds: float) -> Step:
    """Time passes, and the machine's timer fires whenever it is due."""

    def step(stage: Stage) -> None:
        until = round(stage.now + seconds, 6)
        while (due := stage.deadline()) is not None and due <= until:
            stage.now = max(stage.now, due)
            stage.tick()
        stage.now = until

    return step


def oversleep(seconds: float) -> Step:
    """Time passes, and nobody tells the machine."""

    def step(stage: Stage) -> None:
        stage.now = round(stage.now + seconds, 6)

    return step


# What is seen.


def sent(data: str | bytes) -> Expectation:
    """The WebSocket carries this message to the client."""
    return _next(Sent(data))


def hung_up() -> Expectation:
    """The WebSocket is closed by the server."""
    return _next(HungUp())


def answered(body: str | bytes) -> Expectation:
    """An HTTP request is answered by 200 with this body."""
    return _next(Answered(body.encode() if isinstance(body, str) else body))


def refused(status: int = 400) -> Expectation:
    """An HTTP request, or a WebSocket handshake, is answered by this status."""
    return _next(TurnedDown(status))


def nothing() -> Expectation:
    """Nothing more is seen."""

    def check(seen: list[Seen]) -> None:
        assert not seen, f"nobody expected {seen}"

    return check


def _next(expected: Seen) -> Expectation:
    def check(seen: list[Seen]) -> None:
        assert seen, f"expected {expected}, saw nothing"
        assert seen[0] == expected, f"expected {expected}, saw {seen}"
        del seen[0]

    return check


# Stages.


@dataclass
class EngineStage:
    """A shell around an Engine.IO session. `application` is told every event of it."""

    engine: Engine
    application: Callable[[Engine, EngineEvent], None]
    now: float = 0.0
    opened: bool = False
    """Whether the session was opened on a WebSocket, which then stands from the beginning."""
    seen: list[Seen] = field(default_factory=list)
    socket: bool = field(init=False)

    def __post_init__(self) -> None:
        self.socket = self.opened
        self._settle()

    def deadline(self) -> float | None:
        """When the machine wants to be told the time."""
        return self.engine.deadline()

    def tick(self) -> None:
        """Its timer fires."""
        self.engine.tick(self.now)
        self._settle()

    def poll(self) -> None:
        """The client sends a GET; an answer to an earlier one is seen before a refusal of this one."""
        try:
            self.engine.poll(self.now)
        except Refused as error:
            self._settle()
            self.seen.append(TurnedDown(error.status))
        self._settle()

    def cancel(self) -> None:
        """The client gives up its hanging GET."""
        self.engine.cancel()
        self._settle()

    def post(self, body: bytes) -> None:
        """The client sends a POST; its answer is seen before anything that follows from it."""
        try:
            self.seen.append(Answered(self.engine.post(body, self.now)))
        except Refused as error:
            self.seen.append(TurnedDown(error.status))
        self._settle()

    def attach(self) -> None:
        """The client opens a WebSocket with the sid it has."""
        try:
            self.engine.attach(self.now)
            self.socket = True
        except Refused as error:
            self.seen.append(TurnedDown(error.status))
        self._settle()

    def receive(self, data: str | bytes) -> None:
        """The client sends a message on the WebSocket."""
        if self.socket:
            self.engine.receive(data, self.now)
            self._settle()

    def detach(self) -> None:
        """The WebSocket breaks."""
        self.socket = False
        self.engine.detach()
        self._settle()

    def broadcast(self, packet: str) -> bool:
        """The hub has an event: it goes to the carrier, or nowhere."""
        match self.engine.carrier:
            case Carrier.WEBSOCKET:
                self.seen.append(Sent(packet))
            case Carrier.POLL:
                self.seen.append(Answered(self.engine.answer(packet.encode())))
            case Carrier.NONE:
                return False
        return True

    def _settle(self) -> None:
        """Hand events on and write what there is to write: what a shell does after each call."""
        self._tell()
        if self.socket:
            self.seen += [Sent(data) for data in self.engine.to_socket()]
            if not self.engine.wants_socket:
                self.socket = False
                self.seen.append(HungUp())
        if self.engine.answer_due:
            self.seen.append(Answered(self.engine.answer()))

    def _tell(self) -> None:
        for event in self.engine.events():
            self.application(self.engine, event)


def echo(engine: Engine, event: EngineEvent) -> None:
    """An application that sends every message back."""
    if isinstance(event, Received):
        engine.send(event.data)


class SocketStage(EngineStage):
    """A shell around a Socket.IO connection. `serve` is told every event of it."""

    def __init__(
        self, connection: Connection, serve: Callable[[Connection, SocketEvent], None], *, opened: bool = False
    ) -> None:
        self.connection = connection
        self._serve = serve
        super().__init__(connection.engine, lambda engine, event: None, opened=opened)

    def deadline(self) -> float | None:
        """When the machine wants to be told the time."""
        return self.connection.deadline()

    def tick(self) -> None:
        """Its timer fires."""
        self.connection.tick(self.now)
        self._settle()

    def _tell(self) -> None:
        for event in self.connection.events(self.now):
            self._serve(self.connection, event)
