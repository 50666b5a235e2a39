"""The schemas of the OpenAPI document: what bodies hold."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.codes import Code
from headway.server.reported import Reported, Submission
from headway.tasks.model import Action, Status

__all__ = ["Json", "either", "ref", "schemas"]

Json = dict[str, Any]  # Any: an OpenAPI document is free JSON

_TEXT: Final[Json] = {"type": "string"}
_NUMBER: Final[Json] = {"type": "integer"}
_NAMES: Final[Json] = {"type": "array", "items": {"type": "string"}}
_MOMENT: Final[Json] = {"type": "number", "description": "Seconds since 1970"}


def ref(name: str) -> Json:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def either(*names: str) -> Json:
    """One of several schemas."""
    return {"anyOf": [ref(name) for name in names]}


def schemas() -> Json:
    """Every schema, by its name."""
    return {**_of_events(), **_of_access(), **_of_tasks(), **_of_operations()}


def _of_events() -> Json:
    text, number = _TEXT, _NUMBER
    flat = {
        "type": "object",
        "required": ["type", "channel", "offset", "position", "timestamp"],
        "properties": {
            "type": text,
            "channel": text,
            "offset": number,
            "position": text,
            "timestamp": {"type": "string", "format": "date-time"},
            "key": text,
        },
        "additionalProperties": True,
    }
    draft = {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"type": "string", "minLength": 1, "maxLength": 128},
            "data": {"type": ["object", "null"]},
            "key": {"type": ["string", "null"], "minLength": 1, "maxLength": 255},
        },
        "additionalProperties": False,
    }
    error = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "details"],
                "properties": {
                    "code": {"type": "string", "enum": [code.spelling for code in Code]},
                    "message": text,
                    "details": {"type": "object"},
                },
            }
        },
    }
    page = {
        "type": "object",
        "required": ["events", "position", "more"],
        "properties": {
            "events": {"type": "array", "items": {"type": "object"}},
            "position": text,
            "more": {"type": "boolean"},
            "snapshot": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        },
    }
    published = {
        "type": "object",
        "required": ["channel", "offset", "position", "count", "replayed"],
        "properties": {
            "channel": text,
            "offset": number,
            "position": text,
            "count": number,
            "replayed": {"type": "boolean"},
        },
    }
    channel = _object(channel=_TEXT, position=_TEXT, offset=_NUMBER, readers=_NUMBER)
    channel["properties"]["acknowledged"] = {"type": ["integer", "null"]}
    return {
        "Event": flat,
        "Draft": draft,
        "Error": error,
        "Page": page,
        "Published": published,
        "Channel": channel,
        "Channels": {
            "type": "object",
            "required": ["channels", "next"],
            "properties": {
                "channels": {
                    "type": "array",
                    "items": _object(channel=text, position=text, offset=number, readers=number),
                },
                "next": {"type": ["string", "null"]},
            },
        },
    }


def _of_access() -> Json:
    role = {"type": "string", "enum": [role.value for role in Role]}
    expires = {"type": ["number", "null"], "description": "Seconds since 1970; null: never"}
    nobody = {"type": ["string", "null"]}
    token = {"type": "string", "minLength": 1}
    named = {"type": "string", "minLength": 1, "maxLength": 255}
    seconds = {"type": "number", "minimum": 1, "maximum": 366 * 86_400}
    patterns = {"channels": _NAMES, "publish": _NAMES}
    password = {"type": "string", "minLength": 8, "maxLength": 1_024}
    share = {"id": _TEXT, "channel": _TEXT, "expires": _MOMENT}
    return {
        "Ways": _object(open={"type": "boolean"}, sign_in={"type": "boolean"}),
        "Password": _object(user=_TEXT, password=_TEXT),
        "Me": _object(user=nobody, role=role, channels=_NAMES, publish=_NAMES, expires=expires, apps=_NAMES),
        "Nobody": _object(user={"type": "null"}),
        "Ticket": _object(ticket=_TEXT, seconds={"type": "number"}),
        "Sharing": {
            "type": "object",
            "required": ["channel"],
            "properties": {"channel": named, "seconds": seconds},
        },
        "Share": _object(**share, token=_TEXT, url=_TEXT),
        "Shares": _object(shares={"type": "array", "items": _object(**share, by=nobody, made=_MOMENT)}),
        "Unshared": _object(id=_TEXT, channel=_TEXT),
        "User": _object(user=_TEXT, role=role, **patterns, created=_TEXT),
        "Users": _object(users={"type": "array", "items": ref("User")}),
        "NewUser": {
            "type": "object",
            "required": ["user", "password"],
            "properties": {"user": named, "password": password, "role": role, **patterns},
            "additionalProperties": False,
        },
        "ChangedUser": {
            "type": "object",
            "properties": {"password": password, "role": role, **patterns},
            "additionalProperties": False,
        },
        "NoUser": _object(user=_TEXT),
        "Revocation": {"oneOf": [_closed(token=token), _closed(user=named)]},
        "Revoked": {
            "type": "object",
            "required": ["user"],
            "properties": {"user": nobody, "id": {"type": "string", "description": "The token's `jti`"}},
        },
    }


def _of_tasks() -> Json:
    _, bodies = msgspec.json.schema_components([Submission, Reported], ref_template="#/components/schemas/{name}")
    text_or_none, number_or_none = {"type": ["string", "null"]}, {"type": ["number", "null"]}
    moment = {"type": ["string", "null"], "format": "date-time"}
    status = {"type": "string", "enum": [status.value for status in Status]}
    task = _object(
        task=_TEXT,
        name=_TEXT,
        channel=_TEXT,
        status=status,
        wanted={"enum": [*(wanted.value for wanted in _WANTED), None]},
        total=number_or_none,
        done={"type": "number"},
        initial={"type": "number"},
        unit=text_or_none,
        percent=number_or_none,
        counts={"type": "object", "additionalProperties": _NUMBER},
        rate=number_or_none,
        eta=number_or_none,
        elapsed={"type": "number"},
        stalled={"type": "boolean"},
        current=text_or_none,
        attempt=_NUMBER,
        waiting=text_or_none,
        queued_at=moment,
        started_at=moment,
        ended_at=moment,
        allowed={"type": "array", "items": {"enum": [action.value for action in Action]}},
        error={"anyOf": [_object(code=_TEXT, message=_TEXT), {"type": "null"}]},
        result={"description": "Any JSON value that the work returned"},
        by=text_or_none,
    )
    task["properties"]["job"] = _TEXT
    entry = _object(what=_TEXT, time=moment, by=text_or_none, detail=text_or_none)
    job = _object(
        name=_TEXT, title=_TEXT, arguments={"type": "object"}, concurrency=_NUMBER, pool=_TEXT, schedule=text_or_none
    )
    found = _object(tasks={"type": "array", "items": ref("Task")}, before={"type": ["integer", "null"]})
    found["properties"]["counts"] = {"type": "object", "additionalProperties": _NUMBER}
    return {
        **bodies,
        "Task": task,
        "Tasks": found,
        "Owned": _object(id=_TEXT, channel=_TEXT, owner=_TEXT, url=_TEXT),
        "Wanted": _object(wanted={"enum": [*(wanted.value for wanted in _WANTED), None]}),
        "History": _object(history={"type": "array", "items": entry}),
        "Jobs": _object(jobs={"type": "array", "items": job}),
    }


_WANTED: Final = (Status.PAUSED, Status.RUNNING, Status.CANCELLED)
"""What can be asked of a task, as the state it leads to."""


def _of_operations() -> Json:
    status = {"type": "string", "enum": ["healthy", "degraded"]}
    counters = ("active_connections", "total_connections", "total_messages", "bytes_sent", "bytes_received")
    objects = {"type": "array", "items": {"type": "object"}}
    return {
        "Health": {"type": "object", "required": ["status"], "properties": {"status": status}},
        "Figures": _object(**dict.fromkeys(counters, _NUMBER), average_connection_duration={"type": "number"}),
        "Messages": _object(messages=objects),
        "Connections": _object(connections=objects, total=_NUMBER, ended=objects),
        "Ended": _object(id=_NUMBER, transport=_TEXT),
        "Chosen": _object(settings=objects, limits=objects, embedded={"type": "boolean"}),
        "Trail": _object(events=objects, position=_TEXT, more={"type": "boolean"}),
    }


def _object(**properties: Json) -> Json:
    """An object with at least these."""
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _closed(**properties: Json) -> Json:
    """An object with these and nothing else."""
    return {**_object(**properties), "additionalProperties": False}
