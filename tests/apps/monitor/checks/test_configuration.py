"""Checks as they are written: names of the seed, and a sentence for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headway.apps.monitor.checks.configuration import DnsCheck, HttpCheck, PushCheck, check_of
from headway.errors import UsageError

SEED: dict[str, Any] = {
    "url": "https://user-service.example/health", "method": "GET", "headers": {"Accept": "application/json"},
    "expectedStatus": [200], "expectedResponse": {"status": "healthy"}, "timeout": 5000, "interval": 300,
    "retryAttempts": 3, "followRedirects": True, "validateSSL": False,
}  # fmt: skip


def test_the_seed_s_health_check_is_one() -> None:
    """Every field under the name its clients use, without a kind."""
    check = check_of(SEED)

    assert isinstance(check, HttpCheck)
    assert (check.timeout, check.interval, check.retry_attempts, check.validate_ssl) == (5000, 300, 3, False)
    assert check.statuses() == (200,)


def test_a_check_is_written_as_it_was_read() -> None:
    """JSON and back is the same check, with the seed's names."""
    check = check_of(SEED | {"conditions": ["[STATUS] == 200"], "body": {"a": 1}})
    written = msgspec.json.decode(msgspec.json.encode(check))

    assert check_of(written) == check
    assert (written["kind"], written["validateSSL"], written["retryAttempts"]) == ("http", False, 3)


def test_the_status_is_2xx_where_nothing_is_wished() -> None:
    """Conditions alone decide where there are some, as Gatus has it."""
    plain, conditioned = (
        check_of({"url": "http://a/"}),
        check_of({"url": "http://a/", "conditions": ["[STATUS] == 404"]}),
    )

    assert isinstance(plain, HttpCheck)
    assert isinstance(conditioned, HttpCheck)
    assert plain.statuses() == ("2xx",)
    assert conditioned.statuses() == ()


def test_the_other_kinds() -> None:
    """DNS and push, by their tag."""
    assert isinstance(check_of({"kind": "dns", "name": "_dmarc.example.org", "type": "TXT"}), DnsCheck)
    assert check_of({"kind": "push", "interval": 60}) == PushCheck(interval=60, grace=60)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "url"),
        ({"url": "ftp://a/"}, "url: 'ftp' is no scheme"),
        ({"url": "http://user:word@a/"}, "url: a URL holds no user name"),
        ({"url": "http://a/", "method": "TRACE"}, "method"),
        ({"url": "http://a/", "timeout": 50}, "timeout: 50 is not between 100 and 60000 ms"),
        ({"url": "http://a/", "timeout": "soon"}, "timeout"),
        ({"url": "http://a/", "interval": 1}, "interval: 1 is not between 5"),
        ({"url": "http://a/", "retryAttempts": 9}, "retryAttempts: 9"),
        ({"url": "http://a/", "expectedStatus": ["fine"]}, "'fine' is no status"),
        ({"url": "http://a/", "expectedPattern": "("}, "is no regular expression"),
        ({"url": "http://a/", "expectedPaths": {"a..b": 1}}, "is no path"),
        ({"url": "http://a/", "conditions": ["[STATSU] == 1"]}, "condition '"),
        ({"url": "http://a/", "conditions": ["[STATUS] == 1"] * 51}, "conditions: there are more than 50"),
        ({"url": "http://a/", "headers": {"A b": "c"}}, "'A b' is no header"),
        ({"url": "http://a/", "headers": {"Content-Length": "5"}}, "is no header that a check may send"),
        ({"url": "http://a/", "headers": {"X-A": "b\r\nX: y"}}, "control characters"),
        ({"url": "http://a/", "headers": {"X-A": "${vault:x}"}}, "is no placeholder"),
        ({"url": "http://a/", "headers": {"Authorization": "Bearer abc"}}, "Authorization is a secret; write"),
        ({"url": "http://a/", "headers": {"X-Api-Key": "abc"}}, "X-Api-Key is a secret"),
        ({"url": "http://a/", "body": "x" * 70_000}, "larger than 64 KB"),
        ({"url": "http://a/", "expectedResponse": json.loads("[" * 70 + "]" * 70)}, "expectedResponse: it is more"),
        ({"url": "http://a/", "colour": "red"}, "colour"),
        ({"kind": "ping", "host": "a"}, "ping"),
        ({"kind": "tcp", "host": "a", "port": 0}, "port: 0"),
        ({"kind": "tcp", "host": "a b", "port": 1}, "host: 'a b' is no name"),
        ({"kind": "dns", "name": "a", "type": "SOA"}, "type"),
        ({"kind": "dns", "name": "a", "resolver": "ns1.example"}, "resolver: 'ns1.example' is no address"),
        ({"kind": "push", "interval": 0}, "interval: 0"),
    ],
)
def test_what_is_wrong_is_refused_with_a_sentence(wrong: dict[str, Any], words: str) -> None:
    """Named by its field, before anything is asked of anybody."""
    with pytest.raises(UsageError) as error:
        check_of(wrong)
    assert words in str(error.value)


def test_a_secret_that_was_refused_is_not_repeated() -> None:
    """The sentence names the header, never its value."""
    with pytest.raises(UsageError) as error:
        check_of({"url": "http://a/", "headers": {"Authorization": "Bearer hunter2"}})
    assert "hunter2" not in str(error.value)
