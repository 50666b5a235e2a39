"""What people are told beside the result: on stderr, in sentences; and how a command exits.

0    done; of a task that was followed to its end: it completed
1    it failed: the server could not be reached, or made a mistake; of a task: it failed
2    it could not begin: the call, the settings or the folder have to change
3    a token is needed, or another one; of a task: it was cancelled
130  Ctrl-C
"""

from __future__ import annotations

import sys
from datetime import datetime
from enum import IntEnum

from headway.access.identity import Unauthorized
from headway.client.endings import Refused
from headway.errors import HeadwayError, StorageError, UsageError
from headway.tasks.model import Status

__all__ = ["Exit", "clock_of", "complain", "exit_of", "exit_of_task", "note", "sentence_of", "visible"]


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TOKEN = 3


def complain(sentence: str) -> None:
    """Say what went wrong."""
    print(f"headway: {visible(sentence)}", file=sys.stderr, flush=True)


def note(sentence: str) -> None:
    """Say what is going on."""
    print(visible(sentence), file=sys.stderr, flush=True)


def visible(text: str) -> str:
    """The text without anything that could steer a terminal: parts of it come from the network."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def clock_of(timestamp: str) -> str:
    """The time of day of an event, on this machine's clock."""
    return f"{datetime.fromisoformat(timestamp).astimezone():%H:%M:%S}"


def sentence_of(error: HeadwayError) -> str:
    """The error in words, with what to do where only the command line knows it."""
    if isinstance(error, Refused) and error.token:
        return f"{error}; give a valid token with --token or HEADWAY_TOKEN"
    return str(error)


def exit_of(error: HeadwayError) -> Exit:
    """The exit code of an error."""
    match error:
        case Refused() if error.token:
            return Exit.TOKEN
        case Unauthorized():
            return Exit.TOKEN
        case UsageError() | StorageError():
            return Exit.USAGE
        case Refused() if 400 <= error.code.status < 500:
            return Exit.USAGE
        case _:
            return Exit.FAILED


def exit_of_task(status: Status) -> int:
    """The exit code of who followed a task to its end."""
    match status:
        case Status.FAILED:
            return 1
        case Status.CANCELLED:
            return 3
        case _:
            return 0
