"""When going on is pointless, and how a refusal is told: of one row, or of the run as a whole.

refused for good            the row failed
permissions, licence, credentials, our own mistake       the run stops: every other row would fail alike
retried for as long as allowed, and others succeed        the row failed: something about it
retried for as long as allowed, and nobody succeeds       the run stops: PingOne is not there
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headway.apps.imports.engine.interface import Fault
from headway.errors import HeadwayError, StorageError
from headway.pingone.errors import PingOneError, Verdict

__all__ = ["Stop", "Stopped", "fault", "stop", "stop_of_storage", "why"]

_TOGETHER: Final = 5
"""Reasons of one row that are told; the first is the one to mend first."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run does not go on by itself."""

    code: str
    message: str
    """What is wrong and what to do."""
    correlation_id: str = ""


class Stopped(HeadwayError):
    """The run is to stop."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.message, details={"reason": stop.code})
        self.stop = stop


def stop(error: PingOneError, *, others_succeed: bool) -> Stop | None:
    """Why the run has to stop for this; None: only the row failed."""
    if error.license_exceeded:
        return _stop("LICENSE_EXCEEDED", error, "Make room in the licence, or delete users, and resume")
    match error.verdict:
        case Verdict.STOP | Verdict.NEW_TOKEN:
            return _stop(_code(error) or "ACCESS_FAILED", error, "Mend that and resume; the same rows are tried again")
        case Verdict.OUR_BUG:
            return _stop("UNSUPPORTED", error, "This is a mistake of Headway's; please report it")
        case Verdict.RETRY if not others_succeed:
            code = "REQUEST_LIMITED" if error.status == 429 else "UNREACHABLE"
            return _stop(code, error, "Resume when PingOne answers again; the same rows are tried again")
        case _:
            return None


def stop_of_storage(error: StorageError) -> Stop:
    """The same where the run cannot keep what it does."""
    return Stop("STORAGE", f"{error}. Make room for the data folder and resume; nothing is lost")


def why(error: Exception) -> Stop:
    """Why a run has failed, whatever it was."""
    if isinstance(error, Stopped):
        return error.stop
    if isinstance(error, PingOneError):
        return stop(error, others_succeed=False) or Stop(_code(error) or "FAILED", error.message, error.correlation_id)
    if isinstance(error, HeadwayError):
        return Stop("FAILED", error.message)
    return Stop("FAILED", "a mistake of Headway's; its log has more. Please report it")


def fault(error: PingOneError) -> Fault:
    """Why a row failed."""
    details = error.refusal.details[:_TOGETHER]
    first = details[0] if details else None
    said = "; ".join(" ".join(filter(None, [detail.target, detail.message or detail.code])) for detail in details)
    return Fault(
        _code(error) or (f"HTTP_{error.status}" if error.status else "NO_ANSWER"),
        first.target if first is not None else "",
        said or error.message,
        error.correlation_id,
    )


def _stop(code: str, error: PingOneError, advice: str) -> Stop:
    return Stop(code, f"{error.message.rstrip('. ')}. {advice}", error.correlation_id)


def _code(error: PingOneError) -> str:
    refusal = error.refusal
    return refusal.details[0].code if refusal.details else refusal.code
