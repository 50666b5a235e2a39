"""Who somebody is, and what that covers."""

from __future__ import annotations

import itertools

import pytest

from headway.access.identity import ANONYMOUS, Identity, OpenAccess, Role


@pytest.mark.parametrize("held", [None, "", "nonsense"])
def test_open_access(held: str | None) -> None:
    """Without a secret everybody is the same anonymous administrator and may do everything, whatever the token."""
    access = OpenAccess()

    assert access.authenticate(held) == ANONYMOUS
    assert access.still(ANONYMOUS)
    assert ANONYMOUS.may_read("run:7")
    assert ANONYMOUS.may_publish("run:7")
    assert all(ANONYMOUS.may(role) for role in Role)


def test_rights_are_patterns() -> None:
    """Channels are read by one list of patterns and published to by another."""
    ann = Identity("ann", readable=("run:*", "news"), writable=("run:7",))

    assert [ann.may_read(name) for name in ("run:7", "run:", "news", "newsroom", "other")] == [True] * 3 + [False] * 2
    assert [ann.may_publish(name) for name in ("run:7", "run:8", "news")] == [True, False, False]


def test_a_share_is_one_channel() -> None:
    """Who holds a share link reads the channel of that very name, and publishes nowhere."""
    guest = Identity(None, only="run:*")

    assert [guest.may_read(name) for name in ("run:*", "run:7", "news")] == [True, False, False]
    assert not guest.may_publish("run:*")


def test_roles_include_one_another() -> None:
    """A role includes itself and the ones before it: viewer, operator, admin."""
    for (may, role), (rank, other) in itertools.product(enumerate(Role), enumerate(Role)):
        assert Identity("ann", role=role).may(other) is (may >= rank)
