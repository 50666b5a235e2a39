"""The site, and one browser for all tests of a file in which isolation is not the point."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from headway.browsers.sources import Local, Terms
from tests.browsers.site import Site, programs, serving


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The application to sign in to."""
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A browser of this file."""
    place = Local(programs(), tmp_path_factory.mktemp("browsers"), lambda: uuid.uuid4().hex).place()
    opened = None
    try:
        opened = place.open(Terms(page_seconds=10.0))
        yield opened
    finally:
        place.close(opened, healthy=True)


@pytest.fixture
def local(tmp_path: Path) -> Local:
    """This machine's browsers, with their leases in the test's own folder."""
    return Local(programs(), tmp_path / "browsers", lambda: uuid.uuid4().hex)
