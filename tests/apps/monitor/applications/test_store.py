"""All applications: stored before they are seen, told in order, kept over a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from headway.apps.monitor.applications.model import definition_of
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.applications.store import Changed
from headway.apps.monitor.records import APPLICATIONS
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, UsageError
from headway.records.records import Records, sqlite_url
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.apps.monitor.applications.desk import HTTP, applications


async def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    """With its id, its number, its times and its check."""
    async with applications(tmp_path) as before:
        one = await before.add(definition_of({"name": "shop", "tags": ["a"], "healthCheck": HTTP}))
        number = before.numbers[one.id]
    async with applications(tmp_path) as after:
        found = after.all()

        assert found == [one]
        assert after.numbers[one.id] == number
        assert after.get("shop") is after.get(one.id)


async def test_names_are_unique(tmp_path: Path) -> None:
    """A second one, and a change to that name, are a conflict, and change nothing."""
    async with applications(tmp_path) as made:
        await made.add(definition_of({"name": "shop"}))
        other = await made.add(definition_of({"name": "other"}))
        with pytest.raises(Conflict, match="'shop' already"):
            await made.add(definition_of({"name": "shop"}))
        with pytest.raises(Conflict):
            await made.change(other.id, {"name": "shop"})

        assert [one.name for one in made.all()] == ["other", "shop"]
        assert made.get("other").id == other.id


async def test_a_name_can_be_changed_and_taken_again(tmp_path: Path) -> None:
    """The old one leads nowhere, until somebody else has it."""
    async with applications(tmp_path) as made:
        one = await made.add(definition_of({"name": "shop"}))
        await made.change("shop", {"name": "store"})
        gone = made.find("shop")
        other = await made.add(definition_of({"name": "shop"}))

        assert gone is None
        assert (made.get("store").id, made.get("shop").id) == (one.id, other.id)


async def test_a_change_keeps_what_it_leaves_out(tmp_path: Path) -> None:
    """And its time is that of the change; the same once more is none."""
    clock = FakeClock()
    async with applications(tmp_path, clock) as made:
        one = await made.add(definition_of({"name": "shop", "tags": ["a"], "healthCheck": HTTP}))
        clock.advance(60)
        after = await made.change(one.id, {"priority": "high"})
        clock.advance(60)
        same = await made.change(one.id, {"priority": "high"})

        assert (after.priority, after.tags, after.health_check) == ("high", ("a",), one.health_check)
        assert (after.created_at, after.updated_at - one.updated_at) == (one.created_at, 60)
        assert same is after


async def test_listeners_are_told_what_was_stored(tmp_path: Path) -> None:
    """Before and after, in the order of the changes; one that fails keeps it from nobody."""
    told: list[Changed] = []

    def failing(changed: Changed) -> None:
        raise RuntimeError("not me")

    async with applications(tmp_path) as made:
        made.on_change(failing)
        made.on_change(told.append)
        one = await made.add(definition_of({"name": "shop"}))
        number = made.numbers[one.id]
        after = await made.change(one.id, {"category": "Web"})
        await made.remove("shop")

        assert [(one.before, one.after) for one in told] == [(None, one), (one, after), (after, None)]
        assert {one.number for one in told} == {number}
        assert made.all() == []


async def test_a_bulk_change_is_done_to_all_or_none(tmp_path: Path) -> None:
    """The one that keeps it from the others is named."""
    async with applications(tmp_path) as made:
        push = await made.add(definition_of({"name": "job", "healthCheck": {"kind": "push"}}))
        shop = await made.add(definition_of({"name": "shop", "healthCheck": HTTP}))
        with pytest.raises(UsageError, match="job: slaTarget"):
            await made.bulk([push.id, shop.id], {"slaTarget": 0})
        with pytest.raises(HeadwayError, match="no application 'nobody'"):
            await made.bulk(["job", "nobody"], {"slaTarget": 99})
        untouched = [one.sla_target for one in made.all()]
        changed = await made.bulk(["job", shop.id, push.id], {"slaTarget": 99})
        removed = await made.bulk(["job", "shop"], None)

        assert untouched == [99.9, 99.9]
        assert [one.sla_target for one in changed] == [99, 99]
        assert [one.name for one in removed] == ["job", "shop"]
        assert made.all() == []


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """By its code."""
    async with applications(tmp_path) as made:
        with pytest.raises(HeadwayError) as caught:
            await made.remove("nobody")

        assert caught.value.code is Code.NOT_FOUND


async def test_an_import_says_what_it_changes(tmp_path: Path) -> None:
    """Dry, it changes nothing; once done, it is unchanged."""
    text = "applications: [{name: shop, category: Web}, {name: new}, {name: New Shop}, {name: new}]"
    async with applications(tmp_path) as made:
        await made.add(definition_of({"name": "shop", "priority": "high"}))
        dry = await made.apply(read(text), dry=True)
        after_dry = [one.name for one in made.all()]
        await made.apply(read(text))
        again = await made.apply(read(text))

        assert ([one.name for one in dry.created], [one.name for one, _ in dry.updated]) == (["new"], ["shop"])
        assert [one.name for one in dry.skipped] == ["New Shop", "new"]
        assert after_dry == ["shop"]
        assert [one.name for one in again.unchanged] == ["shop", "new"]
        # Of our own format an entry is the whole application.
        assert (made.get("shop").category, made.get("shop").priority) == ("Web", "medium")


async def test_an_import_of_another_format_keeps_what_that_does_not_know(tmp_path: Path) -> None:
    """Owner, login and SLA stay; the check is its."""
    async with applications(tmp_path) as made:
        await made.add(definition_of({"name": "a", "slaTarget": 99, "owner": {"team": "x"}, "healthCheck": HTTP}))
        await made.apply(read("sites: [{name: a, url: 'https://a.example/'}]"))
        after = made.get("a")

        assert (after.sla_target, after.owner.team) == (99, "x")
        assert after.health_check != definition_of({"name": "a", "healthCheck": HTTP}).health_check


async def test_what_the_file_manages_is_changed_there(tmp_path: Path) -> None:
    """Over the API it is a conflict that says which file; an import skips it."""
    async with applications(tmp_path) as made:
        made.file = "the file watched.yaml"
        await made.apply(read("- name: shop"), by="file", whole=True)
        for change in (made.remove("shop"), made.change("shop", {}), made.bulk(["shop"], None)):
            with pytest.raises(Conflict, match=r"managed by the file watched.yaml; change it there"):
                await change
        plan = await made.apply(read("- {name: shop, category: Web}"))

        assert [one.why for one in plan.skipped] == ["shop is managed by the file watched.yaml; change it there"]
        assert made.get("shop").category == ""


async def test_a_standing_is_kept_over_a_restart(tmp_path: Path) -> None:
    """Through changes of the definition too: whoever looks keeps it there."""
    async with applications(tmp_path) as made:
        one = await made.add(definition_of({"name": "shop"}))
        fresh = await made.standings()
        standing = update(APPLICATIONS).where(APPLICATIONS.c.id == one.id).values(standing={"streak": 2})
        await made._records.write(lambda connection: connection.execute(standing))
        await made.change(one.id, {"category": "Web"})
    async with applications(tmp_path) as after:
        assert fresh == {one.id: {}}
        assert await after.standings() == {one.id: {"streak": 2}}


async def test_who_gives_up_waiting_does_not_undo_the_change(tmp_path: Path) -> None:
    """What is stored and what is in memory stay the same thing."""
    async with applications(tmp_path) as made:
        asking = asyncio.create_task(made.add(definition_of({"name": "shop"})))
        await asyncio.sleep(0)
        asking.cancel()
        await wait_until(lambda: made.find("shop") is not None)
        with pytest.raises(asyncio.CancelledError):
            await asking
    async with applications(tmp_path) as after:
        assert [one.name for one in after.all()] == ["shop"]


async def test_changes_at_once_go_one_after_the_other(tmp_path: Path) -> None:
    """Ten that want one name: one has it."""
    async with applications(tmp_path) as made:
        outcomes = await asyncio.gather(
            *(made.add(definition_of({"name": "shop"})) for _ in range(10)), return_exceptions=True
        )

        assert sum(isinstance(one, Conflict) for one in outcomes) == 9
        assert len(made.all()) == 1


async def test_changes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each begins with what the one before it left."""
    async with applications(tmp_path) as made:
        await made.add(definition_of({"name": "shop"}))
        await asyncio.gather(
            made.change("shop", {"category": "Web"}),
            made.change("shop", {"priority": "high"}),
            made.change("shop", {"public": True}),
        )
        after = made.get("shop")

        assert (after.category, after.priority, after.public) == ("Web", "high", True)


async def test_a_number_is_never_another_s_again(tmp_path: Path) -> None:
    """Figures of who is gone must not become those of who comes."""
    async with applications(tmp_path) as made:
        first = made.numbers[(await made.add(definition_of({"name": "a"}))).id]
        await made.remove("a")
        second = made.numbers[(await made.add(definition_of({"name": "a"}))).id]

        assert second > first


async def test_a_row_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """It is not shown, not overwritten and not in the way of the others; its name stays taken."""
    async with applications(tmp_path) as made:
        await made.add(definition_of({"name": "a"}))
        await made.add(definition_of({"name": "b"}))
    records = Records(sqlite_url(tmp_path / "records.db"), durable=False)
    newer = update(APPLICATIONS).where(APPLICATIONS.c.name == "a").values(definition={"name": "a", "colour": "red"})
    await records.write(lambda connection: connection.execute(newer))
    await records.close()
    async with applications(tmp_path) as made:
        with pytest.raises(Conflict, match="of that name already"):
            await made.add(definition_of({"name": "a"}))

        assert [one.name for one in made.all()] == ["b"]
