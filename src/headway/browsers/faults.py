"""What went wrong with a browser, in the eight words that monitors and suites show, and how Selenium's errors map to
them.

HeadwayError
└── BrowserError      a fault and a sentence
    ├── NoBrowser     there is no browser that could be started
    ├── SessionLost   the browser is gone: it crashed, or its time is up. The session takes no more calls
    └── StepFailed    one step could not be done; the session lives
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    InvalidArgumentException,
    InvalidElementStateException,
    InvalidSelectorException,
    InvalidSessionIdException,
    JavascriptException,
    MoveTargetOutOfBoundsException,
    NoSuchElementException,
    NoSuchFrameException,
    NoSuchWindowException,
    SessionNotCreatedException,
    StaleElementReferenceException,
    TimeoutException,
    UnexpectedTagNameException,
    WebDriverException,
)

from headway.errors import HeadwayError

__all__ = [
    "UNREADY",
    "BrowserError",
    "Fault",
    "NoBrowser",
    "SessionLost",
    "StepFailed",
    "fault_of",
    "fault_of_net",
    "sentence_of",
]


class Fault(StrEnum):
    """The monitor's error codes."""

    TIMEOUT = "TIMEOUT"
    """Something did not happen within its time."""
    NAVIGATION_FAILED = "NAVIGATION_FAILED"
    """A page was answered, but not as a page that can be used: too many redirects, a bad certificate, status 404."""
    ELEMENT_NOT_FOUND = "ELEMENT_NOT_FOUND"
    """An element is not there, or nobody could use it."""
    ASSERTION_FAILED = "ASSERTION_FAILED"
    """The page is not what it should be."""
    NETWORK_ERROR = "NETWORK_ERROR"
    """The server could not be reached."""
    BROWSER_CRASHED = "BROWSER_CRASHED"
    """The browser, its driver or the tab died."""
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    """The credentials were given and refused."""
    VALIDATION_FAILED = "VALIDATION_FAILED"
    """What was asked for cannot be: a bad locator, a forbidden address, missing credentials."""


class BrowserError(HeadwayError):
    """Something went wrong with a browser."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message, details={"fault": fault.value})
        self.fault = fault


class NoBrowser(BrowserError):
    """There is no browser that could be started. The sentence says what to install."""

    def __init__(self, message: str) -> None:
        super().__init__(Fault.VALIDATION_FAILED, message)


class SessionLost(BrowserError):
    """The browser is gone, and its processes with it. Take a new session."""


class StepFailed(BrowserError):
    """One step could not be done. `attempts` says how often it was tried."""

    def __init__(self, fault: Fault, message: str, attempts: int = 1) -> None:
        super().__init__(fault, message)
        self.attempts = attempts


UNREADY: Final = (
    NoSuchElementException,
    StaleElementReferenceException,
    InvalidElementStateException,
    ElementClickInterceptedException,
    MoveTargetOutOfBoundsException,
)
"""What passes when one waits: the element comes, is drawn, is no longer covered."""

_GONE: Final = (
    "tab crashed",
    "page crash",
    "disconnected",
    "not reachable",
    "session deleted",
    "target window already closed",
    "browser has closed",
)
"""chromedriver's words for a browser that is no more; the protocol has no code for them."""

_NET: Final = re.compile(r"net::(ERR_[A-Z0-9_]+)")
_NETWORK: Final = re.compile(
    r"ERR_(NAME_|DNS_|CONNECTION_|ADDRESS_|INTERNET_|NETWORK_|SOCKET_|TIMED_OUT|EMPTY_RESPONSE|PROXY_|TUNNEL_|SSL_)"
)
"""Errors of Chromium's `net_error_list.h` in which no usable answer arrived at all."""


def fault_of(error: Exception) -> Fault:
    """The monitor's word for an error of Selenium, or of the connection to the driver."""
    match error:
        case BrowserError():
            return error.fault
        case TimeoutException():
            return Fault.TIMEOUT
        case InvalidSessionIdException() | NoSuchWindowException() | SessionNotCreatedException():
            return Fault.BROWSER_CRASHED
        case InvalidSelectorException() | InvalidArgumentException() | UnexpectedTagNameException():
            return Fault.VALIDATION_FAILED
        case JavascriptException():
            return Fault.VALIDATION_FAILED
        case WebDriverException() if isinstance(error, (*UNREADY, NoSuchFrameException)):
            return Fault.ELEMENT_NOT_FOUND
        case WebDriverException():
            return _by_words(error.msg or "")
        case _:
            # Whatever else comes out of a call to the driver is a connection that broke: the driver is gone.
            return Fault.BROWSER_CRASHED


def _by_words(text: str) -> Fault:
    if any(words in text for words in _GONE):
        return Fault.BROWSER_CRASHED
    if "Timed out receiving" in text:
        return Fault.TIMEOUT
    net = _NET.search(text)
    return fault_of_net(net[1]) if net else Fault.VALIDATION_FAILED


def fault_of_net(code: str) -> Fault:
    """The monitor's word for one of Chromium's `ERR_…`."""
    return Fault.NETWORK_ERROR if _NETWORK.match(code) else Fault.NAVIGATION_FAILED


def sentence_of(error: Exception) -> str:
    """What an error says, in one line without the driver's stack."""
    text = (error.msg or "") if isinstance(error, WebDriverException) else str(error)
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    first = first.partition("; For documentation on this error")[0]
    return first.removeprefix("Message: ").rstrip(".")[:300]  # a sentence; what is longer is a dump
