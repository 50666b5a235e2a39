"""What clients of the connected transports say, and in which order they are told what follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from headway.access.identity import Access, OpenAccess, Unauthorized
from headway.errors import HeadwayError, StorageError
from headway.events import Event
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.positions import BEGINNING, Gap, Position
from headway.protocols.stream import Ack, Auth, Fields, Ping, Publish, Subscribe, Unsubscribe
from headway.sessions.session import Session
from headway.sessions.sessions import Start
from headway.testing.outlets import FakeOutlet, PlainForm, Told
from headway.transports.dialogue import Dialogue
from tests.hub.harness import RestlessLog, draft, drafts, settled
from tests.sessions.harness import Door, house, stay

RUN = "run:7"


class Spoken:
    """A transport's voice that notes what it is to say."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.form = PlainForm()
        self.said: list[str] = []
        """What happened, in order, in a word each."""
        self.answers: list[tuple[Fields, object]] = []
        self.gaps: list[Gap] = []
        self.noted: dict[str, Start | None] = {}
        self.acknowledging: list[bool] = []
        self.ill = False

    def answer(self, fields: Fields, request: object) -> None:
        self.said.append(fields["type"])
        self.answers.append((fields, request))

    def tell(self, events: Sequence[Event]) -> None:
        self.said += ["state"] * len(events)

    def tell_gap(self, gap: Gap, state: Sequence[Event]) -> None:
        self.said.append("gap")
        self.gaps.append(gap)

    def follow(self, channel: str, start: Start, command: Subscribe) -> None:
        self.said.append("follow")
        self.acknowledging.append(command.acknowledge)
        self.session.follow(channel, start, self.form, acknowledge=command.acknowledge)

    async def following(self, channel: str, start: Start | None) -> None:
        self.said.append("note")
        await asyncio.sleep(0)
        if self.ill:
            raise StorageError("the disk is gone")
        self.noted[channel] = start

    def refuse(self, error: Unauthorized) -> None:
        self.said.append("refuse")


class Talk:
    """One client on a hub of its own."""

    def __init__(self, access: Access) -> None:
        self.log = RestlessLog()
        self.hub = Hub(self.log, Limits())
        self.outlet = FakeOutlet()
        self.session = Session("s", "test", house(self.hub, access), self.outlet, stay)
        if access.open:
            self.session.authenticate(None)
        self.voice = Spoken(self.session)
        self.dialogue = Dialogue(self.session, self.voice)

    async def publish(self, *numbers: int, key: str | None = None) -> None:
        """Publish a draft of each number."""
        await self.hub.publish(RUN, drafts(*numbers, key=key))

    async def told(self) -> list[int]:
        """The numbers of the events that were written to the client since the last time."""
        await settled(self.hub)
        return [told.event.data["n"] for told in self.voice.form.read(self.outlet.take()) if isinstance(told, Told)]

    def heard(self) -> list[str]:
        """What was said since the last time."""
        said, self.voice.said = self.voice.said, []
        return said


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """A client who may do everything."""
    chosen = Talk(OpenAccess())
    yield chosen
    chosen.session.close()
    await chosen.hub.close()


@pytest.fixture
async def guarded() -> AsyncIterator[Talk]:
    """A client who has to say who it is."""
    chosen = Talk(Door())
    yield chosen
    chosen.session.close()
    await chosen.hub.close()


async def test_a_client_is_recorded_then_answered_then_told(talk: Talk) -> None:
    """What must survive is noted before the client hears that it follows, and it hears that before any event."""
    await talk.publish(1)

    await talk.dialogue.obey(Subscribe(RUN, BEGINNING), "request")

    assert talk.heard() == ["note", "subscribed", "follow"]
    assert talk.voice.answers[0][1] == "request"
    assert await talk.told() == [1]


async def test_the_state_stands_in_the_answer_or_is_told_after_it(talk: Talk) -> None:
    """Whoever takes a snapshot from the answer gets it there; the others get its events between the answer and what is
    new."""
    await talk.publish(1, key="progress")

    await talk.dialogue.obey(Subscribe(RUN), None)
    assert talk.heard() == ["note", "subscribed", "follow"]
    assert [event["n"] for event in talk.voice.answers[0][0]["snapshot"]] == [1]

    await talk.dialogue.obey(Unsubscribe(RUN), None)
    talk.heard()
    await talk.dialogue.obey(Subscribe(RUN, inline_snapshot=False), None)
    assert talk.heard() == ["note", "subscribed", "state", "follow"]
    assert "snapshot" not in talk.voice.answers[-1][0]


async def test_who_understands_no_answer_gets_none(talk: Talk) -> None:
    """It follows all the same, each time it says so."""
    silent = Subscribe(RUN, inline_snapshot=False, answer=False)

    await talk.dialogue.obey(silent, None)
    await talk.dialogue.obey(silent, None)
    await talk.publish(1)

    assert talk.heard() == ["note", "follow"]
    assert await talk.told() == [1]


async def test_what_is_lost_is_told_before_what_is_left(talk: Talk) -> None:
    """A position of another life of the log: the answer says so, the gap follows, then everything of the new life."""
    await talk.publish(1)

    await talk.dialogue.obey(Subscribe(RUN, Position("before", 3)), None)
    await talk.publish(2)

    assert talk.heard() == ["note", "subscribed", "gap", "follow"]
    assert talk.voice.answers[0][0]["recovered"] is False
    assert talk.voice.answers[0][0]["head"] == str(Position((await talk.hub.head(RUN)).epoch, 1))
    assert talk.voice.gaps[0].after == Position("before", 3)
    assert await talk.told() == [1, 2]


async def test_subscribing_again_changes_nothing(talk: Talk) -> None:
    """Who follows a channel and names no position is answered where it stands, and neither loses nor repeats anything,
    even while it lags."""
    await talk.dialogue.obey(Subscribe(RUN), None)
    talk.outlet.stall()
    await talk.publish(1, 2)
    cursor = talk.session.cursors[RUN]
    talk.heard()

    await talk.dialogue.obey(Subscribe(RUN), "again")
    talk.outlet.resume()
    talk.session.wake()

    assert talk.heard() == ["subscribed"]
    fields, request = talk.voice.answers[-1]
    assert (fields["recovered"], request, "snapshot" in fields) == (True, "again", False)
    assert fields["head"] == str(await talk.hub.head(RUN))
    assert Position.parse(fields["position"]).offset == 0
    assert talk.session.cursors[RUN] is cursor
    assert await talk.told() == [1, 2]


async def test_subscribing_again_with_a_position_begins_anew(talk: Talk) -> None:
    """Who names a position gets everything after it once more, and what is new once."""
    await talk.dialogue.obey(Subscribe(RUN), None)
    await talk.publish(1, 2, 3)
    assert await talk.told() == [1, 2, 3]
    epoch = talk.session.cursors[RUN].position.epoch
    talk.heard()

    await talk.dialogue.obey(Subscribe(RUN, Position(epoch, 1)), None)
    await talk.publish(4)

    assert talk.heard() == ["note", "subscribed", "follow"]
    assert await talk.told() == [2, 3, 4]
    assert list(talk.session.cursors) == [RUN]


async def test_a_client_that_could_not_be_recorded_follows_nothing(talk: Talk) -> None:
    """Where noting fails the error goes to the client, which was told nothing else."""
    talk.voice.ill = True

    with pytest.raises(StorageError):
        await talk.dialogue.obey(Subscribe(RUN), None)

    assert talk.heard() == ["note"]
    assert talk.session.cursors == {}


async def test_a_beginning_that_fails_leaves_what_was_followed(talk: Talk) -> None:
    """Where the log cannot say where to begin anew, the client goes on following as before."""
    await talk.dialogue.obey(Subscribe(RUN), None)
    talk.log.ill = True
    with pytest.raises(StorageError):
        await talk.dialogue.obey(Subscribe(RUN, BEGINNING), None)
    talk.log.ill = False

    await talk.publish(1)

    assert await talk.told() == [1]


async def test_unsubscribing_stops_the_channel_and_is_noted(talk: Talk) -> None:
    """Nothing of the channel is told after the answer; a channel that was not followed is answered alike, and not
    noted."""
    await talk.dialogue.obey(Subscribe(RUN), None)
    talk.heard()

    await talk.dialogue.obey(Unsubscribe(RUN), 1)
    await talk.dialogue.obey(Unsubscribe(RUN), 2)
    await talk.publish(1)

    assert talk.heard() == ["note", "unsubscribed", "unsubscribed"]
    assert talk.voice.noted == {RUN: None}
    assert await talk.told() == []


async def test_a_publication_is_answered_with_its_place(talk: Talk) -> None:
    """The answer says where the last of the events stands, how many there are, and whether they were stored before."""
    publish = Publish(RUN, tuple(drafts(1, 2)), "key")

    await talk.dialogue.obey(publish, 1)
    await talk.dialogue.obey(publish, 2)

    first, second = (fields for fields, _ in talk.voice.answers)
    assert (first["type"], first["offset"], first["count"], first["replayed"]) == ("published", 2, 2, False)
    assert second == first | {"replayed": True}


async def test_a_confirmation_is_not_answered(talk: Talk) -> None:
    """`ack` moves the mark of a channel that was subscribed with it; of any other it is an error."""
    await talk.dialogue.obey(Subscribe(RUN, acknowledge=True), None)
    await talk.publish(1)
    await settled(talk.hub)
    talk.heard()

    await talk.dialogue.obey(Ack(RUN, 1), None)

    assert talk.heard() == []
    assert talk.session.cursors[RUN].acknowledged == 1
    with pytest.raises(HeadwayError):
        await talk.dialogue.obey(Ack("other", 1), None)


async def test_a_ping_is_answered(talk: Talk) -> None:
    """The answer goes to the request."""
    await talk.dialogue.obey(Ping(), "request")

    assert talk.voice.answers == [({"type": "pong"}, "request")]


async def test_a_client_that_resumes_is_answered_nothing(talk: Talk) -> None:
    """It goes on where it stood; only what is missing is told first."""
    await talk.publish(1, 2)
    head = await talk.hub.head(RUN)

    talk.dialogue.resume(RUN, await talk.session.begin(RUN, Position(head.epoch, 1)))
    assert talk.heard() == ["follow"]
    assert await talk.told() == [2]

    talk.dialogue.resume(RUN, await talk.session.begin(RUN, Position("before", 9)))
    assert talk.heard() == ["gap", "follow"]


async def test_a_token_is_answered_with_who_it_is(guarded: Talk) -> None:
    """Before it there is nothing to follow; with it there is what it covers."""
    with pytest.raises(Unauthorized):
        await guarded.dialogue.obey(Subscribe(RUN), None)

    await guarded.dialogue.obey(Auth("ada"), "request")
    await guarded.dialogue.obey(Subscribe(RUN), None)
    with pytest.raises(HeadwayError):
        await guarded.dialogue.obey(Publish("run:8", (draft(1),), None), None)

    known = {"type": "auth_success", "user": "ada", "role": "viewer", "expires": None}
    assert guarded.voice.answers[0] == (known, "request")
    assert guarded.heard() == ["auth_success", "note", "subscribed", "follow"]


async def test_a_narrower_token_takes_channels_away(guarded: Talk) -> None:
    """What the new token covers goes on without a break; of the rest the client is told, and nothing more of it."""
    await guarded.dialogue.obey(Auth("ada"), None)
    await guarded.dialogue.obey(Subscribe("run:1"), None)
    await guarded.dialogue.obey(Subscribe(RUN), None)
    guarded.heard()
    await guarded.dialogue.obey(Auth("guest"), "request")
    await guarded.publish(1)
    await guarded.hub.publish("run:1", drafts(2))

    assert guarded.heard() == ["auth_success", "unsubscribed", "note"]
    assert guarded.voice.answers[-1] == ({"type": "unsubscribed", "channel": RUN, "code": "forbidden"}, None)
    assert guarded.voice.noted[RUN] is None
    assert await guarded.told() == [2]


async def test_a_bad_token_is_answered_and_then_refused(guarded: Talk) -> None:
    """The client hears why before its transport ends it."""
    await guarded.dialogue.obey(Auth("nobody"), None)

    assert guarded.heard() == ["auth_failed", "refuse"]
    assert guarded.voice.answers[0][0]["code"] == "unauthorized"
