"""The life of one connection: whether it was answered, when it was last heard, and how it ended.

    opening ──answer──▶ answered ──end──▶ ended
       └────────────────end─────────────────▲

A peer that is gone without a word is noticed by its silence. Any frame counts as a sign of life. After half the time
that it may be silent it is asked for one, where the transport can ask; where it cannot, its own heartbeat (15 s on a
stream) or the answers to its polls are the signs, and a stream that something holds back has none.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from headway.client.address import Address
from headway.client.endings import Ended
from headway.client.runtime import Runtime, Timer
from headway.client.transports.interface import Connection, Fields, Follows, Transport

__all__ = ["TRANSITIONS", "Life", "LifeHost", "State"]

_PROBE: Final = 3.0
"""For the answer to a question that is asked because this machine has slept."""
_LEAST_BEAT: Final = 0.01
"""Of the silence; a clock that is a little early is asked again."""


class State(Enum):
    """Where a connection is in its life."""

    OPENING = "opening"
    ANSWERED = "answered"
    ENDED = "ended"


TRANSITIONS: Final[dict[tuple[State, str], State]] = {
    (State.OPENING, "answer"): State.ANSWERED,
    (State.ANSWERED, "answer"): State.ANSWERED,
    (State.OPENING, "end"): State.ENDED,
    (State.ANSWERED, "end"): State.ENDED,
}
"""What may happen when. Whatever is not here is a late word of a connection that is over, and is not heard."""


class LifeHost(Protocol):
    """Whom a life tells."""

    address: Address
    runtime: Runtime
    silence: float
    patience: float
    """Seconds until the handshake is answered."""

    def token(self) -> str | None: ...
    def follows(self) -> Follows: ...
    def told(self, life: Life, channel: str, message: Fields) -> None: ...
    def current(self, life: Life, channel: str) -> None: ...
    def refused(self, channel: str, ended: Ended) -> None: ...
    def authenticated(self, until: float | None) -> None: ...
    def jumped(self) -> None:
        """Time has jumped: this machine has slept, or the loop was held up."""
        ...

    async def room(self, channel: str) -> None: ...


class Life:
    """One connection, from its opening to its end. It is the connection's `Link`."""

    def __init__(
        self,
        transport: Transport,
        host: LifeHost,
        on_answered: Callable[[Life], None],
        on_ended: Callable[[Life, Ended], None],
    ) -> None:
        self.name = transport.name
        self.address = host.address
        self.runtime = host.runtime
        self.silence = host.silence
        self.gaps: set[str] = set()
        """Channels in which something was lost, as this connection said."""
        self.begun: set[str] = set()
        """Channels of which this connection has said where it begins."""
        self.blocked: set[str] = set()
        """Channels of which nothing is heard until this connection has begun them anew."""
        self._host = host
        self._on_answered = on_answered
        self._on_ended = on_ended
        self._state = State.OPENING
        self._beat = Timer(host.runtime)
        self._probe = Timer(host.runtime)
        self._began = self._heard_at = self._beat_at = self._now()
        self._beats_in = 0.0
        self._answered_at = 0.0
        self._listen()
        self._connection = transport.open(self)

    @property
    def lived(self) -> float:
        """Seconds for which it has been of use."""
        return 0.0 if self._state is State.OPENING else self._now() - self._answered_at

    @property
    def handshake(self) -> float:
        """Seconds the handshake took."""
        return self._answered_at - self._began

    @property
    def is_answered(self) -> bool:
        """Whether it can be relied on."""
        return self._state is State.ANSWERED

    @property
    def connection(self) -> Connection | None:
        """The connection, unless it is over."""
        return None if self._state is State.ENDED else self._connection

    def check(self) -> bool:
        """See to it that the peer is still there. False: it cannot be asked, and has been silent for long."""
        asked = self._now()
        if not self._connection.ping():
            return asked - self._heard_at < self.silence * 3 / 4

        def judge() -> None:
            if self._heard_at < asked:
                self.ended(Ended("the server does not answer any more", silent=True))

        self._probe.start(_PROBE, judge)
        return True

    def close(self) -> None:
        """End it, for a reason of ours."""
        if self._go("end"):
            self._stop()

    # What the connection says: see `Link`.

    def token(self) -> str | None:
        return self._host.token()

    def follows(self) -> Follows:
        return self._host.follows()

    def answered(self) -> None:
        self.heard()
        first = self._state is State.OPENING
        if self._go("answer") and first:
            self._answered_at = self._now()
            self._on_answered(self)

    def heard(self) -> None:
        self._heard_at = self._now()

    def told(self, channel: str, message: Fields) -> None:
        if self._state is not State.ENDED:
            self._host.told(self, channel, message)

    def current(self, channel: str) -> None:
        if self._state is not State.ENDED:
            self._host.current(self, channel)

    def refused(self, channel: str, ended: Ended) -> None:
        if self._state is not State.ENDED:
            self._host.refused(channel, ended)

    def authenticated(self, until: float | None) -> None:
        if self._state is not State.ENDED:
            self._host.authenticated(until)

    async def room(self, channel: str) -> None:
        await self._host.room(channel)

    def ended(self, ended: Ended) -> None:
        lived = self.lived
        if self._go("end"):
            self._stop()
            # Whoever asks how long it lived asks now.
            self._answered_at = self._now() - lived
            self._on_ended(self, ended)

    def _listen(self) -> None:
        # Silence is noticed when it is as long as it may be, and not up to a beat later.
        left = self._heard_at + self.silence - self._now()
        self._beats_in = min(self.silence / 4, max(left, self.silence * _LEAST_BEAT))
        self._beat.start(self._beats_in, self._beats)

    def _beats(self) -> None:
        now = self._now()
        late = now - self._beat_at - self._beats_in
        self._beat_at = now
        self._listen()
        if late > self.silence / 2:
            # The silence was this machine's own.
            self._host.jumped()
        else:
            self._judge(now)

    def _judge(self, now: float) -> None:
        silent = now - self._heard_at
        if self._state is State.OPENING:
            if now - self._began >= self._host.patience:
                self.ended(Ended("the handshake was not answered"))
        elif silent >= self.silence and (self._host.follows() or self._connection.ping()):
            self.ended(Ended("the server has fallen silent", silent=True))
        elif silent >= self.silence / 2 and not self._connection.ping() and not self._host.follows():
            # Nothing is held open, so nothing can be heard.
            self._heard_at = now

    def _go(self, trigger: str) -> bool:
        after = TRANSITIONS.get((self._state, trigger))
        self._state = after or self._state
        return after is not None

    def _stop(self) -> None:
        self._beat.stop()
        self._probe.stop()
        self._connection.close()

    def _now(self) -> float:
        return self.runtime.clock.monotonic()
