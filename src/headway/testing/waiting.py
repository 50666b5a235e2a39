"""Waiting for what must come to pass, instead of sleeping until it probably has."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Final

__all__ = ["wait_until"]

_PAUSE: Final = 0.005
"""Between two looks: short beside anything a test waits for, long enough to let the others work."""


async def wait_until(condition: Callable[[], bool | Awaitable[bool]], *, within: float = 10.0) -> None:
    """Return as soon as the condition holds. Raises `AssertionError` with its text if it never does. Cancel freely."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        held = condition()
        if inspect.isawaitable(held):
            held = await held
        if held:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"this did not come to pass within {within:g} s: {_text(condition)}")
        await asyncio.sleep(_PAUSE)


def _text(condition: Callable[[], object]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):
        return repr(condition)
