"""The order of an examination: each step only where the one before leaves something to see."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from headway.client.address import Address
from headway.client.doctor.fallbacks import examine_fallbacks
from headway.client.doctor.judgement import judge
from headway.client.doctor.lines.interface import Tools
from headway.client.doctor.observed import LADDER, Access, Check, Observed, ServerSeen, Trial, WayProblem
from headway.client.doctor.patience import Patience
from headway.client.doctor.publisher import Publisher
from headway.client.doctor.report import Report
from headway.client.doctor.server import examine_access, examine_server
from headway.client.doctor.sizes import examine_sizes
from headway.client.doctor.trials import examine_hold, examine_transport
from headway.client.doctor.way import examine_way, speaks_tls
from headway.client.token import checked
from headway.clock import Clock, SystemClock

__all__ = ["examine"]

EVERYTHING: Final = frozenset(Check)


def _unheard(step: str) -> None:
    """Nobody wants to know."""


async def examine(
    url: str,
    *,
    token: str | None = None,
    only: Collection[Check] = EVERYTHING,
    idle: float | None = None,
    patience: Patience | None = None,
    clock: Clock | None = None,
    version: str = "",
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    on_step: Callable[[str], None] = _unheard,
) -> Report:
    """Examine the server at a URL, and what lies before it. It takes some ten seconds, and `idle` on top: for that long
    every transport is held open without an event. `on_step` hears what is being looked at. `version` is that of the
    caller, to be compared with the server's.

    Where the token allows it, some small events are published to a fresh channel with a name that nobody can guess.
    Raises `UsageError`; whatever the network does is part of the report. Cancel freely.
    """
    address = Address.parse(url)
    if token is not None:
        checked(token)
    patience, clock = patience or Patience(), clock or SystemClock()
    wall, began = clock.now(), clock.monotonic()
    examination = _Examination(address, token, frozenset(only), idle, patience, clock, on_step)
    seen = await examination.run(new_id())
    report = judge(seen, patience, version)
    return replace(report, began=wall, seconds=clock.monotonic() - began)


class _Examination:
    def __init__(
        self,
        address: Address,
        token: str | None,
        only: frozenset[Check],
        idle: float | None,
        patience: Patience,
        clock: Clock,
        on_step: Callable[[str], None],
    ) -> None:
        self._address = address
        self._token = token
        self._only = only
        self._idle = idle
        self._patience = patience
        self._clock = clock
        self._on_step = on_step

    async def run(self, id: str) -> Observed:
        """Look at everything that there is to see."""
        self._on_step("the way to the server")
        way = await examine_way(self._address, self._patience, self._clock)
        seen = Observed(self._address, way, asked_idle=self._idle)
        if way.problem is not None:
            return seen
        self._on_step("the server")
        server = await examine_server(self._address, self._token, self._patience, self._clock)
        seen = replace(seen, server=server)
        if not server.headway:
            return await self._mistaken(seen, server)
        access = await examine_access(self._address, self._token, self._patience, id)
        seen = replace(seen, access=access)
        if access.trouble is not None or access.channel is None:
            return seen
        return await self._examined(seen, access, access.channel)

    async def _mistaken(self, seen: Observed, server: ServerSeen) -> Observed:
        """It is no Headway that answers: perhaps because http is not what is spoken here."""
        # Only those who cannot read http answer in none; nginx says it with a 400.
        suspect = server.status in (None, 400) and not self._address.secure and seen.way.via is None
        if suspect and await speaks_tls(seen.way, self._patience):
            return replace(seen, way=replace(seen.way, problem=WayProblem.SPEAKS_HTTPS), server=None)
        return seen

    async def _examined(self, seen: Observed, access: Access, channel: str) -> Observed:
        tools = Tools(self._address, self._token, channel, access.quiet, self._patience, self._clock)
        publisher = Publisher(self._address, channel, self._token, self._patience, self._clock)
        try:
            if access.publish:
                self._on_step("publishing")
                seen = replace(seen, publishing=await publisher.try_once())
            able = seen.publishing is not None and seen.publishing.trouble is None
            used = publisher if able else None
            trials = await self._held(tools, used, await self._tried(tools, used))
            seen = replace(seen, trials=tuple(trials))
            working = [trial.check for trial in trials if trial.trouble is None]
            ladder = [check for check in LADDER if check in self._only]
            if Check.FALLBACK in self._only and len(ladder) > 1 and any(check in ladder for check in working):
                self._on_step("falling back from each transport to the next")
                seen = replace(seen, fallbacks=await examine_fallbacks(tools, used, ladder, working))
            if Check.SIZES in self._only:
                self._on_step("long addresses and large bodies")
                seen = replace(seen, sizes=await examine_sizes(tools, publish=able))
            return seen
        finally:
            await publisher.close()

    async def _tried(self, tools: Tools, publisher: Publisher | None) -> list[Trial]:
        """One after the other: beside others none would be quick."""
        trials = []
        for check in Check:
            if check.is_transport and check in self._only:
                self._on_step(check.value)
                trials.append(await examine_transport(check, tools, publisher))
        return trials

    async def _held(self, tools: Tools, publisher: Publisher | None, trials: Sequence[Trial]) -> list[Trial]:
        """All at once: it takes long enough once."""
        seconds = self._patience.hold if self._idle is None else self._idle
        working = [trial for trial in trials if trial.trouble is None]
        if not working or not seconds:
            return list(trials)
        self._on_step(f"holding every transport open, quiet, for {seconds:g} s")
        holds = await asyncio.gather(*(examine_hold(trial.check, tools, publisher, seconds) for trial in working))
        held = dict(zip((trial.check for trial in working), holds, strict=True))
        return [replace(trial, hold=held.get(trial.check)) for trial in trials]
