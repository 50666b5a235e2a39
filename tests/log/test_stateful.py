"""Any interleaving of append, read, trim, snapshot, restart, kill and tear, compared with a model: a list of events."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headway.errors import Conflict
from headway.events import Draft, Event
from headway.log.interface import Appended
from headway.positions import BEGINNING, GapReason, Position
from tests.log.harness import EVERYTHING, MemorySubject, SqliteSubject, draft, everything

CHANNELS = ("run", "other")
channels = st.sampled_from(CHANNELS)
batches = st.lists(st.sampled_from([None, None, "a", "b"]), min_size=1, max_size=4)
keys = st.sampled_from(["k1", "k2", "k3"])


@dataclass
class Modelled:
    """What a channel has to hold."""

    events: list[Event] = field(default_factory=list)
    """All that were ever stored and not lost, from offset 1."""
    trimmed: int = 0
    saved: dict[str, int] = field(default_factory=dict)
    """For each earlier epoch, how far it was saved."""

    @property
    def head(self) -> int:
        return len(self.events)

    def latest(self) -> list[int]:
        """Offsets of the latest event of each key, in order."""
        return sorted({event.key: event.offset for event in self.events if event.key is not None}.values())


class LogMachine(RuleBasedStateMachine):
    """The rules that every log can follow."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model: dict[str, Modelled] = defaultdict(Modelled)
        self.asked: dict[tuple[str, str], tuple[tuple[Draft, ...], tuple[int, ...]]] = {}
        self.ever: dict[Position, bytes] = {}
        """Every position anybody was told, and of which event: it can never be another."""
        self.positions: list[tuple[str, Position]] = [("run", BEGINNING), ("run", Position("foreign", 3))]
        self.count = 0
        self.subject: MemorySubject | SqliteSubject = self.make()

    def make(self) -> MemorySubject | SqliteSubject:
        return MemorySubject()

    @initialize()
    def begin(self) -> None:
        self.runner.run(self.subject.start(lambda channel: EVERYTHING))

    def teardown(self) -> None:
        self.runner.run(self.subject.stop())
        self.runner.close()

    # What can happen

    @rule(channel=channels, batch=batches)
    def append(self, channel: str, batch: list[str | None]) -> None:
        self._stored(channel, self.runner.run(self.subject.log.append(channel, self._drafts(batch))))

    @rule(first=batches, second=batches, third=batches)
    def append_together(self, first: list[str | None], second: list[str | None], third: list[str | None]) -> None:
        calls = [("run", self._drafts(first)), ("other", self._drafts(second)), ("run", self._drafts(third))]

        async def together() -> list[Appended]:
            return await asyncio.gather(*(self.subject.log.append(*call) for call in calls))

        for (channel, _), appended in sorted(
            zip(calls, self.runner.run(together()), strict=True), key=lambda pair: pair[1].events[0].offset
        ):
            self._stored(channel, appended)

    @rule(channel=channels, key=keys, batch=batches)
    def append_with_a_new_key(self, channel: str, key: str, batch: list[str | None]) -> None:
        drafts = self._drafts(batch)
        call = self.subject.log.append(channel, drafts, idempotency_key=key)
        if (channel, key) in self.asked:
            try:
                self.runner.run(call)
            except Conflict:
                return
            raise AssertionError("a key was used twice")
        appended = self.runner.run(call)
        self._stored(channel, appended)
        self.asked[channel, key] = (tuple(drafts), tuple(event.offset for event in appended.events))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def append_with_a_known_key(self, data: st.DataObject) -> None:
        channel, key = data.draw(st.sampled_from(sorted(self.asked)))
        drafts, offsets = self.asked[channel, key]
        appended = self.runner.run(self.subject.log.append(channel, drafts, idempotency_key=key))

        assert appended.replayed
        assert tuple(event.offset for event in appended.events) == offsets
        assert list(appended.events) == self._now(channel)[offsets[0] - 1 : offsets[-1]]

    @rule(channel=channels, through=st.integers(0, 30))
    def trim(self, channel: str, through: int) -> None:
        self.runner.run(self.subject.log.trim(channel, through))
        model = self.model[channel]
        model.trimmed = max(model.trimmed, min(through, model.head))

    @rule(data=st.data(), limit=st.integers(1, 5))
    def read(self, data: st.DataObject, limit: int) -> None:
        channel, after = data.draw(st.sampled_from(self.positions))
        page = self.runner.run(self.subject.log.read(channel, after, limit=limit))
        model, epoch = self.model[channel], page.reached.epoch

        begins, reason = self._begins(model, epoch, after)
        assert list(page.events) == self._now(channel)[begins : begins + limit]
        assert page.head == model.head
        assert page.reached.offset == (page.events[-1].offset if page.events else model.head)
        assert (page.gap and page.gap.reason) == reason
        if page.gap is not None:
            assert (page.gap.after, page.gap.until) == (after, Position(epoch, begins))
        self.positions.append((channel, page.reached))

    @rule(channel=channels, wanted=st.none() | st.sets(st.sampled_from(["a", "b", "c"])))
    def snapshot(self, channel: str, wanted: set[str] | None) -> None:
        snapshot = self.runner.run(self.subject.log.snapshot(channel, wanted))

        assert snapshot.position.offset == self.model[channel].head
        now = self._now(channel)
        held = [now[offset - 1] for offset in self.model[channel].latest()]
        assert list(snapshot.events) == [event for event in held if wanted is None or event.key in wanted]

    # What always holds

    @invariant()
    def everything_told_was_stored(self) -> None:
        """The listener heard each event once, in the order of its channel, as the caller did."""
        told, self.subject.told[:] = list(self.subject.told), []
        for event in told:
            assert self.ever.get(event.position) == event.json

    # The model

    def _drafts(self, batch: list[str | None]) -> list[Draft]:
        self.count += len(batch)
        return [draft(self.count - i, key) for i, key in enumerate(batch)]

    def _stored(self, channel: str, appended: Appended) -> None:
        model = self.model[channel]
        assert not appended.replayed
        for event in appended.events:
            assert event.offset == model.head + 1
            assert event.position not in self.ever, "an offset was used twice in one epoch"
            self.ever[event.position] = event.json
            model.events.append(event)
            self.positions.append((channel, event.position))

    def _now(self, channel: str) -> list[Event]:
        """The channel's events as this life of the log tells them."""
        epoch = self.runner.run(self.subject.log.head(channel)).epoch
        return [
            Event(channel, epoch, event.offset, event.type, event.json, event.key, event.time)
            for event in self.model[channel].events
        ]

    def _begins(self, model: Modelled, epoch: str, after: Position) -> tuple[int, GapReason | None]:
        if not after.epoch:
            return model.trimmed, None
        saved = model.head if after.epoch == epoch else model.saved.get(after.epoch)
        if saved is None or after.offset > saved:
            return max(model.trimmed, saved or 0), GapReason.EPOCH
        if after.offset < model.trimmed:
            return model.trimmed, GapReason.TRIMMED
        return after.offset, None


class SqliteMachine(LogMachine):
    """And what can happen to a log with a life beyond its process."""

    def make(self) -> SqliteSubject:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteSubject(Path(self.folder.name) / "data")

    @property
    def sqlite(self) -> SqliteSubject:
        assert isinstance(self.subject, SqliteSubject)
        return self.subject

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()

    @rule()
    def restart(self) -> None:
        before = self._heads()
        self.runner.run(self.sqlite.restart())
        assert self._heads() == before

    @rule()
    def kill(self) -> None:
        before = self._heads()
        self.runner.run(self.sqlite.kill())
        assert self._heads() == before

    @rule(cut=st.integers(1, 30_000))
    def tear(self, cut: int) -> None:
        before = self._heads()
        self.runner.run(self.sqlite.kill(cut=cut))
        self._torn(before)

    @rule()
    def lose_the_witness(self) -> None:
        before = self._heads()
        self.runner.run(self.sqlite.kill(without=["events.witness"]))
        self._torn(before)

    def _heads(self) -> dict[str, Position]:
        return {channel: self.runner.run(self.subject.log.head(channel)) for channel in CHANNELS}

    def _torn(self, before: dict[str, Position]) -> None:
        """Have the model forget what was lost, and see that it is announced by a new epoch."""
        after = self._heads()
        lost = any(after[channel].offset < self.model[channel].head for channel in CHANNELS)
        anew = any(after[channel].epoch != before[channel].epoch for channel in CHANNELS)
        assert anew or not lost, "a torn log went on under its old epoch"
        for channel in CHANNELS:
            model, head = self.model[channel], after[channel].offset
            assert head <= model.head
            del model.events[head:]
            if anew:
                model.saved[before[channel].epoch] = head
            held = self.runner.run(everything(self.subject.log, channel))
            # A trim that was lost is no loss.
            assert len(held) >= head - model.trimmed
            model.trimmed = head - len(held)
            assert held == self._now(channel)[model.trimmed :]
        if anew:
            self.asked = {
                (channel, key): (drafts, offsets)
                for (channel, key), (drafts, offsets) in self.asked.items()
                if offsets[-1] <= self.model[channel].head
            }


TestMemory = LogMachine.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
