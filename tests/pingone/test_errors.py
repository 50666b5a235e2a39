"""What PingOne refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.pingone.errors import Verdict, refused, unreachable, unreadable
from tests.pingone.harness import refusal

LICENSE = {"code": "LICENSE_EXCEEDED", "message": "full", "innerError": {"quotaLimit": 100}}


@pytest.mark.parametrize(
    ("status", "details", "verdict"),
    [
        (400, [], Verdict.ROW_FAILED),
        (401, [], Verdict.NEW_TOKEN),
        (401, [{"code": "INVALID_TOKEN"}], Verdict.NEW_TOKEN),
        (401, [{"code": "INSUFFICIENT_PERMISSIONS"}], Verdict.STOP),
        (403, [], Verdict.STOP),
        (403, [LICENSE], Verdict.STOP),
        (404, [], Verdict.NOT_THERE),
        (405, [], Verdict.ROW_FAILED),
        (408, [], Verdict.RETRY),
        (409, [], Verdict.ROW_FAILED),
        (413, [], Verdict.ROW_FAILED),
        (415, [], Verdict.OUR_BUG),
        (429, [], Verdict.RETRY),
        (500, [], Verdict.RETRY),
        (502, [], Verdict.RETRY),
        (503, [], Verdict.RETRY),
        (504, [], Verdict.RETRY),
        (302, [], Verdict.STOP),
    ],
)
def test_the_table(status: int, details: list[dict[str, object]], verdict: Verdict) -> None:
    """The class of the status decides, whatever the code."""
    error = refused(status, json.dumps(refusal("ANY_CODE", *details)).encode())

    assert error.verdict is verdict
    assert error.uncertain == (status >= 500)
    assert verdict.stops == (verdict in {Verdict.STOP, Verdict.OUR_BUG, Verdict.NEW_TOKEN})


def test_everything_is_kept() -> None:
    """Status, code, message, every detail with its target and inner error, and both ids are kept and told."""
    detail = {
        "code": "INVALID_VALUE",
        "target": "email",
        "message": "must be well-formed",
        "innerError": {"a": [1, "x"]},
    }
    other = {"code": "SIZE_LIMIT_EXCEEDED", "target": "name.given", "innerError": {"rangeMaximumValue": 256}}
    body = json.dumps(refusal("INVALID_DATA", detail, other, message="wrong")).encode()
    error = refused(400, body, correlation_id="c-1", transaction_id="job-7")

    assert (error.status, error.refusal.code, error.refusal.message, error.target) == (
        400,
        "INVALID_DATA",
        "wrong",
        "email",
    )
    assert (error.correlation_id, error.refusal.transaction_id) == ("c-1", "job-7")
    assert error.refusal.details[0].inner == {"a": ["x"]}
    assert error.refusal.details[1].inner == {"rangeMaximumValue": 256}
    assert str(error) == (
        "PingOne answered 400 INVALID_DATA: email must be well-formed; name.given SIZE_LIMIT_EXCEEDED"
        " (correlation id c-1)"
    )
    assert error.details == {"status": 400, "code": "INVALID_DATA", "target": "email", "correlationId": "c-1"}


def test_the_licence_is_named() -> None:
    """A licence without room can be told from missing permissions, and says so."""
    licence = refused(403, json.dumps(refusal("ACCESS_FAILED", LICENSE)).encode())
    roles = refused(403, json.dumps(refusal("ACCESS_FAILED")).encode())

    assert licence.license_exceeded
    assert "licence has no room" in str(licence)
    assert not roles.license_exceeded
    assert "roles of the worker application" in str(roles)


def test_secrets_are_masked() -> None:
    """What was sent in confidence does not show, even if it is sent back; codes, targets and ids stay whole."""
    detail = {
        "code": "UNIQUENESS_VIOLATION",
        "target": "username",
        "message": "not username",
        "innerError": {"existingId": "username", "claim": "username!"},
    }
    error = refused(400, json.dumps(refusal("X", detail, message="username?")).encode(), hidden=("username", ""))

    assert error.refusal.has("UNIQUENESS_VIOLATION", "username")
    assert error.refusal.details[0].message == "not ***"
    assert error.refusal.message == "***?"
    assert error.refusal.details[0].inner == {"existingId": "username", "claim": "***!"}


def test_a_page_is_not_quoted() -> None:
    """Of an answer that is no JSON only the status is told, and no line can be forged."""
    page = refused(502, b"<html>hunter2</html>")
    forged = refused(400, json.dumps(refusal("X", message="a\nb\x1b[31m" + "y" * 1000)).encode())

    assert str(page) == "PingOne answered 502: no reason is given"
    assert "\n" not in str(forged)
    assert "\x1b" not in str(forged)
    assert len(str(forged)) < 600


@settings(max_examples=50, deadline=None)
@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["code", "message", "details", "target", "innerError", "error"]), inner
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_body(content: bytes) -> None:
    """Whatever the body is, there is an error with a sentence."""
    error = refused(400, content, hidden=("x",))

    assert error.verdict is Verdict.ROW_FAILED
    assert str(error).startswith("PingOne answered 400")


def test_no_answer() -> None:
    """A failure without an answer says whether the request may have arrived; an unreadable yes was done."""
    assert unreachable("x", sent=True).uncertain
    assert not unreachable("x", sent=False).uncertain
    assert unreachable("x", sent=False).status == 0
    assert unreadable(201, "is text/html, not JSON").uncertain
