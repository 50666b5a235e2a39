"""Digests of what was asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.events import Draft
from headway.log.idempotency import digest, placed

asked = st.lists(
    st.builds(Draft, st.text("ab", min_size=1), st.binary(max_size=4), st.none() | st.text("ab", min_size=1)),
    max_size=4,
)


@given(asked, asked)
def test_a_digest_tells_drafts_apart(one: list[Draft], other: list[Draft]) -> None:
    """Equal drafts have equal digests, and no others do: nothing slides from one part into the next."""
    assert (digest(one) == digest(other)) == (one == other)


def test_drafts_are_placed_where_they_were_stored() -> None:
    """The events of the first call are built again from the drafts of a later one."""
    events = placed("run", "e", 7, 1_000, [Draft("a", b"{}"), Draft("b", b"{}", "k")])

    assert [(event.offset, event.type, event.key, event.time) for event in events] == [
        (7, "a", None, 1_000),
        (8, "b", "k", 1_000),
    ]
