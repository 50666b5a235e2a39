"""The authority over tasks: what is reported, asked for and told, through faults, races and restarts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headway.codes import Code
from headway.errors import HeadwayError, InvalidEvent, Overloaded, StorageError, UsageError
from headway.events import Draft
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.memory import MemoryLog
from headway.tasks.changes import happened
from headway.tasks.interface import Beginning, Child, Item, Line, Lost, Owned, Report
from headway.tasks.model import (
    TRANSITIONS,
    Action,
    Failure,
    Happening,
    IllegalTransition,
    Progress,
    State,
    Status,
)
from headway.tasks.records import Change, Filters, Record
from headway.tasks.schedule import Every
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.tasks.tables import Tables
from headway.tasks.wire import fields
from headway.testing.clock import FakeClock
from tests.tasks.shop import Fields, everything, happenings, new_id

EVERYTHING = frozenset(Action)


class Post:
    """Publishing that fails when told."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.away = False
        """Nothing arrives."""
        self.mute = False
        """It arrives, and the answer is an error."""
        self.gate = asyncio.Event()
        """While it is not set, everybody waits."""
        self.gate.set()

    async def __call__(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> object:
        await self.gate.wait()
        if self.away:
            raise Overloaded("not now")
        appended = await self._hub.publish(channel, drafts, idempotency_key=idempotency_key)
        if self.mute:
            raise Overloaded("who knows")
        return appended


@dataclass
class House:
    """A log, a store, and a service that can be killed."""

    clock: FakeClock
    log: MemoryLog
    hub: Hub
    store: Store
    post: Post
    service: Service
    services: list[Service] = field(default_factory=list)

    @classmethod
    async def build(cls, path: Path | None = None) -> House:
        clock = FakeClock()
        log = MemoryLog(clock, retention=Retention(), new_epoch=lambda: "epoch")
        hub = Hub(log, Limits(), clock=clock)
        store = Store(path, asyncio.get_running_loop(), durable=False)
        post = Post(hub)
        house = cls(clock, log, hub, store, post, Service(store, post, clock, new_id))
        await house.service.start()
        return house

    async def crash(self) -> None:
        """Another process takes over what is stored."""
        self.service = self.another()
        await self.service.start()

    def another(self) -> Service:
        """One of another process, over the same store and the same log."""
        return Service(self.store, self.post, self.clock, new_id)

    async def begin(self, **more: Any) -> Owned:  # Any: of a beginning
        """A reporter begins."""
        return await self.service.begin(Beginning(**{"name": "Work", "honours": EVERYTHING, **more}))

    async def say(self, owned: Owned, number: int, done: int = 0, *args: Any, **more: Any) -> Status | None:
        """A reporter says something. Any: of a report."""
        return await self.service.report(owned.id, owned.owner, Report(number, Progress(done, 100), *args, **more))

    async def status(self, owned: Owned) -> Status:
        """Where a task is."""
        return (await self.service.get(owned.id)).status

    async def told(self, owned: Owned) -> list[Fields]:
        """Everything its followers were told."""
        return await everything(self.log, owned.channel)

    async def close(self) -> None:
        await self.store.close()
        await self.hub.close()
        await self.log.close()


@asynccontextmanager
async def house(path: Path | None = None) -> AsyncIterator[House]:
    """A house until the block ends."""
    made = await House.build(path)
    try:
        yield made
    finally:
        await made.close()


def taking(owner: str, now: float) -> Any:  # Any: what `take` takes
    """The choice of a runner that takes whatever is ready."""

    def choose(tables: Tables) -> list[Change]:
        return [
            happened(
                replace(record, owner=owner, lease_until=now + 15, number=0),
                Happening.RESUMED if record.state.status is Status.PAUSED else Happening.STARTED,
                now,
            )
            for record in tables.ready(["copy"], [], now, 100)
        ]

    return choose


def a_job(id: str) -> Record:
    """A task to be run."""
    return Record(State(id, "Copy", f"task:{id}", job="copy"), pool="copy")


# Reports


async def test_a_report_is_told_and_known() -> None:
    """Its numbers are the state from there on; lines, items and parts are events of the task's channel, in order, the
    state last."""
    async with house() as at:
        owned = await at.begin()
        child = Child("1", owned.id, "Part", Status.RUNNING, Progress(1, 2))
        await at.say(owned, 1, 7, items=[Item("a", "ok")], lines=[Line("info", "hello")], children=[child], name="New")
        told = (await at.told(owned))[2:]

        assert [event["type"] for event in told] == ["task_log", "task_item", "task_progress", "task_progress"]
        assert (told[2]["task"], told[3]["task"], told[3]["done"]) == ("1", owned.id, 7)
        state = await at.service.get(owned.id)
        assert (state.progress.done, state.name) == (7, "New")
        assert told[-1] == {"type": "task_progress", **fields(state)}


async def test_a_report_that_is_sent_again_changes_nothing() -> None:
    """Whatever it said, also that it paused or ended, it is answered like the first time, and told once."""
    async with house() as at:
        owned = await at.begin()
        steps: list[dict[str, Any]] = [
            {"items": [Item("a", "ok")], "lines": [Line("info", "hello")]},
            {"happened": Happening.PAUSED},
            {"happened": Happening.RESUMED},
            {"happened": Happening.COMPLETED, "result": 1, "items": [Item("b", "ok")]},
        ]
        for number, step in enumerate(steps, 1):
            if step.get("happened") is Happening.PAUSED:
                await at.service.request(owned.id, Action.PAUSE)
            if step.get("happened") is Happening.RESUMED:
                await at.service.request(owned.id, Action.RESUME)
            first = await at.say(owned, number, number, **step)
            before = await at.told(owned)
            for _ in range(2):
                assert await at.say(owned, number, number, **step) is first
            if number > 1 and number < len(steps):
                await at.say(owned, number - 1, number - 1, **steps[number - 2])
            assert await at.told(owned) == before
        items = [event["item"] for event in await at.told(owned) if event["type"] == "task_item"]
        assert items == ["a", "b"]


async def test_what_cannot_be_told_is_not_taken() -> None:
    """A report that is refused changes nothing, harms no other task, and can be sent again in better form."""
    async with house() as at:
        owned, other = await at.begin(), await at.begin()
        bad = [
            Report(1, Progress(10**30)),
            Report(1, Progress(1), items=[Item("a", "ok", more={"task": 1})]),
            Report(1, Progress(1), items=[Item("a", "ok", more={"x": object()})]),
            Report(1, Progress(1), happened=Happening.COMPLETED, result=object()),
            Report(1, Progress(1), happened=Happening.COMPLETED, result="x" * 300_000),
            Report(1, Progress(1), name="  "),
            Report(1, Progress(1), happened=Happening.RESUMED, items=[Item("a", "ok")]),
        ]
        for report in bad:
            with pytest.raises((InvalidEvent, UsageError, IllegalTransition)):
                await at.service.report(owned.id, owned.owner, report)
        await at.say(other, 1, 5)
        await at.service.keep()
        stored = await at.store.do(lambda tables: (tables.get(owned.id), tables.get(other.id)))

        assert [record.state.progress.done for record in stored if record is not None] == [0, 5]
        assert len(await at.told(owned)) == 2
        await at.say(owned, 1, 3, items=[Item("a", "ok")])
        assert [event["item"] for event in await at.told(owned) if event["type"] == "task_item"] == ["a"]


async def test_a_key_begins_one_task() -> None:
    """The same key gives the same task and its secret, unless it has ended."""
    async with house() as at:
        first = await at.service.begin(Beginning("Work"), idempotency_key="k")
        assert await at.service.begin(Beginning("Other"), idempotency_key="k") == first
        await at.say(first, 1, 1, Happening.COMPLETED)

        with pytest.raises(UsageError, match="has ended") as refused:
            await at.service.begin(Beginning("Work"), idempotency_key="k")
        assert refused.value.code is Code.CONFLICT


@pytest.mark.parametrize(
    "more", [{"name": " "}, {"channel": "tasks"}, {"channel": "a b\n"}, {"silence": 0.5}, {"silence": 1e9}]
)
async def test_what_cannot_begin_is_refused(more: dict[str, Any]) -> None:
    """A name, a channel that is not that of all tasks, and a bounded silence."""
    async with house() as at:
        with pytest.raises(HeadwayError):
            await at.begin(**more)
        with pytest.raises(UsageError):
            await at.service.add(replace(a_job("x"), state=State("x", "Copy", "tasks", job="copy")))


async def test_the_list_of_all_hears_of_a_task_once_a_second() -> None:
    """However often it reports; what happens to it arrives there at once."""
    async with house() as at:
        owned = await at.begin()
        for number in range(1, 31):
            await at.say(owned, number, number)
            at.clock.advance(0.1)
        lobby = [event["done"] for event in await everything(at.log, "tasks") if event["type"] == "task_progress"]
        assert lobby[0] == 0
        assert 3 <= len(lobby) - 1 <= 4
        await at.say(owned, 31, 31, Happening.COMPLETED)

        last = (await everything(at.log, "tasks"))[-1]
        assert (last["type"], last["done"], "result" in last) == ("task_completed", 31, False)


# Who is silent


async def test_who_is_silent_for_too_long_is_interrupted_and_may_come_back() -> None:
    """A reporter that was cut off goes on with the next word, as another attempt, with the numbers it says."""
    async with house() as at:
        owned = await at.begin(silence=2.0)
        await at.say(owned, 1, 5)
        at.clock.advance(2.1)
        await at.service.keep()
        assert (await at.status(owned), (await at.service.get(owned.id)).progress.done) == (Status.INTERRUPTED, 5)
        for _ in range(3):
            at.clock.advance(5)
            await at.service.keep()
        assert await at.say(owned, 2, 9) is None

        state = await at.service.get(owned.id)
        assert (state.status, state.progress.done, state.attempt) == (Status.RUNNING, 9, 2)
        assert happenings(await at.told(owned)) == ["started", "interrupted", "started"]


async def test_a_paused_reporter_that_was_cut_off_may_come_back() -> None:
    """It stays paused; its owner's word counts again, and what was asked for meanwhile is the answer."""
    async with house() as at:
        owned = await at.begin(silence=2.0)
        await at.service.request(owned.id, Action.PAUSE)
        await at.say(owned, 1, 5, Happening.PAUSED)
        for _ in range(3):
            at.clock.advance(2.1)
            await at.service.keep()
        assert await at.status(owned) is Status.PAUSED
        assert [entry.what for entry in await at.service.history(owned.id)].count("owner_lost") == 1
        await at.service.request(owned.id, Action.RESUME)

        assert await at.say(owned, 2, 5) is Status.RUNNING
        await at.say(owned, 3, 6, Happening.RESUMED)
        assert await at.status(owned) is Status.RUNNING


async def test_who_is_cancelled_while_away_has_lost_the_task() -> None:
    """A dead reporter's task is cancelled at once, running or paused; should it come back, it is told."""
    for paused in (False, True):
        async with house() as at:
            owned = await at.begin(silence=2.0)
            if paused:
                await at.service.request(owned.id, Action.PAUSE)
                await at.say(owned, 1, 5, Happening.PAUSED)
            at.clock.advance(2.1)
            await at.service.keep()
            state = await at.service.request(owned.id, Action.CANCEL)

            assert state.status is Status.CANCELLED
            with pytest.raises(Lost):
                await at.say(owned, 2, 6)


async def test_a_restart_gives_reporters_their_time_again() -> None:
    """Their silence was the server's."""
    async with house() as at:
        owned = await at.begin(silence=2.0)
        await at.say(owned, 1, 5)
        at.clock.advance(60)
        await at.crash()
        await at.service.keep()

        assert await at.status(owned) is Status.RUNNING
        assert await at.say(owned, 2, 6) is None


async def test_a_queue_of_its_own_may_try_again() -> None:
    """Who reports that an attempt failed and another will come keeps its task: whichever process has the key goes on,
    as another attempt. Meanwhile nobody says what it waits for, and it can be cancelled."""
    async with house() as at:
        owned = await at.service.begin(Beginning("Work"), idempotency_key="k")
        await at.say(owned, 1, 5, Happening.RETRYING, error=Failure("E", "no"))
        at.clock.advance(3_600)
        await at.service.keep()
        state = await at.service.get(owned.id)
        assert (state.status, state.waiting, state.progress.done) == (Status.QUEUED, None, 5)
        assert await at.service.begin(Beginning("Work"), idempotency_key="k") == owned
        await at.say(owned, 2, 0, Happening.STARTED)
        state = await at.service.get(owned.id)
        assert (state.status, state.attempt, state.error) == (Status.RUNNING, 2, None)
        await at.say(owned, 3, 0, Happening.RETRYING)
        assert (await at.service.request(owned.id, Action.CANCEL)).status is Status.CANCELLED
        with pytest.raises(Lost):
            await at.say(owned, 4, 0, Happening.STARTED)


# Wishes


async def test_a_pause_that_was_taken_back_while_it_was_reached_is_over() -> None:
    """Whoever asked last is who counts: the work is told to go on, though it held still already."""
    async with house() as at:
        owned = await at.begin()
        await at.service.request(owned.id, Action.PAUSE)
        await at.service.request(owned.id, Action.RESUME)

        assert await at.say(owned, 1, 5, Happening.PAUSED) is Status.RUNNING
        assert await at.say(owned, 2, 5, Happening.RESUMED) is None
        assert await at.status(owned) is Status.RUNNING


async def test_a_wish_that_the_state_does_not_permit_is_refused() -> None:
    """With both names; an unknown task is not there."""
    async with house() as at:
        owned = await at.begin(honours=frozenset({Action.CANCEL}))
        for action in (Action.PAUSE, Action.RESUME):
            with pytest.raises(IllegalTransition) as refused:
                await at.service.request(owned.id, action)
            assert refused.value.details == {"state": "running", "action": action}
        with pytest.raises(HeadwayError) as missing:
            await at.service.request("none", Action.CANCEL)
        assert missing.value.code is Code.NOT_FOUND


async def test_a_wish_meets_the_taking_of_the_task() -> None:
    """Somebody cancels in the very moment in which a runner takes it: the task is cancelled, or its runner hears."""
    async with house() as at:
        for number in range(30):
            id = f"job{number}"
            await at.service.add(a_job(id))
            heard: list[Status | None] = []
            ask = at.service.request(id, Action.CANCEL)
            take = at.service.take(taking("me", at.clock.now()))
            calls = [asyncio.create_task(call) for call in ((ask, take) if number % 2 else (take, ask))]
            for _ in range(number % 5):
                await asyncio.sleep(0)
            await asyncio.gather(*calls)
            at.service.listen(id, heard.append)
            state = await at.service.get(id)
            if state.status is not Status.CANCELLED:
                assert (state.status, state.wanted) == (Status.RUNNING, Status.CANCELLED)
                assert heard == [Status.CANCELLED]
                asked = await at.service.report(id, "me", Report(1, Progress(1)))
                assert asked is Status.CANCELLED


async def test_a_wish_from_another_process_is_heard_with_the_next_sign_of_life() -> None:
    """And who has lost a task to another is told so, whatever it says."""
    async with house() as at:
        await at.service.add(a_job("one"))
        (record,) = await at.service.take(taking("me", at.clock.now()))
        heard: list[Status | None] = []
        at.service.listen("one", heard.append)
        other = at.another()
        await at.service.report("one", "me", Report(1, Progress(5, 10)))
        await other.request("one", Action.PAUSE)
        assert await at.service.renew({"one": "me"}, at.clock.now() + 15) == []

        assert heard == [None, Status.PAUSED]
        assert (await at.service.get("one")).wanted is Status.PAUSED
        at.clock.advance(16)
        await other.keep()
        await other.take(taking("you", at.clock.now()))
        with pytest.raises(Lost):
            await at.service.report("one", "me", Report(2, Progress(9, 10)))
        with pytest.raises(Lost):
            await at.service.save("one", "me", {"next": 9}, Progress(9, 10))
        assert await at.service.renew({"one": "me"}, at.clock.now() + 15) == ["one"]
        assert (await other.get("one")).progress.done == 0
        assert record.owner == "me"


async def test_who_listens_is_not_dead() -> None:
    """A loop that stood still for a while is no reason to take a task from the runner in the same process."""
    async with house() as at:
        await at.service.add(a_job("one"))
        await at.service.take(taking("me", at.clock.now()))
        heard: list[Status | None] = []
        hear = heard.append
        at.service.listen("one", hear)
        at.clock.advance(60)
        await at.service.keep()
        assert (await at.service.get("one")).status is Status.RUNNING
        at.service.unlisten("one", hear)
        await at.service.keep()

        assert (await at.service.get("one")).status is Status.INTERRUPTED


# Faults


async def test_what_the_log_cannot_take_is_told_later_and_in_order() -> None:
    """Nothing is undone, nothing overtakes, nothing is told twice, whether the log was away or only said so."""
    for mute in (False, True):
        async with house() as at:
            owned = await at.begin()
            at.post.away, at.post.mute = not mute, mute
            await at.service.request(owned.id, Action.PAUSE)
            at.post.away = at.post.mute = False
            await at.service.request(owned.id, Action.RESUME)
            assert happenings(await at.told(owned)) == ["started", "pause_requested"][: 2 if mute else 1]
            await at.say(owned, 1, 5)
            await at.say(owned, 2, 5, Happening.COMPLETED)

            assert happenings(await at.told(owned)) == ["started", "pause_requested", "resume_requested", "completed"]
            last = [event for event in await at.told(owned) if event["type"] == "task_progress"][-1]
            assert last["status"] == "completed"
            await at.service.keep()
            assert await at.store.do(lambda tables: tables.unannounced()) == []


async def test_a_report_while_the_log_is_away_is_sent_again() -> None:
    """It is refused as something to try again, and taken then, once."""
    async with house() as at:
        owned = await at.begin()
        for away, mute in ((True, False), (False, True)):
            number = 1 + mute
            at.post.away, at.post.mute = away, mute
            with pytest.raises(Overloaded):
                await at.say(owned, number, number, items=[Item(str(number), "ok")])
            at.post.away = at.post.mute = False
            await at.say(owned, number, number, items=[Item(str(number), "ok")])

        assert [event["item"] for event in await at.told(owned) if event["type"] == "task_item"] == ["1", "2"]
        assert (await at.service.get(owned.id)).progress.done == 2


async def test_who_gives_up_waiting_gives_up_the_answer_only() -> None:
    """A task that was begun, queued, asked for something, or taken while its caller went away is told of in order."""
    async with house() as at:
        at.post.gate.clear()
        given_up = [
            asyncio.create_task(at.service.add(a_job("one"))),
            asyncio.create_task(at.begin(channel="run:1")),
        ]
        for _ in range(100):
            await asyncio.sleep(0.001)  # not waiting for anything: the moment in which they give up
        for call in given_up:
            call.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        at.post.gate.set()
        await at.service.request("one", Action.CANCEL)
        await at.service.keep()

        assert happenings(await everything(at.log, "task:one")) == ["queued", "cancel_requested", "cancelled"]
        assert happenings(await everything(at.log, "run:1")) == ["started"]
        lobby = await everything(at.log, "tasks")
        assert sorted(happenings(lobby)) == ["cancelled", "queued", "started"]


async def test_a_wish_whose_asker_went_away_is_heard_all_the_same() -> None:
    """It was stored: the next sign of life brings it to who works."""
    async with house() as at:
        await at.service.add(a_job("one"))
        await at.service.take(taking("me", at.clock.now()))
        heard: list[Status | None] = []
        at.service.listen("one", heard.append)
        call = asyncio.create_task(at.service.request("one", Action.PAUSE))
        while await at.store.do(lambda tables: tables.get("one").state.wanted) is None:  # type: ignore[union-attr]
            if call.done():
                break
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await at.service.report("one", "me", Report(1, Progress(1)))
        await at.service.renew({"one": "me"}, at.clock.now() + 15)
        await at.service.keep()

        assert heard[-1] is Status.PAUSED
        assert happenings(await everything(at.log, "task:one")) == ["queued", "started", "pause_requested"]


async def test_numbers_are_stored_once_a_second_and_after_a_fault_again() -> None:
    """What a crash takes from the list is at most what was said since."""
    async with house() as at:
        owned = await at.begin()
        await at.say(owned, 1, 5)
        do, at.store.do = at.store.do, _failing  # type: ignore[method-assign,assignment]  # a disk that is full
        with pytest.raises(StorageError):
            await at.service.keep()
        at.store.do = do  # type: ignore[method-assign]
        await at.service.keep()
        await at.say(owned, 2, 9)
        await at.crash()

        assert (await at.service.get(owned.id)).progress.done == 5
        assert await at.say(owned, 3, 11) is None


async def _failing(work: object) -> None:
    raise StorageError("the tasks cannot be written now: disk full")


async def test_a_task_that_could_never_be_announced_does_not_hold_up_others() -> None:
    """What the log refuses for good is written to our own log and left out."""
    async with house() as at:
        at.post.away = True
        owned = await at.begin()
        (announcement, *_) = await at.store.do(lambda tables: tables.unannounced())
        # Somebody else's events under the same key. Not realistic: nobody can guess it.
        await at.hub.publish(owned.channel, [Draft.of("x")], idempotency_key=announcement.key)
        at.post.away = False
        await at.service.keep()
        await at.say(owned, 1, 1, Happening.COMPLETED)

        assert happenings(await at.told(owned)) == ["x", "completed"]


async def test_old_tasks_are_forgotten() -> None:
    """A week after their end: as long as their events are kept."""
    async with house() as at:
        owned = await at.begin()
        await at.say(owned, 1, 1, Happening.COMPLETED)
        at.clock.advance(6.9 * 86_400)
        await at.service.keep()
        assert (await at.service.find(Filters())).states != ()
        at.clock.advance(0.2 * 86_400)
        await at.service.keep()

        assert (await at.service.find(Filters())).states == ()


async def test_a_schedule_comes_round_once_for_all() -> None:
    """However many processes look, and however many times were missed; not beside one that is still there."""
    async with house() as at:
        services = [at.service, at.another(), at.another()]

        async def look() -> int:
            records = [replace(a_job(new_id()), state=replace(a_job(new_id()).state, id=new_id(), by="schedule"))
                       for _ in services]  # fmt: skip
            await asyncio.gather(
                *(one.come_round(Every(60), record) for one, record in zip(services, records, strict=True))
            )
            return len((await at.service.find(Filters())).states)

        assert await look() == 0
        at.clock.advance(59)
        assert await look() == 0
        at.clock.advance(1)
        assert await look() == 1
        at.clock.advance(600)
        assert await look() == 1, "the first is still there"
        (state,) = (await at.service.find(Filters())).states
        await at.service.request(state.id, Action.CANCEL)
        assert await look() == 1, "that time is over"
        at.clock.advance(3_600)
        assert await look() == 2
        assert await look() == 2


# Any sequence of all this


@dataclass
class Turn:
    """What an owner knows of its task."""

    id: str
    owner: str
    job: bool
    done: int = 0
    created: int = 0
    number: int = 0
    unanswered: Report | None = None
    last: Report | None = None

    def progress(self) -> Progress:
        return Progress(self.done, 1_000, counts={"created": self.created})


tasks = st.integers(0, 5)
steps = st.integers(0, 3)
SAID = (Happening.PAUSED, Happening.RESUMED, Happening.COMPLETED, Happening.FAILED, Happening.CANCELLED)
OF_JOBS = (*SAID, Happening.INTERRUPTED, Happening.RETRYING)


class ServiceMachine(RuleBasedStateMachine):
    """A service, its owners, those who ask, and the world's accidents."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.house: House
        self.turns: list[Turn] = []
        self.zombies: list[Turn] = []
        self.items: Counter[tuple[str, str]] = Counter()
        """Items whose report was answered."""
        self.stale: set[str] = set()
        """Tasks of which the store may know older numbers than their followers: since a crash."""
        self.seen: dict[str, int] = {}
        self.highest: dict[str, int] = {}
        self.saved: dict[str, int] = {}
        self.count = 0

    @initialize()
    def build(self) -> None:
        self.house = self.runner.run(House.build())

    def teardown(self) -> None:
        self.runner.run(self.house.close())
        self.runner.close()

    # What can happen

    @rule()
    @precondition(lambda self: len(self.turns) < 4)
    def begin(self) -> None:
        owned = self.runner.run(self.house.begin())
        self.turns.append(Turn(owned.id, owned.owner, job=False))

    @rule()
    @precondition(lambda self: self.count < 6)
    def submit(self) -> None:
        self.count += 1
        self.runner.run(self.house.service.add(a_job(f"job-{self.count}-{id(self)}")))

    @rule()
    def take(self) -> None:
        owner = new_id()
        for record in self.runner.run(self.house.service.take(taking(owner, self.house.clock.now()))):
            saved = record.saved
            self._lost(record.state.id)
            self.turns.append(Turn(record.state.id, owner, True, int(saved.done), saved.counts.get("created", 0)))

    @rule(task=tasks, step=steps, created=steps, items=steps)
    def report(self, task: int, step: int, created: int, items: int) -> None:
        turn = self._turn(task)
        if turn is None:
            return
        turn.done += step
        turn.created += min(step, created)
        turn.number += 1
        told = [Item(f"{turn.owner}-{turn.number}-{number}", "ok") for number in range(items)]
        self._send(turn, Report(turn.number, turn.progress(), items=told))

    @rule(task=tasks, said=st.sampled_from(OF_JOBS))
    def happen(self, task: int, said: Happening) -> None:
        turn = self._turn(task)
        if turn is None or (not turn.job and said not in SAID):
            return
        status = self._state(turn.id).status
        legal = said in TRANSITIONS[Status.RUNNING if status is Status.INTERRUPTED else status]
        turn.number += 1
        report = Report(turn.number, turn.progress(), said, error=Failure("x", "y"), result=[turn.number])
        if legal or self.house.post.away or self.house.post.mute:
            self._send(turn, report, legal=legal)
            return
        with pytest.raises(IllegalTransition):
            self.runner.run(self.house.service.report(turn.id, turn.owner, report))
        turn.number -= 1

    @rule(task=tasks)
    def send_again(self, task: int) -> None:
        """What was not answered; or else what was, once more."""
        turn = self.turns[task] if task < len(self.turns) else None
        if turn is not None and turn.unanswered is not None:
            self._send(turn, turn.unanswered)
        elif turn is not None and turn.last is not None:
            before, stale = self._state(turn.id), turn.id in self.stale
            self._send(turn, turn.last)
            assert stale or self._state(turn.id).progress == before.progress

    @rule(task=tasks)
    def save(self, task: int) -> None:
        turn = self._turn(task)
        if turn is not None and turn.job:
            self.runner.run(self.house.service.save(turn.id, turn.owner, {"n": turn.done}, turn.progress()))
            self.saved[turn.id] = turn.done

    @rule(task=tasks, action=st.sampled_from(Action))
    def request(self, task: int, action: Action) -> None:
        states = self.runner.run(self.house.service.find(Filters())).states
        if task >= len(states):
            return
        state = self._state(states[task].id)
        if not state.permits(action):
            with pytest.raises(IllegalTransition):
                self.runner.run(self.house.service.request(state.id, action))
            return
        self.runner.run(self.house.service.request(state.id, action))

    @rule(zombie=tasks)
    def a_zombie_speaks(self, zombie: int) -> None:
        """Who has lost a task changes nothing any more."""
        if zombie >= len(self.zombies):
            return
        turn = self.zombies[zombie]
        before = self._state(turn.id)
        report = Report(turn.number + 1, Progress(999), Happening.COMPLETED, items=[Item("zombie", "ok")])
        with pytest.raises(Lost):
            self.runner.run(self.house.service.report(turn.id, turn.owner, report))
        with pytest.raises(Lost):
            self.runner.run(self.house.service.save(turn.id, turn.owner, {"n": 999}, Progress(999)))
        assert self._state(turn.id) == before

    @rule(seconds=st.sampled_from([0.1, 1.0, 16.0]))
    def time_passes(self, seconds: float) -> None:
        self.house.clock.advance(seconds)
        self.runner.run(self.house.service.keep())
        self._find_the_lost()

    @rule(name=st.sampled_from(["me", "none"]))
    def crash(self, name: str) -> None:
        self.runner.run(self.house.crash())
        self.stale |= {turn.id for turn in self.turns}

    @rule(away=st.booleans(), mute=st.booleans())
    def the_log_goes_away(self, away: bool, mute: bool) -> None:
        self.house.post.away, self.house.post.mute = away, mute

    @rule()
    @precondition(lambda self: self.house.post.away or self.house.post.mute)
    def the_log_is_back(self) -> None:
        self.house.post.away = self.house.post.mute = False
        self.runner.run(self.house.service.keep())
        self._find_the_lost()

    # What holds

    @invariant()
    @precondition(lambda self: hasattr(self, "house") and not (self.house.post.away or self.house.post.mute))
    def followers_know_what_is(self) -> None:
        """After everything that waits was told: what a follower saw last is what is stored; each milestone is told
        once, in the order of the table; items once; numbers only grow."""
        self.runner.run(self.house.service._publish_pending())
        lobby = self.runner.run(everything(self.house.log, "tasks"))
        for state in self.runner.run(self.house.service.find(Filters(limit=500))).states:
            told = self.runner.run(everything(self.house.log, state.channel))
            history = [entry.what for entry in self.runner.run(self.house.service.history(state.id))]
            assert happenings(told) == [what for what in history if what != "owner_lost"]
            of_it = [event for event in lobby if event["task"] == state.id]
            milestones = [what for what in history if what != "owner_lost" and not what.endswith("_requested")]
            assert happenings(of_it) == milestones
            self._follow_the_table(milestones)
            self._last_is(state, told, of_it)
            self._numbers_grow(state, told)
            items = Counter((state.id, event["item"]) for event in told if event["type"] == "task_item")
            assert set(items.values()) <= {1}
            assert {item for item in self.items if item[0] == state.id} <= items.keys()

    def _follow_the_table(self, milestones: list[str]) -> None:
        first, *rest = map(Happening, milestones)
        status = Status.QUEUED if first is Happening.QUEUED else Status.RUNNING
        for happening in rest:
            status = TRANSITIONS[status][happening]

    def _last_is(self, state: State, told: list[Fields], lobby: list[Fields]) -> None:
        expected = msgspec.json.decode(msgspec.json.encode(fields(state)))
        last = [event for event in told if event["type"] == "task_progress"][-1]
        listed = [event for event in lobby if event["type"] == "task_progress"][-1]
        known = {"status", "wanted", "attempt", "allowed", "error", "result", "waiting", "ended_at"}
        unanswered = {turn.id for turn in self.turns if turn.unanswered is not None}
        if state.id not in self.stale | unanswered:
            known |= {"done", "counts", "percent"}
        assert {name: last[name] for name in known} == {name: expected[name] for name in known}
        behind = {"done", "counts", "percent", "result"}
        assert {name: listed[name] for name in known - behind} == {name: expected[name] for name in known - behind}

    def _numbers_grow(self, state: State, told: list[Fields]) -> None:
        for event in told[self.seen.get(state.id, 0) :]:
            if "done" not in event:
                continue
            assert sum(event["counts"].values()) <= event["done"]
            returned = event["status"] in ("interrupted", "queued", "paused") and state.job is not None
            if returned or state.id in self.stale:
                self.highest[state.id] = event["done"]
            assert event["done"] >= self.highest.get(state.id, 0)
            self.highest[state.id] = event["done"]
        self.seen[state.id] = len(told)

    # Within

    def _turn(self, number: int) -> Turn | None:
        """Somebody who may say something new."""
        turn = self.turns[number] if number < len(self.turns) else None
        return None if turn is None or turn.unanswered is not None else turn

    def _state(self, id: str) -> State:
        return self.runner.run(self.house.service.get(id))

    def _send(self, turn: Turn, report: Report, *, legal: bool = True) -> None:
        turn.unanswered = report
        try:
            self.runner.run(self.house.service.report(turn.id, turn.owner, report))
        except Overloaded:
            return
        except IllegalTransition:
            assert not legal or report.happened is not None
            turn.unanswered, turn.number = None, turn.number - 1
            return
        except Lost:
            self.turns.remove(turn)
            self.zombies.append(turn)
            state = self._state(turn.id)
            assert state.status.terminal or turn.job
            return
        self.stale.discard(turn.id)
        turn.unanswered, turn.last = None, report
        self.items.update({(turn.id, item.item): 1 for item in report.items})
        if report.happened in (Happening.RETRYING, Happening.INTERRUPTED):
            self._lost(turn.id)
        elif report.happened is not None and self._state(turn.id).status.terminal:
            self.turns.remove(turn)

    def _lost(self, id: str) -> None:
        gone = [turn for turn in self.turns if turn.id == id]
        self.turns = [turn for turn in self.turns if turn.id != id]
        self.zombies += gone

    def _find_the_lost(self) -> None:
        for turn in list(self.turns):
            record = self.runner.run(self.house.service.record(turn.id))
            if record.owner != turn.owner:
                self._lost(turn.id)


ServiceMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestService = pytest.mark.timeout(180)(pytest.mark.slow(ServiceMachine.TestCase))
