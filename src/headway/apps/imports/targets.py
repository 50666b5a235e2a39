"""Targets: the PingOne environments that runs read and write, and the sandbox that is always there.

    id       a word of ours; `sandbox` is the embedded one        secret    never leaves but into a request for a token

The sandbox is started by whoever first asks something of it, and lives in this process: its users are gone with it. All
clients of one credential share one limiter, since PingOne counts them together.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError

from headway.apps.imports import records as tables
from headway.apps.imports.records import TARGETS
from headway.clock import Clock
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, StorageError, UsageError
from headway.pingone.client import PingOne
from headway.pingone.errors import PingOneError
from headway.pingone.limiter import Limiters
from headway.pingone.records import Environment
from headway.pingone.regions import Addresses, Region
from headway.pingone.retries import PATIENCE, Patience
from headway.pingone.token import Credential
from headway.records.records import Records
from headway.sandbox.server import Sandbox
from headway.vault import Vault, variable

__all__ = ["SANDBOX", "Change", "NewTarget", "Target", "Targets"]

SANDBOX: Final = "sandbox"
"""The id of the embedded one."""
_UNBOUND: Final = 100_000.0
"""Requests a second to the sandbox: it says itself when it has enough."""
_SOON: Final = Patience(tries=3, seconds=8.0, settling=0.0)
"""Of somebody who looks at a page."""
_NAME: Final = re.compile(r"[^\W_][\w .()-]{0,79}")


class NewTarget(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A target that is to be."""

    name: str
    environment: str
    client_id: str
    secret: str
    region: str | None = None
    worker_environment: str | None = None
    api: str | None = None
    auth: str | None = None
    rate: float | None = None


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is to be different about one; what is left out stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    environment: str | msgspec.UnsetType = msgspec.UNSET
    client_id: str | msgspec.UnsetType = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    region: str | msgspec.UnsetType | None = msgspec.UNSET
    worker_environment: str | msgspec.UnsetType | None = msgspec.UNSET
    api: str | msgspec.UnsetType | None = msgspec.UNSET
    auth: str | msgspec.UnsetType | None = msgspec.UNSET
    rate: float | msgspec.UnsetType | None = msgspec.UNSET


class Target(msgspec.Struct, kw_only=True):
    """A target as it is shown: without its secret."""

    id: str
    name: str
    kind: str
    region: str | None
    environment: str
    worker_environment: str | None
    client_id: str
    secret: str
    """`set`, `env:NAME` or `none`."""
    api: str | None
    auth: str | None
    rate: float | None
    method: str | None = None
    environment_name: str | None = None
    environment_type: str | None = None
    checked_at: float | None = None


class Targets:
    """All of them. Close it."""

    def __init__(self, records: Records, vault: Vault, clock: Clock, new_id: Callable[[], str]) -> None:
        self._records = records
        self._vault = vault
        self._clock = clock
        self._new_id = new_id
        self._limiters = Limiters(clock)
        self._starting = asyncio.Lock()
        self._sandbox: Sandbox | None = None
        self._stack = AsyncExitStack()
        self.on_secret: Callable[[str], None] = lambda secret: None
        """Told of each secret that is used, so that it is masked wherever it might turn up."""

    async def close(self) -> None:
        """End the sandbox, if it runs. Idempotent."""
        await self._stack.aclose()

    async def all(self) -> list[Target]:
        """The sandbox, and then the others."""
        rows = await self._records.read(lambda connection: tables.all_of(connection, TARGETS))
        return [await self.get(SANDBOX), *(_shown(dict(row)) for row in rows)]

    async def get(self, id: str) -> Target:
        """One of them. Raises `HeadwayError`."""
        return _sandbox_shown(await self.sandbox()) if id == SANDBOX else _shown(dict(await self._row(id)))

    async def add(self, wanted: NewTarget) -> Target:
        """One more. Raises `UsageError`, `Conflict`."""
        values = {**msgspec.structs.asdict(wanted), "id": self._new_id(), "created_at": self._clock.now()}
        self._check(values)
        values["secret"] = self._vault.seal(wanted.secret)
        await self._store(lambda connection: tables.add(connection, TARGETS, values), wanted.name)
        return await self.get(str(values["id"]))

    async def change(self, id: str, wanted: Change) -> Target:
        """Have it differ. Raises `UsageError`, `Conflict`."""
        _keep_sandbox(id)
        given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
        row = await self._row(id)
        sealed = row["secret"]
        self._check({**row, "secret": "stays", **given})
        if "secret" in given:
            sealed = self._vault.seal(given["secret"])
        values = {**given, "secret": sealed, "seen": None}  # what was seen there may be another's
        await self._store(lambda connection: tables.change(connection, TARGETS, id, values), str(given.get("name")))
        return await self.get(id)

    async def remove(self, id: str, busy: Callable[[list[str]], Any]) -> None:
        """One less; `busy` raises where one of these runs still goes on. Any: awaitable."""
        _keep_sandbox(id)
        await self._row(id)
        await busy(await self._records.read(lambda connection: tables.uses(connection, target=id)))
        await self._records.write(lambda connection: tables.remove(connection, TARGETS, id))

    async def test(self, id: str) -> Mapping[str, Any]:  # Any: JSON
        """Whether it can be used, and what is there."""
        try:
            async with self.asking(id) as client:
                environment = await client.environment()
                populations = await client.populations()
                identities = await client.total_identities()
                method = client.tokens.method
            await self._saw(id, environment, None if method is None else method.value)
        except PingOneError as error:
            refusal = getattr(error, "refusal", None)
            return {
                "ok": False,
                "code": error.code.spelling if refusal is None else refusal.code,
                "message": error.message,
                "correlation_id": getattr(error, "correlation_id", ""),
            }
        except UsageError as error:
            return {"ok": False, "code": error.code.spelling, "message": error.message, "correlation_id": ""}
        return {
            "ok": True,
            "environment": {"id": environment.id, "name": environment.name, "type": environment.type},
            "populations": len(populations),
            "identities": identities,
            "method": None if method is None else method.value,
        }

    def asking(self, id: str) -> AbstractAsyncContextManager[PingOne]:
        """A client for somebody who waits for an answer: it gives up soon."""
        return self.client(id, "asking", _SOON)

    @asynccontextmanager
    async def client(self, id: str, transaction: str, patience: Patience = PATIENCE) -> AsyncIterator[PingOne]:
        """A client of a target. Raises `UsageError` where it cannot be used."""
        credential, addresses, environment, rate = await self._way(id)
        self.on_secret(credential.secret)
        async with PingOne(
            credential,
            addresses,
            environment,
            self._limiters,
            rate=rate,
            transaction=transaction,
            patience=patience,
            clock=self._clock,
        ) as client:
            yield client

    async def sandbox(self) -> Sandbox:
        """The embedded one, started if it is not."""
        async with self._starting:
            if self._sandbox is None:
                self._sandbox = await self._stack.enter_async_context(Sandbox())
            return self._sandbox

    async def _way(self, id: str) -> tuple[Credential, Addresses, str, float | None]:
        if id == SANDBOX:
            sandbox = await self.sandbox()
            known = sandbox.credentials
            credential = Credential(known.environment, known.client_id, known.client_secret)
            return credential, Addresses(sandbox.api, sandbox.auth), sandbox.environment, _UNBOUND
        row = await self._row(id)
        credential = Credential(
            row["worker_environment"] or row["environment"], row["client_id"], self._vault.unseal(row["secret"])
        )
        return credential, _addresses(dict(row)), row["environment"], row["rate"]

    async def _saw(self, id: str, environment: Environment, method: str | None) -> None:
        seen = {
            "method": method,
            "environment_name": environment.name,
            "environment_type": environment.type,
            "checked_at": self._clock.now(),
        }
        if id != SANDBOX:
            await self._records.write(lambda connection: tables.change(connection, TARGETS, id, {"seen": seen}))

    async def _row(self, id: str) -> RowMapping:
        row = await self._records.read(lambda connection: tables.find(connection, TARGETS, id))
        if row is None:
            raise HeadwayError(f"there is no target {id!r}", code=Code.NOT_FOUND)
        return row

    async def _store(self, work: Callable[[Any], None], name: str) -> None:  # Any: a connection
        try:
            await self._records.write(work)
        except StorageError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise Conflict(f"there is a target called {name!r} already", details={"field": "name"}) from None
            raise

    def _check(self, values: Mapping[str, Any]) -> None:  # Any: of each field its own
        """Raise `UsageError` naming what cannot be."""
        if not _NAME.fullmatch(values["name"]):
            raise UsageError("a target's name is 1 to 80 letters, digits and spaces", details={"field": "name"})
        rate = values["rate"]
        if rate is not None and not 0 < rate <= _UNBOUND:
            raise UsageError("a rate is requests a second, above 0", details={"field": "rate"})
        _addresses(values)
        worker = values["worker_environment"] or values["environment"]
        Credential(values["environment"], values["client_id"], values["secret"])
        Credential(worker, values["client_id"], values["secret"])


def _addresses(values: Mapping[str, Any]) -> Addresses:  # Any: of each field its own
    if values["api"] and values["auth"]:
        return Addresses(values["api"], values["auth"])
    if values["api"] or values["auth"]:
        raise UsageError("give both addresses, `api` and `auth`, or a region", details={"field": "api"})
    try:
        return Region[str(values["region"] or "").upper()].addresses
    except KeyError:
        known = ", ".join(region.name for region in Region)
        raise UsageError(f"a region is one of {known}", details={"field": "region"}) from None


def _keep_sandbox(id: str) -> None:
    if id == SANDBOX:
        raise Conflict("the sandbox is part of Headway: it is neither changed nor removed")


def _shown(row: Mapping[str, Any]) -> Target:  # Any: of each column its own
    named = variable(row["secret"])
    return Target(
        id=row["id"],
        name=row["name"],
        kind="pingone",
        region=row["region"],
        environment=row["environment"],
        worker_environment=row["worker_environment"],
        client_id=row["client_id"],
        secret=f"env:{named}" if named else "set" if row["secret"] else "none",
        api=row["api"],
        auth=row["auth"],
        rate=row["rate"],
        **(row["seen"] or {}),
    )


def _sandbox_shown(sandbox: Sandbox) -> Target:
    return Target(
        id=SANDBOX,
        name="Sandbox",
        kind="sandbox",
        region=None,
        environment=sandbox.environment,
        worker_environment=None,
        client_id=sandbox.credentials.client_id,
        secret="set",
        api=sandbox.api,
        auth=sandbox.auth,
        rate=None,
        environment_name="Headway's own sandbox",
        environment_type="SANDBOX",
    )
