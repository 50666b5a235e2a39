"""Tokens that the server signs itself."""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Callable

import pytest

from headway.access.grants import Grants
from headway.access.identity import ANONYMOUS, Identity, Role, Unauthorized
from headway.access.jws import sign, take_apart
from headway.access.keys import KeyRing, secret_keys, verified
from headway.errors import InvalidChannel, UsageError
from headway.testing.clock import FakeClock
from tests.access.harness import NOW, OTHER_SECRET, SECRET, part

ANN = Identity("ann", ("run:*",), ("run:7",), Role.OPERATOR, expires=NOW + 3600.0, token="t1", issued=NOW - 60.0)


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock(NOW)


@pytest.fixture
def grants(clock: FakeClock) -> Grants:
    """Grants with the ids g1, g2 …"""
    return make(clock)


def make(clock: FakeClock, *secrets: str) -> Grants:
    """Grants signed with these secrets."""
    return Grants(secrets or (SECRET,), clock, map("g{}".format, itertools.count(1)).__next__)


def of(grants: Grants, token: str) -> Identity:
    """Whom a grant makes of its holder."""
    return grants.identity(take_apart(token))


KINDS: dict[str, Callable[[Grants], str]] = {
    "share": lambda grants: grants.share("run:7", NOW + 60.0),
    "sign-in": lambda grants: grants.sign_in("ann", Role.ADMIN, ["*"], ["run:*"], 60.0),
    "ticket": lambda grants: grants.ticket(ANN),
}


def test_a_share(grants: Grants, clock: FakeClock) -> None:
    """A share link is nobody in particular, who may read one channel, until its moment and the grace after it."""
    link = grants.share("run:*", NOW + 60.0)
    guest = of(grants, link)

    assert guest == Identity(None, (), (), Role.VIEWER, only="run:*")
    assert (guest.expires, guest.token, guest.issued) == (NOW + 60, "g1", NOW)
    clock.advance(65)
    assert of(grants, link) == guest
    clock.advance(1)
    with pytest.raises(Unauthorized, match="expired"):
        of(grants, link)


@pytest.mark.parametrize("expires", [NOW, NOW - 1, float("nan"), float("inf"), 1e300])
def test_a_share_is_until_a_moment(grants: Grants, expires: float) -> None:
    """A channel is shared until a moment that is to come and that a calendar has."""
    with pytest.raises(UsageError, match="to come"):
        grants.share("run:7", expires)
    with pytest.raises(InvalidChannel):
        grants.share("a\nb", NOW + 60.0)


def test_a_sign_in(grants: Grants) -> None:
    """A sign-in is the local user, with patterns and role."""
    ann = of(grants, grants.sign_in("ann", Role.ADMIN, ["run:*", "news"], ["run:7"], 12 * 3600.0))

    assert ann == Identity("ann", ("run:*", "news"), ("run:7",), Role.ADMIN)
    assert (ann.expires, ann.token, ann.issued) == (NOW + 12 * 3600, "g1", NOW)


def test_a_sign_in_fits_a_cookie(grants: Grants) -> None:
    """A user of more patterns than a cookie can hold is told so, and not dropped by the browser without a word."""
    assert len(grants.sign_in("ann", Role.VIEWER, ["x" * 100] * 20, [], 60.0)) < 4_000
    with pytest.raises(UsageError, match="cookie"):
        grants.sign_in("ann", Role.VIEWER, ["x" * 100] * 30, [], 60.0)


@pytest.mark.parametrize(
    "identity", [ANN, ANONYMOUS, Identity(None, (), (), only="run:7", expires=NOW + 9.0)], ids=repr
)
def test_a_ticket(grants: Grants, identity: Identity) -> None:
    """A ticket carries somebody whole: rights, end, and what the token can be revoked by."""
    ticket = grants.redeem(grants.ticket(identity))

    assert ticket.id == "g1"
    assert ticket.identity == identity
    assert [ticket.identity.expires, ticket.identity.token, ticket.identity.issued] == [
        identity.expires,
        identity.token,
        identity.issued,
    ]


def test_a_ticket_ends_soon(grants: Grants, clock: FakeClock) -> None:
    """A ticket counts for half a minute, to the second."""
    ticket = grants.ticket(ANN)
    clock.advance(30)
    assert grants.redeem(ticket).expires == NOW + 30
    clock.advance(0.5)

    with pytest.raises(Unauthorized, match="expired"):
        grants.redeem(ticket)


def test_a_ticket_never_outlives_its_token(grants: Grants, clock: FakeClock) -> None:
    """A ticket for a token that ends in ten seconds counts for ten, and for one that has ended there is none."""
    ends = Identity("ann", expires=NOW + 10.0)
    ticket = grants.ticket(ends)
    assert grants.redeem(ticket).expires == NOW + 10
    clock.advance(11)

    with pytest.raises(Unauthorized, match="expired"):
        grants.redeem(ticket)
    with pytest.raises(Unauthorized, match="expired"):
        grants.ticket(ends)


def test_the_largest_token_has_a_ticket(grants: Grants) -> None:
    """Whoever got in with a token of 16 KB gets a ticket that can be redeemed."""
    large = Identity("é" * 255, tuple(f"{number:04}" + "é" * 120 for number in range(48)), ())

    assert grants.redeem(grants.ticket(large)).identity == large


@pytest.mark.parametrize("kind", KINDS)
def test_a_grant_is_of_one_kind(grants: Grants, kind: str) -> None:
    """A grant that is said to be of another kind is refused: each has a key of its own. A ticket is never a token, and
    no other grant a ticket."""
    made = KINDS[kind](grants)
    _, body, signature = made.split(".")
    for other in KINDS:
        header = part(b'{"alg":"HS256","typ":"headway-%b"}' % other.encode())
        held = made if other == kind else f"{header}.{body}.{signature}"
        if other != kind or kind == "ticket":
            with pytest.raises(Unauthorized, match="the token is invalid"):
                of(grants, held)
        if other != kind or kind != "ticket":
            with pytest.raises(Unauthorized, match="invalid"):
                grants.redeem(held)


@pytest.mark.parametrize("kind", KINDS)
def test_a_grant_is_not_signed_with_the_secret(grants: Grants, kind: str) -> None:
    """The secret itself verifies no grant, and no grant's key a token: neither passes for the other."""
    made = KINDS[kind](grants)
    with pytest.raises(Unauthorized):
        verified(take_apart(made), KeyRing(secret_keys(SECRET)))

    forged = sign(take_apart(made).claims(), SECRET.encode(), f"headway-{kind}")
    for check in (grants.redeem, lambda held: of(grants, held)):
        with pytest.raises(Unauthorized, match="invalid"):
            check(forged)


def test_each_kind_has_a_key_of_its_own(grants: Grants) -> None:
    """The key of a kind is HMAC-SHA256 of the secret and the kind's name, and signs nothing but its kind."""
    said = take_apart(KINDS["sign-in"](grants)).claims()
    share, sign_in = (hmac.digest(SECRET.encode(), name, "sha256") for name in (b"headway-share", b"headway-sign-in"))

    assert of(grants, sign(said, sign_in, "headway-sign-in")).role is Role.ADMIN
    with pytest.raises(Unauthorized, match="invalid"):
        of(grants, sign(said, share, "headway-sign-in"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_secret_is_changed(clock: FakeClock, kind: str) -> None:
    """What the secret before this one signed counts on; what a forgotten one signed does not."""
    made = KINDS[kind](make(clock, OTHER_SECRET))
    changed, forgotten = make(clock, SECRET, OTHER_SECRET), make(clock, SECRET)
    if kind == "ticket":
        assert changed.redeem(made).identity == ANN
        with pytest.raises(Unauthorized):
            forgotten.redeem(made)
    else:
        assert of(changed, made).token == "g1"
        with pytest.raises(Unauthorized):
            of(forgotten, made)
    with pytest.raises(Unauthorized):
        verified(take_apart(KINDS[kind](changed)), KeyRing(secret_keys(OTHER_SECRET)))


def test_grants_need_a_secret(clock: FakeClock) -> None:
    """Without a secret, or with an empty one, nothing is signed."""
    with pytest.raises(UsageError, match="need a secret"):
        Grants([], clock, lambda: "id")
    with pytest.raises(UsageError, match="is empty"):
        Grants([SECRET, ""], clock, lambda: "id")


def test_what_is_no_ticket(grants: Grants) -> None:
    """Text that is no ticket is refused like any other."""
    for held in ("", "x", "a.b.c", "a" * 100_000):
        with pytest.raises(Unauthorized, match="invalid"):
            grants.redeem(held)
