"""Names a server answers to: what a page whose name leads here is told."""

from __future__ import annotations

import pytest

from headway.codes import Code
from headway.errors import HeadwayError
from headway.server.hosts import Hosts


def scope(host: str | None) -> dict[str, object]:
    """A request that calls the server by this name."""
    return {"type": "http", "headers": [] if host is None else [(b"host", host.encode("latin-1"))]}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4000",
        "LOCALHOST:4000",
        "localhost.",
        "app.localhost:4000",
        "127.0.0.1",
        "127.0.0.1:4000",
        "127.8.9.10:4000",
        "[::1]",
        "[::1]:4000",
        "dev.example.org",
        "DEV.example.org.:4000",
        "other.example.org:8080",
        None,
    ],
)
def test_this_machines_names_and_those_it_was_given_are_answered(host: str | None) -> None:
    """Whatever the port, unless a port was given too; and a program that names none."""
    hosts = Hosts(["dev.example.org", "other.example.org:8080"])

    for _ in range(2):
        hosts.check(scope(host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "192.0.2.1",
        "10.0.0.1:4000",
        "0.0.0.0",
        "[::]",
        "[2001:db8::1]:4000",
        "other.example.org:8081",
        "other.example.org",
        "2130706433",
        "0x7f.1",
        "",
        ":4000",
        "[",
        "localhost@evil.example",
        "localhost/evil.example",
        "\xff",
    ],
)
def test_other_names_are_misdirected(host: str) -> None:
    """421 and a sentence that names the setting, again and again."""
    hosts = Hosts(["dev.example.org", "other.example.org:8080"])

    for _ in range(2):
        with pytest.raises(HeadwayError, match="setting 'hosts'") as refused:
            hosts.check(scope(host))
        assert refused.value.code is Code.MISDIRECTED


@pytest.mark.parametrize("names", [None, ["*"], ["a", "*"]])
def test_every_name_is_answered_where_that_was_said(names: list[str] | None) -> None:
    """Where nobody gave names, or all."""
    Hosts(names).check(scope("evil.example"))


def test_good_names_are_remembered_to_a_bound() -> None:
    """A thousand names of this machine are all good, and not all kept."""
    hosts = Hosts([])
    for number in range(1_000):
        hosts.check(scope(f"a{number}.localhost"))

    assert len(hosts._good) < 100
