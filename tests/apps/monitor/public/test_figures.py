"""What a badge says of an application."""

from __future__ import annotations

from typing import Any

import pytest

from headway.apps.monitor.applications.model import Application, definition_of
from headway.apps.monitor.public.badges import Badge
from headway.apps.monitor.public.figures import badge, percent
from headway.errors import PeerError


def said(kind: str, window: str = "24h", label: str | None = None, **known: Any) -> Badge:
    """The badge of an application of which this is known."""
    definition = definition_of({"name": "shop", "displayName": "Shop", "slaTarget": 99.9})
    fields = {name: getattr(definition, name) for name in definition.__struct_fields__}
    application = Application(**fields, id="1", created_at=0.0, updated_at=0.0)
    shown = {"displayName": "Shop", "status": "healthy", "uptime": {}, "responseTime": None} | known
    return badge(application, shown, kind, window, label)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (said("status"), Badge("Shop", "healthy", "healthy")),
        (said("status", status="paused"), Badge("Shop", "paused", "unknown")),
        (said("uptime", "7d", uptime={"7d": 99.95}), Badge("uptime 7d", "99.95%", "healthy")),
        (said("uptime", "7d", uptime={"7d": 99.5}), Badge("uptime 7d", "99.5%", "warning")),
        (said("uptime", "7d", uptime={"7d": 12}), Badge("uptime 7d", "12%", "error")),
        (said("uptime", "7d", uptime={"24h": 12}), Badge("uptime 7d", "no data", "unknown")),
        (said("response", responseTime=123.4), Badge("response time", "123 ms", "healthy")),
        (said("response", responseTime=1500), Badge("response time", "1.5 s", "warning")),
        (said("response"), Badge("response time", "no data", "unknown")),
        (said("status", label="web"), Badge("web", "healthy", "healthy")),
    ],
)
def test_a_badge_says_it_in_a_word(made: Badge, expected: Badge) -> None:
    """And in a colour."""
    assert made == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(100.0, "100%"), (99.999, "99.99%"), (99.95, "99.95%"), (99.9, "99.9%"), (0.0, "0%"), (57.0, "57%")],
)
def test_a_share_is_never_rounded_up(value: float, text: str) -> None:
    """Whoever was down was not up all the time."""
    assert percent(value) == text


def test_what_no_badge_says_is_refused() -> None:
    """With what there is."""
    with pytest.raises(PeerError, match="show is one of status, uptime, response"):
        said("colour")
    with pytest.raises(PeerError, match="window is one of 24h"):
        said("uptime", "1y")
