"""The side door, for tests and demonstrations; nothing of it is PingOne's. No token, no rate, no faults.

    GET  /__sandbox/state                            what there is, and how calls were answered
    GET  /__sandbox/usernames?environment=<uuid>     {"usernames": {"ada": {"users": 1, "created": 1}}}
    GET  /__sandbox/faults                           the faults there are
    PUT  /__sandbox/faults   {"errors": 3}           these and no others from now on
    POST /__sandbox/reset                            as on the first day

`users` counts who bears a name now, `created` how often one was made: an import that did each row exactly once has 1
and 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Final

from headway.errors import UsageError
from headway.sandbox.calls import Call, Reply, answer, document_of
from headway.sandbox.errors import Document, malformed, no_such_route, no_such_thing, not_allowed
from headway.sandbox.faults import Faults, faults_from
from headway.sandbox.service import Moment, Service
from headway.sandbox.store import Environment

__all__ = ["PREFIX", "control", "state_of", "usernames_of"]

PREFIX: Final = "/__sandbox/"
_METHODS: Final = {"state": ["GET"], "usernames": ["GET"], "faults": ["GET", "PUT"], "reset": ["POST"]}


def control(service: Service, call: Call, at: Moment) -> Reply:
    """The reply to a call at the side door. Raises `Refusal`."""
    name = call.path.removeprefix(PREFIX)
    methods = _METHODS.get(name)
    if methods is None:
        raise no_such_route()
    if call.method not in methods:
        raise not_allowed(methods)
    match name:
        case "state":
            return _plain(call, state_of(service))
        case "usernames":
            environment = service.tenant.environments.get(call.query.get("environment", "").lower())
            if environment is None:
                raise no_such_thing()
            return _plain(call, {"usernames": usernames_of(environment)})
        case "faults":
            if call.method == "PUT":
                service.set_faults(_faults(call), at)
            return _plain(call, asdict(service.dice.faults))
        case _:
            service.reset(at)
            return _plain(call, state_of(service))


def state_of(service: Service) -> Document:
    """What there is, and how calls were answered."""
    return {
        "seed": service.options.seed,
        "tokens": service.tokens.issued,
        "replies": dict(service.replies),
        "faults": dict(service.dice.counts),
        "environments": [
            {
                "id": environment.id,
                "name": environment.name,
                "type": environment.kind,
                "populations": len(environment.populations),
                "users": len(environment.users),
                "created": len(environment.order),
            }
            for environment in service.tenant.environments.values()
        ],
    }


def usernames_of(environment: Environment) -> dict[str, dict[str, int]]:
    """How many users bear each name, and how often one was created with it."""
    bearing = Counter(user.attributes["username"] for user in environment.users.values())
    names = dict.fromkeys([*environment.created, *bearing])
    return {name: {"users": bearing[name], "created": environment.created.get(name, 0)} for name in names}


def _faults(call: Call) -> Faults:
    try:
        return faults_from(document_of(call, "application/json"), Faults())
    except UsageError as error:
        raise malformed(str(error)) from None


def _plain(call: Call, document: Document) -> Reply:
    reply = answer(call, document)
    reply.media = "application/json"
    return reply
