"""The DNS probe against a real server on loopback, over UDP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import CheckCode, Outcome, Reason, Status
from headway.egress import Egress
from tests.apps.monitor.checks.targets import checked, connected

ZONE = {
    ("app.test.", "A"): ["10.1.2.3", "10.1.2.4"],
    ("app.test.", "AAAA"): ["2001:db8::1"],
    ("www.test.", "CNAME"): ["app.test."],
    ("test.", "MX"): ["10 Mail.test.", "20 backup.test."],
    ("test.", "TXT"): ['"v=spf1 -all"', '"two " "pieces"'],
    ("test.", "NS"): ["ns1.test."],
    ("large.test.", "TXT"): [f'"{"x" * 250}{index}"' for index in range(20)],
}


def _answer(wire: bytes, *, tcp: bool) -> bytes:
    question = dns.message.from_wire(wire)
    answer = dns.message.make_response(question)
    asked = question.question[0]
    name, type = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
    if not any(known == name for known, _ in ZONE):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif values := ZONE.get((name, type)):
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", type, *values))
    if name.startswith("large") and not tcp:
        answer.answer.clear()
        answer.flags |= dns.flags.TC
    return answer.to_wire()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, silent: bool) -> None:
        self._silent = silent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._silent:
            self._transport.sendto(_answer(data, tcp=False), addr)


async def _over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    length = int.from_bytes(await reader.readexactly(2))
    answer = _answer(await reader.readexactly(length), tcp=True)
    writer.write(len(answer).to_bytes(2) + answer)
    await writer.drain()
    await reader.read()


@asynccontextmanager
async def _resolver(*, silent: bool = False) -> AsyncIterator[int]:
    """A name server on one port, for both protocols."""
    async with connected(_over_tcp) as port:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(silent), ("127.0.0.1", port))
        try:
            yield port
        finally:
            transport.close()


async def _asked(name: str, type: str = "A", **more: Any) -> Outcome:
    async with _resolver() as port:
        return await checked(kind="dns", name=name, type=type, resolver="127.0.0.1", resolverPort=port, **more)


@pytest.mark.parametrize(
    ("name", "type", "values"),
    [
        ("app.test", "A", ("10.1.2.3", "10.1.2.4")),
        ("app.test", "AAAA", ("2001:db8::1",)),
        ("www.test", "CNAME", ("app.test",)),
        ("test", "MX", ("10 mail.test", "20 backup.test")),
        ("test", "TXT", ("two pieces", "v=spf1 -all")),
        ("test", "NS", ("ns1.test",)),
    ],
)
async def test_what_a_name_stands_for(name: str, type: str, values: tuple[str, ...]) -> None:
    """Each kind of record, as people write it; the expected are among them."""
    outcome = await _asked(name, type, expected=[values[0]], conditions=["[DNS_RCODE] == NOERROR"])

    assert outcome.status is Status.HEALTHY, outcome.message
    assert outcome.dns_values == values
    assert outcome.timings.dns == outcome.timings.total > 0


async def test_an_answer_that_does_not_fit_comes_over_tcp() -> None:
    """Five kilobytes of text."""
    outcome = await _asked("large.test", "TXT")

    assert outcome.status is Status.HEALTHY, outcome.message
    assert len(outcome.dns_values) == 20


@pytest.mark.parametrize(
    ("more", "reason", "words"),
    [
        ({"expected": ["10.9.9.9"]}, Reason.DNS_VALUE, "is 10.1.2.3, 10.1.2.4; 10.9.9.9 is missing"),
        ({"expected": ["10.1.2.3"], "exact": True}, Reason.DNS_VALUE, "is also 10.1.2.4"),
        ({"conditions": ["[DNS_RCODE] == NXDOMAIN"]}, Reason.CONDITION, "[DNS_RCODE] (NOERROR) == NXDOMAIN"),
        ({"conditions": ["[BODY] == any(10.9.9.9)"]}, Reason.CONDITION, "[BODY] (10.1.2.3"),
    ],
)
async def test_what_it_should_not_stand_for(more: dict[str, Any], reason: Reason, words: str) -> None:
    """What is missing, what is too much, and conditions."""
    outcome = await _asked("app.test", **more)

    assert (outcome.status, outcome.reason, outcome.code) == (Status.ERROR, reason, CheckCode.VALIDATION_FAILED)
    assert words in outcome.message


async def test_a_name_that_is_not_there() -> None:
    """NXDOMAIN is an error, unless it is what is wished; a name without such a record is another one."""
    unknown = await _asked("nowhere.test")
    wished = await _asked("nowhere.test", conditions=["[DNS_RCODE] == NXDOMAIN"])
    empty = await _asked("www.test", "MX")

    assert (unknown.status, unknown.reason, unknown.dns_rcode) == (Status.ERROR, Reason.DNS_RCODE, "NXDOMAIN")
    assert wished.status is Status.HEALTHY, wished.message
    assert (empty.status, empty.reason, empty.dns_rcode) == (Status.ERROR, Reason.DNS_VALUE, "NOERROR")


async def test_a_resolver_that_says_nothing() -> None:
    """TIMEOUT, in bounded time."""
    async with _resolver(silent=True) as port:
        outcome = await checked(kind="dns", name="a.test", resolver="127.0.0.1", resolverPort=port, timeout=200)

    assert (outcome.status, outcome.reason, outcome.code) == (Status.ERROR, Reason.NAME_TIMEOUT, CheckCode.TIMEOUT)


async def test_a_resolver_that_is_not_there() -> None:
    """A port that is closed is told at once, or by the time: an error either way."""
    async with _resolver() as port:
        pass
    outcome = await checked(kind="dns", name="a.test", resolver="127.0.0.1", resolverPort=port, timeout=300)

    assert outcome.status is Status.ERROR
    assert outcome.reason in (Reason.UNREACHABLE, Reason.NAME_TIMEOUT)


async def test_a_resolver_where_nobody_may_go() -> None:
    """A resolver is fetched from like anything else."""
    outcome = await checked(Means(egress=Egress(allow_private=False)), kind="dns", name="a.test", resolver="127.0.0.1")

    assert (outcome.status, outcome.reason) == (Status.UNKNOWN, Reason.ADDRESS_REFUSED)
