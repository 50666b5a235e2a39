"""Alerts, joined: what happened becomes rows, rows become messages, and what is not taken is tried again.

    settle()      after each look that changed something: derive alerts, have them sent
    run()         for as long as the server runs

The law:
1. A row that is due is sent until somebody takes it: 15 s, 30 s … 15 min apart, and given up after a day.
2. Recipients are served beside each other, and each in order: the end of an incident never comes before its beginning.
3. Between the sending and its mark lies a moment. Who is killed in it sends once more, with the same key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from headway.apps.monitor.alerts import outbox
from headway.apps.monitor.alerts import rules as law
from headway.apps.monitor.alerts.book import Book
from headway.apps.monitor.alerts.messages import Message, Words, gathered, single, words_of
from headway.apps.monitor.alerts.outbox import Outgoing
from headway.apps.monitor.alerts.rules import Kind, Recipient, Rules, Subject
from headway.apps.monitor.alerts.sending import Sending, masked
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError
from headway.records.records import Records

__all__ = ["Alerts", "Subjects"]

logger = logging.getLogger("headway.monitor")

_FIRST: Final = 15.0
_LONGEST: Final = 900.0
"""Seconds between two attempts: who can be reached again knows within a quarter of an hour."""
_PATIENCE: Final = 86_400.0
_TRIES: Final = 5
"""There are at least, also for what fell due while nobody was there to send it."""
_PAUSE: Final = 5.0
"""Seconds between two looks into the outbox at most: the clock may have been set, and incidents last."""
_GROUPS: Final = 4
"""Recipients that are served at once."""
_ROUND: Final = 30.0
"""Seconds after which who is slow waits for the next round, as do the others for him until then."""
_FORGET: Final = 86_400.0


class Subjects(Protocol):
    """Where alerts know applications from."""

    def subjects(self, now: float) -> Mapping[int, Subject]:
        """All of them, by their number."""
        ...


class Alerts:
    """All of it. Run it, or call `settle` and `send`."""

    def __init__(
        self,
        records: Records,
        book: Book,
        sending: Sending,
        subjects: Subjects,
        clock: Clock,
        note: Callable[..., None] = lambda *_, **__: None,
    ) -> None:
        self._records, self._book, self._sending = records, book, sending
        self._subjects, self._clock, self._note = subjects, clock, note
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()
        self._forgotten = 0.0
        self._known: set[str] = set()
        """Keys of alerts that are made: each look would make them again."""

    async def run(self) -> None:
        """Derive and send, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.settle()
                await self.send()
            except HeadwayError as error:
                logger.warning("! alerts wait: %s", error)
            # Not `wait_for`: before Python 3.12 it may swallow a cancellation that comes together with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await self._wake.wait()

    def wake(self) -> None:
        """Something happened, or the clock was moved."""
        self._wake.set()

    async def settle(self) -> int:
        """Make alerts of what happened. Answers how many are new. Raises `StorageError`."""
        now, rules = self._clock.now(), await self._book.rules()
        subjects = self._subjects.subjects(now)
        if not await self._records.read(lambda connection: outbox.news(connection, now)):
            return 0
        return await self._records.write(lambda connection: outbox.derive(connection, rules, subjects, now))

    async def certificate(self, subject: Subject, not_after: float) -> None:
        """A certificate was seen: remind of its end, each time once."""
        now, rules = self._clock.now(), await self._book.rules()
        days = law.reminder(rules, not_after, now)
        key = f"certificate/{subject.id}/{not_after:.0f}/{days}"
        if days is None or not_after < now:
            return
        words = words_of(Kind.CERTIFICATE, subject.display_name, not_after, f"It ends on {_day(not_after)}.", days=days)
        await self._make(rules, subject, Kind.CERTIFICATE, key, words, now)

    async def uptime(self, subject: Subject, since: float, percent: float, wanted: float, *, low: bool) -> None:
        """The uptime of a day fell below what is wanted (`low`), or is above it again."""
        now, rules = self._clock.now(), await self._book.rules()
        kind = Kind.UPTIME if low else Kind.UPTIME_RESTORED
        text = f"{percent:.3f} % over the last day; {wanted:g} % is wanted"
        key = f"uptime/{subject.id}/{since:.0f}/{'began' if low else 'ended'}"
        await self._make(rules, subject, kind, key, words_of(kind, subject.display_name, now, text), now)

    async def send(self) -> int:
        """Send what is due. Answers how many messages were taken."""
        async with self._busy:
            now = self._clock.now()
            waiting = await self._records.read(outbox.pending)
            recipients = {one.id: one for one in (await self._book.rules()).recipients}
            by = sorted(waiting, key=lambda one: one.recipient)
            groups = [(recipients.get(id), list(some)) for id, some in groupby(by, key=lambda one: one.recipient)]
            limit = asyncio.Semaphore(_GROUPS)

            async def serve(recipient: Recipient | None, some: Sequence[Outgoing]) -> int:
                async with limit:
                    return await self._serve(recipient, some, now)

            taken = await asyncio.gather(*(serve(recipient, some) for recipient, some in groups))
            await self._forget(now)
            return sum(taken)

    async def test(self, id: str | None = None, address: str | None = None) -> list[dict[str, Any]]:  # Any: JSON
        """Send a test to one recipient, to an address that is not stored yet, or to all. What came of each."""
        rules = await self._book.rules()
        if address is not None:
            chosen = [Recipient(name="address", address=address)]
        else:
            chosen = [one for one in rules.recipients if id in (None, one.id, one.name)]
            if not chosen:
                what = f"there is no channel {id!r}" if id is not None else "there is no channel yet; add one"
                raise HeadwayError(what, code=Code.NOT_FOUND)
        now = self._clock.now()
        message = single(Kind.TEST, words_of(Kind.TEST, "", now, "Alerts of Headway come this way."), f"test/{now:.3f}")
        errors = await asyncio.gather(*(self._deliver(one, message) for one in chosen))
        return [
            {"channel": one.name, "id": one.id or None, "ok": error is None, "error": error}
            for one, error in zip(chosen, errors, strict=True)
        ]

    async def _make(self, rules: Rules, subject: Subject, kind: Kind, key: str, words: Words, now: float) -> None:
        recipients = [one for one in law.told(rules, subject, kind) if f"{one.id}:{key}" not in self._known]
        if not recipients:
            return

        def write(connection: Connection) -> int:
            return outbox.make(connection, rules, recipients, subject, kind, key, words, now)

        if await self._records.write(write):
            self.wake()
        self._known |= {f"{one.id}:{key}" for one in recipients}

    async def _serve(self, recipient: Recipient | None, some: Sequence[Outgoing], now: float) -> int:
        """What one recipient is sent, in order; after a failure the others wait with the one that failed."""
        if any(one.tries and next_try(one) > now for one in some):
            return 0
        due = [one for one in some if next_try(one) <= now]
        held = [one for one in due if one.held]
        batches = ([held] if held else []) + [[one] for one in due if not one.held]
        taken, begun = 0, self._clock.monotonic()
        for batch in sorted(batches, key=lambda batch: batch[0].number):
            if self._clock.monotonic() - begun > _ROUND or not await self._attempt(recipient, batch, now):
                break
            taken += 1
        return taken

    async def _attempt(self, recipient: Recipient | None, batch: Sequence[Outgoing], now: float) -> bool:
        if recipient is None:
            await self._tried(batch, now, "the channel was removed", final=True)
            return True
        alerts = [(one.kind, one.words, one.key) for one in batch]
        message = gathered(alerts) if batch[0].held else single(*alerts[0])
        error = await self._deliver(recipient, message)
        if error is None:
            await self._tried(batch, now, None)
            return True
        ended = [one for one in batch if _hopeless(one, now)]
        if ended:
            said = f"given up after a day: {error}"
            await self._tried(ended, now, said, final=True)
            self._note("alert_given_up", target=recipient.name, error=error)
            logger.warning("! an alert to %s is given up: %s", recipient.name, error)
        await self._tried([one for one in batch if one not in ended], now, error)
        return False

    async def _deliver(self, recipient: Recipient, message: Message) -> str | None:
        try:
            address = self._book.address(recipient)
            return await self._sending.send(address, message)
        except HeadwayError as error:
            return error.message
        except Exception as error:  # a plug-in of apprise; one address must not stop the others
            logger.exception("! a message to %s could not be sent", recipient.name)
            return f"{masked(recipient.address) if not recipient.id else recipient.name}: {type(error).__name__}"

    async def _tried(self, batch: Sequence[Outgoing], now: float, error: str | None, *, final: bool = False) -> None:
        if batch:
            numbers = [one.number for one in batch]
            await self._records.write(lambda connection: outbox.tried(connection, numbers, now, error, final=final))

    async def _forget(self, now: float) -> None:
        if now - self._forgotten > _FORGET:
            self._forgotten = now
            self._known.clear()
            await self._records.write(lambda connection: outbox.forget(connection, now))


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _hopeless(one: Outgoing, now: float) -> bool:
    """Whether an attempt that failed now was the last one."""
    tries = one.tries + 1
    return tries >= _TRIES and max(now, next_try(one, tries)) >= one.due_at + _PATIENCE


def next_try(one: Outgoing, tries: int | None = None) -> float:
    """When an alert is tried, that was tried so often."""
    count = one.tries if tries is None else tries
    return one.due_at + sum(min(_LONGEST, _FIRST * 2.0**number) for number in range(count))
