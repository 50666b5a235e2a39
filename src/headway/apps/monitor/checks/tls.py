"""The TLS probe: whether the certificate can be believed, for whom it is, and how long yet. Says nothing after the
handshake."""

from __future__ import annotations

from headway.apps.monitor.checks.configuration import TlsCheck
from headway.apps.monitor.checks.connection import Found, opened
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Failed, Judgement, Outcome, Reason
from headway.apps.monitor.checks.verdict import Extras, conditions_judged, failure, good, unhappy
from headway.egress import address_of

__all__ = ["probe"]


async def probe(check: TlsCheck, means: Means, found: Found) -> Outcome:
    """Shake hands. Everything is in the outcome, `TimeoutError` from outside excepted. Cancel freely."""
    name = str(address_of(check.server_name)) if check.server_name else None
    try:
        async with opened(str(address_of(check.host)), check.port, means, found, tls=True, name=name):
            pass
    except Failed as error:
        return failure(error, found)
    found.watch.stop()
    certificate = found.certificate
    if certificate is None:
        return failure(Failed(Reason.CERTIFICATE_INVALID, "the certificate cannot be read"), found)
    judgements = conditions_judged(
        check.conditions,
        Measured(
            address=str(found.address),
            connected=True,
            response_time_ms=found.watch.timings().total,
            certificate_ms=certificate.days_left * 86_400_000,
        ),
    )
    if check.critical_days:
        judgements.insert(0, _lasting(certificate.days_left, check.critical_days))
    days = f"the certificate is good for {certificate.days_left:.1f} days, seen"
    return unhappy(judgements, found, Extras()) or good(
        days, judgements, found, warn_after=check.warn_after, certificate_days=check.certificate_days
    )


def _lasting(left: float, wished: int) -> Judgement:
    return Judgement(
        f"the certificate lasts {wished} days",
        left >= wished,
        Reason.CERTIFICATE_EXPIRING,
        f"the certificate ends in {left:.1f} days; {wished} are needed",
    )
