"""Ways into a JSON value."""

from __future__ import annotations

import pytest

from headway.apps.monitor.checks.jsonpath import ABSENT, parsed, walked
from headway.errors import UsageError


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": {"b": [1, [2]]}, "n": None}),
        ("a.b[0]", 1),
        (".a.b[1][0]", 2),
        ("a.b[9]", ABSENT),
        ("a.c", ABSENT),
        ("n", ABSENT),
        ("a[0]", ABSENT),
        ("a.b.c", ABSENT),
    ],
)
def test_what_stands_at_the_end(path: str, found: object) -> None:
    """Members and elements; `null` is nothing, and so is what is not there."""
    assert walked({"a": {"b": [1, [2]]}, "n": None}, parsed(path)) == found


@pytest.mark.parametrize("path", ["..a", "a..b", "a[", "a[x]", "a[-1]", "a[1]b", "a b", "a.", "[1]]", "a" + ".b" * 40])
def test_what_is_no_way_is_refused(path: str) -> None:
    """With a sentence that shows one."""
    with pytest.raises(UsageError, match="is no path into JSON"):
        parsed(path)
