"""A data folder for as long as a demo lives.

    headway-demo-4711-x8k2q1/       in the folder for temporary files; 4711 is the process it belongs to
        demo.lock                   held with `flock` by that process; the kernel lets go when it ends

Whoever was killed cannot tidy up, so the next demo does: it removes what belongs to no process that lives. A process id
is given away again, and means nothing in another container: so the lock has to be free as well. Browsers that login
tests of a dead demo had are ended, too: their leases are in its folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from headway.browsers.leases import sweep
from headway.errors import StorageError

__all__ = ["PREFIX", "remove_stale", "temporary_folder"]

PREFIX: Final = "headway-demo-"
_NAME: Final = re.compile(re.escape(PREFIX) + r"(?P<process>\d{1,10})-.+")
_LOCK: Final = "demo.lock"
_BROWSERS: Final = Path("monitor", "browsers")
"""Where the monitor keeps the leases of its browsers."""


@contextlib.contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder that only this user can read, and that is gone when the block ends. Removes what earlier demos left
    behind. Raises `StorageError`."""
    parent = parent or Path(tempfile.gettempdir())
    remove_stale(parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    except OSError as error:
        raise StorageError(f"no folder can be made in {parent}: {error.strerror}; set TMPDIR to another") from error
    try:
        with _locked(folder):
            yield folder
    finally:
        _remove(folder)


def remove_stale(parent: Path) -> list[Path]:
    """Remove the folders of demos that are dead. What cannot be removed is left to whoever may. Returns those that are
    gone."""
    return [folder for folder in _folders(parent) if _stale(folder) and _remove(folder)]


def _folders(parent: Path) -> list[Path]:
    try:
        return [path for path in sorted(parent.iterdir()) if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def _stale(folder: Path) -> bool:
    named = _NAME.fullmatch(folder.name)
    assert named is not None  # it was found by its name
    try:
        # Not through a link, and not what another user laid out for us.
        if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
            return False
    except OSError:
        return False
    return not _lives(int(named["process"])) and _unlocked(folder)


def _lives(process: int) -> bool:
    if process == os.getpid():
        return False  # it had our id before us: ours is not made yet
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return process > 0


def _unlocked(folder: Path) -> bool:
    """Whether nobody holds the lock; so it is where somebody was killed before there was one."""
    try:
        with _locked(folder):
            return True
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def _remove(folder: Path) -> bool:
    sweep(folder / _BROWSERS)  # of owners that live nothing is touched
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
