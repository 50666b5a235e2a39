"""One client: its states, its rights, what it follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headway.access.identity import Identity, OpenAccess, Unauthorized
from headway.codes import Close, Code
from headway.errors import Closed, InvalidChannel, Overloaded, UsageError
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.positions import BEGINNING
from headway.sessions.session import TRANSITIONS, Forbidden, Session, State
from headway.testing.outlets import FakeOutlet, PlainForm, Told
from tests.hub.harness import draft, drafts, settled
from tests.sessions.harness import Door, house, stay

LIMITS = Limits(subscriptions=2, publish_events=3)


def session(hub: Hub, *, identity: Identity | None = None) -> Session:
    """A session that may follow two channels and publish three events at once."""
    return Session("s", "fake", house(hub, Door(), LIMITS), FakeOutlet(), stay, identity)


def numbers(form: PlainForm, outlet: object) -> list[int]:
    """What the drafts of the events were made of that were written there."""
    assert isinstance(outlet, FakeOutlet)
    return [told.event.data["n"] for told in form.read(outlet.written) if isinstance(told, Told)]


# States.


def test_the_table_of_states() -> None:
    """A session is authenticated until it is closed, and closed for ever."""
    assert {state for state, _ in TRANSITIONS} == set(State)
    assert all(after is State.CLOSED for (_, trigger), after in TRANSITIONS.items() if trigger == "close")
    assert (State.CLOSED, "authenticate") not in TRANSITIONS


async def test_a_session_begins_unknown(hub: Hub) -> None:
    """Before it says who it is it may neither follow nor publish."""
    made = session(hub)

    assert (made.state, made.identity) == (State.NEW, None)
    with pytest.raises(Unauthorized):
        await made.begin("run:7", None)
    with pytest.raises(Unauthorized):
        await made.publish("run:7", drafts(1))


async def test_a_session_says_who_it_is(hub: Hub) -> None:
    """A valid token makes it ready, a new one replaces it, and one that is not valid changes nothing."""
    made = session(hub)
    with pytest.raises(Unauthorized):
        made.authenticate("nobody")
    assert made.state is State.NEW
    made.authenticate("ann")
    with pytest.raises(Unauthorized):
        made.authenticate("nobody")
    assert (made.state, made.identity and made.identity.user) == (State.READY, "ann")
    made.authenticate("bob")

    assert made.identity == Door().authenticate("bob")


async def test_a_session_that_says_anew_who_it_is_follows_what_that_covers(hub: Hub) -> None:
    """Its positions stay; channels the new token does not cover are followed no more."""
    made, form = session(hub, identity=Door().authenticate("ann")), PlainForm()
    for channel in ("run:1", "run:7"):
        made.follow(channel, await made.begin(channel, None), form)
    made.authenticate("guest")

    assert made.narrow() == ["run:7"]
    assert list(made.cursors) == ["run:1"]
    await hub.publish("run:1", drafts(1))
    await hub.publish("run:7", drafts(2))
    await settled(hub)
    assert numbers(form, made.outlet) == [1]


async def test_a_session_has_its_connection_end(hub: Hub) -> None:
    """With the code and the sentence it is given."""
    ended: list[tuple[Close, str]] = []
    made = Session("s", "fake", house(hub, Door()), FakeOutlet(), lambda close, reason: ended.append((close, reason)))
    made.end(Close.REPLACED, "enough")

    assert ended == [(Close.REPLACED, "enough")]


async def test_who_published_what_is_told(hub: Hub) -> None:
    """Whoever keeps the record of that hears it with the events as they are stored."""
    told: list[tuple[str | None, str, int]] = []
    shared = replace(
        house(hub, Door()), published=lambda who, channel, done, _: told.append((who.user, channel, len(done.events)))
    )
    made = Session("s", "fake", shared, FakeOutlet(), stay, Door().authenticate("ann"))
    await made.publish("run:7", drafts(1, 2))

    assert told == [("ann", "run:7", 2)]


async def test_where_access_is_open_a_session_is_ready(hub: Hub) -> None:
    """So is one whose identity was known before."""
    assert Session("s", "fake", house(hub, OpenAccess(), LIMITS), FakeOutlet(), stay).state is State.READY
    assert session(hub, identity=Identity("ann")).state is State.READY


async def test_a_closed_session_takes_no_more_calls(hub: Hub) -> None:
    """Closing twice is once; everything else is refused."""
    made = session(hub, identity=Identity("ann"))
    start = await made.begin("run:7", None)
    made.follow("run:7", start, PlainForm())
    made.close()
    made.close()

    assert (made.state, made.cursors, hub.statistics()["cursors"]) == (State.CLOSED, {}, 0)
    for call in (lambda: made.authenticate("ann"), lambda: made.follow("run:7", start, PlainForm())):
        with pytest.raises(Closed):
            call()
    with pytest.raises(Closed):
        await made.begin("run:7", None)
    with pytest.raises(Closed):
        await made.publish("run:7", drafts(1))


# Rights and bounds.


async def test_rights_are_checked(hub: Hub) -> None:
    """What the identity does not cover is forbidden, whether the channel exists or not."""
    made = session(hub)
    made.authenticate("ann")
    with pytest.raises(Forbidden, match="read 'news'") as caught:
        await made.begin("news", BEGINNING)
    with pytest.raises(Forbidden, match="publish to 'run:8'"):
        await made.publish("run:8", drafts(1))

    assert caught.value.code is Code.FORBIDDEN
    assert (await made.publish("run:7", drafts(1))).events[0].offset == 1


@pytest.mark.parametrize("channel", [None, "", "a b", ["run:7"], {}, 7])
async def test_channel_names_are_checked(hub: Hub, channel: object) -> None:
    """Whatever a client names as a channel, it is one or is refused."""
    made = session(hub, identity=Identity("ann"))
    with pytest.raises(InvalidChannel):
        await made.begin(channel, None)
    with pytest.raises(InvalidChannel):
        await made.publish(channel, drafts(1))
    with pytest.raises(InvalidChannel):
        made.acknowledge(channel, 0)


async def test_a_session_follows_only_so_many_channels(hub: Hub) -> None:
    """One more is refused; one that is followed already may begin anew, and one that was left makes room."""
    made = session(hub, identity=Identity("ann"))
    for channel in ("a", "b"):
        made.follow(channel, await made.begin(channel, None), PlainForm())
    with pytest.raises(Overloaded, match="at most 2 channels") as caught:
        await made.begin("c", None)
    await made.begin("a", None)
    made.unfollow("a")
    await made.begin("c", None)

    assert caught.value.code is Code.TOO_MANY


async def test_a_session_publishes_only_so_many_events(hub: Hub) -> None:
    """More in one publish are refused whole."""
    made = session(hub, identity=Identity("ann"))
    await made.publish("run:7", drafts(1, 2, 3))
    with pytest.raises(Overloaded, match="at most 3 events, not 4") as caught:
        await made.publish("run:7", drafts(1, 2, 3, 4))

    assert caught.value.code is Code.TOO_LARGE
    assert (await hub.head("run:7")).offset == 3


# Following.


async def test_a_channel_followed_again_begins_again(hub: Hub) -> None:
    """There is one cursor a channel: the new one replaces the old."""
    made, first, second = session(hub, identity=Identity("ann")), PlainForm(), PlainForm()
    made.follow("run", await made.begin("run", None), first)
    made.follow("run", await made.begin("run", BEGINNING), second)
    await made.publish("run", drafts(1))
    await settled(hub)

    assert hub.statistics()["cursors"] == 1
    assert numbers(second, made.outlet) == [1]


async def test_unfollowing(hub: Hub) -> None:
    """Nothing of the channel comes afterwards; what was not followed cannot be left."""
    made, form = session(hub, identity=Identity("ann")), PlainForm()
    made.follow("run", await made.begin("run", None), form)

    assert (made.unfollow("run"), made.unfollow("run")) == (True, False)
    await made.publish("run", drafts(1))
    await settled(hub)
    assert numbers(form, made.outlet) == []


async def test_changing_the_carrier_misses_and_repeats_nothing(hub: Hub) -> None:
    """Every cursor goes on over the new outlet from exactly where it stood on the old."""
    made, before, after = session(hub, identity=Identity("ann")), PlainForm(), PlainForm()
    for channel in ("a", "b"):
        made.follow(channel, await made.begin(channel, None), before)
    old, new = made.outlet, FakeOutlet()
    await made.publish("a", drafts(1, 2))
    await settled(hub)
    assert isinstance(old, FakeOutlet)
    old.stall()
    await made.publish("a", drafts(3))
    await made.publish("b", drafts(4))
    await settled(hub)
    made.change_carrier(after, new)
    await made.publish("b", drafts(5))
    await settled(hub)

    assert numbers(before, old) == [1, 2]
    assert sorted(numbers(after, new)) == [3, 4, 5]
    assert hub.statistics()["cursors"] == 2


async def test_waking_goes_on_in_every_channel(hub: Hub) -> None:
    """When the outlet can be written again every cursor on it goes on."""
    made, form, outlet = session(hub, identity=Identity("ann")), PlainForm(), FakeOutlet()
    made.change_carrier(form, outlet)
    for channel in ("a", "b"):
        made.follow(channel, await made.begin(channel, None), form)
    outlet.stall()
    for channel in ("a", "b"):
        await hub.publish(channel, [draft(1), draft(2, "p"), draft(3, "p")])
    await settled(hub)
    outlet.resume()
    made.wake()
    await settled(hub)

    assert numbers(form, outlet) == [1, 3, 1, 3]
    assert [position.offset for position in made.positions()] == [3, 3]
    assert made.statistics()["channels"] == {"a": 3, "b": 3}


# Acknowledging.


async def test_acknowledging(hub: Hub) -> None:
    """An offset that was sent may be confirmed by who promised to; it never goes back."""
    made = session(hub, identity=Identity("ann"))
    made.follow("run", await made.begin("run", None), PlainForm(), acknowledge=True)
    await made.publish("run", drafts(1, 2, 3))
    await settled(hub)
    made.acknowledge("run", 2)
    made.acknowledge("run", 1)

    assert hub.acknowledged("run") == 2


@pytest.mark.parametrize("offset", [4, -1, True, "2", 2.0, None, 10**30])
async def test_what_cannot_be_acknowledged(hub: Hub, offset: object) -> None:
    """More than was sent, or no number, is refused, naming how far was sent."""
    made = session(hub, identity=Identity("ann"))
    made.follow("run", await made.begin("run", None), PlainForm(), acknowledge=True)
    await made.publish("run", drafts(1, 2, 3))
    await settled(hub)

    with pytest.raises(UsageError, match="a number up to 3"):
        made.acknowledge("run", offset)


async def test_acknowledging_has_to_be_promised(hub: Hub) -> None:
    """Who did not say so when it subscribed is told."""
    made = session(hub, identity=Identity("ann"))
    made.follow("run", await made.begin("run", None), PlainForm())
    for channel in ("run", "other"):
        with pytest.raises(UsageError, match="not subscribed with"):
            made.acknowledge(channel, 0)
