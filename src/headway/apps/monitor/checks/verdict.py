"""From what was measured to an outcome: the one place that decides between healthy, warning, error and unknown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from headway.apps.monitor.checks.conditions import Condition
from headway.apps.monitor.checks.connection import Found
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Certificate, Failed, Judgement, Outcome, Reason, Status

__all__ = ["Extras", "conditions_judged", "failure", "good", "unhappy"]


@dataclass(frozen=True, slots=True)
class Extras:
    """What only some checks learn."""

    http_status: int | None = None
    redirects: int = 0
    body: bytes | None = None
    body_cut: bool = False
    dns_rcode: str | None = None
    dns_values: tuple[str, ...] = ()


NOTHING = Extras()

_CHARACTERS: Final = 500
"""Of a message. Applications write parts of them."""


def conditions_judged(conditions: Sequence[str], measured: Measured) -> list[Judgement]:
    """Each condition, and whether it holds."""
    read = [Condition.of(condition) for condition in conditions]
    return [
        Judgement(one.text, one.holds(measured), Reason.CONDITION, f"{one.shown(measured)} does not hold")
        for one in read
    ]


def failure(failed: Failed, found: Found, extras: Extras = NOTHING) -> Outcome:
    """The check came to its end early."""
    return _outcome(
        Status.UNKNOWN if failed.unknown else Status.ERROR, failed.message, failed.reason, found, extras, ()
    )


def unhappy(judgements: Sequence[Judgement], found: Found, extras: Extras) -> Outcome | None:
    """What did not come true, if anything: the first one names it, the others are counted."""
    broken = [judgement for judgement in judgements if not judgement.held]
    if not broken:
        return None
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    return _outcome(Status.ERROR, broken[0].message + more, broken[0].reason, found, extras, judgements)


def good(
    message: str,
    judgements: Sequence[Judgement],
    found: Found,
    extras: Extras = NOTHING,
    *,
    warn_after: int | None = None,
    certificate_days: int = 0,
) -> Outcome:
    """Everything came true. Slow, or with a certificate that ends soon, it is a warning."""
    timings = found.watch.timings()
    if found.certificate and (soon := _ends_soon(found.certificate, certificate_days)):
        return _outcome(Status.WARNING, soon, Reason.CERTIFICATE_EXPIRING, found, extras, judgements)
    if warn_after is not None and timings.total >= warn_after:
        slow = f"{message}, but only after {timings.total:.0f} ms; {warn_after} are allowed"
        return _outcome(Status.WARNING, slow, Reason.SLOW, found, extras, judgements)
    return _outcome(Status.HEALTHY, f"{message} in {timings.total:.0f} ms", None, found, extras, judgements)


def _ends_soon(certificate: Certificate, days: int) -> str | None:
    if certificate.days_left >= days or certificate.days_left < 0:
        return None  # an expired one is told where it is verified, and accepted where it is not
    return f"the certificate ends in {certificate.days_left:.1f} days; {days} are wished"


def _outcome(
    status: Status,
    message: str,
    reason: Reason | None,
    found: Found,
    extras: Extras,
    judgements: Sequence[Judgement],
) -> Outcome:
    found.watch.stop()
    body = extras.body
    return Outcome(
        status=status,
        message=_bounded(message),
        reason=reason,
        timings=found.watch.timings(),
        http_status=extras.http_status,
        address=str(found.address) if found.address else None,
        redirects=extras.redirects,
        certificate=found.certificate,
        body_bytes=len(body or b""),
        body_cut=extras.body_cut,
        body_hash=hashlib.sha256(body).hexdigest() if body is not None else None,
        judgements=tuple(replace(one, message=_bounded(one.message)) for one in judgements),
        dns_rcode=extras.dns_rcode,
        dns_values=extras.dns_values,
    )


def _bounded(message: str) -> str:
    return message if len(message) <= _CHARACTERS else message[: _CHARACTERS - 1] + "…"
