"""Who makes a request or a handshake. The first of these that is there counts, and a bad one is not passed over:

    Authorization: Bearer <token>
    ?token=<token>                       for clients that can set no header; it is never logged
    ?ticket=<ticket>                     works once, within seconds of being made: for EventSource, which sets no header
    Cookie: headway_session=<token>      a browser that signed in

A cookie comes with every request a browser makes, wanted or not. So it counts for what changes nothing, unless the
browser says that a page of somebody else asks; for the rest, and for a WebSocket, it has to say that one of our own
does. And a bad one is passed over on a WebSocket, which may have a token to say.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final

from headway.access.grants import Ticket
from headway.access.identity import Access, Identity, Role, Unauthorized
from headway.access.origins import allowed
from headway.sessions.session import Forbidden
from headway.sessions.used import Used
from headway.transports.requests import Scope, header, query_of

__all__ = ["COOKIE", "Identification"]

COOKIE: Final = "headway_session"
_NOBODY: Final = Identity(None, (), ())
_HARMLESS: Final = frozenset({"GET", "HEAD"})


class Identification:
    """Recognises who asks."""

    def __init__(self, access: Access, redeem: Callable[[str], Ticket] | None, used: Used) -> None:
        """Without `redeem` there are no tickets."""
        self._access = access
        self._redeem = redeem
        self._used = used

    async def entitled(self, scope: Scope, needs: Role | None) -> Identity:
        """Who makes a request that wants a role; with None anybody may, known or not.

        Raises `Unauthorized`, `Forbidden`; `StorageError` where a ticket cannot be looked up.
        """
        who = await self.identify(scope)
        if not isinstance(who, Identity):
            if needs is None:
                return _NOBODY
            raise who or Unauthorized("a token is needed")
        if needs is not None and not who.may(needs):
            raise Forbidden(f"this wants the role {needs.value}, which the token does not give")
        return who

    async def identify(self, scope: Scope) -> Identity | Unauthorized | None:
        """Who makes a handshake: somebody, one with a bad token, or, until they say so on the connection, nobody."""
        if self._access.open:
            return self._access.authenticate(None)
        try:
            return await self._recognised(scope)
        except Unauthorized as error:
            return error

    async def _recognised(self, scope: Scope) -> Identity | None:
        authorization = header(scope, b"authorization")
        if authorization is not None and authorization[:7].lower() == "bearer ":
            return self._access.authenticate(authorization[7:].strip())
        query = query_of(scope)
        if "token" in query:
            return self._access.authenticate(query["token"])
        if "ticket" in query:
            return await self._redeemed(query["ticket"])
        cookie = _cookie(header(scope, b"cookie"))
        if cookie is None or not _asked_by_our_page(scope):
            return None
        try:
            return self._access.authenticate(cookie)
        except Unauthorized:
            if scope["type"] == "websocket":
                return None
            raise

    async def _redeemed(self, ticket: str) -> Identity:
        if self._redeem is None:
            raise Unauthorized("the ticket is invalid")
        redeemed = self._redeem(ticket)
        if not await self._used.first(f"ticket:{redeemed.id}"):
            raise Unauthorized("the ticket has been used")
        return redeemed.identity


def _cookie(value: str | None) -> str | None:
    if value is None or COOKIE not in value:
        return None
    try:
        morsel = SimpleCookie(value).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _asked_by_our_page(scope: Scope) -> bool:
    """The browser itself says so, in headers no script can set (Fetch Metadata, and the Fetch standard's `Origin`).
    A foreign `Origin` has been refused before, unless the page is on the allow-list."""
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if scope["type"] == "http" and scope["method"] in _HARMLESS:
        return site in (None, "same-origin", "none") or origin is not None
    if origin is not None:
        return allowed(origin, header(scope, b"host"), ())
    return site == "same-origin"
