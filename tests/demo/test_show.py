"""The demo's own settings."""

from __future__ import annotations

import pytest

from headway.demo.show import address_of


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4000"),
        ("0.0.0.0", "http://127.0.0.1:4000"),
        ("", "http://127.0.0.1:4000"),
        ("::", "http://[::1]:4000"),
        ("::1", "http://[::1]:4000"),
        ("progress.example.org", "http://progress.example.org:4000"),
    ],
)
def test_there_is_an_address_to_open(host: str, url: str) -> None:
    """Every address of a machine is none that a browser can open."""
    assert address_of(host, 4000) == url
