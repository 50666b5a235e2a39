"""The client for scripts without a loop, against a server in a process of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from headway.client import Event
from headway.client.sync import connect
from headway.errors import Closed, UsageError
from headway.server.live import Headway
from headway.testing.serving import listener, serving
from tests.client.harness import QUICK

Result = TypeVar("Result")


async def aside(script: Callable[[], Result]) -> Result:
    """Run a script beside the server of this loop."""
    return await asyncio.get_running_loop().run_in_executor(None, script)


async def test_a_script_publishes_and_reads() -> None:
    """Publishing returns the position, a loop is told every event, and a break leaves nothing behind."""
    async with serving(Headway()) as address:

        def script() -> tuple[list[int], str | None]:
            with connect(address.http(""), pace=QUICK) as client:
                position = client.publish("run", "step", {"percent": 1}, key="progress")
                for _ in range(4):
                    client.publish("run", "step")
                offsets: list[int] = []
                with client.channel("run", since="") as channel:
                    for told in channel:
                        assert isinstance(told, Event)
                        offsets.append(told.offset)
                        if told.offset == 1:
                            assert channel.position == position
                        if told.offset == 5:
                            break
                    assert list(channel.state) == ["progress"]
                return offsets, client.transport

        offsets, transport = await aside(script)

    assert (offsets, transport) == ([1, 2, 3, 4, 5], "websocket")
    assert not any(thread.name == "headway client" for thread in threading.enumerate())


async def test_closing_ends_a_loop_in_another_thread() -> None:
    """A loop that waits ends when the client is closed."""
    async with serving(Headway()) as address:

        def script() -> list[object]:
            with connect(address.http(""), pace=QUICK) as client:
                channel = client.channel("run")
                told: list[object] = []
                thread = threading.Thread(target=lambda: told.extend(channel))
                thread.start()
            thread.join()
            return told

        assert await aside(script) == []


def test_a_client_that_is_not_open_says_so() -> None:
    """The error says how to open it."""
    client = connect("http://127.0.0.1:1")

    with pytest.raises(UsageError, match="with connect"):
        client.publish("run", "step")


def test_a_publication_that_waits_ends_with_the_client() -> None:
    """What was not stored is raised where it was said."""
    with listener() as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    raised: list[BaseException] = []
    with connect(url, pace=QUICK) as client:

        def publish() -> None:
            try:
                client.publish("run", "step", patience=None)
            except Closed as error:
                raised.append(error)

        waiting = threading.Thread(target=publish)
        waiting.start()
        while not client.queued:
            pass
    waiting.join()

    assert len(raised) == 1


@pytest.mark.slow
async def test_ctrl_c_ends_a_script(tmp_path: Path) -> None:
    """An interrupt in a loop that waits ends the script at once, with the traceback of the loop and nothing else."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from headway.client.sync import connect\n"
        "try:\n"
        "    with connect(sys.argv[1]) as client:\n"
        "        for told in client.channel('run', since=''):\n"
        "            print(told.type, flush=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    live = Headway()
    async with serving(live) as address:
        await live.publish("run", "step")
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, script, address.http("")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        assert await child.stdout.readline() == b"step\n"
        child.send_signal(signal.SIGINT)
        out, err = await child.communicate()

    assert (child.returncode, out, err) == (0, b"interrupted\n", b"")
