"""What confirms a run that changes or deletes users."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headway.apps.imports.confirming import check, touched
from headway.apps.imports.engine.interface import Options
from headway.errors import Conflict

WANTED = Options(kind="modify", target="t", file="one", mapping={"a": "username", "b": "email", "c": None}, confirm=3)
COUNTS = {"updated": 2, "created": 1, "skipped": 9, "failed": 4}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two files that are alike, and one that is not."""
    for name, content in (("one", "x"), ("same", "x"), ("other", "y")):
        (tmp_path / name).write_text(content)
    return tmp_path


async def confirmed(files: Path, dry: Options, wanted: Options = WANTED) -> bool:
    """Whether a dry run confirms a run."""
    try:
        await check(wanted, [("d1", dry, COUNTS)], lambda id: files / id)
    except Conflict:
        return False
    return True


def test_what_is_touched() -> None:
    """Who is created, changed or deleted; not who is skipped or fails."""
    assert (touched(COUNTS), touched({"deleted": 4, "skipped": 1}), touched({})) == (3, 4, 0)


async def test_the_same_options_confirm(files: Path) -> None:
    """What changes nothing of what is done may differ: rate, name, the order of columns, those that are left out, and
    the file's id where its bytes are the same."""
    alike = msgspec.structs.replace(
        WANTED,
        dry_run=True,
        confirm=None,
        name="Monday",
        parallel=3,
        on_stop="fail",
        mapping={"b": "email", "a": "username"},
        file="same",
    )

    assert await confirmed(files, alike)


@pytest.mark.parametrize(
    "change",
    [
        {"target": "u"},
        {"file": "other"},
        {"file": "gone"},
        {"file": None},
        {"create_missing": True},
        {"mapping": {"a": "username"}},
        {"filter": {"enabled": True}},
        {"kind": "delete"},
    ],
    ids=str,
)
async def test_other_options_do_not(files: Path, change: dict[str, object]) -> None:
    """A dry run of something else says nothing."""
    assert not await confirmed(files, msgspec.structs.replace(WANTED, **change))


async def test_the_newest_counts(files: Path) -> None:
    """Not an older one, whose number may be right."""
    runs = [("d2", WANTED, {"updated": 5}), ("d1", WANTED, COUNTS)]
    with pytest.raises(Conflict) as refusal:
        await check(WANTED, runs, lambda id: files / id)

    assert refusal.value.details == {"field": "confirm", "confirm": 5, "dry_run": "d2"}
