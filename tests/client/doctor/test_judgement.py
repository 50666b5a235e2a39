"""From what was seen to what it means, without a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headway.client.address import Address
from headway.client.doctor import Check, Level, Patience, Report, Verdict
from headway.client.doctor.judgement import judge
from headway.client.doctor.observed import (
    Access,
    Answerer,
    Fallbacks,
    Hold,
    Kind,
    Notes,
    Observed,
    Rung,
    ServerSeen,
    Stage,
    Trial,
    Trouble,
    WaySeen,
)
from headway.codes import Code

PATIENCE = Patience()
GOOD = Trial(Check.WEBSOCKET, connect=0.01, follow=0.01, ping=0.01, lags=(0.01, 0.01, 0.01), hold=Hold(1.0, 1.0))
SEEN = Observed(
    Address.parse("https://live.example.org"),
    WaySeen("live.example.org", 443, ("192.0.2.1",), 0.01, 0.01, 0.01, "TLSv1.3", 60.0),
    ServerSeen(200, headway=True, healthy=True, version="1.0", skew=0.2),
    Access(channel="doctor:1", fresh=True, publish=True),
    trials=(GOOD,),
)


def judged(seen: Observed) -> Report:
    """The report."""
    return judge(seen, PATIENCE, "1.0")


def of(trial: Trial) -> Report:
    """The report on this trial beside a good one."""
    return judged(replace(SEEN, trials=(replace(GOOD, check=Check.SOCKETIO), trial)))


def test_nothing_wrong_is_no_finding() -> None:
    """All good is said in a sentence."""
    report = judged(SEEN)

    assert (report.findings, report.verdict, report.verdict.exit) == ((), Verdict.GOOD, 0)
    assert report.sentence == "All good: WebSocket works."


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("check", [check for check in Check if check.is_transport])
@pytest.mark.parametrize("stage", list(Stage))
def test_every_failure_has_a_finding_with_advice(kind: Kind, check: Check, stage: Stage) -> None:
    """Whatever fails, wherever, on whichever transport, has one finding about it, and something to do."""
    report = judged(replace(SEEN, trials=(Trial(check, trouble=Trouble(kind, stage, "HTTP 418", 418)),)))

    (found,) = report.findings
    assert (found.subject, found.level) == (check.value, Level.FAILED)
    assert found.advice
    assert report.verdict is Verdict.UNUSABLE


@pytest.mark.parametrize(
    ("trial", "code", "level"),
    [
        (replace(GOOD, lags=(2.0, 2.0, 2.0)), "late", Level.IMPAIRED),
        (replace(GOOD, missing=1), "events_missing", Level.IMPAIRED),
        (replace(GOOD, missing=3, lags=()), "events_missing", Level.FAILED),
        (replace(GOOD, together=2), "bundled", Level.IMPAIRED),
        (replace(GOOD, ping=1.5, lags=(1.5, 1.5, 1.5)), "slow", Level.IMPAIRED),
        (replace(GOOD, notes=Notes(asked_wait=1.0, waited=0.1)), "poll_early", Level.IMPAIRED),
        (replace(GOOD, notes=Notes(asked_wait=1.0, waited=4.0)), "poll_late", Level.IMPAIRED),
        (replace(GOOD, hold=Hold(9.0, 0.2, Trouble(Kind.CUT, Stage.HOLD, "x"))), "opens_then_dies", Level.FAILED),
        (replace(GOOD, hold=Hold(90.0, 60.0, Trouble(Kind.CUT, Stage.HOLD, "x"))), "idle_cut", Level.IMPAIRED),
        (replace(GOOD, hold=Hold(9.0, 9.0, Trouble(Kind.SILENT, Stage.HOLD, "x"))), "went_silent", Level.FAILED),
        (replace(GOOD, hold=Hold(9.0, 3.0, Trouble(Kind.CLOSED, Stage.HOLD, "x"))), "closed", Level.IMPAIRED),
        (replace(GOOD, trouble=Trouble(Kind.STATUS, Stage.OPEN, "x", 429, Code.TOO_MANY)), "too_many", Level.FAILED),
        (
            replace(GOOD, trouble=Trouble(Kind.CLOSED, Stage.OPEN, "x", 4001, Code.UNAUTHORIZED)),
            "token_refused",
            Level.FAILED,
        ),
    ],
)
def test_what_works_badly_has_its_name(trial: Trial, code: str, level: Level) -> None:
    """Each way to be impaired is one finding, and the other transport stays good."""
    report = of(trial)

    assert [(finding.code, finding.level) for finding in report.findings] == [(code, level)]
    assert report.levels == {"socketio": None, "websocket": level}
    assert report.verdict is Verdict.IMPAIRED


def test_a_stream_that_is_compressed_is_impaired_and_a_page_is_not() -> None:
    """What compresses a poll delays nothing."""
    stream = of(replace(GOOD, check=Check.EVENTSOURCE, notes=Notes(encoding="gzip")))
    poll = of(replace(GOOD, check=Check.POLLING, notes=Notes(encoding="gzip")))

    assert [finding.code for finding in stream.findings] == ["compressed"]
    assert poll.findings == ()


def test_a_far_server_is_not_taken_for_a_buffer() -> None:
    """What is late by no more than a few round trips is not held back."""
    report = of(replace(GOOD, ping=0.4, connect=0.8, lags=(0.8, 0.9, 0.8)))

    assert report.findings == ()


def test_socketio_over_polling_alone_is_of_no_use_to_the_client() -> None:
    """It is for stock clients; but who asked for it alone is told that it works."""
    alone = judged(replace(SEEN, trials=(replace(GOOD, check=Check.SOCKETIO_POLLING),)))
    left = judged(
        replace(
            SEEN,
            trials=(
                Trial(Check.WEBSOCKET, trouble=Trouble(Kind.CUT, Stage.OPEN, "x")),
                replace(GOOD, check=Check.SOCKETIO_POLLING),
            ),
        )
    )

    assert (alone.verdict, left.verdict) == (Verdict.GOOD, Verdict.UNUSABLE)


@pytest.mark.parametrize(
    ("fallbacks", "code", "verdict"),
    [
        (Fallbacks((Rung("websocket", 0.1),), ("websocket",), 1, lost=1), "fallback_lost", Verdict.IMPAIRED),
        (Fallbacks((Rung("websocket", 0.1),), ("websocket", "polling")), "fallback_failed", Verdict.IMPAIRED),
        (Fallbacks((), ("websocket",), reason="x"), "client_stops", Verdict.UNUSABLE),
    ],
)
def test_a_client_that_does_not_fall_back_is_found(fallbacks: Fallbacks, code: str, verdict: Verdict) -> None:
    """Also where every transport works by itself."""
    report = judged(replace(SEEN, fallbacks=fallbacks))

    assert [finding.code for finding in report.findings] == [code]
    assert report.verdict is verdict


def test_notes_do_not_spoil_the_verdict() -> None:
    """A proxy, another version and another time are worth knowing, and nothing more."""
    server = ServerSeen(
        200, headway=True, healthy=True, version="0.9", by=Answerer("nginx/1.25", "1.1 varnish"), skew=-7300.0
    )

    report = judged(replace(SEEN, server=server))

    assert {finding.code for finding in report.findings} == {"proxy", "version_differs", "clock_differs"}
    assert report.verdict is Verdict.GOOD
    assert any("2 h behind" in finding.sentence for finding in report.findings)


def test_what_fails_comes_before_what_is_only_known() -> None:
    """Findings are read from the top."""
    seen = replace(SEEN, way=replace(SEEN.way, certificate_days=3.0))
    server = ServerSeen(200, headway=True, healthy=True, version="0.9")
    bad = Trial(Check.POLLING, trouble=Trouble(Kind.CUT, Stage.OPEN, "x"))

    report = judged(replace(seen, server=server, trials=(GOOD, bad)))

    assert [finding.level for finding in report.findings] == [Level.FAILED, Level.IMPAIRED, Level.NOTE]
    assert report.sentence == "The client works, over WebSocket. Does not get through: polling."


def test_a_server_that_is_not_well_is_impaired() -> None:
    """It says why itself."""
    server = ServerSeen(503, headway=True, version="1.0", ailing=("the disk is full",))

    report = judged(replace(SEEN, server=server))

    assert [finding.code for finding in report.findings] == ["degraded"]
    assert "the disk is full" in report.findings[0].sentence
    assert report.verdict is Verdict.IMPAIRED
