"""What an answer is expected to be."""

from __future__ import annotations

from typing import Any

import pytest

from headway.apps.monitor.checks.expectations import accepts, body_judged, difference, statuses
from headway.apps.monitor.checks.measured import Measured
from headway.errors import UsageError


def test_statuses_are_numbers_classes_and_ranges() -> None:
    """As people write them."""
    ranges = statuses([204, "3xx", "400-404", "503"])

    assert [status for status in (200, 204, 299, 302, 399, 404, 405, 503) if accepts(ranges, status)] == [
        204,
        302,
        399,
        404,
        503,
    ]


@pytest.mark.parametrize("written", ["ok", 99, 600, "6xx", "404-400", "-1", "", "200-", True])
def test_what_is_no_status_is_refused(written: int | str) -> None:
    """With a sentence that shows one."""
    with pytest.raises(UsageError, match="write 200, 2xx or 200-299"):
        statuses([written])


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ({}, {"a": 1}, None),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, None),
        ([{"a": 1}], [{"a": 1, "b": 2}], None),
        (1, 1.0, None),
        (None, None, None),
        ({"a": 1}, {}, "a is missing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b is 2, expected is 1"),
        ({"a": [1, 2]}, {"a": [1]}, "a is no list of 2"),
        ({"a": [1]}, {"a": [2]}, "a[0] is 2, expected is 1"),
        ({"a": {}}, {"a": []}, "a is no object"),
        (True, 1, "the whole is 1, expected is true"),
        (0, False, "the whole is false, expected is 0"),
        ("1", 1, 'the whole is 1, expected is "1"'),
    ],
)
def test_where_a_subset_differs(expected: Any, found: Any, where: str | None) -> None:
    """The first place that differs is named; what is not asked for is not looked at."""
    assert difference(expected, found) == where


def test_a_path_to_null_is_expected_to_be_nothing() -> None:
    """`null` where nothing is, or null; and never in what is no JSON."""
    wish = {"a": None}

    assert next(body_judged(None, wish, Measured(body=b"{}"))).held
    assert next(body_judged(None, wish, Measured(body=b'{"a":null}'))).held
    assert not next(body_judged(None, wish, Measured(body=b'{"a":1}'))).held
    assert not next(body_judged(None, wish, Measured(body=b"no"))).held
