"""Switching between transports while events are published: whatever a box in the network does, the transcript is the
log.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import cycle
from typing import Final

import jwt
import pytest

from headway.client import Carrier, Client, Gap, Recovered, Status, Switched
from headway.limits import Limits
from headway.server.live import Headway
from headway.server.security import Security
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import serving
from headway.testing.waiting import wait_until
from tests.client.harness import Publisher, quick, reading

SECRET: Final = "a secret that is long enough for everybody"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

FAULTS: Final = {
    Carrier.SOCKETIO: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.OPENS_THEN_DIES, Fault.REFUSE_UPGRADE],
    Carrier.WEBSOCKET: [
        *(Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.OPENS_THEN_DIES),
        *(Fault.REFUSE_UPGRADE, Fault.RESET_AFTER_UPGRADE, Fault.HANG),
    ],
    Carrier.EVENTSOURCE: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.OPENS_THEN_DIES, Fault.BUFFER],
    Carrier.POLLING: [Fault.REFUSE, Fault.STALL, Fault.HALF_OPEN, Fault.HANG, Fault.DROP_ANSWER],
}
"""What makes each transport of no use."""
_UNNOTICED: Final = {Fault.OPENS_THEN_DIES, Fault.REFUSE_UPGRADE, Fault.RESET_AFTER_UPGRADE, Fault.HANG, Fault.BUFFER}
"""What open connections do not notice: those are cut as well."""
PAIRS: Final = [
    pytest.param(one, other, fault, id=f"{one.value}-{other.value}-{fault.value}")
    for one, faults in FAULTS.items()
    for fault, other in zip(faults, cycle([other for other in Carrier if other is not one]), strict=False)
]
"""Every ordered pair, and every fault."""


async def used(client: Client, carrier: Carrier) -> None:
    """Wait until this transport is the one that counts."""
    await wait_until(lambda: client.transport == carrier.value, within=30.0)


def carried(carrier: Carrier) -> Carried:
    """What a box calls it."""
    return Carried(carrier.value)


@pytest.mark.parametrize(("best", "other", "fault"), PAIRS)
async def test_every_pair_and_every_fault(best: Carrier, other: Carrier, fault: Fault) -> None:
    """When the best transport fails, in whatever way, the next takes over, and when it is healed it takes over again:
    nothing is lost, repeated or out of order, on any of several channels."""
    changes: list[object] = []
    live = Headway()
    async with serving(live) as address, Middlebox(address) as box:
        publisher = Publisher(live, "run:1", "run:2")
        async with (
            quick(box.address, best.value, other.value, on_change=changes.append) as client,
            reading(client, "run:1") as one,
            reading(client, "run:2") as two,
        ):
            await used(client, best)
            await publisher.more(20)

            box.set(carried(best), fault)
            if fault in _UNNOTICED:
                box.cut(carried(best))
            await used(client, other)
            await publisher.more(20)
            box.heal()
            await used(client, best)
            await publisher.more(20)
            log = await publisher.stop()
            await wait_until(lambda: len(one.told) >= len(log) and len(two.told) >= len(log))

            assert one.told == log
            assert two.told == log
        assert any(isinstance(change, Switched) for change in changes)
        assert not any(isinstance(change, Gap) for change in changes)
        # A connection that is half open has nobody who could say goodbye.
        box.cut(carried(best))
        await wait_until(lambda: not any(box.open(kind) for kind in Carried))


@pytest.mark.parametrize("carrier", Carrier, ids=lambda carrier: carrier.value)
@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.DUPLICATE], ids=lambda fault: fault.value)
async def test_a_line_that_is_slow_or_says_things_twice(carrier: Carrier, fault: Fault) -> None:
    """Everything arrives late, or is asked of the server twice: what is told is the log, what is published is stored
    once, and through every cut."""
    live = Headway()
    async with serving(live) as address, Middlebox(address) as box:
        for kind in Carried:
            box.set(kind, fault)
        publisher = Publisher(live, "run:1")
        async with (
            quick(box.address, carrier.value) as client,
            reading(client, "run:1") as one,
            reading(client, "said") as said,
        ):
            for number in range(1, 13):
                await client.publish("said", "step", {"number": number})
                if number % 4 == 0:
                    box.cut(carried(carrier))
            await publisher.more(20)
            log = await publisher.stop()
            await wait_until(lambda: len(one.told) >= len(log) and len(said.told) >= 12, within=30.0)

            assert one.told == log
            assert said.told == [(number, number) for number in range(1, 13)]
            assert (await live.publish("said", "last")).offset == 13


async def test_a_random_walk(pytestconfig: pytest.Config) -> None:
    """Whatever fails and heals, in whatever order, what several readers were told is the log."""
    chance = random.Random(pytestconfig.getoption("randomly_seed", 0))
    live = Headway()
    async with serving(live) as address, Middlebox(address) as box:
        publisher = Publisher(live, "run:1", "run:2", "run:3")
        async with (
            quick(box.address) as client,
            reading(client, "run:1") as one,
            reading(client, "run:2") as two,
            reading(client, "run:3") as three,
        ):
            for _ in range(25):
                carrier = chance.choice(list(Carrier))
                box.set(carried(carrier), chance.choice([*FAULTS[carrier], Fault.SLOW, Fault.DUPLICATE]))
                box.cut(carried(chance.choice(list(Carrier))))
                await publisher.more(chance.randint(1, 60))
                if chance.random() < 0.6:
                    box.heal(carried(chance.choice(list(Carrier))))
            box.heal()
            log = await publisher.stop()
            readers = (one, two, three)
            await wait_until(lambda: all(len(reader.told) >= len(log) for reader in readers), within=30.0)

            assert [reader.told == log for reader in readers] == [True, True, True]


async def test_a_recovery_can_be_seen() -> None:
    """After an interruption without a loss the client says where it goes on."""
    changes: list[object] = []
    live = Headway()
    async with serving(live) as address, Middlebox(address) as box:
        first = await live.publish("run", "step", {"number": 1})
        async with (
            quick(box.address, "websocket", on_change=changes.append) as client,
            reading(client, "run") as reader,
        ):
            await wait_until(lambda: len(reader.told) == 1)
            box.cut(Carried.WEBSOCKET)
            await wait_until(lambda: any(isinstance(change, Recovered) for change in changes))

    assert Recovered("run", first, "websocket") in changes


async def test_a_change_of_transport_puts_no_other_window_out() -> None:
    """Where a user has as many connections as are allowed, a client changes down and up without ending another's: the
    two that it needs for a moment count as one."""
    security, limits = Security(secret=SECRET), replace(Limits(), user_connections=2)
    token = jwt.encode({"sub": "ann", "channels": ["*"], "publish": ["*"], "exp": 1 << 33}, SECRET, "HS256")
    live = Headway(security=security, limits=limits)
    best, other = Carrier.WEBSOCKET, Carrier.EVENTSOURCE
    async with serving(live) as address, Middlebox(address) as box:
        publisher = Publisher(live, "run:1")
        async with (
            quick(address, best.value, token=token) as steady,
            reading(steady, "run:1") as one,
            quick(box.address, best.value, other.value, token=token) as moving,
            reading(moving, "run:1") as two,
        ):
            await used(steady, best)
            for _ in range(2):
                box.set(carried(best), Fault.REFUSE)
                box.cut(carried(best))
                await used(moving, other)
                box.heal()
                await used(moving, best)
                await publisher.more(10)
            log = await publisher.stop()
            await wait_until(lambda: len(one.told) >= len(log) and len(two.told) >= len(log))

            assert (one.told, two.told) == (log, log)
            assert (steady.status, moving.status) == (Status.LIVE, Status.LIVE)
