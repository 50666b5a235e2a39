"""python-socketio as its documentation shows it, under uvicorn with uvloop: a room, and ``emit`` to it.

In memory, no log. Usage: ``python socketio_python.py PORT``.
"""

import json
import sys
from typing import Any

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi")


@sio.event  # type: ignore[untyped-decorator]  # the library ships no types
async def subscribe(sid: str, request: dict[str, str]) -> None:
    """A client joins the room it names."""
    await sio.enter_room(sid, request["channel"])


async def publish(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application beside Socket.IO: every request is one event to publish."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    event = json.loads(body)
    await sio.emit(event["type"], event["data"], room="bench")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(sio, other_asgi_app=publish),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4096,
    )
