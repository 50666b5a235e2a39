"""Which Chromium and which chromedriver this machine has.

By name on the path, and nowhere else. Selenium's own manager would download a driver where it finds none; nothing here
starts it. The two must be of one major version, as chromedriver demands.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from headway.browsers.faults import NoBrowser

__all__ = ["BROWSERS", "DRIVERS", "Programs", "find"]

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DRIVERS: Final = ("chromedriver", "chromium.chromedriver")
"""What distributions call them; the last is the snap's."""

_SECONDS: Final = 20.0
"""To print a version takes some milliseconds; a snap that is unpacked first, seconds."""

_INSTALL: Final = "install both (on Debian: apt-get install chromium chromium-driver)"

Which = Callable[[str], str | None]
Asking = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Programs:
    """A browser and the driver that fits it."""

    browser: str
    driver: str
    version: str


def ask_version(program: str) -> str:
    """What a program prints about its version; nothing where it does not start."""
    try:
        asked = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout


def find(which: Which = shutil.which, ask: Asking = ask_version) -> Programs:
    """Find the two. Blocks for a moment. Raises `NoBrowser`, whose sentence says what to install."""
    browser, driver = _first(which, BROWSERS), _first(which, DRIVERS)
    if browser is None:
        raise NoBrowser(f"There is no Chromium or Chrome on this machine; {_INSTALL}.")
    if driver is None:
        raise NoBrowser(f"There is no chromedriver on this machine; {_INSTALL}.")
    browser_version, driver_version = _version(ask(browser)), _version(ask(driver))
    if browser_version is None:
        raise NoBrowser(f"{browser} does not start; run it in a terminal to see why.")
    if driver_version is None:
        raise NoBrowser(f"{driver} does not start; run it in a terminal to see why.")
    if browser_version.split(".")[0] != driver_version.split(".")[0]:
        raise NoBrowser(
            f"{driver} is of version {driver_version} and {browser} of version {browser_version}; "
            "they must be of the same major version: install both from the same place."
        )
    return Programs(browser, driver, browser_version)


def _first(which: Which, names: Sequence[str]) -> str | None:
    return next(filter(None, map(which, names)), None)


def _version(text: str) -> str | None:
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else None
