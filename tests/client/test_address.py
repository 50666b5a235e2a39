"""URLs of servers."""

from dataclasses import replace

import pytest

from headway.client.address import Address
from headway.errors import UsageError


@pytest.mark.parametrize(
    ("url", "http", "ws"),
    [
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000/x", "ws://127.0.0.1:4000/x"),
        ("localhost:4000", "http://localhost:4000/x", "ws://localhost:4000/x"),
        ("https://example.org/live/", "https://example.org/live/x", "wss://example.org/live/x"),
        ("wss://example.org", "https://example.org/x", "wss://example.org/x"),
        ("http://[::1]:4000", "http://[::1]:4000/x", "ws://[::1]:4000/x"),
    ],
)
def test_one_url_serves_every_transport(url: str, http: str, ws: str) -> None:
    """However it is spelled, the address has an HTTP and a WebSocket form, below where the server is mounted."""
    address = Address.parse(url)

    assert (address.http("/x"), address.ws("/x")) == (http, ws)


def test_who_connects_says_which_client_it_is() -> None:
    """Where a user may have few connections, those of one client are one while it changes its transport."""
    address = Address.parse("http://host")
    named = replace(address, client="ann's")

    assert named.ws("/ws") == "ws://host/ws?client=ann%27s"
    assert named.ws("/socket.io/", {"EIO": "4"}) == "ws://host/socket.io/?EIO=4&client=ann%27s"
    assert (address.name, named.name) == ({}, {"client": "ann's"})


def test_a_channel_is_one_segment_of_the_path() -> None:
    """A channel name with slashes and spaces cannot reach another path."""
    address = Address.parse("http://host")

    assert address.channel("a/b?c", "events", {"since": ""}) == "http://host/api/channels/a%2Fb%3Fc/events?since="


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "http://host:port", "http://host/?a=b", "http://host#a"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error repeats what was given."""
    with pytest.raises(UsageError, match=r"URL|address"):
        Address.parse(url)
