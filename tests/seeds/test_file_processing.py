"""The worked example of the guide (seed 004): a job that processes files, watched by the guide's own client."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headway.testing.serving import Address, listener
from headway.testing.waiting import wait_until
from tests.cli.harness import Command, run, serve
from tests.seeds.homes import Home
from tests.seeds.producer import Producer

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that nobody can read"),
]

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
CHANNEL = "processing"


class Place:
    """A server that runs the example, and can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        # Known before it starts: the job publishes to this address.
        with listener() as sock:
            self.address = Address(sock.getsockname()[1])
        self.files = folder / "files"
        self.files.mkdir()
        self._data = folder / "data"
        self._life = AsyncExitStack()
        self._server: Command | None = None

    async def start(self) -> None:
        """Run it."""
        settings = {"PYTHONPATH": str(EXAMPLES), "HEADWAY_URL": self.address.http("")}
        serving = serve(self._data, "--jobs", "file_processing", port=self.address.port, settings=settings)
        self._server, _ = await self._life.enter_async_context(serving)

    async def kill(self) -> None:
        """`kill -9`."""
        assert self._server is not None  # it was started
        self._server.kill()
        await self._server.ended()

    async def stop(self) -> None:
        """Leave nothing behind."""
        await self._life.aclose()

    async def process(self) -> str:
        """Have the files processed; the task's id."""
        url = ("--url", self.address.http(""))
        begun = await run("task", "run", "process-files", "--arg", f"folder={self.files}", *url)
        assert begun.code == 0, begun.err
        return begun.out.strip()

    async def task(self, id: str) -> Mapping[str, Any]:  # Any: JSON
        """The state of a task."""
        async with httpx2.AsyncClient() as client:
            answer = await client.get(self.address.http(f"/api/tasks/{id}"))
            state: Mapping[str, Any] = answer.json()
            return state

    async def ended(self, id: str) -> Mapping[str, Any]:  # Any: JSON
        """Wait for its end; its last state."""

        async def over() -> bool:
            return (await self.task(id))["ended_at"] is not None

        await wait_until(over, within=30.0)
        return await self.task(id)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """It runs."""
    place = Place(tmp_path)
    await place.start()
    yield place
    await place.stop()


def write(folder: Path, count: int, size: int = 10) -> str:
    """So many files; what `sha256sum` says of them."""
    lines = []
    for number in range(count):
        content = f"{number:04}".encode() * size
        (folder / f"{number:04}.bin").write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {number:04}.bin\n")
    return "".join(lines)


async def test_the_guides_page_is_shown_what_it_knows(place: Place, home: Home) -> None:
    """The guide's client, unchanged, shows percent, time left, file, the failure and the end, as the log has them."""
    sums = write(place.files, 3)
    # A file that nobody can read, whoever runs this test.
    (place.files / "broken.bin").symlink_to("/proc/self/mem")
    producer = Producer(place.address)
    async with home.run("guide", place.address, channel=CHANNEL) as client:
        await producer.followed(CHANNEL)
        state = await place.ended(await place.process())
        await client.heard("shown", text="complete")

        shown = [report["text"] for report in client.told("shown")]
        assert client.events("shown", "message", CHANNEL) == await producer.log(CHANNEL)
    assert shown[0] == "0% … 0000.bin"
    assert shown[-3:] == ["error: broken.bin: Input/output error", "100% done ", "complete"]
    assert (state["status"], state["done"], state["counts"]) == ("completed", 4, {"processed": 3, "failed": 1})
    assert (place.files / "SHA256SUMS").read_text() == sums


async def test_a_killed_server_goes_on_where_it_was(place: Place) -> None:
    """Killed in the middle and started again, the job is done without being asked: each file stands there once, and the
    page was told of each failure and of the end once."""
    for number in range(200):
        (place.files / f"{number:03}.bin").touch()
        os.truncate(place.files / f"{number:03}.bin", 4_000_000)  # takes no room, and some time to read
    (place.files / "000.bin").unlink()
    (place.files / "000.bin").symlink_to("/proc/self/mem")
    id = await place.process()

    async def midway() -> bool:
        return bool((await place.task(id))["done"] >= 20)

    await wait_until(midway)
    await place.kill()
    await place.start()
    state = await place.ended(id)

    types = [event["type"] for event in await Producer(place.address).log(CHANNEL)]
    digest = hashlib.sha256(bytes(4_000_000)).hexdigest()
    assert (state["status"], state["counts"]) == ("completed", {"failed": 1, "processed": 199})
    assert state["attempt"] > 1
    assert (place.files / "SHA256SUMS").read_text() == "".join(f"{digest}  {n:03}.bin\n" for n in range(1, 200))
    assert (types.count("processing_error"), types.count("processing_complete"), types[-1]) == (
        1,
        1,
        "processing_complete",
    )


async def test_a_folder_that_is_not_there_is_told(place: Place) -> None:
    """The task fails with a sentence, and so does the command that follows it."""
    place.files.rmdir()

    url = ("--url", place.address.http(""))
    finished = await run("task", "run", "process-files", "--arg", f"folder={place.files}", "--follow", *url)

    assert finished.code == 1
    assert f"there is no folder {place.files}" in finished.out
