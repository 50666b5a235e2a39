"""Tokens of who tells us himself."""

from __future__ import annotations

import stat
from pathlib import Path

from headway.apps.monitor.watching.beats import Tokens


def test_a_token_is_good_for_one_application(tmp_path: Path) -> None:
    """And the same after a restart."""
    token = Tokens(tmp_path / "key").of("one")
    tokens = Tokens(tmp_path / "key")

    assert len(token) == 32
    assert tokens.holds("one", token)
    assert not tokens.holds("two", token)
    assert not tokens.holds("one", None)
    assert not tokens.holds("one", "ü")


def test_another_key_makes_other_tokens(tmp_path: Path) -> None:
    """Its file is for this user alone."""
    assert Tokens(tmp_path / "a").of("one") != Tokens(tmp_path / "b").of("one")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
