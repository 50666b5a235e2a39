"""The `headway` command as people run it: in a process of its own, heard line by line.

async with command("serve", "--port", "0") as server:     await server.line(), server.interrupt(), await server.ended()
refusal(capsys, "watch")                                  what a call that goes nowhere says, in this process
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from headway.cli import main

__all__ = ["Command", "Finished", "command", "refusal", "run", "serve"]


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a command."""

    code: int
    out: str
    err: str


class Command:
    """A running command."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None  # both are pipes
        assert child.stderr is not None
        self._child = child
        self._out = child.stdout
        self._err = child.stderr

    async def line(self) -> str:
        """The next line of stdout, or an error that holds what the command said instead."""
        line = await self._out.readline()
        if not line:
            raise EOFError((await self._err.read()).decode())
        return line.decode().rstrip("\n")

    async def error_line(self) -> str:
        """The next line of stderr."""
        return (await self._err.readline()).decode().rstrip("\n")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._child.send_signal(signal.SIGINT)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def send(self, number: signal.Signals) -> None:
        """Any signal."""
        self._child.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        self._child.kill()

    async def ended(self) -> Finished:
        """Wait for its end; what was not read is in the answer."""
        out, err = await self._child.communicate()
        assert self._child.returncode is not None  # it has ended
        return Finished(self._child.returncode, out.decode(), err.decode())


@contextlib.asynccontextmanager
async def command(
    *arguments: str, cwd: Path | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Command]:
    """Run `headway` until the block ends; if it still lives then, it is killed. Of all settings only these count."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headway",
        *arguments,
        cwd=cwd,
        env={**inherited, "TZ": "UTC", **(settings or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Command(child)
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> Finished:
    """Run a command that ends before it does anything."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    captured = capsys.readouterr()
    return Finished(code, captured.out, captured.err)


async def run(*arguments: str, stdin: str = "", settings: Mapping[str, str] | None = None) -> Finished:
    """Run a command that ends by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headway",
        *arguments,
        env={**inherited, **(settings or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate(stdin.encode())
    assert child.returncode is not None  # it has ended
    return Finished(child.returncode, out.decode(), err.decode())


@contextlib.asynccontextmanager
async def serve(
    data: Path, *arguments: str, port: int = 0, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Command, str]]:
    """Run `headway serve` until the block ends, from when it listens: the command, and its URL."""
    async with command("serve", "--port", str(port), "--data", str(data), *arguments, settings=settings) as server:
        line = await server.line()
        yield server, line.rpartition(" ")[2]
