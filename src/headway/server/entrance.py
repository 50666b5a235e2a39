"""Signing in and out, and the tokens the server makes itself.

    GET  /api/sign-in                                 {"open", "sign_in"}: is a token needed, and do people sign in here
    POST /api/sign-in      {"user", "password"}       a cookie no script can read, and who that is
    POST /api/sign-out                                the cookie's token is revoked, everywhere
    GET  /api/me                                      who asks, and what that covers
    POST /api/tickets                                 {"ticket", "seconds"}: works once, within seconds, as `?ticket=`
    POST /api/shares       {"channel", "seconds"?}    {"token", "url", …}: whoever has it may watch this channel
    GET  /api/shares                                  {"shares": [{"id", "channel", …}]}: those that count, no token
    DELETE /api/shares/{id}                           it counts no more
    POST /api/revocations  {"token"} or {"user"}      from now on they count no more; their connections end

A wrong password and an unknown name are answered alike, and take as long.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

import msgspec

from headway.access.addresses import network
from headway.access.grants import Grants
from headway.access.identity import Identity, Unauthorized
from headway.access.jws import take_apart
from headway.codes import Code
from headway.errors import HeadwayError, Overloaded, PeerError
from headway.events import channel_name
from headway.server.audit import Action
from headway.server.identifying import COOKIE
from headway.server.request import Request
from headway.server.shared import Share
from headway.transports.requests import answer, client_of, read_body, secure

__all__ = ["me", "revoke", "share", "shares", "sign_in", "sign_out", "ticket", "unshare", "ways"]

_BODY_BYTES: Final = 64 * 1024
"""A token has at most 16 KB."""
_NAME_CHARACTERS: Final = 255
"""No token names a longer one."""
_SHARE_SECONDS: Final = 7 * 86_400.0
"""A share link lasts as long as the events it shows, by default."""
_LONGEST_SHARE: Final = 366 * 86_400.0
_NO_STORE: Final = [(b"cache-control", b"no-store")]


async def ways(request: Request) -> None:
    """`GET /api/sign-in`: what a page has to offer to who is not known."""
    parts = request.parts
    some = parts.grants is not None and parts.users is not None and bool(parts.users.names())
    await _answer(request, {"open": parts.sessions.access.open, "sign_in": some})


async def sign_in(request: Request) -> None:
    """`POST /api/sign-in`."""
    parts = request.parts
    fields = await _fields(request)
    name, password = fields.get("user"), fields.get("password")
    if not isinstance(name, str) or not isinstance(password, str):
        raise PeerError("sign in with a user and a password, both text")
    users, grants = parts.users, _grants(request)
    if users is None:
        raise HeadwayError("nobody signs in here; `headway user add` makes a user", code=Code.NOT_SET_UP)
    # Both are charged, so that neither many names from one address nor one name from many goes faster.
    _charge(request, f"address {network(client_of(request.scope))}", f"name {name}")
    user = users.find(name)
    matches = await parts.hashing.matches(user.password if user is not None else None, password)
    # Looked up anew: who was removed, or given another password, while this one was hashed does not come in by the old.
    if user is None or not matches or users.find(name) != user:
        _note(request, Action.SIGN_IN_FAILED, name)
        raise Unauthorized("the name or the password is wrong")
    seconds = parts.sessions.limits.sign_in_seconds
    token = grants.sign_in(user.name, user.role, user.readable, user.writable, seconds)
    _note(request, Action.SIGNED_IN, user.name)
    await _answer(
        request, _described(request, parts.sessions.access.authenticate(token)), _cookie(request, token, round(seconds))
    )


async def sign_out(request: Request) -> None:
    """`POST /api/sign-out`: whoever asks is out afterwards, known or not."""
    identity = request.identity
    # A share link belongs to all who have it: none of them ends it for the others.
    if identity.only is None and identity.token is not None and identity.expires is not None:
        await request.parts.revoked.token(identity.token, identity.expires)
        _note(request, Action.SIGNED_OUT, identity.user)
    await _answer(request, {"user": None}, _cookie(request, "", 0))


async def me(request: Request) -> None:
    """`GET /api/me`."""
    await _answer(request, _described(request, request.identity))


async def ticket(request: Request) -> None:
    """`POST /api/tickets`."""
    limits = request.parts.sessions.limits
    made = _grants(request).ticket(request.identity, limits.ticket_seconds)
    await _answer(request, {"ticket": made, "seconds": limits.ticket_seconds})


async def share(request: Request) -> None:
    """`POST /api/shares`."""
    fields = await _fields(request)
    channel = channel_name(fields.get("channel"))
    seconds = fields.get("seconds", _SHARE_SECONDS)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 1 <= seconds <= _LONGEST_SHARE:
        raise PeerError(f"seconds is a number from 1 to {_LONGEST_SHARE:.0f}", details={"field": "seconds"})
    expires = request.parts.clock.now() + seconds
    grants = _grants(request)
    made = grants.share(channel, expires)
    id, by = grants.identity(take_apart(made)).token or "", request.identity.user
    await request.parts.shared.add(Share(id, channel, by, request.parts.clock.now(), expires))
    _note(request, Action.SHARED, by, channel, id=id)
    # Behind a `#`, where no server and no log sees it.
    url = f"/?channel={quote(channel, safe='')}#token={made}"
    await _answer(request, {"id": id, "channel": channel, "token": made, "url": url, "expires": expires})


async def shares(request: Request) -> None:
    """`GET /api/shares`: without a token, which was shown once."""
    _grants(request)
    await _answer(request, {"shares": [asdict(share) for share in await request.parts.shared.newest_first()]})


async def unshare(request: Request) -> None:
    """`DELETE /api/shares/{id}`."""
    _grants(request)
    share = await request.parts.shared.find(request.subject)
    if share is None:
        raise HeadwayError(f"there is no share link {request.subject!r} that counts", code=Code.NOT_FOUND)
    await request.parts.revoked.token(share.id, share.expires)
    _note(request, Action.REVOKED, request.identity.user, share.channel, id=share.id)
    await _answer(request, {"id": share.id, "channel": share.channel})


async def revoke(request: Request) -> None:
    """`POST /api/revocations`."""
    parts = request.parts
    if parts.sessions.access.open:
        raise HeadwayError(
            "nothing is revoked where nobody needs a token; see the setting 'secret'", code=Code.NOT_SET_UP
        )
    fields = await _fields(request)
    token, user = fields.get("token"), fields.get("user")
    if isinstance(user, str) and 1 <= len(user) <= _NAME_CHARACTERS and token is None:
        await parts.revoked.user(user, parts.clock.now())
        _note(request, Action.REVOKED, request.identity.user, user)
        await _answer(request, {"user": user})
        return
    if not isinstance(token, str) or user is not None:
        raise PeerError('name what to revoke: {"token": …} or {"user": …}')
    try:
        identity = parts.sessions.access.authenticate(token)
    except Unauthorized as error:  # not of who asks, who is known: 401 would tell that one to sign in anew
        raise PeerError(f"this token counts for nothing already: {error}", details={"field": "token"}) from error
    if identity.token is None or identity.expires is None:
        raise PeerError("this token has no id (jti) to revoke it by; revoke its user")
    await parts.revoked.token(identity.token, identity.expires)
    _note(request, Action.REVOKED, request.identity.user, identity.user)
    await _answer(request, {"id": identity.token, "user": identity.user})


def _note(request: Request, action: Action, user: str | None, target: str | None = None, **more: str) -> None:
    request.parts.watch.note(action, user=user, target=target, address=client_of(request.scope), **more)


async def _fields(request: Request) -> dict[str, Any]:  # Any: JSON
    body = await read_body(request.scope, request.receive, _BODY_BYTES, limits=request.parts.sessions.limits)
    try:
        fields = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PeerError(f"the body is not JSON: {error}", code=Code.BAD_JSON) from error
    if not isinstance(fields, dict):
        raise PeerError("the body is an object")
    return fields


def _charge(request: Request, *names: str) -> None:
    sign_ins, now = request.parts.sign_ins, request.parts.clock.monotonic()
    taken = [sign_ins.take(name, now) for name in names]
    if all(taken):
        return
    request.parts.sessions.figures.limits.add("sign_in_burst")
    wait = max(1, math.ceil(max(sign_ins.wait(name, now) for name in names)))
    raise Overloaded(
        f"too many tries to sign in; wait {wait} s and try again",
        code=Code.TOO_MANY,
        details={"limit": "sign_in_burst", "retry_after": wait},
    )


def _grants(request: Request) -> Grants:
    if request.parts.grants is None:
        raise HeadwayError("this needs a secret to sign with; see the setting 'secret'", code=Code.NOT_SET_UP)
    return request.parts.grants


def _described(request: Request, identity: Identity) -> dict[str, Any]:  # Any: JSON
    return {
        "user": identity.user,
        "role": identity.role.value,
        "channels": [identity.only] if identity.only is not None else list(identity.readable),
        "publish": [] if identity.only is not None else list(identity.writable),
        "expires": identity.expires,
        "apps": list(request.parts.apps),
    }


def _cookie(request: Request, token: str, seconds: int) -> list[tuple[bytes, bytes]]:
    value = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}"
    return [(b"set-cookie", (value + "; Secure" if secure(request.scope) else value).encode())]


async def _answer(request: Request, fields: dict[str, Any], headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await answer(request.send, 200, msgspec.json.encode(fields), _NO_STORE + (headers or []))
