"""The one way out for browsers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from headway.browsers.doing import Hand
from headway.browsers.faults import Fault, StepFailed
from headway.browsers.gate import Gate
from headway.browsers.session import Session
from headway.browsers.sources import Local, Terms
from headway.browsers.steps import Navigate
from headway.errors import UsageError
from tests.browsers.site import Site


async def _connect(host: str, port: int) -> socket.socket:
    if host != "127.0.0.1":
        raise UsageError(f"{host} is refused")
    return await asyncio.to_thread(socket.create_connection, (host, port))


@pytest.mark.browser
async def test_no_redirect_leads_where_nobody_may_go(local: Local, site: Site) -> None:
    """Every request of a browser asks at the gate; a forbidden one is never sent, and looks like a broken line."""
    gate = Gate(_connect)
    terms = Terms(proxy=await gate.open())
    hand = Hand(lambda _: True, lambda _: None, base=site.url)
    site.visited.clear()
    try:
        async with Session.opened(local, terms) as session:
            allowed = await session.do(lambda driver: hand.do(driver, Navigate(url="/login")))
            with pytest.raises(StepFailed) as caught:
                await session.do(lambda driver: hand.do(driver, Navigate(url="/away")))
    finally:
        await gate.close()

    assert allowed.url == f"{site.url}/login"
    assert caught.value.fault is Fault.NETWORK_ERROR
    assert "/away" in site.visited
    assert "/empty" not in site.visited


async def test_a_tunnel_carries_both_ways() -> None:
    """CONNECT gives the connection itself, until either side ends it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    gate = Gate(_connect)
    host, port = (await gate.open()).split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"CONNECT 127.0.0.1:{server.sockets[0].getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
    accepted = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"ping")
    answer = await reader.read()
    writer.close()
    await gate.close()
    server.close()

    assert accepted.startswith(b"HTTP/1.1 200 ")
    assert answer == b"ping"


@pytest.mark.parametrize("head", [b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET ftp://a/ HTTP/1.1\r\n\r\n",
                                  b"CONNECT b.example:80 HTTP/1.1\r\n\r\n", b"\xff\r\n\r\n"])  # fmt: skip
async def test_what_cannot_be_passed_on_is_cut(head: bytes) -> None:
    """Nonsense and refused addresses get no answer, only the end."""
    gate = Gate(_connect)
    host, port = (await gate.open()).split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head)
    answer = await reader.read()
    writer.close()
    await gate.close()

    assert answer == b""
