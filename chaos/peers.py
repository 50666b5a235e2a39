"""The stock clients from npm, in one Node process, and what they say noted down.

They know nothing of this program and recover by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chaos.ledger import Fields, Notebook
from chaos.victim import end_with_us
from headway.positions import Position
from headway.testing.network import Network

__all__ = ["KINDS", "Peer", "Peers", "available"]

_PACKAGES: Final = Path(__file__).parents[1] / "tests" / "peers"
_LINE: Final = 16 * 1024 * 1024
"""Longest line read: a gap holds a snapshot."""
_NOTES: Final = 8
"""Of each reader about its connection, to be shown when it stands still."""

KINDS: Final[dict[str, int]] = {
    "stock-socketio": 2,
    "stock-socketio-websocket": 1,
    "stock-socketio-polling": 2,
    "stock-eventsource": 1,
    "stock-eventsource-several": 2,
}
"""Each kind, and how many channels it follows."""


def available() -> bool:
    """Whether there are Node and the packages. `make setup` sees to both."""
    return shutil.which("node") is not None and (_PACKAGES / "node_modules" / "eventsource").exists()


@dataclass(frozen=True, slots=True)
class Peer:
    """One stock client."""

    notebook: Notebook
    network: Network


class Peers:
    """The process."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = {peer.notebook.reader: peer for peer in peers}
        self._child: asyncio.subprocess.Process | None = None
        self.complaints: list[str] = []
        self._notes: dict[str, deque[str]] = {}

    async def run(self) -> None:
        """Follow until cancelled. Raises `RuntimeError` if the process ends by itself."""
        described = [
            {
                "name": name,
                "kind": peer.notebook.kind,
                "port": peer.network.address.port,
                "channels": peer.notebook.channels,
            }
            for name, peer in self._peers.items()
        ]
        self._child = await asyncio.create_subprocess_exec(
            *(
                "node",
                str(Path(__file__).with_name("peers.mjs")),
                str(_PACKAGES),
                msgspec.json.encode(described).decode(),
            ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE,
            start_new_session=True,
            preexec_fn=end_with_us,
        )
        try:
            assert self._child.stdout is not None  # it is a pipe
            while line := await self._child.stdout.readline():
                self._note(msgspec.json.decode(line))
            raise RuntimeError(f"the stock clients ended with status {await self._child.wait()}")
        finally:
            await self._end()

    async def _end(self) -> None:
        assert self._child is not None  # asked where there is one
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        await self._child.wait()

    def notes(self, reader: str) -> list[str]:
        """What a reader last said about its connection."""
        return list(self._notes.get(reader, ()))

    def _note(self, said: Fields) -> None:
        notebook = self._peers[said["reader"]].notebook
        match said["what"]:
            case "took":
                notebook.took(said["fields"])
            case "began":
                answer, channel = said["answer"], said["channel"]
                since = notebook.since(channel)
                if since is None or not answer["recovered"]:
                    at = Position.parse(answer["position"])
                    notebook.began(channel, since, at, snapshot=None if since else answer.get("snapshot"))
            case "reconnects":
                notebook.reconnects += 1
            case "unrecovered":
                notebook.unrecovered += 1
            case "note":
                self._notes.setdefault(said["reader"], deque(maxlen=_NOTES)).append(said["text"])
            case _:
                self.complaints.append(f"{said['reader']}: {said.get('text')}")
