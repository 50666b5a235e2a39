"""The open connections, and how they are told to come back."""

from __future__ import annotations

import asyncio

from headway.access.identity import OpenAccess
from headway.codes import Close
from headway.figures import Figures
from headway.hub.hub import Hub
from headway.sessions.registry import Connection, Registry
from headway.sessions.session import Session
from headway.testing.outlets import FakeOutlet
from tests.sessions.harness import house, stay


class Line:
    """A connection that keeps what it was told."""

    def __init__(self, *sessions: Session) -> None:
        self.delays: list[float] = []
        self.held = list(sessions)
        self.waiting = 0
        self.life = Figures().begin("websocket", "", now=0.0, monotonic=0.0)

    def tell_to_return(self, delay: float) -> None:
        self.delays.append(delay)

    def end(self, close: Close, reason: str) -> None:
        self.held.clear()

    def cut(self) -> None:
        self.waiting = 0
        self.held.clear()

    def buffered(self) -> int:
        return self.waiting

    def sessions(self) -> list[Session]:
        return self.held


async def test_connections_come_and_go(hub: Hub) -> None:
    """They are counted by transport, oldest first; one that has gone is gone once."""
    registry = Registry(lambda: 0.5)
    lines: list[Connection] = [
        Line(Session("s", name, house(hub, OpenAccess()), FakeOutlet(), stay)) for name in ("a", "b", "b")
    ]
    for line in lines:
        registry.add(line)
    assert registry.connections() == lines
    assert registry.statistics()["by_transport"] == {"a": 1, "b": 2}
    registry.discard(lines[0])
    registry.discard(lines[0])

    assert registry.statistics() == {"open": 2, "opened": 3, "by_transport": {"b": 2}, "relieved": 0, "draining": False}


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


def test_who_reads_least_makes_room_for_all() -> None:
    """Where more waits in all sockets than allowed, the fullest are cut until a fifth is free, and nobody else."""
    registry, lines = Registry(lambda: 0.5), [Line() for _ in range(4)]
    for line, waiting in zip(lines, (10, 400, 20, 600), strict=True):
        line.waiting = waiting
        registry.add(line)

    assert registry.relieve(1030) == 0
    assert registry.relieve(1000) == 1
    assert [line.waiting for line in lines] == [10, 400, 20, 0]
    assert registry.relieve(300) == 1
    assert [line.waiting for line in lines] == [10, 0, 20, 0]
    assert registry.statistics()["relieved"] == 2


def test_the_end_of_a_connection_is_told_once() -> None:
    """Whoever wants to know hears of each connection that was here, when it has gone."""
    ended: list[Connection] = []
    registry, line = Registry(lambda: 0.5, ended.append), Line()
    registry.discard(line)
    registry.add(line)
    registry.discard(line)
    registry.discard(line)

    assert ended == [line]
