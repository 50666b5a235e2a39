"""What a page shows, and how it got there."""

from __future__ import annotations

import base64

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from headway.browsers import pages
from tests.browsers.site import Site

pytestmark = pytest.mark.browser


def test_a_page_has_figures(driver: WebDriver, site: Site) -> None:
    """Figures are those of Navigation Timing, in order, once the load handlers have run."""
    driver.get(f"{site.url}/empty")
    found = pages.figures(driver)

    assert found is not None
    assert (found.url, found.status) == (f"{site.url}/empty", 200)
    assert 0 < found.first_byte <= found.interactive <= found.loaded
    assert found.bytes > 0


def test_a_page_complains_once(driver: WebDriver, site: Site) -> None:
    """Errors of the console, uncaught ones too, are told by the next call alone."""
    driver.get(f"{site.url}/error")
    first, second = pages.complaints(driver), pages.complaints(driver)

    assert any("it broke" in line for line in first)
    assert any("more" in line for line in first)
    assert second == ()


def test_a_picture_shows_no_secret(driver: WebDriver, site: Site) -> None:
    """Password fields and whatever holds a secret are left out of a picture, and are there again afterwards."""
    driver.get(f"{site.url}/secret")
    plain = driver.get_screenshot_as_base64()
    hidden = pages.picture(driver, ["hush"])

    assert _red(driver, plain)
    assert not _red(driver, _base64(hidden))
    assert driver.get_screenshot_as_base64() == plain


def test_people_read_what_is_to_be_seen(driver: WebDriver, site: Site) -> None:
    """The text is what can be read, without what is hidden."""
    driver.get(f"{site.url}/fields")

    assert "Over" in pages.text(driver)
    assert "Hidden" not in pages.text(driver)


def _base64(png: bytes) -> str:
    return base64.b64encode(png).decode()


def _red(driver: WebDriver, png: str) -> bool:
    """Whether a pixel of the picture is red; the browser itself can read a PNG."""
    script = """const [png, done] = arguments, image = new Image();
        image.onload = () => { const canvas = document.createElement('canvas'), paint = canvas.getContext('2d');
          [canvas.width, canvas.height] = [image.width, image.height]; paint.drawImage(image, 0, 0);
          const data = paint.getImageData(0, 0, image.width, image.height).data;
          for (let i = 0; i < data.length; i += 4) if (data[i] > 200 && data[i + 1] < 50) return done(true);
          done(false); };
        image.src = 'data:image/png;base64,' + png;"""
    return bool(driver.execute_async_script(script, png))
