"""Whether the machine went down."""

from __future__ import annotations

from pathlib import Path

from headway.apps.imports.engine.machine import boot_id


def test_a_machine_that_says_nothing_is_taken_for_the_same(tmp_path: Path) -> None:
    """A start of the machine has one name; where there is none it is empty."""
    (tmp_path / "id").write_text("abc\n")

    assert boot_id(tmp_path / "id") == "abc"
    assert boot_id(tmp_path / "none") == ""
    assert boot_id() == boot_id()
