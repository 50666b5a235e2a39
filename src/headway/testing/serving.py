"""Real servers for tests: in the running loop on a free loopback port, or in a process of their own.

    async with serving(Headway(), Kind.FAST) as server:      connect to server.http("/api/health"), server.ws("/ws")
    async with process(folder) as server:                    server.terminate(), server.kill(), await server.ended()

The kinds are the ways Headway is served in the world; whatever holds on one must hold on all. A process gets its
settings from the environment, as in production, and prints its port as its first line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from headway.server.live import Headway
from headway.server.serving import Server, configure, run
from headway.server.settings import Settings

__all__ = ["Address", "Kind", "Process", "listener", "process", "serving"]


class Kind(Enum):
    """How a Headway is served."""

    FAST = "fast"
    """By its own server, whose protocols let go of connections."""
    PLAIN = "plain"
    """By its own server on uvicorn's unchanged protocols: what any ASGI server gives."""
    MOUNTED = "mounted"
    """Inside somebody's FastAPI application under /live, on a uvicorn as it comes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is found."""

    port: int
    root: str = ""
    """Path below which it is mounted."""
    host: str = "127.0.0.1"

    def http(self, path: str) -> str:
        """The URL of a path."""
        return f"http://{self.host}:{self.port}{self.root}{path}"

    def ws(self, path: str) -> str:
        """The WebSocket URL of a path."""
        return f"ws://{self.host}:{self.port}{self.root}{path}"

    def through(self, port: int) -> Address:
        """The same server behind a relay on another port."""
        return Address(port, self.root, self.host)


class _TestServer(Server):
    """The server, except that it ends at once when asked, and leaves the signals of the test's process alone."""

    def __init__(self, config: uvicorn.Config, live: Headway) -> None:
        self.up = asyncio.Event()
        self.stopping = asyncio.Event()
        super().__init__(config, live, self.up.set)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As the server's own, without uvicorn's pauses of a tenth of a second: a suite ends a thousand servers.
        for server in self.servers:
            server.close()
        await self._live.drain(0.0)
        self._live.cut()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listener(port: int = 0, *, send_buffer: int | None = None) -> socket.socket:
    """A listening socket on loopback. A small send buffer makes a reader that stalls felt after kilobytes, not
    megabytes."""
    # Of a socket that does not say TCP asyncio does not send small writes at once: each second one waits 40 ms.
    sock = socket.socket(proto=socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if send_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    sock.bind(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


@contextlib.asynccontextmanager
async def serving(
    live: Headway, kind: Kind = Kind.FAST, *, port: int = 0, send_buffer: int | None = None
) -> AsyncIterator[Address]:
    """Serve in this loop until the block ends; then drain, stop and close it. A port of 0 takes a free one."""
    sock = listener(port, send_buffer=send_buffer)
    server = _TestServer(_config(live, kind), live)
    # The log is open before anybody can ask, as `headway serve` does it.
    await live.start()
    running = asyncio.create_task(server.serve([sock]), name=f"server on {sock.getsockname()[1]}")
    up = asyncio.create_task(server.up.wait())
    try:
        await asyncio.wait({running, up}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield Address(sock.getsockname()[1], "/live" if kind is Kind.MOUNTED else "")
    finally:
        up.cancel()
        server.stopping.set()
        await running
        await live.close()


def _config(live: Headway, kind: Kind) -> uvicorn.Config:
    match kind:
        case Kind.FAST:
            return configure(live, Settings(data=None), live.limits, lifespan="off")
        case Kind.PLAIN:
            return configure(live, Settings(data=None), live.limits, fast=False, lifespan="off")
        case Kind.MOUNTED:
            app = FastAPI()
            app.mount("/live", live)
            # log_config: uvicorn would set up the logging of the whole process, which belongs to the test runner.
            return uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)


class Process:
    """A server in a process of its own."""

    def __init__(self, child: asyncio.subprocess.Process, address: Address) -> None:
        self._child = child
        self.address = address

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def terminate(self) -> None:
        """Ask it to end, as an orchestrator does (SIGTERM)."""
        self._child.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it in the middle of whatever it does (SIGKILL)."""
        self._child.kill()

    async def ended(self) -> int:
        """Wait for its end and return the exit status; minus the signal where it was killed. Cancel freely."""
        return await self._child.wait()


@contextlib.asynccontextmanager
async def process(data: Path, *, port: int = 0, settings: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """Serve in another process, on uvloop where that is installed, until the block ends; it is killed if it still lives
    then.

    `settings` are names and values as in the environment, without the prefix: `{"SECRET": "…"}`.
    """
    chosen = {"PORT": str(port), "DATA": str(data), **(settings or {})}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headway.testing.serving",
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {f"HEADWAY_{name}": value for name, value in chosen.items()},
    )
    try:
        assert child.stdout is not None  # it is a pipe
        line = await child.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with status {await child.wait()} before it listened")
        yield Process(child, Address(int(line)))
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


def _serve_here() -> None:
    def started(server: Any) -> None:  # Any: see `Server`; only its port matters
        print(server.port, flush=True)

    run(Settings(), started)


if __name__ == "__main__":
    _serve_here()
