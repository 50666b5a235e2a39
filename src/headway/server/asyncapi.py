"""The AsyncAPI document: what travels on the four transports, for machines. `docs/reference/wire.md` is the same for
people.

Made from the table of the native protocol, the codes and the reserved names. The HTTP interface beside it is in the
OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from headway.codes import Close
from headway.protocols.shapes import shapes
from headway.server import messages
from headway.server.messages import title
from headway.server.schemas import Json, ref

__all__ = ["document"]

_HOST: Final = "127.0.0.1:4000"
"""Where a server is found that was told nothing else."""
_SOCKET: Final = "socket"
"""The channel of the native protocol."""
_SOCKETIO: Final = "socketio"
_FOLLOWING: Final = ("event", "gap")
"""What follows a channel, on every transport."""
_UNASKED: Final = (*_FOLLOWING, "unsubscribed", "error")
"""What a client hears without having asked in this moment."""
_SINCE: Final[Json] = {"type": "string", "description": "As `since` of `subscribe`."}
_SHOWN: Final[Json] = {
    "token": {"type": "string", "description": "For clients that can set no header."},
    "ticket": {"type": "string", "description": "Works once; see the HTTP interface."},
}


def document(version: str) -> Json:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headway",
            "version": version,
            "description": "Live progress of long work, never lost or repeated, over WebSocket, Server-Sent Events, "
            "polling and Socket.IO on one port. A reader may change between them at any moment: the position it shows "
            "as `since` means the same on all.",
            "externalDocs": {
                "description": "The HTTP interface, as OpenAPI",
                "url": f"http://{_HOST}/api/openapi.json",
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            name: {"host": _HOST, "protocol": protocol, "description": description}
            for name, protocol, description in (
                ("socket", "ws", "WebSocket"),
                ("http", "http", "Server-Sent Events and polling"),
                ("socketio", "socketio", "Socket.IO 5 on Engine.IO 4, over polling and WebSocket"),
            )
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": messages.schemas()},
    }


def _channels() -> Json:
    asked, told = shapes().asked, shapes().told
    native = [*map(_request, asked), "registerSession", "session", *told, "event"]
    emitted = [*map(_emitted, asked), _emitted("registerSession")]
    answers = [name for name in told if name not in ("batch", "reconnect")]
    streamed = ("subscribed", "event", "gap", "heartbeat", "ending")
    return {
        _SOCKET: {
            **_channel("/ws", "The native protocol.", "socket", native, bindings={"ws": _handshake()}),
            "x-close-codes": [
                {"code": close.code, "name": close.name, "meaning": close.meaning, "advice": close.advice.value}
                for close in Close
            ],
        },
        "socketOfClient": _channel(
            "/ws/{client_id}", "The same, for clients that name themselves in the path.", "socket", native, "client_id"
        ),
        "socketAtRoot": _channel("/", "The same, for clients that know no path.", "socket", native),
        "stream": _channel(
            "/api/channels/{channel}/stream", "Server-Sent Events of one channel.", "http", streamed, "channel"
        ),
        "streams": _channel("/api/stream", "Server-Sent Events of several channels, with one id.", "http", streamed),
        "polling": _channel(
            "/api/channels/{channel}/events", "A page of events, at once or after a wait.", "http", ["page"], "channel"
        ),
        "progress": _channel(
            "/api/import/progress/{channel}",
            "For clients that know only events: a stream, or the newest as JSON, by `Accept`.",
            "http",
            ["event", "gap", "heartbeat", "waiting", "ending"],
            "channel",
        ),
        _SOCKETIO: _channel(
            "/socket.io/",
            "The namespace `/`. The name of an event is the `type` of the message, and its first argument the message. "
            "An answer goes to the acknowledgement callback; without one it is an event.",
            "socketio",
            [*emitted, *answers, "event", "ending"],
        ),
    }


def _channel(
    address: str,
    description: str,
    server: str,
    names: Iterable[str],
    parameter: str = "",
    *,
    bindings: Json | None = None,
) -> Json:
    channel: Json = {"address": address, "description": description, "servers": [{"$ref": f"#/servers/{server}"}]}
    channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    if parameter:
        channel["parameters"] = {parameter: {"description": "Percent-encoded."}}
    return channel if bindings is None else {**channel, "bindings": bindings}


def _handshake() -> Json:
    snapshot = {"type": "string", "enum": ["events"], "description": "The state comes as ordinary messages."}
    protocols = {"type": "string", "enum": ["headway.json", "headway.msgpack"]}
    return {
        "method": "GET",
        "query": {"type": "object", "properties": {"snapshot": snapshot, **_SHOWN}},
        "headers": {"type": "object", "properties": {"Sec-WebSocket-Protocol": protocols}},
        "bindingVersion": "0.1.0",
    }


def _operations() -> Json:
    asked = shapes().asked
    native = {f"ask{title(name)}": _asked(_SOCKET, _request(name), name) for name in asked}
    emitted = {f"emit{title(name)}": _asked(_SOCKETIO, _emitted(name), name) for name in asked}
    several = {"type": "array", "items": {"type": "string"}}
    return {
        **native,
        "askRegisterSession": _receive(_SOCKET, ["registerSession", "session"]),
        "tell": _send(_SOCKET, [*_UNASKED, "batch", "reconnect"], "What follows a channel, and what the server says."),
        **emitted,
        "emitRegisterSession": _receive(_SOCKETIO, [_emitted("registerSession")]),
        "emit": _send(_SOCKETIO, [*_UNASKED, "ending"], "The same as events."),
        "stream": _get("stream", ["subscribed", *_FOLLOWING, "heartbeat", "ending"], {"since": _SINCE, **_SHOWN}),
        "streamSeveral": _get(
            "streams",
            ["subscribed", *_FOLLOWING, "heartbeat", "ending"],
            {"channel": several, "since": _SINCE, **_SHOWN},
        ),
        "poll": _get(
            "polling",
            ["page"],
            {
                "since": _SINCE,
                "limit": {"type": "integer", "description": "Most events in the answer."},
                "wait": {"type": "number", "description": "Seconds to wait for news."},
            },
        ),
        "followProgress": _get("progress", [*_FOLLOWING, "heartbeat", "waiting", "ending"], {"since": _SINCE}),
    }


def _asked(channel: str, message: str, name: str) -> Json:
    """A request and its answers."""
    answers = shapes().answers[name]
    heard = [*answers, "error"] if answers else ["error"]
    reply = {"channel": _there(channel), "messages": [_there(channel, answer) for answer in heard]}
    return {**_receive(channel, [message]), "reply": reply}


def _receive(channel: str, names: Iterable[str]) -> Json:
    return {"action": "receive", "channel": _there(channel), "messages": [_there(channel, name) for name in names]}


def _send(channel: str, names: Iterable[str], summary: str) -> Json:
    messages = [_there(channel, name) for name in names]
    return {"action": "send", "summary": summary, "channel": _there(channel), "messages": messages}


def _get(channel: str, names: Iterable[str], query: Json) -> Json:
    """What a GET is answered with: at once, or piece by piece."""
    asked = {"method": "GET", "query": {"type": "object", "properties": query}, "bindingVersion": "0.3.0"}
    return {
        "action": "send",
        "channel": _there(channel),
        "messages": [_there(channel, name) for name in names],
        "bindings": {"http": asked},
    }


def _messages() -> Json:
    known = shapes()
    asked = {_request(name): _message(name, ref(title(name, asked=True))) for name in known.asked}
    emitted = {_emitted(name): _message(name, messages.emitted(name)) for name in [*known.asked, "registerSession"]}
    told = {name: _message(name, ref(title(name))) for name in known.told}
    others = {
        "registerSession": ("registerSession", "Follow a session, and hear nothing but its events."),
        "session": ("session", "The same in fewer words."),
        "event": ("event", "The `type` is the producer's own."),
        "ending": ("error", "The server ends a stream, or a Socket.IO connection, for this reason."),
        "heartbeat": ("heartbeat", "A sign of life. The only frame that has a name."),
        "page": ("page", "The `position` is what to ask with next."),
        "waiting": ("waiting", "Instead of the newest event: there is none yet."),
    }
    rest = {
        name: {**_message(said, ref(name[0].upper() + name[1:])), "summary": summary}
        for name, (said, summary) in others.items()
    }
    return {**asked, **emitted, **told, **rest}


def _message(name: str, payload: Json) -> Json:
    return {"name": name, "payload": payload}


def _there(channel: str, message: str | None = None) -> Json:
    inside = "" if message is None else f"/messages/{message}"
    return {"$ref": f"#/channels/{channel}{inside}"}


def _request(name: str) -> str:
    """The key of a request, which may share its name with an answer."""
    return f"{name}Request"


def _emitted(name: str) -> str:
    return f"{name}Emitted"
