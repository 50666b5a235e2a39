"""JSON as PingOne writes it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headway.sandbox.hal import compact, pretty

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def test_it_is_written_as_recorded() -> None:
    """Two spaces a level, a space on both sides of the colon, lists that open on the line of their first object."""
    document = {"_embedded": {"users": [{"a": 1}, {"b": []}], "tags": ["x", True]}, "none": {}}

    assert pretty(document).decode().splitlines() == [
        "{",
        '  "_embedded" : {',
        '    "users" : [ {',
        '      "a" : 1',
        "    }, {",
        '      "b" : [ ]',
        "    } ],",
        '    "tags" : [ "x", true ]',
        "  },",
        '  "none" : { }',
        "}",
    ]


@given(VALUES)
def test_both_forms_say_the_same(value: object) -> None:
    """Whatever the document is."""
    assert json.loads(pretty(value)) == json.loads(compact(value)) == value
