"""The table of metrics: every line of it is shown, in both formats, and no stranger's word gets into a label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from headway.access.identity import OpenAccess, Unauthorized
from headway.clock import SystemClock
from headway.figures import Figures, Histogram, Tally
from headway.log.sqlite import SqliteLog
from headway.positions import BEGINNING, Position
from headway.server.metrics import METRICS, PROCESS, Answers, CountedAccess, Kind, LoopLag, Metric, outcome
from headway.testing.waiting import wait_until
from tests.server.watched import Place, place

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(at: Place, accept: str | None = None) -> Samples:
    """Every sample of a scrape, by name and labels."""
    body, _ = at.watch.metrics.text(accept)
    families = parser.text_string_to_metric_families(body.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    """One sample."""
    return samples[name, tuple(sorted(labels.items()))]


async def test_it_counts_what_happens() -> None:
    """Connections, users, subscriptions, messages and bytes both ways, how readers began, limits, refusals, auth."""
    async with place() as at:
        await at.publish("run", 1, 2, 3)
        ada, again = await at.come("ada", "run"), await at.come("ada", "run", BEGINNING)
        stranger = await at.come(None, transport="eventsource")
        ada.life.received(10)
        ada.life.answered(20)
        ada.waiting, again.waiting = 100, 11
        await wait_until(lambda: len(again.people[0].outlet.written) > 0)
        await at.publish("run", 4)
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 5)
        at.clock.advance(7.0)
        stranger.life.closing(1001)
        at.leave(stranger)
        at.watch.figures.limits.add("subscriptions")
        at.watch.figures.auth.add("expired")
        samples = scraped(at)

        assert of(samples, "headway_info", version="1.2.3") == 1
        assert of(samples, "headway_connections", transport="websocket") == 2
        assert of(samples, "headway_connections", transport="eventsource") == 0
        assert of(samples, "headway_connections_opened_total", transport="eventsource") == 1
        assert of(samples, "headway_closes_total", transport="eventsource", code="1001") == 1
        assert of(samples, "headway_connection_seconds_sum", transport="eventsource") == 7
        assert of(samples, "headway_connection_seconds_bucket", transport="eventsource", le="15.0") == 1
        assert of(samples, "headway_connection_seconds_bucket", transport="eventsource", le="5.0") == 0
        assert of(samples, "headway_users") == 1
        assert (of(samples, "headway_sessions"), of(samples, "headway_subscriptions")) == (2, 2)
        assert of(samples, "headway_channels_followed") == 1
        assert of(samples, "headway_messages_received_total", transport="websocket") == 1
        assert of(samples, "headway_received_bytes_total", transport="websocket") == 10
        assert of(samples, "headway_messages_sent_total", transport="websocket", kind="event") == 5
        assert of(samples, "headway_messages_sent_total", transport="websocket", kind="answer") == 1
        assert of(samples, "headway_sent_bytes_total", transport="websocket", kind="answer") == 20
        told = sum(len(data) for line in (ada, again) for data in line.people[0].outlet.written)
        assert of(samples, "headway_sent_bytes_total", transport="websocket", kind="event") == told
        assert of(samples, "headway_reader_starts_total", how="fresh") == 1
        assert of(samples, "headway_reader_starts_total", how="recovered") == 1
        assert of(samples, "headway_caught_up_events_sum") == 3
        assert of(samples, "headway_buffered_bytes") == 111
        assert of(samples, "headway_log_appended_events_total") == 4
        assert of(samples, "headway_limit_hits_total", limit="subscriptions") == 1
        assert of(samples, "headway_refusals_total", reason="address_rate") == 3
        assert of(samples, "headway_auth_total", outcome="expired") == 1
        assert of(samples, "headway_fan_out_seconds_count") >= 2


async def test_a_durable_log_shows_its_disk(tmp_path: Path) -> None:
    """Commits, syncs, their time, sizes of the files; nothing of it where the log is in memory."""
    log = await SqliteLog.open(tmp_path, SystemClock(), new_epoch=lambda: "life1")
    async with place(log) as at:
        await at.publish("run", 1, 2)
        samples = scraped(at)

        assert of(samples, "headway_log_commits_total") == of(samples, "headway_log_syncs_total") == 1
        assert of(samples, "headway_log_commit_seconds_count") == 1
        assert of(samples, "headway_log_commit_events_sum") == 2
        assert of(samples, "headway_log_errors_total", operation="write") == 0
        assert of(samples, "headway_log_database_bytes") + of(samples, "headway_log_wal_bytes") > 0
        assert of(samples, "headway_log_channels") == 1
    async with place() as at:
        assert ("headway_log_syncs_total", ()) not in scraped(at)


async def test_every_metric_is_shown_with_its_meaning() -> None:
    """What the table declares is in a scrape, and nothing else: the documentation, made from the table, is complete."""
    async with place() as at:
        body, content_type = at.watch.metrics.text(None)
        families = {family.name: family for family in parser.text_string_to_metric_families(body.decode())}

        declared = {metric.name.removesuffix("_total"): metric for metric in METRICS}
        process = {name.removesuffix("_total") for name in PROCESS}
        assert content_type.startswith(b"text/plain; version=0.0.4")
        assert families.keys() == declared.keys() | process
        for name, metric in declared.items():
            assert (families[name].documentation, families[name].type) == (metric.meaning, metric.kind.value)


async def test_prometheus_gets_openmetrics() -> None:
    """Who accepts it is given it, valid to its own parser, with the same numbers."""
    async with place() as at:
        await at.come("ada", "run")
        body, content_type = at.watch.metrics.text("application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1")
        families = list(openmetrics.text_string_to_metric_families(body.decode()))  # type: ignore[no-untyped-call]

        assert content_type.startswith(b"application/openmetrics-text")
        assert body.endswith(b"# EOF\n")
        assert {family.name for family in families} >= {metric.name.removesuffix("_total") for metric in METRICS}


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/openmetrics-text; version=\0nine", "text/plain;version=x" * 99]
)
async def test_any_accept_header_gets_an_answer(accept: str) -> None:
    """Nothing of the header comes back in the answer's."""
    async with place() as at:
        body, content_type = at.watch.metrics.text(accept)

        assert body
        assert b"nine" not in content_type


def test_the_table_keeps_the_rules_of_names() -> None:
    """Counters end in `_total` and nothing else does; names and meanings are there once; units are the basic ones."""
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert metric.name.startswith("headway_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.meaning.endswith(".")
        assert not {"milliseconds", "kilobytes", "ms", "kb"} & set(metric.name.split("_"))


HOSTILE = ['"} 1\nevil 1', "a" * 255, "käse→", "\\", 'run{code="x"}', "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"]


async def test_no_name_of_a_client_becomes_a_label() -> None:
    """Users, channels, close codes, transports and paths of a thousand strangers add no line to a scrape that is not
    one of ours, and the scrape stays readable."""
    async with place() as at:
        answers = Answers(at.watch.figures.answers, ["/api/channels/{channel}/events"])
        strangers = HOSTILE + [f"name{number}" for number in range(1_000)]
        for number, name in enumerate(strangers):
            line = await at.come(name, f"run:{number}")
            line.life.closing(4_100 + number % 900)
            at.watch.figures.of(name).received(1)
            at.watch.ring.heard("websocket", name, name, name, 1)
            await ask(answers, f"/{quote(name, safe='')}", 404)
            await ask(answers, f"/api/channels/{quote(name, safe='')}/events", 200)
            at.leave(line)
        body = at.watch.metrics.text(None)[0].decode()

        samples = scraped(at)
        assert of(samples, "headway_closes_total", transport="websocket", code="other") == len(strangers)
        assert of(samples, "headway_http_answers_total", route="other", status="404") == len(strangers)
        assert of(samples, "headway_http_answers_total", route="/api/channels/{channel}/events", status="200") == len(
            strangers
        )
        assert not [name for name in (*strangers, "10.0.0.7", "evil", "s3cret") if name != "\\" and name in body]
        assert len(samples) < 400


async def ask(answers: Answers, path: str, status: int) -> None:
    """Have an answer counted."""

    async def send(message: Any) -> None:
        """The client."""

    counted = answers.counting(path, send)
    await counted({"type": "http.response.start", "status": status})
    await counted({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/api/channels/a/events", "/api/channels/{channel}/events"),
        ("/api/channels/a%2Fb/events", "/api/channels/{channel}/events"),
        ("/api/channels/a/b/stream", "/api/channels/{channel}/stream"),
        ("/api/channels/a", "/api/channels/{channel}"),
        ("/api/channels/", "other"),
        ("/", "/"),
        ("/socket.io/", "/socket.io/"),
        ("/static/x.css", "/static/{file}"),
        ("/static/../../etc/passwd\n", "other"),
        ("/wp-login.php", "other"),
    ],
)
def test_a_path_is_counted_as_its_route(path: str, template: str) -> None:
    """The longest template that fits; whatever fits none is one label."""
    templates = ["/api/channels/{channel}", "/api/channels/{channel}/events", "/api/channels/{channel}/stream"]
    answers = Answers(Tally(("other", 0)), templates)

    assert answers.template(path) == template


async def test_refused_handshakes_are_answers_too() -> None:
    """A WebSocket that is refused over HTTP counts; messages on one that is accepted do not."""
    tally: Tally[tuple[str, int]] = Tally(("other", 0))

    async def send(message: Any) -> None:
        """The client."""

    counted = Answers(tally, []).counting("/ws", send)
    await counted({"type": "websocket.accept"})
    await counted({"type": "websocket.send"})
    await counted({"type": "websocket.http.response.start", "status": 403})

    assert tally.counts() == {("/ws", 403): 1}


async def test_the_summary_has_the_names_clients_know() -> None:
    """Open and all connections, messages and bytes both ways, and how long connections lasted that have ended."""
    async with place() as at:
        assert at.watch.metrics.summary()["average_connection_duration"] == 0

        await at.publish("run", 1)
        lines = [await at.come("ada", "run", BEGINNING) for _ in range(3)]
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 3)
        lines[0].life.received(5)
        lines[0].life.answered(7)
        for line, seconds in zip(lines[:2], (2.0, 4.0), strict=True):
            at.clock.advance(seconds)
            at.leave(line)
        summary = at.watch.metrics.summary()

        told = sum(len(data) for line in lines for data in line.people[0].outlet.written)
        assert {name: summary[name] for name in SEEDS} == {
            "active_connections": 1,
            "total_connections": 3,
            "total_messages": 5,
            "bytes_sent": told + 7,
            "bytes_received": 5,
            "average_connection_duration": 4.0,
        }
        assert (summary["delivered"]["websocket"], summary["starts"]["recovered"], summary["gaps"]) == (3, 3, 0)
        assert json.loads(json.dumps(summary)) == summary


SEEDS = (
    "active_connections",
    "total_connections",
    "total_messages",
    "bytes_sent",
    "bytes_received",
    "average_connection_duration",
)


async def test_an_upgraded_connection_is_one_in_the_summary() -> None:
    """It opened once, ended once, and lasted as long as both of its parts."""
    async with place() as at:
        line = await at.come("ada", transport="socketio-poll")
        at.clock.advance(1.0)
        line.life.move(at.watch.figures.of("socketio"), "socketio", began=at.clock.monotonic())
        at.clock.advance(5.0)
        at.leave(line)
        summary = at.watch.metrics.summary()

        assert (summary["total_connections"], summary["average_connection_duration"]) == (1, 6.0)


async def test_another_layer_adds_a_table_of_its_own() -> None:
    """Its source is looked at once a scrape; a name that is taken is refused."""
    looks: list[int] = []

    def look() -> dict[str, int]:
        looks.append(1)
        return {"running": 2, "paused": 1}

    tasks = [Metric("headway_tasks", Kind.GAUGE, ("state",), "Tasks.", lambda found: found)]
    async with place() as at:
        at.watch.metrics.add(tasks, look)

        assert of(scraped(at), "headway_tasks", state="running") == 2
        assert len(looks) == 1
        with pytest.raises(ValueError, match="headway_tasks"):
            at.watch.metrics.add(tasks, look)


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("a token is needed", "missing"),
        ("the token has expired", "expired"),
        ("the token has been revoked", "revoked"),
        ("the token is invalid", "invalid"),
        ("the name or the password is wrong", "invalid"),
    ],
)
def test_what_became_of_a_token_is_a_label(sentence: str, label: str) -> None:
    """By our own sentences, which hold nothing of the token."""
    assert outcome(Unauthorized(sentence)) == label
    assert label in Figures().auth.counts()


def test_open_access_counts_nobody() -> None:
    """Where no token is asked for, none is counted."""
    tally = Tally("other")
    access = CountedAccess(OpenAccess(), tally)

    assert access.still(access.authenticate(None))
    assert (access.open, tally.counts()) == (True, {})


async def test_a_late_loop_is_measured() -> None:
    """By how much the clock has passed the moment at which the loop should have looked; and it looks on."""

    class Clock:
        def __init__(self) -> None:
            self.reading = 0.0

        def now(self) -> float:
            return self.reading

        def monotonic(self) -> float:
            self.reading += 0.3
            return self.reading

    lag = LoopLag(Clock(), every=0.0)
    lag.start()
    await wait_until(lambda: lag.seconds.count >= 3)
    lag.stop()
    lag.stop()

    assert lag.seconds.mean == pytest.approx(0.3)


async def test_users_are_counted_once() -> None:
    """Many connections of few users, some of nobody."""
    async with place() as at:
        for number in range(60):
            await at.come(f"user{number % 7}" if number % 2 else None, f"run:{number % 5}")
        samples = scraped(at)

        assert (of(samples, "headway_users"), of(samples, "headway_sessions")) == (7, 60)
        assert of(samples, "headway_channels_followed") == 5


async def test_gaps_are_counted() -> None:
    """A reader whose position is of another life of the log begins with a gap."""
    async with place() as at:
        await at.publish("run", 1)
        await at.come("ada", "run", Position("another", 7))
        samples = scraped(at)

        assert of(samples, "headway_gaps_total") == of(samples, "headway_reader_starts_total", how="gap") == 1


def test_histograms_of_an_idle_server_are_empty() -> None:
    """Their lines are there from the beginning, so that a rate can be taken from the first event on."""
    assert [count for _, count in Histogram((1.0,)).up_to()] == [0, 0]
