"""Those who sign in with a password, for an administrator at a browser: what `headway user` does, over HTTP.

    GET    /api/users                                         {"users": [{"user", "role", "channels", "publish", …}]}
    POST   /api/users        {"user", "password", "role"?, "channels"?, "publish"?}       201, and who was added
    PATCH  /api/users/{user} {"password"?, "role"?, "channels"?, "publish"?}              who that is from now on
    DELETE /api/users/{user}                                                              {"user"}

Law: nobody goes on as who they were. A browser that signed in holds its role and its channels itself, so whoever is
changed or removed is put out everywhere: all that the user was given so far is revoked, and connections end (4001).
First the file is changed, then the rest revoked: what is given in between is revoked with it.

Nobody removes himself or takes a role from himself: the last administrator would lock everybody out.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from headway.access.claims import patterns
from headway.access.identity import Role, Unauthorized
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, PeerError, UsageError
from headway.server.audit import Action
from headway.server.request import Request
from headway.server.users import User, Users, user_name
from headway.transports.requests import answer, client_of, read_body

__all__ = ["add", "change", "find", "remove"]

_BODY_BYTES: Final = 64 * 1024
"""A thousand patterns of a usual length; a cookie holds far fewer."""
_NO_STORE: Final = [(b"cache-control", b"no-store")]

Body = TypeVar("Body")


class _Changed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different. What is missing stays."""

    password: str | None = None
    role: Role | None = None
    channels: list[str] | None = None
    publish: list[str] | None = None

    def of(self, user: User) -> User:
        """The user with it, but for the password. Raises `UsageError`."""
        return replace(
            user,
            role=self.role or user.role,
            readable=_patterns("channels", self.channels, user.readable),
            writable=_patterns("publish", self.publish, user.writable),
        )


class _Added(_Changed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody new."""

    user: str
    password: str


async def find(request: Request) -> None:
    """`GET /api/users`."""
    users = _users(request)
    found = filter(None, map(users.find, users.names()))
    await _answer(request, {"users": [_described(user) for user in found]})


async def add(request: Request) -> None:
    """`POST /api/users`."""
    users, wanted = _users(request), await _body(request, _Added)
    name = user_name(wanted.user)
    if users.find(name) is not None:
        raise _taken(name)
    created = datetime.fromtimestamp(request.parts.clock.now(), UTC).isoformat(timespec="seconds")
    user = wanted.of(User(name, "", created=created))
    _require_cookie(request, user)
    user = replace(user, password=await request.parts.hashing.hashed(wanted.password))
    if not await asyncio.to_thread(users.add, user):
        raise _taken(name)
    _note(request, name, "added")
    await _answer(request, _described(user), 201)


async def change(request: Request) -> None:
    """`PATCH /api/users/{user}`."""
    users, wanted = _users(request), await _body(request, _Changed)
    if wanted == _Changed():
        raise PeerError("say what to change: password, role, channels or publish")
    before = _known(users, request.subject)
    after = wanted.of(before)
    if request.identity.user == before.name and before.role is not after.role:
        raise Conflict("this is you; ask another administrator to change your role")
    _require_cookie(request, after)
    password = await request.parts.hashing.hashed(wanted.password) if wanted.password is not None else None

    def changed(user: User) -> User:
        return replace(wanted.of(user), password=password or user.password)

    changed_user = await asyncio.to_thread(users.change, before.name, changed)
    if changed_user is None:
        raise _unknown(before.name)
    await request.parts.revoked.user(before.name, request.parts.clock.now())
    what = [name for name in ("password", "role", "channels", "publish") if getattr(wanted, name) is not None]
    _note(request, before.name, "changed", fields=what)
    await _answer(request, _described(changed_user))


async def remove(request: Request) -> None:
    """`DELETE /api/users/{user}`."""
    users = _users(request)
    name = _known(users, request.subject).name
    if request.identity.user == name:
        raise Conflict("this is you; ask another administrator to remove you")
    if not await asyncio.to_thread(users.remove, name):
        raise _unknown(name)
    await request.parts.revoked.user(name, request.parts.clock.now())
    _note(request, name, "removed")
    await _answer(request, {"user": name})


def _users(request: Request) -> Users:
    parts = request.parts
    if parts.users is not None:
        return parts.users
    if parts.grants is None:
        raise HeadwayError("nobody signs in without a secret; set HEADWAY_SECRET", code=Code.NOT_SET_UP)
    raise HeadwayError("there is no file to keep users in; set HEADWAY_DATA or HEADWAY_USERS", code=Code.NOT_SET_UP)


def _require_cookie(request: Request, user: User) -> None:
    """Raise `UsageError` where no cookie could hold what this user may."""
    if request.parts.grants is not None:
        request.parts.grants.sign_in(user.name, user.role, user.readable, user.writable, 1.0)


def _patterns(name: str, given: list[str] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns, such as a token may have them: a sign-in is one."""
    try:
        return patterns({name: given}, name, before)
    except Unauthorized as error:
        raise UsageError(str(error).replace("the token's ", "")) from None


def _known(users: Users, name: str) -> User:
    found = users.find(name)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> HeadwayError:
    return HeadwayError(f"there is no user {name!r}", code=Code.NOT_FOUND)


def _taken(name: str) -> Conflict:
    return Conflict(f"there is a user {name!r} already", details={"field": "user"})


def _described(user: User) -> dict[str, Any]:  # Any: JSON
    return {
        "user": user.name,
        "role": user.role.value,
        "channels": list(user.readable),
        "publish": list(user.writable),
        "created": user.created,
    }


async def _body(request: Request, kind: type[Body]) -> Body:
    raw = await read_body(request.scope, request.receive, _BODY_BYTES, limits=request.parts.sessions.limits)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise PeerError(str(error)) from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        # Without what it was: a part of it may be a password.
        raise PeerError("the body is not JSON", code=Code.BAD_JSON) from None


def _note(request: Request, name: str, what: str, **more: object) -> None:
    request.parts.watch.note(
        Action.USERS_CHANGED,
        user=request.identity.user,
        target=name,
        address=client_of(request.scope),
        what=what,
        **more,
    )


async def _answer(request: Request, fields: dict[str, Any], status: int = 200) -> None:  # Any: JSON
    await answer(request.send, status, msgspec.json.encode(fields), _NO_STORE)
