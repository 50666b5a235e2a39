"""The schemas of the AsyncAPI document: every message, on every transport.

The shapes are those of `protocols.shapes`, which come from the table that is the protocol's law; here stands what each
field is. A field has one meaning wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from headway.access.identity import Role
from headway.codes import Advice, Close, Code
from headway.events import RESERVED_FIELDS, RESERVED_TYPES
from headway.positions import GapReason
from headway.protocols.shapes import ANSWERS, Shape, event_shape, shapes
from headway.server.schemas import Json, either, ref

__all__ = ["SPELLINGS", "emitted", "schemas", "title"]

SPELLINGS: Final = ("channel", "group", "testRunId", "sessionId")
"""Names of a channel in a request; the first is the native one."""

_VISIBLE: Final = r"^[^\p{Z}\p{C}]+$"
_TEXT: Final[Json] = {"type": "string"}
_WHOLE: Final[Json] = {"type": "integer"}
_FLAG: Final[Json] = {"type": "boolean"}
_POSITION: Final[Json] = {
    "type": "string",
    "description": "Opaque. Keep the last one, and show it as `since` when you come back, on any transport.",
}

_FIELDS: Final[Mapping[str, Json]] = {
    "ack": {**_FLAG, "description": "Whether this reader will acknowledge what it has handled."},
    "batch": {
        "type": ["boolean", "integer"],
        "minimum": 0,
        "maximum": 1000,
        "description": "Whether events that are ready together come as one `batch`, or how many at most.",
    },
    "channel": ref("Channel"),
    "code": ref("Code"),
    "count": _WHOLE,
    "details": {"type": "object", "description": "What was wrong, as a machine reads it."},
    "event": ref("Draft"),
    "events": {"type": "array", "items": ref("Draft"), "minItems": 1},
    "expires": {"type": ["number", "null"], "description": "Seconds since 1970; null: never."},
    "from": {**_POSITION, "description": "Where the reader stood."},
    "head": {**_POSITION, "description": "Where the channel ends: who has heard everything up to it has caught up."},
    "idempotency_key": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 255,
        "description": "Makes it safe to say this again.",
    },
    "key": {**_TEXT, "description": "Newer events of the same key supersede this one."},
    "lost": {"type": ["integer", "null"], "description": "How many offsets; null where that cannot be known."},
    "message": {**_TEXT, "description": "What was wrong, for people."},
    "messages": {"type": "array", "items": either("Event", "Gap")},
    "offset": _WHOLE,
    "position": ref("Position"),
    "reason": {"type": "string", "enum": [reason.value for reason in GapReason]},
    "recovered": {**_FLAG, "description": "Whether everything after `since` follows."},
    "replayed": {**_FLAG, "description": "Whether an earlier call with this key stored it."},
    "retry": {**_FLAG, "description": "Whether the same can succeed later."},
    "role": {"type": "string", "enum": [role.value for role in Role]},
    "since": {
        "type": ["string", "null"],
        "description": "Absent: the state, then live. Empty: everything the log holds. A position: everything after.",
    },
    "snapshot": {"type": "array", "items": ref("Event"), "description": "The latest event of each key."},
    "timestamp": {"type": "string", "format": "date-time"},
    "to": {**_POSITION, "description": "Up to where events are missing."},
    "token": _TEXT,
    "type": _TEXT,
    "user": {"type": ["string", "null"]},
}
_OTHERWISE: Final[Mapping[tuple[str, str], Json]] = {
    ("reconnect", "retry"): {"type": "number", "description": "Milliseconds after which to come back."},
}
"""… but for these."""

_ID: Final[Json] = {
    "type": ["string", "number"],
    "maxLength": 255,
    "description": "Of a request; its answer repeats it.",
}
_OTHER_SPELLING: Final[Json] = {
    "anyOf": [ref("Channel"), {"type": "integer"}],
    "description": "Another spelling of `channel`.",
}


def schemas() -> Json:
    """Every schema, by its name."""
    known = shapes()
    asked = {title(name, asked=True): _asked(shape) for name, shape in known.asked.items()}
    told = {title(name): _told(shape) for name, shape in known.told.items()}
    return {**_words(), **_of_events(), **asked, **told, **_of_sessions(), **_of_transports()}


def title(name: str, *, asked: bool = False) -> str:
    """What the schema of a message is called."""
    return "".join(word.capitalize() for word in name.split("_")) + ("Request" if asked else "")


def emitted(name: str) -> Json:
    """A request as a Socket.IO client emits it: the event's name is its type, and a string stands for the channel."""
    if name == "registerSession":
        return {"type": ["string", "integer", "object"]}
    body = _body(shapes().asked[name])
    plain = [{"type": ["string", "integer"]}] if name in ("subscribe", "unsubscribe") else []
    return {"anyOf": [*plain, _somewhere({"type": "object"}, body)]}


def _words() -> Json:
    return {
        "Position": _POSITION,
        "Channel": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _VISIBLE},
        "Code": {
            "type": "string",
            "enum": [code.spelling for code in Code],
            "x-meanings": {code.spelling: code.meaning for code in Code},
        },
    }


def _of_events() -> Json:
    reserved = sorted(RESERVED_TYPES)
    type = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": _VISIBLE, "not": {"enum": reserved}}
    draft = {
        "type": type,
        "data": {"type": ["object", "null"], "propertyNames": {"not": {"enum": sorted(RESERVED_FIELDS)}}},
        "key": {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "pattern": _VISIBLE},
    }
    event = _object(event_shape(), {"type": type})
    event["description"] = "One entry of a channel: the producer's data beside the event's own fields."
    return {
        "Event": event,
        "Draft": {"type": "object", "required": ["type"], "properties": draft, "additionalProperties": False},
    }


def _of_sessions() -> Json:
    """What the clients say that know only events."""
    others = dict.fromkeys(SPELLINGS[:-1], False)
    session = {**others, "sessionId": _OTHER_SPELLING, "since": _FIELDS["since"]}
    body = {"required": ["sessionId"], "properties": session}
    register = {"type": {"const": "registerSession"}}
    return {
        "RegisterSession": _somewhere({"type": "object", "required": ["type"], "properties": register}, body),
        "Session": {
            "type": "object",
            "required": ["sessionId"],
            "properties": {**session, "type": False, "data": False},
        },
    }


def _of_transports() -> Json:
    """What is said on one transport alone."""
    ending = Shape("error", {"type": False, "code": False, "message": False, "close": False, "advice": False})
    page = Shape("page", {"events": False, "position": False, "more": False, "snapshot": True})
    entries = {"type": "array", "items": either("Event", "Gap")}
    waiting = {
        "type": "object",
        "required": ["channel", "status", "position"],
        "properties": {"channel": _FIELDS["channel"], "status": {"const": "waiting"}, "position": ref("Position")},
        "additionalProperties": False,
    }
    return {
        "Ending": _closed(
            _object(
                ending,
                {
                    "type": {"const": "error"},
                    "code": {"type": "string", "enum": [close.name.lower() for close in Close]},
                    "close": {"type": "integer", "enum": [close.code for close in Close]},
                    "advice": {"type": "string", "enum": [advice.value for advice in Advice]},
                },
            )
        ),
        "Heartbeat": {"type": "object", "additionalProperties": False},
        "Page": _closed(_object(page, {"events": entries, "more": _FLAG})),
        "Waiting": waiting,
    }


def _asked(shape: Shape) -> Json:
    envelope = {"type": {"const": shape.name}, "id": _ID}
    return _somewhere({"type": "object", "required": ["type"], "properties": envelope}, _body(shape))


def _body(shape: Shape) -> Json:
    """The fields of a request. Its channel may be spelled in several ways."""
    properties = {name: _kind(shape.name, name) for name in shape.fields}
    rules: list[Json] = []
    if "channel" in shape.fields:
        properties |= dict.fromkeys(SPELLINGS[1:], _OTHER_SPELLING)
        rules.append(_one_of(SPELLINGS))
    if shape.either:
        rules.append(_one_of(shape.either))
    required = [name for name, optional in shape.fields.items() if not optional and name != "channel"]
    body: Json = {"properties": properties}
    return body | ({"required": required} if required else {}) | ({"allOf": rules} if rules else {})


def _one_of(names: Iterable[str]) -> Json:
    return {"oneOf": [{"required": [name]} for name in names]}


def _somewhere(envelope: Json, body: Json) -> Json:
    """The fields stand beside the type, or under `data`."""
    beside = {**body, "not": {"required": ["data"]}}
    # What stands in both places is taken from beside the type.
    nowhere_else = dict.fromkeys(body["properties"], False)
    below = {"required": ["data"], "properties": {**nowhere_else, "data": {"type": "object", **body}}}
    return {**envelope, "oneOf": [beside, below]}


def _told(shape: Shape) -> Json:
    more = {"id": _ID} if shape.name in ANSWERS else {}
    fields = Shape(shape.name, {"type": False, **shape.fields, **dict.fromkeys(more, True)})
    return _closed(_object(fields, {"type": {"const": shape.name}, **more}))


def _object(shape: Shape, known: Mapping[str, Json]) -> Json:
    return {
        "type": "object",
        "required": [name for name, optional in shape.fields.items() if not optional],
        "properties": {name: known.get(name) or _kind(shape.name, name) for name in shape.fields},
    }


def _closed(schema: Json) -> Json:
    return {**schema, "additionalProperties": False}


def _kind(message: str, field: str) -> Json:
    """What a field is. A field that nobody has explained fails here, and so `make check`."""
    kind = _OTHERWISE.get((message, field)) or _FIELDS.get(field)
    if kind is None:
        raise LookupError(f"nobody says what `{field}` of `{message}` is; say it in headway/server/messages.py")
    return kind
