"""Processes of a run: pinned to a core, started in the foreground, always stopped by their own pid."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.places import BUILD, SERVER_CORE

_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0


class Unavailable(Exception):
    """A system cannot be measured on this machine; the text is the reason the report names."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server in the foreground."""

    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections."""

    pid: int
    port: int


Prepare = Callable[[int, Path], Launch]
"""Given a free port and an empty folder, says how to start. Raises `Unavailable`."""


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, kept on one core. `taskset` replaces itself, so the pid stays."""
    return ["taskset", "-c", str(core), *command]


@contextmanager
def serving(prepare: Prepare) -> Iterator[Running]:
    """A server for the length of the block, on the server's core, with a folder that goes when it does.

    The folder lies in the build folder: a system's temporary folder may be memory, where a durable write costs nothing.
    """
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        folder = Path(name)
        port = _free_port()
        launch = prepare(port, folder)
        output = folder / "output.txt"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                pinned(SERVER_CORE, launch.command),
                env={**os.environ, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        try:
            _wait_for_port(process, port, output)
            yield Running(process.pid, port)
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"it ended at once: {_last_words(output)}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable(f"it did not listen within {_START_SECONDS:.0f} s: {_last_words(output)}")


def _last_words(output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
