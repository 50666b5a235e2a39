"""The TCP probe: whether a port takes connections."""

from __future__ import annotations

import asyncio

import pytest

from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import CheckCode, Reason, Status
from headway.egress import Egress
from tests.apps.monitor.checks.targets import checked, connected


async def _nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_port_that_takes_connections_is_healthy() -> None:
    """Nothing is said, and nothing read."""
    async with connected(_nothing) as port:
        outcome = await checked(kind="tcp", host="127.0.0.1", port=port, conditions=["[IP] == pat(127.0.0.*)"])

    assert outcome.status is Status.HEALTHY, outcome.message
    assert outcome.timings.connect > 0


async def test_a_closed_port_is_an_error() -> None:
    """Refused, and not timed out."""
    async with connected(_nothing) as port:
        pass
    outcome = await checked(kind="tcp", host="127.0.0.1", port=port)

    assert (outcome.status, outcome.reason, outcome.code) == (
        Status.ERROR,
        Reason.CONNECT_REFUSED,
        CheckCode.NETWORK_ERROR,
    )


@pytest.mark.parametrize("open", [True, False])
async def test_a_port_may_be_wished_closed(open: bool) -> None:
    """With a condition on `[CONNECTED]` the conditions decide."""
    async with connected(_nothing) as port:
        if open:
            outcome = await checked(kind="tcp", host="127.0.0.1", port=port, conditions=["[CONNECTED] == false"])
    if not open:
        outcome = await checked(kind="tcp", host="127.0.0.1", port=port, conditions=["[CONNECTED] == false"])

    assert outcome.status is (Status.ERROR if open else Status.HEALTHY), outcome.message


async def test_a_resolver_that_never_answers_ends_with_the_time() -> None:
    """The name is the phase that is named."""

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = await checked(Means(egress=Egress(lookup=never)), kind="tcp", host="db.test", port=1, timeout=100)

    assert (outcome.reason, outcome.code) == (Reason.NAME_TIMEOUT, CheckCode.TIMEOUT)
    assert outcome.timings.total == outcome.timings.dns > 0


async def test_a_name_nobody_has_is_an_error() -> None:
    """Also where a port is wished closed: a name that is not there says nothing of a port."""

    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    outcome = await checked(Means(egress=Egress(lookup=unknown)), kind="tcp", host="db.test", port=1)

    assert (outcome.status, outcome.reason) == (Status.ERROR, Reason.NAME_UNRESOLVED)
