"""The promise of the hub, attacked.

Under any interleaving of publishing, joining, stalling, resuming, leaving, changing the carrier, trimming, failing
storage and new epochs, each reader is told each event exactly once and in order, but for what newer events of its key
overtook while the reader lagged, or is told a gap.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from headway.access.identity import OpenAccess
from headway.errors import StorageError
from headway.events import Draft, Event
from headway.hub.hub import Hub, Start
from headway.positions import BEGINNING, Gap, GapReason, Position
from headway.sessions.session import Session
from headway.testing.outlets import FakeOutlet, PlainForm, Told, ToldGap
from tests.hub.harness import TINY, RestlessLog, draft, settled
from tests.sessions.harness import house, stay

CHANNELS = ("run", "other")
channels = st.sampled_from(CHANNELS)
batches = st.lists(st.sampled_from([None, None, "a", "a", "b"]), min_size=1, max_size=9)
rooms = st.sampled_from([None, None, 1, 2, 5])
picks = st.integers(0, 1_000)


class Subscription:
    """What one reader was told of one channel, and whether that keeps the promise."""

    def __init__(self, start: Start, form: PlainForm) -> None:
        self.start = start
        self.form = form
        self.told: list[Told | ToldGap] = []
        self.stalled = False
        """Whether it ever lagged: who never did is told everything."""


class Machine(RuleBasedStateMachine):
    """The hub over a restless log."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(debug=False)
        logging.getLogger("headway.hub").setLevel(logging.ERROR)
        self.log = RestlessLog()
        self.numbers = count(1)
        self.truth: dict[str, dict[Position, Event]] = defaultdict(dict)
        self.trimmed: dict[str, int] = defaultdict(int)
        """The trimmed edge by epoch."""
        self.positions: list[tuple[str, Position]] = [("run", BEGINNING), ("run", Position("foreign", 3))]
        self.readers: dict[Session, dict[str, Subscription]] = {}
        self.polls: list[tuple[str, Position, asyncio.Task[bool]]] = []
        self.shared = [PlainForm(), PlainForm(max_events=2)]
        self.retries = 0

    @initialize(turns=st.integers(0, 3))
    def begin(self, turns: int) -> None:
        """A hub at work; the log takes its time."""

        async def make() -> Hub:
            return Hub(self.log, TINY, chunk_events=4, retry_seconds=0.0)

        self.log.turns = turns
        self.hub = self.runner.run(make())
        self.house = house(self.hub, OpenAccess(), TINY)

    # What can happen. Each leaves the loop after some turns, with whatever is under way.

    @rule(channel=channels, batch=batches, turns=st.integers(0, 12))
    def publish(self, channel: str, batch: list[str | None], turns: int) -> None:
        self.runner.run(self._publish(channel, batch))
        self._turn(turns)

    @rule(channel=channels, batch=batches)
    def publish_to_those_who_keep_up(self, channel: str, batch: list[str | None]) -> None:
        """Who stands at the head and can be written gets every event, in order, overtaken or not."""
        self._heal()
        self._rest()
        up = [
            (session, follows[channel])
            for session, follows in self.readers.items()
            if channel in follows and session.outlet.writable and self._outlet(session).room is None
        ]
        head = self._head(channel)
        up = [pair for pair in up if pair[0].cursors[channel].position == head]
        self._collect()
        before = [len(subscription.told) for _, subscription in up]

        events = self.runner.run(self._publish(channel, batch))
        self._rest()
        self._collect()
        for (_, subscription), already in zip(up, before, strict=True):
            assert subscription.told[already:] == [Told(event) for event in events]

    @rule(
        channel=channels, since=st.none() | picks, form=st.integers(0, 3), room=rooms, reader=picks, anew=st.booleans()
    )
    def subscribe(self, channel: str, since: int | None, form: int, room: int | None, reader: int, anew: bool) -> None:
        if anew or not self.readers:
            session = Session(str(next(self.numbers)), "fake", self.house, FakeOutlet(room), stay)
            self.readers[session] = {}
        else:
            session = self._pick(reader)
        place = None if since is None else self._position(channel, since)
        try:
            start = self.runner.run(session.begin(channel, place))
        except StorageError:
            assert self.log.ill
            return
        self._check_start(channel, place, start)
        chosen = self._form(form)

        def follow() -> None:
            self._collect()
            self._finish(session, channel)
            self.readers[session][channel] = Subscription(start, chosen)
            session.follow(channel, start, chosen)

        self._at_once(follow)

    @precondition(lambda self: self.readers)
    @rule(reader=picks, turns=st.integers(0, 5))
    def stall(self, reader: int, turns: int) -> None:
        self._outlet(self._pick(reader)).stall()
        self._turn(turns)

    @precondition(lambda self: self.readers)
    @rule(reader=picks, room=rooms, turns=st.integers(0, 12))
    def resume(self, reader: int, room: int | None, turns: int) -> None:
        session = self._pick(reader)
        self._note_stalls()
        self._outlet(session).resume(room)
        self._at_once(session.wake)
        self._turn(turns)

    @precondition(lambda self: self.readers)
    @rule(reader=picks, channel=channels)
    def unsubscribe(self, reader: int, channel: str) -> None:
        session = self._pick(reader)

        def unfollow() -> None:
            session.unfollow(channel)
            self._collect()
            self._finish(session, channel)

        self._at_once(unfollow)

    @precondition(lambda self: self.readers)
    @rule(reader=picks, form=st.integers(0, 3), room=rooms, turns=st.integers(0, 5))
    def change_carrier(self, reader: int, form: int, room: int | None, turns: int) -> None:
        session, chosen = self._pick(reader), self._form(form)

        def change() -> None:
            self._collect()
            for subscription in self.readers[session].values():
                subscription.form = chosen
            session.change_carrier(chosen, FakeOutlet(room))

        self._at_once(change)
        self._turn(turns)

    @rule(channel=channels, through=st.integers(0, 60))
    def trim(self, channel: str, through: int) -> None:
        head = self.runner.run(self.log.inner.head(channel))
        self.runner.run(self.log.trim(channel, through))
        self.trimmed[head.epoch] = max(self.trimmed[head.epoch], min(through, head.offset))

    @rule()
    def new_epoch(self) -> None:
        self.log.restart()

    @rule(turns=st.integers(0, 4))
    def slow_down(self, turns: int) -> None:
        self.log.turns = turns

    @rule()
    def fall_ill(self) -> None:
        self.log.ill = True

    @rule(turns=st.integers(0, 5))
    def recover(self, turns: int) -> None:
        self._heal()
        self._turn(turns)

    @rule(channel=channels)
    def wait_for_news(self, channel: str) -> None:
        async def start() -> asyncio.Task[bool]:
            return asyncio.create_task(self.hub.changed(channel, head, 60.0))

        head = self._head(channel)
        self.polls.append((channel, head, self.runner.run(start())))

    @rule(channel=channels, since=picks)
    def poll(self, channel: str, since: int) -> None:
        """A poll is told everything after its position, or a gap, without a hole."""
        place = self._position(channel, since)
        subscription = Subscription(Start(place, 1 << 60), PlainForm())
        try:
            while True:
                page = self.runner.run(self.hub.read(channel, place, limit=3, max_bytes=40))
                if page.gap is not None:
                    subscription.told.append(ToldGap(page.gap, ()))
                if place == BEGINNING:
                    edge = Position(page.reached.epoch, self.trimmed[page.reached.epoch])
                    subscription.start = Start(edge, 1 << 60)
                subscription.told.extend(map(Told, page.events))
                place = page.reached
                if place.offset == page.head:
                    break
        except StorageError:
            assert self.log.ill
            return
        assert self._verify(channel, subscription) == place

    @rule()
    def everybody_comes_to_the_head(self) -> None:
        """Once all can be written and the log can be read, all stand at the head and were told what they must."""
        self._catch_everybody_up()

    def teardown(self) -> None:
        """When all have left nothing is left: no cursor, no channel, no task."""
        try:
            self._catch_everybody_up()
            for session in self.readers:
                self._at_once(session.close)
            for _, _, poll in self.polls:
                self._at_once(poll.cancel)
            self._rest()
            statistics = self.hub.statistics()
            assert (statistics["cursors"], statistics["channels"], statistics["waiting_polls"]) == (0, 0, 0)
            assert statistics["reading"] == statistics["tail_events"] == 0
            self.runner.run(self.hub.close())
            assert asyncio.all_tasks(self.runner.get_loop()) == set()
        finally:
            logging.getLogger("headway.hub").setLevel(logging.NOTSET)
            self.runner.close()

    # Helpers.

    def count_published(self) -> int:
        """Roughly how far the channels are."""
        return sum(map(len, self.truth.values())) // len(CHANNELS)

    async def _publish(self, channel: str, batch: Sequence[str | None]) -> tuple[Event, ...]:
        made: list[Draft] = [draft(next(self.numbers), key) for key in batch]
        self._note_stalls()
        try:
            events = (await self.hub.publish(channel, made)).events
        except StorageError:
            assert self.log.ill
            return ()
        for event in events:
            assert event.position not in self.truth[channel]
            self.truth[channel][event.position] = event
            self.positions.append((channel, event.position))
        return events

    def _at_once(self, act: Callable[[], object]) -> None:
        """On the loop, where nothing comes between."""

        async def run() -> None:
            act()

        self.runner.run(run())

    def _turn(self, turns: int) -> None:
        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.runner.run(turn())
        self._note_stalls()

    def _rest(self) -> None:
        self.runner.run(settled(self.hub))
        self._note_stalls()

    def _heal(self) -> None:
        self.log.ill = False

    def _head(self, channel: str) -> Position:
        return self.runner.run(self.log.inner.head(channel))

    def _pick(self, index: int) -> Session:
        sessions = list(self.readers)
        return sessions[index % len(sessions)]

    def _position(self, channel: str, index: int) -> Position:
        places = [place for name, place in self.positions if name == channel] or [BEGINNING]
        return places[index % len(places)]

    def _form(self, index: int) -> PlainForm:
        return [*self.shared, PlainForm(shared=False), PlainForm(shared=False, max_events=3)][index]

    @staticmethod
    def _outlet(session: Session) -> FakeOutlet:
        assert isinstance(session.outlet, FakeOutlet)
        return session.outlet

    def _note_stalls(self) -> None:
        for session, follows in self.readers.items():
            if not session.outlet.writable:
                for subscription in follows.values():
                    subscription.stalled = True

    def _collect(self) -> None:
        """Take what was written out of the outlets, into the transcripts."""
        self._note_stalls()
        for session, follows in self.readers.items():
            for written in self._outlet(session).take():
                forms = {subscription.form for subscription in follows.values()}
                for told in next(form for form in forms if form.knows(written)).read([written]):
                    follows[told.event.channel if isinstance(told, Told) else told.gap.channel].told.append(told)

    def _finish(self, session: Session, channel: str) -> None:
        subscription = self.readers[session].pop(channel, None)
        if subscription is not None:
            self._verify(channel, subscription)

    def _catch_everybody_up(self) -> None:
        self._heal()
        for channel in CHANNELS:
            # Whoever stands in a life of the log that is over learns it with the next event.
            self.runner.run(self._publish(channel, [None]))
        for session in self.readers:
            self._note_stalls()
            self._outlet(session).resume()
            self._at_once(session.wake)
        self._rest()
        self._collect()
        heads = {channel: self._head(channel) for channel in CHANNELS}
        for session, follows in self.readers.items():
            for channel, subscription in follows.items():
                assert session.cursors[channel].position == heads[channel]
                assert self._verify(channel, subscription, to_the_end=True) == heads[channel]
        for channel, place, waiting in self.polls:
            assert waiting.done() or place == heads[channel]

    # The promise.

    def _check_start(self, channel: str, since: Position | None, start: Start) -> None:
        head = self._head(channel)
        edge = self.trimmed[head.epoch]
        assert start.position.epoch == head.epoch
        if since is None:
            assert (start.position, start.recovered, start.gap) == (head, False, None)
        elif since == BEGINNING:
            assert (start.position.offset, start.recovered, start.gap) == (edge, True, None)
        elif since.epoch != head.epoch:
            assert start.gap == Gap(channel, since, start.position, GapReason.EPOCH)
            assert (start.position.offset, start.recovered) == (edge, False)
        elif since.offset < edge:
            assert start.gap == Gap(channel, since, start.position, GapReason.TRIMMED)
            assert (start.position.offset, start.recovered) == (edge, False)
        else:
            assert (start.position, start.recovered, start.gap) == (since, True, None)
        if since is not None:
            assert start.whole_until == head.offset

    def _verify(self, channel: str, subscription: Subscription, *, to_the_end: bool = False) -> Position:
        """Walk the transcript; return where it ends."""
        truth = self.truth[channel]
        at, whole_until = subscription.start.position, subscription.start.whole_until
        overtaken: dict[str, int] = {}
        for told in subscription.told:
            match told:
                case Told(event):
                    assert event.epoch == at.epoch, "another life of the log, unannounced"
                    assert event.offset > at.offset, "told twice, or out of order"
                    assert truth[event.position] == event
                    for offset in range(at.offset + 1, event.offset):
                        overtaken[self._skipped(subscription, truth[Position(at.epoch, offset)], whole_until)] = offset
                    if event.key is not None and overtaken.get(event.key, event.offset) < event.offset:
                        del overtaken[event.key]
                    at = event.position
                case ToldGap(gap, state):
                    # What overtook the last events that were skipped may itself be what was lost.
                    for offset in range(at.offset + 1, gap.after.offset + 1 if at.epoch == gap.after.epoch else 0):
                        self._skipped(subscription, truth[Position(at.epoch, offset)], whole_until)
                        at = Position(at.epoch, offset)
                    self._verify_gap(channel, at, gap, state)
                    if gap.until.epoch != at.epoch:
                        whole_until = gap.until.offset
                    at = gap.until
                    overtaken.clear()
        assert not (to_the_end and overtaken), "overtaken by an event that never came"
        return at

    @staticmethod
    def _skipped(subscription: Subscription, missing: Event, whole_until: int) -> str:
        assert missing.key is not None, "a milestone was lost"
        assert missing.offset > whole_until, "what was asked for by position has a hole"
        assert subscription.stalled, "skipped for a reader that never lagged"
        return missing.key

    def _verify_gap(self, channel: str, at: Position, gap: Gap, state: Sequence[Event]) -> None:
        assert (gap.channel, gap.after) == (channel, at)
        if gap.reason is GapReason.TRIMMED:
            assert gap.until.epoch == at.epoch
            assert at.offset < gap.until.offset <= self.trimmed[at.epoch]
        else:
            assert gap.reason is GapReason.EPOCH
            assert gap.until.epoch != at.epoch
            assert gap.until.offset <= self.trimmed[gap.until.epoch]
        assert all(self.truth[channel][event.position] == event and event.key is not None for event in state)
        assert len({event.key for event in state}) == len(state)


TestJoin = Machine.TestCase
TestJoin.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("seed", range(40))
def test_a_storm_breaks_no_promise(seed: int) -> None:
    """The same promise in longer runs, in which everything happens all the time."""
    storm, machine = Random(seed), Machine()

    def batch() -> list[str | None]:
        return [storm.choice([None, "a", "b"]) for _ in range(storm.randint(1, 9))]

    def reader() -> dict[str, int]:
        return {"reader": storm.randrange(100)}

    def turns() -> dict[str, int]:
        return {"turns": storm.randint(0, 6)}

    def channel() -> dict[str, str]:
        return {"channel": storm.choice(CHANNELS)}

    def carrier() -> dict[str, int]:
        return {"form": storm.randrange(4)}

    def room() -> dict[str, int | None]:
        return {"room": storm.choice([None, None, 1, 2, 5])}

    def subscribe() -> None:
        since, anew = storm.choice([None, 0, storm.randrange(1_000)]), len(machine.readers) < 4
        machine.subscribe(since=since, anew=anew, **channel(), **reader(), **carrier(), **room())

    happenings: dict[Callable[[], object], int] = {
        lambda: machine.publish(batch=batch(), **channel(), **turns()): 30,
        lambda: machine.publish_to_those_who_keep_up(batch=batch(), **channel()): 4,
        subscribe: 12,
        lambda: machine.stall(**reader(), **turns()): 10,
        lambda: machine.resume(**room(), **reader(), **turns()): 20,
        lambda: machine.unsubscribe(**reader(), **channel()): 3,
        lambda: machine.change_carrier(**reader(), **carrier(), **room(), **turns()): 5,
        lambda: machine.trim(through=machine.count_published() - storm.randrange(40), **channel()): 4,
        machine.new_epoch: 1,
        lambda: machine.slow_down(**turns()): 3,
        machine.fall_ill: 1,
        lambda: machine.recover(**turns()): 6,
        lambda: machine.wait_for_news(**channel()): 2,
        lambda: machine.poll(since=storm.randrange(1_000), **channel()): 2,
    }
    machine.begin(turns=storm.randint(0, 3))
    try:
        for _ in range(4):
            subscribe()
        for happening in storm.choices(list(happenings), list(happenings.values()), k=150):
            happening()
    finally:
        machine.teardown()
