"""The memory of a process, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cpu_seconds", "peak_of", "resident"]


def resident(pid: int) -> int:
    """Bytes a process holds in memory now."""
    return _status(pid, "VmRSS")


def peak_of(pid: int) -> int:
    """The most bytes it ever held."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"there is no process {pid}, or it has ended")


def cpu_seconds(pid: int) -> float:
    """Seconds of a core a process has used, in hundredths, as the kernel counts for everybody (USER_HZ)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
