"""Which Chromium and which chromedriver there are."""

from __future__ import annotations

import pytest

from headway.browsers.faults import NoBrowser
from headway.browsers.finding import Programs, ask_version, find

_VERSIONS = {
    "/bin/chromium": "Chromium 156.0.8078.79 built on Debian",
    "/bin/chromedriver": "ChromeDriver 156.0.1.2 (a)",
}


def _which(*names: str) -> dict[str, str]:
    return {name: f"/bin/{name}" for name in names}


def test_finds_a_browser_and_the_driver_of_the_same_major_version() -> None:
    """Both are found by name, and the version is the browser's."""
    found = find(_which("chromium", "chromedriver").get, _VERSIONS.__getitem__)

    assert found == Programs("/bin/chromium", "/bin/chromedriver", "156.0.8078.79")


@pytest.mark.parametrize(
    ("there", "versions", "sentence"),
    [
        ([], {}, "no Chromium or Chrome"),
        (["chromium"], {}, "no chromedriver.*apt-get install chromium chromium-driver"),
        (["chromium", "chromedriver"], {**_VERSIONS, "/bin/chromium": ""}, "/bin/chromium does not start"),
        (["chromium", "chromedriver"], {**_VERSIONS, "/bin/chromedriver": "oops"}, "/bin/chromedriver does not start"),
        (
            ["chromium", "chromedriver"],
            {**_VERSIONS, "/bin/chromedriver": "ChromeDriver 155.0.1"},
            "same major version",
        ),
    ],
)
def test_says_what_is_missing(there: list[str], versions: dict[str, str], sentence: str) -> None:
    """Where there is no pair that fits, a sentence says what to do."""
    with pytest.raises(NoBrowser, match=sentence):
        find(_which(*there).get, lambda program: versions.get(program, ""))


def test_a_program_that_is_not_there_has_no_version() -> None:
    """A path at which nothing starts is no error of its own."""
    assert ask_version("/nowhere/chromium") == ""
