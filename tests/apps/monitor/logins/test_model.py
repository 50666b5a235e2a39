"""A login test as its author wrote it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.apps.monitor.logins.model import LoginTest
from headway.browsers.steps import Navigate

_CREDENTIALS = {"username": "probe", "passwordEnvVar": "SHOP_PASSWORD"}
_TYPE = {"type": "type", "selector": "#p", "text": "{password}"}


def _read(**fields: Any) -> LoginTest:  # Any: JSON that may be wrong
    return msgspec.convert({"url": "https://shop.example/login", "credentials": _CREDENTIALS, **fields}, LoginTest)


def test_a_test_is_written_as_it_is_read() -> None:
    """JSON of the seed's names becomes a test, and the same JSON again."""
    written = {
        "url": "https://shop.example/login",
        "credentials": _CREDENTIALS,
        "steps": [_TYPE],
        "successCriteria": {"selectors": ["#welcome"], "urlPattern": "/home$", "customValidation": "x > 1"},
        "cleanupSteps": [{"type": "click", "selector": "#out", "optional": True}],
        "screenshotOnFailure": False,
    }

    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(written, LoginTest))) == written


def test_the_way_to_the_page_is_put_in_front() -> None:
    """A plan begins with a navigation, the author's or one to the test's address; without steps there is none."""
    own = {"type": "navigate", "url": "/other"}

    assert _read(steps=[_TYPE]).plan[0] == Navigate(url="https://shop.example/login")
    assert _read(steps=[own, _TYPE]).plan[0] == Navigate(url="/other")
    assert (_read().light, _read(steps=[_TYPE]).light) == (True, False)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"url": "ftp://shop.example"}, "begins with http"),
        ({"url": "https:///login"}, "names a host"),
        ({"credentials": {"username": "a", "password": "b"}}, "unknown field `password`"),
        ({"credentials": {"username": "a"}}, "never the password itself"),
        ({"credentials": {**_CREDENTIALS, "passwordFile": "x"}}, "one of passwordEnvVar and passwordFile"),
        ({"credentials": {**_CREDENTIALS, "usernameEnvVar": "x"}}, "one of username and usernameEnvVar"),
        ({"timeout": 0}, "timeout of a login test"),
        ({"steps": [{"type": "navigate", "url": "/?p={password}"}]}, 'in the text of a "type" step only'),
        ({"steps": [{**_TYPE, "description": "{password}"}]}, 'in the text of a "type" step only'),
        ({"cleanupSteps": [{"type": "waitForFunction", "condition": "'{password}'"}]}, "step only"),
        ({"steps": [_TYPE] * 101}, "at most 100 steps"),
        ({"successCriteria": {"urlPattern": "("}}, "no regular expression"),
        ({"successCriteria": {"errorPattern": "["}}, "no regular expression"),
        ({"successCriteria": {"selectors": [""]}}, "a locator is empty"),
        ({"successCriteria": {"textContent": ["x"] * 21}}, "at most 20"),
        ({"successCriteria": {"timeout": 900}}, "timeout of the criteria"),
    ],
)
def test_a_test_that_cannot_be_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """A test is valid or does not exist, and the sentence says what is wrong."""
    with pytest.raises(msgspec.ValidationError, match=sentence):
        _read(**fields)
