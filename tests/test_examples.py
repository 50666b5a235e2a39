"""The examples, and the Python of the tutorials and recipes, do what they say. Each runs as it stands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request

from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.testing.serving import Address, listener, serving
from headway.testing.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*/*.md"))
ON_THE_PAGE = "http://127.0.0.1:4000"


def snippets(page: str) -> list[str]:
    """The Python programs of a page."""
    return PYTHON.findall((ROOT / page).read_text())


@contextlib.asynccontextmanager
async def program(
    *arguments: str | Path, cwd: Path, url: str = "", pass_fds: tuple[int, ...] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends."""
    child = await asyncio.create_subprocess_exec(
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=cwd,
        pass_fds=pass_fds,
        env={**os.environ, "HEADWAY_URL": url},
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def line_of(child: asyncio.subprocess.Process) -> str:
    """The next line it prints."""
    assert child.stdout is not None  # it is a pipe
    async with asyncio.timeout(10):
        return (await child.stdout.readline()).decode().strip()


async def published(server: Address, channel: str) -> list[Mapping[str, Any]]:  # Any: JSON
    """Everything in a channel."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(server.http(f"/api/channels/{channel}/events?since="))
        events: list[Mapping[str, Any]] = answer.json()["events"]
        return events


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


async def test_the_script_publishes_its_progress(server: Address, tmp_path: Path) -> None:
    """publish_from_script.py tells of each file, and of the end."""
    async with program(sys.executable, EXAMPLES / "publish_from_script.py", cwd=tmp_path, url=server.http("")) as child:
        assert await child.wait() == 0

    events = await published(server, "nightly")
    assert [event["type"] for event in events] == ["progress", "progress", "progress", "completion"]
    assert [event["current"] for event in events[:3]] == [1, 2, 3]


async def test_the_reader_goes_on_where_it_stopped(live: Headway, server: Address, tmp_path: Path) -> None:
    """resume.py begins at the beginning; killed and run again, it tells what is new, and nothing twice."""
    run = (sys.executable, EXAMPLES / "resume.py")
    await live.publish("nightly", "one")
    await live.publish("nightly", "two")
    async with program(*run, cwd=tmp_path, url=server.http("")) as child:
        assert [await line_of(child), await line_of(child)] == ["one {}", "two {}"]
        place = tmp_path / "nightly.position"
        await wait_until(lambda: place.exists() and place.read_text().endswith(".2"))
    await live.publish("nightly", "three")
    async with program(*run, cwd=tmp_path, url=server.http("")) as child:
        assert await line_of(child) == "three {}"


async def test_the_application_serves_what_it_publishes(tmp_path: Path) -> None:
    """fastapi_mount.py begins a report, and its channel can be read below /live until its end."""
    with listener() as sock:
        arguments = ("-m", "uvicorn", "--app-dir", EXAMPLES, "--fd", str(sock.fileno()), "fastapi_mount:app")
        async with program(sys.executable, *arguments, cwd=tmp_path, pass_fds=(sock.fileno(),)):
            sock.listen()
            server = Address(sock.getsockname()[1], "/live")
            async with httpx2.AsyncClient(timeout=15) as client:
                begun = await client.post(f"http://127.0.0.1:{server.port}/reports/june")

            assert begun.json() == {"watch": "/live/#channel=report:june"}

            async def over() -> bool:
                events = await published(server, "report:june")
                return bool(events) and events[-1]["type"] == "completion"

            await wait_until(over)


@pytest.mark.node
async def test_the_stock_client_is_told(live: Headway, server: Address, tmp_path: Path) -> None:
    """watch_socketio.mjs prints the state it finds."""
    node, packages = shutil.which("node"), ROOT / "tests" / "peers" / "node_modules"
    if node is None or not packages.is_dir():
        pytest.skip("there is no Node with the packages of tests/peers; `make setup` sees to both")
    # Node looks for packages beside the file.
    (tmp_path / "node_modules").symlink_to(packages)
    shutil.copy(EXAMPLES / "watch_socketio.mjs", tmp_path)
    await live.publish("nightly", "progress", {"current": 1, "total": 3, "file": "a.csv"}, key="progress")
    async with program(node, tmp_path / "watch_socketio.mjs", cwd=tmp_path, url=server.http("")) as child:
        assert [await line_of(child), await line_of(child)] == ["connected", "1 of 3 a.csv"]


async def test_the_script_of_the_tutorial_runs(server: Address, tmp_path: Path) -> None:
    """The program on the page of the first tutorial publishes three steps and the end."""
    (script,) = snippets("docs/tutorials/first-progress.md")
    spelled = script.replace(ON_THE_PAGE, server.http(""))
    async with program(sys.executable, "-c", spelled, cwd=tmp_path) as child:
        assert await child.wait() == 0

    assert [event["type"] for event in await published(server, "nightly")] == ["progress"] * 3 + ["completion"]


async def test_the_application_of_the_recipe_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application on the page about FastAPI starts with its lifespan, and stores what it publishes."""
    monkeypatch.chdir(tmp_path)
    (script,) = snippets("docs/how-to/embed-in-fastapi.md")
    names: dict[str, Any] = {}  # Any: what the page defines
    exec(compile(script, "embed-in-fastapi.md", "exec"), names)
    transport = httpx2.ASGITransport(app=names["app"])
    async with (
        names["lifespan"](names["app"]),
        httpx2.AsyncClient(transport=transport, base_url="http://app") as client,
    ):
        answer = await client.post("/orders/17")
        page = await client.get("/live/api/channels/order:17/events?since=")

    assert [event["position"] for event in page.json()["events"]] == [answer.json()["position"]]


ORDERS = "currency,amount\nEUR,2.5\nUSD,1\nEUR,4\n"


@contextlib.asynccontextmanager
async def orders_taken() -> AsyncIterator[tuple[str, list[tuple[str, Any]]]]:  # Any: JSON
    """Somebody who takes orders, and knows with which key each came."""
    taken: list[tuple[str, Any]] = []
    app = FastAPI()

    @app.post("/orders")
    async def take(request: Request) -> None:
        taken.append((request.headers["Idempotency-Key"], await request.json()))

    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    with listener() as sock:
        serving = asyncio.create_task(server.serve([sock]))
        await wait_until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}", taken
        finally:
            server.should_exit = True
            await serving


async def test_the_jobs_of_the_recipe_run(tmp_path: Path) -> None:
    """The three jobs on the page about jobs do what it says: with a checkpoint, with a transaction, with keys."""
    (tmp_path / "orders.csv").write_text(ORDERS)
    jobs = Jobs()
    for script in snippets("docs/how-to/run-jobs.md"):
        names: dict[str, Any] = {}  # Any: what the page defines
        exec(compile(script, "run-jobs.md", "exec"), names)
        jobs.include(names["jobs"])
    async with Headway(jobs=jobs) as live, orders_taken() as (url, taken):

        async def result(job: str, **arguments: object) -> tuple[object, Mapping[str, int]]:
            id = (await live.submit(job, arguments)).id

            async def over() -> bool:
                return (await live.running.tasks.get(id)).status.terminal

            await wait_until(over)
            state = await live.running.tasks.get(id)
            assert state.error is None
            return state.result, state.progress.counts

        counted = await result("count-orders", file=str(tmp_path / "orders.csv"))
        booked = await result("book", database=str(tmp_path / "books.db"), amounts=[1.5, 2.5])
        sent = await result("send-orders", url=url, orders=[{"id": 1}, {"id": 2}])

    assert counted == ({"total": 6.5}, {"counted": 2, "skipped": 1})
    assert booked == (None, {"booked": 2})
    assert sent == (None, {"sent": 2})
    assert [(key.rpartition("/")[2], order) for key, order in taken] == [("0", {"id": 1}), ("1", {"id": 2})]


@pytest.mark.parametrize("page", [page for page in PAGES if snippets(page)])
def test_every_program_of_a_page_is_python(page: str) -> None:
    """What stands on a page as Python at least compiles."""
    for snippet in snippets(page):
        compile(snippet, page, "exec")
