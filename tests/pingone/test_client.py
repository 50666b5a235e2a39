"""Users, populations and schema."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from headway.errors import UsageError
from headway.pingone.client import PingOne
from headway.pingone.errors import PingOneError
from headway.pingone.regions import Region
from headway.pingone.token import Credential
from tests.pingone.harness import (
    CLIENT,
    ENVIRONMENT,
    ID,
    POPULATION,
    SECRET,
    USERS,
    WORKER,
    answer,
    dropped,
    found,
    refusal,
    stage,
    user,
)

ROOT = f"/v1/environments/{ENVIRONMENT}"
USER = f"{USERS}/{ID}"


async def test_reading() -> None:
    """A user has its id, name, time, population, and everything else as it came."""
    async with stage() as on:
        on.server.on(f"GET {USER}", answer(200, user(created=1_700_000_000.5, enabled=False, shoeSize="44")))
        got = await on.pingone.user(ID)

        assert (got.id, got.username, got.enabled, got.population_id) == (ID, "ada", False, POPULATION)
        assert got.created_at is not None
        assert got.created_at.timestamp() == 1_700_000_000.5
        assert got.attributes["shoeSize"] == "44"
        assert "ada" not in repr(got)


async def test_by_name() -> None:
    """A user is found by its name, quoted, whatever its case; nobody is None."""
    async with stage() as on:
        on.server.on(f"GET {USERS}", answer(200, found(user('A"da'))), answer(200, found()))
        got = await on.pingone.user_named('a"da')

        assert got is not None
        assert on.server.requests[1].query["filter"] == 'username eq "a\\"da"'
        assert await on.pingone.user_named("ada") is None


async def test_changing() -> None:
    """Changes go out as they are given: null clears."""
    async with stage() as on:
        on.server.on(f"PATCH {USER}", answer(200, user()))
        await on.pingone.patch_user(ID, {"title": None, "name": {"given": "A"}})

        assert json.loads(on.server.bodies[1]) == {"title": None, "name": {"given": "A"}}


async def test_enabling_and_moving() -> None:
    """What PATCH cannot change has addresses of its own."""
    async with stage() as on:
        on.server.on(f"PUT {USER}/enabled", answer(200, {"enabled": False}))
        on.server.on(f"PUT {USER}/population", answer(200, {"id": POPULATION}))
        await on.pingone.set_enabled(ID, False)
        await on.pingone.move_user(ID, POPULATION)

        assert on.server.bodies[1:] == [
            b'{"enabled":false}',
            json.dumps({"id": POPULATION}, separators=(",", ":")).encode(),
        ]


async def test_a_page_does_not_say_that_it_was_done() -> None:
    """A proxy's page in answer to a change is no success."""
    async with stage() as on:
        on.server.on(f"PUT {USER}/enabled", answer(200, "<html>"))
        on.server.on(f"DELETE {USER}", answer(200, "<html>"))
        with pytest.raises(PingOneError, match="not JSON"):
            await on.pingone.set_enabled(ID, False)
        with pytest.raises(PingOneError, match="not JSON"):
            await on.pingone.delete_user(ID)


async def test_passwords() -> None:
    """A password is set in its own media type, answers its state, and shows in no error."""
    async with stage() as on:
        refused = answer(400, refusal("INVALID_DATA", {"code": "INVALID_VALUE", "message": "not Pa55.word!"}))
        on.server.on(f"PUT {USER}/password", answer(200, {"status": "MUST_CHANGE_PASSWORD"}), refused)
        state = await on.pingone.set_password(ID, "Pa55.word!", force_change=True)
        with pytest.raises(PingOneError) as error:
            await on.pingone.set_password(ID, "Pa55.word!")

        assert state == "MUST_CHANGE_PASSWORD"
        assert on.server.requests[1].headers["Content-Type"] == "application/vnd.pingidentity.password.set+json"
        assert json.loads(on.server.bodies[1]) == {"value": "Pa55.word!", "forceChange": True, "bypassPolicy": False}
        assert "Pa55.word!" not in str(error.value)


async def test_deleting() -> None:
    """A deletion is over when it is answered, or when the user is gone after an answer that was lost."""
    gone = answer(404, refusal("NOT_FOUND"))
    async with stage() as on:
        on.server.on(f"DELETE {USER}", web.Response(status=204), dropped, gone)
        await on.pingone.delete_user(ID)
        await on.pingone.delete_user(ID)
        with pytest.raises(PingOneError):
            await on.pingone.delete_user(ID)


async def test_made_a_moment_ago() -> None:
    """What was just made is asked for again while it is not there; what was not is not."""
    gone = answer(404, refusal("NOT_FOUND"))
    async with stage() as on:
        on.server.on(f"GET {USER}", gone, gone, answer(200, user()))
        await on.pingone.user(ID, fresh=True)
        on.server.on(f"GET {USER}", gone)
        with pytest.raises(PingOneError):
            await on.pingone.user(ID, fresh=True)
        assert on.server.count(f"GET {USER}") == 9
        with pytest.raises(PingOneError):
            await on.pingone.user(ID)
        assert on.server.count(f"GET {USER}") == 10


async def test_populations() -> None:
    """All populations are read, page by page."""
    async with stage() as on:
        next = f"{on.server.base}{ROOT}/populations?cursor=b"
        first = {
            "_links": {"next": {"href": next}},
            "_embedded": {"populations": [{"id": "1", "name": "a", "userCount": 7}]},
        }
        second = {"_embedded": {"populations": [{"id": "2", "name": "b", "default": True}]}}
        on.server.on(f"GET {ROOT}/populations", answer(200, first), answer(200, second))
        populations = await on.pingone.populations()

        assert [(each.name, each.user_count, each.default) for each in populations] == [
            ("a", 7, False),
            ("b", None, True),
        ]


async def test_attributes() -> None:
    """The schema of users is found, and its attributes read, custom ones included."""
    custom = {"name": "shoe", "type": "STRING", "schemaType": "CUSTOM", "multiValued": True}
    name = {"name": "name", "type": "COMPLEX", "subAttributes": [{"name": "given", "type": "STRING"}]}
    async with stage() as on:
        on.server.on(f"GET {ROOT}/schemas", answer(200, {"_embedded": {"schemas": [{"id": "s-1"}]}}))
        on.server.on(f"GET {ROOT}/schemas/s-1/attributes", answer(200, {"_embedded": {"attributes": [custom, name]}}))
        shoe, complex = await on.pingone.attributes()

        assert (shoe.schema_type, shoe.multi_valued) == ("CUSTOM", True)
        assert complex.sub_attributes[0].name == "given"


async def test_the_environment() -> None:
    """The environment says whether it is in production, and how many users it has."""
    day = {"date": "2023-11-14", "totalIdentities": 42}
    before = {"date": "2023-11-13", "totalIdentities": 41}
    async with stage() as on:
        on.server.on(f"GET {ROOT}", answer(200, {"id": "e", "name": "E", "type": "PRODUCTION", "license": {"id": "l"}}))
        totals = {"_embedded": {"totalIdentities": [day, before]}, "count": 2}
        on.server.on(f"GET {ROOT}/totalIdentities", answer(200, totals), answer(200, {"count": 9}), answer(200, {}))
        environment = await on.pingone.environment()

        assert environment.production
        assert [await on.pingone.total_identities() for _ in range(3)] == [42, 9, None]
        assert on.server.requests[2].query["filter"] == (
            'startDate eq "2023-11-13T22:13:20Z" and endDate eq "2023-11-14T22:13:20Z"'
        )


async def test_an_environment_that_is_not() -> None:
    """An environment that does not exist is refused as 403, and the sentence says what to check."""
    async with stage() as on:
        on.server.on(f"GET {ROOT}", answer(403, refusal("ACCESS_FAILED", message="You do not have access.")))
        with pytest.raises(PingOneError, match="Check the environment id") as refused:
            await on.pingone.environment()

        assert refused.value.verdict.stops


async def test_ids_from_outside() -> None:
    """An id that could lead elsewhere is refused before anything is sent."""
    async with stage() as on:
        with pytest.raises(UsageError):
            await on.pingone.user("../populations")
        with pytest.raises(UsageError):
            PingOne(Credential(WORKER, CLIENT, SECRET), Region.EU.addresses, "a/b", on.limiters)

        assert on.server.asked == []


async def test_two_clients_share_a_limiter() -> None:
    """Two clients with one credential at one PingOne are held back together."""
    async with stage(rate=20) as on:
        other = PingOne(Credential(WORKER, CLIENT, SECRET), on.addresses, WORKER, on.limiters)
        on.server.on(f"GET {USER}", answer(429, "", Retry_After="5"), answer(200, user()))
        await on.pingone.user(ID)

        assert other.limiter is on.pingone.limiter
        assert other.limiter.state().throttled == 1


async def test_cancelling() -> None:
    """A request that is cancelled ends at once and leaves nothing behind."""
    asked, forever = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        asked.set()
        await forever.wait()
        return answer(200, user())

    async with stage() as on:
        on.server.on(f"GET {USER}", hang)
        reading = asyncio.create_task(on.pingone.user(ID))
        await asked.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        forever.set()


async def test_nothing_before_it_is_open() -> None:
    """A client that was not opened says so."""
    async with stage() as on:
        closed = PingOne(Credential(WORKER, CLIENT, SECRET), on.addresses, ENVIRONMENT, on.limiters)
        with pytest.raises(RuntimeError, match="not open"):
            await closed.user(ID)


async def test_logs_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is logged, by us or by what we stand on, holds a secret."""
    caplog.set_level(0)
    async with stage() as on:
        on.server.on(f"PUT {USER}/password", dropped, answer(500, ""), answer(200, {"status": "OK"}))
        await on.pingone.set_password(ID, "Pa55.word!")
        shown = caplog.text + repr(vars(on.pingone)) + repr(on.pingone)

    assert not [secret for secret in (SECRET, "tok-1", "Pa55.word!") if secret in shown]
