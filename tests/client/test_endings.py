"""What a client makes of the end of a connection."""

import errno
import socket
import ssl

import pytest

from headway.client.endings import answered, closed, failed, refused
from headway.codes import Advice, Close, Code


@pytest.mark.parametrize("close", Close)
def test_a_close_code_carries_its_advice(close: Close) -> None:
    """Every close code of the table is answered as the table says."""
    assert closed(close.code, "").advice is close.advice


@pytest.mark.parametrize("code", [None, 1005, 3000, 4999])
def test_an_unknown_close_is_a_cut(code: int | None) -> None:
    """A close that the table does not have is no reason to stay away."""
    assert closed(code, "").advice is Advice.RECONNECT


@pytest.mark.parametrize("code", Code)
def test_an_error_is_worth_trying_again_where_the_table_says_so(code: Code) -> None:
    """An error means coming back where that can help, a new token where one is missing, and otherwise the end."""
    ended = refused({"code": code.spelling, "message": "why"})

    expected = Advice.RENEW if code is Code.UNAUTHORIZED else Advice.RECONNECT if code.retry else Advice.STOP
    assert (ended.advice, ended.reason, ended.code) == (expected, "why", code)


def test_an_answer_in_the_shape_of_errors_is_read() -> None:
    """The body of an HTTP error says more than its status, and Retry-After names the delay."""
    ended = answered(503, b'{"error":{"code":"shutting_down","message":"the server restarts"}}', "2")

    assert (ended.advice, ended.reason, ended.retry) == (Advice.RECONNECT, "the server restarts", 2.0)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, Advice.RENEW),
        (403, Advice.RECONNECT),
        (404, Advice.RECONNECT),
        (408, Advice.RECONNECT),
        (429, Advice.RECONNECT),
        (502, Advice.RECONNECT),
        (504, Advice.RECONNECT),
        (302, Advice.RECONNECT),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"no"}'])
def test_a_proxy_answers_in_its_own_words(status: int, body: bytes, advice: Advice) -> None:
    """An answer that no Headway gave is no word of the server: another transport may get through."""
    ended = answered(status, body)

    assert (ended.advice, ended.announced) == (advice, False)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "connection refused"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] …"),
            "connection refused",
        ),
        (socket.gaierror(-2, "Name or service not known"), "the host is not known"),
        (TimeoutError(), "no answer in time"),
        (EOFError("stream ended"), "the connection broke"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS failed"),
    ],
)
def test_the_network_fails_in_words_people_know(error: Exception, reason: str) -> None:
    """A failure is told by its cause, however a library wrapped it."""
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = error

    assert failed(wrapped).reason == reason


@pytest.mark.parametrize(
    ("error", "absent"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), True),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] …"), True),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), True),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), False),
        (TimeoutError(), False),
    ],
)
def test_nobody_at_the_address_is_told_from_a_transport_that_fails(error: Exception, absent: bool) -> None:
    """Where nobody listens another transport finds nobody either; a reset may be meant for this one."""
    assert failed(error).absent is absent


@pytest.mark.parametrize("code", [None, 1002, 1005, 1006, 1007, 1015])
def test_a_broken_connection_is_no_word_of_the_server(code: int | None) -> None:
    """What the network is known to cause counts against a transport; what the server announced does not."""
    assert not closed(code, "").announced
    assert closed(1012, "").announced


def test_a_stream_ends_with_a_close_code() -> None:
    """The last word of a stream names the close code that a WebSocket would have had."""
    fields = {"type": "error", "code": "bad_token", "message": "the token has expired", "close": 4001}

    ended = refused(fields)

    assert (ended.advice, ended.reason, ended.announced) == (Advice.RENEW, "the token has expired", True)
