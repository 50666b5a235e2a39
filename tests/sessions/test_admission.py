"""Who is here, how many of each user, and whose token has ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from headway.access.identity import Identity, OpenAccess, Unauthorized
from headway.codes import Close
from headway.figures import Figures
from headway.limits import Limits
from headway.sessions.admission import Admission
from headway.testing.clock import FakeClock

LIMITS = replace(Limits(), user_connections=3)


class Revoking:
    """Access that has revoked the tokens of some users."""

    open = False

    def __init__(self) -> None:
        self.revoked: set[str | None] = set()

    def authenticate(self, token: str | None) -> Identity:
        """Nobody is asked here."""
        raise Unauthorized("not here")

    def still(self, identity: Identity) -> bool:
        """Whether the user's token counts."""
        return identity.user not in self.revoked


@dataclass(eq=False)
class Seat:
    """A session that notes how it was ended."""

    identity: Identity | None = None
    client: str | None = None
    ended: list[Close] = field(default_factory=list)

    def end(self, close: Close, reason: str) -> None:
        """It is over."""
        self.ended.append(close)


@pytest.fixture
def clock() -> FakeClock:
    """Time stands still."""
    return FakeClock()


@pytest.fixture
def access() -> Revoking:
    """Nobody is revoked yet."""
    return Revoking()


@pytest.fixture
def admission(access: Revoking, clock: FakeClock) -> Admission:
    """Three connections a user."""
    return Admission(access, LIMITS, clock, Figures())


def enter(admission: Admission, user: str | None, expires: float | None = None, client: str | None = None) -> Seat:
    """A session of somebody comes in."""
    seat = Seat(client=client)
    become(admission, seat, user, expires)
    return seat


def become(admission: Admission, seat: Seat, user: str | None, expires: float | None = None) -> None:
    """As `Session.identify` does it."""
    admission.leave(seat)
    seat.identity = Identity(user, expires=expires)
    admission.enter(seat, seat.identity)


def test_a_client_that_changes_its_transport_puts_nobody_out(admission: Admission) -> None:
    """Its two sessions count as one, whichever client it is, and however full the house is."""
    windows = [enter(admission, "ann", client=name) for name in ("a", "b", "c")]

    for window in windows:
        newer = enter(admission, "ann", client=window.client)
        admission.leave(window)
        assert newer.ended == []

    assert [seat.ended for seat in windows] == [[], [], []]


def test_one_client_too_many_ends_every_session_of_the_oldest(admission: Admission) -> None:
    """A client in the middle of a change is not half put out."""
    halves = [enter(admission, "ann", client="a") for _ in range(2)]
    others = [enter(admission, "ann", client=name) for name in ("b", None)]

    newest = enter(admission, "ann", client="d")

    assert [seat.ended for seat in halves] == [[Close.REPLACED], [Close.REPLACED]]
    assert [seat.ended for seat in [*others, newest]] == [[], [], []]


def test_a_name_is_no_way_round_the_bound(admission: Admission) -> None:
    """One client has three sessions; with one more it loses its own oldest, and nobody else's."""
    other = enter(admission, "ann", client="b")
    mine = [enter(admission, "ann", client="a") for _ in range(4)]

    assert [seat.ended for seat in mine] == [[Close.REPLACED], [], [], []]
    assert other.ended == []


def test_a_name_means_nothing_beyond_its_user(admission: Admission) -> None:
    """Two users whose clients have the same name share nothing."""
    anns = [enter(admission, "ann", client="a") for _ in range(3)]

    bobs = [enter(admission, "bob", client="a") for _ in range(3)]

    assert [seat.ended for seat in anns + bobs] == [[]] * 6


def test_one_too_many_ends_the_oldest_of_that_user(admission: Admission) -> None:
    """The fourth of a user ends the first, the fifth the second; another user's stay."""
    other = enter(admission, "bob")
    seats = [enter(admission, "ada") for _ in range(5)]

    assert [seat.ended for seat in seats] == [[Close.REPLACED]] * 2 + [[]] * 3
    assert other.ended == []
    assert admission.replaced == admission.figures.limits["user_connections"] == 2


def test_who_has_left_does_not_count(admission: Admission) -> None:
    """Three are three at a time; leaving twice is leaving once."""
    seats = [enter(admission, "ada") for _ in range(3)]
    admission.leave(seats[1])
    admission.leave(seats[1])
    seats.append(enter(admission, "ada"))

    assert [seat.ended for seat in seats] == [[]] * 4


def test_who_says_anew_who_it_is_keeps_its_place_and_takes_no_second(admission: Admission) -> None:
    """A renewal is no new connection: nobody is ended by it, however often it comes."""
    seats = [enter(admission, "ada") for _ in range(3)]
    for _ in range(5):
        become(admission, seats[0], "ada")

    assert [seat.ended for seat in seats] == [[]] * 3


def test_who_becomes_another_makes_room(admission: Admission) -> None:
    """The place under the old name is free; under the new name it counts."""
    seats = [enter(admission, "ada") for _ in range(3)]
    become(admission, seats[0], "bob")
    seats.append(enter(admission, "ada"))

    assert [seat.ended for seat in seats] == [[]] * 4
    assert admission.statistics()["users"] == 2


def test_nobody_in_particular_is_not_bounded(admission: Admission) -> None:
    """Many may hold one share link."""
    assert [enter(admission, None).ended for _ in range(10)] == [[]] * 10


def test_zero_is_no_bound(access: Revoking, clock: FakeClock) -> None:
    """As the setting says."""
    admission = Admission(access, replace(LIMITS, user_connections=0), clock, Figures())

    assert [enter(admission, "ada").ended for _ in range(50)] == [[]] * 50


def test_the_end_of_a_token_ends_its_session_after_the_grace(admission: Admission, clock: FakeClock) -> None:
    """Five seconds past the end it is still here; after that it is put out once, and the others stay."""
    seat, longer = enter(admission, "ada", clock.now() + 10), enter(admission, "ada", clock.now() + 20)
    endless = enter(admission, "bob")
    clock.advance(15.0)
    admission.sweep()
    assert seat.ended == []
    clock.advance(0.1)
    admission.sweep()
    admission.sweep()

    assert (seat.ended, longer.ended, endless.ended) == ([Close.BAD_TOKEN], [], [])
    assert admission.statistics() == {"users": 2, "replaced": 0, "expired": 1, "revoked": 0}


def test_a_renewal_moves_the_end(admission: Admission, clock: FakeClock) -> None:
    """What the old token said of its end is forgotten."""
    seat = enter(admission, "ada", clock.now() + 10)
    become(admission, seat, "ada", clock.now() + 100)
    clock.advance(50)
    admission.sweep()

    assert seat.ended == []


def test_a_revocation_ends_whom_it_concerns(admission: Admission, access: Revoking) -> None:
    """All sessions of the token, once, and no other."""
    seats, other = [enter(admission, "ada") for _ in range(2)], enter(admission, "bob")
    access.revoked.add("ada")
    admission.recheck()
    admission.recheck()

    assert [seat.ended for seat in seats] == [[Close.BAD_TOKEN]] * 2
    assert (other.ended, admission.revoked) == ([], 2)


def test_who_is_gone_is_ended_by_nothing(admission: Admission, access: Revoking, clock: FakeClock) -> None:
    """A session that left is not kept, whatever happens to its token; nobody is left in memory."""
    seat = enter(admission, "ada", clock.now() + 10)
    admission.leave(seat)
    access.revoked.add("ada")
    clock.advance(100)
    admission.recheck()
    admission.sweep()

    assert seat.ended == []
    assert admission.statistics()["users"] == 0


def test_a_token_is_valid_until_its_end_and_the_grace(admission: Admission, access: Revoking, clock: FakeClock) -> None:
    """What has no session is asked each time; `left` is how long a poll may wait."""
    identity = Identity("ada", expires=clock.now() + 10)
    admission.valid(identity)
    assert admission.left(identity) == 15.0
    clock.advance(15.1)
    with pytest.raises(Unauthorized, match="expired"):
        admission.valid(identity)
    assert admission.left(identity) == 0.0
    access.revoked.add("bob")
    with pytest.raises(Unauthorized, match="revoked"):
        admission.valid(Identity("bob"))
    assert admission.left(Identity("bob")) == float("inf")


def test_an_open_door_watches_nobody(clock: FakeClock) -> None:
    """Where no token is needed none ends, and nothing is kept of who is here."""
    admission = Admission(OpenAccess(), LIMITS, clock, Figures())
    seat = enter(admission, None, clock.now() - 100)
    admission.sweep()
    admission.recheck()

    assert seat.ended == []
