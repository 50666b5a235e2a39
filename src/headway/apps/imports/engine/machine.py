"""Whether the machine went down since: a name that is another one after each of its starts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["boot_id"]

_LINUX: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id(path: Path = _LINUX) -> str:
    """The name of this start of the machine; empty where the system has none. Then nothing is known, and a power cut
    may leave rows, of which the last second's tries were lost, to the policy for users who are there."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
