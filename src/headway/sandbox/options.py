"""How a sandbox is set up: what of PingOne differs between tenants, and what nobody outside is sure of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from headway.errors import UsageError
from headway.sandbox.faults import Faults
from headway.sandbox.passwords import CLASSES, PasswordPolicy

__all__ = ["Options"]

_MOST: Final = 1_000_000
"""Far beyond what anybody wants; what is not finite is beyond it too."""


@dataclass(frozen=True, slots=True)
class Options:
    """The set-up of one sandbox."""

    seed: int = 1
    """Decides every id, secret and fault."""
    token_seconds: float = 3600.0
    """Life of a token."""
    rate: float = 0.0
    """Calls a second before 429, of everybody together; 0: no limit."""
    burst: float | None = None
    """Calls at once; None: those of one second."""
    page_users: int = 200
    """Most things on one page, whatever `limit` says."""
    counts: bool = True
    """Whether lists say how many there are."""
    existing_id: bool = True
    """Whether a name that is taken is told with the id of who has it. [L]"""
    case_insensitive: bool = True
    """Whether `Ada` and `ada` are one username. [L]"""
    email_required: bool = True
    """Whether a user must have an email: the specification says so, the documents only for VERIFICATION_REQUIRED."""
    password: PasswordPolicy = PasswordPolicy()  # noqa: RUF009  # frozen
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if not 0 < self.token_seconds <= _MOST:
            raise UsageError(f"token_seconds: more than 0 and at most {_MOST:,}, not {self.token_seconds:g}")
        if not 0 <= self.rate <= _MOST:
            raise UsageError(f"rate: calls a second up to {_MOST:,}, or 0 for no limit, not {self.rate:g}")
        if self.burst is not None and not 1 <= self.burst <= _MOST:
            raise UsageError(f"burst: from one call to {_MOST:,}, not {self.burst:g}")
        if not 1 <= self.page_users <= 1000:
            raise UsageError(f"page_users: from 1 to 1000, not {self.page_users}")
        if unknown := self.password.classes - set(CLASSES):
            raise UsageError(f"password: classes are {', '.join(CLASSES)}, not {', '.join(sorted(unknown))}")
        if self.password.least < 1:
            raise UsageError(f"password: at least one character, not {self.password.least}")
