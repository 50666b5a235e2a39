"""JSON Web Tokens: what is asked of one before its claims are believed.

In this order: it is a token and not too long (`jws.py`); one of our keys signed it, by the algorithm of that key
(`keys.py`); it counts now; it is for us (`aud`, `iss`); its claims are what they must be (`claims.py`); it has not been
revoked (`revocation.py`). What the server signed itself, share links and sign-ins, goes the same way with keys of its
own (`grants.py`). A sentence about a token never holds any of it.
"""

from __future__ import annotations

from typing import Final

from headway.access import claims as checked
from headway.access.grants import Grants, Ticket
from headway.access.identity import Identity, Unauthorized
from headway.access.jws import Claims, Signed, take_apart
from headway.access.keys import Keys, verified
from headway.access.revocation import Revocations
from headway.clock import Clock
from headway.limits import Limits

__all__ = ["TokenAccess"]

_GRACE: Final = Limits().expiry_grace_seconds


class TokenAccess:
    """Everybody needs a token, signed with one of the keys."""

    open = False

    def __init__(
        self,
        keys: Keys,
        clock: Clock,
        *,
        audience: str | None = None,
        issuer: str | None = None,
        revocations: Revocations | None = None,
        grants: Grants | None = None,
        grace: float = _GRACE,
    ) -> None:
        self.revocations = Revocations(clock) if revocations is None else revocations
        self.grants = grants
        self._keys = keys
        self._clock = clock
        self._audience = audience
        self._issuer = issuer
        self._grace = grace

    def authenticate(self, token: str | None) -> Identity:
        """Who holds this token. Raises `Unauthorized` saying what is wrong with it."""
        if not token:
            raise Unauthorized("a token is needed")
        signed = take_apart(token)
        if self.grants is not None and self.grants.made(signed):
            return self._unless_revoked(self.grants.identity(signed))
        return self._unless_revoked(self._identity(signed))

    def redeem(self, ticket: str) -> Ticket:
        """Whose ticket this is. That it is used once is the caller's business. Raises `Unauthorized`."""
        if self.grants is None:
            raise Unauthorized("the ticket is invalid")
        redeemed = self.grants.redeem(ticket)
        self._unless_revoked(redeemed.identity)
        return redeemed

    def still(self, identity: Identity) -> bool:
        """Whether the token of somebody recognised earlier has not been revoked since."""
        return not self.revocations.covers(identity)

    def _identity(self, signed: Signed) -> Identity:
        claims = verified(signed, self._keys)
        ends, made = checked.lifetime(claims, self._clock.now(), self._grace)
        self._check_addressee(claims)
        return Identity(
            checked.user(claims),
            checked.patterns(claims, "channels", ("*",)),
            checked.patterns(claims, "publish", ()),
            checked.role(claims),
            expires=ends,
            token=checked.token_id(claims),
            issued=made,
        )

    def _check_addressee(self, claims: Claims) -> None:
        """A token that names its audience is for nobody else (RFC 7519, 4.1.3): also not for who has no name."""
        audience = claims.get("aud")
        named = [] if audience is None else audience if isinstance(audience, list) else [audience]
        if (audience is not None or self._audience is not None) and (
            self._audience is None or self._audience not in named
        ):
            raise Unauthorized("the token is not for this server; see the setting 'audience'")
        if self._issuer is not None and claims.get("iss") != self._issuer:
            raise Unauthorized("the token is of another issuer; see the setting 'issuer'")

    def _unless_revoked(self, identity: Identity) -> Identity:
        if not self.still(identity):
            raise Unauthorized("the token has been revoked")
        return identity
