"""Everybody who is measured: the floor, Headway on three transports, and the others.

Each says how it is started, how it is spoken to, and what it does not do. A system this machine cannot have raises
`Unavailable` with the reason, and the report names it.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import nchan
from bench.centrifugo import centrifugo
from bench.generator import Transport, Wire
from bench.places import BUILD, NODE_MODULES, PEERS, beside_python
from bench.processes import Launch, Prepare, Unavailable


@dataclass(frozen=True, slots=True)
class System:
    """One row of the tables."""

    key: str
    """Its name on the command line."""
    name: str
    prepare: Prepare
    wire: Wire
    durable: bool = False
    """Whether an event stands in a log on disk before anybody sees it."""
    catch_up: Wire | None = None
    """The same wire, asking for everything the log still holds."""


def _floor(port: int, folder: Path) -> Launch:
    return Launch([str(BUILD / "floor"), str(port)])


def _headway(port: int, folder: Path) -> Launch:
    program = Path(sys.executable).parent / "headway"
    if not program.exists():
        raise Unavailable("there is no headway command beside this Python (make setup)")
    data = str(folder / "data")
    return Launch([str(program), "serve", "--host", "127.0.0.1", "--port", str(port), "--data", data])


def _node(script: str, *packages: str) -> Prepare:
    def prepare(port: int, folder: Path) -> Launch:
        node = shutil.which("node") or beside_python("node")
        if node is None:
            raise Unavailable("there is no Node (make setup)")
        for package in packages:
            if not (NODE_MODULES / package).exists():
                raise Unavailable(f"the npm package {package} is not installed (make setup)")
        return Launch([node, str(PEERS / script), str(port)], {"NODE_PATH": str(NODE_MODULES)})

    return prepare


def _python_socketio(port: int, folder: Path) -> Launch:
    for module in ("socketio", "uvicorn", "uvloop", "httptools"):
        if importlib.util.find_spec(module) is None:
            raise Unavailable(f"the Python package {module} is not installed in this environment")
    return Launch([sys.executable, str(PEERS / "socketio_python.py"), str(port)])


_HEADWAY_PUBLISH: Final = "/api/channels/bench/events"
_TICK: Final = '{"type":"tick","data":{"pad":"%PAD%","seq":"%SEQ%"}}'
_SOCKETIO_PATH: Final = "/socket.io/?EIO=4&transport=websocket"
_SOCKETIO_SUBSCRIBE: Final = '42["subscribe",{"channel":"bench"}]'


def _headway_wire(transport: Transport, path: str, subscribe: str = "", ready: str = "") -> Wire:
    return Wire(transport, path, _HEADWAY_PUBLISH, _TICK, subscribe, ready, arrays=True)


_SUBSCRIBED: Final = '"subscribed"'

FLOOR: Final = System("floor", "floor (C)", _floor, Wire(Transport.WEBSOCKET, "/"))

SYSTEMS: Final = (
    System(
        "headway-websocket",
        "Headway WebSocket",
        _headway,
        _headway_wire(Transport.WEBSOCKET, "/ws", '{"type":"subscribe","channel":"bench"}', _SUBSCRIBED),
        durable=True,
        catch_up=_headway_wire(
            Transport.WEBSOCKET, "/ws", '{"type":"subscribe","channel":"bench","since":""}', _SUBSCRIBED
        ),
    ),
    System(
        "headway-socketio",
        "Headway Socket.IO",
        _headway,
        _headway_wire(Transport.SOCKETIO, _SOCKETIO_PATH, _SOCKETIO_SUBSCRIBE),
        durable=True,
        catch_up=_headway_wire(Transport.SOCKETIO, _SOCKETIO_PATH, '42["subscribe",{"channel":"bench","since":""}]'),
    ),
    System(
        "headway-sse",
        "Headway SSE",
        _headway,
        _headway_wire(Transport.SSE, "/api/channels/bench/stream"),
        durable=True,
        catch_up=_headway_wire(Transport.SSE, "/api/channels/bench/stream?since="),
    ),
    System("node-ws", "Node ws", _node("ws_server.js", "ws"), Wire(Transport.WEBSOCKET, "/")),
    System(
        "node-socketio",
        "Node socket.io",
        _node("socketio_server.js", "socket.io"),
        Wire(Transport.SOCKETIO, _SOCKETIO_PATH, body=_TICK, subscribe=_SOCKETIO_SUBSCRIBE),
    ),
    System("nchan-websocket", "Nchan WebSocket", nchan.prepare, Wire(Transport.WEBSOCKET, "/sub")),
    System("nchan-sse", "Nchan SSE", nchan.prepare, Wire(Transport.SSE, "/sub")),
    System(
        "centrifugo",
        "Centrifugo WebSocket",
        centrifugo,
        Wire(
            Transport.WEBSOCKET,
            "/connection/websocket",
            "/api/publish",
            '{"channel":"bench","data":{"pad":"%PAD%","seq":"%SEQ%"}}',
            '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"bench"}}',
            '"id":2',
        ),
    ),
    System(
        "python-socketio",
        "python-socketio",
        _python_socketio,
        Wire(Transport.SOCKETIO, _SOCKETIO_PATH, body=_TICK, subscribe=_SOCKETIO_SUBSCRIBE),
    ),
)


def named(keys: list[str]) -> list[System]:
    """The systems whose key begins with one of these; all of them for an empty list."""
    return [system for system in SYSTEMS if not keys or any(system.key.startswith(key) for key in keys)]
