"""The audit trail: who did what, durable, gathered, and never in the way of what is done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headway.access.identity import ANONYMOUS, Identity
from headway.errors import PeerError
from headway.events import Draft, Event
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.log.interface import Appended
from headway.positions import BEGINNING
from headway.server import audit as trail
from headway.server.audit import AUDIT, Action, Audit
from headway.testing.waiting import wait_until
from tests.hub.harness import RestlessLog
from tests.server.watched import Place, place

ADA, BOB = Identity("ada"), Identity("bob")


async def silence() -> Any:
    """A client that stays and says nothing."""
    await asyncio.Event().wait()


async def entries(at: Place, **query: str) -> list[dict[str, Any]]:
    """What a reader of the trail is told."""
    events: list[dict[str, Any]] = (await at.watch.trail(query, silence))["events"]
    return events


async def publish(at: Place, who: Identity, channel: str, count: int = 1, key: str | None = None) -> Appended:
    """Publish as somebody, as the sessions do."""
    drafts = [Draft.of("step", {"n": number}) for number in range(count)]
    appended = await at.hub.publish(channel, drafts, idempotency_key=key)
    at.watch.published(who, channel, appended, "10.0.0.7")
    return appended


def stored(log: RestlessLog) -> int:
    """How many entries the log holds."""
    return sum(event.channel == AUDIT for event in _events(log))


def _events(log: RestlessLog) -> list[Event]:
    return [event for channel in log.inner._channels.values() for event in channel.events]


async def audit_of(at: Place) -> Audit:
    """The trail itself."""
    assert at.watch._audit is not None
    return at.watch._audit


async def test_what_somebody_did_is_written_down() -> None:
    """Who, what, to what, from where, when; and what else there is to say."""
    async with place() as at:
        at.watch.note(Action.SHARED, user="ada", target="run:7", address="10.0.0.7", seconds=60)
        await (await audit_of(at)).flush()
        (entry,) = await entries(at)

        assert entry.pop("position").endswith(".1")
        assert entry == {
            "type": "audit",
            "action": "shared",
            "user": "ada",
            "target": "run:7",
            "address": "10.0.0.7",
            "seconds": 60,
            "offset": 1,
            "timestamp": "2023-11-14T22:13:20.000Z",
        }


@pytest.mark.parametrize("action", Action)
async def test_every_action_can_be_an_event(action: Action) -> None:
    """Also of nobody, to nothing, from nowhere: who fails to sign in has no name."""
    async with place() as at:
        at.watch.note(action, user=None)
        await (await audit_of(at)).flush()

        assert [(entry["action"], entry["user"]) for entry in await entries(at)] == [(action.value, None)]


async def test_what_was_published_is_gathered() -> None:
    """One entry for a user and a channel, with the offsets as ranges: those of others between them are left out."""
    async with place() as at:
        for who, channel, count in [(ADA, "a", 1), (ADA, "a", 3), (BOB, "a", 2), (ADA, "a", 1), (ADA, "b", 1)]:
            await publish(at, who, channel, count)
        await (await audit_of(at)).flush()

        told = [(entry["user"], entry["target"], entry["count"], entry["ranges"]) for entry in await entries(at)]
        assert told == [("ada", "a", 5, [[1, 4], [7, 7]]), ("bob", "a", 2, [[5, 6]]), ("ada", "b", 1, [[1, 1]])]


async def test_it_is_written_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second, what was published; at once, everything else."""
    monkeypatch.setattr(trail, "_GATHER_SECONDS", 0.01)
    async with place() as at:
        await publish(at, ADA, "a", 2)
        await wait_until(lambda: at.watch._audit is not None and at.watch._audit.stored == 1)
        at.watch.note(Action.CANCELLED, user="ada", target="task:1")
        await wait_until(lambda: at.watch._audit is not None and at.watch._audit.stored == 2)

        assert [entry["action"] for entry in await entries(at)] == ["published", "cancelled"]


async def test_repetitions_and_strangers_are_passed_over() -> None:
    """What an idempotency key recognised stored nothing; who is anonymous is nobody."""
    async with place() as at:
        await publish(at, ADA, "a", key="k")
        await publish(at, ADA, "a", key="k")
        await publish(at, ANONYMOUS, "a")
        await (await audit_of(at)).flush()

        assert [(entry["user"], entry["count"]) for entry in await entries(at)] == [("ada", 1)]


async def test_an_entry_stays_small() -> None:
    """Many small pieces end in one range that spans others' events, and says by `count` that it does; long names and
    half characters are cut."""
    async with place() as at:
        for _ in range(100):
            await publish(at, ADA, "a")
            await publish(at, BOB, "a")
        at.watch.note(Action.SIGN_IN_FAILED, user="x\ud800" * 10_000)
        await (await audit_of(at)).flush()
        failed, ada, _ = await entries(at)

        assert (len(ada["ranges"]), ada["count"], ada["ranges"][-1][1]) == (64, 100, 199)
        assert (failed["action"], len(failed["user"])) == ("sign_in_failed", 256)


async def test_the_trail_is_read_after_a_position() -> None:
    """Page by page, as any channel; the last page says that there is no more; a wait ends with the next entry."""
    async with place() as at:
        for number in range(5):
            at.watch.note(Action.PAUSED, user="ada", target=f"task:{number}")
        await (await audit_of(at)).flush()
        first = await at.watch.trail({"limit": "3"}, silence)
        rest = await at.watch.trail({"since": first["position"]}, silence)
        waiting = asyncio.create_task(at.watch.trail({"since": rest["position"], "wait": "20"}, silence))
        await wait_until(lambda: at.hub.statistics()["waiting_polls"] == 1)
        at.watch.note(Action.RESUMED, user="ada", target="task:9")
        news = await waiting

        assert [len(first["events"]), first["more"], len(rest["events"]), rest["more"]] == [3, True, 2, False]
        assert [entry["target"] for entry in news["events"]] == ["task:9"]
        assert await entries(at, since="") == first["events"] + rest["events"] + news["events"]


async def test_the_trail_is_read_from_its_end() -> None:
    """So many of the newest, and from there on; more than there are is all of them; a position goes before it."""
    async with place() as at:
        assert await entries(at, last="3") == []
        for number in range(5):
            at.watch.note(Action.PAUSED, user="ada", target=f"task:{number}")
        await (await audit_of(at)).flush()
        everything = await entries(at)

        assert await entries(at, last="2") == everything[3:]
        assert await entries(at, last="100") == everything
        assert await entries(at, last="2", since=everything[0]["position"]) == everything[1:]


async def test_a_position_that_is_lost_is_a_gap() -> None:
    """Retention, and another life of the log, are told and not passed over."""
    async with place() as at:
        at.watch.note(Action.PAUSED, user="ada")
        await (await audit_of(at)).flush()

        assert [entry["type"] for entry in await entries(at, since="another.7")] == ["gap", "audit"]


@pytest.mark.parametrize(
    "query", [{"limit": "x"}, {"wait": "-1"}, {"limit": "9" * 5_000}, {"last": "x"}, {"since": "17"}]
)
async def test_a_question_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    """It is the caller's mistake."""
    async with place() as at:
        with pytest.raises(PeerError):
            await at.watch.trail(query, silence)


async def test_a_log_that_is_ill_delays_nobody_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done meanwhile is written down when the log is well again, and that it had to wait is counted."""
    monkeypatch.setattr(trail, "_GATHER_SECONDS", 0.01)
    log = RestlessLog()
    async with place(log) as at:
        log.ill = True
        at.watch.note(Action.REVOKED, user="ada", target="bob")
        at.watch.published(ADA, "a", Appended(tuple(_an_event(offset) for offset in (1, 2))))
        await wait_until(lambda: at.watch._audit is not None and at.watch._audit.failures > 1)
        assert stored(log) == 0

        log.ill = False
        await wait_until(lambda: stored(log) == 2)
        audit = await audit_of(at)
        assert (audit.stored, audit.lost) == (2, 0)


async def test_what_is_done_during_a_write_is_in_the_next() -> None:
    """A slow log delays entries and drops none."""
    log = RestlessLog()
    log.turns = 5
    async with place(log) as at:
        for number in range(4):
            at.watch.note(Action.PAUSED, user="ada", target=f"task:{number}")
            for _ in range(3):
                await asyncio.sleep(0)
        await (await audit_of(at)).flush()

        assert [entry["target"] for entry in await entries(at)] == [f"task:{number}" for number in range(4)]


def _an_event(offset: int) -> Event:
    return Event("a", "life1", offset, "step", b"{}", None, 0)


async def test_what_waits_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Behind a log that stays ill some entries wait, the rest are lost; that is counted, and the log says so."""
    log = RestlessLog()
    async with place(log) as at:
        log.ill = True
        for number in range(3_000):
            at.watch.note(Action.SIGN_IN_FAILED, user=f"user{number}")
            at.watch.published(ADA, f"run:{number}", Appended((_an_event(1),)))
        audit = await audit_of(at)
        await audit.flush()

        assert audit.statistics()["waiting"] <= 2_000
        assert audit.lost == 4_000
        assert "are lost" in caplog.text
        log.ill = False


async def test_a_shutdown_writes_down_what_waits() -> None:
    """And takes nothing after it; closing twice is closing once."""
    log = RestlessLog()
    async with place(log) as at:
        await publish(at, ADA, "a", 2)
        await at.watch.close()
        await at.watch.close()
        at.watch.note(Action.PAUSED, user="ada")
        await publish(at, ADA, "a")

        assert stored(log) == 1
        assert (await audit_of(at)).lost == 2


async def test_a_shutdown_does_not_wait_for_a_log_that_is_ill() -> None:
    """It tries once; what the log does not take is lost, and counted."""
    log = RestlessLog()
    async with place(log) as at:
        log.ill = True
        at.watch.note(Action.PAUSED, user="ada")
        await at.watch.close()

        assert (await audit_of(at)).lost == 1


async def test_an_entry_that_cannot_be_built_fails_nobody() -> None:
    """The mistake is ours; it is counted, and the next entry is written."""
    async with place() as at:
        at.watch.note(Action.PAUSED, user="ada", offset=7)
        at.watch.note(Action.PAUSED, user="bob")
        audit = await audit_of(at)
        await audit.flush()

        assert ([entry["user"] for entry in await entries(at)], audit.lost) == (["bob"], 1)


async def test_it_survives_in_the_log() -> None:
    """Another trail over the same log reads what the first one wrote."""
    log = RestlessLog()
    hub = Hub(log, Limits())
    first = Audit(hub, Limits())
    first.note(Action.SIGNED_IN, user="ada", address="10.0.0.7")
    await first.close()
    await hub.close()
    after = Hub(log, Limits())
    page = await Audit(after, Limits()).page({}, silence)
    await after.close()

    assert [entry["user"] for entry in page["events"]] == ["ada"]
    assert (await log.channels()) == []
    assert (await log.read(AUDIT, BEGINNING)).head == 1
