"""The OpenAPI document of the HTTP interface, made from the same types and codes the server answers with."""

from __future__ import annotations

from typing import Any

from headway.codes import Code

__all__ = ["document"]

Json = dict[str, Any]  # Any: an OpenAPI document is free JSON


def document(version: str) -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": version,
            "description": "Live progress of long work, never lost or repeated.",
        },
        "paths": {
            "/api/health": {"get": _health()},
            "/api/channels/{channel}": {"get": _describe()},
            "/api/channels/{channel}/events": {"get": _poll(), "post": _publish()},
            "/api/channels/{channel}/stream": {"get": _stream(one=True)},
            "/api/stream": {"get": _stream(one=False)},
            "/api/import/progress/{channel}": {"get": _progress()},
        },
        "components": {"schemas": _schemas()},
    }


def _schemas() -> Json:
    text, number = {"type": "string"}, {"type": "integer"}
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
    return {"Event": flat, "Draft": draft, "Error": error, "Page": page, "Published": published}


def _channel() -> Json:
    name = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": "channel", "in": "path", "required": True, "schema": name}


def _query(name: str, description: str, kind: str = "string") -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": kind}}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _answers(answers: Json) -> Json:
    return {**answers, "default": _json("An error", _ref("Error"))}


def _health() -> Json:
    return {
        "summary": "Whether the server can do its work",
        "responses": {"200": _json("Healthy", {"type": "object"}), "503": _json("Degraded", {"type": "object"})},
    }


def _describe() -> Json:
    return {
        "summary": "A channel: its head, its readers, what they acknowledged",
        "parameters": [_channel()],
        "responses": _answers({"200": _json("The channel", {"type": "object"})}),
    }


def _poll() -> Json:
    return {
        "summary": "Read after a position, waiting for news if asked to",
        "parameters": [
            _channel(),
            _query("since", "A position; empty: everything the log holds; absent: the snapshot"),
            _query("limit", "Most events in the answer", "integer"),
            _query("wait", "Seconds to wait for news", "number"),
        ],
        "responses": _answers({"200": _json("What is there", _ref("Page")), "304": {"description": "Nothing new"}}),
    }


def _publish() -> Json:
    many = {"oneOf": [_ref("Draft"), {"type": "array", "items": _ref("Draft"), "minItems": 1}]}
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 255}}
    return {
        "summary": "Publish one event, an array, or a line each (NDJSON)",
        "parameters": [_channel(), key],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": many}, "application/x-ndjson": {"schema": {"type": "string"}}},
        },
        "responses": _answers(
            {"201": _json("Stored", _ref("Published")), "200": _json("Known from an earlier call", _ref("Published"))}
        ),
    }


def _stream(*, one: bool) -> Json:
    several = {
        "name": "channel",
        "in": "query",
        "required": True,
        "explode": True,
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    return {
        "summary": "Server-Sent Events",
        "parameters": [
            _channel() if one else several,
            _query("since", "As when polling; Last-Event-ID goes before it"),
        ],
        "responses": _answers({"200": {"description": "A stream", "content": {"text/event-stream": {}}}}),
    }


def _progress() -> Json:
    return {
        "summary": "A session for clients that know only events: a stream, or the newest as JSON, by Accept",
        "parameters": [_channel()],
        "responses": _answers(
            {"200": _json("The newest event", {"type": "object"}), "304": {"description": "Nothing new"}}
        ),
    }
