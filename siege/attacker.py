"""An attacker in a process of its own: `python -m siege.attacker` reads one order, says `ready`, and strikes from the
next line on, for as long as ordered, with as many strikes under way as the attack has hands.

The attack `burning` touches no server: it only takes the core that an attacker would take.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter

import msgspec

from siege.attacks import ATTACKS
from siege.foe import Attack, Foe, Target, attempt

__all__ = ["BURNING", "Done", "Order"]

BURNING = "burning (control)"


class Order(msgspec.Struct, frozen=True):
    """What to do."""

    attack: str
    seconds: float
    target: Target


class Done(msgspec.Struct, frozen=True):
    """What came of it."""

    answered: dict[str, int]
    seconds: float
    used: float
    """Seconds of a core."""


async def _strike_on(attack: Attack, order: Order) -> Counter[str]:
    """Strike with all hands until the time is over; what is under way then is given up."""
    foes = [Foe(order.target) for _ in range(attack.at_once)]

    async def one(foe: Foe) -> None:
        while True:
            before = foe.answers.total()
            await attempt(attack, foe)
            if foe.answers.total() == before:
                foe.note("nothing")
            # A strike that is refused at once must not keep the others from theirs.
            await asyncio.sleep(0)

    hands = [asyncio.create_task(one(foe)) for foe in foes]
    done, _ = await asyncio.wait(hands, timeout=order.seconds, return_when=asyncio.FIRST_EXCEPTION)
    for hand in hands:
        hand.cancel()
    await asyncio.gather(*hands, return_exceptions=True)
    for failed in done:
        failed.result()
    for foe in foes:
        await foe.leave()
    return sum((foe.answers for foe in foes), Counter())


def _burn(seconds: float) -> Counter[str]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(10_000))
    return Counter()


def main() -> None:
    """Obey the order on stdin."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    print("ready", flush=True)
    sys.stdin.buffer.readline()
    began, used = time.monotonic(), time.process_time()
    if order.attack == BURNING:
        answered = _burn(order.seconds)
    else:
        answered = asyncio.run(_strike_on(ATTACKS[order.attack], order))
    done = Done(dict(answered), time.monotonic() - began, time.process_time() - used)
    sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")


if __name__ == "__main__":
    main()
