"""The version is said in one place for programs and in one for packages."""

from __future__ import annotations

import tomllib
from pathlib import Path

from headway.version import VERSION


def test_the_version_is_that_of_the_package() -> None:
    """What a server tells of itself is what the package index calls it."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())

    assert project["project"]["version"] == VERSION
