"""How much memory a thing holds: it and all it refers to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from types import FunctionType, MethodType, ModuleType

__all__ = ["held"]


def held(thing: object) -> int:
    """Bytes of the thing and of everything only reachable values hold. Classes, functions and enum members are
    everybody's, so they count for nothing."""
    seen: set[int] = set()
    waiting, size = [thing], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | FunctionType | MethodType | ModuleType | Enum):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        waiting.extend(_inside(one))
    return size


def _inside(thing: object) -> Iterator[object]:
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif not isinstance(thing, str | bytes | bytearray | int | float | None):
        yield from vars(thing).values() if hasattr(thing, "__dict__") else ()
        for kind in type(thing).__mro__:
            for name in getattr(kind, "__slots__", ()):
                if hasattr(thing, name):
                    yield getattr(thing, name)
