"""The documentation says what is so."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, spelled as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def requirement_name(requirement: str) -> str:
    """The name in a requirement as pyproject.toml spells it."""
    return re.split(r"[\[<>=!;~ ]", requirement, maxsplit=1)[0]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every link inside the repository leads to a file that exists, and to a heading that exists in it."""
    broken = []
    for target in LINK.findall(FENCE.sub("", (ROOT / page).read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)

    assert broken == []


def test_every_dependency_has_its_reason() -> None:
    """docs/explanation/dependencies.md names the dependencies and extras of pyproject.toml, and no others."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    page = (ROOT / "docs/explanation/dependencies.md").read_text()
    explained = re.findall(r"^\| `([\w.-]+)`", page.partition("## Development")[0], re.MULTILINE)

    assert sorted(explained) == sorted(map(requirement_name, required))


def test_every_tool_has_its_reason() -> None:
    """docs/explanation/dependencies.md names the tools of the development groups, and no others."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    required = {requirement_name(one) for group in groups.values() for one in group}
    page = (ROOT / "docs/explanation/dependencies.md").read_text()
    explained = re.findall(
        r"^\| `([\w.-]+)`", page.partition("## Development")[2].partition("## Node")[0], re.MULTILINE
    )

    assert sorted(explained) == sorted(required)


def test_every_verb_is_in_the_contributing_guide() -> None:
    """CONTRIBUTING.md names every verb of the Makefile that has a description."""
    verbs = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    guide = (ROOT / "CONTRIBUTING.md").read_text()

    assert [verb for verb in verbs if f"`make {verb}`" not in guide] == []
