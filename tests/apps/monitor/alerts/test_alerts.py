"""Alerts: from what happened to a real webhook."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from headway.apps.monitor.alerts import outbox
from headway.testing.waiting import wait_until
from tests.apps.monitor.alerts.receiving import LEDGER, SHOP, desk, made_of, receiving

HOUR = 3_600.0


async def test_an_incident_is_told_at_its_beginning_and_at_its_end(tmp_path: Path) -> None:
    """Once each, however often one looks."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        await office.began("one")
        for _ in range(3):
            await office.after(10)
        await office.ended("one")
        for _ in range(3):
            await office.after(10)

        assert hook.titles == ["Shop is down", "Shop is up again after 30 s"]
        assert [one["type"] for one in hook.told] == ["failure", "success"]
        assert hook.keys == ["incident/one/began", "incident/one/ended"]
        assert "it answers 500" in hook.told[0]["message"]
        assert hook.told[0]["token"] == "geheim", "what the address adds to the body is still there"


async def test_an_incident_that_began_and_ended_unseen_is_told_whole(tmp_path: Path) -> None:
    """Both, in their order: nothing is lost while nobody derives."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        await office.began("one")
        office.clock.advance(60)
        await office.ended("one")

        await office.round()
        await office.round()

        assert hook.keys == ["incident/one/began", "incident/one/ended"]


async def test_what_was_made_is_sent_after_a_crash_and_what_was_sent_is_not(tmp_path: Path) -> None:
    """Others go on with the same records where these stopped, between making and sending."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        await office.began("one")
        await office.alerts.settle()
        assert hook.told == []

        _, others = made_of(office.records, tmp_path, office.clock, office.known, [])
        for _ in range(2):
            await others.settle()
            await others.send()
        _, others = made_of(office.records, tmp_path, office.clock, office.known, [])
        await others.settle()
        await others.send()

        assert hook.keys == ["incident/one/began"]


async def test_an_incident_that_lasts_is_told_again_until_somebody_takes_care(tmp_path: Path) -> None:
    """Once each interval."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address, renotifyMinutes=60)
        await office.began("one")
        for _ in range(25):
            await office.after(HOUR / 10)
        assert hook.titles == ["Shop is down", "Shop is still down after 66 min", "Shop is still down after 2.1 h"]

        await office.ended("one", acknowledged_by="ada")
        await office.after(5 * HOUR)

        assert len(hook.told) == 3


async def test_who_does_not_answer_is_asked_again_later_and_in_order(tmp_path: Path) -> None:
    """The end is not told before the beginning."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        hook.status = 500
        await office.began("one")
        await office.round()
        await office.after(1)
        assert len(hook.refused) == 1, "not again at once"
        await office.ended("one")
        await office.after(15)
        assert len(hook.refused) == 2
        hook.status = 200
        await office.after(1)
        assert hook.told == []

        await office.after(30)

        assert hook.keys == ["incident/one/began", "incident/one/ended"]


async def test_after_a_day_it_is_given_up_with_a_note(tmp_path: Path) -> None:
    """And what comes later is told."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        hook.status = 503
        await office.began("one")
        await office.round()
        for _ in range(24):
            await office.after(HOUR)
        await office.ended("one", began=0.0, ended=1.0)  # it is no news any more
        hook.status = 200
        await office.began("two", 2)
        await office.after(HOUR)

        assert hook.keys == ["incident/two/began"]
        assert [note["what"] for note in office.notes] == ["alert_given_up"]
        assert "geheim" not in str(office.notes)
        rows = await office.records.read(lambda connection: outbox.history(connection, 10, None, None))
        assert [(row["sent_at"] is None, row["tries"] < 0) for row in rows] == [(False, False), (True, True)]
        assert rows[1]["error"].startswith("given up after a day: json://127.0.0.1")


async def test_what_fell_into_quiet_hours_comes_as_one_message_behind_them(tmp_path: Path) -> None:
    """The clock of these tests stands at 22:13 UTC."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address, quietHours={"begin": "22:00", "end": "07:00"})
        await office.began("one")
        await office.began("two", 2)
        await office.after(HOUR)
        await office.ended("one")
        await office.after(HOUR)
        assert hook.told == []

        await office.after(8 * HOUR)
        await office.began("three", 2)
        await office.after(1)

        assert hook.titles == ["3 alerts", "Ledger is down"]
        assert hook.told[0]["keys"].split() == ["incident/one/began", "incident/two/began", "incident/one/ended"]
        assert hook.told[0]["type"] == "failure"


async def test_a_digest_gathers_for_its_minutes(tmp_path: Path) -> None:
    """From the first one on; what comes later is in the next."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address, digestMinutes=10)
        await office.began("one")
        await office.after(1)
        await office.began("two", 2)
        await office.after(9 * 60)
        assert hook.told == []
        await office.after(60)
        await office.began("three")
        await office.after(1)
        await office.after(11 * 60)

        assert hook.titles == ["2 alerts", "Shop is down"]


async def test_in_maintenance_it_waits_for_the_end_of_the_window(tmp_path: Path) -> None:
    """Only of the application that is maintained."""
    async with receiving() as hook, desk(tmp_path) as office:
        until = office.clock.now() + HOUR
        office.known.all = {1: replace(SHOP, maintenance_until=until), 2: LEDGER}
        await office.wish(hook.address)
        await office.began("one")
        await office.began("two", 2)
        await office.after(1)
        assert hook.titles == ["Ledger is down"]

        office.known.all = {1: SHOP, 2: LEDGER}
        await office.ended("one")
        await office.after(HOUR)

        # The end was made when nothing held it any more; the beginning comes before it.
        assert hook.keys[1:] == ["incident/one/began", "incident/one/ended"]


async def test_channels_are_told_of_what_they_name(tmp_path: Path) -> None:
    """By application, by tag, by level; without any of them of everything."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(
            "",
            channels=[
                {"name": "ledger", "address": hook.address + "&:who=ledger", "applications": ["ledger"]},
                {"name": "web", "address": hook.address + "&:who=web", "tags": ["web"]},
                {"name": "all", "address": hook.address + "&:who=all", "level": "warnings"},
                {"name": "off", "address": hook.address + "&:who=off", "active": False},
            ],
        )
        await office.round()
        await office.began("one", 1)
        await office.began("two", 2)
        await office.changed("healthy", "warning", 1)
        await office.after(1)

        assert sorted((one["who"], one["title"]) for one in hook.told) == [
            ("all", "Ledger is down"),
            ("all", "Shop is down"),
            ("all", "Shop needs attention"),
            ("ledger", "Ledger is down"),
            ("web", "Shop is down"),
        ]


async def test_changes_of_a_status_are_told_at_their_level_once(tmp_path: Path) -> None:
    """What happened before the first look is no news; what is an incident is told as one."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address, level="all")
        await office.changed("healthy", "warning")
        await office.round()
        for before, after in (("healthy", "warning"), ("warning", "error"), ("error", "healthy")):
            await office.changed(before, after)
        for before, after in (("healthy", "warning"), ("warning", "healthy"), ("healthy", "paused")):
            await office.changed(before, after)
        await office.round()
        await office.round()

        assert hook.titles == [
            "Shop needs attention",
            "Shop needs attention",
            "Shop is healthy again",
            "Shop: healthy → paused",
        ]


async def test_recoveries_can_be_left_out(tmp_path: Path) -> None:
    """Then only what is bad is told."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address, recoveries=False)
        await office.began("one")
        await office.round()
        await office.ended("one")
        await office.round()

        assert hook.titles == ["Shop is down"]


async def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end(tmp_path: Path) -> None:
    """A channel that came in between."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.began("one")
        await office.round()
        await office.wish(hook.address)
        await office.ended("one")
        await office.round()

        assert hook.told == []


async def test_a_certificate_is_remembered_of_at_each_step_once(tmp_path: Path) -> None:
    """Steps that were passed unseen are not made good for; a new certificate begins anew."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        end = office.clock.now() + 40 * 86_400
        for _ in range(45):
            await office.alerts.certificate(SHOP, end)
            await office.after(86_400)
        assert hook.titles == [f"The certificate of Shop expires within {days} days" for days in (30, 14, 7)] + [
            "The certificate of Shop expires within 1 day"
        ]

        end = office.clock.now() + 5 * 86_400
        _, others = made_of(office.records, tmp_path, office.clock, office.known, [])
        for one in (office.alerts, others):
            await one.certificate(SHOP, end)
        await office.round()

        assert hook.titles[4:] == ["The certificate of Shop expires within 7 days"]


async def test_uptime_below_what_is_wanted_is_told_and_its_end(tmp_path: Path) -> None:
    """With both figures."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        since = office.clock.now()
        for _ in range(2):
            await office.alerts.uptime(SHOP, since, 98.5, 99.9, low=True)
        await office.alerts.uptime(SHOP, since, 99.95, 99.9, low=False)
        await office.round()

        assert hook.titles == ["Shop is up less than promised", "Shop is up as promised again"]
        assert "98.500 % over the last day; 99.9 % is wanted" in hook.told[0]["message"]


async def test_a_channel_that_is_gone_is_sent_nothing(tmp_path: Path) -> None:
    """What waited for it is given up."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        await office.began("one")
        await office.alerts.settle()
        await office.wish("", channels=[])
        await office.after(60)

        assert hook.told == []
        assert await office.records.read(outbox.pending) == []


async def test_one_that_cannot_be_reached_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    """Each has its own turn."""
    async with receiving() as bad, receiving() as hook, desk(tmp_path) as office:
        bad.status = 500
        channels = [{"name": "a bad one", "address": bad.address}, {"name": "good", "address": hook.address}]
        await office.wish("", channels=channels)
        await office.began("one")
        await office.began("two", 2)
        await office.round()

        assert hook.titles == ["Shop is down", "Ledger is down"]
        assert len(bad.refused) == 1


async def test_the_loop_sends_by_itself(tmp_path: Path) -> None:
    """As soon as it is woken."""
    async with receiving() as hook, desk(tmp_path) as office:
        await office.wish(hook.address)
        running = asyncio.create_task(office.alerts.run())
        await office.began("one")
        office.alerts.wake()
        await wait_until(lambda: hook.titles == ["Shop is down"])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
