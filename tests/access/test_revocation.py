"""Tokens that count no more before their time."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.access.identity import ANONYMOUS, Identity
from headway.access.revocation import Record, Revocations
from headway.errors import Overloaded, UsageError
from headway.testing.clock import FakeClock
from tests.access.harness import NOW

DAY = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock(NOW)


@pytest.fixture
def revocations(clock: FakeClock) -> Revocations:
    """Nothing revoked yet."""
    return Revocations(clock)


def test_one_token(revocations: Revocations) -> None:
    """A token is revoked alone, by its id."""
    revocations.revoke_token("t1", NOW + 60.0)

    assert revocations.covers(Identity("ann", token="t1"))
    assert revocations.covers(Identity(None, only="run", token="t1"))
    assert not revocations.covers(Identity("ann", token="t2"))
    assert not revocations.covers(Identity("ann"))


@pytest.mark.parametrize(
    ("issued", "covered"), [(NOW - 60.0, True), (NOW, True), (NOW + 1.0, False), (None, True)], ids=repr
)
def test_all_of_a_user(revocations: Revocations, issued: float | None, covered: bool) -> None:
    """All of a user's tokens up to a moment are revoked, and those that do not say when they were made; later ones and
    those of others are not."""
    revocations.revoke_user("ann", NOW)

    assert revocations.covers(Identity("ann", issued=issued, token="t1")) is covered
    assert not revocations.covers(Identity("bob", issued=issued, token="t1"))
    assert not revocations.covers(ANONYMOUS)


def test_revoking_again(revocations: Revocations) -> None:
    """Who revokes again makes it longer, never shorter."""
    revocations.revoke_user("ann", NOW)
    revocations.revoke_user("ann", NOW - 60.0)
    assert revocations.covers(Identity("ann", issued=NOW))

    assert revocations.revoke_token("t1", NOW + 60.0) == {"token": "t1", "until": NOW + 60.0}
    assert revocations.revoke_token("t1", NOW) == {"token": "t1", "until": NOW + 60.0}
    assert revocations.revoke_token("t1", None) == {"token": "t1", "until": None}


def test_entries_are_forgotten(clock: FakeClock) -> None:
    """A token's entry is forgotten a day after the token ended; a user's, and one without an end, never."""
    revocations = Revocations(clock, limit=3)
    revocations.revoke_token("t1", NOW + 60.0)
    revocations.revoke_token("t2", None)
    revocations.revoke_user("ann", NOW)
    clock.advance(DAY + 60)
    with pytest.raises(Overloaded, match="3 revocations"):
        revocations.revoke_token("t3", NOW + 2 * DAY)
    assert revocations.covers(Identity("x", token="t1"))
    clock.advance(1)
    revocations.revoke_token("t3", NOW + 2 * DAY)

    assert not revocations.covers(Identity("x", token="t1"))
    assert revocations.covers(Identity("x", token="t2"))
    assert revocations.covers(Identity("ann"))
    assert len(revocations) == 3


def test_a_clock_that_is_set_back(clock: FakeClock) -> None:
    """A clock that was an hour ahead for a while does not make a revoked token count again."""
    revocations = Revocations(clock, limit=1)
    revocations.revoke_token("t1", NOW + 60.0)
    clock.jump(3600)
    with pytest.raises(Overloaded):
        revocations.revoke_token("t2", NOW + 60.0)
    clock.jump(-3600)

    assert revocations.covers(Identity("ann", token="t1"))


def test_entries_are_bounded(clock: FakeClock) -> None:
    """At the bound nothing more is revoked, which is said; what is revoked already can be revoked again."""
    revocations = Revocations(clock, limit=2)
    revocations.revoke_token("t1", NOW + 60.0)
    revocations.revoke_user("ann", NOW)
    with pytest.raises(Overloaded):
        revocations.revoke_token("t2", NOW)
    with pytest.raises(Overloaded):
        revocations.revoke_user("bob", NOW)

    revocations.revoke_user("ann", NOW + 1.0)
    revocations.revoke_token("t1", None)
    assert len(revocations) == 2


RECORDS = st.lists(
    st.fixed_dictionaries({"token": st.text(max_size=2), "until": st.none() | st.floats(NOW, NOW + 9)})
    | st.fixed_dictionaries({"user": st.text(max_size=2), "before": st.floats(NOW - 9, NOW)})
)


@settings(deadline=None)
@given(RECORDS)
def test_revocations_are_rebuilt(records: list[Record]) -> None:
    """Records taken in any order and any number of times, through JSON, make the same revocations."""
    clock = FakeClock(NOW)
    first, again = Revocations(clock), Revocations(clock)
    for record in records:
        first.take(record)
    stored = msgspec.json.decode(msgspec.json.encode(first.records()))
    for record in [*reversed(records), *stored, *records]:
        again.take(record)

    assert sorted(again.records(), key=repr) == sorted(first.records(), key=repr)


def test_what_ended_long_ago_is_not_taken(revocations: Revocations) -> None:
    """The record of a token that ended more than a day ago takes no room."""
    revocations.take({"token": "t1", "until": NOW - DAY - 1})
    revocations.take({"token": "t2", "until": NOW - DAY})

    assert revocations.records() == [{"token": "t2", "until": NOW - DAY}]


@pytest.mark.parametrize(
    "record",
    [{}, {"token": "t1"}, {"token": 7, "until": 1.0}, {"token": "t1", "until": "x"}, {"user": "ann"}]
    + [{"user": "ann", "before": value} for value in (None, "x", float("nan"), float("inf"))]
    + [{"token": "t1", "until": float("inf")}],
    ids=repr,
)
def test_what_is_no_record(revocations: Revocations, record: Record) -> None:
    """What is no record of a revocation is refused, and changes nothing."""
    with pytest.raises(UsageError, match="no record"):
        revocations.take(record)

    assert revocations.records() == []
