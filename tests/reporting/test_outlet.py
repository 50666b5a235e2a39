"""Reports as HTTP carries them, and what a server's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from headway.client import Refused, Unreachable
from headway.client.address import Address as Place
from headway.codes import Code
from headway.errors import HeadwayError
from headway.reporting.outlet import HttpOutlet, report_fields
from headway.server.live import Headway
from headway.tasks.interface import Beginning, Child, Item, Line, Lost, Report
from headway.tasks.model import Action, Failure, Happening, Progress, Status
from headway.testing.serving import Kind, listener, serving


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture(params=[Kind.FAST, Kind.MOUNTED], ids=lambda kind: kind.value)
async def outlet(live: Headway, request: pytest.FixtureRequest) -> AsyncIterator[HttpOutlet]:
    """An outlet to it, served on its own or within an application."""
    async with serving(live, request.param) as server:
        made = HttpOutlet(Place.parse(server.http("")), None)
        yield made
        await made.close()


FULL = Report(
    1,
    Progress(5, 10, 1, "rows", {"created": 4}, "row 5", 2.5, 2.0, 2.0, True),
    Happening.FAILED,
    "better name",
    Failure("full", "the disk is full"),
    None,
    [Item("row 5", "failed", "no", "c", {"size": 7})],
    [Line("warning", "careful", "etl")],
    [Child("1", "root", "part", Status.RUNNING, Progress(1, 2), Failure("x", "y"))],
)


async def test_everything_of_a_report_arrives(live: Headway, outlet: HttpOutlet) -> None:
    """Whatever a report can say, the server takes it and knows it."""
    owned = await outlet.begin(Beginning("work", Progress(1, 10), "run:7", frozenset(Action), 30.0))
    await outlet.report(owned.id, owned.owner, FULL)

    state = await live.running.tasks.get(owned.id)
    assert (owned.channel, state.name, state.status) == ("run:7", "better name", Status.FAILED)
    assert state.honours == frozenset(Action)
    assert state.error == FULL.error
    assert (state.progress.done, state.progress.counts, state.progress.unit) == (5, {"created": 4}, "rows")


async def test_a_key_begins_one_task(outlet: HttpOutlet) -> None:
    """A beginning whose answer was lost is asked for again, and gives the same task."""
    first = await outlet.begin(Beginning("work"), idempotency_key="k")

    assert await outlet.begin(Beginning("work"), idempotency_key="k") == first


async def test_what_is_wanted_is_answered(live: Headway, outlet: HttpOutlet) -> None:
    """The answer to a report says what somebody asked for."""
    owned = await outlet.begin(Beginning("work", honours=frozenset(Action)))
    assert await outlet.report(owned.id, owned.owner, Report(1, Progress())) is None
    await live.running.tasks.request(owned.id, Action.CANCEL)

    assert await outlet.report(owned.id, owned.owner, Report(2, Progress())) is Status.CANCELLED


async def test_who_does_not_own_the_task_is_told_so(outlet: HttpOutlet) -> None:
    """Another's secret loses; a task that nobody knows is not found."""
    owned = await outlet.begin(Beginning("work"))
    with pytest.raises(Lost):
        await outlet.report(owned.id, "somebody else", Report(1, Progress()))
    with pytest.raises(HeadwayError) as refusal:
        await outlet.report("nothing", owned.owner, Report(1, Progress()))

    assert refusal.value.code is Code.NOT_FOUND


async def test_what_makes_no_sense_is_no_reason_to_try_again(outlet: HttpOutlet) -> None:
    """A refusal for what was said is an error whose code says that trying again is of no use."""
    with pytest.raises(HeadwayError) as refusal:
        await outlet.begin(Beginning(""))

    assert not refusal.value.code.retry


async def test_nobody_there_is_worth_another_try() -> None:
    """Whatever the network does is an `Unreachable`."""
    with listener() as nobody:
        outlet = HttpOutlet(Place(False, f"127.0.0.1:{nobody.getsockname()[1]}"), None)
        with pytest.raises(Unreachable) as refusal:
            await outlet.begin(Beginning("work"))
        await outlet.close()

    assert refusal.value.code.retry


async def test_a_token_is_asked_for() -> None:
    """Without one, where one is needed: an error that names what to set."""
    async with serving(Headway(secret="a secret that is long enough for its purpose")) as server:
        outlet = HttpOutlet(Place.parse(server.http("")), None)
        with pytest.raises(Refused, match="HEADWAY_TOKEN"):
            await outlet.begin(Beginning("work"))
        await outlet.close()


def test_what_says_nothing_is_left_out() -> None:
    """A report of numbers is numbers: no empty lists, no names that did not change."""
    fields = report_fields("owner", Report(3, Progress(1, 2)))

    assert set(fields) == {"owner", "number", "progress"}
    assert msgspec.json.decode(msgspec.json.encode(fields)) == fields
