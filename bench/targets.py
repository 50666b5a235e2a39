"""What Headway promises about its speed, held against a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.measures import Results


@dataclass(frozen=True, slots=True)
class Target:
    """One promise: the figure, and what it must be."""

    name: str
    figure: Callable[[Results], float | None]
    wanted: float
    at_most: bool = False
    shown: str = ".2f"

    def line(self, results: Results) -> str:
        """One row: promise, found, verdict. A miss says by how much."""
        sign = "≤" if self.at_most else "≥"
        found = self.figure(results)
        if found is None:
            return f"| {self.name} | {sign} {self.wanted:{self.shown}} | – | not measured in this run |"
        met = found <= self.wanted if self.at_most else found >= self.wanted
        off = abs(found / self.wanted - 1)
        verdict = "met" if met else f"**missed by {off:.0%}**"
        return f"| {self.name} | {sign} {self.wanted:{self.shown}} | {found:{self.shown}} | {verdict} |"


def _of_floor(key: str) -> Callable[[Results], float | None]:
    return lambda results: results.ratio(key)


def _over(key: str, *others: str) -> Callable[[Results], float | None]:
    """The system's ratio to the floor over the best of the others' ratios."""

    def figure(results: Results) -> float | None:
        mine = results.ratio(key)
        theirs = [ratio for ratio in map(results.ratio, others) if ratio]
        return mine / max(theirs) if mine and theirs else None

    return figure


def _over_busy(key: str, other: str) -> Callable[[Results], float | None]:
    """The same of one other, with many publishers."""

    def figure(results: Results) -> float | None:
        mine, theirs = results.busy_pairs.get(key), results.busy_pairs.get(other)
        if not mine or not theirs:
            return None
        return median(pair.ratio for pair in mine) / median(pair.ratio for pair in theirs)

    return figure


def _burst(results: Results) -> float | None:
    runs = results.bursts.get("headway-websocket")
    return median(run["deliveries_per_s"] for run in runs) if runs else None


def _idle_kib(key: str) -> Callable[[Results], float | None]:
    def figure(results: Results) -> float | None:
        found = results.idle.get(key)
        return found["bytes_per_connection"] / 1024 if found else None

    return figure


_OTHERS: Final = ("node-ws", "node-socketio", "nchan-websocket", "nchan-sse")

TARGETS: Final = (
    Target("WebSocket, of the floor", _of_floor("headway-websocket"), 0.70),
    Target("Socket.IO, of the floor", _of_floor("headway-socketio"), 0.65),
    Target("SSE, of the floor", _of_floor("headway-sse"), 0.55),
    Target("WebSocket, of the best of Node and Nchan", _over("headway-websocket", *_OTHERS), 1.0),
    Target("Socket.IO, of the best of Node and Nchan", _over("headway-socketio", *_OTHERS), 1.0),
    Target("SSE, of the best of Node and Nchan", _over("headway-sse", *_OTHERS), 1.0),
    Target("Socket.IO, of python-socketio", _over("headway-socketio", "python-socketio"), 10, shown=".1f"),
    Target(
        "Socket.IO, of python-socketio, 16 publishers",
        _over_busy("headway-socketio", "python-socketio"),
        10,
        shown=".1f",
    ),
    Target("Joined bursts, WebSocket, events/s", _burst, 1_000_000, shown=",.0f"),
    Target("Idle WebSocket, KiB a connection", _idle_kib("headway-websocket"), 12, at_most=True, shown=".1f"),
    Target("Idle Socket.IO, KiB a connection", _idle_kib("headway-socketio"), 16, at_most=True, shown=".1f"),
)
