"""The book of rules and recipients, as it is stored and shown.

    at rest     one setting, `alerts`; addresses as `headway.vault` seals them, or `${env:NAME}` as it stands
    shown       scheme and host of a webhook; of all others the scheme alone, since what follows is a token

An address that is not given, or given as it was shown, stays as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import insert, select, update

from headway.apps.monitor.alerts.rules import Recipient, Rules
from headway.apps.monitor.alerts.sending import Sending, masked
from headway.apps.monitor.records import SETTINGS
from headway.clock import Clock
from headway.errors import HeadwayError, UsageError
from headway.records.records import Records
from headway.vault import Vault, variable

__all__ = ["Book"]

_NAME: Final = "alerts"
_LONGEST: Final = 2_000
"""Characters of an address."""


class Book:
    """The one set of rules."""

    def __init__(
        self,
        records: Records,
        vault: Vault,
        sending: Sending,
        clock: Clock,
        new_id: Callable[[], str],
        secret: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._records, self._vault, self._sending = records, vault, sending
        self._clock, self._new_id, self._secret = clock, new_id, secret
        self._rules: Rules | None = None
        self._changing = asyncio.Lock()

    async def rules(self) -> Rules:
        """What holds; the addresses are sealed. Raises `StorageError`."""
        if self._rules is None:
            wanted = select(SETTINGS.c.value).where(SETTINGS.c.name == _NAME)
            stored = await self._records.read(lambda connection: connection.execute(wanted).scalar())
            self._rules = Rules() if stored is None else msgspec.convert(stored, Rules)
        return self._rules

    def address(self, recipient: Recipient) -> str:
        """The way to somebody, in plain. Raises `UsageError`."""
        address = self._vault.unseal(recipient.address) if recipient.id else self._plain(recipient.address)
        self._secret(address)
        return address

    async def replace(self, wanted: Rules) -> Rules:
        """Have other rules hold. Each new address is tried for its form and where it leads. Raises `HeadwayError`."""
        async with self._changing:
            known = (await self.rules()).recipients
            recipients = [await self._sealed(one, _before(one, known)) for one in wanted.recipients]
            rules = msgspec.structs.replace(wanted, recipients=tuple(recipients))
            values = {"value": msgspec.to_builtins(rules), "updated_at": self._clock.now()}

            def write(connection: Any) -> None:  # Any: a connection
                changed = connection.execute(update(SETTINGS).where(SETTINGS.c.name == _NAME).values(values))
                if not changed.rowcount:
                    connection.execute(insert(SETTINGS).values(name=_NAME, **values))

            await self._records.write(write)
            self._rules = rules
            return rules

    async def shown(self) -> Rules:
        """What holds, with nothing in it that must not be seen."""
        rules = await self.rules()
        shown = [msgspec.structs.replace(one, address=self._shown(one)) for one in rules.recipients]
        return msgspec.structs.replace(rules, recipients=tuple(shown))

    def _shown(self, recipient: Recipient) -> str:
        if variable(recipient.address):
            return recipient.address
        try:
            return masked(self._vault.unseal(recipient.address))
        except UsageError:
            return "…"  # the key is another one: it is to be entered again

    async def _sealed(self, one: Recipient, before: Recipient | None) -> Recipient:
        id = before.id if before else self._new_id()
        if before and (not one.address or one.address == self._shown(before)):
            return msgspec.structs.replace(one, id=id, address=before.address)
        if not one.address.strip():
            raise UsageError(f"channels: {one.name} needs an address", details={"field": "address"})
        if len(one.address) > _LONGEST:
            raise UsageError(f"channels: the address of {one.name} is longer than {_LONGEST} characters")
        plain = self._plain(one.address.strip())
        self._secret(plain)
        try:
            await self._sending.check(plain)
        except HeadwayError as error:
            raise UsageError(f"channels: {one.name}: {error.message}", details={"field": "address"}) from error
        return msgspec.structs.replace(one, id=id, address=self._vault.seal(one.address.strip()))

    def _plain(self, address: str) -> str:
        return self._vault.unseal(address) if variable(address) else address


def _before(one: Recipient, known: tuple[Recipient, ...]) -> Recipient | None:
    """Whom it was until now: by the id, or by the name where none is given."""
    return next((other for other in known if (one.id == other.id if one.id else one.name == other.name)), None)
