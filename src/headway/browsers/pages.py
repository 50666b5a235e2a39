"""What a page shows and how it got there, asked from the driver on its own thread.

figures        how long its parts took to load (Navigation Timing, level 2), and its status
text           what people can read
complaints     what the page wrote to the console as an error
picture        a PNG of what is to be seen, without passwords
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

__all__ = ["PageFigures", "complaints", "figures", "picture", "text"]

_LOAD_SECONDS: Final = 5.0
"""For the load handlers of a page that has come: until they have run, the end of loading is 0."""
_POLL: Final = 0.05
_TEXT_MOST: Final = 200_000
"""Characters of a page: a novel."""
_COMPLAINTS_MOST: Final = 20
_COMPLAINT_MOST: Final = 500
"""Of a page that complains without end, the first say what is wrong."""


@dataclass(frozen=True, slots=True)
class PageFigures:
    """How one page loaded: seconds since the navigation began, except where a length is named."""

    url: str
    status: int
    """HTTP's, or 0 where there is none."""
    redirects: int
    dns: float
    """Length of the look-up."""
    connect: float
    """Length of the connection's making, TLS included."""
    tls: float
    """Length of the TLS handshake in it."""
    first_byte: float
    interactive: float
    """The document is read."""
    loaded: float
    """Everything is there and the load handlers have run; 0 where that has not happened."""
    bytes: int
    """What came over the network for the document."""


_FIGURES: Final = "const n = performance.getEntriesByType('navigation')[0]; return n ? n.toJSON() : null;"


def figures(driver: WebDriver) -> PageFigures | None:
    """The page's figures, waiting for its load handlers a little; None for what was never navigated to."""
    try:
        entry = WebDriverWait(driver, _LOAD_SECONDS, poll_frequency=_POLL).until(
            lambda driver: _loaded(driver.execute_script(_FIGURES))
        )
    except TimeoutException:
        entry = driver.execute_script(_FIGURES)
    return _figures(entry) if isinstance(entry, dict) else None


def _loaded(entry: Any) -> Any:  # Any: JSON of the page
    return entry if not isinstance(entry, dict) or entry.get("loadEventEnd", 0) > 0 else False


def _figures(entry: dict[str, Any]) -> PageFigures:  # Any: JSON of the page
    def at(name: str) -> float:
        value = entry.get(name)
        return round(value / 1000, 4) if isinstance(value, int | float) else 0.0

    secure = at("secureConnectionStart")
    return PageFigures(
        url=str(entry.get("name", "")),
        status=int(entry.get("responseStatus") or 0),
        redirects=int(entry.get("redirectCount") or 0),
        dns=round(at("domainLookupEnd") - at("domainLookupStart"), 4),
        connect=round(at("connectEnd") - at("connectStart"), 4),
        tls=round(at("connectEnd") - secure, 4) if secure else 0.0,
        first_byte=at("responseStart"),
        interactive=at("domInteractive"),
        loaded=at("loadEventEnd"),
        bytes=int(entry.get("transferSize") or 0),
    )


def text(driver: WebDriver) -> str:
    """What people can read on the page."""
    read = driver.execute_script(
        "return document.body ? document.body.innerText.slice(0, arguments[0]) : ''", _TEXT_MOST
    )
    return read if isinstance(read, str) else ""


def complaints(driver: WebDriver) -> tuple[str, ...]:
    """What the console holds of errors since the last call. Nothing where the browser does not tell."""
    try:
        lines = driver.execute("getLog", {"type": "browser"})["value"]
    except (WebDriverException, KeyError):
        return ()  # a Grid's browser need not be a Chromium
    severe = [str(line["message"])[:_COMPLAINT_MOST] for line in lines if line.get("level") == "SEVERE"]
    return tuple(severe[:_COMPLAINTS_MOST])


_HIDE: Final = """
const secrets = arguments[0], hidden = [], holds = (text) => text && secrets.some((secret) => text.includes(secret));
const hide = (element) => {
  hidden.push([element, element.style.getPropertyValue('visibility'), element.style.getPropertyPriority('visibility')]);
  element.style.setProperty('visibility', 'hidden', 'important');
};
const look = (root) => {
  for (const element of root.querySelectorAll('*')) {
    const name = element.localName;
    if (name === 'input' || name === 'textarea') {
      if (element.type === 'password' || holds(element.value)) hide(element);
    } else if (name === 'iframe' || name === 'frame') {
      let inner = null;
      try { inner = element.contentDocument; } catch (error) { inner = null; }
      if (inner) look(inner); else hide(element);
    } else if ([...element.childNodes].some((node) => node.nodeType === 3 && holds(node.data))) hide(element);
    if (element.shadowRoot) look(element.shadowRoot);
  }
};
look(document);
window.__headwayHidden = hidden;
"""
_SHOW: Final = """
for (const [element, value, priority] of window.__headwayHidden || []) {
  element.style.removeProperty('visibility');
  if (value) element.style.setProperty('visibility', value, priority);
}
delete window.__headwayHidden;
"""


def picture(driver: WebDriver, secrets: Sequence[str] = ()) -> bytes:
    """A PNG of what is to be seen. Password fields, whatever holds a secret, and frames that cannot be looked into are
    left out of it; the page is as before when this returns."""
    driver.execute_script(_HIDE, [secret for secret in secrets if secret])
    try:
        return driver.get_screenshot_as_png()
    finally:
        driver.execute_script(_SHOW)
