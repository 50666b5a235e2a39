"""Which refusals stop a run, and how a row's is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.apps.imports.engine.stopping import Stop, Stopped, fault, stop, why
from headway.errors import HeadwayError
from headway.pingone.errors import PingOneError, refused, unreachable


def answered(status: int, code: str = "", target: str = "") -> PingOneError:
    """A refusal with one detail."""
    details: list[dict[str, Any]] = [{"code": code, "target": target, "message": "is wrong"}] if code else []
    body = {"code": "TOP", "message": "no", "details": details}
    return refused(status, msgspec.json.encode(body), correlation_id="c-1")


@pytest.mark.parametrize(
    ("error", "others", "code"),
    [
        (answered(403, "LICENSE_EXCEEDED"), True, "LICENSE_EXCEEDED"),
        (answered(403, "INSUFFICIENT_PERMISSIONS"), True, "INSUFFICIENT_PERMISSIONS"),
        (answered(401, "INVALID_TOKEN"), True, "INVALID_TOKEN"),
        (answered(415), True, "UNSUPPORTED"),
        (answered(429), False, "REQUEST_LIMITED"),
        (answered(500), False, "UNREACHABLE"),
        (unreachable("gone", sent=True), False, "UNREACHABLE"),
        (answered(500), True, None),
        (answered(400, "INVALID_VALUE", "email"), False, None),
        (answered(404), False, None),
    ],
)
def test_only_what_every_row_would_meet_stops_the_run(error: PingOneError, others: bool, code: str | None) -> None:
    """Permissions, licence, credentials and an absent PingOne stop it; what only this row meets does not."""
    found = stop(error, others_succeed=others)

    assert (found and found.code) == code


def test_a_row_is_told_its_code_its_field_and_where_to_look() -> None:
    """A row's reason is the first detail, with the correlation id that Ping's support asks for."""
    found = fault(answered(400, "INVALID_VALUE", "email"))

    assert (found.code, found.field, found.correlation_id) == ("INVALID_VALUE", "email", "c-1")
    assert found.message == "email is wrong"
    assert fault(answered(502)).code == "TOP"
    assert fault(unreachable("gone", sent=True)).code == "NO_ANSWER"


def test_every_failure_has_a_sentence() -> None:
    """A mistake of ours is told without its text, which may hold anything."""
    told = Stop("X", "it is so")

    assert why(Stopped(told)) is told
    assert why(HeadwayError("the file is gone")).message == "the file is gone"
    assert "secret" not in why(ValueError("secret")).message
