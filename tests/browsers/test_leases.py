"""What a dead owner left, and how it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from headway.browsers.leases import Swept, sweep, take
from headway.browsers.processes import Mark, end, mark

_OWNER = """
import subprocess, sys
from pathlib import Path
from headway.browsers.leases import take
lease = take(Path(sys.argv[1]), "abc")
child = subprocess.Popen(
    [sys.executable, "-c", "import os, time; os.fork(); print(flush=True); time.sleep(600)"],
    env={"HOME": str(lease.folder)}, start_new_session=True, stdout=subprocess.PIPE,
)
child.stdout.readline(); child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_sweep_ends_what_a_killed_owner_left(tmp_path: Path) -> None:
    """After `kill -9` of the owner its browsers' processes, profiles and temporary files are gone by the next sweep."""
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        leader = psutil.Process(int(owner.stdout.readline()))
        family = [leader, *leader.children()]
        before = sweep(tmp_path)
        owner.send_signal(signal.SIGKILL)
    after = sweep(tmp_path)

    assert before == Swept(0, 0)
    assert len(family) == 2
    assert after == Swept(1, 1)
    assert [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    assert list(tmp_path.iterdir()) == []


def test_what_has_an_owner_stays(tmp_path: Path) -> None:
    """A lease of a process that lives is not touched, and neither is a folder without one."""
    lease = take(tmp_path, "mine")
    (tmp_path / "other").mkdir()

    assert sweep(tmp_path) == Swept(0, 0)
    assert lease.profile.is_dir()
    assert lease.temporary.is_dir()
    lease.give_back()
    assert [file.name for file in tmp_path.iterdir()] == ["other"]
    assert not lease.temporary.exists()


def test_a_lease_that_cannot_be_read_has_no_owner(tmp_path: Path) -> None:
    """A torn lease is swept, and nothing outside of its folder is removed on its word."""
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "lease.json").write_text("{")
    (tmp_path / "liar").mkdir()
    (tmp_path / "kept").mkdir()
    lie = f'{{"owner": {{"pid": 0, "started": 0}}, "temporary": "{tmp_path / "kept"}"}}'
    (tmp_path / "liar" / "lease.json").write_text(lie)

    assert sweep(tmp_path) == Swept(2, 0)
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_mark_is_of_one_process() -> None:
    """A number that is used again by another process is not alive, nor is one that nobody has."""
    here = mark()

    assert here.alive
    assert not Mark(here.pid, here.started - 100.0).alive
    assert not Mark(2**22 + 1, here.started).alive


def test_the_end_of_a_group_is_waited_for() -> None:
    """Everybody in it is killed and buried, and asking again is nothing."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, text=True)

    assert end(child.pid, child)
    assert child.wait() == -signal.SIGKILL
    assert end(child.pid)
    assert os.getpgid(0) != child.pid
