"""An import in words: what a command line says of one, and what is said of how it went. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from headway.cli.asking import Fields
from headway.cli.output import visible
from headway.errors import UsageError

__all__ = ["Ended", "code", "held", "mapping", "pair", "population", "summary", "target"]

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Ended(IntEnum):
    """Exit codes of their own."""

    WELL = 0
    FAILED = 1
    USAGE = 2
    REJECTS = 3
    CANCELLED = 4
    HELD = 5
    INTERRUPTED = 130


# What is given.


def pair(text: str) -> tuple[str, str]:
    """A column and its attribute. Raises `UsageError`."""
    column, equals, attribute = text.rpartition("=")
    if not equals or not column:
        raise UsageError(f"--map: a column and an attribute, such as Login=username, not {text!r}")
    return column, attribute.strip()


def population(given: str | None, create: bool) -> Fields | None:
    """The population that was chosen: an id or a name. Raises `UsageError`."""
    if given is None:
        if create:
            raise UsageError("--create-population: say its name with --population")
        return None
    return {"id": given} if _ID.fullmatch(given) else {"name": given, "create": create}


def target(known: Sequence[Fields], named: str | None, environment: str | None) -> Fields:
    """One of the targets that the server has. Raises `UsageError`."""
    if (named is None) == (environment is None):
        names = ", ".join(str(one["name"]) for one in known)
        raise UsageError(f"say where to import to, with --target or --environment; the server has: {names}")
    for one in known:
        if named is not None and (named == one["id"] or named.casefold() == one["name"].casefold()):
            return one
        if environment is not None and environment.lower() == one["environment"].lower():
            return one
    what = f"no target {named!r}" if named is not None else f"no target for the environment {environment}"
    names = ", ".join(str(one["name"]) for one in known)
    raise UsageError(f"the server has {what}; it has: {names}")


def mapping(upload: Fields, named: Sequence[tuple[str, str]]) -> dict[str, str | None]:
    """The proposed mapping, with what was said otherwise."""
    made: dict[str, str | None] = {one["column"]: one["attribute"] for one in upload["mapping"]}
    for column, attribute in named:
        if column not in made:
            raise UsageError(f"--map: the file has no column {column!r}; it has: {', '.join(made)}")
        for other, said in made.items():
            if attribute and said == attribute:
                made[other] = None  # what was only proposed gives way
        made[column] = attribute or None
    return made


# What is said.


def summary(state: Fields) -> str:
    """How it ended, in a line."""
    counts = {name.replace("_", " "): number for name, number in state["counts"].items() if number}
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items()) or "no rows"
    would = "Would be: " if state["dry_run"] else ""
    why = f" {state['stopped']['message']}" if state["stopped"] else ""
    return visible(f"{would}{told}. The import {_ENDS[state['status']]}.{why}")


_ENDS: Final = {"completed": "is complete", "failed": "has failed", "cancelled": "was cancelled"}


def held(run: str, state: Fields) -> list[str]:
    """Why it is paused, and what to do."""
    if state["stopped"]:
        return [
            f"The import is paused: {state['stopped']['message']}",
            f"To go on: headway import --resume {run}. To end it: headway task cancel {run}.",
        ]
    if state["question"]["kind"] == "population_conflict":
        return [
            "The import is paused: the file says where users go, and a population was chosen as well.",
            "Say on its page which one counts, or cancel it and leave one of them out.",
        ]
    names = ", ".join(state["question"].get("names", ()))
    return [
        f"The import is paused: the environment has no population called {names}.",
        "Say on its page where these users go, or cancel it and mend the file.",
    ]


def code(state: Fields) -> Ended:
    """The exit code of how it ended."""
    match state["status"]:
        case "cancelled":
            return Ended.CANCELLED
        case "completed":
            return Ended.REJECTS if state["counts"].get("failed") else Ended.WELL
        case _:
            return Ended.FAILED
