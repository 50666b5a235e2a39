"""docs/reference/wire.md and http.md say what a server says: each of their examples is played against one.

Epochs and times cannot be the same. The first position of an answer tells which epoch stands for which on the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from headway.server.live import Headway
from headway.testing.serving import Address, serving

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
BLOCK = re.compile(r"^```(text|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EPOCH = re.compile(r"\b([a-z0-9]{12})\.\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ON_THE_PAGE = "http://127.0.0.1:4000"


class Epochs:
    """Which epoch of the server each epoch of the page stands for."""

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def learn(self, page: str, real: str) -> None:
        """Hold two texts that should say the same side by side."""
        for ours, theirs in zip(EPOCH.findall(page), EPOCH.findall(real), strict=False):
            self._real.setdefault(ours, theirs)

    def real(self, page: str) -> str:
        """A text of the page as it has to be said to the server, or as the server should say it."""
        for ours, theirs in self._real.items():
            page = page.replace(ours, theirs)
        return page


def timeless(text: str) -> str:
    """The text with one time for all times."""
    return TIME.sub("T", text)


def message(text: str) -> Any:  # Any: JSON
    """A message without what no page can know."""
    return json.loads(timeless(text))


async def play(server: Address, epochs: Epochs, dialogue: str) -> None:
    """Say the client's lines over a WebSocket, and compare the server's."""
    async with connect(server.ws("/ws"), proxy=None) as socket:
        for line in dialogue.splitlines():
            if line.startswith("> "):
                await socket.send(epochs.real(line[2:]))
                continue
            async with asyncio.timeout(5):
                heard = str(await socket.recv())
            epochs.learn(line, heard)

            assert message(heard) == message(epochs.real(line[2:])), line


async def run(server: Address, epochs: Epochs, command: str, output: str) -> None:
    """Run a command, and compare what it prints; one that does not end is ended then."""
    spelled = epochs.real(command).replace(ON_THE_PAGE, server.http(""))
    child = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {spelled}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert child.stdout is not None  # it is a pipe
    printed, wanted = "", output
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while printed.strip() != wanted.strip() and (part := await child.stdout.read(65_536)):
                printed = timeless(printed + part.decode())
                epochs.learn(output, printed)
                wanted = timeless(epochs.real(output))
    if child.returncode is None:
        child.kill()
    await child.communicate()

    assert printed.strip() == wanted.strip(), command


def commands(example: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, each with what it prints."""
    for part in re.split(r"^\$ ", example, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = command[:-1] + more.lstrip("> ")
        yield command, output


@pytest.mark.parametrize("page", ["wire.md", "http.md"])
async def test_the_server_says_what_the_page_says(page: str) -> None:
    """Every example of the page, from the first to the last, on one server that was empty before."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the examples are commands of curl, which this machine does not have")
    epochs = Epochs()
    async with serving(Headway()) as server:
        for match in BLOCK.finditer((REFERENCE / page).read_text()):
            if match[1] == "text":
                await play(server, epochs, match[2])
                continue
            for command, output in commands(match[2]):
                await run(server, epochs, command, output)
