"""Those who sign in with a password: a file, written by `headway user`, read again whenever it was changed.

    {"users": {"ann": {"password": "$argon2id$…", "role": "operator", "channels": ["*"], "publish": [],
                       "created": "2026-01-31T09:30:00+00:00"}}}

The file is replaced as a whole: a new one is written beside it, forced to the disk, and renamed. So a reader sees the
old or the new one, never a part, and a server need not be told. Two writers wait for each other at `users.json.lock`.

What cannot be read is never taken for "nobody": opening raises, and a running server keeps what it read last, and says
so once. A file that is not there has nobody in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from headway.access.identity import Role
from headway.errors import StorageError, UsageError

__all__ = ["User", "Users", "user_name"]

logger = logging.getLogger("headway.users")

_NAME_CHARACTERS: Final = 64
"""A person's name or address fits; a page that shows it does not break."""

_HASH: Final = re.compile(r"\$argon2id?\$\S+")

Stamp = tuple[int, int, int, int]
"""What tells one state of a file from another, without reading it."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signs in with a password."""

    name: str
    password: str = field(repr=False)
    """Its hash, as `access.passwords` makes it."""
    role: Role = Role.VIEWER
    readable: tuple[str, ...] = ("*",)
    """Patterns of the channels to read."""
    writable: tuple[str, ...] = ()
    """Patterns of the channels to publish to."""
    created: str = ""
    """When, as ISO 8601."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user as the file has it, under the name. The patterns are called as in a token."""

    password: str
    role: Role = Role.VIEWER
    channels: tuple[str, ...] = ("*",)
    publish: tuple[str, ...] = ()
    created: str = ""

    def __post_init__(self) -> None:
        # The text of an error must not hold what stands there: it may be a password that somebody wrote by hand.
        if not _HASH.fullmatch(self.password):
            raise ValueError("the password is not hashed; `headway user passwd` sets one")


class _Content(msgspec.Struct, frozen=True):
    users: dict[str, _Entry]


class Users:
    """The users in one file."""

    def __init__(self, file: Path) -> None:
        """Read the file. Raises `StorageError` where it cannot be read or understood."""
        self._file = file
        self._stamp, self._users = _read(file)

    def find(self, name: str) -> User | None:
        """Who has this name, as the file says now."""
        self._refresh()
        return self._users.get(name)

    def names(self) -> tuple[str, ...]:
        """Everybody's name, as the file says now, in order."""
        self._refresh()
        return tuple(sorted(self._users))

    def add(self, user: User) -> bool:
        """Add somebody; False where somebody has the name already. On the disk when this returns. Raises `UsageError`,
        `StorageError`."""
        user_name(user.name)
        return user.name not in self._change(lambda users: {user.name: user, **users})

    def change(self, name: str, change: Callable[[User], User]) -> User | None:
        """Put what `change` makes of somebody in the place of it; None where nobody has the name. Raises
        `StorageError`."""
        before = self._change(lambda users: {**users, name: change(users[name])} if name in users else dict(users))
        return change(before[name]) if name in before else None

    def put(self, user: User) -> None:
        """Add somebody, or replace who has the name; on the disk when this returns. Raises `UsageError`,
        `StorageError`."""
        user_name(user.name)
        self._change(lambda users: {**users, user.name: user})

    def remove(self, name: str) -> bool:
        """Remove somebody; False where nobody has the name. Raises `StorageError`."""
        before = self._change(lambda users: {one: user for one, user in users.items() if one != name})
        return name in before

    def _refresh(self) -> None:
        stamp = _stamp_of(self._file)
        if stamp == self._stamp:
            return
        try:
            self._stamp, self._users = _read(self._file)
        except StorageError as error:
            # Said once for each state of the file, which is not read again.
            self._stamp = stamp
            logger.error("! %s; everybody signs in as before it was changed", error)

    def _change(self, change: Callable[[Mapping[str, User]], dict[str, User]]) -> Mapping[str, User]:
        """Replace the file. Returns who was there before."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(self._file.with_name(f"{self._file.name}.lock")):
                _, before = _read(self._file)
                users = change(before)
                if users != before:
                    _replace(self._file, _written(users))
        except OSError as error:
            raise StorageError(f"the users cannot be written to {self._file}: {error.strerror}") from error
        self._stamp, self._users = _read(self._file)
        return before


def user_name(name: str) -> str:
    """The name, if somebody may have it. Raises `UsageError`."""
    if not name or len(name) > _NAME_CHARACTERS or not name.isprintable() or name != name.strip():
        raise UsageError(f"a name is 1 to {_NAME_CHARACTERS} visible characters, with no space at either end")
    return name


def _read(file: Path) -> tuple[Stamp | None, dict[str, User]]:
    try:
        with file.open("rb") as opened:
            stamp, raw = _stamp(os.fstat(opened.fileno())), opened.read()
    except FileNotFoundError:
        return None, {}
    except OSError as error:
        raise StorageError(f"the users cannot be read from {file}: {error.strerror}") from error
    try:
        content = msgspec.json.decode(raw, type=_Content)
        return stamp, {user_name(name): _user(name, entry) for name, entry in content.users.items()}
    except (msgspec.DecodeError, UsageError, UnicodeError, RecursionError) as error:
        # Not from `error`: a traceback of it could show a part of the file.
        raise StorageError(f"the users cannot be read from {file}: {error}") from None


def _stamp_of(file: Path) -> Stamp | None:
    try:
        return _stamp(file.stat())
    except OSError:
        return None


def _stamp(of: os.stat_result) -> Stamp:
    return of.st_ino, of.st_mtime_ns, of.st_ctime_ns, of.st_size


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait for other writers. The kernel lets go when a process ends."""
    file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _user(name: str, entry: _Entry) -> User:
    return User(name, entry.password, entry.role, entry.channels, entry.publish, entry.created)


def _written(users: Mapping[str, User]) -> bytes:
    entries = {
        user.name: _Entry(user.password, user.role, user.readable, user.writable, user.created)
        for user in users.values()
    }
    return msgspec.json.format(msgspec.json.encode(_Content(entries), order="deterministic")) + b"\n"


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        beside.rename(file)
    except BaseException:  # whatever it was, nothing is left beside the file
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)
