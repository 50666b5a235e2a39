"""The C programs: built once, and one call of the load generator as a function."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from bench.places import BUILD, HERE, LOAD_CORE, SERVER_CORE
from bench.processes import Running, Unavailable, pinned

FRAME_BYTES: Final = 260
"""What one delivery of one event weighs on the wire, on every system."""

Figures = dict[str, float]
"""One line of the load generator: every number it printed."""


class LoadFailed(Exception):
    """Something was lost, out of order or late; the text is the load generator's."""


class Transport(StrEnum):
    """The load generator's names of the three wires."""

    WEBSOCKET = "websocket"
    SOCKETIO = "socketio"
    SSE = "sse"


@dataclass(frozen=True, slots=True)
class Wire:
    """How a subscriber asks, and how an event is published."""

    transport: Transport
    path: str
    publish_path: str = "/publish"
    body: str = "%PAD%%SEQ%"
    """One event; `%SEQ%` becomes the mark, `%PAD%` what is missing to `FRAME_BYTES`."""
    subscribe: str = ""
    ready: str = ""
    """What the server's answer to `subscribe` contains; empty if it does not answer."""
    arrays: bool = False
    """Whether one request may publish a JSON array of events."""

    def arguments(self) -> list[str]:
        """The wire as options of the load generator."""
        return [
            f"--transport={self.transport}",
            f"--path={self.path}",
            f"--publish-path={self.publish_path}",
            f"--body={self.body}",
            f"--subscribe={self.subscribe}",
            f"--ready={self.ready}",
        ]


def build() -> None:
    """Compile the floor and the load generator. Raises `Unavailable` where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Unavailable("there is no C compiler (cc); the floor and the load generator are C programs")
    BUILD.mkdir(exist_ok=True)
    _compile(compiler, BUILD / "floor", [HERE / "floor.c"])
    _compile(compiler, BUILD / "load", sorted(HERE.glob("load*.c")))


def _compile(compiler: str, program: Path, sources: list[Path]) -> None:
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(program), *map(str, sources)], check=True)


def load(server: Running, wire: Wire, **options: str | float) -> Figures:
    """Run the load generator on its core against a server. Raises `LoadFailed`."""
    extra = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [str(BUILD / "load"), f"--port={server.port}", f"--pid={server.pid}", f"--server-core={SERVER_CORE}"]
    command += [*wire.arguments(), *extra]
    done = subprocess.run(pinned(LOAD_CORE, command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadFailed(done.stderr.strip().removeprefix("load: ") or f"exit code {done.returncode}")
    figures = json.loads(done.stdout)
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}


def padding(server: Running, wire: Wire) -> int:
    """How much padding makes an event of this system weigh `FRAME_BYTES`, found by sending a few."""
    seen = load(server, wire, clients=1, publishers=1, events=20, seconds=0, pad=100)
    return max(0, round(100 + FRAME_BYTES - seen["bytes_per_event"]))
