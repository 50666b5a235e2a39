"""Many clients after a restart: a server is killed and started again while they follow a channel, and comes back to all
of them.

The clients live in processes of their own (`python -m chaos.returning …`), on all transports alike, each with the
ladder and the times that it is delivered with. A process says `ready` when all of its clients have been told the first
event, and when its input ends, as one line of JSON, what they saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from chaos.told import NOTHING, Verdict, judge
from chaos.victim import Victim, end_with_us
from headway.client import Carrier, Client, Connected, Event, Waiting, connect
from headway.client.changes import Change
from headway.testing.readers import Ended, fetch
from headway.testing.serving import Address
from headway.testing.waiting import wait_until

__all__ = ["Return", "bring_back"]

CHANNEL: Final = "run"
_READY_SECONDS: Final = 120.0
"""For a thousand clients to be connected, on a machine that has other work."""
_BACK_SECONDS: Final = 120.0
_BEFORE: Final = 20
"""Events before the server is killed, and after it is back."""
_PAUSE: Final = 0.1
_LINE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Return:
    """How the clients came back."""

    killed: float
    up: float
    """When the server was killed, and when it was healthy again. Seconds since 1970."""
    due: tuple[float, ...]
    """When each client, by its own choice, began the round that brought it back …"""
    back: tuple[float, ...]
    """… and when it was back."""
    verdict: Verdict


async def bring_back(victim: Victim, clients: int, processes: int) -> Return:
    """Have so many clients in so many processes come back to a server that was killed."""
    await victim.start()
    children = [await _start(victim.address, share) for share in _shares(clients, processes)]
    try:
        count = await _publish(victim.address, 1, 1)
        async with asyncio.timeout(_READY_SECONDS):
            for child in children:
                assert await _line(child) == b"ready\n"
        count = await _publish(victim.address, count, _BEFORE)
        killed = time.time()
        await victim.kill()
        await victim.start()
        up = time.time()
        count = await _publish(victim.address, count, _BEFORE)
        seen: list[dict[str, Any]] = []  # Any: JSON
        async with asyncio.timeout(_BACK_SECONDS):
            for child in children:
                assert child.stdin is not None  # it is a pipe
                child.stdin.write(b"%d\n" % (count - 1))
                await child.stdin.drain()
            for child in children:
                seen += msgspec.json.decode(await _line(child))
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()
            await child.wait()
        await victim.kill()
    returned = [one["returned"] for one in seen if one["returned"] is not None]
    due, back = tuple(one[0] for one in returned), tuple(one[1] for one in returned)
    return Return(killed, up, due, back, sum((judge(one["told"], count - 1, one["gaps"]) for one in seen), NOTHING))


def _shares(clients: int, processes: int) -> list[int]:
    return [clients // processes + (number < clients % processes) for number in range(processes)]


async def _start(server: Address, clients: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chaos.returning", str(server.port), str(clients)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
        preexec_fn=end_with_us,
    )


async def _line(child: asyncio.subprocess.Process) -> bytes:
    assert child.stdout is not None  # it is a pipe
    return await child.stdout.readline()


async def _publish(server: Address, number: int, count: int) -> int:
    """Publish so many, from this number on. Returns the number after them."""
    for each in range(number, number + count):
        body = msgspec.json.encode({"type": "step", "data": {"number": each}})
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"step-{each}"}
        for _ in range(50):
            try:
                answer = await fetch(server, "POST", f"/api/channels/{CHANNEL}/events", body=body, headers=headers)
            except (OSError, EOFError, Ended):
                await asyncio.sleep(_PAUSE)
                continue
            if answer.status in (200, 201):
                break
            await asyncio.sleep(_PAUSE)
        await asyncio.sleep(_PAUSE)
    return number + count


# One process of clients.


class _Guest:
    """One client, and what it saw."""

    def __init__(self, server: Address, carriers: Sequence[Carrier]) -> None:
        self.client: Client = connect(server.http(""), transports=carriers, on_change=self._changed)
        self.told: list[int] = []
        self.due = 0.0
        self.returned: tuple[float, float] | None = None
        self.gaps = 0

    def _changed(self, change: Change) -> None:
        match change:
            case Waiting():
                self.due = time.time() + change.delay
            case Connected() if self.due:
                self.returned = (self.due, time.time())
            case _:
                pass

    async def follow(self) -> None:
        """Follow until cancelled."""
        async with self.client:
            async for told in self.client.channel(CHANNEL, since=""):
                if isinstance(told, Event):
                    self.told.append(told.data["number"])
                else:
                    self.gaps += 1

    def seen(self) -> dict[str, object]:
        """As it is handed over."""
        return {"returned": self.returned, "told": self.told, "gaps": self.gaps}


async def _be_guests(server: Address, count: int) -> None:
    order = list(Carrier)
    guests = [_Guest(server, [*order[number % 4 :], *order[: number % 4]]) for number in range(count)]
    tasks = [asyncio.create_task(guest.follow()) for guest in guests]
    await wait_until(lambda: all(guest.told for guest in guests), within=_READY_SECONDS)
    print("ready", flush=True)
    head = int(await asyncio.to_thread(sys.stdin.readline))
    with contextlib.suppress(AssertionError):  # the verdict says who lacks what
        await wait_until(lambda: all(guest.told[-1] >= head for guest in guests), within=_BACK_SECONDS / 2)
    print(msgspec.json.encode([guest.seen() for guest in guests]).decode(), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_be_guests(Address(int(sys.argv[1])), int(sys.argv[2])))
