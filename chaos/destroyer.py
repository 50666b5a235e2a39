"""The destroyer: at random moments it does to the server and to the networks what happens to them in the world."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chaos.victim import Victim
from headway.testing.network import Network

__all__ = ["Destroyer"]

_SERVER_PAUSE: Final = 2.5
"""Mean seconds between two faults of the server: it takes one to start, and the readers shall get somewhere."""
_NETWORK_PAUSE: Final = 0.25
"""Mean seconds between two faults of networks, of which there are some twenty."""

Torn = Callable[[], Awaitable[None]]
NetworkFault = Callable[[Network, random.Random], Awaitable[None]]


class Destroyer:
    """Breaks one server and many networks."""

    def __init__(
        self, victim: Victim, networks: Sequence[Network], chance: random.Random, *, restarted: Torn, torn: Torn | None
    ) -> None:
        self._victim = victim
        self._networks = list(networks)
        self._chance = chance
        self._restarted = restarted
        """Called after each restart: the epoch must be what it was."""
        self._tear = torn
        """Kills the server, tears its log and starts it anew; None: the log is left alone."""
        self._going = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._busy = 0
        # What happens to the server comes out of a bag, so that a short run has something of everything.
        self._bag = ["kill"] + (["tear"] if torn is not None else [])
        self._under_way: set[asyncio.Task[None]] = set()
        self._broken: set[Network] = set()
        self.done: Counter[str] = Counter()
        self.slowest_end = 0.0
        """Seconds from SIGTERM to the end, at most."""

    def go(self) -> None:
        """Destroy."""
        self._going.set()

    async def rest(self) -> None:
        """Destroy nothing more; returns when all that was begun is over, the networks are healed, the server is up."""
        self._going.clear()
        await self._idle.wait()
        await asyncio.gather(*self._under_way)
        for network in self._networks:
            network.heal()

    async def run(self) -> None:
        """Destroy, while going, until cancelled. Raises `Broken` where the server does what no server may."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._each(_SERVER_PAUSE, self._break_server))
                group.create_task(self._each(_NETWORK_PAUSE, self._break_networks))
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _each(self, pause: float, fault: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._going.wait()
            await asyncio.sleep(self._chance.expovariate(1 / pause))
            if self._going.is_set():
                self._busy += 1
                self._idle.clear()
                try:
                    await fault()
                finally:
                    self._busy -= 1
                    if not self._busy:
                        self._idle.set()

    async def _break_networks(self) -> None:
        """Some networks, or all; it goes on while other faults begin."""
        names = list(_NETWORK_FAULTS)
        name = self._chance.choices(names, [_NETWORK_FAULTS[name][1] for name in names])[0]
        self.done[name] += 1
        crowd = self._chance.choice([1, 1, 1, 2, 2, 3, len(self._networks)])
        for network in self._chance.sample(self._networks, crowd):
            # One at a time: to heal a network in the middle of another fault would put a hole into its connections.
            if network not in self._broken:
                self._broken.add(network)
                task = asyncio.create_task(self._break(network, _NETWORK_FAULTS[name][0]))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _break(self, network: Network, fault: NetworkFault) -> None:
        try:
            await fault(network, self._chance)
        finally:
            self._broken.discard(network)

    async def _break_server(self) -> None:
        if not self._bag:
            self._bag = ["kill"] * 4 + ["terminate"] * 2 + ["freeze"] * 3 + ["tear"] * (5 if self._tear else 0)
            self._chance.shuffle(self._bag)
        name = self._bag.pop()
        self.done[name] += 1
        match name:
            case "kill":
                await self._victim.kill()
                await self._start()
            case "terminate":
                self.slowest_end = max(self.slowest_end, await self._victim.terminate())
                await self._start()
            case "freeze":
                await self._victim.freeze(self._chance.uniform(0.1, 2.0))
            case "tear":
                assert self._tear is not None  # otherwise it is no choice
                await self._tear()

    async def _start(self) -> None:
        await asyncio.sleep(self._chance.choice([0.0, 0.0, 0.5, 1.5]))
        await self._victim.start()
        await self._restarted()


async def _cut(network: Network, chance: random.Random) -> None:
    network.cut()


async def _flap(network: Network, chance: random.Random) -> None:
    for _ in range(chance.randint(3, 6)):
        network.cut()
        await asyncio.sleep(chance.choice([0.05, 0.3]))


async def _half_open(network: Network, chance: random.Random) -> None:
    network.half_open()
    await asyncio.sleep(chance.uniform(0.3, 4.0))
    network.heal()
    if chance.random() < 0.7:
        # Clients without a heartbeat of their own would wait for the server's, 45 seconds.
        await asyncio.sleep(chance.uniform(0.0, 1.0))
    network.cut()


async def _stall(network: Network, chance: random.Random) -> None:
    network.stall()
    await asyncio.sleep(chance.uniform(0.3, 4.0))
    if chance.random() < 0.5:
        network.cut()
    network.heal()


async def _slow(network: Network, chance: random.Random) -> None:
    """Pieces of a few bytes; a cut then falls into the middle of a message, and of a character."""
    network.slow(chance.choice([200, 2_000, 20_000]))
    await asyncio.sleep(chance.uniform(0.2, 2.5))
    if chance.random() < 0.7:
        network.cut()
    network.heal()


async def _drop(network: Network, chance: random.Random) -> None:
    """The server believes that it was heard: polls aborted after their answer, publishes stored and never answered."""
    network.drop_sent()
    await asyncio.sleep(chance.uniform(0.01, 0.8))
    network.cut()
    network.heal()


async def _delay(network: Network, chance: random.Random) -> None:
    """The answer is under way when the connection ends: polls aborted before their answer."""
    network.delay_sent(chance.uniform(0.02, 0.4))
    await asyncio.sleep(chance.uniform(0.1, 1.5))
    if chance.random() < 0.5:
        network.cut()
    network.heal()


async def _reorder(network: Network, chance: random.Random) -> None:
    network.reorder_requests()
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    network.heal()


_NETWORK_FAULTS: Final[dict[str, tuple[NetworkFault, int]]] = {
    "cut": (_cut, 5),
    "flap": (_flap, 1),
    "half-open": (_half_open, 2),
    "stall": (_stall, 3),
    "slow": (_slow, 3),
    "drop": (_drop, 4),
    "delay": (_delay, 2),
    "reorder": (_reorder, 1),
}
"""Each fault of a network, and how often it is chosen among them."""
