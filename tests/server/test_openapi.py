"""The OpenAPI document says what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from headway.access.identity import Role
from headway.codes import Code
from headway.server.openapi import document
from headway.server.routes import ROUTES, Route
from headway.server.schemas import schemas
from headway.testing.readers import fetch
from tests.server.guests import CHANNEL, PASSWORD, guarded

DOCUMENT = document("1.2.3")
Json = Any
"""Any: an OpenAPI document is free JSON."""


def test_it_names_every_route_and_no_other() -> None:
    """Each method of each route is in the document, and the document has nothing that no route answers."""
    routes = {(route.template, method.lower()) for route in ROUTES for method in route.methods}
    documented = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert documented == routes


def test_every_schema_that_is_named_is_there_and_every_one_is_used() -> None:
    """No reference leads nowhere, and nothing is described that nobody gets."""
    named = set(re.findall(r"#/components/schemas/(\w+)", repr(DOCUMENT)))

    assert named == set(schemas())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.template)
def test_it_says_who_may(route: Route) -> None:
    """What everybody may wants no token; a role above that of a reader is named."""
    for operation in DOCUMENT["paths"][route.template].values():
        if route.needs is None:
            assert operation["security"] == []
            continue
        schemes = {name for way in operation["security"] for name in way}
        assert schemes == {"bearer", "cookie", "token", "ticket"} == set(DOCUMENT["components"]["securitySchemes"])
        assert (f"role {route.needs.value}" in operation["description"]) is (route.needs is not Role.VIEWER)


def test_its_errors_are_those_of_the_table() -> None:
    """Each error status is one that a code has, and the schema lists every code."""
    statuses = {
        int(status) for path in DOCUMENT["paths"].values() for one in path.values() for status in one["responses"]
    }
    codes = schemas()["Error"]["properties"]["error"]["properties"]["code"]["enum"]

    assert {status for status in statuses if status >= 400} <= {code.status for code in Code}
    assert codes == [code.spelling for code in Code]


BODIES: dict[str, Json] = {
    "/api/sign-in": {"user": "ann", "password": PASSWORD},
    "/api/shares": {"channel": CHANNEL, "seconds": 60},
    "/api/revocations": {"user": "bob"},
    "/api/channels/{channel}/events": [{"type": "x", "data": {}, "key": None}],
    "/api/users": {"user": "new", "password": PASSWORD, "role": "operator", "channels": ["run:*"]},
    "/api/users/{user}": {"password": PASSWORD, "publish": ["run:7"]},
    "/api/tasks": {"report": {"name": "Work", "honours": ["pause", "resume", "cancel"]}},
}


async def test_what_is_asked_and_answered_is_as_described(tmp_path: Path) -> None:
    """A request of each operation that fits its schema succeeds, and its answer fits the schema of its status."""
    async with guarded(tmp_path) as house:
        headers = {"Authorization": f"Bearer {house.token(role='admin', publish=['*'])}"}
        begun = (await house.post("/api/tasks", BODIES["/api/tasks"], house.token(role="admin", publish=["*"]))).json()
        reported = {
            "owner": begun["owner"],
            "number": 1,
            "progress": {"done": 1},
            "items": [{"item": "a", "outcome": "b"}],
        }
        bodies = {**BODIES, "/api/tasks/{task}/report": reported}
        shared = (await house.post("/api/shares", BODIES["/api/shares"], house.token(role="admin"))).json()
        reader = await house.reader("websocket", token=house.token()).__aenter__()
        await reader.subscribe(CHANNEL)
        subjects = {"channel": CHANNEL, "task": begun["id"], "share": shared["id"], "user": "oli", "connection": "1"}
        for route in ROUTES:
            for method in sorted(route.methods.keys() - {"HEAD"}, key=lambda method: method == "DELETE"):
                if route.template.endswith("stream"):
                    continue  # has no end
                operation = DOCUMENT["paths"][route.template][method.lower()]
                body = b"" if method == "GET" else _json(operation, bodies.get(route.template, {}))
                path = re.sub(r"{(\w+)}", lambda found: subjects[found[1]], route.template)
                answer = await fetch(house.address, method, path, body=body, headers=headers)
                described = operation["responses"][str(answer.status)]["content"]
                kind = answer.headers["content-type"].partition(";")[0]

                assert 200 <= answer.status < 300, (path, answer.body)
                assert kind in described, path
                if kind == "application/json":
                    _fits(answer.json(), described[kind]["schema"])
        await reader.__aexit__(None, None, None)


def _json(operation: Json, body: Json) -> bytes:
    if "requestBody" in operation:
        _fits(body, operation["requestBody"]["content"]["application/json"]["schema"])
    return msgspec.json.encode(body)


def _fits(value: Json, schema: Json) -> None:
    jsonschema_rs.validate({**schema, "components": {"schemas": schemas()}}, value)
