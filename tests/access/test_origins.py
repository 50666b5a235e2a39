"""Which web pages may talk to this server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.access.origins import allowed

LIST = frozenset({"https://app.example.org"})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:4000", "127.0.0.1:4000"),
        ("https://Example.org", "example.ORG"),
        ("http://[::1]:4000", "[::1]:4000"),
    ],
)
def test_the_same_origin_is_allowed(origin: str, host: str) -> None:
    """A page of this very host and port may, whatever the case and whatever ends TLS in between."""
    assert allowed(origin, host, ())


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:4001", "127.0.0.1:4000"),
        ("http://evil.org", "example.org"),
        ("http://example.org.evil.org", "example.org"),
        ("http://example.org@evil.org", "example.org"),
        ("http://evil.org/example.org", "example.org"),
        ("null", "null"),
        ("", ""),
        ("file://", ""),
        ("http://example.org", None),
        ("http://[::1", "[::1"),
        ("http://[x]", "[x]"),
    ],
)
def test_other_origins_are_not(origin: str, host: str | None) -> None:
    """Another port or host, an opaque or empty origin, and what is no origin at all may not."""
    assert not allowed(origin, host, ())
    assert not allowed(origin, host, LIST)


def test_a_program_is_no_page() -> None:
    """Who sends no origin is no browser, and not bound by this."""
    assert allowed(None, "example.org", ())
    assert allowed(None, None, ())


@pytest.mark.parametrize("origin", ["https://app.example.org", "https://APP.example.org", "https://app.example.org/"])
def test_the_list_allows_others(origin: str) -> None:
    """A page on the list may, on any host; its scheme has to be the one on the list."""
    assert allowed(origin, "127.0.0.1:4000", LIST)
    assert not allowed(origin.replace("https", "http"), "127.0.0.1:4000", LIST)


def test_a_star_allows_every_page() -> None:
    """`*` allows every page, opaque ones too."""
    assert allowed("null", None, {"*"})


@given(st.text(), st.none() | st.text())
def test_no_header_is_a_fault(origin: str, host: str | None) -> None:
    """Any text in the two headers is answered with yes or no."""
    assert allowed(origin, host, LIST) in (True, False)
