"""Which channels a pattern covers: `*` stands for any run of characters, everything else for itself."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["covered"]


def covered(channel: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers the channel."""
    return any(pattern == "*" or _covers(pattern, channel) for pattern in patterns)


def _covers(pattern: str, channel: str) -> bool:
    """Not `fnmatch`, to which `[1]` and `?` mean more than themselves: these stand in names of channels."""
    first, *others = pattern.split("*")
    if not others:
        return pattern == channel
    last = others.pop()
    if len(channel) < len(first) + len(last) or not (channel.startswith(first) and channel.endswith(last)):
        return False
    at, end = len(first), len(channel) - len(last)
    for part in others:
        found = channel.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
