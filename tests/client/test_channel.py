"""Channels, against transports that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headway.client import Change, Client, Event, Gap, Recovered, Refused, Status
from headway.client.address import Address
from headway.client.channel import READ_AHEAD, Channel
from headway.client.core import Options
from headway.client.endings import Ended, refused
from headway.errors import UsageError
from headway.positions import Position
from tests.client.harness import FakeConnection, FakeRuntime, FakeTransport, answers
from tests.client.test_following import event, gap, subscribed


class Stage:
    """A client over one transport."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime()
        self.transport = FakeTransport("only", answers)
        self.changes: list[Change] = []
        options = Options(on_change=self.changes.append)
        self.client = Client(
            Address.parse("http://host"), [self.transport], options, lambda clock, random: self.runtime
        )

    def tell(self, *messages: dict[str, object], connection: FakeConnection | None = None) -> None:
        """What the server says."""
        for message in messages:
            (connection or self.transport.last).link.told("run", message)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A client that is connected."""
    stage = Stage()
    async with stage.client:
        await stage.runtime.advance(0.0)
        yield stage


async def told(channel: Channel) -> list[int]:
    """Offsets of what waits; minus one for a gap."""
    return [one.offset if isinstance(one, Event) else -1 for one in await channel.take()]


async def test_the_state_then_live() -> None:
    """Without a position a channel is live at once, and its state is that of the snapshot and what follows."""
    async with staged() as stage:
        channel = stage.client.channel("run")
        assert (channel.status, channel.position) == (Status.CONNECTING, None)

        stage.tell(subscribed("e.9", snapshot=[event(9, key="k")]), event(10, key="k"))

        assert (channel.status, stage.client.status) == (Status.LIVE, Status.LIVE)
        assert await told(channel) == [9, 10]
        assert channel.state["k"].offset == 10
        assert channel.position == Position("e", 10)


async def test_catching_up_ends_with_the_head() -> None:
    """From a position a channel is live as soon as it has been told what the log held."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="e.0")
        statuses = []
        for message in (subscribed("e.0", head="e.2", recovered=True), event(1), event(2)):
            stage.tell(message)
            statuses.append(channel.status)

        assert statuses == [Status.CATCHING_UP, Status.CATCHING_UP, Status.LIVE]


async def test_a_poll_that_was_whole_before_it_was_chosen_counts() -> None:
    """A connection may have told everything before it is the one that counts; it is not asked again."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="e.0")
        stage.tell(subscribed("e.0", recovered=True), event(1))
        before = channel.status

        stage.transport.last.link.current("run")

        assert (before, channel.status) == (Status.CATCHING_UP, Status.LIVE)


async def test_the_position_is_that_of_the_loop() -> None:
    """What waits has not been handled: who goes on from the position is told it again."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="e.0")
        stage.tell(subscribed("e.0", recovered=True), event(1), event(2))

        await anext(channel)

        assert channel.position == Position("e", 1)


async def test_an_interruption_goes_on_from_the_position() -> None:
    """The next connection follows from there, and the recovery can be seen."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="")
        stage.tell(subscribed("e.0", recovered=True), event(1))
        stage.transport.last.link.ended(Ended("reset"))
        assert channel.status is Status.CONNECTING
        await stage.runtime.advance(0.2)

        assert stage.transport.last.link.follows() == {"run": "e.1"}
        assert Recovered("run", Position("e", 1), "only") in stage.changes
        stage.tell(subscribed("e.1", recovered=True), event(2))
        assert await told(channel) == [1, 2]


async def test_a_gap_is_told_to_the_reader_and_to_the_program() -> None:
    """What was lost stands in its place among the events."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="e.1")
        stage.tell(subscribed("e.5", recovered=False), gap("e.1", "e.5"), event(6))

        assert await told(channel) == [-1, 6]
        assert any(isinstance(change, Gap) for change in stage.changes)


async def test_a_connection_that_began_beyond_begins_anew() -> None:
    """Two connections that were opened before anything was told begin at two heads; the later one goes back."""
    async with staged() as stage:
        channel = stage.client.channel("run")
        first = stage.transport.last
        stage.tell(subscribed("e.5", snapshot=[]))
        first.link.follows()  # an event is on its way on the first

        stage.tell(subscribed("e.7", snapshot=[event(7, key="k")]), event(8))
        assert first.followed[-1] == ("run", "e.5")
        stage.tell(subscribed("e.5", recovered=True), event(6), event(7), event(8))

        assert await told(channel) == [6, 7, 8]


async def test_a_reader_that_is_stuck_does_not_hold_up_the_others() -> None:
    """A channel whose reader takes nothing is followed no more after a moment, and from where it stands later."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="")
        stage.tell(subscribed("e.0", recovered=True), *(event(number + 1) for number in range(READ_AHEAD)))
        waiting = stage.runtime.spawn(stage.transport.last.link.room("run"))
        await stage.runtime.advance(0.9)
        assert not waiting.done()

        await stage.runtime.advance(0.1)
        assert waiting.done()
        assert stage.transport.last.unfollowed == ["run"]
        assert stage.transport.last.link.follows() == {}
        stage.tell(event(READ_AHEAD + 1))  # was on its way
        assert await told(channel) == list(range(1, READ_AHEAD + 1))

        assert stage.transport.last.followed[-1] == ("run", f"e.{READ_AHEAD}")
        stage.tell(event(READ_AHEAD + 2))  # was on its way too
        stage.tell(subscribed(f"e.{READ_AHEAD}", recovered=True), event(READ_AHEAD + 1), event(READ_AHEAD + 2))
        assert await told(channel) == [READ_AHEAD + 1, READ_AHEAD + 2]


async def test_a_reader_that_is_slow_holds_up_its_connection_alone() -> None:
    """While a reader is full nothing more is read; as soon as it takes, it goes on."""
    async with staged() as stage:
        channel = stage.client.channel("run", since="")
        stage.tell(subscribed("e.0", recovered=True), *(event(number + 1) for number in range(READ_AHEAD)))
        waiting = stage.runtime.spawn(stage.transport.last.link.room("run"))
        await stage.runtime.settle()

        await channel.take()
        await stage.runtime.settle()

        assert waiting.done()
        assert stage.transport.last.unfollowed == []


async def test_a_second_reader_is_told_the_state() -> None:
    """Readers of one channel share its position; a later one begins like a late reader of the log."""
    async with staged() as stage:
        first = stage.client.channel("run", since="")
        stage.tell(subscribed("e.0", recovered=True), event(1, key="k"), event(2))
        second = stage.client.channel("run")
        stage.tell(event(3))

        assert (await told(first), await told(second)) == ([1, 2, 3], [1, 3])
        with pytest.raises(UsageError, match="followed already"):
            stage.client.channel("run", since="")


async def test_the_last_reader_that_leaves_ends_the_following() -> None:
    """A channel nobody reads is not asked for."""
    async with staged() as stage:
        with stage.client.channel("run") as channel, stage.client.channel("run"):
            pass

        assert stage.transport.last.unfollowed == ["run"]
        assert [one async for one in channel] == []


async def test_a_channel_that_is_refused_says_so_to_its_readers() -> None:
    """What was told before is told, then the error; other channels go on."""
    async with staged() as stage:
        channel, other = stage.client.channel("run", since=""), stage.client.channel("other")
        stage.tell(subscribed("e.0", recovered=True), event(1))
        stage.transport.last.link.refused("run", refused({"code": "forbidden", "message": "not yours"}))

        assert await told(channel) == [1]
        with pytest.raises(Refused, match="not yours"):
            await anext(channel)
        assert (channel.status, other.status) == (Status.OFFLINE, Status.CONNECTING)


async def test_a_channel_that_cannot_be_followed_now_is_tried_again() -> None:
    """Where trying again can help, it is tried, with back-off."""
    async with staged() as stage:
        stage.client.channel("run")
        stage.transport.last.followed.clear()
        stage.transport.last.link.refused("run", refused({"code": "storage_unavailable", "message": "full"}))
        await stage.runtime.advance(0.5)

        assert stage.transport.last.followed == [("run", None)]


async def test_outside_the_block_there_is_nothing_to_follow() -> None:
    """A client that is not open says how to open it."""
    with pytest.raises(UsageError, match="async with"):
        Stage().client.channel("run")


async def test_a_listener_that_fails_harms_nobody() -> None:
    """What a program's own `on_change` raises is reported to the loop, and the events go on."""
    stage = Stage()
    reports: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reports.append(context["message"]))

    def on_change(change: Change) -> None:
        raise ValueError(change)

    options = Options(on_change=on_change)
    client = Client(Address.parse("http://host"), [stage.transport], options, lambda clock, random: stage.runtime)
    async with client:
        await stage.runtime.advance(0.0)
        channel = client.channel("run", since="e.1")
        stage.tell(subscribed("e.5", recovered=False), gap("e.1", "e.5"), event(6))

        assert await told(channel) == [-1, 6]
    assert reports == ["on_change failed"] * 2
