"""The applications that come with Headway, by name. Each is imported when it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from headway.apps.interface import App

__all__ = ["APPS", "applications"]

def _imports() -> App:
    from headway.apps.imports.app import Imports

    return Imports()


APPS: Final[Mapping[str, Callable[[], App]]] = {"imports": _imports}
"""How each is made."""


def applications(names: Collection[str]) -> list[App]:
    """Those that are wanted, in the order of the table."""
    return [make() for name, make in APPS.items() if name in names]
