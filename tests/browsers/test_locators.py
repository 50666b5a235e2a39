"""How people name an element."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By

from headway.browsers.locators import locator


@pytest.mark.parametrize(
    ("text", "by", "value"),
    [
        ("#user", By.CSS_SELECTOR, "#user"),
        ("input[name=user]", By.CSS_SELECTOR, "input[name=user]"),
        ("css=#user", By.CSS_SELECTOR, "#user"),
        ("xpath=//b", By.XPATH, "//b"),
        ("//b[@id='x=y']", By.XPATH, "//b[@id='x=y']"),
        ("(//b)[2]", By.XPATH, "(//b)[2]"),
        ("id=user", By.ID, "user"),
        ("name=user", By.NAME, "user"),
        ("class=big", By.CLASS_NAME, "big"),
        ("link=Help", By.LINK_TEXT, "Help"),
        ("linkText=Help", By.LINK_TEXT, "Help"),
        ("partialLinkText=He", By.PARTIAL_LINK_TEXT, "He"),
    ],
)
def test_a_prefix_says_how(text: str, by: str, value: str) -> None:
    """CSS is the default, a path is XPath, and the prefixes are those of Selenium IDE."""
    found = locator(text)

    assert (found.by, found.value, str(found)) == (by, value, text)


@pytest.mark.parametrize("text", ["", "  ", "id=", "text= "])
def test_a_locator_names_something(text: str) -> None:
    """What names nothing is refused when it is written."""
    with pytest.raises(ValueError, match="write"):
        locator(text)


def test_a_text_may_hold_both_quotes() -> None:
    """XPath cannot escape a quote, so such a text is put together."""
    assert """concat("a", '"', "b'c")""" in locator("text=a\"b'c").value
