"""Created exactly once, although an answer was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from headway.pingone.errors import PingOneError, Verdict
from headway.pingone.records import Evidence
from headway.pingone.retries import Patience
from tests.pingone.harness import (
    ENVIRONMENT,
    ID,
    OTHER,
    POPULATION,
    SECRET,
    USERS,
    WORKER,
    Stage,
    again,
    answer,
    broken_off,
    dropped,
    found,
    refusal,
    stage,
    taken,
    user,
)

POST = f"POST {USERS}"
LIST = f"GET {USERS}"
ADA = {"username": "ada", "population": {"id": POPULATION}, "password": {"value": "Pa55.word!"}}
NOW = 1_700_000_000.0
"""What the clock begins with."""


def commits(
    on: Stage, then: Callable[[web.Request], Awaitable[web.StreamResponse]] | web.Response, population: str = POPULATION
) -> None:
    """A server that creates the user at the first try, and answers otherwise; the name is taken from then on."""

    async def first(request: web.Request) -> web.StreamResponse:
        created = on.clock.now() + (on.server.ahead or 0) + 0.02
        on.server.on(LIST, answer(200, found(user(created=created, population={"id": population}))))
        return again(then) if isinstance(then, web.Response) else await then(request)

    on.server.on(POST, first, taken())


async def test_created() -> None:
    """A user that is created at once is so by the answer, in the import's media type."""
    async with stage() as on:
        on.server.on(POST, answer(201, user()))
        created = await on.pingone.import_user(ADA)

        assert (created.id, created.ours_by, created.correlation_id) == (ID, Evidence.ANSWER, "c-201")
        assert on.server.requests[1].headers["Content-Type"] == "application/vnd.pingidentity.user.import+json"
        assert b"Pa55.word!" in on.server.bodies[1]


async def test_plain_creation() -> None:
    """Without a password it is plain JSON."""
    async with stage() as on:
        on.server.on(POST, answer(201, user()))
        await on.pingone.create_user({"username": "ada"})

        assert on.server.requests[1].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("ahead", [0.0, 7200.0, -7200.0])
@pytest.mark.parametrize(
    "then",
    [dropped, broken_off, answer(500, ""), answer(503, ""), answer(201, "<html>"), answer(201, '{"id": "5f')],
)
async def test_lost_answers(
    then: Callable[[web.Request], Awaitable[web.StreamResponse]] | web.Response, ahead: float
) -> None:
    """After a lost or broken answer, the name that is taken is ours if it was made since, whatever our clock says."""
    async with stage() as on:
        on.server.ahead = ahead
        commits(on, then)
        created = await on.pingone.import_user(ADA)

        assert (created.id, created.ours_by) == (ID, Evidence.LOOKUP)
        assert on.server.count(POST) == 2


async def test_lost_and_not_done() -> None:
    """If nothing was done, the next try creates it."""
    async with stage() as on:
        on.server.on(POST, dropped, answer(201, user()))

        assert (await on.pingone.import_user(ADA)).ours_by is Evidence.ANSWER


async def test_lost_twice() -> None:
    """Of several tries that were left open the first counts."""
    async with stage() as on:
        commits(on, dropped)
        on.server.answers[POST].insert(1, dropped)
        on.server.answers[POST].insert(1, answer(429, "", Retry_After="60"))

        assert (await on.pingone.import_user(ADA)).ours_by is Evidence.LOOKUP


async def test_somebody_else_has_it() -> None:
    """A name that was taken before the first open try is somebody else's."""
    async with stage() as on:
        on.server.on(POST, dropped, taken())
        on.server.on(LIST, answer(200, found(user(created=NOW - 10))))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.import_user(ADA)

        assert refused.value.verdict is Verdict.ROW_FAILED
        assert refused.value.target == "username"
        assert not refused.value.uncertain


async def test_elsewhere_is_not_ours() -> None:
    """So is one in another population."""
    async with stage() as on:
        commits(on, dropped, population=OTHER)
        with pytest.raises(PingOneError, match="is unique"):
            await on.pingone.import_user(ADA)


@pytest.mark.parametrize("before", [(), (429,), (401,)])
async def test_nothing_was_left_open(before: tuple[int, ...]) -> None:
    """Without a try that was left open nobody is looked up: 429 and 401 did nothing."""
    async with stage() as on:
        on.server.on(POST, *(answer(status, refusal("X"), Retry_After="0") for status in before), taken())
        with pytest.raises(PingOneError, match="is unique"):
            await on.pingone.import_user(ADA)

        assert on.server.count(LIST) == 0


async def test_another_attribute() -> None:
    """A clash of another attribute is no clash of the name."""
    async with stage() as on:
        on.server.on(POST, dropped, taken("externalId"))
        with pytest.raises(PingOneError, match="externalId is unique"):
            await on.pingone.import_user(ADA)

        assert on.server.count(LIST) == 0


async def test_search_lags() -> None:
    """Search may not know the user yet: it is asked again, for a while."""
    async with stage() as on:
        here = answer(200, found(user(created=NOW)))
        on.server.on(POST, dropped, taken())
        on.server.on(LIST, answer(200, found()), answer(200, found()), answer(200, found()), here)

        assert (await on.pingone.import_user(ADA)).ours_by is Evidence.LOOKUP


async def test_search_that_never_finds() -> None:
    """A name that is taken by nobody who can be seen: not even whether it is ours is known."""
    async with stage() as on:
        on.server.on(POST, dropped, taken())
        on.server.on(LIST, answer(200, found()))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.import_user(ADA)

        assert refused.value.uncertain
        assert 5 < sum(on.slept) < 15


async def test_search_finds_others_too() -> None:
    """Only who has exactly this name is looked at, in whatever case."""
    async with stage() as on:
        on.server.on(POST, dropped, taken())
        both = found(user("ada2", OTHER, NOW), user("ADA", ID, NOW))
        on.server.on(LIST, answer(200, both))

        assert (await on.pingone.import_user(ADA)).id == ID


async def test_the_id_that_is_named() -> None:
    """Where PingOne names who has it, that user is read, and search is not needed."""
    async with stage() as on:
        on.server.on(POST, dropped, taken(existing=ID))
        on.server.on(f"GET {USERS}/{ID}", answer(200, user(created=NOW)))

        assert (await on.pingone.import_user(ADA)).id == ID
        assert on.server.count(f"{LIST}?") == 0


@pytest.mark.parametrize("named", [OTHER, "../../x", "", "none"])
async def test_a_named_id_that_leads_nowhere(named: str) -> None:
    """One that is of no use is no harm."""
    async with stage() as on:
        on.server.on(POST, dropped, taken(existing=named))
        on.server.on(f"GET {USERS}/{OTHER}", answer(200, user("bob", OTHER, NOW)))
        on.server.on(LIST, answer(200, found(user(created=NOW))))

        assert (await on.pingone.import_user(ADA)).id == ID


async def test_after_a_crash() -> None:
    """A row tried before a crash is ours if its user was made since the moment that was kept, and else is not."""
    async with stage() as on:
        on.server.on(POST, taken())
        on.server.on(LIST, answer(200, found(user(created=NOW - 50))))
        created = await on.pingone.import_user(ADA, not_before=NOW - 60)
        with pytest.raises(PingOneError):
            await on.pingone.import_user(ADA, not_before=NOW - 40)

        assert created.ours_by is Evidence.LOOKUP


async def test_a_moment_to_keep() -> None:
    """The moment to keep is told by PingOne's clock."""
    async with stage() as on:
        on.server.ahead = 3600
        on.server.on(POST, answer(201, user()))
        await on.pingone.import_user(ADA)
        on.clock.advance(5)

        assert on.pingone.now() == pytest.approx(NOW + 3605, abs=1)


@pytest.mark.parametrize(("created", "ours"), [(NOW - 20, True), (NOW - 60, False)])
async def test_a_server_without_a_clock(created: float, ours: bool) -> None:
    """Where no answer tells the time, our own clock has to do, with more room for error."""
    async with stage() as on:
        on.server.ahead = None
        on.server.on(POST, dropped, taken())
        on.server.on(LIST, answer(200, found(user(created=created))))
        if ours:
            await on.pingone.import_user(ADA)
        else:
            with pytest.raises(PingOneError):
                await on.pingone.import_user(ADA)


async def test_it_stays_open() -> None:
    """If no try is ever answered, the error says that the user may have been created."""
    async with stage(patience=Patience(tries=3)) as on:
        on.server.on(POST, dropped)
        with pytest.raises(PingOneError) as failed:
            await on.pingone.import_user(ADA)

        assert failed.value.uncertain
        assert failed.value.verdict is Verdict.RETRY


async def test_a_row_that_is_wrong_was_not_done() -> None:
    """A refusal for another reason settles it, even after a lost answer."""
    async with stage() as on:
        on.server.on(POST, dropped, answer(400, refusal("INVALID_DATA")))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.import_user(ADA)

        assert not refused.value.uncertain


async def test_no_secret_shows() -> None:
    """Client secret, token and password show in no error, even if PingOne sends them back."""
    async with stage() as on:
        said = f"{SECRET} tok-1 Pa55.word!"
        detail = {"code": "INVALID_VALUE", "target": "password", "message": said, "innerError": {"claim": said}}
        on.server.on(POST, answer(400, refusal("INVALID_DATA", detail, message=said)))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.import_user(ADA)

        shown = (
            f"{refused.value} {refused.value!r} {refused.value.refusal!r} {refused.value.details} {refused.value.args}"
        )
        assert "*** *** ***" in shown
        assert not [secret for secret in said.split() if secret in shown]


async def test_populations() -> None:
    """A population is created exactly once in the same way, by its name."""
    path = f"/v1/environments/{ENVIRONMENT}/populations"
    page = {"_embedded": {"populations": [{"id": ID, "name": "Staff", "createdAt": "2023-11-14T22:13:20.000Z"}]}}
    async with stage() as on:
        on.server.on(f"POST {path}", dropped, taken("name"))
        on.server.on(f"GET {path}", answer(200, page))
        created = await on.pingone.create_population("Staff", "People")

        assert (created.id, created.ours_by) == (ID, Evidence.LOOKUP)
        assert on.server.bodies[1] == b'{"name":"Staff","description":"People"}'
        assert on.server.asked[0] == f"POST /{WORKER}/as/token"
