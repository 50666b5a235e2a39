"""The Python client's switches: every ordered pair of transports with every fault that makes the first one unusable,
and a random walk over all of them, while events are published without a pause.

The silence of a switch is the longest time without an event, from when the fault could be known of until the next
transport flows:

    cut, refuse, …        from the reset. Where the fault only bars new connections, the open one is cut as well, so
                          that what the barred ones cost counts in full
    stall, half-open      from the moment when nothing has been heard for `Pace.silence`: before that a line that is
                          dead looks like one that is quiet
    healed                from the healing until the best transport is used again
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

import httpx2
import msgspec

from chaos.told import NOTHING, Verdict, judge, longest_silence
from headway.client import Carrier, Client, Event, Pace, connect
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import Address
from headway.testing.waiting import wait_until

__all__ = ["PACE", "Case", "Outcome", "cases", "switch", "walk"]

PACE: Final = replace(
    Pace(), silence=4.0, answer=3.0, eager=0.2, probation=0.5, most_delay=1.0, first_demotion=3.0, most_demotion=4.0
)
"""What is known by its silence, and what is tried again, is so sooner; a demotion still outlasts the longest wait. What
decides how long a switch takes is as delivered."""
_PAUSE: Final = 0.005
"""Between two events of a flow: below what a switch takes."""
_FLOW: Final = 30
"""Events before, between and after switches, so that there is a flow to be interrupted."""
_PATIENCE: Final = 60.0
"""For a transport to be used, or for the rest of the events."""
_STEP: Final = 400
"""Most events between two steps of a walk."""

_FAULTS: Final = {
    Carrier.SOCKETIO: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.HANG, Fault.OPENS_THEN_DIES],
    Carrier.WEBSOCKET: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.HANG, Fault.OPENS_THEN_DIES],
    Carrier.EVENTSOURCE: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.HANG, Fault.OPENS_THEN_DIES, Fault.BUFFER],
    Carrier.POLLING: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.HANG, Fault.DROP_ANSWER],
}
_UPGRADES: Final = [Fault.REFUSE_UPGRADE, Fault.RESET_AFTER_UPGRADE]
_SILENT: Final = frozenset({Fault.STALL, Fault.HALF_OPEN})
_UNNOTICED: Final = frozenset({Fault.HANG, Fault.OPENS_THEN_DIES, Fault.BUFFER, *_UPGRADES})


@dataclass(frozen=True, slots=True)
class Case:
    """One switch and back. No fault: the connection is only cut, and comes back over the same transport."""

    best: Carrier
    other: Carrier
    fault: Fault | None

    @property
    def name(self) -> str:
        """Of the fault."""
        return "cut" if self.fault is None else self.fault.value


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    verdict: Verdict = NOTHING
    silences: list[tuple[str, float]] = field(default_factory=list)
    """What was done, and the longest silence after it."""


def cases() -> list[Case]:
    """Every ordered pair, with every fault of the first."""
    upgraded = {Carrier.SOCKETIO, Carrier.WEBSOCKET}
    return [
        Case(best, other, fault)
        for best in Carrier
        for other in Carrier
        if other is not best
        for fault in (None, *_FAULTS[best], *(_UPGRADES if best in upgraded else ()))
    ]


class _Publisher:
    """Publishes numbered milestones without a pause, each number once."""

    def __init__(self, server: Address, channel: str, each: int) -> None:
        self._url = server.http(f"/api/channels/{channel}/events")
        self._each = each
        self.count = 0
        self._stopping = False
        self._task = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        async with httpx2.AsyncClient(verify=False) as http:
            while not self._stopping:
                numbers = range(self.count + 1, self.count + self._each + 1)
                body = msgspec.json.encode([{"type": "step", "data": {"number": number}} for number in numbers])
                answer = await http.post(self._url, content=body, headers={"Content-Type": "application/json"})
                answer.raise_for_status()
                self.count += self._each
                await asyncio.sleep(_PAUSE)

    async def more(self, count: int) -> None:
        """Wait until so many more have been published."""
        until = self.count + count
        await wait_until(lambda: self.count >= until, within=_PATIENCE)

    async def stop(self) -> int:
        """End. Returns how many there are."""
        self._stopping = True
        await self._task
        return self.count


class _Reader:
    """Reads a channel, and notes down what it is told and when."""

    def __init__(self, client: Client, channel: str) -> None:
        self._channel = client.channel(channel, since="")
        self.told: list[int] = []
        self.times: list[float] = []
        self.gaps = 0
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for told in self._channel:
            if isinstance(told, Event):
                self.told.append(told.data["number"])
                self.times.append(time.perf_counter())
            else:
                self.gaps += 1

    async def more(self, count: int) -> None:
        """Wait until so many more have been told."""
        until = len(self.told) + count
        await wait_until(lambda: len(self.told) >= until, within=_PATIENCE)

    async def finish(self, head: int) -> Verdict:
        """Wait for the rest, and judge. What never comes is lost."""
        with contextlib.suppress(AssertionError):
            await wait_until(lambda: len(self.told) >= head, within=_PATIENCE)
        # Whatever was on its way twice arrives with the turn of the loop that brought the last.
        await asyncio.sleep(_PAUSE)
        self._channel.close()
        await self.task
        return judge(self.told, head, self.gaps)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A client behind a box, and events."""

    box: Middlebox
    client: Client
    publisher: _Publisher
    reader: _Reader

    async def reach(self, carrier: Carrier) -> None:
        """Wait until events come over this transport."""
        await wait_until(lambda: self.client.transport == carrier.value, within=_PATIENCE)
        await self.reader.more(_FLOW)

    def silence(self, since: float) -> float:
        """The longest one from that moment to now."""
        return longest_silence(self.reader.times, since, time.perf_counter())


@contextlib.asynccontextmanager
async def _scene(server: Address, channel: str, transports: list[Carrier], each: int) -> AsyncIterator[_Scene]:
    async with Middlebox(server) as box:
        publisher = _Publisher(server, channel, each)
        try:
            async with connect(box.address.http(""), transports=transports, pace=PACE) as client:
                yield _Scene(box, client, publisher, _Reader(client, channel))
        finally:
            await publisher.stop()


async def switch(server: Address, case: Case, channel: str) -> Outcome:
    """Away from a transport, and back. Raises `AssertionError` where the other one is never used."""
    outcome = Outcome()
    async with _scene(server, channel, [case.best, case.other], 1) as scene:
        await scene.reach(case.best)
        heard, struck = scene.reader.times[-1], time.perf_counter()
        _strike(scene.box, case)
        await scene.reach(case.best if case.fault is None else case.other)
        known = heard + PACE.silence if case.fault in _SILENT else struck
        outcome.silences.append((case.name, scene.silence(known)))
        if case.fault is not None:
            healed = time.perf_counter()
            scene.box.heal()
            await scene.reach(case.best)
            outcome.silences.append(("healed", scene.silence(healed)))
        outcome.verdict = await scene.reader.finish(await scene.publisher.stop())
    return outcome


def _strike(box: Middlebox, case: Case) -> None:
    carried = Carried(case.best.value)
    if case.fault is not None:
        box.set(carried, case.fault)
    if case.fault is None or case.fault in _UNNOTICED:
        box.cut(carried)


async def walk(server: Address, channel: str, events: int, chance: random.Random) -> Outcome:
    """Whatever fails and heals, in whatever order, until so many events were published."""
    faults = [*Fault]
    async with _scene(server, channel, list(Carrier), 16) as scene:
        while scene.publisher.count < events:
            carried = Carried(chance.choice(list(Carrier)).value)
            if chance.random() < 0.2:
                scene.box.cut(carried)
            else:
                scene.box.set(carried, chance.choice(faults))
            await scene.publisher.more(chance.randrange(_STEP))
            if chance.random() < 0.4:
                scene.box.heal()
        scene.box.heal()
        return Outcome(await scene.reader.finish(await scene.publisher.stop()))
