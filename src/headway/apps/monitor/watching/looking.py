"""One look at one application: asked, judged, stored.

A look that is cancelled before it is stored leaves nothing. What it stores holds when the next turn is, so that a
restart goes on from there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.maintenance import in_maintenance
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import Outcome
from headway.apps.monitor.checks.probe import probe
from headway.apps.monitor.checks.push import beaten
from headway.apps.monitor.checks.retrying import Attempts, attempt
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.recording import Recorded
from headway.apps.monitor.watching.agenda import About, Shown, Told, beat_of
from headway.apps.monitor.watching.verdict import judged, look_of
from headway.apps.monitor.watching.watched import Looked, Watched
from headway.clock import Clock

__all__ = ["Looking"]

_MESSAGE: Final = 200
"""Characters of what a beat says."""

Sleep = Callable[[float], Awaitable[object]]


class Looking:
    """Looks."""

    def __init__(self, figures: Figures, means: Means, clock: Clock, sleep: Sleep) -> None:
        self._figures, self._means, self._clock, self._sleep = figures, means, clock, sleep

    def beat(self, one: Watched, *, ok: bool, message: str) -> None:
        """Remember a beat; the look that follows stores it."""
        said = " ".join(message.split())[:_MESSAGE]
        one.about = msgspec.structs.replace(one.about, beat=Told(at=self._clock.now(), ok=ok, message=said))

    async def look(self, one: Watched, next_turn: Callable[[About, float], float]) -> tuple[Looked, Recorded]:
        """Look, and store what was found. Raises `HeadwayError`. Cancel while it is `asking`: nothing is stored."""
        application, one.asking = one.application, True
        try:
            attempts = await self._asked(application, one)
        finally:
            one.asking = False
        outcome, at = judged(attempts.outcome, application), self._clock.now()
        about = self._remembered(one.about, outcome, at)
        about = msgspec.structs.replace(about, due=next_turn(about, at))
        window = in_maintenance(application.maintenance, at)
        look = look_of(application, one.number, outcome, window, at)
        look = msgspec.structs.replace(look, about=msgspec.to_builtins(about))
        recorded = await self._figures.record(look)
        one.about = msgspec.structs.replace(about, beat=one.about.beat)  # one may have come meanwhile
        one.standing = recorded.standing
        status = str(recorded.standing.status)
        return Looked.of(application, outcome, attempts.retried + 1, status, at), recorded

    async def _asked(self, application: Application, one: Watched) -> Attempts:
        check = application.health_check
        assert check is not None  # nobody looks at what has none
        if isinstance(check, PushCheck):
            if not one.about.since:
                one.about = msgspec.structs.replace(one.about, since=self._clock.now())
            return Attempts((beaten(check, beat_of(one.about), one.about.since, self._clock.now()),))
        return await attempt(
            lambda: probe(check, self._means), check.retry_attempts, check.retry_delay / 1000, self._sleep
        )

    def _remembered(self, about: About, outcome: Outcome, at: float) -> About:
        shown = Shown.of(outcome.certificate) if outcome.certificate else about.certificate
        return msgspec.structs.replace(about, look=about.look + 1, certificate=shown)
