"""Applications as alerts know them."""

from __future__ import annotations

from headway.apps.monitor.watching.subjects import subject_of
from tests.apps.monitor.watching.test_verdict import application

NOW = 1_700_000_000.0


def test_the_end_of_maintenance_is_that_of_all_windows_that_touch() -> None:
    """None where no window is open."""
    windows = [
        {"kind": "once", "begin": NOW - 10, "end": NOW + 20},
        {"kind": "once", "begin": NOW + 10, "end": NOW + 30},
        {"kind": "once", "begin": NOW + 50, "end": NOW + 60},
    ]
    one = application(maintenance=windows)

    assert subject_of(one, 1, NOW).maintenance_until == NOW + 30
    assert subject_of(one, 1, NOW + 40).maintenance_until is None


def test_who_is_paused_is_not_active() -> None:
    """And has the name for programs where there is none for people."""
    subject = subject_of(application(isActive=False), 7, NOW)

    assert (subject.number, subject.display_name, subject.active) == (7, "shop", False)
