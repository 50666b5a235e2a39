"""The web import tools' own routes: begun, watched by stock clients, answered, cancelled."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp
import jwt
import pytest
import socketio

from headway.testing.waiting import wait_until
from tests.apps.imports.office import Json, Office, csv, elsewhere, office, row

SECRET = "0123456789abcdef0123456789abcdef"
TOOLS_WORDS = ("progress", "completion", "error")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path) as made:
        yield made


async def send(at: Office, path: str, content: bytes | None, **fields: str) -> tuple[int, Json]:
    """A form, as the tools send it."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    if content is not None:
        form.add_field("file", content, filename="users.csv", content_type="text/csv")
    return await at.ask("POST", path, data=form)


async def started(at: Office, rows: Sequence[Mapping[str, str]], **fields: str) -> str:
    """An import that was begun; its session."""
    columns = tuple(rows[0])
    status, body = await send(at, "/api/import", csv(rows, columns), **fields)
    assert status == 201, body
    assert body["success"] is True
    assert body["total"] == len(rows)
    return str(body["sessionId"])


async def ended(at: Office, session: str) -> Json:
    """The import in the words of the tools, when it has ended."""
    await at.ended(session.removeprefix("task:"))
    return await at.get(f"/api/import/status?sessionId={session}")


async def asking(at: Office, count: int) -> tuple[str, str]:
    """An import that waits for an answer, and the population that was chosen: the file names another one."""
    (first, second, *_) = (await at.get("/api/pingone/populations"))["populations"]
    rows = [row(number) | {"population": second["name"]} for number in range(count)]
    session = await started(at, rows, populationId=first["id"], populationName=first["name"])
    await held(at, session)
    return session, first["id"]


async def held(at: Office, session: str) -> None:
    """Wait until a run holds still."""
    since = ""
    while (await at.get(f"/api/imports/runs/{session.removeprefix('task:')}"))["status"] != "paused":
        since = (await at.get(f"/api/channels/{session}/events?since={since}&wait=5"))["position"]


async def test_an_import_by_one_form(at: Office) -> None:
    """The file and nothing else: the mapping is the proposed one, and the status adds up."""
    session = await started(at, [row(number) for number in range(12)] + [row(99, email="nobody")])
    status = await ended(at, session)

    assert session.startswith("task:")
    assert {"isRunning": False, "status": "completed", "total": 13, "current": 13, "progress": 100}.items() <= (
        status.items()
    )
    assert status["counts"] == {
        "created": 12,
        "updated": 0,
        "skipped": 0,
        "failed": 1,
        "not_attempted": 0,
        "succeeded": 12,
    }
    assert len(await at.users()) == 12


async def test_only_validated(at: Office) -> None:
    """`validateOnly` counts and writes nothing."""
    session = await started(at, [row(1), row(2)], validateOnly="true", populationId="")
    status = await ended(at, session)

    assert (status["dryRun"], status["counts"]["created"], await at.users()) == (True, 2, [])


async def test_the_policy_of_the_form(at: Office) -> None:
    """What to do with who is there."""
    await ended(at, await started(at, [row(1)]))
    status = await ended(at, await started(at, [row(1, **{"first name": "Grace"})], policy="update"))

    assert status["counts"]["updated"] == 1


async def test_stock_clients_of_every_kind_see_the_same_import(at: Office) -> None:
    """Socket.IO, a raw WebSocket, an event stream and a poller are all told of progress and how it ended."""
    session, _ = await asking(at, 60)
    heard: dict[str, list[Json]] = {"socketio": [], "websocket": [], "stream": []}
    client = socketio.AsyncClient()
    for word in TOOLS_WORDS:
        client.on(word, lambda data: heard["socketio"].append(data))
    await client.connect(at.address.http(""))
    await client.emit("registerSession", session)
    async with (
        at.http.ws_connect(at.address.http("/")) as socket,
        at.http.get(
            at.address.http(f"/api/import/progress/{session}"), headers={"Accept": "text/event-stream"}
        ) as stream,
    ):
        await socket.send_json({"sessionId": session})
        # Who is shown what the run asks follows it.
        listening = [
            asyncio.create_task(read_socket(socket, heard["websocket"])),
            asyncio.create_task(read_stream(stream, heard["stream"])),
        ]
        await followed(at, session, 3)
        await at.ask("POST", "/api/import/resolve-conflict", {"sessionId": session, "useCsvPopulation": True})
        polled = await poll(at, session)
        await asyncio.gather(*listening)
        await wait_until(lambda: any(one["type"] == "completion" for one in heard["socketio"]))
        await client.disconnect()

    log = [event for event in await at.events(session.removeprefix("task:")) if event["type"] in TOOLS_WORDS]
    for told in heard.values():
        seen = [event for event in told if event["type"] in TOOLS_WORDS]
        assert [event["type"] for event in seen][-2:] == ["progress", "completion"]
        assert all(event in log for event in seen)
        assert (seen[-1]["created"], seen[-2]["status"], seen[-2]["current"]) == (60, "completed", 60)
        assert {"current", "total", "message", "counts", "status"} <= seen[-2].keys()
    assert {event["type"] for event in polled} <= {"population_conflict", "progress", "completion"}
    assert polled[-1] == log[-1]


async def followed(at: Office, session: str, count: int) -> None:
    """Wait until so many follow a channel."""

    async def readers() -> bool:
        return bool((await at.get(f"/api/channels/{session}"))["readers"] >= count)

    async with asyncio.timeout(10):
        while not await readers():
            pass


async def read_socket(socket: aiohttp.ClientWebSocketResponse, heard: list[Json]) -> None:
    """Every message up to the end of the import."""
    while not heard or heard[-1]["type"] != "completion":
        heard.append(await socket.receive_json())


async def read_stream(stream: aiohttp.ClientResponse, heard: list[Json]) -> None:
    """Every event up to the end of the import."""
    async for line in stream.content:
        if line.startswith(b"data:"):
            heard.append(json.loads(line[5:]))
        if heard and heard[-1]["type"] == "completion":
            return


async def poll(at: Office, session: str) -> list[Json]:
    """What a poller is answered until the import has ended."""
    seen: list[Json] = []
    while not seen or seen[-1].get("type") != "completion":
        seen.append(await at.get(f"/api/import/progress/{session}"))
    return seen


async def test_a_conflict_of_populations_is_resolved(at: Office) -> None:
    """The import holds still until somebody says which one wins; the chosen one, here."""
    session, chosen = await asking(at, 3)
    status, refused = await at.ask(
        "POST", "/api/import/resolve-invalid-population", {"sessionId": session, "populationId": chosen}
    )
    neither, _ = await at.ask("POST", "/api/import/resolve-conflict", {"sessionId": session})
    answered, _ = await at.ask("POST", "/api/import/resolve-conflict", {"sessionId": session, "useUiPopulation": True})
    shown = await ended(at, session)

    assert (status, neither, answered) == (409, 400, 200), refused
    assert shown["counts"]["created"] == 3
    users = {one["id"]: one["userCount"] for one in (await at.get("/api/pingone/populations"))["populations"]}
    assert users[chosen] == 3


async def test_a_population_that_there_is_not_is_resolved(at: Office) -> None:
    """The file names one that nobody knows: the import asks, and goes on with the answer."""
    session = await started(at, [row(1) | {"population": "Nowhere"}])
    await held(at, session)
    (chosen, *_) = (await at.get("/api/pingone/populations"))["populations"]
    empty, _ = await at.ask("POST", "/api/import/resolve-invalid-population", {"sessionId": session})
    body = {"sessionId": session.removeprefix("task:"), "selectedPopulationId": chosen["id"]}
    await at.ask("POST", "/api/import/resolve-invalid-population", body)

    assert empty == 400
    assert (await ended(at, session))["counts"]["created"] == 1


async def test_an_import_is_cancelled_by_its_session(at: Office) -> None:
    """With or without what makes it a channel; what has ended cannot be cancelled."""
    session, _ = await asking(at, 3)
    status, body = await at.ask("POST", "/api/import/cancel", {"sessionId": session.removeprefix("task:")})
    shown = await ended(at, session)
    again, refused = await at.ask("POST", "/api/import/cancel", {"sessionId": session})

    assert (status, body["success"], shown["status"]) == (200, True, "cancelled")
    assert shown["counts"]["not_attempted"] == 3
    assert (again, refused["success"], refused["error"]["code"]) == (409, False, "illegal_transition")


async def test_beginning_afresh(at: Office) -> None:
    """Refused with the import that goes on; otherwise there is nothing to clear."""
    session, _ = await asking(at, 1)
    busy, refused = await at.ask("DELETE", "/api/import/reset")
    await at.ask("POST", "/api/import/cancel", {"sessionId": session})
    await ended(at, session)
    status, body = await at.ask("DELETE", "/api/import/reset")

    assert (busy, refused["error"]["details"]) == (409, {"sessionIds": [session]})
    assert (status, body["success"]) == (200, True)
    assert len((await at.get("/api/history"))["history"]) == 1


async def test_the_status_of_nothing_and_of_the_newest(at: Office) -> None:
    """Before the first import it says so."""
    before = await at.get("/api/import/status")
    first = await started(at, [row(1)])
    await ended(at, first)
    second = await started(at, [row(2)])
    await ended(at, second)

    assert before == {"success": True, "isRunning": False, "status": "idle"}
    assert (await at.get("/api/import/status"))["sessionId"] == second
    assert [one["sessionId"] for one in (await at.get("/api/history"))["history"]] == [second, first]


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (None, {}, 400),
        (b"\x00\x01\x02binary\xff" * 50, {}, 400),
        (b"a,b\n1,2\n", {}, 400),
        (csv([row(1)]), {"policy": "perhaps"}, 400),
        (csv([row(1)]), {"validateOnly": "perhaps"}, 400),
        (csv([row(1)]), {"target": "nowhere"}, 400),
    ],
    ids=["no file", "binary", "no username", "policy", "boolean", "target"],
)
async def test_what_is_wrong_is_said_twice(
    at: Office, tmp_path: Path, content: bytes | None, fields: dict[str, str], status: int
) -> None:
    """As everywhere, and as the tools read it; and no file is kept."""
    answered, body = await send(at, "/api/import", content, **fields)

    assert (answered, body["success"], body["error"]["code"]) == (status, False, "bad_message")
    assert body["message"] == body["error"]["message"]
    assert list((tmp_path / "imports" / "files").iterdir()) == []


async def test_a_session_that_there_is_not(at: Office) -> None:
    """Not found, on every route that names one; and one has to be named."""
    for path in ("cancel", "resolve-conflict"):
        body = {"sessionId": "task:nobody", "useCsvPopulation": True}
        assert (await at.ask("POST", f"/api/import/{path}", body))[0] == 404
    assert (await at.ask("GET", "/api/import/status?sessionId=nobody"))[0] == 404
    assert (await at.ask("POST", "/api/import/cancel", {}))[0] == 400


async def test_the_target_is_the_one_that_was_added(at: Office) -> None:
    """The sandbox as long as there is no other; of several one has to be named."""
    async with elsewhere() as (sandbox, target):
        await at.ask("POST", "/api/imports/targets", target)
        session = await started(at, [row(1)])
        await ended(at, session)
        tried = await at.ask("POST", "/api/pingone/test-connection")
        token = await at.get("/api/token/status")
        await at.ask("POST", "/api/imports/targets", target | {"name": "Further"})
        several = await send(at, "/api/import", csv([row(2)]))
        named = await started(at, [row(2)], target="elsewhere")
        await ended(at, named)

    assert await at.users() == []
    assert (tried[1]["success"], tried[1]["environment"]["id"]) == (True, sandbox.environment)
    assert (token["hasToken"], "Further" in several[1]["message"]) == (True, True)


async def test_a_target_that_refuses_is_said_to(at: Office) -> None:
    """Whoever tries a connection gets an answer, not an error."""
    async with elsewhere() as (_, target):
        await at.ask("POST", "/api/imports/targets", target | {"secret": "wrong"})
        status, body = await at.ask("POST", "/api/pingone/test-connection", {"target": "Elsewhere"})

    assert (status, body["success"]) == (200, False)
    assert "wrong" not in str(body)


async def test_which_version(at: Office) -> None:
    """As the page's corner shows it."""
    assert (await at.get("/api/version"))["name"] == "Headway"


def token_of(user: str, role: str, channel: str) -> str:
    """A token that holds for as long as a test may take."""
    claims = {"sub": user, "role": role, "channels": [channel], "exp": time.time() + 60}
    return jwt.encode(claims, SECRET, "HS256")


async def test_who_watches_begins_nothing(tmp_path: Path) -> None:
    """The routes that write are for operators; a viewer sees the imports that the token covers."""
    async with office(tmp_path, secret=SECRET) as at:
        at.token = token_of("ada", "operator", "*")
        session = await started(at, [row(1)])
        await ended(at, session)
        at.token = token_of("eve", "viewer", "other")
        begun, _ = await send(at, "/api/import", csv([row(2)]))
        seen = await at.get("/api/import/status")
        hidden, _ = await at.ask("GET", f"/api/import/status?sessionId={session}")

    assert (begun, seen["status"], hidden) == (403, "idle", 404)
