"""PingOne's users, populations and schema, for one environment.

    limiters = Limiters(SystemClock())                            one for the process
    async with PingOne(credential, Region.EU.addresses, environment, limiters) as pingone:
        created = await pingone.import_user({"username": "ada", "email": …, "population": {"id": …}})

How many requests are under way at a time is the caller's: as many as it starts. All raise `PingOneError`, whose
`verdict` says what to do, and `UsageError` for an id that is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import random as _random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec
from yarl import URL

from headway.clock import Clock, SystemClock
from headway.errors import UsageError
from headway.pingone.creation import Creation, Holder
from headway.pingone.errors import PingOneError, Verdict
from headway.pingone.exchange import JSON, Asked, Exchange, Reply, Trail
from headway.pingone.limiter import Limiter, Limiters
from headway.pingone.paging import pages
from headway.pingone.paths import Paths, equals
from headway.pingone.records import (
    Attribute,
    Created,
    Environment,
    Made,
    Page,
    Population,
    User,
    made,
    population,
    user,
)
from headway.pingone.regions import Addresses
from headway.pingone.retries import PATIENCE, Patience
from headway.pingone.servertime import ServerTime
from headway.pingone.token import Credential, TokenSource
from headway.pingone.wire import TIMEOUTS, Timeouts, Wire

__all__ = ["PingOne"]

Body = Mapping[str, Any]
"""A user as PingOne takes it. Any: JSON, with attributes of the customer's own."""

IMPORT: Final = "application/vnd.pingidentity.user.import+json"
PASSWORD_SET: Final = "application/vnd.pingidentity.password.set+json"
_PAGE: Final = 200
"""Users a page, the most PingOne's documents grant; the server may give fewer."""
_APPEARS: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each try to find what was made a moment ago."""

T = TypeVar("T")


class PingOne:
    """The client. One event loop; `async with` opens and closes its connections."""

    def __init__(
        self,
        credential: Credential,
        addresses: Addresses,
        environment: str,
        limiters: Limiters,
        *,
        rate: float | None = None,
        transaction: str = "headway",
        connections: int = 100,
        patience: Patience = PATIENCE,
        timeouts: Timeouts = TIMEOUTS,
        clock: Clock | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`transaction` begins the name of every request at PingOne, at most 80 characters: the id of a job, say. A
        `rate` that is named holds for everybody with this credential."""
        clock = clock or SystemClock()
        self._paths = Paths(addresses, environment)
        self._time = ServerTime(clock)
        self._wire = Wire(self._time, timeouts, connections)
        self._limiter = limiters.of(credential.environment, credential.client_id, addresses, rate)
        self._sleep = sleep
        self._tokens = TokenSource(
            credential, addresses.auth, self._wire, clock, random=random, sleep=sleep, patience=patience
        )
        self._exchange = Exchange(
            self._wire,
            self._tokens,
            self._limiter,
            clock,
            self._time,
            random=random,
            sleep=sleep,
            patience=patience,
            transaction=transaction[:80],
        )
        self._creation = Creation(self._time, sleep)

    async def __aenter__(self) -> Self:
        self._wire.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()

    @property
    def limiter(self) -> Limiter:
        """What holds requests back: `state()` for progress."""
        return self._limiter

    @property
    def retries(self) -> int:
        """Requests so far that were tried again."""
        return self._exchange.retries

    @property
    def tokens(self) -> TokenSource:
        """Where tokens come from: `method` for the settings page."""
        return self._tokens

    def now(self) -> float:
        """The time at PingOne, in seconds since 1970, once anything was answered: what a checkpoint keeps for a row
        that is about to be tried."""
        return self._time.now()

    # Users.

    async def import_user(self, body: Body, *, not_before: float | None = None, trail: Trail | None = None) -> Created:
        """Create a user with password and lifecycle, exactly once; `creation` has the rule. `not_before` only for a row
        that was tried before a crash, and the tightest moment known: a row tried for the first time would otherwise
        take somebody else's user for its own. Cancelling leaves open whether the user was created; a `trail` that is
        handed in says whether that is so."""
        return await self._create_user(body, IMPORT, not_before, trail)

    async def create_user(self, body: Body, *, not_before: float | None = None) -> Created:
        """Create a user without a password; otherwise as `import_user`."""
        return await self._create_user(body, JSON, not_before)

    async def user(self, id: str, *, fresh: bool = False) -> User:
        """Read a user. `fresh`: it was made a moment ago, so that it may not be there yet."""
        return (await self._ask("GET", self._paths.user(id), user, fresh=fresh)).value

    async def user_named(self, username: str) -> User | None:
        """Who has this username. None also for one made a moment ago, or that the credential cannot see."""
        async with contextlib.aclosing(self.user_pages(equals("username", username), limit=10)) as found:
            async for page in found:
                for entry in page.entries:
                    # As PingOne compares them (L).
                    if entry.username.casefold() == username.casefold():
                        return entry
        return None

    def user_pages(self, filter: str | None = None, *, limit: int = _PAGE) -> AsyncGenerator[Page[User], None]:
        """The users, page by page, chosen by a SCIM filter (`paths.equals` quotes)."""
        return pages(self._exchange, self._paths.listed(self._paths.users, filter=filter, limit=limit), "users", user)

    async def patch_user(self, id: str, changes: Body, *, fresh: bool = False) -> User:
        """Change what is named: null clears, what is left out stays."""
        return (await self._ask("PATCH", self._paths.user(id), user, changes, fresh=fresh)).value

    async def delete_user(self, id: str) -> None:
        """Delete a user. One that is gone after a try that was left open was deleted by it."""
        trail = Trail()
        try:
            await self._exchange.send(Asked("DELETE", self._paths.user(id)), _done, trail)
        except PingOneError as error:
            if error.verdict is not Verdict.NOT_THERE or trail.uncertain_since is None:
                raise

    async def set_enabled(self, id: str, enabled: bool, *, fresh: bool = False) -> None:
        """Let a user sign on, or not."""
        await self._ask("PUT", self._paths.user(id, "enabled"), _done, {"enabled": enabled}, fresh=fresh)

    async def move_user(self, id: str, population_id: str, *, fresh: bool = False) -> None:
        """Put a user into another population."""
        await self._ask("PUT", self._paths.user(id, "population"), _done, {"id": population_id}, fresh=fresh)

    async def set_password(
        self, id: str, value: str, *, force_change: bool = False, bypass_policy: bool = False, fresh: bool = False
    ) -> str:
        """Set a password; its state afterwards: OK, MUST_CHANGE_PASSWORD …"""
        body = {"value": value, "forceChange": force_change, "bypassPolicy": bypass_policy}
        url = self._paths.user(id, "password")
        reply = await self._ask("PUT", url, _STATUS.decode, body, media=PASSWORD_SET, hidden=(value,), fresh=fresh)
        return reply.value.status

    # What users stand in.

    async def populations(self) -> tuple[Population, ...]:
        """All populations."""
        return await self._all(self._paths.listed(self._paths.populations), "populations", population)

    async def create_population(self, name: str, description: str = "") -> Created:
        """Create a population, exactly once as a user."""
        body: dict[str, Any] = {"name": name}  # Any: JSON
        if description:
            body["description"] = description

        async def find(_named: str | None) -> Holder | None:
            url = self._paths.listed(self._paths.populations, filter=equals("name", name))
            for found in await self._all(url, "populations", population):
                if found.name == name:
                    return Holder(found.id, found.created_at, None)
            return None

        asked = Asked("POST", self._paths.populations, msgspec.json.encode(body))
        return await self._creation.create(lambda trail: self._exchange.send(asked, made, trail), find, unique="name")

    async def attributes(self) -> tuple[Attribute, ...]:
        """What users of this environment consist of, custom attributes included."""
        schemas = await self._all(self._paths.schemas, "schemas", _reading(Made))
        if not schemas:
            return ()
        return await self._all(self._paths.attributes(schemas[0].id), "attributes", _reading(Attribute))

    async def environment(self) -> Environment:
        """The environment. One that does not exist answers 403, not 404."""
        return (await self._ask("GET", self._paths.environment, _reading(Environment))).value

    async def total_identities(self) -> int | None:
        """How many users there are, for the room the licence leaves; None if PingOne does not say."""
        now = self._time.date()
        start, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now - timedelta(days=1), now))
        url = self._paths.total_identities(f"{equals('startDate', start)} and {equals('endDate', end)}")
        reply = await self._ask("GET", url, _reading(_Totals))
        days = sorted(reply.value.embedded.total_identities, key=lambda day: day.date)
        return days[-1].total_identities if days else reply.value.count

    # How.

    async def _create_user(
        self, body: Body, media: str, not_before: float | None, trail: Trail | None = None
    ) -> Created:
        username = body.get("username")

        async def find(named: str | None) -> Holder | None:
            found = await self._holder(str(username), named)
            return None if found is None else Holder(found.id, found.created_at, found.population_id)

        asked = Asked("POST", self._paths.users, msgspec.json.encode(body), media, _secrets(body))
        return await self._creation.create(
            lambda trail: self._exchange.send(asked, made, trail),
            find,
            unique="username",
            population_id=_population(body),
            not_before=not_before,
            trail=trail,
        )

    async def _holder(self, username: str, named: str | None) -> User | None:
        """Who has a username: by the id PingOne named, which does not lag, or else by search."""
        if named is not None:
            with contextlib.suppress(PingOneError, UsageError):
                found = await self.user(named)
                if found.username.casefold() == username.casefold():
                    return found
        return await self.user_named(username)

    async def _ask(
        self,
        method: str,
        url: URL,
        read: Callable[[bytes], T],
        body: Body | None = None,
        *,
        media: str = JSON,
        hidden: tuple[str, ...] = (),
        fresh: bool = False,
    ) -> Reply[T]:
        asked = Asked(method, url, None if body is None else msgspec.json.encode(body), media, hidden)
        for pause in _APPEARS if fresh else ():
            try:
                return await self._exchange.send(asked, read)
            except PingOneError as error:
                if error.verdict is not Verdict.NOT_THERE:
                    raise
            await self._sleep(pause)
        return await self._exchange.send(asked, read)

    async def _all(self, url: URL, name: str, entry: Callable[[msgspec.Raw], T]) -> tuple[T, ...]:
        return tuple([found async for page in pages(self._exchange, url, name, entry) for found in page.entries])


class _Status(msgspec.Struct, frozen=True):
    status: str = ""


class _Day(msgspec.Struct, frozen=True, rename="camel"):
    date: str = ""
    total_identities: int = 0


class _Days(msgspec.Struct, frozen=True, rename="camel"):
    total_identities: list[_Day] = []


class _Totals(msgspec.Struct, frozen=True):
    embedded: _Days = msgspec.field(name="_embedded", default_factory=_Days)
    count: int | None = None


_STATUS: Final = msgspec.json.Decoder(_Status)


def _reading(kind: type[T]) -> Callable[[bytes | msgspec.Raw], T]:
    return msgspec.json.Decoder(kind).decode


def _done(content: bytes) -> None:
    """Nothing, or an object: a proxy's page does not say that something was done."""
    if content:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw])


def _secrets(body: Body) -> tuple[str, ...]:
    password = body.get("password")
    value = password.get("value") if isinstance(password, Mapping) else None
    return (value,) if isinstance(value, str) else ()


def _population(body: Body) -> str | None:
    named = body.get("population")
    id = named.get("id") if isinstance(named, Mapping) else None
    return id if isinstance(id, str) else None
