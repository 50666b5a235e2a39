"""Configuration of Upptime: judged the same, or skipped with why."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from headway.apps.monitor.applications.model import Definition, definition_of
from headway.apps.monitor.applications.planning import Imported
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.checks.configuration import HttpCheck, TcpCheck, TlsCheck
from headway.errors import UsageError

WHOLE = """
owner: somebody
repo: upptime
workflowSchedule: {uptime: "*/10 * * * *"}
assignees: [somebody]
sites:
  - name: Wikipedia
    url: https://en.wikipedia.org
    expectedStatusCodes: [200, 201, "404"]
    maxResponseTime: 5000
    tags: [public]
    icon: https://example.org/icon.png
  - name: With secret
    slug: secret-site
    url: https://api.example.org
    method: post
    body: '{"a": 1}'
    headers: ["Authorization: Bearer $API_TOKEN", "X-Price: 5$"]
    maxRedirects: 0
    __dangerous__insecure: true
    requestTimeout: 8
  - {name: Port, check: tcp-ping, url: smtp.example.org, port: 465}
  - {name: Certificate, check: ssl, url: example.org}
status-website: {name: Status}
"""


def definitions(found: Imported) -> dict[str, Definition]:
    """What is taken over, by name."""
    return {one.name: one for one in (definition_of(entry.data) for entry in found.entries)}


def site(**fields: Any) -> Imported:
    """One site."""
    # JSON is YAML.
    return read(json.dumps({"sites": [{"name": "a", "url": "https://a.example/"} | fields]}))


def test_a_whole_configuration_is_taken_over() -> None:
    """Sites of every kind that is known, as often as its workflow runs."""
    made = definitions(read(WHOLE))

    assert list(made) == ["wikipedia", "secret-site", "port", "certificate"]
    assert made["wikipedia"].tags == ("public",)
    port, certificate = made["port"].health_check, made["certificate"].health_check
    assert isinstance(port, TcpCheck)
    assert isinstance(certificate, TlsCheck)
    assert (port.host, port.port, port.interval) == ("smtp.example.org", 465, 600)
    assert (certificate.port, certificate.critical_days) == (443, 7)


def test_a_request_is_the_same() -> None:
    """Statuses, times, headers and TLS; it asks twice more before it says so."""
    made = definitions(read(WHOLE))
    plain, other = made["wikipedia"].health_check, made["secret-site"].health_check

    assert isinstance(plain, HttpCheck)
    assert isinstance(other, HttpCheck)
    assert (plain.statuses(), plain.warn_after, plain.retry_attempts) == ((200, 201, 404), 5_000, 2)
    assert (plain.timeout, plain.follow_redirects, plain.validate_ssl) == (30_000, True, True)
    assert other.headers == {"Authorization": "Bearer ${env:API_TOKEN}", "X-Price": "5$"}
    assert (other.method, other.body, other.timeout) == ("POST", '{"a": 1}', 8_000)
    assert (other.follow_redirects, other.validate_ssl) == (False, False)


def test_what_looks_like_our_placeholder_is_none() -> None:
    """There it is a text as any other, and here it stays one."""
    check = definitions(site(headers=["X-Template: ${file:/etc/passwd}"]))["a"].health_check

    assert isinstance(check, HttpCheck)
    assert check.headers == {"X-Template": "$${file:/etc/passwd}"}


def test_statuses_without_a_wish_are_those_of_its_source() -> None:
    """A redirect that is not followed is no fault there."""
    check = definitions(site())["a"].health_check

    assert isinstance(check, HttpCheck)
    assert check.statuses() == ("200-208", 226, "300-308")
    assert check.interval == 300


def test_texts_in_the_body_are_wished_for() -> None:
    """One that must be there, one that must not, whatever letters it has."""
    wishes = {"__dangerous__body_down_if_text_missing": "Welcome", "__dangerous__body_down": "Error (500)"}
    check = definitions(site(**wishes))["a"].health_check

    assert isinstance(check, HttpCheck)
    assert check.expected_response == "Welcome"
    assert check.expected_pattern is not None
    assert re.search(check.expected_pattern, "line\nall well")
    assert not re.search(check.expected_pattern, "line\nan Error (500) here")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"check": "ws"}, "no check by WebSocket"),
        ({"check": "smoke"}, "'smoke' is not known"),
        ({"url": "https://$SECRET_HOST/"}, "takes SECRET_HOST from the environment"),
        ({"body": "$PASSWORD"}, "takes PASSWORD from the environment"),
        ({"headers": ["Authorization: Bearer abc"]}, "Authorization is a secret"),
        ({"headers": ["nothing"]}, "`Name: value`"),
        ({"check": "tcp-ping", "url": "a"}, "port: it names none"),
        ({"name": ""}, "no name"),
        ({"maxResponseTime": "soon"}, "maxResponseTime: it is no number"),
        ({"expectedStatusCodes": [7]}, "no status to expect"),
    ],
)
def test_what_would_be_judged_differently_is_skipped(fields: dict[str, Any], why: str) -> None:
    """With a reason that names no secret."""
    found = site(**fields)
    told = [one.why for one in found.skipped]
    for entry in found.entries:
        with pytest.raises(UsageError) as caught:
            definition_of(entry.data)
        told.append(str(caught.value))

    assert len(told) == 1
    assert why in told[0]
    assert "abc" not in told[0]


def test_what_is_not_quite_the_same_is_a_note() -> None:
    """Where it is looked at from, and wishes that have no counterpart."""
    found = site(type="globalping", ipv6=True, __dangerous__body_degraded="slow")

    assert len(found.entries) == 1
    assert len(found.notes) == 3
