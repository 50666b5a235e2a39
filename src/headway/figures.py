"""What a server counts: numbers that only grow, and how they are spread. Pure, and cheap enough for every message.

    Tally       counters by label; labels beyond a bound share one, so that nobody can fill the memory with names
    Histogram   how often a value fell into which of a few ranges
    Deliveries  what the hub wrote to the readers of one transport
    Traffic     what one transport carried, and how its connections lived
    Life        one connection from its beginning to its end
    Figures     all of these that belong to a server

Whoever counts only adds; whoever reads may do so at any moment, in any thread, and sees each number as of then. A
label is a word of ours (a transport, a code, a route), never one of a client. Not here: how figures are shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

__all__ = ["SECONDS", "SIZES", "TRANSPORTS", "Deliveries", "Figures", "Histogram", "Life", "Tally", "Traffic", "plain"]

TRANSPORTS: Final = ("websocket", "eventsource", "socketio", "socketio-poll", "polling", "http")
"""What messages come and go on: the four transports, Socket.IO while it polls, and requests that only publish."""

SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Ranges of short times: from a write to a few readers, to a disk that hangs."""

SIZES: Final = (0.0, 1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0)
"""Ranges of numbers of events: none, one, and up to the events a channel keeps."""

LIVES: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
"""Ranges of the life of a connection, in seconds: what a proxy cuts dies at 30 or 60, what a person closes later."""

_LABELS: Final = 256
"""Labels of one tally. Routes times statuses is the largest; a scrape of so many lines is some 20 KB."""

Label = TypeVar("Label", bound=Hashable)


class Tally(Generic[Label]):
    """Counters by label."""

    __slots__ = ("_counts", "_most", "_other")

    def __init__(self, other: Label, known: Iterable[Label] = (), most: int = _LABELS) -> None:
        """`other` is the label of what is too much; those `known` are there from the beginning, at 0."""
        self._other = other
        self._most = most
        self._counts: dict[Label, int] = dict.fromkeys(known, 0)

    def add(self, label: Label, count: int = 1) -> None:
        """Count."""
        counts = self._counts
        if label not in counts:
            if len(counts) >= self._most:
                label = self._other
            counts.setdefault(label, 0)
        counts[label] += count

    def __getitem__(self, label: Label) -> int:
        return self._counts.get(label, 0)

    @property
    def total(self) -> int:
        """Of all labels together."""
        return sum(self._counts.values())

    def counts(self) -> dict[Label, int]:
        """Every label and its number, as of now."""
        return dict(self._counts)


class Histogram:
    """How often a value was at most each of some bounds, or above all of them."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """The bounds, rising."""
        self.bounds = tuple(bounds)
        self.sum = 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def note(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    @property
    def mean(self) -> float:
        """Their mean; 0 where there were none."""
        count = self.count
        return self.sum / count if count else 0.0

    def up_to(self) -> list[tuple[float, int]]:
        """Each bound with the number of values up to it, and at last infinity with all of them."""
        total, found = 0, []
        for bound, count in zip((*self.bounds, float("inf")), tuple(self._counts), strict=True):
            total += count
            found.append((bound, total))
        return found

    def quantile(self, part: float) -> float:
        """The bound below which at least this part of all values lies; 0 where there were none, the last bound for what
        is above all of them."""
        wanted = part * self.count
        if not wanted:
            return 0.0
        return next((bound for bound, count in self.up_to()[:-1] if count >= wanted), self.bounds[-1])


class Deliveries:
    """What the hub wrote to the readers of one transport."""

    __slots__ = ("bytes", "events", "writes")

    def __init__(self) -> None:
        self.writes = self.events = self.bytes = 0

    def add(self, writes: int, events: int, bytes: int) -> None:
        """So much was written, to however many readers."""
        self.writes += writes
        self.events += events
        self.bytes += bytes


class Traffic:
    """What one transport carried beside the events of the hub, and how its connections lived."""

    __slots__ = ("arrived", "bytes_in", "bytes_out", "closes", "lives", "messages_in", "messages_out", "opened")

    def __init__(self, closes: Iterable[str] = ()) -> None:
        """`closes` are the close codes that are counted by themselves; any other is counted as `other`."""
        self.opened = 0
        self.arrived = 0
        """Connections that opened on another transport and went over to this one."""
        self.messages_in = 0
        self.bytes_in = 0
        self.messages_out = 0
        """Answers, and events that were read without a cursor: by polls."""
        self.bytes_out = 0
        self.lives = Histogram(LIVES)
        """Seconds of the connections that have ended, or went over to another transport."""
        known = ("none", *closes)
        self.closes: Tally[str] = Tally("other", known, most=len(known))

    @property
    def open(self) -> int:
        """Connections that are here."""
        return self.opened + self.arrived - self.lives.count

    def received(self, size: int, messages: int = 1) -> None:
        """A client said something."""
        self.messages_in += messages
        self.bytes_in += size

    def answered(self, size: int, messages: int = 1) -> None:
        """A client was told something, other than by the hub."""
        self.messages_out += messages
        self.bytes_out += size


class Life:
    """One connection: since when, from where, and what it said and was answered. `Figures.begin` makes it."""

    __slots__ = (
        "_here",
        "address",
        "began",
        "bytes_in",
        "bytes_out",
        "code",
        "ended",
        "messages_in",
        "messages_out",
        "number",
        "since",
        "traffic",
        "transport",
    )

    def __init__(
        self, traffic: Traffic, transport: str, address: str | None, *, now: float, began: float, number: int = 0
    ) -> None:
        self.number = number
        """By which people name it; another one's in another life of the process."""
        self.traffic = traffic
        self.transport = transport
        self.address = address
        self.since = now
        """Seconds since 1970, for people."""
        self.began = began
        """The clock's monotonic reading, from which its length is counted."""
        self._here = began
        self.messages_in = 0
        self.bytes_in = 0
        self.messages_out = 0
        self.bytes_out = 0
        self.code: int | None = None
        """The first close code that either side said."""
        self.ended = False
        traffic.opened += 1

    def received(self, size: int) -> None:
        """The client said something."""
        self.messages_in += 1
        self.bytes_in += size
        self.traffic.received(size)

    def answered(self, size: int) -> None:
        """The client was told something, other than by the hub."""
        self.messages_out += 1
        self.bytes_out += size
        self.traffic.answered(size)

    def closing(self, code: int | None) -> None:
        """A side said goodbye. The first code counts: the other side only repeats it."""
        if self.code is None:
            self.code = code

    def move(self, traffic: Traffic, transport: str, *, began: float) -> None:
        """Go on over another transport, as a Socket.IO client does that upgrades, by the clock's monotonic reading."""
        if not self.ended:
            self.traffic.lives.note(max(0.0, began - self._here))
            traffic.arrived += 1
        self.traffic, self.transport, self._here = traffic, transport, began

    def end(self, at: float) -> float:
        """It is over, by the clock's monotonic reading. Returns its seconds. Counted once, however often it is said."""
        if not self.ended:
            self.ended = True
            self.traffic.lives.note(max(0.0, at - self._here))
            self.traffic.closes.add("none" if self.code is None else str(self.code))
        return max(0.0, at - self.began)


class Figures:
    """What transports, sessions and the server count. The hub and the log count their own."""

    def __init__(self, closes: Iterable[int] = ()) -> None:
        """`closes` are the close codes that are counted by themselves."""
        spelled = [str(code) for code in closes]
        self._other = Traffic(spelled)
        self._begun = 0
        self.traffic: Mapping[str, Traffic] = {name: Traffic(spelled) for name in TRANSPORTS}
        self.limits: Tally[str] = Tally("other")
        """Each time a limit was reached, by its name in `limits.Limits`."""
        self.refusals: Tally[str] = Tally("other")
        """Connections that were refused at the door, by why."""
        self.auth: Tally[str] = Tally("other", ("ok", "missing", "invalid", "expired", "revoked"))
        """What became of tokens and sign-ins."""
        self.answers: Tally[tuple[str, int]] = Tally(("other", 0))
        """Answers over HTTP, by the route's template and the status."""

    def of(self, transport: str) -> Traffic:
        """The figures of a transport; of one that is not known, those of all such together, which are not shown."""
        return self.traffic.get(transport, self._other)

    def begin(self, transport: str, address: str | None, *, now: float, monotonic: float) -> Life:
        """A connection opened."""
        self._begun += 1
        return Life(self.of(transport), transport, address, now=now, began=monotonic, number=self._begun)

    def statistics(self) -> dict[str, Any]:  # Any: numbers, by name
        """What was counted, for people."""
        return {
            "transports": {
                name: {
                    "open": one.open,
                    "opened": one.opened,
                    "messages_in": one.messages_in,
                    "messages_out": one.messages_out,
                    "bytes_in": one.bytes_in,
                    "bytes_out": one.bytes_out,
                }
                for name, one in self.traffic.items()
            },
            "limits": self.limits.counts(),
            "refusals": self.refusals.counts(),
            "auth": self.auth.counts(),
        }


def plain(statistics: Any) -> Any:  # Any: what `statistics()` of any part returned
    """The same with each histogram as a few numbers, so that it can be written as JSON."""
    match statistics:
        case Mapping():
            return {name: plain(value) for name, value in statistics.items()}
        case Histogram():
            quantiles = {"p50": statistics.quantile(0.5), "p99": statistics.quantile(0.99)}
            return {"count": statistics.count, "mean": statistics.mean, **quantiles}
        case _:
            return statistics
