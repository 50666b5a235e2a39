"""The server under test: started, watched, stopped.

A suite that has lost its server may still end with exit code 0, so a run counts only if the very process that was
started is still there afterwards and still accepts connections. Nothing else may listen on the port beforehand: it
would be tested in its place.
"""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

# A server that imports an application and opens a log needs a second or two; ten is for a busy machine.
START_TIMEOUT = 10.0
# Longer than a drain window; after it the process is killed.
STOP_TIMEOUT = 10.0
CONNECT_TIMEOUT = 2.0


COMMAND_HELP = "After -- comes the command that starts the server; without it the server must be running already."


class TesteeError(Exception):
    """The server under test could not be started, or the port belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Testee:
    """A server at `host:port`; `process` is None when somebody else started it."""

    host: str
    port: int
    process: subprocess.Popen[bytes] | None

    def alive(self) -> bool:
        """Whether the process still runs, as far as it is ours, and a new connection is accepted."""
        running = self.process is None or self.process.poll() is None
        return running and _accepts(self.host, self.port)


def split_command(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a driver's arguments at the first `--` into its own and the command that starts the server."""
    if "--" not in arguments:
        return list(arguments), []
    border = arguments.index("--")
    return list(arguments[:border]), list(arguments[border + 1 :])


@contextmanager
def testee(host: str, port: int, command: Sequence[str]) -> Iterator[Testee]:
    """Start `command`, wait until it listens, stop it at the end. An empty command means: it is already listening."""
    if not command:
        if not _accepts(host, port):
            raise TesteeError(f"nothing listens on {host}:{port}; start the server, or give its command after --")
        yield Testee(host, port, None)
        return
    if _accepts(host, port):
        raise TesteeError(f"{host}:{port} is taken by another process")
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        raise TesteeError(f"the server cannot be started: {error}") from error
    try:
        _wait_until_listening(process, host, port)
        yield Testee(host, port, process)
    finally:
        _stop(process)


def _wait_until_listening(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _accepts(host, port):
        if process.poll() is not None:
            raise TesteeError(
                f"the server ended with exit code {process.returncode} before it listened on {host}:{port}"
            )
        if time.monotonic() > deadline:
            raise TesteeError(f"the server does not listen on {host}:{port} after {START_TIMEOUT:.0f} s")
        time.sleep(0.05)


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT).close()
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
