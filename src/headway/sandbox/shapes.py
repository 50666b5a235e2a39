"""Things as they go over the wire, with their fields in the order of recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headway.sandbox.errors import Document
from headway.sandbox.schema import ATTRIBUTES, Attribute
from headway.sandbox.store import Environment, Population, User

__all__ = [
    "attributes_shown",
    "environment_shown",
    "href",
    "password_shown",
    "population_shown",
    "schema_shown",
    "user_shown",
]

_PASSWORD_LINKS: Final = ("password", "password.set", "password.reset", "password.check", "password.recover")
_BELOW: Final = ("populations", "users", "schemas")


def href(address: str) -> dict[str, str]:
    """A link."""
    return {"href": address}


def user_shown(user: User, environment: str, base: str) -> Document:
    """A user; `base` is the address of its environment."""
    own = href(f"{base}/users/{user.id}")
    password = href(f"{base}/users/{user.id}/password")
    shown: Document = {
        "_links": {
            "self": own,
            **dict.fromkeys(_PASSWORD_LINKS, password),
            "account.sendVerificationCode": own,
            "linkedAccounts": href(f"{base}/users/{user.id}/linkedAccounts"),
        },
        "id": user.id,
        "environment": {"id": environment},
    }
    provider = {"id": user.provider} if user.provider else {"type": "PING_ONE"}
    rest = {
        **user.attributes,
        "account": {"canAuthenticate": user.enabled, "status": "OK"},
        "createdAt": user.created_at,
        "enabled": user.enabled,
        "identityProvider": provider,
        "lifecycle": {"status": user.lifecycle},
        "mfaEnabled": False,
        "population": {"id": user.population},
        "updatedAt": user.updated_at,
        "verifyStatus": "NOT_INITIATED",
    }
    for name in sorted(rest):
        shown[name] = rest[name]
    return shown


def password_shown(user: User, environment: str, base: str) -> Document:
    """The state of a password."""
    own = f"{base}/users/{user.id}"
    return {
        "_links": {"self": href(f"{own}/password"), "user": href(own)},
        "environment": {"id": environment},
        "user": {"id": user.id},
        "status": user.password.value,
    }


def population_shown(population: Population, environment: str, base: str) -> Document:
    """A population."""
    shown: Document = {
        "_links": {"self": href(f"{base}/populations/{population.id}"), "environment": href(base)},
        "id": population.id,
        "environment": {"id": environment},
        "name": population.name,
    }
    if "description" in population.attributes:
        shown["description"] = population.attributes["description"]
    shown |= {
        "userCount": population.users,
        "createdAt": population.created_at,
        "updatedAt": population.updated_at,
        **{name: value for name, value in population.attributes.items() if name != "description"},
        "default": population.default,
    }
    return shown


def environment_shown(environment: Environment, base: str) -> Document:
    """An environment."""
    organization = f"{base.rpartition('/environments/')[0]}/organizations/{environment.organization}"
    return {
        "_links": {
            "self": href(base),
            "organization": href(organization),
            "license": href(f"{organization}/licenses/{environment.licence}"),
            **{name: href(f"{base}/{name}") for name in _BELOW},
        },
        "id": environment.id,
        "name": environment.name,
        "description": environment.description,
        "organization": {"id": environment.organization},
        "type": environment.kind,
        "region": "NA",
        "createdAt": environment.created_at,
        "updatedAt": environment.created_at,
        "license": {"id": environment.licence},
    }


def schema_shown(environment: Environment, base: str) -> Document:
    """The user schema."""
    own = f"{base}/schemas/{environment.schema}"
    return {
        "_links": {"self": href(own), "environment": href(base), "attributes": href(f"{own}/attributes")},
        "id": environment.schema,
        "environment": {"id": environment.id},
        "name": "User",
        "description": "The attributes of a user",
    }


def attributes_shown(environment: Environment, base: str, ids: Mapping[str, str]) -> list[Document]:
    """The attributes of the user schema; `ids` are theirs."""
    address = f"{base}/schemas/{environment.schema}/attributes"
    everything = [*ATTRIBUTES.values(), Attribute("enabled", "BOOLEAN", "CORE", required=True)]
    return [
        {
            "_links": {"self": href(f"{address}/{ids[attribute.name]}")},
            "id": ids[attribute.name],
            "environment": {"id": environment.id},
            **_attribute_shown(attribute),
            "schema": {"id": environment.schema},
        }
        for attribute in everything
    ]


def _attribute_shown(attribute: Attribute) -> Document:
    shown: Document = {
        "name": attribute.name,
        "schemaType": attribute.kind,
        "type": attribute.type,
        "unique": attribute.unique,
        "enabled": True,
        "multiValued": attribute.many,
        "required": attribute.required,
    }
    if attribute.parts:
        shown["subAttributes"] = [_attribute_shown(part) for part in attribute.parts.values()]
    return shown
