"""What is measured, and how: each function fills one part of `Results`.

Delivery is measured in pairs: the floor, then a system, at once after each other. The machine's speed swings by a third
over minutes, so only the ratio inside a pair means something; the report shows the median of these ratios.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bench.generator import Figures, LoadFailed, Wire, load, padding
from bench.places import ROOT, SERVER_CORE
from bench.processes import Running, Unavailable, pinned, serving
from bench.systems import FLOOR, System

GATHER_US: Final = 1000
"""How long the load generator leaves bytes lying, in the runs that show its headroom."""

BATCH: Final = 100
"""Events a request where several are published at once: bursts, and filling a log."""


OTHERS_SHARE: Final = 0.15
"""How much of the server's core may go to other processes; the kernel's own writing to disk needs a few percent."""

ATTEMPTS: Final = 3
"""How often a pair that others disturbed is measured; the last one stays, and the table shows the disturbance."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    pairs: int = 5
    seconds: float = 3.0
    clients: int = 500
    publishers: int = 4
    idle: int = 5000
    connects: int = 2000
    readers: int = 1000
    missed: int = 10_000
    rate: float = 50.0
    """Events a second of the paced run."""


QUICK: Final = Plan(pairs=1, seconds=1.0, connects=500, readers=100, missed=2000)


@dataclass(frozen=True, slots=True)
class Pair:
    """The floor, and a system right after it."""

    floor: Figures
    system: Figures

    @property
    def undisturbed(self) -> bool:
        """Whether both had the server's core nearly for themselves."""
        return max(self.floor["others_cpu_share"], self.system["others_cpu_share"]) <= OTHERS_SHARE

    @property
    def ratio(self) -> float:
        """How much of the floor the system reached."""
        return self.system["deliveries_per_s"] / self.floor["deliveries_per_s"]


BUSY_PUBLISHERS: Final = 16
"""Sixteen jobs that report at the same time are an ordinary afternoon."""


@dataclass(slots=True)
class Results:
    """Everything a run found, by the key of the system."""

    plan: Plan
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    lone_pairs: dict[str, list[Pair]] = field(default_factory=dict)
    """With one publisher, who waits for each answer: nothing a server could join."""
    busy_pairs: dict[str, list[Pair]] = field(default_factory=dict)
    """With many publishers at once: a server that joins what is ready together has something to join."""
    headroom: list[Pair] = field(default_factory=list)
    """The floor read at once, and the floor with reads gathered."""
    bursts: dict[str, list[Figures]] = field(default_factory=dict)
    latency: dict[str, Figures] = field(default_factory=dict)
    connects: dict[str, Figures] = field(default_factory=dict)
    idle: dict[str, Figures] = field(default_factory=dict)
    catch_up: dict[str, Figures] = field(default_factory=dict)
    appends: dict[str, Figures] = field(default_factory=dict)
    padding: dict[str, int] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def ratio(self, key: str) -> float | None:
        """The median of a system's ratios, if it was measured."""
        found = self.pairs.get(key)
        return median(pair.ratio for pair in found) if found else None


Say = Callable[[str], None]


class Bench:
    """One run: the systems it can measure, and where its findings go."""

    def __init__(self, systems: Sequence[System], plan: Plan, say: Say) -> None:
        self.results = Results(plan)
        self._plan = plan
        self._say = say
        self._systems = [system for system in (FLOOR, *systems) if self._survey(system)]
        if not self._systems or self._systems[0] is not FLOOR:
            raise Unavailable("the floor does not run: " + self.results.absent.get(FLOOR.key, "no reason"))

    def _survey(self, system: System) -> bool:
        """Whether the system runs here; finds its padding on the way."""
        try:
            with serving(system.prepare) as server:
                self.results.padding[system.key] = padding(server, system.wire)
        except (Unavailable, LoadFailed) as reason:
            self.results.absent[system.key] = str(reason)
            self._say(f"{system.name}: left out, {reason}")
            return False
        return True

    def _one(self, system: System, wire: Wire | None = None, **options: str | float) -> Figures:
        """One call of the load generator against a fresh server."""
        with serving(system.prepare) as server:
            return self._load(server, system, wire or system.wire, **options)

    def _load(self, server: Running, system: System, wire: Wire, **options: str | float) -> Figures:
        return load(server, wire, **{"pad": self.results.padding[system.key], **options})

    def _try(self, system: System, what: str, measure: Callable[[], Figures]) -> Figures | None:
        try:
            return measure()
        except (LoadFailed, Unavailable) as reason:
            self.results.failures.append(f"{system.name}, {what}: {reason}")
            self._say(f"{system.name}, {what}: failed, {reason}")
            return None

    def _fanout(self, system: System, publishers: int, **options: str | float) -> Figures:
        plan = self._plan
        return self._one(system, None, clients=plan.clients, seconds=plan.seconds, publishers=publishers, **options)

    def fanout(self) -> None:
        """Interleaved pairs for every system, and the floor with gathered reads for the load's headroom."""
        self._pairs(self._plan.publishers, self.results.pairs, self._systems[1:])
        for _ in range(self._plan.pairs):
            pair = self._pair(FLOOR, self._plan.publishers, nap=GATHER_US)
            if pair:
                self.results.headroom.append(pair)

    def lone(self) -> None:
        """The same with a single publisher."""
        self._pairs(1, self.results.lone_pairs, self._systems[1:])

    def busy(self) -> None:
        """The same with many, for Headway and its own kind: the others write each event by itself anyway."""
        python = [system for system in self._systems if system.key.startswith(("headway", "python"))]
        self._pairs(BUSY_PUBLISHERS, self.results.busy_pairs, python)

    def _pairs(self, publishers: int, into: dict[str, list[Pair]], systems: Sequence[System]) -> None:
        for turn in range(self._plan.pairs):
            for system in systems:
                pair = self._pair(system, publishers)
                if pair:
                    into.setdefault(system.key, []).append(pair)
                    shown = f"{pair.system['deliveries_per_s']:>9,.0f}/s  {pair.ratio:.2f} of the floor"
                    self._say(f"pair {turn + 1}/{self._plan.pairs}, publishers {publishers}  {system.name:22} {shown}")

    def _pair(self, system: System, publishers: int, **options: float) -> Pair | None:
        for _ in range(ATTEMPTS):
            pair = self._paired(system, publishers, **options)
            if pair is None or pair.undisturbed:
                break
        return pair

    def _paired(self, system: System, publishers: int, **options: float) -> Pair | None:
        floor = self._try(FLOOR, "pair", lambda: self._fanout(FLOOR, publishers))
        found = self._try(system, "pair", lambda: self._fanout(system, publishers, **options)) if floor else None
        return Pair(floor, found) if floor and found else None

    def bursts(self) -> None:
        """One request publishes many events: what joined frames are worth."""
        for system in self._systems:
            for _ in range(self._plan.pairs if system.wire.arrays else 0):
                figures = self._try(system, "bursts", lambda s=system: self._fanout(s, 2, batch=BATCH))  # type: ignore[misc]
                if figures:
                    self.results.bursts.setdefault(system.key, []).append(figures)
                    self._say(f"bursts  {system.name:22} {figures['deliveries_per_s']:>9,.0f}/s")

    def latency(self) -> None:
        """Delay from a publish request to each subscriber, with the server far from busy."""
        self._each(
            "latency",
            self.results.latency,
            lambda system: self._one(
                system, clients=self._plan.clients, rate=self._plan.rate, seconds=self._plan.seconds, publishers=8
            ),
            lambda f: f"p50 {f['delivery_p50_ms']:.2f} ms, p99 {f['delivery_p99_ms']:.2f} ms",
        )

    def connects(self) -> None:
        """Subscribers a second from TCP connect to live."""
        self._each(
            "connects",
            self.results.connects,
            lambda system: self._one(system, mode="connects", clients=self._plan.connects),
            lambda f: f"{f['connects_per_s']:,.0f}/s",
        )

    def idle(self) -> None:
        """Resident bytes of the server per idle subscriber."""
        self._each(
            "idle",
            self.results.idle,
            lambda system: self._one(system, mode="idle", clients=self._plan.idle, settle=2),
            lambda f: f"{f['bytes_per_connection'] / 1024:.1f} KiB a connection",
        )

    def _each(
        self, what: str, into: dict[str, Figures], measure: Callable[[System], Figures], show: Callable[[Figures], str]
    ) -> None:
        for system in self._systems:
            figures = self._try(system, what, lambda s=system: measure(s))  # type: ignore[misc]
            if figures:
                into[system.key] = figures
                self._say(f"{what}  {system.name:22} {show(figures)}")

    def catch_up(self) -> None:
        """Readers who connect with everything missed, and read to the head."""
        for system in self._systems:
            wire = system.catch_up
            if wire is None:
                continue
            figures = self._try(system, "catch-up", lambda s=system, w=wire: self._caught_up(s, w))  # type: ignore[misc]
            if figures:
                self.results.catch_up[system.key] = figures
                self._say(f"catch-up  {system.name:22} {figures['deliveries_per_s']:>9,.0f}/s")

    def _caught_up(self, system: System, wire: Wire) -> Figures:
        plan = self._plan
        with serving(system.prepare) as server:
            fill = {"clients": 0, "publishers": 1, "batch": BATCH, "events": plan.missed, "seconds": 0}
            self._load(server, system, system.wire, **fill)
            return self._load(
                server, system, wire, mode="catchup", clients=plan.readers, events=plan.missed, timeout=180
            )

    def appends(self) -> None:
        """Durable events a second, in process and by HTTP, of the first durable system."""
        for tasks, batch in ((1, 1), (64, 1), (4, BATCH)):
            what = f"in process, {_tasks(tasks)}, {_batch(batch)}"
            self._append(what, lambda t=tasks, b=batch: _in_process(t, b, self._plan.seconds))  # type: ignore[misc]
        durable = next((system for system in self._systems if system.durable), None)
        for publishers, batch in ((1, 1), (32, 1), (4, BATCH)) if durable else ():
            what = f"HTTP, {_tasks(publishers)}, {_batch(batch)}"
            options = {"clients": 0, "publishers": publishers, "batch": batch, "seconds": self._plan.seconds}
            self._append(what, lambda s=durable, o=options: self._one(s, **o))  # type: ignore[misc]

    def _append(self, what: str, measure: Callable[[], Figures]) -> None:
        try:
            figures = measure()
        except (LoadFailed, Unavailable) as reason:
            self.results.failures.append(f"appends, {what}: {reason}")
            self._say(f"appends, {what}: failed, {reason}")
            return
        self.results.appends[what] = figures
        self._say(f"appends  {what:44} {figures['events_per_s']:>9,.0f}/s")


def _tasks(number: int) -> str:
    return "one at a time" if number == 1 else f"{number} at once"


def _batch(number: int) -> str:
    return "one event each" if number == 1 else f"{number} events each"


def _in_process(tasks: int, batch: int, seconds: float) -> Figures:
    command = [sys.executable, "-m", "bench.appends", str(tasks), str(batch), str(seconds)]
    done = subprocess.run(pinned(SERVER_CORE, command), capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise LoadFailed((done.stderr.strip().splitlines() or ["no message"])[-1])
    figures: Figures = json.loads(done.stdout)
    return figures
