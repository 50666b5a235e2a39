"""What transports are given: sessions, and reading and publishing without one."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from headway.access.identity import Identity
from headway.codes import Code
from headway.errors import InvalidChannel, Overloaded
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.positions import BEGINNING, Position
from headway.sessions.registry import Registry
from headway.sessions.session import Forbidden, State
from headway.sessions.sessions import Sessions
from headway.testing.clock import FakeClock
from headway.testing.outlets import FakeOutlet, PlainForm
from tests.hub.harness import drafts
from tests.sessions.harness import Door, stay

ANN = Door().authenticate("ann")


@pytest.fixture
def sessions(hub: Hub) -> Sessions:
    """Sessions that may publish three events at once."""
    ids = count(1)
    limits = Limits(publish_events=3, page_bytes=20)
    return Sessions(hub, Door(), limits, FakeClock(), Registry(lambda: 0.5), lambda: f"id{next(ids)}")


async def test_opening_a_session(sessions: Sessions) -> None:
    """Each has an id of its own, and the identity that is known of it."""
    new, known = sessions.open("fake", FakeOutlet(), stay), sessions.open("fake", FakeOutlet(), stay, ANN)

    assert (new.id, new.state) == ("id1", State.NEW)
    assert (known.id, known.identity) == ("id2", ANN)


async def test_reading_and_publishing_within_rights(sessions: Sessions) -> None:
    """What may be read can be begun, read page by page and described; what may be published is."""
    appended = await sessions.publish(ANN, "run:7", drafts(1, 2, 3))
    start = await sessions.start(ANN, "run:7", None)
    page = await sessions.page(ANN, "run:7", BEGINNING, 100)
    rest = await sessions.page(ANN, "run:7", page.reached, 1)

    assert start.position == appended.events[-1].position
    assert [event.offset for event in (*page.events, *rest.events)] == [1, 2, 3]


@pytest.mark.parametrize("channel", ["news", None, "a b", ["run:7"]])
async def test_reading_and_publishing_beyond_rights(sessions: Sessions, channel: object) -> None:
    """Every way in refuses what the identity does not cover, and what is no channel."""
    for attempt in (
        sessions.publish(ANN, channel, drafts(1)),
        sessions.start(ANN, channel, None),
        sessions.page(ANN, channel, BEGINNING, 1),
        sessions.changed(ANN, channel, BEGINNING, 1.0),
        sessions.describe(ANN, channel),
    ):
        with pytest.raises(Forbidden if channel == "news" else InvalidChannel):
            await attempt


async def test_reading_is_not_publishing(sessions: Sessions) -> None:
    """Who may read a channel may not write to it by that."""
    with pytest.raises(Forbidden, match="publish to 'run:8'"):
        await sessions.publish(ANN, "run:8", drafts(1))
    assert (await sessions.start(ANN, "run:8", None)).position.offset == 0


async def test_publishing_too_much(sessions: Sessions) -> None:
    """More events than one publish takes are refused whole."""
    with pytest.raises(Overloaded, match="at most 3 events, not 4") as caught:
        await sessions.publish(ANN, "run:7", drafts(1, 2, 3, 4))

    assert caught.value.code is Code.TOO_LARGE
    assert (await sessions.describe(ANN, "run:7"))["offset"] == 0


async def test_waiting_for_change(sessions: Sessions) -> None:
    """Without a session one can wait for what comes after a position."""
    start = await sessions.start(ANN, "run:7", None)
    waiting = asyncio.create_task(sessions.changed(ANN, "run:7", start.position, 60.0))
    await asyncio.sleep(0)
    await sessions.publish(ANN, "run:7", drafts(1))

    assert await waiting


async def test_describing_a_channel(sessions: Sessions, hub: Hub) -> None:
    """A producer sees the head, how many follow, and what all of them have confirmed."""
    session = sessions.open("fake", FakeOutlet(), stay, Identity("bob"))
    session.follow("run:7", await session.begin("run:7", None), PlainForm(), acknowledge=True)
    await sessions.publish(ANN, "run:7", drafts(1, 2))
    described = await sessions.describe(ANN, "run:7")

    assert Position.parse(str(described["position"])) == await hub.head("run:7")
    assert (described["channel"], described["offset"]) == ("run:7", 2)
    assert (described["readers"], described["acknowledged"]) == (1, 0)
    session.close()
