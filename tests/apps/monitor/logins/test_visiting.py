"""Which addresses a login test may visit."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from headway.apps.monitor.logins.visiting import allowed_by, connect_by
from headway.egress import Egress, Refused


async def _nowhere(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1/login", True),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://[::ffff:169.254.169.254]/", False),
        ("http://probe:hush@127.0.0.1/", False),
        ("http://unknown.example/", True),
    ],
)
async def test_the_rules_are_asked_from_another_thread(url: str, expected: bool) -> None:
    """What is refused may not be visited; what cannot be found is left to the fetch, which says so."""
    allowed = allowed_by(Egress(lookup=_nowhere), asyncio.get_running_loop())

    assert await asyncio.to_thread(allowed, url) is expected


async def test_connections_go_to_judged_addresses(unused_tcp_port: int) -> None:
    """The gate connects as egress does, and not at all where that refuses."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", unused_tcp_port)
    connect = connect_by(Egress())
    with await connect("127.0.0.1", unused_tcp_port) as connected:
        reached = connected.getpeername()[1]
    server.close()

    assert reached == unused_tcp_port
    with pytest.raises(Refused):
        await connect("169.254.169.254", 80)
