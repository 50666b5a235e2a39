"""The two tables of codes."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from websockets.frames import Close as PeersClose
from websockets.frames import CloseCode

from headway.codes import Advice, Close, Code


def test_no_code_stands_twice() -> None:
    """A client that is told a code knows what is meant: numbers and spellings are unique."""
    assert len({close.code for close in Close}) == len(Close)
    assert len({code.spelling for code in Code}) == len(Code)


@pytest.mark.parametrize("close", [close for close in Close if close is not Close.ABNORMAL])
def test_close_codes_may_be_sent(close: Close) -> None:
    """Every close code but 1006 is one that another WebSocket implementation accepts from a peer."""
    PeersClose(close.code, close.meaning).check()


def test_abnormal_is_never_sent() -> None:
    """1006 is what a client shows by itself."""
    assert Close.ABNORMAL.code == CloseCode.ABNORMAL_CLOSURE
    assert "Never sent" in Close.ABNORMAL.meaning


@pytest.mark.parametrize("close", list(Close))
def test_a_meaning_fits_into_a_close_frame(close: Close) -> None:
    """A meaning is one sentence of at most 123 bytes, so that a close frame can carry it."""
    assert close.meaning.endswith(".")
    assert len(close.meaning.encode()) <= 123


def test_the_seeds_bad_token() -> None:
    """4001 means a bad token, as the clients in the world have it, and asks for a new one."""
    assert (Close.BAD_TOKEN.code, Close.BAD_TOKEN.advice) == (4001, Advice.RENEW)


@pytest.mark.parametrize("code", list(Code))
def test_error_codes(code: Code) -> None:
    """An error has an HTTP status of its kind, a lower-case spelling and a sentence."""
    assert HTTPStatus(code.status) >= 400
    assert code.spelling == code.spelling.lower()
    assert code.spelling.replace("_", "").isalpha()
    assert code.meaning.endswith(".")


def test_only_what_may_pass_is_tried_again() -> None:
    """The client's own mistakes are never worth another try; too much, too slow and a fault of the server are."""
    may_pass = {code for code in Code if code.status in (408, 429) or code.status >= 500} - {Code.NOT_SET_UP}
    assert {code for code in Code if code.retry} == may_pass
