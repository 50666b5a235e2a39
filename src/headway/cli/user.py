"""`headway user`: those who sign in with a password. Decides nothing: `server.users` keeps them, `access.passwords`
hashes.

A password comes from the terminal, asked twice and not shown, or from stdin; never from the command line, which other
users of the machine can read.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from getpass import getpass
from typing import Annotated, Any, Final

import msgspec
import typer

from headway.access.claims import patterns
from headway.access.identity import Role, Unauthorized
from headway.access.passwords import hashed
from headway.cli import flags
from headway.cli.options import Publish, Read, RoleOption, commands
from headway.cli.output import note, visible
from headway.errors import UsageError
from headway.server.settings import Settings
from headway.server.users import User, Users, user_name

__all__ = ["user"]

user = commands("Those who sign in at the browser with a password. A running server knows of each change at once.")

_PLACE: Final = ("config", "data", "users")
"""The settings that say where the file of users is."""

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Who signs in: 1 to 64 visible characters.", show_default=False)
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin, as one line.")]


@user.command()
@flags.taking(Settings, _PLACE)
def add(
    name: Name,
    role: RoleOption = Role.VIEWER,
    channel: Read = None,
    publish: Publish = None,
    password_stdin: PasswordStdin = False,
    **given: Any,  # Any: values of settings
) -> None:
    """Add somebody who signs in with a password.

    \b
    headway user add ann --role operator --channel 'run:*'
    """
    users = _users(given)
    if users.find(user_name(name)) is not None:
        raise UsageError(f"there is a user {name} already; `headway user passwd` changes the password")
    readable, writable = _patterns("--channel", channel, ("*",)), _patterns("--publish", publish, ())
    password = hashed(_password(name, password_stdin))
    users.put(User(name, password, role, readable, writable, datetime.now(UTC).isoformat(timespec="seconds")))
    note(f"added: {_line(name, users)}")


@user.command()
@flags.taking(Settings, _PLACE)
def passwd(name: Name, password_stdin: PasswordStdin = False, **given: Any) -> None:  # Any: values of settings
    """Change somebody's password.

    Browsers that signed in with the old one stay so until their time is over, twelve hours unless a limit says
    otherwise, or until somebody revokes them.
    """
    users = _users(given)
    before = _known(users, name)
    users.put(replace(before, password=hashed(_password(name, password_stdin))))
    note(f"changed the password of {name}")


@user.command()
@flags.taking(Settings, _PLACE)
def remove(name: Name, **given: Any) -> None:  # Any: values of settings
    """Remove somebody, who can then sign in no more.

    Browsers that signed in before stay so until their time is over, or until somebody revokes them.
    """
    users = _users(given)
    _known(users, name)
    users.remove(name)
    note(f"removed {name}")


@user.command("list")
@flags.taking(Settings, _PLACE)
def list_(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    **given: Any,  # Any: values of settings
) -> None:
    """List everybody, with what they may do."""
    users = _users(given)
    for name in users.names():
        print(msgspec.json.encode(_described(name, users)).decode() if json else visible(_line(name, users)))


def _patterns(flag: str, given: list[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns, such as a token may have them: a sign-in is one."""
    try:
        return patterns({flag: given or None}, flag, default)
    except Unauthorized as error:
        raise UsageError(str(error).replace("the token's ", "")) from None


def _users(given: dict[str, Any]) -> Users:  # Any: values of settings
    file = flags.settings_from(Settings, given).users_file
    if file is None:
        raise UsageError("events are in memory only, so there is no folder for users; name a file with --users")
    return Users(file)


def _known(users: Users, name: str) -> User:
    found = users.find(name)
    if found is None:
        raise UsageError(f"there is no user {name}; `headway user list` names those there are")
    return found


def _password(name: str, from_stdin: bool) -> str:
    if from_stdin:
        return _from_stdin()
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the password; --password-stdin reads it from a pipe")
    password = getpass(visible(f"Password for {name}: "))
    if getpass("The same again: ") != password:
        raise UsageError("these were two different passwords; nothing was changed")
    return password


def _from_stdin() -> str:
    try:
        password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeError:
        raise UsageError("the password is not text in UTF-8") from None
    if "\n" in password:
        raise UsageError("the password is one line")
    return password


def _described(name: str, users: Users) -> dict[str, object]:
    found = _known(users, name)
    return {
        "user": name,
        "role": found.role.value,
        "channels": found.readable,
        "publish": found.writable,
        "created": found.created,
    }


def _line(name: str, users: Users) -> str:
    found = _known(users, name)
    writes = ", ".join(found.writable) or "nothing"
    return f"{name}, {found.role.value}, reads {', '.join(found.readable)}, publishes {writes}"
