"""Whom a request comes from: what trusted proxies wrote, and nothing that anybody else did."""

from __future__ import annotations

import pytest

from headway.access.proxies import Proxies
from headway.errors import UsageError

OURS = Proxies(["10.0.0.0/8", "2001:db8::7"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("10.0.0.2", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.2", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.2", ["6.6.6.6, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("10.0.0.2", ["6.6.6.6", "203.0.113.9", "10.0.0.7"], "203.0.113.9"),
        ("10.0.0.2", ["10.0.0.9, 10.0.0.7"], "10.0.0.9"),
        ("10.0.0.2", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.2", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.2", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.2", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.2", ["203.0.113.9"], "203.0.113.9"),
        ("2001:db8::7", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", ["6.6.6.6, unknown"], "10.0.0.2"),
        ("10.0.0.2", ["6.6.6.6, <script>, 10.0.0.7"], "10.0.0.7"),
        ("10.0.0.2", ["203.0.113.9\x00"], "10.0.0.2"),
        (None, ["203.0.113.9"], None),
        ("unix", ["203.0.113.9"], "unix"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxy(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    """A header is believed from its right end, and from a trusted peer alone; what is no address ends the search."""
    assert OURS.client(peer, forwarded) == client


def test_trusting_everybody_believes_one_entry() -> None:
    """Who connects is the proxy, whatever its address; further to the left the client speaks for itself."""
    everybody = Proxies(["*"])

    assert everybody.client("198.51.100.1", ["6.6.6.6, 203.0.113.9"]) == "203.0.113.9"
    assert everybody.client(None, ["203.0.113.9"]) == "203.0.113.9"


def test_nobody_is_trusted_by_default() -> None:
    """Not even this machine."""
    nobody = Proxies()

    assert not nobody
    assert not nobody.trust("127.0.0.1")
    assert nobody.client("127.0.0.1", ["203.0.113.9"]) == "127.0.0.1"


def test_a_long_header_is_read_as_far_as_it_matters() -> None:
    """Thousands of trusted hops are nobody's network."""
    assert OURS.client("10.0.0.2", [", ".join(["203.0.113.9", *["10.0.0.1"] * 5_000])]) == "10.0.0.1"


@pytest.mark.parametrize("name", ["proxy.example.org", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.*"])
def test_a_proxy_that_is_no_address_is_refused(name: str) -> None:
    """With a sentence that names it: a misspelt proxy would silently not be trusted."""
    with pytest.raises(UsageError, match="trusted proxy") as refused:
        Proxies([name])

    assert name in str(refused.value)
