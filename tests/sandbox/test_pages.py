"""Cursors: opaque, signed, and of one list."""

from __future__ import annotations

import base64

import pytest

from headway.sandbox.errors import Refusal
from headway.sandbox.pages import Cursor, Cursors, limit_of
from tests.sandbox.harness import standing

CURSOR = Cursor("here/users", 200, 400, 'username sw "a"', 1000)


def test_a_cursor_is_read_as_it_was_spelled() -> None:
    """By the sandbox that made it, and by one of the same seed."""
    token = Cursors(7).spelled(CURSOR)

    assert Cursors(7).read(token, "here/users") == CURSOR


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "ü",
        "=" * 9,
        Cursors(8).spelled(CURSOR),
        Cursors(7).spelled(Cursor("there/users", 200)),
        base64.urlsafe_b64encode(bytes(12) + b'{"list":"here/users","limit":1}').decode(),
        Cursors(7).spelled(CURSOR)[:-4],
        "A" + Cursors(7).spelled(CURSOR)[1:],
    ],
)
def test_any_other_cursor_is_refused(token: str) -> None:
    """One that was made up, changed, or made for another list or by another sandbox."""
    with pytest.raises(Refusal) as caught:
        Cursors(7).read(token, "here/users")

    (problem,) = caught.value.details
    assert (caught.value.status, problem.code, problem.target) == (400, "INVALID_PARAMETER", "cursor")


def test_a_limit_asks_for_less_and_never_gets_more() -> None:
    """1 to 1000, and a page holds at most what it holds."""
    assert [limit_of({"limit": one}, 200) for one in ("1", "200", "1000")] == [1, 200, 200]
    assert limit_of({}, 200) == 200


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "", "ten", "1.5", "²", "9" * 5000])
async def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    """400 INVALID_PARAMETER with the range."""
    async with standing() as place:
        got = await place.get("/users", limit=limit)

    assert (got.status, got.problems) == (400, [("INVALID_PARAMETER", "limit")])
    assert got.document["details"][0]["innerError"] == {"rangeMinimumValue": 1, "rangeMaximumValue": 1000}
