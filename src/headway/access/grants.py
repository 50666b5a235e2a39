"""Tokens that the server signs itself, each kind with a key of its own, derived from the secret.

    kind      carries                             counts where
    share     one channel, to read                a token counts
    sign-in   a local user, in a cookie           a token counts
    ticket    somebody who has shown a token      only where a ticket is redeemed, which its address may then hold

The key of a kind is HMAC-SHA256(secret, "headway-<kind>"). So no grant passes for another kind or for a token that
somebody signed with the secret, nor the other way round; the header's `typ` says which it is. What the secret before
this one signed counts on. Claims: `jti`, `iat`, `exp`, and those of a token; a share has `only`, a ticket also the
`token`, `issued` and `ends` of what it stands for.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headway.access import claims as checked
from headway.access.identity import Identity, Role, Unauthorized
from headway.access.jws import TOKEN_CHARACTERS, Claims, Signed, sign, take_apart
from headway.access.keys import Key, KeyRing, secret_bytes, verified
from headway.clock import Clock
from headway.errors import UsageError
from headway.events import channel_name
from headway.limits import Limits

__all__ = ["Grants", "Ticket"]

_COOKIE_CHARACTERS: Final = 3_800
"""Browsers drop a cookie of more than 4,096 bytes, its name and attributes included, without a word."""
_TICKET_CHARACTERS: Final = TOKEN_CHARACTERS + 1_024
"""A ticket says what its token says, and a little more."""
_TICKET_SECONDS: Final = Limits().ticket_seconds
_GRACE: Final = Limits().expiry_grace_seconds


class _Kind(Enum):
    """What a grant is; the value stands in `typ`."""

    SHARE = "headway-share"
    SIGN_IN = "headway-sign-in"
    TICKET = "headway-ticket"


_KINDS: Final = {kind.value: kind for kind in _Kind}


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket was good for."""

    id: str
    """By which the caller sees that it is used once."""
    expires: float
    """The moment from which the id need not be remembered any more."""
    identity: Identity


class Grants:
    """Makes grants and recognises them. The first secret signs; what any of them signed counts."""

    def __init__(
        self,
        secrets: Sequence[str],
        clock: Clock,
        new_id: Callable[[], str],
        *,
        grace: float = _GRACE,
    ) -> None:
        """`new_id` gives unguessable ids of up to 255 characters. Raises `UsageError` for no secret, or one too
        short."""
        if not secrets:
            raise UsageError("grants need a secret")
        self._clock = clock
        self._new_id = new_id
        self._grace = grace
        values = [secret_bytes(secret) for secret in secrets]
        self._signing = {kind: _derived(values[0], kind) for kind in _Kind}
        self._rings = {
            kind: KeyRing(tuple(Key(None, frozenset({"HS256"}), _derived(value, kind)) for value in values))
            for kind in _Kind
        }

    def share(self, channel: str, expires: float) -> str:
        """A link's token, to read one channel until a moment. Raises `InvalidChannel`, `UsageError`."""
        if not self._clock.now() < expires <= checked.LAST_MOMENT:
            raise UsageError("a channel is shared until a moment that is to come")
        # Nobody in particular: many hold the link, and what is bounded for each user is not bounded for all of them.
        return self._signed(_Kind.SHARE, Identity(None, (), (), only=channel_name(channel)), expires, {})

    def sign_in(self, user: str, role: Role, readable: Sequence[str], writable: Sequence[str], seconds: float) -> str:
        """A cookie's token, by which a browser is this user for so long. Raises `UsageError` if no cookie can hold
        it."""
        identity = Identity(user, tuple(readable), tuple(writable), role)
        token = self._signed(_Kind.SIGN_IN, identity, self._clock.now() + seconds, {})
        if len(token) > _COOKIE_CHARACTERS:
            raise UsageError("the user has more patterns than a browser's cookie can hold; use fewer, with stars")
        return token

    def ticket(self, identity: Identity, seconds: float = _TICKET_SECONDS) -> str:
        """A ticket for somebody who has shown a token, which never outlives it. Raises `Unauthorized` if it has
        ended."""
        now = self._clock.now()
        if identity.expires is not None and now > identity.expires:
            raise Unauthorized("the token has expired")
        expires = now + seconds if identity.expires is None else min(now + seconds, identity.expires)
        stands_for = {"token": identity.token, "issued": identity.issued, "ends": identity.expires}
        return self._signed(_Kind.TICKET, identity, expires, stands_for)

    def made(self, signed: Signed) -> bool:
        """Whether this says of itself that it is a grant."""
        return signed.type in _KINDS

    def identity(self, signed: Signed) -> Identity:
        """Whom a share link or a sign-in makes of its holder. Raises `Unauthorized`, for a ticket always."""
        kind = _KINDS.get(signed.type or "")
        if kind is None or kind is _Kind.TICKET:
            raise Unauthorized("the token is invalid")
        claims = verified(signed, self._rings[kind])
        expires, issued = checked.lifetime(claims, self._clock.now(), self._grace)
        return _identity(claims, expires, checked.token_id(claims), issued)

    def redeem(self, ticket: str) -> Ticket:
        """Whose ticket this is. That it is used once is the caller's business. Raises `Unauthorized`."""
        signed = take_apart(ticket, _TICKET_CHARACTERS)
        if signed.type != _Kind.TICKET.value:
            raise Unauthorized("the ticket is invalid")
        claims = verified(signed, self._rings[_Kind.TICKET])
        expires, _ = checked.lifetime(claims, self._clock.now(), 0.0)
        id = checked.token_id(claims)
        if id is None:  # we never make such a one
            raise Unauthorized("the ticket is invalid")
        ends, issued = checked.moment(claims, "ends"), checked.moment(claims, "issued")
        return Ticket(id, expires, _identity(claims, ends, checked.token_id(claims, "token"), issued))

    def _signed(self, kind: _Kind, identity: Identity, expires: float, more: Claims) -> str:
        claims: Claims = {
            "jti": self._new_id(),
            "iat": self._clock.now(),
            "exp": expires,
            "sub": identity.user,
            "channels": identity.readable,
            "publish": identity.writable,
            "role": identity.role.value,
            "only": identity.only,
        }
        return sign(claims | more, self._signing[kind], kind.value)


def _derived(secret: bytes, kind: _Kind) -> bytes:
    return hmac.digest(secret, kind.value.encode(), hashlib.sha256)


def _identity(claims: Claims, expires: float | None, token: str | None, issued: float | None) -> Identity:
    """The identity that was signed. The claims are our own, yet of an earlier version perhaps: they are checked too."""
    return Identity(
        None if claims.get("sub") is None else checked.user(claims),
        checked.patterns(claims, "channels", ()),
        checked.patterns(claims, "publish", ()),
        checked.role(claims),
        checked.channel(claims, "only"),
        expires=expires,
        token=token,
        issued=issued,
    )
