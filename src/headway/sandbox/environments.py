"""What can be read of an environment, and of its schema: one call each."""

from __future__ import annotations

from headway.sandbox.calls import Reply, answer
from headway.sandbox.errors import no_such_thing
from headway.sandbox.shapes import attributes_shown, environment_shown, href, schema_shown
from headway.sandbox.visit import Visit

__all__ = ["attributes", "count", "read", "schema", "schemas"]


def read(visit: Visit) -> Reply:
    """`GET /environments/{id}`."""
    return answer(visit.call, environment_shown(visit.environment, visit.base))


def count(visit: Visit) -> Reply:
    """`GET /totalIdentities`: how many users there are, as one entry, for today."""
    users = len(visit.environment.users)
    entry = {"date": f"{visit.now[:10]}T00:00:00Z", "totalIdentities": users}
    links = {"self": href(f"{visit.base}/totalIdentities"), "environment": href(visit.base)}
    document = {"_links": links, "_embedded": {"totalIdentities": [entry]}, "count": users, "size": 1}
    return answer(visit.call, document)


def schemas(visit: Visit) -> Reply:
    """`GET /schemas`: there is one."""
    schema = schema_shown(visit.environment, visit.base)
    links = {"self": href(f"{visit.base}/schemas")}
    return answer(visit.call, {"_links": links, "_embedded": {"schemas": [schema]}, "count": 1, "size": 1})


def schema(visit: Visit) -> Reply:
    """`GET /schemas/{id}`."""
    _require_schema(visit)
    return answer(visit.call, schema_shown(visit.environment, visit.base))


def attributes(visit: Visit) -> Reply:
    """`GET /schemas/{id}/attributes`: all of them on one page."""
    _require_schema(visit)
    shown = attributes_shown(visit.environment, visit.base, visit.attributes)
    links = {"self": href(f"{visit.base}/schemas/{visit.environment.schema}/attributes")}
    document = {"_links": links, "_embedded": {"attributes": shown}, "count": len(shown), "size": len(shown)}
    return answer(visit.call, document)


def _require_schema(visit: Visit) -> None:
    if visit.ids[0].lower() != visit.environment.schema:
        raise no_such_thing()
