"""The open connections, and how they are told to come back."""

from __future__ import annotations

import asyncio

from headway.access.identity import OpenAccess
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.sessions.registry import Registry
from headway.sessions.session import Session
from headway.testing.outlets import FakeOutlet


class Line:
    """A connection that keeps what it was told."""

    def __init__(self, *sessions: Session) -> None:
        self.delays: list[float] = []
        self.held = list(sessions)

    def tell_to_return(self, delay: float) -> None:
        self.delays.append(delay)

    def cut(self) -> None:
        self.held.clear()

    def sessions(self) -> list[Session]:
        return self.held


async def test_connections_come_and_go(hub: Hub) -> None:
    """They are counted by transport, oldest first; one that has gone is gone once."""
    registry = Registry(lambda: 0.5)
    lines = [Line(Session("s", name, hub, OpenAccess(), Limits(), FakeOutlet())) for name in ("a", "b", "b")]
    for line in lines:
        registry.add(line)
    assert registry.connections() == lines
    assert registry.statistics()["by_transport"] == {"a": 1, "b": 2}
    registry.discard(lines[0])
    registry.discard(lines[0])

    assert registry.statistics() == {"open": 2, "opened": 3, "by_transport": {"b": 2}, "draining": False}


async def test_everybody_is_told_to_come_back_once() -> None:
    """Draining tells each connection once, with a delay of its own within the window."""
    delays = iter(range(100))
    registry, lines = Registry(lambda: next(delays) / 100), [Line() for _ in range(7)]
    for line in lines:
        registry.add(line)
    await registry.drain(0.06)

    assert registry.draining
    assert sorted(line.delays[0] for line in lines) == [number / 100 * 0.06 for number in range(7)]
    assert all(len(line.delays) == 1 for line in lines)


async def test_draining_nobody_and_at_once() -> None:
    """No connections, or no window, take no time."""
    registry, line = Registry(lambda: 0.5), Line()
    await registry.drain(10.0)
    registry.add(line)
    await registry.drain(0.0)

    assert line.delays == [0.0]


async def test_waiting_until_nobody_is_left() -> None:
    """`empty` returns when the last has gone, and at once if nobody is there."""
    registry, lines = Registry(lambda: 0.5), [Line(), Line()]
    await registry.empty()
    for line in lines:
        registry.add(line)
    waiting = asyncio.create_task(registry.empty())
    for line in lines:
        assert not waiting.done()
        registry.discard(line)
        await asyncio.sleep(0)

    await waiting
