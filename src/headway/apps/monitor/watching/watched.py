"""One application while it is watched: what is known of it in this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.checks.outcome import Outcome
from headway.apps.monitor.figures.recording import Transition
from headway.apps.monitor.figures.seen import Seen
from headway.apps.monitor.figures.status import Standing
from headway.apps.monitor.watching.agenda import About

__all__ = ["Looked", "Watched"]


class Looked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a look, as clients see it."""

    application_id: str
    status: str
    """What this look found."""
    application_status: str
    """How the application stands after it."""
    code: str | None
    reason: str | None
    message: str
    response_time: float | None
    timings: dict[str, float] | None
    http_status: int | None
    attempts: int
    at: float
    certificate: dict[str, Any] | None  # Any: JSON
    judgements: list[dict[str, Any]]  # Any: JSON

    @classmethod
    def of(cls, application: Application, outcome: Outcome, attempts: int, status: str, at: float) -> Looked:
        """As it is told."""
        plain = msgspec.to_builtins(outcome)
        measured = outcome.timings.total > 0
        return cls(
            application_id=application.id,
            status=str(outcome.status),
            application_status=status,
            code=str(outcome.code) if outcome.code else None,
            reason=str(outcome.reason) if outcome.reason else None,
            message=outcome.message,
            response_time=round(outcome.response_time_ms, 1) if measured else None,
            timings=plain["timings"] if measured else None,
            http_status=outcome.http_status,
            attempts=attempts,
            at=at,
            certificate=plain["certificate"],
            judgements=list(plain["judgements"]),
        )


@dataclass
class Watched:
    """One of them."""

    application: Application
    number: int
    standing: Standing
    about: About
    due: float = float("inf")
    """When its turn is."""
    looking: asyncio.Task[None] | None = None
    asking: bool = False
    """The look has not come to what is stored yet: it may be broken off."""
    wanted: list[asyncio.Future[Looked]] = field(default_factory=list)
    """Who waits for the next look."""
    seen: Seen | None = None
    seen_at: float = float("-inf")
    """By the monotonic clock."""
    signature: Any = None  # Any: whatever `telling.signature` makes
    untold: list[Transition] = field(default_factory=list)
    """What is stored and could not be told: with the next look it is."""
    gone: bool = False

    @property
    def looked_at(self) -> bool:
        """Whether anybody looks at it."""
        return self.application.is_active and self.application.health_check is not None and not self.gone
