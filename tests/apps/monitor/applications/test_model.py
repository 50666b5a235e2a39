"""Applications as they are written: the seed's names and spellings, and a sentence for what is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.apps.monitor.applications.model import Application, definition_of, slug, written
from headway.apps.monitor.checks.configuration import HttpCheck
from headway.apps.monitor.checks.maintenance import Weekly
from headway.errors import UsageError

SEED: dict[str, Any] = {
    "name": "user-service",
    "displayName": "User service",
    "environment": "prod",
    "category": "Backend",
    "slaTarget": 99.5,
    "isActive": True,
    "owner": {"team": "Identity", "email": "identity@example.org"},
    "healthCheck": {"url": "https://user.example.org/health", "expectedStatus": [200], "interval": 30},
    "loginTest": {
        "url": "https://user.example.org/login",
        "credentials": {"username": "probe", "passwordEnvVar": "USER_PASSWORD"},
        "steps": [{"type": "type", "selector": "#p", "text": "{password}"}],
    },
    "alertThresholds": {"consecutive_failures": 3, "response_time_ms": 800, "uptime_percentage": 99},
    "maintenance": [{"kind": "weekly", "days": [6], "at": "02:00", "minutes": 60}],
}


def test_the_seed_s_application_is_one() -> None:
    """Its names and its spellings are read: `prod`, thresholds with underscores, a health check without a kind."""
    made = definition_of(SEED)

    assert made.environment == "production"
    assert (made.alert_thresholds.consecutive_failures, made.alert_thresholds.response_time_ms) == (3, 800)
    assert isinstance(made.health_check, HttpCheck)
    assert made.login_test is not None
    assert isinstance(made.maintenance[0], Weekly)


def test_what_is_written_is_read_again() -> None:
    """JSON and back is the same definition."""
    made = definition_of(SEED)

    assert definition_of(msgspec.json.decode(msgspec.json.encode(written(made)))) == made


def test_what_the_server_says_of_one_is_no_definition() -> None:
    """An application's definition is what was written of it, and nothing else."""
    made = definition_of(SEED)
    one = Application(**msgspec.structs.asdict(made), id="1", created_at=1.0, updated_at=2.0)

    assert one.definition == made
    assert type(one.definition) is type(made)


def test_a_name_comes_from_the_one_for_people_and_the_other_way_round() -> None:
    """One of the two is enough."""
    assert definition_of({"displayName": "Café & Bar (EU)"}).name == "cafe-bar-eu"
    assert definition_of({"name": "shop"}).display_name == "shop"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("User Service", "user-service"),
        ("Größe", "grosse"),
        ("--a//b--", "a-b"),
        ("import", "import-application"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_slug_is_made_of_any_text(text: str, made: str) -> None:
    """Plain letters, digits and hyphens, not too long, and no word that has a meaning in addresses."""
    assert slug(text) == made
    assert definition_of({"displayName": text[:100]}).name


def test_names_of_other_letters_have_slugs_of_their_own() -> None:
    """Two such names are two, and the same one is the same."""
    assert slug("日本語") != slug("中文")
    assert slug("日本語") == slug("日本語")
    assert slug("日本語").startswith("application-")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "name"),
        ({"name": "User Service"}, "'user-service'"),
        ({"name": "export"}, "stands for something else"),
        ({"name": 7}, "name: expected `str`"),
        ({"name": "a", "environment": "test"}, "environment: "),
        ({"name": "a", "slaTarget": 0}, "slaTarget: 0 is no percentage"),
        ({"name": "a", "slaTarget": 101}, "slaTarget: 101"),
        ({"name": "a", "priority": "urgent"}, "priority: "),
        ({"name": "a", "owner": {"email": "nobody"}}, "owner.email: 'nobody'"),
        ({"name": "a", "tags": ["x", "x"]}, "none twice"),
        ({"name": "a", "tags": [" "]}, "not empty"),
        ({"name": "a", "displayName": "a\nb"}, "control characters"),
        ({"name": "a", "category": "x" * 61}, "longer than 60"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "alertThresholds": {"recoveries": 0}}, "alertThresholds.recoveries: 0"),
        ({"name": "a", "alertThresholds": {"uptime_percentage": 0}}, "uptimePercentage: 0"),
        ({"name": "a", "healthCheck": {"url": "ftp://a/"}}, "healthCheck: url: 'ftp' is no scheme"),
        ({"name": "a", "healthCheck": {"kind": "ping"}}, "healthCheck: "),
        ({"name": "a", "healthCheck": 7}, "healthCheck: "),
        (
            {"name": "a", "healthCheck": {"url": "http://a/", "headers": {"Authorization": "Bearer abc"}}},
            "Authorization is a secret",
        ),
        ({"name": "a", "loginTest": {"url": "http://a/"}}, "loginTest: "),
        ({"name": "a", "maintenance": [{"kind": "cron", "line": "x", "minutes": 5}]}, "no line of cron"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], words: str) -> None:
    """With the field it is about, and without the secret it may hold."""
    with pytest.raises(UsageError) as caught:
        definition_of(wrong)

    assert words in str(caught.value)
    assert "Bearer abc" not in str(caught.value)
