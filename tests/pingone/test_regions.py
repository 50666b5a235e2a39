"""Where PingOne is."""

from __future__ import annotations

import pytest

from headway.errors import UsageError
from headway.pingone.regions import Addresses, Region


@pytest.mark.parametrize(
    ("region", "ending"), [("NA", "com"), ("CA", "ca"), ("EU", "eu"), ("AU", "com.au"), ("SG", "sg"), ("AP", "asia")]
)
def test_the_table(region: str, ending: str) -> None:
    """Each region has its pair of hosts."""
    addresses = Region[region].addresses

    assert addresses.api == f"https://api.pingone.{ending}/v1"
    assert addresses.auth == f"https://auth.pingone.{ending}"


@pytest.mark.parametrize("host", ["https://a.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_other_addresses(host: str) -> None:
    """A pair can be given; a slash at the end makes no difference."""
    assert Addresses(f"{host}/v1/", host) == Addresses(f"{host}/v1", f"{host}/")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://api.pingone.eu/v1", "overheard"),
        ("http://10.0.0.1/v1", "overheard"),
        ("http://127.0.0.1.example/v1", "overheard"),
        ("ftp://127.0.0.1/v1", "not of the form"),
        ("api.pingone.eu/v1", "not of the form"),
        ("https://", "not of the form"),
        ("https://[::1", "not of the form"),
        ("https://host:port/v1", "not of the form"),
        ("https://me:hunter2@host/v1", "leave out user"),
        ("https://host/v1?x=hunter2", "leave out user"),
        ("https://host/v1#hunter2", "leave out user"),
    ],
)
def test_bad_addresses(address: str, reason: str) -> None:
    """An address that could be overheard, or is none, is refused without being repeated."""
    with pytest.raises(UsageError, match=reason) as refused:
        Addresses("https://host/v1", address)

    assert "hunter2" not in str(refused.value)
