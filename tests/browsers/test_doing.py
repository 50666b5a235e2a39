"""Doing one step in a real browser."""

from __future__ import annotations

import msgspec
import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from headway.browsers.doing import Done, Hand
from headway.browsers.faults import Fault, StepFailed
from headway.browsers.steps import Step
from tests.browsers.site import Site

pytestmark = pytest.mark.browser

Fields = dict[str, object]


class _Tester:
    """A hand of the tests: pauses are counted instead of passed."""

    def __init__(self, driver: WebDriver, site: Site) -> None:
        self.paused: list[float] = []
        self.driver = driver
        fill = {"{name}": "Ada"}.get
        self.hand = Hand(
            site.allows, self.paused.append, base=f"{site.url}/", timeout=2.0, fill=lambda text: fill(text) or text
        )

    def do(self, kind: str, **fields: object) -> Done:
        return self.hand.do(self.driver, msgspec.convert({"type": kind, **fields}, Step))

    def fails(self, kind: str, **fields: object) -> StepFailed:
        with pytest.raises(StepFailed) as caught:
            self.do(kind, **{"timeout": 0.4, **fields})
        return caught.value


@pytest.fixture
def tester(driver: WebDriver, site: Site) -> _Tester:
    """Does steps in this file's browser."""
    return _Tester(driver, site)


def test_fields_are_filled_chosen_and_ticked(tester: _Tester) -> None:
    """Every step does to an element what its name says, by any locator."""
    tester.do("navigate", url="/fields")
    tester.do("type", selector="#line", text="{name}")
    tester.do("type", selector="label=Town", text="Bath")
    tester.do("select", selector="id=list", text="Pear")
    tester.do("check", selector="//input[@type='checkbox']")
    tester.do("check", selector="css=#box")
    tester.do("hover", selector="#over")
    tester.do("waitForSelector", selector="text=Tip")
    tester.do("scroll", selector="#end")
    scrolled = tester.driver.execute_script("return window.scrollY")
    tester.do("click", selector='text=It\'s "here"')
    read = "return [line.value, list.value, box.checked, town.value]"

    assert tester.driver.execute_script(read) == ["Ada", "b", True, "Bath"]
    assert scrolled > 1000
    tester.do("uncheck", selector="#box")
    tester.do("scroll", text="top")
    assert tester.driver.execute_script("return [box.checked, window.scrollY]") == [False, 0]


def test_what_comes_late_is_waited_for(tester: _Tester) -> None:
    """An element that comes, and can be used only later, is used when it can; so with a condition."""
    tester.do("navigate", url="/slow")
    tester.do("click", selector="#late")
    tester.do("waitForFunction", condition="() => document.body.dataset.ready === 'yes'")
    tester.do("waitForNavigation", urlPattern="/slow$")

    assert tester.driver.title == "clicked"


@pytest.mark.parametrize(
    ("step", "fault", "sentence"),
    [
        ({"type": "click", "selector": "#missing"}, Fault.ELEMENT_NOT_FOUND, r"#missing was not found within 0.4 s"),
        ({"type": "click", "selector": "#hidden"}, Fault.ELEMENT_NOT_FOUND, r"#hidden could not be used"),
        ({"type": "select", "selector": "#list", "text": "Plum"}, Fault.ELEMENT_NOT_FOUND, 'no option "Plum"'),
        ({"type": "select", "selector": "#line", "text": "a"}, Fault.VALIDATION_FAILED, "<select>"),
        ({"type": "click", "selector": "#]["}, Fault.VALIDATION_FAILED, "invalid selector"),
        ({"type": "waitForFunction", "condition": "1 ==="}, Fault.VALIDATION_FAILED, "javascript error"),
        ({"type": "waitForFunction", "condition": "false"}, Fault.TIMEOUT, "waitForFunction took longer"),
        ({"type": "waitForSelector", "selector": "#line", "gone": True}, Fault.TIMEOUT, "waitForSelector took longer"),
        ({"type": "navigate", "url": "file:///etc/passwd"}, Fault.VALIDATION_FAILED, "must not be visited"),
        ({"type": "navigate", "url": "http://localhost:1/"}, Fault.VALIDATION_FAILED, "must not be visited"),
    ],
)
def test_what_fails_is_named(tester: _Tester, step: Fields, fault: Fault, sentence: str) -> None:
    """The fault is one of the monitor's, and the sentence names step, element and page."""
    tester.do("navigate", url="/fields")
    fields = {name: value for name, value in step.items() if name != "type"}
    failed = tester.fails(str(step["type"]), **fields)

    assert failed.fault is fault
    with pytest.raises(StepFailed, match=sentence):
        raise failed
    assert f'(step "{step["type"]}' in str(failed)
    assert str(failed).endswith("/fields)")


@pytest.mark.parametrize(
    ("path", "fault", "sentence"),
    [
        ("/never", Fault.TIMEOUT, "navigate took longer"),
        ("/loop", Fault.NAVIGATION_FAILED, "ERR_TOO_MANY_REDIRECTS"),
        ("/status/503", Fault.NAVIGATION_FAILED, "status 503"),
        ("/away", Fault.VALIDATION_FAILED, "http://localhost:[0-9]+/empty must not be visited"),
    ],
)
def test_pages_that_do_not_come(tester: _Tester, path: str, fault: Fault, sentence: str) -> None:
    """A page that never loads, goes in circles, answers with an error or leads where one may not go is told apart."""
    failed = tester.fails("navigate", url=path, timeout=0.4 if path == "/never" else 10)

    assert failed.fault is fault
    with pytest.raises(StepFailed, match=sentence):
        raise failed


def test_a_page_that_must_not_be_visited_is_left(tester: _Tester) -> None:
    """Wherever a redirect leads, nothing of a forbidden page can be read or photographed afterwards."""
    tester.fails("navigate", url="/away", timeout=10)

    assert tester.driver.current_url == "about:blank"


def test_an_unreachable_server_is_a_network_error(driver: WebDriver, unused_tcp_port: int) -> None:
    """A connection that nobody takes is the network's fault, not the page's."""
    hand = Hand(lambda _: True, lambda _: None)
    with pytest.raises(StepFailed, match="ERR_CONNECTION_REFUSED") as caught:
        hand.do(driver, msgspec.convert({"type": "navigate", "url": f"http://127.0.0.1:{unused_tcp_port}/"}, Step))

    assert caught.value.fault is Fault.NETWORK_ERROR


def test_dialogs_are_dismissed_and_noted(tester: _Tester) -> None:
    """What a page says in a dialog is kept, and the next step goes on."""
    tester.do("navigate", url="/alert")
    done = tester.do("click", selector="#ask")

    assert done.dialogs == ("Wrong password",)
    assert tester.driver.title == "answered"


def test_a_step_is_tried_again(tester: _Tester) -> None:
    """`retry` tries so often in all, with its pause in between; what cannot be is not tried again."""
    tester.do("navigate", url="/empty")
    failed = tester.fails("click", selector="#missing", retry={"attempts": 3, "delay": 0.25})
    senseless = tester.fails("click", selector="#][", retry={"attempts": 3, "delay": 9})

    assert (failed.attempts, senseless.attempts) == (3, 1)
    assert tester.paused == [0.25, 0.25]


def test_a_plain_wait_passes_its_seconds(tester: _Tester) -> None:
    """`wait` is the only step that goes by the clock."""
    tester.do("wait", seconds=1.5)

    assert tester.paused == [1.5]


def test_a_screenshot_is_a_png(tester: _Tester) -> None:
    """The step gives the picture to whoever asked for it."""
    tester.do("navigate", url="/empty")
    done = tester.do("screenshot")

    assert done.picture is not None
    assert done.picture.startswith(b"\x89PNG")
