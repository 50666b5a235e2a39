"""Applications on a server: their routes, roles, bodies, figures, jobs and lives."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import jwt
import msgspec
import pytest

from headway.access.identity import Role
from headway.apps.interface import Answer, Context, Figure, Request, Route, json_answer
from headway.errors import Conflict, UsageError
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.tasks.work import Work
from headway.testing.readers.http import fetch
from headway.testing.serving import Address, serving

SECRET = "0123456789abcdef0123456789abcdef"


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    wish: str


class Well:
    """An application that shows everything an application can do."""

    name = "well"

    def __init__(self, *, fails: bool = False) -> None:
        self.jobs = Jobs()
        self.routes: Sequence[Route] = (
            Route("GET", "/api/well/{one}/{two}", self.named, summary="What the path names"),
            Route("POST", "/api/well", self.wish, needs=Role.OPERATOR, summary="Wish", body=Wish),
            Route("PUT", "/api/well", self.fill, takes="application/octet-stream", summary="Fill"),
            Route("GET", "/api/well", self.drain, needs=None, summary="Drain", query={"depth": "How deep"}),
            Route("DELETE", "/api/well", self.refuse, summary="Never"),
        )
        self.lives: list[str] = []
        self._fails = fails
        self.context: Context

        @self.jobs.job("draw")
        async def draw(work: Work) -> None:
            await work.publish("drawn", {"litres": 3}, once="first")
            await work.publish("drawn", {"litres": 4}, once="first")
            await work.publish("level", {"metres": 1}, key="level", channel="wells")

    async def start(self, context: Context) -> None:
        self.context = context
        self.lives.append("started")
        if self._fails:
            raise UsageError("the well is dry")

    async def close(self) -> None:
        self.lives.append("closed")

    def figures(self) -> Iterable[Figure]:
        return [Figure("well_depth_metres", "How deep it is.", "gauge", [({"well": "old"}, 12.5)])]

    async def named(self, request: Request) -> Answer:
        return json_answer({"named": dict(request.parameters), "by": request.identity.user})

    async def wish(self, request: Request) -> Answer:
        wish = await request.body.json(Wish)
        self.context.note("wished", user=request.identity.user, target=wish.wish, address=request.address)
        return json_answer(wish, 201)

    async def fill(self, request: Request) -> Answer:
        size = 0
        async for piece in request.body.chunks(1_000_000):
            size += len(piece)
        return json_answer({"size": size})

    async def drain(self, request: Request) -> Answer:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(int(request.first("depth") or 1)):
                yield b"drop\n"

        return Answer(pieces(), type="text/plain", headers={"content-disposition": "attachment"})

    async def refuse(self, request: Request) -> Answer:
        raise Conflict("a well is not deleted", details={"well": True})


@pytest.fixture
def well() -> Well:
    """An application."""
    return Well()


@pytest.fixture
async def server(well: Well, tmp_path: Path) -> AsyncIterator[Address]:
    """A server that hosts it."""
    async with serving(Headway(tmp_path, apps=[well])) as address:
        yield address


async def test_a_path_names_things_piece_by_piece(server: Address) -> None:
    """Each is decoded by itself, so that a name may hold a slash."""
    answer = await fetch(server, "GET", "/api/well/a%2Fb/%C3%A9")

    assert answer.json() == {"named": {"one": "a/b", "two": "é"}, "by": None}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_name_that_is_not_utf8_is_refused(server: Address) -> None:
    """It is the caller's mistake."""
    assert (await fetch(server, "GET", "/api/well/%FF/b")).status == 400


async def test_a_method_that_is_not_there_is_said(server: Address) -> None:
    """The answer names those that are."""
    answer = await fetch(server, "PATCH", "/api/well")

    assert answer.status == 405
    assert set(answer.json()["error"]["details"]["allow"]) == {"GET", "POST", "PUT", "DELETE"}


async def test_a_body_is_checked_by_its_shape(server: Address) -> None:
    """What is wrong is named; nothing else reaches the handler."""
    good = await fetch(server, "POST", "/api/well", body=b'{"wish": "rain"}')
    bad = await fetch(server, "POST", "/api/well", body=b'{"wish": 3}')
    worse = await fetch(server, "POST", "/api/well", body=b"{")

    assert (good.status, good.json()) == (201, {"wish": "rain"})
    assert (bad.status, worse.status) == (400, 400)
    assert "wish" in bad.json()["error"]["message"]


async def test_a_large_body_comes_in_pieces_up_to_its_bound(server: Address) -> None:
    """Nobody holds it; beyond the bound it is refused."""
    fits = await fetch(server, "PUT", "/api/well", body=b"x" * 1_000_000)
    over = await fetch(server, "PUT", "/api/well", body=b"x" * 1_000_001)

    assert (fits.status, fits.json()) == (200, {"size": 1_000_000})
    assert over.status == 413


async def test_an_answer_may_come_in_pieces(server: Address) -> None:
    """A HEAD has the same head and nothing more."""
    whole = await fetch(server, "GET", "/api/well?depth=3")
    head = await fetch(server, "HEAD", "/api/well?depth=3")

    assert whole.body == b"drop\ndrop\ndrop\n"
    assert whole.headers["content-type"] == head.headers["content-type"] == "text/plain"
    assert head.body == b""


async def test_a_refusal_has_the_shape_of_all_errors(server: Address) -> None:
    """With the status of its code."""
    answer = await fetch(server, "DELETE", "/api/well")

    assert answer.status == 409
    assert answer.json()["error"] == {"code": "conflict", "message": "a well is not deleted", "details": {"well": True}}


async def test_who_may_not_does_not_reach_the_handler(well: Well) -> None:
    """Roles are asked before anything else; an operation for everybody asks for no token."""

    def token(role: str) -> dict[str, str]:
        return {"Authorization": "Bearer " + jwt.encode({"sub": "ada", "role": role, "exp": 4e9}, SECRET, "HS256")}

    async with serving(Headway(secret=SECRET, apps=[well])) as address:
        nobody = await fetch(address, "POST", "/api/well", body=b'{"wish": "rain"}')
        viewer = await fetch(address, "POST", "/api/well", body=b'{"wish": "rain"}', headers=token("viewer"))
        operator = await fetch(address, "POST", "/api/well", body=b'{"wish": "rain"}', headers=token("operator"))
        everybody = await fetch(address, "GET", "/api/well")

    assert [nobody.status, viewer.status, operator.status, everybody.status] == [401, 403, 201, 200]


async def test_a_share_link_leads_nowhere_else(well: Well) -> None:
    """Who may watch one channel does not read an application's records."""
    claims = {"sub": "ada", "role": "admin", "channels": ["*"], "exp": 4e9}
    admin = {"Authorization": "Bearer " + jwt.encode(claims, SECRET, "HS256")}
    async with serving(Headway(secret=SECRET, apps=[well])) as address:
        made = await fetch(address, "POST", "/api/shares", body=b'{"channel": "run:7"}', headers=admin)
        link = {"Authorization": f"Bearer {made.json()['token']}"}

        assert (await fetch(address, "GET", "/api/channels/run:7", headers=link)).status == 200
        assert (await fetch(address, "GET", "/api/well/a/b", headers=link)).status == 403


async def test_what_somebody_did_is_in_the_audit_trail(server: Address) -> None:
    """With the application's own word for it."""
    await fetch(server, "POST", "/api/well", body=b'{"wish": "rain"}')
    entries = (await fetch(server, "GET", "/api/audit?wait=5&since=")).json()["events"]

    assert [(entry["action"], entry["what"], entry["target"]) for entry in entries] == [("did", "wished", "rain")]


async def test_its_operations_are_documented(server: Address) -> None:
    """Beside the server's own, with who may and what is taken."""
    document = (await fetch(server, "GET", "/openapi.json")).json()
    operation = document["paths"]["/api/well"]["post"]

    assert operation["summary"] == "Wish"
    assert "operator" in operation["description"]
    assert document["components"]["schemas"]["Wish"]["required"] == ["wish"]
    assert [one["name"] for one in document["paths"]["/api/well/{one}/{two}"]["get"]["parameters"]] == ["one", "two"]


async def test_its_figures_are_among_the_servers(server: Address) -> None:
    """As monitoring reads them."""
    assert 'well_depth_metres{well="old"} 12.5' in (await fetch(server, "GET", "/metrics")).body.decode()


async def test_whoever_asks_who_they_are_learns_what_is_hosted(server: Address) -> None:
    """So that a page shows what there is."""
    assert (await fetch(server, "GET", "/api/me")).json()["apps"] == ["well"]


async def test_its_jobs_publish_events_of_their_own(well: Well, server: Address) -> None:
    """Once for each step, to the task's channel or another."""
    state = await well.context.tasks.submit("draw")
    events: list[dict[str, object]] = []
    while not any(event["type"] == "task_completed" for event in events):
        page = await fetch(server, "GET", f"/api/channels/{state.channel}/events?since=&wait=5")
        events = page.json()["events"]
    wells = (await fetch(server, "GET", "/api/channels/wells/events?since=")).json()["events"]

    assert [event["litres"] for event in events if event["type"] == "drawn"] == [3]
    assert [event["metres"] for event in wells] == [1]


async def test_its_folder_is_its_own(well: Well, server: Address) -> None:
    """Nobody else on the machine reads it."""
    assert well.context.folder.name == "well"
    assert stat.S_IMODE(well.context.folder.stat().st_mode) == 0o700


async def test_it_is_closed_with_the_server(well: Well) -> None:
    """Also one in memory, whose folder is gone then."""
    async with Headway(apps=[well]):
        folder = well.context.folder
        assert folder.is_dir()

    assert well.lives == ["started", "closed"]
    assert not folder.exists()


async def test_a_server_whose_application_cannot_start_does_not_start() -> None:
    """It says why, and leaves nothing open."""
    well = Well(fails=True)

    with pytest.raises(UsageError, match="dry"):
        await Headway(apps=[well]).start()

    assert well.lives == ["started", "closed"]
