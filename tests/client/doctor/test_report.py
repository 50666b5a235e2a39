"""The report as one JSON object."""

from __future__ import annotations

import msgspec

from headway.client.address import Address
from headway.client.doctor import Check, Finding, Level, Report, Verdict, document
from headway.client.doctor.observed import (
    Access,
    Fallbacks,
    Hold,
    Kind,
    Observed,
    Rung,
    ServerSeen,
    Sizes,
    Stage,
    Trial,
    Trouble,
    WaySeen,
)

CUT = Trouble(Kind.CUT, Stage.HOLD, "the connection broke")
REPORT = Report(
    Observed(
        Address.parse("https://live.example.org"),
        WaySeen("live.example.org", 443),
        ServerSeen(200, headway=True),
        Access(channel="doctor:x"),
        trials=(
            Trial(Check.WEBSOCKET, connect=0.012345, lags=(0.01,), hold=Hold(9.0, 4.0, CUT)),
            Trial(Check.POLLING),
        ),
        fallbacks=Fallbacks((Rung("websocket", 0.1, told=True),), ("websocket",), 1),
        sizes=Sizes(None, 4_000),
    ),
    (Finding("idle_cut", Level.IMPAIRED, "websocket", "It is cut.", "Raise it.", "proxy_read_timeout 60s;"),),
    {"websocket": Level.IMPAIRED, "polling": None},
    Verdict.IMPAIRED,
    "The client works.",
    1_769_852_400.0,
    6.0,
    "1.0",
)


def test_the_document_has_stable_names() -> None:
    """Who reads it finds each part under its name, also where there is nothing to say."""
    fields = document(REPORT)

    assert list(fields) == [
        "format",
        "url",
        "time",
        "seconds",
        "version",
        "verdict",
        "sentence",
        "network",
        "server",
        "token",
        "transports",
        "fallback",
        "sizes",
        "findings",
    ]
    assert fields["time"] == "2026-01-31T09:40:00Z"
    assert (fields["verdict"], fields["format"]) == ("impaired", 1)
    assert fields["transports"][0] == {
        "name": "websocket",
        "level": "impaired",
        "connect_seconds": 0.0123,
        "state_seconds": None,
        "ping_seconds": None,
        "event_seconds": [0.01],
        "events_missing": 0,
        "events_together": 0,
        "held_seconds": 4.0,
        "held": False,
        "content_encoding": None,
        "failure": {
            "kind": "cut",
            "stage": "hold",
            "reason": "the connection broke",
            "status": None,
            "code": None,
            "answered_by": None,
        },
    }
    assert fields["findings"][0]["recipe"] == "proxy_read_timeout 60s;"


def test_the_document_is_json() -> None:
    """Nothing of it is anything but JSON."""
    fields = document(REPORT)

    assert msgspec.json.decode(msgspec.json.encode(fields)) == fields


def test_what_was_not_looked_at_is_null() -> None:
    """A report that ends at the name of the host has the same names."""
    fields = document(Report(Observed(Address.parse("http://nowhere"), WaySeen("nowhere", 80)), ()))

    assert list(fields) == list(document(REPORT))
    assert (fields["server"], fields["token"], fields["fallback"], fields["sizes"]) == (None, None, None, None)
    assert fields["transports"] == []
