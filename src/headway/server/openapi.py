"""The OpenAPI document of the HTTP interface, made from the table of routes and the codes the server answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headway.access.identity import Role
from headway.apps.interface import Route as Hosted
from headway.codes import Code
from headway.server.identifying import COOKIE
from headway.server.openapi_apps import of_apps
from headway.server.routes import ROUTES
from headway.server.schemas import Json, either, ref, schemas
from headway.tasks.model import Action

__all__ = ["document"]

_ANYWHERE: Final = (400, 401, 403, 421, 429, 431, 503)
"""Statuses of errors that every address can answer with."""
_OF_BODIES: Final = (408, 413, 415)
"""And those of an address that takes a body."""


def document(version: str, hosted: Sequence[Hosted] = ()) -> Json:
    """The whole document. `hosted` are the routes of applications."""
    operations = _operations()
    of_hosted, shapes = of_apps(hosted)
    needs = {(route.template, route.method.lower()): route.needs for route in hosted}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": version,
            "description": "Live progress of long work, never lost or repeated.",
        },
        "paths": {
            route.template: {
                method.lower(): _entitled(route.needs, _of(operations, method, route.template))
                for method in route.methods
            }
            for route in ROUTES
        }
        | {
            template: {method: _entitled(needs[template, method], operation) for method, operation in methods.items()}
            for template, methods in of_hosted.items()
        },
        "components": {"schemas": schemas() | shapes, "securitySchemes": _ways()},
    }


def _of(operations: dict[str, Json], method: str, template: str) -> Json:
    """What is said of an operation. A HEAD is a GET whose answers have no body."""
    if method != "HEAD":
        return operations[f"{method} {template}"]
    asked = operations[f"GET {template}"]
    answers = {status: {"description": answer["description"]} for status, answer in asked["responses"].items()}
    return {**asked, "responses": answers}


def _entitled(needs: Role | None, operation: Json) -> Json:
    """The operation, with who may. Where nobody needs a token all may, so none is an alternative to each."""
    if needs is None:
        return {**operation, "security": []}
    needed = f"Wants the role {needs.value}, where a token is needed."
    if needs is Role.VIEWER:
        needed = "Wants a token, where one is needed."
    said = [operation.get("description", ""), needed]
    return {
        **operation,
        "description": " ".join(filter(None, said)),
        "security": [{}, *({name: []} for name in _ways())],
    }


def _ways() -> Json:
    """The ways to show a token."""
    return {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "Of a browser that signed in. It changes something for a page of the same origin alone.",
        },
        "token": {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "For clients that can set no header.",
        },
        "ticket": {
            "type": "apiKey",
            "in": "query",
            "name": "ticket",
            "description": "Works once, within seconds; see /api/tickets.",
        },
    }


def _operations() -> dict[str, Json]:
    """Every operation, by method and path."""
    return {**_of_channels(), **_of_tasks(), **_of_access(), **_of_people(), **_of_operators()}


def _of_channels() -> dict[str, Json]:
    unchanged = {"304": {"description": "Nothing new"}}
    return {
        "GET /api/channels": _operation(
            "The channels that may be read, by name",
            [
                _query("name", "Part of the name"),
                _query("after", "A name, to go on after it"),
                _query("limit", "Most channels in the answer", "integer"),
            ],
            {"200": _json("Some channels", ref("Channels"))},
        ),
        "GET /api/channels/{channel}": _operation(
            "A channel: its head, its readers, what they acknowledged",
            [_channel()],
            {"200": _json("The channel", ref("Channel"))},
        ),
        "GET /api/channels/{channel}/events": _operation(
            "Read after a position, waiting for news if asked to",
            [
                _channel(),
                _query("since", "A position; empty: everything the log holds; absent: the snapshot"),
                _query("limit", "Most events in the answer", "integer"),
                _query("wait", "Seconds to wait for news", "number"),
            ],
            {"200": _json("What is there", ref("Page")), **unchanged},
        ),
        "POST /api/channels/{channel}/events": _publish(),
        "GET /api/channels/{channel}/stream": _stream([_channel()]),
        "GET /api/stream": _stream([_several()]),
        "GET /api/import/progress/{channel}": _operation(
            "A session for clients that know only events: a stream, or the newest as JSON, by Accept",
            [_channel()],
            {"200": _newest(), **unchanged},
        ),
    }


def _of_tasks() -> dict[str, Json]:
    task = [{"name": "task", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]
    state = _json("Its state", ref("Task"))
    asked = {"202": _json("Asked for; `wanted` says so until it is reached", ref("Task"))}
    return {
        "GET /api/tasks": _operation(
            "Tasks that may be read, newest first",
            [
                _query("status", "In one of these states, by comma"),
                _query("job", "Of this job"),
                _query("name", "Part of the name"),
                _query("limit", "Most tasks in the answer", "integer"),
                _query("before", "Where the next page begins, as the last answer says", "integer"),
            ],
            {"200": _json("Tasks; `counts` by state for who may read the channel `tasks`", ref("Tasks"))},
        ),
        "POST /api/tasks": _operation(
            "Begin a task that the caller runs and reports, or have a job run (operator)",
            [_idempotency_key()],
            {"201": _json("The task", either("Owned", "Task"))},
            body=_body(ref("Submission")),
            errors=(409,),
        ),
        "GET /api/tasks/{task}": _operation("A task", task, {"200": state}, errors=(404,)),
        "GET /api/tasks/{task}/history": _operation(
            "What happened to a task, and who asked for what", task, {"200": _json("So", ref("History"))}, errors=(404,)
        ),
        "POST /api/tasks/{task}/report": _operation(
            "What the owner of a task says of it",
            task,
            {"200": _json("What is wanted of it", ref("Wanted"))},
            body=_body(ref("Reported")),
            errors=(404, 409, 422),
        ),
        **{
            f"POST /api/tasks/{{task}}/{action.value}": _operation(f"Ask for {meaning}", task, asked, errors=(404, 409))
            for action, meaning in _ASKED.items()
        },
        "GET /api/jobs": _operation("What can be run, and with which arguments", [], {"200": _json("So", ref("Jobs"))}),
    }


_ASKED: Final = {
    Action.PAUSE: "a pause: it holds still at its next point",
    Action.RESUME: "a resumption, or take back a pause that is not reached",
    Action.CANCEL: "the end",
}


def _of_access() -> dict[str, Json]:
    return {
        "GET /api/sign-in": _operation(
            "Whether a token is needed here, and whether people sign in", [], {"200": _json("So", ref("Ways"))}
        ),
        "POST /api/sign-in": _operation(
            "Sign in with a password",
            [],
            {"200": _with_cookie(_json("Who that is; the cookie is the token", ref("Me")))},
            body=_body(ref("Password")),
            errors=(501,),
        ),
        "POST /api/sign-out": _operation(
            "Sign out: the token of who asks counts no more",
            [],
            {"200": _with_cookie(_json("Nobody, from now on", ref("Nobody")))},
        ),
        "GET /api/me": _operation("Who asks, and what that covers", [], {"200": _json("Somebody", ref("Me"))}),
        "POST /api/tickets": _operation(
            "A ticket, which shows a token once in an address: for EventSource",
            [],
            {"200": _json("The ticket", ref("Ticket"))},
            errors=(501,),
        ),
        "POST /api/shares": _operation(
            "A link by which whoever has it watches one channel, until a date",
            [],
            {"200": _json("The link", ref("Share"))},
            body=_body(ref("Sharing")),
            errors=(501,),
        ),
        "GET /api/shares": _operation(
            "The links that count, without what opens them", [], {"200": _json("So", ref("Shares"))}, errors=(501,)
        ),
        "DELETE /api/shares/{share}": _operation(
            "A link counts no more",
            [_named("share", "Its id, as in the list")],
            {"200": _json("Which it was", ref("Unshared"))},
            errors=(404, 501),
        ),
        "POST /api/revocations": _operation(
            "Revoke a token, or all that a user was given so far, and end their connections",
            [],
            {"200": _json("What was revoked", ref("Revoked"))},
            body=_body(ref("Revocation")),
            errors=(501,),
        ),
    }


def _of_people() -> dict[str, Json]:
    user = _named("user", "Whose name it is")
    return {
        "GET /api/users": _operation(
            "Those who sign in with a password", [], {"200": _json("So", ref("Users"))}, errors=(501,)
        ),
        "POST /api/users": _operation(
            "Add somebody",
            [],
            {"201": _json("Who was added", ref("User"))},
            body=_body(ref("NewUser")),
            errors=(409, 501),
        ),
        "PATCH /api/users/{user}": _operation(
            "Change somebody, whose sign-ins count no more",
            [user],
            {"200": _json("Who that is from now on", ref("User"))},
            body=_body(ref("ChangedUser")),
            errors=(404, 409, 501),
        ),
        "DELETE /api/users/{user}": _operation(
            "Remove somebody, whose sign-ins count no more",
            [user],
            {"200": _json("Who it was", ref("NoUser"))},
            errors=(404, 409, 501),
        ),
    }


def _of_operators() -> dict[str, Json]:
    limit = _query("limit", "Most entries in the answer", "integer")
    channel, type = _query("channel", "Of this channel alone"), _query("type", "Of this type alone")
    ill = {"503": _json("Degraded, or an error", either("Health", "Error"))}
    return {
        "GET /metrics": _operation("The figures, for Prometheus", [], {"200": _text("Prometheus or OpenMetrics")}),
        "GET /api/metrics": _operation("The figures", [], {"200": _json("The figures", ref("Figures"))}),
        "GET /api/debug/messages": _operation(
            "The last messages, without what they held", [channel, type, limit], {"200": _json("So", ref("Messages"))}
        ),
        "GET /api/debug/connections": _operation(
            "Who is connected, and how far", [channel, limit], {"200": _json("So", ref("Connections"))}
        ),
        "POST /api/debug/connections/{connection}/end": _operation(
            "End a connection; its reader comes back to where it was",
            [_named("connection", "Its id, as in the list")],
            {"200": _json("Which it was", ref("Ended"))},
            errors=(404,),
        ),
        "GET /api/settings": _operation("What the server runs with", [], {"200": _json("So", ref("Chosen"))}),
        "GET /api/audit": _operation(
            "Who did what",
            [
                _query("since", "A position; empty or absent: everything kept"),
                _query("last", "Begin so many before the newest, where there is no position", "integer"),
                limit,
                _query("wait", "Seconds to wait for news", "integer"),
            ],
            {"200": _json("What was done", ref("Trail"))},
        ),
        "GET /api/health": _operation(
            "Whether the server can do its work; in detail for operators", [], _healthy("Healthy") | ill
        ),
        "GET /api/health/live": _operation("Whether the process lives", [], _healthy("It does")),
        "GET /api/health/ready": _operation("Whether to send requests here", [], _healthy("Yes") | ill),
    }


def _operation(
    summary: str, parameters: list[Json], answers: Json, *, body: Json | None = None, errors: tuple[int, ...] = ()
) -> Json:
    """An operation, with the errors of every address and of this one."""
    statuses = {*_ANYWHERE, *errors, *(_OF_BODIES if body is not None else ())}
    refusals = {str(status): _error(status) for status in sorted(statuses)}
    operation = {"summary": summary, "parameters": parameters, "responses": {**refusals, **answers}}
    return operation if body is None else {**operation, "requestBody": body}


def _channel() -> Json:
    name = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": "channel", "in": "path", "required": True, "schema": name}


def _idempotency_key() -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}


def _named(name: str, description: str) -> Json:
    """What a path names."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def _several() -> Json:
    names = {"type": "array", "items": {"type": "string"}}
    return {"name": "channel", "in": "query", "required": True, "explode": True, "schema": names}


def _query(name: str, description: str, kind: str = "string") -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": kind}}


def _body(schema: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _text(description: str) -> Json:
    return {"description": description, "content": {"text/plain": {}, "application/openmetrics-text": {}}}


def _with_cookie(answer: Json) -> Json:
    return {**answer, "headers": {"Set-Cookie": {"schema": {"type": "string"}}}}


def _healthy(description: str) -> Json:
    return {"200": _json(description, ref("Health"))}


def _error(status: int) -> Json:
    codes = ", ".join(code.spelling for code in Code if code.status == status)
    return _json(f"An error: {codes}", ref("Error"))


def _publish() -> Json:
    many = {"oneOf": [ref("Draft"), {"type": "array", "items": ref("Draft"), "minItems": 1}]}
    body = _body(many)
    body["content"]["application/x-ndjson"] = {"schema": {"type": "string"}}
    return _operation(
        "Publish one event, an array, or a line each (NDJSON)",
        [_channel(), _idempotency_key()],
        {"201": _json("Stored", ref("Published")), "200": _json("Known from an earlier call", ref("Published"))},
        body=body,
        errors=(422,),
    )


def _stream(named: list[Json]) -> Json:
    return _operation(
        "Server-Sent Events",
        [*named, _query("since", "As when polling; Last-Event-ID goes before it")],
        {"200": {"description": "A stream", "content": {"text/event-stream": {}}}},
    )


def _newest() -> Json:
    answer = _json("A stream, or the newest event", {"type": "object"})
    answer["content"]["text/event-stream"] = {}
    return answer
