"""The demo's data folder: gone afterwards, whichever way the demo ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headway.demo.folder import PREFIX, remove_stale, temporary_folder
from headway.errors import StorageError

HOLDING = """
import sys
from pathlib import Path
from headway.demo.folder import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""

BROWSING = """
import subprocess, sys
from pathlib import Path
from headway.browsers.leases import take
from headway.demo.folder import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    lease = take(folder / "monitor" / "browsers", "abcdefabcdefabcdef")
    wait = [sys.executable, "-c", "import signal; signal.pause()"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    home = {"HOME": str(lease.folder)}
    subprocess.Popen(wait, **quiet, env=home, start_new_session=True, pass_fds=[int(sys.argv[2])])
    print(lease.temporary, flush=True)
    sys.stdin.read()
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a folder until it is told to end, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None  # it is a pipe
    return process, Path(process.stdout.readline().strip())


def dead(parent: Path) -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_it_is_gone_when_the_block_ends(tmp_path: Path) -> None:
    """With everything in it, also where the block ended with an error."""

    def work() -> None:
        with temporary_folder(tmp_path) as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "events.sqlite3").write_text("data")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()

    assert list(tmp_path.iterdir()) == []


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    """Folders for temporary files are shared by all users of a machine."""
    with temporary_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.name.startswith(f"{PREFIX}{os.getpid()}-")


def test_what_a_killed_demo_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Who was killed cannot tidy up."""
    process, left = holder(tmp_path)
    process.kill()
    process.communicate()
    assert left.is_dir()

    with temporary_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_browser_that_a_killed_demo_left_is_ended_by_the_next(tmp_path: Path) -> None:
    """It would live on, and hold its folders."""
    own, theirs = os.pipe()  # ends when everybody who has its other end has: the browser is not our child
    process = subprocess.Popen(
        [sys.executable, "-c", BROWSING, str(tmp_path), str(theirs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(theirs,),
    )
    os.close(theirs)
    assert process.stdout is not None  # it is a pipe
    temporary = Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()

    with temporary_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert not temporary.exists()
    assert os.read(own, 1) == b""
    os.close(own)


def test_what_belongs_to_a_demo_that_lives_stays(tmp_path: Path) -> None:
    """Two demos run beside each other, and the end of one is nothing to the other."""
    process, theirs = holder(tmp_path)
    with temporary_folder(tmp_path):
        assert theirs.is_dir()

    assert list(tmp_path.iterdir()) == [theirs]
    process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_held_counts_more_than_a_process_id(tmp_path: Path) -> None:
    """In another container the process has another id, and lives all the same."""
    process, theirs = holder(tmp_path)
    elsewhere = theirs.rename(tmp_path / f"{PREFIX}{dead(tmp_path)}-container")

    assert remove_stale(tmp_path) == []
    assert elsewhere.is_dir()
    process.communicate()
    assert remove_stale(tmp_path) == [elsewhere]


def test_a_process_that_has_our_id_now_is_we(tmp_path: Path) -> None:
    """In a container each start may have the same id: what stands there under it is left over."""
    left = tmp_path / f"{PREFIX}{os.getpid()}-before"
    left.mkdir()

    assert remove_stale(tmp_path) == [left]


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    """Other names, files, links, and what belongs to a process that lives without a lock stay."""
    process = dead(tmp_path)
    (tmp_path / f"{PREFIX}notes").mkdir()
    (tmp_path / f"{PREFIX}{process}").mkdir()
    (tmp_path / f"{PREFIX}{process}-file").write_text("mine")
    (tmp_path / f"{PREFIX}{os.getppid()}-beginning").mkdir()
    (tmp_path / "real").mkdir()
    (tmp_path / f"{PREFIX}{process}-link").symlink_to(tmp_path / "real")
    before = sorted(tmp_path.iterdir())

    assert remove_stale(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == before


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(StorageError, match="set TMPDIR to another"), temporary_folder(tmp_path / "nowhere"):
        pass
