"""Who is told of what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from headway.apps.monitor.alerts.rules import (
    Kind,
    Quiet,
    Recipient,
    Rules,
    Subject,
    due_at,
    quiet_until,
    reminder,
    told,
    too_long,
)
from headway.errors import UsageError

SHOP = Subject(1, "id-shop", "shop", "Shop", ("eu",))
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    """A moment on a wall."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def names(rules: Rules, kind: Kind, subject: Subject = SHOP) -> list[str]:
    """Who is told."""
    return [one.name for one in told(rules, subject, kind)]


def test_a_level_is_the_rules_or_ones_own() -> None:
    """Errors are told at each level, warnings at two, everything at one."""
    recipients = (Recipient(name="usual"), *(Recipient(name=level, level=level) for level in ("warnings", "all")))
    rules = Rules(recipients=recipients)

    assert names(rules, Kind.BEGAN) == ["usual", "warnings", "all"]
    assert names(rules, Kind.WARNING) == ["warnings", "all"]
    assert names(rules, Kind.CHANGED) == ["all"]
    assert names(rules, Kind.CERTIFICATE) == ["usual", "warnings", "all"]


def test_who_names_applications_or_tags_is_told_of_these() -> None:
    """By id, by name, by tag."""
    rules = Rules(
        recipients=(
            Recipient(name="id", applications=("id-shop",)),
            Recipient(name="name", applications=("shop",), tags=("us",)),
            Recipient(name="tag", tags=("eu", "us")),
            Recipient(name="others", applications=("ledger",), tags=("us",)),
        )
    )

    assert names(rules, Kind.BEGAN) == ["id", "name", "tag"]


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2024-03-04T21:59", None),
        ("2024-03-04T22:00", "2024-03-05T07:00"),
        ("2024-03-05T06:59", "2024-03-05T07:00"),
        ("2024-03-05T07:00", None),
        ("2024-03-09T23:00", None),  # a Saturday
        ("2024-03-09T06:00", "2024-03-09T07:00"),  # Friday's night
        ("2024-03-11T06:00", None),  # Sunday's
    ],
)
def test_quiet_hours_belong_to_the_day_on_which_they_begin(moment: str, end: str | None) -> None:
    """Nights of weekdays, on the wall of a zone."""
    quiet = Quiet(begin="22:00", end="07:00", days=(0, 1, 2, 3, 4), zone="Europe/Berlin")

    assert quiet_until(quiet, at(moment)) == (at(end) if end else None)


def test_quiet_hours_end_where_the_wall_says_so_when_clocks_are_set() -> None:
    """The night of March 31 has an hour less."""
    quiet = Quiet(begin="22:00", end="07:00", zone="Europe/Berlin")
    begin = at("2024-03-30T22:00")

    assert quiet_until(quiet, begin) == begin + 8 * 3_600


def test_at_once_is_at_once() -> None:
    """Where nothing holds it."""
    assert due_at(Rules(), SHOP, [], 1_000.0) == 1_000.0


def test_a_digest_is_joined_while_it_gathers() -> None:
    """Later ones come with the first; one that waits for longer is no digest to join."""
    rules = Rules(digest_minutes=10)

    assert due_at(rules, SHOP, [], 1_000.0) == 1_600.0
    assert due_at(rules, SHOP, [1_200.0, 9_000.0], 1_000.0) == 1_200.0
    assert due_at(rules, SHOP, [9_000.0], 1_000.0) == 1_600.0


def test_maintenance_and_quiet_hours_hold_one_after_the_other() -> None:
    """What leaves the one within the other waits for both."""
    rules = Rules(quiet_hours=Quiet(begin="22:00", end="07:00", zone="Europe/Berlin"))
    maintained = replace(SHOP, maintenance_until=at("2024-03-04T23:00"))

    assert due_at(rules, maintained, [], at("2024-03-04T20:00")) == at("2024-03-05T07:00")


def test_people_are_told_again_after_the_interval_but_not_at_night() -> None:
    """Never, if nothing is said."""
    rules = Rules(renotify_minutes=60, quiet_hours=Quiet(begin="22:00", end="07:00"))
    noon, night = at("2024-03-04T12:00", ZoneInfo("UTC")), at("2024-03-04T23:00", ZoneInfo("UTC"))

    assert not too_long(Rules(), 0.0, noon)
    assert not too_long(rules, noon - 3_599, noon)
    assert too_long(rules, noon - 3_600, noon)
    assert not too_long(rules, noon, night)


@pytest.mark.parametrize(("left", "days"), [(31, None), (30, 30), (29, 30), (13.5, 14), (0.5, 1), (-1, 1)])
def test_the_nearest_reminder_of_a_certificate_holds(left: float, days: int | None) -> None:
    """In days."""
    assert reminder(Rules(), left * 86_400, 0.0) == days


@pytest.mark.parametrize(
    "wrong",
    [
        {"quietHours": {"begin": "9:00", "end": "10:00"}},
        {"quietHours": {"begin": "09:00", "end": "24:00"}},
        {"quietHours": {"begin": "09:00", "end": "10:00", "zone": "Mars"}},
        {"quietHours": {"begin": "09:00", "end": "10:00", "days": [7]}},
        {"renotifyMinutes": -1},
        {"digestMinutes": 100_000},
        {"certificateDays": [400]},
        {"channels": [{"name": " "}]},
        {"channels": [{"name": "a"}, {"name": "a"}]},
        {"channels": [{"name": "a", "level": "none"}]},
        {"nothing": 1},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """When it is read."""
    with pytest.raises((UsageError, msgspec.ValidationError)):
        msgspec.convert(wrong, Rules)
