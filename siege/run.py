"""One siege: a server, a thousand valid clients, a publisher at a steady rate, and one attack after the other.

For each attack: some seconds of calm, then as many under attack. Every event carries the time at which it was sent, by
a clock that all processes of the machine share. After each stretch everybody has to be told everything that was sent
in it; what is then missing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from chaos.victim import Victim, end_with_us
from headway.access import passwords
from headway.server.users import User, Users
from siege.attacker import BURNING, Done, Order
from siege.attacks import ATTACKS
from siege.clients import KINDS, Wanted
from siege.foe import Foe, Target, attempt
from siege.measures import Window, together
from siege.people import AUDIENCE, SECRET, SENT, KeySet, token
from siege.process import resident
from siege.report import Record, Round
from siege.setting import target_of

__all__ = ["DOOR", "Plan", "Siege"]

DOOR: Final = frozenset({"429", "503", "408", "cut", "silence", "nothing", "close 1013"})
"""What any attack may be answered at full speed, beside what its own rules say: the server has had enough of this
address, or the attacker's own machine has."""
CHANNELS: Final = 10
_EACH_ADDRESS: Final = 20
"""Valid clients of one address: below the bound on one, and all open at once."""
_EACH_PROCESS: Final = 500
_LINE_BYTES: Final = 64 * 1024 * 1024
"""A report holds every latency."""
_PUBLISHERS: Final = 4
_SETTLE_SECONDS: Final = 0.5
_SAMPLE_SECONDS: Final = 0.1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How large, how long."""

    clients: int = 1_000
    seconds: float = 5.0
    rate: float = 50.0
    """Events a second, over all channels."""
    limits: tuple[tuple[str, float], ...] = (("header_seconds", 2.0), ("body_seconds", 2.0))
    """Shorter than the defaults, so that the ends fall into the seconds that are watched. All else is as it comes."""


class _Child:
    """A process of ours that answers lines with lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # both are pipes
        assert process.stdout is not None
        self.process = process
        self._stdin = process.stdin
        self._stdout = process.stdout

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, module: str) -> AsyncIterator[_Child]:
        """Run a module until the block ends; it is killed if it still lives then."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            preexec_fn=end_with_us,
        )
        try:
            yield cls(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def say(self, order: object) -> None:
        """One line. Raises `OSError`."""
        self._stdin.write(msgspec.json.encode(order) + b"\n")
        await self._stdin.drain()

    async def hear(self) -> bytes:
        """The next line. Raises `EOFError` where the process has ended."""
        line = await self._stdout.readline()
        if not line:
            raise EOFError(f"a process of the siege ended with {await self.process.wait()}")
        return line


@dataclass
class _Publisher:
    """Publishes at a steady rate, whatever the answers: an event is sent when it is due, and counts as sent then, also
    where the answer to the one before kept it waiting. So a server that stalls cannot hide it by being asked less."""

    port: int
    rate: float
    heads: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    _foes: list[Foe] = field(default_factory=list)

    async def publish(self, seconds: float) -> None:
        """Publish all that is due in so many seconds, on several connections. Cancelling stops it."""
        while len(self._foes) < _PUBLISHERS:
            held = token(f"publisher-{len(self._foes)}", ["run:*"], publish=["run:*"])
            self._foes.append(Foe(Target(self.port, 0, held, "127.0.1.254")))
        begins = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for first, foe in enumerate(self._foes):
                group.create_task(self._publish(foe, range(first, int(self.rate * seconds), _PUBLISHERS), begins))

    async def _publish(self, foe: Foe, numbers: range, begins: float) -> None:
        for number in numbers:
            due = begins + number / self.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            channel = f"run:{number % CHANNELS}"
            body = b'{"type":"step","data":{"number":%d,"%b":%d}}' % (number, SENT.encode(), int(due * 1e9))
            try:
                answer = await foe.ask("POST", f"/api/channels/{channel}/events", None, body)
            except (OSError, EOFError) as error:
                self.failed[type(error).__name__] += 1
                continue
            if answer.status == 201:
                offset: int = msgspec.json.decode(answer.body)["offset"]
                self.heads[channel] = max(self.heads[channel], offset)
            else:
                self.failed[str(answer.status)] += 1

    async def leave(self) -> None:
        """Give up its connections."""
        for foe in self._foes:
            await foe.leave()


class Siege:
    """One siege, from the first connection to the last table."""

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan = plan
        self._say = say
        self._folder = folder
        self._keys = KeySet.make(folder)
        users = folder / "users.json"
        Users(users).put(User("ann", passwords.hashed("a password of ann's own")))
        bounds = ", ".join(f'"{name}": {value}' for name, value in plan.limits)
        self._victim = Victim(
            folder,
            {
                "SECRET": SECRET,
                "AUDIENCE": AUDIENCE,
                "JWKS": str(self._keys.file),
                "USERS": str(users),
                "LIMITS": f"{{{bounds}}}",
            },
        )
        self._crowds: list[_Child] = []
        self._sources = 0

    async def run(self, names: Sequence[str]) -> tuple[list[Record], list[Round]]:
        """Strike each once, then each at full speed. Cancelling ends every process. Raises `Broken`, `OSError`."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._victim.kill)
            await self._victim.start()
            pid = self._victim.pid
            target = await target_of(self._victim.address.port, pid, keys=self._keys)
            records = [await self._once(name, target) for name in names if name != BURNING]
            await self._gather(stack)
            publisher = _Publisher(self._victim.address.port, self._plan.rate)
            try:
                rounds = [await self._round(name, target, publisher) for name in names]
            finally:
                await publisher.leave()
        return records, rounds

    def leaks(self) -> list[str]:
        """What stands in the server's log and should not: tokens and tracebacks."""
        written = self._victim.output.read_bytes() if self._victim.output.exists() else b""
        signatures = (b"eyJhbGciOi", SECRET.encode())
        return [f"its log holds {held!r}" for held in signatures if held in written] + self._victim.complaints()

    def _source(self) -> str:
        """Each attack comes from an address that has done nothing yet."""
        self._sources += 1
        return f"127.0.66.{self._sources}"

    async def _once(self, name: str, target: Target) -> Record:
        attack = ATTACKS[name]
        foe = Foe(replace(target, source=self._source(), hold=0.0))
        await attempt(attack, foe)
        await foe.leave()
        return Record(attack.name, attack.tried, foe.answers)

    async def _gather(self, stack: contextlib.AsyncExitStack) -> None:
        wanted = [
            Wanted(
                KINDS[number % len(KINDS)],
                f"127.0.1.{1 + number // _EACH_ADDRESS}",
                token(f"reader-{number}", ["run:*"]),
                # Not the number alone: kinds and channels would go together.
                f"run:{number // len(KINDS) % CHANNELS}",
            )
            for number in range(self._plan.clients)
        ]
        began = time.monotonic()
        for start in range(0, len(wanted), _EACH_PROCESS):
            crowd = await stack.enter_async_context(_Child.run("siege.clients"))
            await crowd.say({"port": self._victim.address.port, "clients": wanted[start : start + _EACH_PROCESS]})
            self._crowds.append(crowd)
        follow = sum([msgspec.json.decode(await crowd.hear())["open"] for crowd in self._crowds])
        self._say(f"{follow:,} valid clients follow after {time.monotonic() - began:.1f} s")

    async def _round(self, name: str, target: Target, publisher: _Publisher) -> Round:
        before = await self._stretch(publisher, None)
        pid = self._victim.pid
        async with _Child.run("siege.attacker") as attacker:
            await attacker.say(Order(name, self._plan.seconds, replace(target, source=self._source())))
            await attacker.hear()
            held = resident(pid)
            grown = [0]
            watching = asyncio.create_task(self._watch(pid, held, grown))
            try:
                during = await self._stretch(publisher, attacker)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            done = msgspec.json.decode(await attacker.hear(), type=Done)
        answered = Counter(done.answered)
        findings = self._findings(name, answered, during, publisher)
        one = Round(
            name,
            answered.total() / done.seconds,
            answered,
            before,
            during,
            grown[0],
            done.used / done.seconds,
            os.getloadavg()[0],
            tuple(findings),
        )
        self._say(
            f"{name:28} p99 {before.quantile(0.99) * 1e3:6.1f} → {during.quantile(0.99) * 1e3:7.1f} ms, "
            f"{len(during.latencies):,} deliveries, lost {during.lost}, {one.tried:,.0f} tried/s"
        )
        return one

    async def _stretch(self, publisher: _Publisher, attacker: _Child | None) -> Window:
        """Publish for the seconds of the plan, under attack or not, and hear what the clients noticed."""
        await asyncio.sleep(_SETTLE_SECONDS)
        if attacker is not None:
            await attacker.say("go")
        await publisher.publish(self._plan.seconds)
        heads = {f"run:{number}": publisher.heads[f"run:{number}"] for number in range(CHANNELS)}
        for crowd in self._crowds:
            await crowd.say({"heads": heads})
        return together([msgspec.json.decode(await crowd.hear(), type=Window) for crowd in self._crowds])

    async def _watch(self, pid: int, held: int, grown: list[int]) -> None:
        while True:
            grown[0] = max(grown[0], resident(pid) - held)
            await asyncio.sleep(_SAMPLE_SECONDS)

    def _findings(self, name: str, answered: Counter[str], during: Window, publisher: _Publisher) -> list[str]:
        found: list[str] = []
        if not during.whole:
            found.append(
                f"lost {during.lost}, repeated {during.repeated}, out of order {during.disorder}, "
                f"gone {during.gone} of {during.clients}, {len(during.latencies)} deliveries"
            )
        allowed = ATTACKS[name].answers | DOOR if name != BURNING else DOOR
        if strange := set(answered) - allowed:
            found.append(f"answered {', '.join(f'{what} ×{answered[what]}' for what in sorted(strange))}")
        if publisher.failed:
            found.append(f"publishing failed: {dict(publisher.failed)}")
            publisher.failed.clear()
        if not self._victim.running:
            found.append("the server is dead")
        return found
