"""Steps as values."""

from __future__ import annotations

import msgspec
import pytest

from headway.browsers.steps import Step, describe, kind


@pytest.mark.parametrize(
    ("written", "description"),
    [
        ({"type": "navigate", "url": "/login"}, "navigate /login"),
        ({"type": "click", "selector": "#go"}, "click #go"),
        ({"type": "type", "selector": "#p", "text": "{password}", "submit": True}, 'type "{password}" into #p'),
        ({"type": "select", "selector": "#l", "text": "Pear"}, 'select "Pear" in #l'),
        ({"type": "check", "selector": "#b", "optional": True}, "check #b"),
        ({"type": "uncheck", "selector": "#b"}, "uncheck #b"),
        ({"type": "hover", "selector": "#b"}, "hover #b"),
        ({"type": "scroll"}, "scroll to bottom"),
        ({"type": "scroll", "selector": "#b"}, "scroll to #b"),
        ({"type": "wait", "seconds": 1.5}, "wait 1.5 s"),
        ({"type": "waitForNavigation", "urlPattern": "/home$"}, "waitForNavigation /home$"),
        ({"type": "waitForSelector", "selector": "#b", "timeout": 5.0}, "waitForSelector #b"),
        ({"type": "waitForFunction", "condition": "x > 1"}, "waitForFunction x > 1"),
        ({"type": "screenshot", "description": "the front page"}, "the front page"),
    ],
)
def test_a_step_is_written_as_it_is_read(written: dict[str, object], description: str) -> None:
    """JSON becomes a step and the same JSON again, and a step describes itself."""
    step = msgspec.convert(written, Step)

    assert msgspec.to_builtins(step) == written
    assert describe(step) == description
    assert kind(step) == written["type"]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"type": "fly"}, "Invalid value 'fly'"),
        ({"type": "click"}, "missing required field `selector`"),
        ({"type": "click", "selector": ""}, "a locator is empty"),
        ({"type": "scroll", "selector": "id="}, "names nothing"),
        ({"type": "scroll", "text": "left"}, "top or bottom"),
        ({"type": "click", "selector": "#a", "timeout": 0}, "timeout of a step"),
        ({"type": "click", "selector": "#a", "timeout": 1e9}, "timeout of a step"),
        ({"type": "wait", "seconds": 3600}, "between 0 and 60"),
        ({"type": "click", "selector": "#a", "retry": {"attempts": 0}}, "between 1 and 10"),
        ({"type": "waitForNavigation", "urlPattern": "("}, "no regular expression"),
        ({"type": "type", "selector": "#a", "text": "x" * 10_001}, "longer than 10000"),
        ({"type": "click", "selector": "#a", "speed": 1}, "unknown field `speed`"),
    ],
)
def test_a_step_that_cannot_be_is_refused(written: dict[str, object], sentence: str) -> None:
    """A step is valid or does not exist, and the sentence says what is wrong."""
    with pytest.raises(msgspec.ValidationError, match=sentence):
        msgspec.convert(written, Step)
