"""Secrets by placeholder."""

from __future__ import annotations

import pytest

from headway.apps.monitor.checks.placeholders import fill, masked, names_of
from headway.errors import UsageError


def _resolve(kind: str, name: str) -> str:
    return {"A": "one", "LONG": "one-and-more"}[name]


def test_a_text_says_what_it_asks_for() -> None:
    """Kind and name of each; a plain `${` is none."""
    assert names_of("a ${env:A} b ${file:/x/y} $${env:B}") == [("env", "A"), ("file", "/x/y")]
    for bad in ("${A}", "${env:}", "${env:A", "${sh:id}"):
        with pytest.raises(UsageError, match="is no placeholder"):
            names_of(bad)


def test_headers_are_filled_and_not_printed() -> None:
    """What carries a secret is known by name; the value is in no `repr`."""
    filled = fill({"X-A": "x ${env:A}", "X-B": "plain", "Cookie": "a=b"}, _resolve)

    assert filled.headers == {"X-A": "x one", "X-B": "plain", "Cookie": "a=b"}
    assert filled.keyed == {"x-a", "cookie"}
    assert "one" not in repr(filled)


def test_a_longer_secret_is_masked_first() -> None:
    """One secret may be the beginning of another."""
    assert masked("one-and-more, one", ("one", "one-and-more")) == "•••, •••"
