"""What a new sandbox holds: two environments, one of each type, and the applications that may come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headway.sandbox.access import Application, Method, Role
from headway.sandbox.identifiers import Identifiers
from headway.sandbox.options import Options
from headway.sandbox.schema import ATTRIBUTES
from headway.sandbox.store import Environment, Population

__all__ = ["Tenant", "tenant_of"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer of PingOne."""

    environments: Mapping[str, Environment]
    applications: tuple[Application, ...]
    """The first may do everything and proves itself as most do; one proves itself in the body, one may only read."""
    attributes: Mapping[str, str]
    """Ids of the attributes of the schema, by name."""


def tenant_of(options: Options, now: str) -> Tenant:
    """The tenant of a seed: the same ids and secrets for the same seed."""
    ids = Identifiers(options.seed, "tenant")
    organization, licence = ids.next(), ids.next()

    def environment(name: str, kind: str, description: str) -> Environment:
        made = Environment(
            *(ids.next(), name, kind, description, now, organization, licence), ids.next(), options.case_insensitive
        )
        for population, default in (("Default", True), ("Guests", False)):
            one = Population(ids.next(), now, now, population, default)
            made.populations[one.id] = one
        return made

    sandbox = environment("Sandbox", "SANDBOX", "To try things on")
    production = environment("Production", "PRODUCTION", "As if it mattered")
    applications = tuple(
        Application(name, sandbox.id, ids.next(), ids.secret(), method, role)
        for name, method, role in (
            ("Worker", Method.BASIC, Role.ADMIN),
            ("Worker with the secret in the body", Method.POST, Role.ADMIN),
            ("Reader", Method.BASIC, Role.READER),
        )
    )
    attributes = {name: ids.next() for name in (*ATTRIBUTES, "enabled")}
    return Tenant({one.id: one for one in (sandbox, production)}, applications, attributes)
