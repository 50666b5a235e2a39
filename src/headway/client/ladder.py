"""The ladder: which connection counts, and what happens when it ends. No event passes through here, and no position.

    idle ──begin──▶ connecting ──answered──▶ connected
                     │  ▲                      │  ▲ │
                exhausted begin              lost  └─┘ make before break
                     ▼  │                      ▼
                    waiting ◀──────────────────┘

    and from all of them: refuse ▶ stopped (which may begin again), close ▶ closed

The rules:
1. In a round the transports are tried in the order of their scores. One that fails makes way for the next at once; one
   that hangs is joined by the next after a moment, and whichever is answered first is used.
2. A better one that is answered later takes over: the new connection follows every channel from its position before the
   old one is closed, and what both tell is told once (`following.py`).
3. While something works, what is better is tried again beside it, after a time that grows with each failure. One that
   was demoted is watched for a moment before it takes over, since what kills sockets does so after they opened.
4. Only when all have failed is there a wait: with full jitter, and never shorter than the server asked for. Where the
   first finds nobody at the address the others need not look, but for a round now and then: a proxy may be in the way
   of one transport alone.
5. What fell silent has no head start in the next round: it was silence long enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol

from headway.client.backoff import Backoff
from headway.client.endings import Ended
from headway.client.life import Life, LifeHost
from headway.client.pace import Pace
from headway.client.runtime import Timer
from headway.client.scores import Scores
from headway.client.transports.interface import Transport
from headway.codes import Advice

__all__ = ["TRANSITIONS", "Ladder", "LadderHost", "State"]

_STAGGER_FACTOR: Final = 4
_LEAST_STAGGER: Final = 0.25
"""In the first round after a loss it is known how long a handshake takes: four times that, and no less than this."""
_MOST_QUICK: Final = 3
"""So often it is quickly back, without a steady life in between; then the back-off decides."""
_WHOLE_ROUND: Final = 4
"""Of so many rounds in a row, one asks with all transports even if nobody is there."""
_MOST_RENEWALS: Final = 3
"""New tokens in a row that the server does not take either."""


class State(Enum):
    """Where the client is between its connections."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    STOPPED = "stopped"
    """There is no coming back without somebody's help."""
    CLOSED = "closed"


TRANSITIONS: Final[dict[tuple[State, str], State]] = {
    (State.IDLE, "begin"): State.CONNECTING,
    (State.CONNECTING, "answered"): State.CONNECTED,
    (State.CONNECTING, "exhausted"): State.WAITING,
    (State.CONNECTING, "lost"): State.WAITING,
    (State.CONNECTED, "answered"): State.CONNECTED,
    (State.CONNECTED, "lost"): State.WAITING,
    (State.WAITING, "begin"): State.CONNECTING,
    (State.WAITING, "answered"): State.CONNECTED,
    (State.STOPPED, "begin"): State.CONNECTING,
    (State.CONNECTING, "refuse"): State.STOPPED,
    (State.CONNECTED, "refuse"): State.STOPPED,
    (State.WAITING, "refuse"): State.STOPPED,
    (State.IDLE, "close"): State.CLOSED,
    (State.CONNECTING, "close"): State.CLOSED,
    (State.CONNECTED, "close"): State.CLOSED,
    (State.WAITING, "close"): State.CLOSED,
    (State.STOPPED, "close"): State.CLOSED,
}


class LadderHost(LifeHost, Protocol):
    """Whom the ladder tells."""

    def fresh_token(self, then: Callable[[Ended | None], None]) -> None:
        """Call back when there is a token that is good now, or with why there is none."""
        ...

    def renew_token(self) -> bool:
        """The server does not take the token. False: there is no other."""
        ...

    def adopted(self, life: Life, before: str | None) -> None:
        """Another connection counts now; `before` is the transport of the one it takes over from."""
        ...

    def lost(self) -> None:
        """The connection that counted is over."""
        ...

    def waits(self, reason: str, delay: float) -> None:
        """The next round begins in so many seconds."""
        ...

    def gave_up(self, ended: Ended) -> None:
        """There is no coming back without somebody's help."""
        ...


class Ladder:
    """The connections of one client."""

    def __init__(
        self, transports: Sequence[Transport], host: LadderHost, scores: Scores, backoff: Backoff, pace: Pace
    ) -> None:
        self._transports = {transport.name: transport for transport in transports}
        self._host = host
        self._scores = scores
        self._backoff = backoff
        self._pace = pace
        self._rising: list[Life] = []
        self._stagger = Timer(host.runtime)
        self._wait = Timer(host.runtime)
        self._promotion = Timer(host.runtime)
        self._probation = Timer(host.runtime)
        self.state = State.IDLE
        self.current: Life | None = None
        """The connection that counts."""
        self._queue: deque[str] = deque()
        self._failed: list[str] = []
        self._round = 0
        self._attempts = 0
        self._renewals = 0
        self._quick = _MOST_QUICK
        self._silent: str | None = None
        """The transport that was lost by its silence, in the round that follows."""
        self._handshake = pace.stagger
        self._failure: Ended | None = None
        """Of this round: what is told to people, with the longest delay anybody asked for."""

    @property
    def lives(self) -> list[Life]:
        """Every connection that is open or opening."""
        return [*([] if self.current is None else [self.current]), *self._rising]

    def begin(self) -> None:
        """Begin a round now, unless one is under way."""
        if not self._go("begin"):
            return
        self._wait.stop()
        self._round += 1
        round = self._round

        def then(failure: Ended | None) -> None:
            if round != self._round or self.state is not State.CONNECTING:
                return
            if failure is not None:
                self._exhausted(failure)
                return
            self._queue = deque(self._scores.rank(self._now()))
            self._failed, self._failure = [], None
            self._next()

        self._host.fresh_token(then)

    def check(self) -> None:
        """Something may have happened to the network: whatever waits is done now."""
        match self.state:
            case State.WAITING:
                self._wait.start(self._host.runtime.random() * self._pace.quick, self.begin)
            case State.CONNECTED:
                self._scores.forgive()
                self._promote()
                if self.current is not None and not self.current.check():
                    self._open(self.current.name)
            case _:
                pass

    def close(self) -> None:
        """End everything, for good."""
        self._leave("close")

    def _leave(self, trigger: str) -> None:
        if not self._go(trigger):
            return
        self._round += 1
        for timer in (self._stagger, self._wait, self._promotion, self._probation):
            timer.stop()
        lives, self.current, self._rising = self.lives, None, []
        for life in lives:
            life.close()

    # A round.

    def _next(self) -> None:
        """Try the next transport of this round."""
        if not self._queue:
            if not self._rising:
                self._exhausted(self._failure or Ended("no transport was answered"))
            return
        name = self._queue.popleft()
        known = max(_LEAST_STAGGER, self._handshake * _STAGGER_FACTOR)
        stagger = self._pace.stagger if self._attempts else min(self._pace.stagger, known)
        if name == self._silent and not self._attempts:
            stagger = 0.0
        self._stagger.start(stagger, self._next)
        self._open(name)

    def _open(self, name: str) -> None:
        if not any(life.name == name for life in self._rising):
            self._rising.append(Life(self._transports[name], self._host, self._answered, self._ended))

    def _answered(self, life: Life) -> None:
        # Something gets through, so what did not has only itself to blame.
        for name in self._failed:
            self._scores.unanswered(name, self._now())
        self._failed = []
        current = self.current
        if current is not None and self._scores.worse(life.name, current.name):
            self._rising.remove(life)
            life.close()
        elif current is not None and life.name != current.name and self._scores.doubtful(life.name):
            self._probation.start(self._pace.probation, lambda: self._adopt(life, current))
        else:
            self._adopt(life, current)

    def _adopt(self, life: Life, before: Life | None) -> None:
        if life not in self._rising or not self._go("answered"):
            return
        self._rising.remove(life)
        self.current = life
        self._handshake = life.handshake
        self._queue.clear()
        for timer in (self._stagger, self._wait, self._probation):
            timer.stop()
        self._attempts = self._renewals = 0
        self._silent = None
        for other in list(self._rising):
            if other.name == life.name or self._scores.worse(other.name, life.name):
                self._rising.remove(other)
                other.close()
        self._host.adopted(life, None if before is None else before.name)
        if before is not None:
            before.close()
        self._promote()

    def _promote(self) -> None:
        """Have what is better tried again, in time."""
        current, now = self.current, self._now()
        better = None if current is None else self._scores.promotion(current.name, now)
        if better is None:
            self._promotion.stop()
            return
        name = better.name

        def probe() -> None:
            if self.current is current:
                self._open(name)

        eager = self._pace.eager * (0.5 + self._host.runtime.random() / 2)
        self._promotion.start(better.at - now if better.at > now else eager, probe)

    # How connections end.

    def _ended(self, life: Life, ended: Ended) -> None:
        if life is self.current:
            self._current_ended(life, ended)
            return
        self._rising.remove(life)
        if self.current is not None:
            self._probe_ended(life, self.current)
        elif ended.advice is not Advice.RECONNECT:
            self._over(ended)
        else:
            self._attempt_ended(life, ended)

    def _probe_ended(self, life: Life, current: Life) -> None:
        self._probation.stop()
        # A replacement of what works says nothing against it.
        if life.name != current.name:
            self._scores.unanswered(life.name, self._now())
        self._promote()

    def _attempt_ended(self, life: Life, ended: Ended) -> None:
        if not ended.announced:
            self._failed.append(life.name)
        if self._failure is None or (ended.retry or 0.0) > (self._failure.retry or 0.0):
            self._failure = ended
        if ended.absent and (self._attempts + 1) % _WHOLE_ROUND:
            self._queue.clear()
        if self.state is State.CONNECTING:
            self._next()

    def _current_ended(self, life: Life, ended: Ended) -> None:
        if life.lived >= self._pace.useful:
            self._scores.useful(life.name)
        elif not ended.announced:
            self._scores.short(life.name, self._now())
        if life.lived >= self._pace.steady:
            self._backoff.reset()
            self._quick = _MOST_QUICK
        self.current = None
        self._promotion.stop()
        other = next((rising for rising in self._rising if rising.is_answered), None)
        if other is not None:
            # It was watched, and is now needed.
            self._adopt(other, life)
            return
        self._host.lost()
        if self._quickly(ended):
            self._quick -= 1
            self._silent = life.name if ended.silent else None
            # Many are cut at once, and spread. Each falls silent for itself.
            jitter = 0.0 if ended.silent else self._host.runtime.random() * self._pace.quick
            self._sleep("lost", ended.reason, jitter)
        else:
            self._over(ended)

    def _quickly(self, ended: Ended) -> bool:
        """Whether to be back at once."""
        match ended.advice:
            case Advice.RECONNECT:
                return ended.retry is None and self._quick > 0
            case Advice.STOP:
                # Another connection of ours has taken its place, where a user may have few.
                return bool(self._rising)
            case Advice.RENEW:
                return False

    def _over(self, ended: Ended) -> None:
        """What follows when nothing works, as the ending advises."""
        renewable = False
        if ended.advice is Advice.RENEW and self._renewals < _MOST_RENEWALS:
            self._renewals += 1
            renewable = self._host.renew_token()
        if ended.advice is not Advice.RECONNECT and not renewable:
            self._leave("refuse")
            self._host.gave_up(ended)
            return
        # The first new token is asked for at once.
        at_once = renewable and self._renewals == 1
        self._sleep("lost", ended.reason, 0.0 if at_once else self._backoff.next(ended.retry))

    def _exhausted(self, ended: Ended) -> None:
        self._attempts += 1
        self._sleep("exhausted", ended.reason, self._backoff.next(ended.retry))

    def _sleep(self, trigger: str, reason: str, delay: float) -> None:
        if self._go(trigger):
            self._round += 1
            self._stagger.stop()
            self._queue.clear()
            self._wait.start(delay, self.begin)
            self._host.waits(reason, delay)

    def _go(self, trigger: str) -> bool:
        after = TRANSITIONS.get((self.state, trigger))
        self.state = after or self.state
        return after is not None

    def _now(self) -> float:
        return self._host.runtime.clock.monotonic()
