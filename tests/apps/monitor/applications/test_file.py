"""A file that is followed: applied whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headway.apps.monitor.applications.file import File
from headway.apps.monitor.applications.model import definition_of
from headway.apps.monitor.applications.store import Applications
from headway.testing.waiting import wait_until
from tests.apps.monitor.applications.desk import applications


@dataclass
class Stage:
    """Applications, a file, and what people were told."""

    applications: Applications
    path: Path
    told: list[tuple[str, str]] = field(default_factory=list)

    def file(self, every: float = 3600.0) -> File:
        """One who follows the file."""
        return File(self.path, self.applications, self.notify, every=every)

    async def notify(self, level: str, message: str) -> None:
        """Be told."""
        self.told.append((level, message))

    def names(self) -> list[str]:
        """Who is there."""
        return [one.name for one in self.applications.all()]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """With no file yet."""
    async with applications(tmp_path) as made:
        yield Stage(made, tmp_path / "watched.yaml")


async def test_what_a_file_says_is_so(stage: Stage) -> None:
    """New ones come, changed ones change, those it has no more are removed; those of the API stay."""
    await stage.applications.add(definition_of({"name": "by-hand"}))
    stage.path.write_text("applications: [{name: a}, {name: b}]")
    file = stage.file()
    await file.start()
    first = stage.names()
    stage.path.write_text("applications: [{name: b, category: Web}, {name: c}]")
    plan = await file.look()
    await file.close()

    assert first == ["a", "b", "by-hand"]
    assert plan is not None
    assert ([one.name for one in plan.created], [one.name for one, _ in plan.updated]) == (["c"], ["b"])
    assert stage.names() == ["b", "by-hand", "c"]
    assert [one.managed_by for one in stage.applications.all()] == ["file", "api", "file"]
    assert stage.told == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("applications: [", "this is no YAML"),
        ("applications: [{name: a}, {name: b, slaTarget: 0}]", "b: slaTarget: 0"),
        ("applications: [{name: a}, {name: a}]", "called 'a' already"),
        ("endpoints: []", "'endpoints' is not known here"),
        ("", "it is empty"),
        (None, "cannot be read"),
    ],
)
async def test_a_broken_file_keeps_what_was(stage: Stage, broken: str | None, words: str) -> None:
    """All of it, and says so once; mended, it says that too."""
    stage.path.write_text("applications: [{name: a}, {name: old}]")
    file = stage.file()
    await file.start()
    before = stage.applications.all()
    if broken is None:
        stage.path.unlink()
    else:
        stage.path.write_text(broken)
    assert await file.look() is None
    assert await file.look() is None
    problem = file.problem
    stage.path.write_text("applications: [{name: a}]")
    await file.look()
    await file.close()

    assert problem is not None
    assert words in problem
    assert "stay as they were" in problem
    assert [level for level, _ in stage.told] == ["error", "success"]
    assert file.problem is None
    assert before[0] in stage.applications.all()
    assert stage.names() == ["a"]


async def test_a_broken_file_at_the_start_keeps_what_was_before(stage: Stage) -> None:
    """The server starts, with the applications of the last time."""
    stage.path.write_text("applications: [{name: a}]")
    file = stage.file()
    await file.start()
    await file.close()
    stage.path.write_text("- {")
    again = stage.file()
    await again.start()
    await again.close()

    assert stage.names() == ["a"]
    assert again.problem is not None


async def test_the_same_content_is_not_applied_again(stage: Stage) -> None:
    """Though it was written again."""
    stage.path.write_text("applications: [{name: a}]")
    file = stage.file()
    await file.start()
    before = stage.applications.all()
    stage.path.write_text("applications: [{name: a}]")

    assert await file.look() is None
    assert stage.applications.all() == before
    await file.close()


async def test_a_file_is_followed(stage: Stage) -> None:
    """Without being asked."""
    stage.path.write_text("applications: []")
    file = stage.file(every=0.01)
    await file.start()
    stage.path.write_text("applications: [{name: a}]")
    await wait_until(lambda: stage.names() == ["a"])
    stage.path.write_text("applications: []")
    await wait_until(lambda: stage.names() == [])
    await file.close()


async def test_a_name_that_the_api_gave_becomes_the_file_s(stage: Stage) -> None:
    """It is the same application, with its history."""
    one = await stage.applications.add(definition_of({"name": "shop"}))
    stage.path.write_text("applications: [{name: shop}]")
    file = stage.file()
    await file.start()
    await file.close()

    assert [(made.id, made.managed_by) for made in stage.applications.all()] == [(one.id, "file")]


async def test_without_a_file_the_api_has_them_all(stage: Stage) -> None:
    """Those of a file that the server is told of no more can be changed again."""
    stage.path.write_text("applications: [{name: a}]")
    file = stage.file()
    await file.start()
    await file.close()
    none = File(None, stage.applications, stage.notify)
    await none.start()
    await none.close()

    assert [one.managed_by for one in stage.applications.all()] == ["api"]
    assert (await stage.applications.change("a", {"category": "Web"})).category == "Web"
