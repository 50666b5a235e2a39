"""What belongs to one browser, on the disk, so that nothing outlives its owner for good.

    <folder>/<random name>/
        lease.json     {"owner": {"pid": 4711, "started": 1700000000.25}, "temporary": "/tmp/headway-…"}
        profile/       what the browser writes
    <temporary>/       its temporary files. Not in the folder: Chromium makes a socket there, and the path of a socket
                       has at most 107 bytes

The folder is the home folder (`HOME`) of the driver and its browser, and in it lies the browser's profile. So the
processes of a browser are found by the name of its folder, which nobody can guess: a lease needs no number that may
belong to somebody else by now. Whoever starts browsers sweeps first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from headway.browsers.processes import Mark, end, mark

__all__ = ["Lease", "Swept", "sweep", "take"]

_NAME: Final = "lease.json"
_PREFIX: Final = "headway-browser-"
_NAME_PART: Final = 12
"""Characters of the name that the temporary folder bears too: 48 bits of a name in hexadecimal digits."""
_LONG: Final = 30
"""A system's folder of temporary files above which the socket's path would be too long (macOS has 49 and more)."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The folder of one browser."""

    folder: Path
    temporary: Path

    @property
    def profile(self) -> Path:
        """Where the browser writes."""
        return self.folder / "profile"

    def give_back(self) -> None:
        """Remove the folder and all in it; blocks. Its processes must be gone."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Content:
    owner: Mark
    temporary: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found."""

    browsers: int
    """Leases whose owner was dead."""
    processes: int
    """Groups of processes that still lived, and were ended."""


def take(folder: Path, name: str) -> Lease:
    """Make the folder of a browser that this process owns, readable by nobody else; blocks."""
    lease = Lease(folder.resolve() / name, _temporary() / f"{_PREFIX}{name[:_NAME_PART]}")
    folder.mkdir(parents=True, exist_ok=True)
    lease.folder.mkdir(mode=0o700)
    # At once: a sweep of another process reads a whole lease or none.
    fresh = lease.folder / f".{_NAME}"
    fresh.write_bytes(msgspec.json.encode(_Content(mark(), str(lease.temporary))))
    fresh.replace(lease.folder / _NAME)
    lease.profile.mkdir()
    lease.temporary.mkdir(mode=0o700)
    return lease


def _temporary() -> Path:
    system = Path(tempfile.gettempdir())
    return system if len(str(system)) <= _LONG else Path("/tmp")


def sweep(folder: Path) -> Swept:
    """End what dead owners left in this folder; blocks. What has an owner, or no lease, is not touched."""
    browsers = processes = 0
    for file in sorted(folder.resolve().glob(f"*/{_NAME}")):
        content = _read(file)
        if content is None or content.owner.alive:
            continue
        browsers += 1
        for group in _groups(file.parent):
            end(group)
            processes += 1
        Lease(file.parent, Path(content.temporary)).give_back()
    return Swept(browsers, processes)


def _read(file: Path) -> _Content | None:
    try:
        content = msgspec.json.decode(file.read_bytes(), type=_Content)
    except FileNotFoundError:
        return None  # given back meanwhile
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        # Leases are written at once: a torn one was left by a machine that lost its power, and nobody owns it.
        return _Content(Mark(0, 0.0), str(file.parent))
    # Only what looks like ours is removed, whatever stands in the file.
    ours = Path(content.temporary).name.startswith(_PREFIX)
    return content if ours else _Content(content.owner, str(file.parent))


def _groups(folder: Path) -> set[int]:
    found: set[int] = set()
    for process in psutil.process_iter():
        # Processes of others may not be looked at, and come and go.
        with contextlib.suppress(OSError, psutil.Error):
            if _is_of(process, folder):
                found.add(os.getsid(process.pid))
    # Everybody who was started by us has a session of its own; ending ours would end whoever sweeps.
    return found - {os.getsid(0)}


def _is_of(process: psutil.Process, folder: Path) -> bool:
    profile = f"--user-data-dir={folder}{os.sep}"
    return any(argument.startswith(profile) for argument in process.cmdline()) or (
        process.environ().get("HOME") == str(folder)
    )
