"""What the server can be measured by: one table of metrics, read when somebody asks.

    GET /metrics        the table as Prometheus text, or OpenMetrics for who accepts that
    GET /api/metrics    {"active_connections", "total_connections", "total_messages", "bytes_sent", "bytes_received",
                        "average_connection_duration", …} for people and the clients that know these names

The table is `METRICS`; `docs/reference/metrics.md` is made from it. A label's values are words of this program, and at
most some hundreds of them: never a user, an address, or a channel. Another layer adds a table of its own with
`Metrics.add`. Not here: counting (`headway.figures`, and the `statistics()` of the parts).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, cast

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client import exposition as plain_text
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from headway.access.identity import Access, Identity, Unauthorized
from headway.apps.interface import Figure
from headway.clock import Clock
from headway.figures import SECONDS, Figures, Histogram, Tally, plain
from headway.hub.hub import Hub
from headway.log.interface import Log
from headway.sessions.registry import Registry

__all__ = [
    "METRICS",
    "PROCESS",
    "Answers",
    "CountedAccess",
    "Kind",
    "LoopLag",
    "Metric",
    "Metrics",
    "Sources",
    "outcome",
]

Pairs = Mapping[tuple[str, str], float]
Reading = float | Histogram | Mapping[str, float] | Mapping[str, Histogram] | Pairs | None
"""A number, or one for each label or pair of labels; None where this server has no such thing."""

Source = TypeVar("Source")


class Kind(Enum):
    """How a metric behaves."""

    GAUGE = "gauge"
    """Goes up and down."""
    COUNTER = "counter"
    """Only grows, from 0 at each start of the server. Its name ends in `_total`."""
    HISTOGRAM = "histogram"
    """How values are spread: `_bucket`, `_count` and `_sum`."""


@dataclass(frozen=True, slots=True)
class Metric(Generic[Source]):
    """One metric: what it is called, what it means, and how it is read."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    read: Callable[[Source], Reading]


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of a server that count."""

    version: str
    clock: Clock
    figures: Figures
    hub: Hub
    log: Log
    registry: Registry
    lag: LoopLag | None = None
    refused: Callable[[], Mapping[str, int]] = dict
    """What the door of the addresses refused, by which of its limits."""
    audit: Callable[[], Mapping[str, int]] = dict
    """What the audit trail counts."""


class Moment:
    """One look at all sources, each of them asked once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.figures = sources.figures
        self.traffic = sources.figures.traffic

    @cached_property
    def hub(self) -> Mapping[str, Any]:  # Any: see `Hub.statistics`
        """What the hub counts."""
        return self.sources.hub.statistics()

    @cached_property
    def log(self) -> Mapping[str, Any]:  # Any: see `Log.statistics`
        """What the log counts."""
        return self.sources.log.statistics()

    @cached_property
    def audience(self) -> Audience:
        """Who is connected."""
        return Audience.of(self.sources.registry)

    @cached_property
    def audit(self) -> Mapping[str, int]:
        """What the audit trail counts."""
        return self.sources.audit()

    def by_transport(self, name: str) -> dict[str, float]:
        """A figure of each transport."""
        return {transport: getattr(one, name) for transport, one in self.traffic.items()}

    def sent(self, events: str, answers: str) -> Pairs:
        """What the hub told and what was answered, of each transport."""
        told = {(name, "event"): float(one[events]) for name, one in self.hub["delivered"].items()}
        answered = {(name, "answer"): float(getattr(one, answers)) for name, one in self.traffic.items()}
        return told | answered


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is connected, and what waits for them."""

    users: int
    sessions: int
    buffered: int

    @classmethod
    def of(cls, registry: Registry) -> Audience:
        """Count them. Twenty thousand take some twenty milliseconds, once a scrape."""
        users: set[str] = set()
        sessions = buffered = 0
        for connection in registry.connections():
            buffered += connection.buffered()
            for session in connection.sessions():
                sessions += 1
                if session.user is not None:
                    users.add(session.user)
        return cls(len(users), sessions, buffered)


def _closes(now: Moment) -> Pairs:
    return {
        (transport, code): count
        for transport, one in now.traffic.items()
        for code, count in one.closes.counts().items()
        if count
    }


def _answered(now: Moment) -> Pairs:
    return {(route, str(status)): count for (route, status), count in now.figures.answers.counts().items()}


def _log_errors(now: Moment) -> Mapping[str, float]:
    found = {"write": now.log.get("failures"), "read": now.log.get("read_failures")}
    return {operation: count for operation, count in found.items() if count is not None}


_G, _C, _H = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM
_BY: Final = ("transport",)

METRICS: Final[Sequence[Metric[Moment]]] = (
    # Who is here.
    Metric("headway_info", _G, ("version",), "Always 1.", lambda now: {now.sources.version: 1.0}),
    Metric(
        "headway_draining",
        _G,
        (),
        "1 while the server sends everybody away.",
        lambda now: now.sources.registry.draining,
    ),
    Metric("headway_connections", _G, _BY, "Open connections.", lambda now: now.by_transport("open")),
    Metric(
        "headway_connections_opened_total", _C, _BY, "Connections that opened.", lambda now: now.by_transport("opened")
    ),
    Metric(
        "headway_connection_seconds",
        _H,
        _BY,
        "How long connections lasted, of those that have ended or went over to another transport.",
        lambda now: {name: one.lives for name, one in now.traffic.items()},
    ),
    Metric(
        "headway_closes_total",
        _C,
        ("transport", "code"),
        "Connections that ended, by the close code said first; `none` where none was.",
        _closes,
    ),
    Metric("headway_users", _G, (), "Different users among them.", lambda now: now.audience.users),
    Metric("headway_sessions", _G, (), "Sessions.", lambda now: now.audience.sessions),
    Metric("headway_subscriptions", _G, (), "Channels followed, of all sessions.", lambda now: now.hub["cursors"]),
    Metric("headway_channels_followed", _G, (), "Channels with readers.", lambda now: now.hub["channels"]),
    Metric("headway_polls_waiting", _G, (), "Long polls that wait for news.", lambda now: now.hub["waiting_polls"]),
    # What passes.
    Metric(
        "headway_messages_received_total",
        _C,
        _BY,
        "Messages of clients; over HTTP the events of a publish.",
        lambda now: now.by_transport("messages_in"),
    ),
    Metric("headway_received_bytes_total", _C, _BY, "Bytes of these.", lambda now: now.by_transport("bytes_in")),
    Metric(
        "headway_messages_sent_total",
        _C,
        ("transport", "kind"),
        "Events that the hub told, and answers; what a poll is answered counts as answers.",
        lambda now: now.sent("events", "messages_out"),
    ),
    Metric(
        "headway_sent_bytes_total",
        _C,
        ("transport", "kind"),
        "Bytes of these.",
        lambda now: now.sent("bytes", "bytes_out"),
    ),
    Metric(
        "headway_writes_total",
        _C,
        _BY,
        "Writes of the hub to a connection; one can carry several events.",
        lambda now: {name: one["writes"] for name, one in now.hub["delivered"].items()},
    ),
    Metric(
        "headway_fan_out_seconds",
        _H,
        (),
        "Time to tell all readers what one turn of the loop made visible.",
        lambda now: now.hub["flush_seconds"],
    ),
    # Who comes back, and who falls behind.
    Metric(
        "headway_reader_starts_total",
        _C,
        ("how",),
        "Readers that began: `fresh` without a position, `recovered` with one, `gap` with one that was lost.",
        lambda now: now.hub["starts"],
    ),
    Metric(
        "headway_caught_up_events",
        _H,
        (),
        "Events that readers who came with a position had missed.",
        lambda now: now.hub["caught_up"],
    ),
    Metric(
        "headway_catch_ups_total",
        _C,
        (),
        "Times the log was read for one reader that the memory did not reach.",
        lambda now: now.hub["catch_ups"],
    ),
    Metric(
        "headway_conflated_events_total",
        _C,
        (),
        "Events that slow readers were spared, because a newer one of the key was there.",
        lambda now: now.hub["conflated"],
    ),
    Metric("headway_gaps_total", _C, (), "Gaps that readers were told of.", lambda now: now.hub["gaps"]),
    # What is held.
    Metric(
        "headway_buffered_bytes",
        _G,
        (),
        "Bytes that wait to be written to connections.",
        lambda now: now.audience.buffered,
    ),
    Metric("headway_tail_events", _G, (), "Newest events kept in memory.", lambda now: now.hub["tail_events"]),
    Metric("headway_tail_bytes", _G, (), "Bytes of these.", lambda now: now.hub["tail_bytes"]),
    Metric(
        "headway_chunk_cache_bytes",
        _G,
        (),
        "Encoded history kept for readers that catch up.",
        lambda now: now.hub["history"]["bytes"],
    ),
    Metric(
        "headway_chunk_cache_total",
        _C,
        ("result",),
        "Chunks of history asked for: `hit` if they were kept, else `miss`.",
        lambda now: {"hit": now.hub["history"]["hits"], "miss": now.hub["history"]["misses"]},
    ),
    # The log.
    Metric("headway_log_channels", _G, (), "Channels the log knows.", lambda now: now.log.get("channels")),
    Metric("headway_log_commits_total", _C, (), "Commits.", lambda now: now.log.get("commits")),
    Metric("headway_log_syncs_total", _C, (), "Commits that waited for the disk.", lambda now: now.log.get("syncs")),
    Metric(
        "headway_log_commit_seconds",
        _H,
        (),
        "Time of a commit, from taking what waits until it is stored.",
        lambda now: now.log.get("commit_seconds"),
    ),
    Metric("headway_log_commit_events", _H, (), "Events of a commit.", lambda now: now.log.get("commit_events")),
    Metric("headway_log_appended_events_total", _C, (), "Events stored.", lambda now: now.log.get("appended")),
    Metric(
        "headway_log_appended_bytes_total", _C, (), "Bytes of their data.", lambda now: now.log.get("appended_bytes")
    ),
    Metric(
        "headway_log_replayed_total",
        _C,
        (),
        "Publishes that an idempotency key showed to be repetitions.",
        lambda now: now.log.get("replayed"),
    ),
    Metric(
        "headway_log_forgotten_events_total",
        _C,
        (),
        "Events that retention removed.",
        lambda now: now.log.get("forgotten"),
    ),
    Metric("headway_log_errors_total", _C, ("operation",), "Failures to `write` or `read` the log.", _log_errors),
    Metric(
        "headway_log_waiting_events",
        _G,
        (),
        "Events that wait to be stored.",
        lambda now: now.log.get("waiting_drafts"),
    ),
    Metric("headway_log_waiting_bytes", _G, (), "Bytes of these.", lambda now: now.log.get("waiting_bytes")),
    Metric(
        "headway_log_refused_total",
        _C,
        (),
        "Publishes refused because too much waits.",
        lambda now: now.log.get("refused"),
    ),
    Metric("headway_log_database_bytes", _G, (), "Size of the database.", lambda now: now.log.get("database_bytes")),
    Metric("headway_log_wal_bytes", _G, (), "Size of its write-ahead log.", lambda now: now.log.get("wal_bytes")),
    # Who is stopped.
    Metric(
        "headway_limit_hits_total",
        _C,
        ("limit",),
        "Times that a limit stopped somebody, by its name.",
        lambda now: now.figures.limits.counts(),
    ),
    Metric(
        "headway_refusals_total",
        _C,
        ("reason",),
        "Connections refused before anything was read.",
        lambda now: now.figures.refusals.counts() | dict(now.sources.refused()),
    ),
    Metric(
        "headway_auth_total",
        _C,
        ("outcome",),
        "What became of tokens: `ok`, `missing`, `invalid`, `expired`, `revoked`.",
        lambda now: now.figures.auth.counts(),
    ),
    Metric(
        "headway_http_answers_total", _C, ("route", "status"), "Answers over HTTP, by the route's template.", _answered
    ),
    Metric(
        "headway_audit_entries_total",
        _C,
        ("result",),
        "Entries of the audit trail: `stored`, or `lost` because the log would not take them.",
        lambda now: {name: now.audit[name] for name in ("stored", "lost") if name in now.audit},
    ),
    # The process.
    Metric(
        "headway_loop_lag_seconds",
        _H,
        (),
        "How late the event loop comes to what is due: looked at every second.",
        lambda now: now.sources.lag.seconds if now.sources.lag is not None else None,
    ),
)
"""Every metric, in the order in which they are shown."""

PROCESS: Final = {
    "process_virtual_memory_bytes": "Virtual memory.",
    "process_resident_memory_bytes": "Memory in use.",
    "process_start_time_seconds": "When the process started, in seconds since 1970.",
    "process_cpu_seconds_total": "Processor time spent.",
    "process_open_fds": "Open files and sockets.",
    "process_max_fds": "How many there may be.",
}
"""What every Prometheus client says of its process, on Linux."""


class Metrics:
    """All tables of a server, ready to be shown."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self.add(METRICS, lambda: Moment(sources))

    def add(self, metrics: Sequence[Metric[Source]], look: Callable[[], Source]) -> None:
        """Show another layer's table as well. `look` is called once for each scrape."""
        self._registry.register(_Table(metrics, look))

    def add_figures(self, look: Callable[[], Iterable[Figure]]) -> None:
        """Show an application's figures as well. `look` is called once for each scrape."""
        self._registry.register(_Figures(look))

    def text(self, accept: str | None) -> tuple[bytes, bytes]:
        """The body of `/metrics` and its content type. Prometheus asks for OpenMetrics; a browser gets plain text."""
        if accept is not None and "application/openmetrics-text" in accept:
            encoded: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]  # theirs
            return encoded, openmetrics.CONTENT_TYPE_LATEST.encode()
        return plain_text.generate_latest(self._registry), plain_text.CONTENT_TYPE_PLAIN_0_0_4.encode()

    def summary(self) -> dict[str, Any]:  # Any: JSON
        """The body of `/api/metrics`."""
        now = Moment(self._sources)
        traffic = now.traffic.values()
        ended = sum(one.closes.total for one in traffic)
        seconds = sum(one.lives.sum for one in traffic)
        return {
            "active_connections": sum(one.open for one in traffic),
            "total_connections": sum(one.opened for one in traffic),
            "total_messages": sum(one.messages_in + one.messages_out for one in traffic) + now.hub["deliveries"],
            "bytes_sent": sum(one.bytes_out for one in traffic) + now.hub["bytes"],
            "bytes_received": sum(one.bytes_in for one in traffic),
            "average_connection_duration": round(seconds / ended, 3) if ended else 0,
            "users": now.audience.users,
            "sessions": now.audience.sessions,
            "subscriptions": now.hub["cursors"],
            "channels": now.hub["channels"],
            "buffered_bytes": now.audience.buffered,
            "by_transport": self._sources.figures.statistics()["transports"],
            "delivered": {name: one["events"] for name, one in now.hub["delivered"].items()},
            "starts": now.hub["starts"],
            "gaps": now.hub["gaps"],
            "conflated": now.hub["conflated"],
            "fan_out_seconds": plain(now.hub["flush_seconds"]),
            "log": plain({name: now.log[name] for name in _SUMMED if name in now.log}),
        }


_SUMMED: Final = ("commits", "appended", "appended_bytes", "waiting_drafts", "failures", "commit_seconds")
"""What `/api/metrics` says of the log."""


class _Table(Collector, Generic[Source]):
    """A table of metrics, as Prometheus' registry wants it."""

    def __init__(self, metrics: Sequence[Metric[Source]], look: Callable[[], Source]) -> None:
        self._metrics = metrics
        self._look = look

    def collect(self) -> Iterator[Family]:
        """Every metric with what it reads now."""
        source = self._look()
        for metric in self._metrics:
            yield _family(metric, metric.read(source))

    def describe(self) -> Iterable[Family]:
        """Their names, so that two tables cannot have the same."""
        return [_family(metric, None) for metric in self._metrics]


class _Figures(Collector):
    """What an application says of itself, as Prometheus' registry wants it."""

    def __init__(self, look: Callable[[], Iterable[Figure]]) -> None:
        self._look = look

    def collect(self) -> Iterator[Family]:
        """Every figure with its samples."""
        for figure in self._look():
            names = list(figure.samples[0][0]) if figure.samples else []
            family = _FAMILIES[Kind(figure.kind)](figure.name, figure.help, labels=names)
            for labels, value in figure.samples:
                family.add_metric([labels[name] for name in names], value)
            yield family

    def describe(self) -> Iterable[Family]:
        """Nothing: what it has changes with what it watches."""
        return ()


def _family(metric: Metric[Source], reading: Reading) -> Family:
    histograms = metric.kind is Kind.HISTOGRAM
    family = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=metric.labels)
    for labels, value in _by_labels(reading):
        assert histograms == isinstance(value, Histogram)  # the table says so
        if isinstance(value, Histogram):
            family.add_metric(labels, [(_bound(bound), float(count)) for bound, count in value.up_to()], value.sum)
        else:
            family.add_metric(labels, float(value))
    return cast(Family, family)


_FAMILIES: Final[Mapping[Kind, Callable[..., Any]]] = {  # Any: the three have no common signature
    Kind.GAUGE: GaugeMetricFamily,
    Kind.COUNTER: CounterMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}


def _by_labels(reading: Reading) -> Iterator[tuple[tuple[str, ...], float | Histogram]]:
    if isinstance(reading, Mapping):
        for label, value in reading.items():
            yield (label if isinstance(label, tuple) else (label,)), value
    elif reading is not None:
        yield (), reading


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(bound)


# Who counts for the table.

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]  # Any: ASGI's own shapes


class Answers:
    """Counts answers over HTTP by the template of their route: a path itself can be anything."""

    def __init__(self, tally: Tally[tuple[str, int]], templates: Iterable[str]) -> None:
        """The templates of routes, as in the documentation."""
        self._tally = tally
        # The longest first: a channel's name may look like the end of a longer route.
        self._templates = sorted({*templates, *_PLACES}, key=len, reverse=True)
        self._pattern = re.compile("|".join(f"({_expression(template)})" for template in self._templates))

    def template(self, path: str) -> str:
        """The template that a percent-encoded path follows; `other` if none does."""
        found = self._pattern.fullmatch(path)
        if found is None or found.lastindex is None:
            return "other"
        return self._templates[found.lastindex - 1]

    def counting(self, path: str, send: Send) -> Send:
        """The same `send`, whose answer is counted."""

        async def counted(message: MutableMapping[str, Any]) -> None:  # Any: ASGI's own shapes
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._tally.add((self.template(path), message["status"]))
            await send(message)

        return counted


_PLACES: Final = (
    *("/", "/static/{file}", "/socket.io/", "/socket.io", "/ws", "/ws/{client}"),
    *("/openapi.json", "/asyncapi.json"),
)
"""What is served beside the table of routes."""


def _expression(template: str) -> str:
    return re.sub(r"\\{\w+\\}", ".+", re.escape(template))


def outcome(error: Unauthorized | None) -> str:
    """What became of a token, as a label: the error is what authenticating raised, None if it raised nothing."""
    if error is None:
        return "ok"
    sentence = error.message
    return next((label for word, label in _OUTCOMES.items() if word in sentence), "invalid")


_OUTCOMES: Final = {"needed": "missing", "expired": "expired", "revoked": "revoked"}
"""Words of our own sentences about tokens."""


class CountedAccess:
    """An `Access` whose every answer is counted."""

    def __init__(self, access: Access, tally: Tally[str]) -> None:
        self._access = access
        self._tally = tally

    @property
    def open(self) -> bool:
        """Whether everybody is welcome without a token."""
        return self._access.open

    def authenticate(self, token: str | None) -> Identity:
        """Who holds this token. Raises `Unauthorized`."""
        try:
            identity = self._access.authenticate(token)
        except Unauthorized as error:
            self._tally.add(outcome(error))
            raise
        if not self._access.open:
            self._tally.add(outcome(None))
        return identity

    def still(self, identity: Identity) -> bool:
        """Whether the token of somebody recognised earlier has not been revoked since."""
        return self._access.still(identity)


class LoopLag:
    """How late the loop comes to what is due: above some tens of milliseconds everybody waits for something."""

    def __init__(self, clock: Clock, every: float = 1.0) -> None:
        self._clock = clock
        self._every = every
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.seconds: Histogram = Histogram(SECONDS)

    def start(self) -> None:
        """Look from now on. Its owner stops it."""
        self._due = self._clock.monotonic() + self._every
        self._timer = asyncio.get_running_loop().call_later(self._every, self._look)

    def stop(self) -> None:
        """Look no more. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.seconds.note(max(0.0, self._clock.monotonic() - self._due))
        self.start()
