"""A server in a process of its own, clients in Node and in a Chromium, and a gateway between them."""

from __future__ import annotations

import functools
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from headway.testing.serving import Address
from tests.seeds.gateway import Gateway
from tests.seeds.homes import PEERS, Chromium, Home, Node, chromium
from tests.seeds.producer import Producer

SECRET = "the secret of this test's server, long enough for HS256"


def signed(**claims: Any) -> str:  # Any: JSON values
    """A token of that server that allows to watch, and what else is claimed."""
    return jwt.encode({"sub": "anna", "exp": time.time() + 3600, **claims}, SECRET, algorithm="HS256")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # Any: as the standard library has it
        pass


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Address]:
    """A web server of another origin that serves the pages of the clients."""
    handler = functools.partial(_Quiet, directory=str(PEERS))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Address(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, elsewhere: Address) -> Iterator[Address]:
    """A server that everybody may use, over a durable log."""
    folder = tmp_path_factory.mktemp("open")
    yield from _served(folder, {"ORIGINS": json.dumps([elsewhere.http("")])})


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server that wants a token."""
    yield from _served(tmp_path_factory.mktemp("guarded"), {"SECRET": SECRET})


def _served(folder: Path, settings: Mapping[str, str]) -> Iterator[Address]:
    chosen = {"PORT": "0", "DATA": str(folder), **settings}
    with subprocess.Popen(
        [sys.executable, "-m", "headway.testing.serving"],
        stdout=subprocess.PIPE,
        env=os.environ | {f"HEADWAY_{name}": value for name, value in chosen.items()},
    ) as child:
        assert child.stdout is not None  # it is a pipe
        yield Address(int(child.stdout.readline()))
        child.terminate()


@pytest.fixture
def producer(server: Address) -> Producer:
    """Somebody who publishes to the open server."""
    return Producer(server)


@pytest.fixture
async def gateway(server: Address) -> AsyncIterator[Gateway]:
    """A gateway before the open server."""
    async with Gateway(server) as standing:
        yield standing


@pytest.fixture
def channel() -> str:
    """An id that no other test uses."""
    return secrets.token_hex(8)


@pytest.fixture
def node() -> Node:
    """Clients in Node."""
    return Node()


@pytest.fixture(scope="session")
def page() -> Iterator[Chromium]:
    """Clients in a Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(params=[pytest.param("node", marks=pytest.mark.node), pytest.param("page", marks=pytest.mark.browser)])
def home(request: pytest.FixtureRequest) -> Home:
    """Clients in Node, and the same in a Chromium."""
    chosen: Home = request.getfixturevalue(request.param)
    return chosen
