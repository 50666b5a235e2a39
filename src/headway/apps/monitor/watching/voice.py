"""What people are told after a look: events, and what alerts are made of.

1. A notification has a key of the transition that was stored: told again after a crash, it is told once.
2. A card is told when somebody who sees it would see a change; what is only sliding on, once a minute.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

import msgspec

from headway.apps.interface import Context
from headway.apps.monitor.alerts.rules import Subject
from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.seen import shown
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.recording import Recorded, Transition
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.watching.agenda import About
from headway.apps.monitor.watching.seen import Tests, fields
from headway.apps.monitor.watching.subjects import subject_of
from headway.apps.monitor.watching.telling import CHANNEL, notification, signature
from headway.apps.monitor.watching.watched import Watched

__all__ = ["Alerting", "Voice"]

_SLIDING: Final = 60.0
"""Seconds after which figures of a card are looked up again where nothing happened."""
_RECENT: Final = 43_200.0
"""Seconds for which a notification that may not have been told is told again at a start. Its key is known for twice as
long."""
_KNOWN: Final = 3_600.0
"""Seconds of a day that must be known before its uptime says anything."""
_BACK: Final = 0.1
"""Of what is missing to 100 %: how far above what it promises the uptime is good again. Else it would flap."""


class Alerting(Protocol):
    """What alerts are told."""

    def wake(self) -> None:
        """Something happened."""
        ...

    async def certificate(self, subject: Subject, not_after: float) -> None:
        """A certificate was seen."""
        ...

    async def uptime(self, subject: Subject, since: float, percent: float, wanted: float, *, low: bool) -> None:
        """The uptime of a day is below what is wanted, or is not any more."""
        ...


class Voice:
    """Tells."""

    def __init__(self, context: Context, figures: Figures, tests: Tests, alerts: Alerting) -> None:
        self._context, self._figures, self._tests, self._alerts = context, figures, tests, alerts
        self._clock = context.clock

    async def looked(self, one: Watched, recorded: Recorded, before: About, *, quiet: bool = False) -> None:
        """After a look. `quiet`: nobody looked, its standing changed."""
        if recorded.began is not None:
            one.about = msgspec.structs.replace(one.about, incidents=one.about.incidents + 1)
        if recorded.transition is not None:
            one.untold.append(recorded.transition)
        while one.untold:
            transition = one.untold[0]
            await self._notify(one.application, transition)
            # Whoever else told it in the meantime told the same, by the same key.
            one.untold = [other for other in one.untold if other is not transition]
        if not quiet:
            await self._health(one)
        happened = (recorded.transition, recorded.began, recorded.ended) != (None, None, None)
        await self.card(one, fresh=happened or before.certificate != one.about.certificate)
        if happened:
            self._alerts.wake()
        if not quiet:
            await self._alarms(one)

    async def card(self, one: Watched, *, fresh: bool) -> None:
        """Tell the card, if it changed. `fresh`: look its figures up, however new they are."""
        now = self._clock.monotonic()
        if one.gone:
            return
        if fresh or one.seen is None or now - one.seen_at >= _SLIDING:
            found = await self._figures.seen([one.number])
            if one.number not in found:
                return
            one.seen, one.seen_at = found[one.number], now
        # Between two look-ups the standing goes on.
        seen = replace(one.seen, standing=one.standing)
        test = self._tests.last_test(one.number)
        card = shown(one.application, fields(one.application, seen, test, self._clock.now()))
        mark = signature(card)
        if mark != one.signature and not one.gone:
            one.signature = mark
            await self._context.tell(CHANNEL, "applicationStatusUpdate", card, key=f"application/{one.application.id}")

    async def resume(self, one: Watched) -> None:
        """After a start: what may not have been told before is told, and the card as it is now."""
        now = self._clock.now()
        for transition in await self._figures.transitions(one.number, now - _RECENT, now + _RECENT, 1):
            await self._notify(one.application, transition)
        await self.card(one, fresh=True)

    async def removed(self, application: Application, number: int) -> None:
        """It is gone, and what was known of it."""
        gone = {"id": application.id, "name": application.name, "removed": True}
        await self._context.tell(CHANNEL, "applicationStatusUpdate", gone, key=f"application/{application.id}")
        await self._figures.forget(number)

    async def _notify(self, application: Application, transition: Transition) -> None:
        if transition.before is None and transition.after is Status.HEALTHY:
            return  # somebody has just added it, and sees it
        key = f"transition/{transition.application}/{transition.at:.3f}/{transition.after}"
        await self._context.tell(CHANNEL, "notification", notification(application, transition), idempotency_key=key)

    async def _health(self, one: Watched) -> None:
        last = one.standing.last
        data = {
            "applicationId": one.application.id,
            "responseTime": round(last.milliseconds, 1) if last and last.milliseconds is not None else None,
            "status": str(one.standing.status),
            "lastChecked": last.at if last else None,
        }
        await self._context.tell(CHANNEL, "healthMetricUpdate", data, key=f"health/{one.application.id}")

    async def _alarms(self, one: Watched) -> None:
        now = self._clock.now()
        subject = subject_of(one.application, one.number, now)
        if one.about.certificate is not None:
            await self._alerts.certificate(subject, one.about.certificate.not_after)
        await self._uptime(one, subject, now)

    async def _uptime(self, one: Watched, subject: Subject, now: float) -> None:
        """What was remembered with the look is told; what has changed since is remembered with the next."""
        wanted, day = one.application.alert_thresholds.uptime_percentage, one.seen and one.seen.windows["24h"]
        if wanted is None or not day or day.uptime is None or day.known < _KNOWN:
            return
        about, percent = one.about, day.uptime
        if about.low_since is not None:
            await self._alerts.uptime(subject, about.low_since, percent, wanted, low=True)
            if percent >= wanted + (100 - wanted) * _BACK:
                one.about = msgspec.structs.replace(about, low_since=None, low_before=about.low_since)
            return
        if about.low_before is not None:
            await self._alerts.uptime(subject, about.low_before, percent, wanted, low=False)
        if percent < wanted:
            one.about = msgspec.structs.replace(about, low_since=now, low_before=None)
