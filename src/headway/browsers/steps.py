"""What a browser can be told, one step at a time: the words of AppSentry's login tests.

    {"type": "navigate", "url": "/login"}
    {"type": "type", "selector": "#user", "text": "{username}"}
    {"type": "click", "selector": "text=Sign in", "retry": {"attempts": 3, "delay": 0.5}}
    {"type": "waitForSelector", "selector": "#welcome", "timeout": 5}

Every step may have a `description`, a `timeout` in seconds, `retry`, and `optional`: then its failure is told and the
next step goes on. Times are in seconds. Locators are those of `locators`. Not here: how a step is done.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from headway.browsers.locators import locator

__all__ = [
    "Check",
    "Click",
    "Hover",
    "Navigate",
    "Retry",
    "Screenshot",
    "Scroll",
    "Select",
    "Step",
    "Type",
    "Uncheck",
    "Wait",
    "WaitForFunction",
    "WaitForNavigation",
    "WaitForSelector",
    "describe",
    "kind",
]

_TIMEOUT_MOST: Final = 120.0
"""For one step. Pages that need longer are not slow but broken."""
_WAIT_MOST: Final = 60.0
"""For a plain pause. Whoever needs more waits for something instead."""
_TEXT_MOST: Final = 10_000
"""Characters of one field: a step is no place for a document."""


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a step is tried in all, and how long one waits in between."""

    attempts: int
    delay: float = 0.0

    def __post_init__(self) -> None:
        _between("the attempts of a retry", self.attempts, 1, 10)
        _between("the delay of a retry", self.delay, 0, _WAIT_MOST)


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    description: str = ""
    optional: bool = False
    retry: Retry | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        if self.timeout is not None and not 0 < self.timeout <= _TIMEOUT_MOST:
            raise ValueError(f"the timeout of a step is in seconds, above 0 and at most {_TIMEOUT_MOST:g}")
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if isinstance(value, str) and len(value) > _TEXT_MOST:
                raise ValueError(f"the {field} of a step is longer than {_TEXT_MOST} characters")


class _OnElement(_Step, frozen=True, kw_only=True):
    selector: str

    def __post_init__(self) -> None:
        _Step.__post_init__(self)
        locator(self.selector)


class Navigate(_Step, tag_field="type", tag="navigate", frozen=True, kw_only=True):
    """Go to an address, absolute or relative to the test's."""

    url: str


class Click(_OnElement, tag_field="type", tag="click", frozen=True, kw_only=True):
    """Click an element as soon as it can be clicked."""


class Type(_OnElement, tag_field="type", tag="type", frozen=True, kw_only=True):
    """Write into a field, in place of what stands there."""

    text: str
    submit: bool = False
    """Whether Enter follows."""


class Select(_OnElement, tag_field="type", tag="select", frozen=True, kw_only=True):
    """Choose an option of a list, by the text people see or by its value."""

    text: str


class Check(_OnElement, tag_field="type", tag="check", frozen=True, kw_only=True):
    """Tick a box that is not ticked yet."""


class Uncheck(_OnElement, tag_field="type", tag="uncheck", frozen=True, kw_only=True):
    """Take the tick off a box."""


class Hover(_OnElement, tag_field="type", tag="hover", frozen=True, kw_only=True):
    """Move the mouse over an element."""


class Scroll(_Step, tag_field="type", tag="scroll", frozen=True, kw_only=True):
    """Scroll to an element, or to an end of the page: `top` or `bottom`."""

    selector: str | None = None
    text: str = "bottom"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.selector is not None:
            locator(self.selector)
        elif self.text not in {"top", "bottom"}:
            raise ValueError("a scroll goes to a selector, or its text is top or bottom")


class Wait(_Step, tag_field="type", tag="wait", frozen=True, kw_only=True):
    """Wait for some seconds. A wait for something is better wherever there is something to wait for."""

    seconds: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _between("the seconds of a wait", self.seconds, 0, _WAIT_MOST)


class WaitForNavigation(_Step, tag_field="type", tag="waitForNavigation", frozen=True, kw_only=True):
    """Wait until a page is loaded whole, and its address matches the regular expression, if there is one."""

    url_pattern: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.url_pattern is not None:
            try:
                re.compile(self.url_pattern)
            except re.error as error:
                raise ValueError(f'"{self.url_pattern}" is no regular expression: {error}') from None


class WaitForSelector(_OnElement, tag_field="type", tag="waitForSelector", frozen=True, kw_only=True):
    """Wait until an element is there to be seen, or, with `gone`, until it is not."""

    gone: bool = False


class WaitForFunction(_Step, tag_field="type", tag="waitForFunction", frozen=True, kw_only=True):
    """Wait until an expression of JavaScript, or what a function returns, is true in the page."""

    condition: str


class Screenshot(_Step, tag_field="type", tag="screenshot", frozen=True, kw_only=True):
    """Take a picture of what is to be seen."""


Step = (
    Navigate
    | Click
    | Type
    | Select
    | Check
    | Uncheck
    | Hover
    | Scroll
    | Wait
    | WaitForNavigation
    | WaitForSelector
    | WaitForFunction
    | Screenshot
)


def kind(step: Step) -> str:
    """The step's `type`, as it is written."""
    tag = type(step).__struct_config__.tag
    assert isinstance(tag, str)  # every class above has one
    return tag


def describe(step: Step) -> str:
    """A step in the words of its author, or in a few of ours. Placeholders stay placeholders."""
    if step.description:
        return step.description
    match step:
        case Navigate():
            what = step.url
        case Type():
            what = f'"{step.text}" into {step.selector}'
        case Select():
            what = f'"{step.text}" in {step.selector}'
        case Scroll():
            what = f"to {step.selector or step.text}"
        case Wait():
            what = f"{step.seconds:g} s"
        case WaitForNavigation():
            what = step.url_pattern or ""
        case WaitForFunction():
            what = step.condition
        case Screenshot():
            what = ""
        case _:
            what = step.selector
    return f"{kind(step)} {what}".strip()


def _between(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{what} lie between {least:g} and {most:g}")
