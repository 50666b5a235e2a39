"""What the formats of others have in common: variables of the environment, and values of the wrong kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headway.errors import UsageError

__all__ = ["clamped", "in_headers", "nothing_else", "number", "text", "texts"]

Json = Any  # any JSON value


def text(data: Mapping[str, Json], name: str, default: str = "") -> str:
    """A member that is a text. A number is one too: `name: 7`. Raises `UsageError`."""
    value = data.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{name}: it is no text")
    return str(value)


def texts(data: Mapping[str, Json], name: str) -> list[str]:
    """A member that is a list of texts. Raises `UsageError`."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str | int | float) for one in value):
        raise UsageError(f"{name}: it is no list of texts")
    return [str(one) for one in value]


def number(data: Mapping[str, Json], name: str) -> float | None:
    """A member that is a number. Raises `UsageError`."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}(\.\d{1,6})?", value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{name}: it is no number")
    return float(value)


def clamped(value: float, least: int, most: int) -> int:
    """The nearest whole number within bounds."""
    return max(least, min(most, round(value)))


def in_headers(value: str, variable: re.Pattern[str]) -> str:
    """The value of a header with their variables as our placeholders; what is plain stays plain. A pattern has a group
    `name`; where it is empty, the match stands for a dollar."""

    def ours(match: re.Match[str]) -> str:
        name = match["name"] or match.groupdict().get("braced")
        return f"${{env:{name}}}" if name else "$"

    pieces, at = [], 0
    for match in variable.finditer(value):
        pieces += [_plain(value[at : match.start()]), ours(match)]
        at = match.end()
    return _doubled([*pieces, _plain(value[at:])])


def nothing_else(where: str, value: Json, variable: re.Pattern[str]) -> Json:
    """A value outside the headers, with their doubled dollars as one. Raises `UsageError` where it has a variable: only
    headers are filled in."""
    if isinstance(value, str):

        def refused(match: re.Match[str]) -> str:
            if name := match["name"] or match.groupdict().get("braced"):
                raise UsageError(
                    f"{where}: it takes {name} from the environment, and Headway puts variables into headers only"
                )
            return "$"

        return variable.sub(refused, value)
    if isinstance(value, dict):
        return {key: nothing_else(f"{where}.{key}", inner, variable) for key, inner in value.items()}
    if isinstance(value, list):
        return [nothing_else(where, inner, variable) for inner in value]
    return value


def _plain(piece: str) -> str:
    return piece.replace("${", "$${")


def _doubled(pieces: list[str]) -> str:
    """Together; a dollar of ours that comes to stand before a brace is a plain one."""
    joined = ""
    for piece in pieces:
        joined = joined[:-1] + "$$" + piece if joined.endswith("$") and piece.startswith("{") else joined + piece
    return joined
