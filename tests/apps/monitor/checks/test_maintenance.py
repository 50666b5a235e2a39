"""Windows of maintenance: once, weekly and by cron, in the time of a place."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from headway.apps.monitor.checks.maintenance import Cron, Once, Weekly, Window, in_maintenance, maintained, window_of
from headway.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def _open(window: Window, text: str) -> bool:
    return in_maintenance([window], _at(text)) is window


def test_once() -> None:
    """From the begin on, and not at the end."""
    window = Once(begin=1_000, end=2_000)

    assert [in_maintenance([window], now) is window for now in (999, 1_000, 1_999.9, 2_000)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "window",
    [
        Weekly(days=(4,), at="22:00", minutes=180, zone="Europe/Berlin"),
        Cron(line="0 22 * * 5", minutes=180, zone="Europe/Berlin"),
    ],
)
def test_on_friday_evening_over_midnight(window: Window) -> None:
    """Open from 22:00 to 1:00 on Saturday, summer and winter."""
    for friday, saturday in (("2026-07-03", "2026-07-04"), ("2026-01-09", "2026-01-10")):
        assert not _open(window, f"{friday}T21:59:59")
        assert _open(window, f"{friday}T22:00")
        assert _open(window, f"{saturday}T00:59:59")
        assert not _open(window, f"{saturday}T01:00")
        assert not _open(window, f"{saturday}T22:30")


def test_it_lasts_as_long_as_it_says_when_clocks_are_set() -> None:
    """On 29 March 2026 Berlin has no 2 o'clock; four hours from 1:00 end at 6:00 on the wall."""
    window = Weekly(days=(6,), at="01:00", minutes=240, zone="Europe/Berlin")

    assert _open(window, "2026-03-29T05:59")
    assert not _open(window, "2026-03-29T06:00")
    assert _open(Weekly(days=(6,), at="02:30", minutes=60, zone="Europe/Berlin"), "2026-03-29T03:45")


def test_a_week_long_window_is_always_open() -> None:
    """The longest there is, found from its last minute."""
    window = Weekly(days=(0,), at="00:00", minutes=7 * 1440)

    assert all(in_maintenance([window], 1_000_000 + hour * 3_600) for hour in range(200))


def test_the_times_between_two_moments_are_told_once() -> None:
    """Cut to the moments, in order, and where two windows overlap merged."""
    windows = [Once(begin=0, end=100), Once(begin=50, end=200), Once(begin=300, end=400), Once(begin=900, end=999)]

    assert maintained(windows, 20, 350) == [(20, 200), (300, 350)]
    assert maintained([], 0, 100) == []


def test_a_month_of_windows() -> None:
    """Every night for an hour: thirty times of 3,600 seconds."""
    begin = _at("2026-06-01T00:00")
    spans = maintained([Cron(line="0 3 * * *", minutes=60, zone="Europe/Berlin")], begin, begin + 30 * 86_400)

    assert len(spans) == 30
    assert {stop - start for start, stop in spans} == {3_600}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "once", "begin": 2, "end": 1}, "ends after it begins"),
        ({"kind": "weekly", "days": [7], "at": "22:00", "minutes": 5}, "from 0 (Monday)"),
        ({"kind": "weekly", "days": [], "at": "22:00", "minutes": 5}, "from 0 (Monday)"),
        ({"kind": "weekly", "days": [1], "at": "24:00", "minutes": 5}, "no time of a day"),
        ({"kind": "weekly", "days": [1], "at": "22:00", "minutes": 0}, "minutes: 0"),
        ({"kind": "weekly", "days": [1], "at": "22:00", "minutes": 5, "zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"kind": "weekly", "days": [1], "at": "22:00", "minutes": 5, "zone": "../etc/passwd"}, "no time zone"),
        ({"kind": "cron", "line": "every day", "minutes": 5}, "is no line of cron"),
        ({"kind": "yearly"}, "yearly"),
    ],
)
def test_what_is_no_window_is_refused(wrong: dict[str, object], words: str) -> None:
    """With a sentence."""
    with pytest.raises(UsageError) as error:
        window_of(wrong)
    assert words in str(error.value)
