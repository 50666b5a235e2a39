"""The way to a server: names, ports, certificates, and the two of http and https that are mistaken for each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.client.address import Address
from headway.client.doctor import examine
from headway.client.doctor.observed import WayProblem, WaySeen
from headway.client.doctor.way import examine_way
from headway.clock import SystemClock
from tests.client.doctor.harness import HASTY, answering, certificate, codes, tls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def seen(url: str) -> WaySeen:
    """What is seen on the way to this server."""
    return await examine_way(Address.parse(url), HASTY, SystemClock())


async def test_a_name_that_is_none() -> None:
    """A host that does not exist is told from one that does not answer."""
    way = await seen("https://headway.invalid")

    assert way.problem is WayProblem.UNKNOWN_HOST
    assert way.addresses == ()


async def test_a_name_that_cannot_be_one() -> None:
    """A label longer than names may be is no crash."""
    way = await seen(f"http://{'a' * 70}.example")

    assert way.problem is WayProblem.UNKNOWN_HOST


async def test_a_certificate_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is trusted, its days are counted and the handshake is timed."""
    file = certificate(tmp_path, days=9)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with answering(lambda head: OK, tls(file)) as address:
        way = await seen(f"https://localhost:{address.port}")

    assert way.problem is None
    assert way.certificate_days is not None
    assert 8.9 < way.certificate_days < 9.1
    assert way.tls is not None
    assert way.tls_version == "TLSv1.3"


async def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    """It is said why, in the words of who checks."""
    async with answering(lambda head: OK, tls(certificate(tmp_path, days=9))) as address:
        way = await seen(f"https://localhost:{address.port}")

    assert way.problem is WayProblem.CERTIFICATE
    assert way.reason is not None
    assert "self-signed" in way.reason.replace(" ", "-")


async def test_https_where_http_is_spoken() -> None:
    """The port answers, though not in TLS: the advice is another URL."""
    async with answering(lambda head: OK) as address:
        report = await examine(f"https://127.0.0.1:{address.port}", patience=HASTY)

    assert codes(report) == ["speaks_http"]
    assert f"http://127.0.0.1:{address.port}" in (report.findings[0].advice or "")


async def test_http_where_https_is_spoken(tmp_path: Path) -> None:
    """The port answers http with nothing or with a complaint; a TLS handshake shows what it speaks."""
    async with answering(lambda head: OK, tls(certificate(tmp_path, days=9))) as address:
        report = await examine(f"http://127.0.0.1:{address.port}", patience=HASTY)

    assert codes(report) == ["speaks_https"]
    assert f"https://127.0.0.1:{address.port}" in (report.findings[0].advice or "")


async def test_a_proxy_of_the_environment_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything goes through it, so nothing is measured beside it."""
    monkeypatch.setenv("HTTP_PROXY", "http://ann:secret@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")

    way = await seen("http://headway.invalid")

    assert (way.via, way.problem) == ("127.0.0.1:9", None)
