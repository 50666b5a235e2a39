"""What a server was told to run with, for an administrator to read: every setting of the one declaration, where its
value came from, and what it means.

A secret is `…` where it is set, and so is what an address holds beyond its host. The origin is `default`,
`command line`, a variable of the environment, the file of settings, or `program`, which chose by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from headway.server.masking import masked
from headway.server.settings import Settings

__all__ = ["HIDDEN", "chosen"]

HIDDEN: Final = "…"
"""What stands for a secret that is set."""

Json = dict[str, Any]  # Any: JSON


def chosen(settings: Settings) -> list[Json]:
    """Every setting, in the order of the declaration."""
    return [
        {
            "name": name,
            "value": _shown(getattr(settings, name)),
            "default": _shown(field.default),
            "origin": settings.origin(name),
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


def _shown(value: object) -> Any:  # Any: JSON
    match value:
        case None | bool() | int() | float():
            return value
        case SecretStr():
            return HIDDEN
        case str():
            return _address(value) if "://" in value else masked(value)
        case Path():
            return str(value)
        case Mapping():
            return dict(sorted(value.items()))
        case frozenset():
            return sorted(map(str, value))
        case _:
            return str(value)


def _address(text: str) -> str:
    """The host of an address: what follows may be meant for nobody's eyes."""
    parts = urlsplit(text)
    rest = f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.hostname or HIDDEN}{rest}"
