"""Configuration of Gatus: judged the same, or skipped with why."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import pytest

from headway.apps.monitor.applications.gatus import seconds
from headway.apps.monitor.applications.model import Definition, definition_of
from headway.apps.monitor.applications.planning import Imported
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.checks.configuration import DnsCheck, HttpCheck, PushCheck, TcpCheck, TlsCheck
from headway.apps.monitor.checks.maintenance import Weekly
from headway.errors import UsageError

WHOLE = """
alerting:
  slack:
    webhook-url: "${SLACK}"
    default-alert: {failure-threshold: 5, success-threshold: 4}
maintenance: {start: "23:00", duration: 1h30m, timezone: Europe/Berlin, every: [Monday, Thursday]}
defaults: &defaults
  interval: 5m
  client: {timeout: 2s, insecure: true, ignore-redirect: true}
endpoints:
- <<: *defaults
  name: front end
  group: core
  url: "https://shop.example.org/$$price"
  method: POST
  headers: {Authorization: "Bearer ${TOKEN}", X-Plain: "a $$ b $${c}"}
  body: '{"from": "[ENDPOINT_GROUP]/[ENDPOINT_NAME]"}'
  conditions: ["[STATUS] == 200", "[BODY].status == UP", "[RESPONSE_TIME] < 150"]
  alerts: [{type: slack}, {type: email, failure-threshold: 2}]
  extra-labels: {team: web}
  maintenance-windows: [{start: "01:00", duration: 15m}]
- {name: db, url: "tcp://db.example.org:5432", conditions: ["[CONNECTED] == true"], enabled: false}
- {name: cert, url: "tls://www.example.org:443", conditions: ["[CERTIFICATE_EXPIRATION] > 48h"]}
- name: names
  url: 8.8.8.8
  dns: {query-name: example.org., query-type: A}
  conditions: ["[BODY] == 93.184.216.34", "[DNS_RCODE] == NOERROR"]
external-endpoints:
- {name: backup, group: jobs, token: abc, heartbeat: {interval: 30m}}
"""


def definitions(found: Imported) -> dict[str, Definition]:
    """What is taken over, by name."""
    made = [definition_of(entry.data) for entry in found.entries]
    return {one.name: one for one in made}


def endpoint(lines: str) -> Imported:
    """One endpoint of an otherwise plain configuration."""
    return read(f"endpoints:\n- name: a\n{indent(lines, '  ')}\n", "gatus")


def check(lines: str) -> Any:
    """The check of one endpoint."""
    found = endpoint(lines)
    assert found.skipped == []
    return definitions(found)["a"].health_check


def test_a_whole_configuration_is_taken_over() -> None:
    """Endpoints of every kind that is known, with their groups, thresholds and windows."""
    made = definitions(read(WHOLE))

    assert list(made) == ["core-front-end", "db", "cert", "names", "jobs-backup"]
    shop = made["core-front-end"]
    assert (shop.display_name, shop.category, shop.tags) == ("front end", "core", ("team=web",))
    assert (shop.alert_thresholds.consecutive_failures, shop.alert_thresholds.recoveries) == (2, 2)
    assert made["db"].is_active is False
    assert isinstance(made["db"].health_check, TcpCheck)
    assert isinstance(made["cert"].health_check, TlsCheck)
    assert made["jobs-backup"].health_check == PushCheck(interval=1800, grace=0)


def test_a_request_is_the_same() -> None:
    """Method, headers, body, time-out, redirects and TLS, and it is asked once."""
    asked = definitions(read(WHOLE))["core-front-end"].health_check

    assert isinstance(asked, HttpCheck)
    assert (asked.url, asked.method, asked.body) == (
        "https://shop.example.org/$price",
        "POST",
        '{"from": "core/front end"}',
    )
    assert asked.headers == {"Authorization": "Bearer ${env:TOKEN}", "X-Plain": "a $ b $${c}"}
    assert (asked.timeout, asked.interval, asked.retry_attempts) == (2_000, 300, 0)
    assert (asked.follow_redirects, asked.validate_ssl) == (False, False)
    assert asked.statuses() == ()
    assert asked.conditions == ("[STATUS] == 200", "[BODY].status == UP", "[RESPONSE_TIME] < 150")


def test_a_question_to_a_resolver_is_the_same() -> None:
    """The resolver is an address; a port behind it is read."""
    plain = definitions(read(WHOLE))["names"].health_check
    port = check(
        'url: "9.9.9.9:5353"\ndns: {query-name: a.org, query-type: MX}\nconditions: ["[DNS_RCODE] == NOERROR"]'
    )

    assert isinstance(plain, DnsCheck)
    assert (plain.name, plain.type, plain.resolver, plain.resolver_port) == ("example.org", "A", "8.8.8.8", 53)
    assert (port.resolver, port.resolver_port) == ("9.9.9.9", 5353)


def test_windows_are_those_of_all_and_its_own() -> None:
    """Days and times on the wall of the zone."""
    assert definitions(read(WHOLE))["core-front-end"].maintenance == (
        Weekly(days=(0, 3), at="23:00", minutes=90, zone="Europe/Berlin"),
        Weekly(days=tuple(range(7)), at="01:00", minutes=15, zone="UTC"),
    )


def test_what_people_have_to_do_is_a_note() -> None:
    """Alerts and tokens are not taken over, and nobody should believe so."""
    notes = {(one.name, one.note.split(":")[0]) for one in read(WHOLE).notes}

    assert ("core/front end", "its alerts go to the channels of Headway's alerts, not to those of Gatus") in notes
    assert ("jobs/backup", "its token is not taken over") in notes


OK = 'conditions: ["[CONNECTED] == true"]'


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (f"url: icmp://a\n{OK}", "ICMP"),
        (f"url: ssh://a:22\n{OK}", "no check by SSH"),
        (f"url: wss://a/\n{OK}", "no check by WebSocket"),
        (f"url: starttls://a:25\n{OK}", "STARTTLS"),
        (f"url: udp://a:1\n{OK}", "UDP"),
        (f"url: sctp://a:1\n{OK}", "SCTP"),
        (f"url: grpc://a:1\n{OK}", "gRPC"),
        (f"url: ftp://a/\n{OK}", "begins with none of"),
        (f"{OK}", "begins with none of"),
        (f"url: http://user:word@a/\n{OK}", "no user name or password"),
        (f"url: http://$HOST/\n{OK}", "takes HOST from the environment"),
        (f"url: http://a/\nheaders: {{Authorization: Bearer abc}}\n{OK}", "Authorization is a secret"),
        (f"url: http://a/\nbody: '[RANDOM_STRING_8]'\n{OK}", "RANDOM_STRING"),
        (f"url: http://a/\nclient: {{oauth2: {{token-url: x}}}}\n{OK}", "client.oauth2"),
        (f"url: http://a/\nclient: {{proxy-url: http://p}}\n{OK}", "client.proxy-url"),
        (f"url: http://a/\ninterval: 60\n{OK}", "'60' is no duration"),
        ("url: http://a/", "conditions: there are none"),
        ("url: http://a/\nconditions: ['[DOMAIN_EXPIRATION] > 720h']", "the registration of a domain"),
        ("url: http://a/\nconditions: ['[BODY].a == age(x)']", "age"),
        (f"url: tcp://a\n{OK}", "names no port"),
        (f"url: tcp://a:1\nbody: hello\n{OK}", "nothing is said over a TCP connection"),
        ("url: tcp://a:1\nconditions: ['[BODY] == pong']", "[BODY] is not measured"),
        (f"url: tls://a:443\nclient: {{insecure: true}}\n{OK}", "look at the certificate"),
        (f"url: dns.example\ndns: {{query-name: a, query-type: A}}\n{OK}", "is no address"),
        (f"url: 8.8.8.8\ndns: {{query-name: a, query-type: SRV}}\n{OK}", "dns.query-type: SRV"),
        (f"url: http://a/\nmaintenance-windows: [{{start: '01:00', duration: 1h, every: [Mo]}}]\n{OK}", "'Mo'"),
    ],
)
def test_what_would_be_judged_differently_is_skipped(lines: str, why: str) -> None:
    """With a reason that names no secret."""
    found = endpoint(lines)
    told = [one.why for one in found.skipped]
    for entry in found.entries:
        with pytest.raises(UsageError) as caught:
            definition_of(entry.data)
        told.append(str(caught.value))

    assert len(told) == 1
    assert why in told[0]
    assert "abc" not in told[0].replace("${env:NAME}", "")


def test_a_condition_on_the_registration_of_a_domain_is_left_out() -> None:
    """Where something else is wished for, with a note."""
    found = endpoint("url: http://a/\nconditions: ['[STATUS] == 200', '[DOMAIN_EXPIRATION] > 720h']")

    assert [definition_of(entry.data).health_check.conditions for entry in found.entries] == [("[STATUS] == 200",)]  # type: ignore[union-attr]  # it is HTTP
    assert "left out" in found.notes[0].note


def test_an_interval_out_of_bounds_is_the_nearest() -> None:
    """With a note."""
    found = endpoint(f"url: http://a/\ninterval: 1s\n{OK}")

    assert [entry.data["healthCheck"]["interval"] for entry in found.entries] == [5]
    assert "every 5 s, not every 1 s" in found.notes[0].note


def test_a_query_of_graphql_is_wrapped() -> None:
    """As Gatus sends it."""
    asked = check(f"url: http://a/\nmethod: POST\ngraphql: true\nbody: '{{ me {{ name }} }}'\n{OK}")

    assert asked.body == {"query": "{ me { name } }"}
    assert asked.headers == {"Content-Type": "application/json"}


def test_suites_and_silent_externals_are_skipped() -> None:
    """With why."""
    found = read("endpoints: [7]\nsuites: [{name: flow}]\nexternal-endpoints: [{name: x, token: y}]")

    assert [one.name for one in found.skipped] == ["an endpoint", "x", "flow"]
    assert found.entries == []


@pytest.mark.parametrize(("text", "value"), [("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25), ("0s", 0), ("90m", 5400)])
def test_a_duration_is_go_s(text: str, value: float) -> None:
    """Hours, minutes, seconds and less."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "1h 2m", 60, None, "1d"])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    """A bare number would be nanoseconds."""
    with pytest.raises(UsageError, match="no duration"):
        seconds(text)
