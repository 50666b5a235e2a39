"""A request until it is answered: limiter, token, request, and again where that can help.

each try        a turn of the limiter first and a token after it, so that no token grows old in the queue
429             the limiter holds everybody back; this request comes again
401             a new token and one more try; a second 401 in a row is final
408 5xx, none   again after a pause (`retries`); remembered in the `Trail`, for it may have been done
403             final once anything has succeeded. Before, again for as long as `Patience.settling`: roles that
                were granted seconds ago are not known everywhere
2xx unreadable  once more; it was done
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar, assert_never

import msgspec
from yarl import URL

from headway.clock import Clock
from headway.pingone.errors import PingOneError, Verdict, refused, unreadable
from headway.pingone.limiter import Limiter
from headway.pingone.retries import Patience, Retries, wait_until_date
from headway.pingone.servertime import ServerTime
from headway.pingone.token import TokenSource
from headway.pingone.wire import Answer, Wire

__all__ = ["JSON", "Asked", "Exchange", "Reply", "Trail"]

JSON: Final = "application/json"
_UNREADABLE_TRIES: Final = 2
"""A page of a proxy stays one; a broken answer does not come twice."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    url: URL
    body: bytes | None = field(default=None, repr=False)
    media: str = JSON
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Texts of the body that must show nowhere."""


class Reply(NamedTuple, Generic[T]):
    """A success, read."""

    value: T
    status: int
    correlation_id: str


@dataclass(slots=True)
class Trail:
    """What the tries of one request have left open."""

    uncertain_since: float | None = None
    """When the first try began (monotonic) that may have been done although it seemed to fail."""
    leaving: Callable[[], None] | None = None
    """Called each time a try is about to leave; what it raises keeps it from leaving."""
    away: bool = False
    """Whether a try has left and is not answered."""

    @property
    def open(self) -> bool:
        """Whether what was asked may have been done, as far as is known now: what is cancelled then is in doubt."""
        return self.away or self.uncertain_since is not None


@dataclass(slots=True)
class _Course:
    """One request under way."""

    asked: Asked
    name: str
    retries: Retries
    began: float
    stale: str = field(default="", repr=False)
    """The header that was answered 401, and has to be another before the next try."""
    renewed: bool = False
    """Whether the last try failed so."""
    unreadable: int = 0


class Exchange:
    """Asks one PingOne with one credential, for any number of requests at a time, in one event loop."""

    def __init__(
        self,
        wire: Wire,
        tokens: TokenSource,
        limiter: Limiter,
        clock: Clock,
        time: ServerTime,
        *,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        patience: Patience,
        transaction: str,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._limiter = limiter
        self._clock = clock
        self._time = time
        self._random = random
        self._sleep = sleep
        self._patience = patience
        self._transaction = transaction
        self._number = 0
        self.retries = 0
        """Tries after the first ones, of all requests."""
        self._proved = False
        """Whether anything has succeeded."""

    async def send(self, asked: Asked, read: Callable[[bytes], T], trail: Trail | None = None) -> Reply[T]:
        """Ask until there is an answer. Raises `PingOneError`; its `uncertain` says whether what was asked may have
        been done. Cancelling leaves that open, too."""
        trail = trail or Trail()
        self._number += 1
        now = self._clock.monotonic()
        retries = Retries(self._patience, self._random, now)
        course = _Course(asked, f"{self._transaction}-{self._number}", retries, now)
        while True:
            if not self._limiter.admit_now():
                await self._queue(course)
            authorization = self._tokens.ready()
            if course.stale or not authorization:
                authorization = await self._authorization(course, trail)
            if trail.leaving is not None:
                trail.leaving()
            trail.away = True
            sent_at = self._clock.monotonic()
            try:
                return await self._try(course, authorization, read)
            except PingOneError as error:
                trail.away = False
                if error.uncertain and trail.uncertain_since is None:
                    trail.uncertain_since = sent_at
                if not await self._again(course, error, authorization, sent_at):
                    # What is refused for good was not done, whatever happened to it before.
                    error.uncertain = trail.uncertain_since is not None and error.verdict is not Verdict.ROW_FAILED
                    raise
                self.retries += 1

    async def _authorization(self, course: _Course, trail: Trail) -> str:
        stale, course.stale = course.stale, ""
        try:
            return await (self._tokens.renew(stale) if stale else self._tokens.header())
        except PingOneError as error:
            raise error.left(uncertain=trail.uncertain_since is not None) from None

    async def _queue(self, course: _Course) -> None:
        before = self._clock.monotonic()
        await self._limiter.admit()
        course.retries.excuse(self._clock.monotonic() - before)

    async def _try(self, course: _Course, authorization: str, read: Callable[[bytes], T]) -> Reply[T]:
        asked = course.asked
        headers = {"Authorization": authorization, "X-Ping-External-Transaction-ID": course.name}
        if asked.body is not None or asked.method != "GET":
            headers["Content-Type"] = asked.media
        answer = await self._wire.ask(asked.method, asked.url, asked.body, headers, course.name)
        if not 200 <= answer.status < 300:
            raise refused(
                answer.status,
                answer.content,
                correlation_id=answer.correlation_id,
                transaction_id=course.name,
                hidden=(*asked.hidden, *self._tokens.secrets),
                wait=answer.wait,
            )
        self._limiter.succeeded()
        reply = Reply(_read(answer, read, course.name), answer.status, answer.correlation_id)
        self._proved = True
        return reply

    async def _again(self, course: _Course, error: PingOneError, authorization: str, sent_at: float) -> bool:
        """Whether the request is to be tried again, after having waited as long as that takes."""
        if error.status == 429:
            return self._hold_back(course, error, sent_at)
        renewed, course.renewed = course.renewed, False
        match error.verdict:
            case Verdict.NEW_TOKEN:
                course.stale, course.renewed = authorization, True
                return not renewed
            case Verdict.RETRY:
                # Said yes, and could not be read.
                course.unreadable += 200 <= error.status < 300
                return course.unreadable < _UNREADABLE_TRIES and await self._pause(course, error)
            case Verdict.STOP:
                return self._may_settle(course, error) and await self._pause(course, error)
            case Verdict.ROW_FAILED | Verdict.NOT_THERE | Verdict.OUR_BUG:
                return False
        assert_never(error.verdict)

    def _hold_back(self, course: _Course, error: PingOneError, sent_at: float) -> bool:
        pause = course.retries.next(self._clock.monotonic())
        asked = error.wait if error.wait is not None else self._named_wait(error)
        # Also for one that gives up: the others have to wait.
        self._limiter.throttled(asked if asked is not None else pause or 0.0, sent_at)
        return pause is not None

    def _named_wait(self, error: PingOneError) -> float | None:
        """Seconds to wait by a detail's `retryAfter`, a date, where the header is missing."""
        for detail in error.refusal.details:
            date = detail.inner.get("retryAfter")
            if isinstance(date, str):
                return wait_until_date(date, self._time.now())
        return None

    async def _pause(self, course: _Course, error: PingOneError) -> bool:
        pause = course.retries.next(self._clock.monotonic(), error.wait)
        if pause is None:
            return False
        await self._sleep(pause)
        return True

    def _may_settle(self, course: _Course, error: PingOneError) -> bool:
        passing = error.status == 403 and not error.license_exceeded and not self._proved
        return passing and self._clock.monotonic() - course.began < self._patience.settling


def _read(answer: Answer, read: Callable[[bytes], T], name: str) -> T:
    try:
        return read(answer.content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        kind = answer.media.partition(";")[0].strip().lower()
        reason = "is not the JSON that belongs there" if "json" in kind else f"is {_shown(kind)}, not JSON"
        raise unreadable(answer.status, reason, correlation_id=answer.correlation_id, transaction_id=name) from None


def _shown(kind: str) -> str:
    return kind[:50] if kind and kind.isprintable() else "of no known kind"
