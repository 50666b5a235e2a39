"""The TLS probe: for whom, from whom, and how long yet."""

from __future__ import annotations

import asyncio

from headway.apps.monitor.checks.means import Means, Trust
from headway.apps.monitor.checks.outcome import Outcome, Reason, Status
from tests.apps.monitor.checks.targets import Authority, checked, connected

AUTHORITY = Authority()
TRUST = Trust(AUTHORITY.pem)


async def _quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _checked(days: float, **more: object) -> Outcome:
    context = AUTHORITY.server("localhost", "mail.test", days=days)
    async with connected(_quiet, context) as port:
        return await checked(Means(trust=TRUST), kind="tls", host="localhost", port=port, **more)


async def test_a_certificate_with_time_left() -> None:
    """Healthy, and the sentence says how long."""
    outcome = await _checked(60)

    assert outcome.status is Status.HEALTHY, outcome.message
    assert "60.0 days" in outcome.message
    assert outcome.certificate is not None


async def test_a_certificate_without_much() -> None:
    """A warning below `certificateDays`, an error below `criticalDays`."""
    warning, error = await _checked(10), await _checked(10, criticalDays=12)

    assert (warning.status, warning.reason) == (Status.WARNING, Reason.CERTIFICATE_EXPIRING)
    assert (error.status, error.reason) == (Status.ERROR, Reason.CERTIFICATE_EXPIRING)


async def test_an_expired_one_is_an_error() -> None:
    """The reason is its own, and the days are below zero."""
    outcome = await _checked(-3, conditions=["[CONNECTED] == true"])

    assert (outcome.status, outcome.reason) == (Status.ERROR, Reason.CERTIFICATE_EXPIRED)
    assert outcome.certificate is not None
    assert outcome.certificate.days_left < 0


async def test_another_name_may_be_asked_for() -> None:
    """`serverName` is whom the certificate must be of, wherever it connects to."""
    good, bad = await _checked(60, serverName="mail.test"), await _checked(60, serverName="web.test")

    assert good.status is Status.HEALTHY, good.message
    assert (bad.status, bad.reason) == (Status.ERROR, Reason.CERTIFICATE_WRONG_HOST)
    assert "not for web.test" in bad.message
