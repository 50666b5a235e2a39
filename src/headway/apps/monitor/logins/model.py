"""A login test as its author wrote it, and as it came out.

    {
      "url": "https://intranet.example/login",
      "credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_INTRANET"},
      "steps": [
        {"type": "type", "selector": "#user", "text": "{username}"},
        {"type": "type", "selector": "#password", "text": "{password}"},
        {"type": "click", "selector": "button[type=submit]"}
      ],
      "successCriteria": {"selectors": ["#welcome"], "urlPattern": "/home$", "textContent": ["Welcome"]},
      "cleanupSteps": [{"type": "click", "selector": "#logout", "optional": true}]
    }

A test without steps is the light one: `forms` fetches the page, fills its form in and sends it, without a browser. Its
fields may be named under `form`. `{password}` may stand in the text of a `type` step and nowhere else. Seconds, always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import msgspec

from headway.browsers.faults import Fault
from headway.browsers.locators import locator
from headway.browsers.pages import PageFigures
from headway.browsers.steps import Navigate, Step, Type, describe

__all__ = [
    "Credentials",
    "Criteria",
    "FormFields",
    "LoginTest",
    "Outcome",
    "Picture",
    "Result",
    "StepResult",
    "StepStatus",
]

_STEPS_MOST: Final = 100
"""A login has five to fifteen."""
_TIMEOUT_MOST: Final = 240.0
"""For a whole test, in seconds. Below the 300 after which its browser is ended."""
_LIST_MOST: Final = 20
"""Selectors or texts of the criteria."""
_PASSWORD: Final = "{password}"


def _regular(pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f'"{pattern}" is no regular expression: {error}') from None


class _Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    pass


class Credentials(_Model, frozen=True, kw_only=True):
    """Where name and password come from: the environment, or a file of the secrets folder. Never the password."""

    username: str | None = None
    username_env_var: str | None = None
    password_env_var: str | None = None
    password_file: str | None = None

    def __post_init__(self) -> None:
        if (self.username is None) == (self.username_env_var is None):
            raise ValueError("credentials take one of username and usernameEnvVar")
        if (self.password_env_var is None) == (self.password_file is None):
            raise ValueError("credentials take one of passwordEnvVar and passwordFile, and never the password itself")


class Criteria(_Model, frozen=True, kw_only=True):
    """What must hold of the page after the steps, all of it. With nothing named: no password is asked for any more."""

    selectors: tuple[str, ...] = ()
    """Each must be there to be seen."""
    url_pattern: str | None = None
    """A regular expression that its address matches somewhere."""
    text_content: tuple[str, ...] = ()
    """Each must be readable."""
    custom_validation: str | None = None
    """An expression of JavaScript that must be true."""
    error_pattern: str | None = None
    """What the page says to a wrong password, as a regular expression, where the usual words do not fit."""
    timeout: float = 10.0
    """Seconds within which it must come to hold."""

    def __post_init__(self) -> None:
        for selector in self.selectors:
            locator(selector)
        for pattern in (self.url_pattern, self.error_pattern):
            _regular(pattern)
        if max(len(self.selectors), len(self.text_content)) > _LIST_MOST:
            raise ValueError(f"criteria name at most {_LIST_MOST} selectors and as many texts")
        if not 0 < self.timeout <= _TIMEOUT_MOST:
            raise ValueError(f"the timeout of the criteria is above 0 and at most {_TIMEOUT_MOST:g} seconds")


class FormFields(_Model, frozen=True, kw_only=True):
    """What the fields of the form are called, for the light variant. None: they are found by their kind."""

    username: str | None = None
    password: str | None = None


class LoginTest(_Model, frozen=True, kw_only=True):
    """One login test."""

    url: str
    credentials: Credentials
    steps: tuple[Step, ...] = ()
    success_criteria: Criteria = Criteria()
    cleanup_steps: tuple[Step, ...] = ()
    """Done at the end, whatever happened, while there is a browser. They decide nothing."""
    screenshot_on_failure: bool = True
    timeout: float = 60.0
    """Seconds for the steps and the criteria together."""
    form: FormFields = FormFields()

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the url of a login test begins with http:// or https:// and names a host")
        if not 0 < self.timeout <= _TIMEOUT_MOST:
            raise ValueError(f"the timeout of a login test is above 0 and at most {_TIMEOUT_MOST:g} seconds")
        if max(len(self.steps), len(self.cleanup_steps)) > _STEPS_MOST:
            raise ValueError(f"a login test has at most {_STEPS_MOST} steps, and as many to clean up")
        for step in (*self.steps, *self.cleanup_steps):
            _no_stray_password(step)

    @property
    def light(self) -> bool:
        """Whether it needs no browser."""
        return not self.steps

    @property
    def plan(self) -> tuple[Step, ...]:
        """The steps, with the way to the page in front where its author left it out."""
        if self.steps and not isinstance(self.steps[0], Navigate):
            return (Navigate(url=self.url), *self.steps)
        return self.steps


def _no_stray_password(step: Step) -> None:
    for name in step.__struct_fields__:
        value = getattr(step, name)
        if isinstance(value, str) and _PASSWORD in value and not (isinstance(step, Type) and name == "text"):
            raise ValueError(f'{{password}} may stand in the text of a "type" step only, not in "{describe(step)}"')


class Outcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    """It failed because something took too long."""
    SKIPPED = "skipped"
    """It could not be tried: there is no browser here."""


class StepStatus(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It failed and was optional."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot."""

    name: str
    png: bytes


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one step."""

    number: int
    """From 1, as people count."""
    kind: str
    description: str
    status: StepStatus
    duration: float
    attempts: int = 1
    fault: Fault | None = None
    message: str = ""
    dialogs: tuple[str, ...] = ()
    """What dialogs of the page said; they were dismissed."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a login test. Holds no secret."""

    outcome: Outcome
    message: str
    duration: float
    fault: Fault | None = None
    url: str = ""
    """Where it ended."""
    steps: tuple[StepResult, ...] = ()
    cleanup: tuple[StepResult, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """Those of `screenshot` steps, and the one of the failure last."""
    page: PageFigures | None = None
    """How the page loaded on which it ended."""
    complaints: tuple[str, ...] = ()
    """What that page's console held of errors."""
