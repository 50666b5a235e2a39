"""The ladder, with time that stands still and transports that do as they are told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from headway.client import Change, Client, Connected, Refused, Status, Stopped, Switched, Waiting
from headway.client.address import Address
from headway.client.core import Options
from headway.client.endings import Ended, closed, refused
from headway.client.ladder import TRANSITIONS, State
from headway.client.token import GetToken
from tests.client.harness import FakeConnection, FakeRuntime, FakeTransport, answers, fails, hangs

Script = Callable[[FakeConnection], None]


class Stage:
    """A client over two transports."""

    def __init__(
        self,
        high: Script = answers,
        low: Script = answers,
        *,
        token: str | None = None,
        get_token: GetToken | None = None,
        random: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.runtime = FakeRuntime(random)
        self.high = FakeTransport("high", high)
        self.low = FakeTransport("low", low)
        self.changes: list[Change] = []
        options = Options(token, get_token, self.changes.append)
        self.client = Client(
            Address.parse("http://host"), [self.high, self.low], options, lambda clock, random: self.runtime
        )
        self.advance = self.runtime.advance


@asynccontextmanager
async def staged(high: Script = answers, low: Script = answers, **more: object) -> AsyncIterator[Stage]:
    """A client that has begun."""
    stage = Stage(high, low, **more)  # type: ignore[arg-type]  # passed on
    async with stage.client:
        await stage.advance(0.0)
        yield stage


def dies(stage: Stage) -> Script:
    """A connection that is answered, and reset soon after."""

    def script(connection: FakeConnection) -> None:
        connection.link.answered()
        stage.runtime.call_later(0.3, lambda: connection.link.ended(Ended("reset")))

    return script


async def test_the_best_that_is_answered_is_used() -> None:
    """While the best transport works no other is tried."""
    async with staged() as stage:
        assert (stage.client.transport, stage.client.status) == ("high", Status.LIVE)
        assert stage.low.opened == []


async def test_one_that_fails_makes_way_at_once() -> None:
    """No time passes between a transport that fails and the next."""
    async with staged(fails) as stage:
        assert stage.client.transport == "low"


def nobody(connection: FakeConnection) -> None:
    """There is no server at the address."""
    connection.link.ended(Ended("connection refused", absent=True))


async def test_where_nobody_is_there_the_others_need_not_look() -> None:
    """A server that is away is asked once a round, not once a transport; but for one round of four, since something may
    stand in the way of the first alone."""
    async with staged(nobody, nobody) as stage:
        for _ in range(200):
            if len(stage.high.opened) == 8:
                break
            await stage.advance(0.5)

        assert (len(stage.high.opened), len(stage.low.opened)) == (8, 2)


async def test_where_nobody_is_there_for_one_the_other_is_found() -> None:
    """A transport behind a proxy that is away makes way after some rounds."""
    async with staged(nobody, answers) as stage:
        await stage.advance(10.0)

        assert stage.client.transport == "low"


async def test_one_that_hangs_is_joined_by_the_next() -> None:
    """After a moment the next is tried beside it; if it is answered after all, it takes over."""
    async with staged(hangs) as stage:
        await stage.advance(1.4)
        assert stage.low.opened == []

        await stage.advance(0.1)
        assert stage.client.transport == "low"
        stage.high.last.link.answered()

        assert stage.client.transport == "high"
        assert stage.low.last.closed


async def test_where_sockets_open_and_die_the_lower_one_is_used_within_five_seconds() -> None:
    """A transport is judged by what gets through, not by whether it opens."""
    async with staged() as stage:
        stage.high.script = dies(stage)
        stage.high.last.link.ended(Ended("reset"))

        await stage.advance(5.0)

        assert stage.client.transport == "low"


async def test_back_on_the_best_within_a_minute_of_healing() -> None:
    """A demotion ends: the better transport is tried beside the one that works, watched, and then takes over."""
    async with staged() as stage:
        stage.high.script = dies(stage)
        stage.high.last.link.ended(Ended("reset"))
        await stage.advance(8.0)
        assert stage.client.transport == "low"
        stage.changes.clear()

        stage.high.script = answers
        await stage.advance(60.0)

        assert stage.changes == [Switched("low", "high")]
        assert stage.low.last.closed


async def test_the_old_connection_is_closed_when_the_new_one_is_answered() -> None:
    """Make before break: in between, both are open."""
    async with staged(fails) as stage:
        stage.high.script = hangs
        await stage.advance(3.0)
        assert (len(stage.high.live), len(stage.low.live), stage.client.transport) == (1, 1, "low")

        stage.high.last.link.answered()

        assert (len(stage.high.live), len(stage.low.live), stage.client.transport) == (1, 0, "high")


async def test_one_that_is_watched_is_used_at_once_when_it_is_needed() -> None:
    """If the lower transport ends while the better one is on probation, that one takes over without a pause."""
    async with staged() as stage:
        stage.high.script = dies(stage)
        stage.high.last.link.ended(Ended("reset"))
        await stage.advance(8.0)
        stage.high.script = answers
        while not stage.high.live:
            await stage.advance(0.5)
        assert stage.client.transport == "low"
        stage.changes.clear()

        stage.low.last.link.ended(Ended("reset"))

        assert stage.changes == [Switched("low", "high")]


async def test_a_restart_demotes_nobody() -> None:
    """What the server announced is no fault of a transport."""
    async with staged() as stage:
        for _ in range(5):
            stage.high.last.link.ended(closed(1012, "", 0.1))
            await stage.advance(1.0)

        assert stage.client.transport == "high"


async def test_while_nothing_works_nobody_is_demoted() -> None:
    """A server that is away is no fault of a transport."""
    async with staged(fails, fails) as stage:
        await stage.advance(120.0)
        stage.high.script = stage.low.script = answers
        await stage.advance(20.0)

        assert stage.client.transport == "high"


async def test_back_no_sooner_than_the_server_asked_for() -> None:
    """Its hint is honoured, and people are told of the delay."""
    async with staged() as stage:
        stage.high.last.link.ended(closed(1012, "", 8.0))
        await stage.advance(7.9)
        assert (len(stage.high.opened), stage.client.status) == (1, Status.CONNECTING)

        await stage.advance(2.1)

        assert stage.client.transport == "high"
        assert isinstance(stage.changes[1], Waiting)
        assert stage.changes[1].delay >= 8.0


async def test_after_a_loss_back_in_a_fifth_of_a_second() -> None:
    """A cut is bridged at once."""
    async with staged() as stage:
        await stage.advance(15.0)
        stage.high.last.link.heard()
        stage.high.last.link.ended(Ended("reset"))
        await stage.advance(0.2)

        assert [type(change) for change in stage.changes] == [Connected, Waiting, Connected]


async def test_a_server_that_restarts_is_not_run_down() -> None:
    """No tenth of a second sees more than a tenth of the clients come back."""
    chance = random.Random(7)
    slots: Counter[int] = Counter()
    most = 200
    for _ in range(most):
        async with staged(random=chance.random) as stage:
            await stage.advance(15.0)
            stage.high.script = stage.low.script = fails
            killed = stage.runtime.clock.monotonic()
            stage.high.last.link.ended(Ended("reset"))
            await stage.advance(2.0)

            def back(connection: FakeConnection, stage: Stage = stage, killed: float = killed) -> None:
                slots[int((stage.runtime.clock.monotonic() - killed) / 0.1)] += 1
                connection.link.answered()

            stage.high.script = back
            await stage.advance(30.0)

    assert slots.total() == most
    assert max(slots.values()) <= most / 10


async def test_a_peer_that_is_gone_without_a_word_is_asked_and_given_up() -> None:
    """After half the silence it is asked for a sign of life, after all of it it counts as dead."""
    async with staged() as stage:
        first = stage.high.last
        first.mute = True
        stage.high.script = hangs
        await stage.advance(15.0)
        assert first.pings > 0
        assert not first.closed

        await stage.advance(5.0)

        assert first.closed


async def test_what_fell_silent_has_no_head_start() -> None:
    """Whatever swallowed its messages may swallow its handshake: the next is tried at once, and beside it."""
    async with staged() as stage:
        first = stage.high.last
        first.mute = True
        stage.high.script = hangs

        await stage.advance(20.0)

        assert first.closed
        assert (stage.client.transport, stage.client.status) == ("low", Status.LIVE)


async def test_silence_is_noticed_when_it_is_as_long_as_it_may_be() -> None:
    """Not up to a beat later: what was heard last counts, whenever that was."""
    async with staged() as stage:
        first = stage.high.last
        first.mute = True
        await stage.advance(3.0)
        first.link.heard()
        await stage.advance(19.9)
        assert not first.closed

        await stage.advance(0.4)

        assert first.closed


async def test_whatever_is_heard_is_a_sign_of_life() -> None:
    """Who speaks is not asked."""
    async with staged() as stage:
        for _ in range(60):
            await stage.advance(1.0)
            stage.high.last.link.heard()

        assert len(stage.high.opened) == 1
        assert stage.high.last.pings == 0


async def test_a_late_word_of_a_connection_that_is_over_is_not_heard() -> None:
    """An ending is told once, and nothing comes after it."""
    async with staged() as stage:
        first = stage.high.last
        first.link.ended(Ended("reset"))
        await stage.advance(0.5)

        first.link.ended(Ended("again"))
        first.link.answered()

        assert stage.client.transport == "high"
        assert len(stage.high.live) == 1


async def test_a_code_that_advises_to_stay_away_ends_it() -> None:
    """Nobody knocks again until somebody asks for it; channels say why."""
    async with staged() as stage:
        channel = stage.client.channel("run")
        stage.high.last.link.ended(closed(4003, "not for you"))
        await stage.advance(600.0)
        assert stage.changes[-1] == Stopped("not for you")
        assert (stage.client.status, channel.status, len(stage.high.opened)) == (Status.OFFLINE, Status.OFFLINE, 1)
        with pytest.raises(Refused, match="not for you"):
            await anext(channel)

        stage.client.reconnect()
        await stage.advance(0.0)

        assert stage.client.status is Status.LIVE


async def test_a_newer_connection_of_ours_may_take_the_place_of_the_older() -> None:
    """Where a user may have one connection only, the probe of a better transport ends the one that works; the client
    goes on."""
    async with staged(fails) as stage:
        stage.high.script = hangs
        await stage.advance(3.0)
        stage.low.last.link.ended(closed(4009, ""))
        stage.high.last.link.answered()

        assert stage.client.transport == "high"


async def test_a_token_that_is_not_taken_is_replaced() -> None:
    """`get_token` is asked for another, and the client is back at once."""
    tokens = iter(["one", "two"])
    async with staged(get_token=lambda: next(tokens)) as stage:
        assert stage.high.last.link.token() == "one"

        stage.high.last.link.ended(closed(4001, "expired"))
        await stage.advance(0.1)

        assert (stage.client.transport, stage.high.last.link.token()) == ("high", "two")


async def test_where_every_token_is_refused_the_client_stops_asking() -> None:
    """Four are tried, then it is said that the token is not taken."""
    made: list[str] = []

    async def get_token() -> str:
        made.append("token")
        return f"token-{len(made)}"

    async with staged(lambda one: one.link.ended(closed(4001, "bad")), get_token=get_token) as stage:
        await stage.advance(600.0)

        assert (len(made), stage.client.status) == (4, Status.OFFLINE)


async def test_a_token_that_cannot_be_replaced_ends_it() -> None:
    """With a fixed token coming back would fail in the same way."""
    async with staged(lambda one: one.link.ended(refused({"code": "unauthorized"})), token="only") as stage:
        await stage.advance(600.0)

        assert len(stage.high.opened) == 1


async def test_a_token_is_replaced_before_it_expires() -> None:
    """The connection stays, and is given the new one."""
    tokens = iter(["one", "two"])
    async with staged(get_token=lambda: next(tokens)) as stage:
        stage.high.last.link.authenticated(stage.runtime.clock.now() + 600.0)
        for _ in range(53):
            await stage.advance(10.0)
            stage.high.last.link.heard()

        assert len(stage.high.opened) == 1
        assert stage.high.last.tokens == ["two"]


async def test_a_source_of_tokens_that_fails_is_tried_again() -> None:
    """A failure of the program's own function is told, and bridged like any other."""
    failures = [OSError("away")]

    def get_token() -> str:
        if failures:
            raise failures.pop()
        return "one"

    async with staged(get_token=get_token) as stage:
        assert stage.changes == [Waiting("get_token failed: away", 0.25)]

        await stage.advance(1.0)

        assert stage.client.transport == "high"


async def test_a_loop_that_was_held_up_asks_before_it_gives_up() -> None:
    """Silence that was this machine's own ends no connection that answers."""
    async with staged() as stage:
        stage.runtime.clock.advance(3600.0)
        await stage.advance(3.5)

        assert stage.high.last.pings >= 1
        assert len(stage.high.opened) == 1


async def test_closing_leaves_nothing() -> None:
    """No timer and no connection outlives the client."""
    stage = Stage(hangs)
    async with stage.client:
        await stage.advance(2.0)
        channel = stage.client.channel("run")

    assert stage.runtime.waiting == 0
    assert [*stage.high.live, *stage.low.live] == []
    assert channel.status is Status.OFFLINE
    assert [told async for told in channel] == []


def test_every_state_may_be_closed_and_a_closed_one_does_nothing_more() -> None:
    """The table has no way out of CLOSED, and one into it from everywhere."""
    for state in State:
        assert ((state, "close") in TRANSITIONS) is (state is not State.CLOSED)
    assert not any(state is State.CLOSED for state, _ in TRANSITIONS)
