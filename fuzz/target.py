"""What is fed, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Target", "require"]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that reads what strangers send."""

    name: str
    check: Callable[[bytes], None]
    """Feed it one input. Raises whatever it should not have raised, or `AssertionError` for what should have held."""
    seeds: tuple[bytes, ...]
    """Inputs to begin with, and those that found a bug once: the test suite runs them all."""


def require(holds: object, what: str) -> None:
    """As `assert`, which an optimising interpreter leaves out."""
    if not holds:
        raise AssertionError(what)
