"""What the OpenAPI document says of applications, made from their routes and the shapes of their bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from headway.apps.interface import Route
from headway.server.schemas import Json

__all__ = ["of_apps"]

_REF: Final = "#/components/schemas/{name}"


def of_apps(routes: Sequence[Route]) -> tuple[dict[str, dict[str, Json]], Json]:
    """The operations of applications, by path and method, and the schemas they name. What an answer holds is said by
    its sentence alone; that of an error is the one shape all errors have."""
    shapes = list(dict.fromkeys(route.body for route in routes if route.body is not None))
    described, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    bodies = dict(zip(shapes, described, strict=True))
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        body = None if route.body is None else bodies[route.body]
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, body)
    return paths, components


def _operation(route: Route, body: Json | None) -> Json:
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", route.template)
    ]
    asked = [
        {"name": name, "in": "query", "required": False, "description": said, "schema": {"type": "string"}}
        for name, said in route.query.items()
    ]
    operation: Json = {
        "summary": route.summary,
        "parameters": named + asked,
        "responses": {
            "2XX": {"description": "As the summary says"},
            "4XX": {
                "description": "A refusal",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
            "503": {
                "description": "Not now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    elif route.takes is not None:
        operation["requestBody"] = {"required": True, "content": {route.takes: {}}}
    return operation
