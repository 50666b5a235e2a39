"""The plugin for pytest: a run that can be watched, and that is the same whoever watches."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.integrations.watched import Finished, Watched, asked, command, request, watched

# pytest within pytest, and under xdist twice of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

ALL_SORTS = """
import pytest

def test_passes():
    pass

def test_fails():
    assert 1 == 2, "password=hunter22"

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass

@pytest.mark.xfail(reason="known")
def test_xfails():
    assert False

@pytest.mark.xfail
def test_xpasses():
    pass

@pytest.fixture
def no_disk():
    raise OSError("no disk")

def test_without_disk(no_disk):
    pass

@pytest.fixture
def leaves_something():
    yield
    raise OSError("not empty")

def test_leaves(leaves_something):
    pass

def test_in_parts(subtests):
    for n in range(3):
        with subtests.test(n=n):
            assert n != 1
"""

COUNTS = {"passed": 1, "failed": 2, "skipped": 1, "xfailed": 1, "xpassed": 1, "error": 2}

HOLDS = """
import pathlib, time, pytest

def test_holds():
    here = pathlib.Path(__file__).parent
    (here / "holding").touch()
    while not (here / "go").exists():
        time.sleep(0.005)

def test_after():
    pass
"""


async def run(server: Address | None, *arguments: str, cwd: Path, **settings: str) -> Finished:
    """Run pytest as somebody would whose project this is not."""
    plain = [
        "-c",
        "/dev/null",
        "--rootdir",
        str(cwd),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-p",
        "no:asyncio",
    ]
    return await command(server, sys.executable, "-m", "pytest", *plain, *arguments, cwd=cwd, **settings)


async def only(server: Address) -> Watched:
    """The one task that there is."""
    (task,) = (await watched(server)).values()
    return task


@pytest.mark.parametrize("parallel", [(), ("-n", "2")], ids=["alone", "xdist"])
async def test_a_run_is_a_task(parallel: tuple[str, ...], server: Address, tmp_path: Path) -> None:
    """The run is one task whose counts are by outcome, with an item for each test that did not pass; secrets in
    messages are left out. Under xdist it is the same."""
    (tmp_path / "test_sorts.py").write_text(ALL_SORTS)
    finished = await run(server, *parallel, cwd=tmp_path)

    assert finished.status == 1
    task = await only(server)
    assert f"headway: {server.http('/')}#channel=task:{task.state['task']}" in finished.out
    assert (task.state["total"], task.state["done"], task.state["unit"]) == (8, 8, "tests")
    assert task.state["counts"] == COUNTS
    assert task.state["status"] == "failed"
    assert "2 failed" in task.state["error"]["message"]
    assert task.state["current"].startswith("test_sorts.py::test_")
    told = {name.removeprefix("test_sorts.py::"): item["outcome"] for name, item in task.items().items()}
    assert told == {
        "test_fails": "failed",
        "test_skipped": "skipped",
        "test_xfails": "xfailed",
        "test_xpasses": "xpassed",
        "test_without_disk": "error",
        "test_leaves": "error",
        "test_in_parts": "failed",
    }
    fails = task.items()["test_sorts.py::test_fails"]
    assert fails["message"] == "AssertionError: password=***\nassert 1 == 2"
    assert (fails["where"], fails["phase"]) == ("test_sorts.py:7", "call")
    assert task.items()["test_sorts.py::test_skipped"]["message"] == "Skipped: not today"


ENDINGS: Mapping[str, tuple[str, tuple[str, ...], int, str, str | None]] = {
    "passed": ("def test(): pass", (), 0, "completed", None),
    "stopped at the first failure": (
        "def test_a(): assert 0\ndef test_b(): pass",
        ("-x",),
        1,
        "failed",
        "1 failed; stopping after 1 failures; exit status 1",
    ),
    "not to be read": ("import no_such_module", (), 2, "failed", "1 error during collection; exit status 2"),
    "without tests": ("", (), 5, "failed", "no tests were found; exit status 5"),
    "ended by pytest.exit": ("import pytest\ndef test(): pytest.exit('enough')", (), 2, "cancelled", None),
    "ended by Ctrl-C": (
        "import signal\ndef test(): signal.raise_signal(signal.SIGINT)",
        (),
        2,
        "cancelled",
        None,
    ),
    "with a worker that died": (
        "import os\ndef test(): os._exit(9)",
        ("-n", "1", "--max-worker-restart", "0"),
        1,
        "failed",
        "1 failed; exit status 1",
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
async def test_how_a_run_ends(how: str, server: Address, tmp_path: Path) -> None:
    """The end of the task says how the run ended, and the exit status is pytest's own."""
    program, arguments, code, status, why = ENDINGS[how]
    (tmp_path / "test_it.py").write_text(program)
    finished = await run(server, *arguments, cwd=tmp_path)

    assert finished.status == code, finished.out
    state = (await only(server)).state
    error = state["error"]
    assert (state["status"], None if error is None else error["message"]) == (status, why)


async def test_what_cannot_be_read_is_an_item(server: Address, tmp_path: Path) -> None:
    """A file that cannot be imported is told as an error, with why."""
    (tmp_path / "test_it.py").write_text("import no_such_module")
    await run(server, cwd=tmp_path)

    item = (await only(server)).items()["test_it.py"]
    assert (item["outcome"], item["phase"]) == ("error", "collect")
    assert "no_such_module" in item["message"]


async def test_tests_that_are_tried_again(server: Address, tmp_path: Path) -> None:
    """A plugin that runs a test again counts it once; what it says between the tries are items."""
    (tmp_path / "test_it.py").write_text("def test(): pass")
    (tmp_path / "conftest.py").write_text(
        """
import pytest
from _pytest.runner import runtestprotocol

def pytest_report_teststatus(report):
    if report.outcome == "rerun":
        return "rerun", "R", "RERUN"

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    first, *_ = runtestprotocol(item, log=False, nextitem=item)
    first.outcome = "rerun"
    item.ihook.pytest_runtest_logreport(report=first)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
"""
    )
    await run(server, cwd=tmp_path)

    task = await only(server)
    assert (task.state["done"], task.state["counts"], task.state["status"]) == (1, {"passed": 1}, "completed")
    assert [item["outcome"] for item in task.of("task_item")] == ["rerun"]


@pytest.mark.parametrize("parallel", [(), ("-n", "1")], ids=["alone", "xdist"])
async def test_cancel(parallel: tuple[str, ...], server: Address, tmp_path: Path) -> None:
    """A cancel ends the run after the test that runs, as an interruption."""
    (tmp_path / "test_it.py").write_text(HOLDS + "\n".join(f"def test_{n}(): pass" for n in range(5)))
    running = asyncio.create_task(run(server, *parallel, cwd=tmp_path))
    await wait_until((tmp_path / "holding").exists, within=45)
    await _asked(server, "cancel")
    (tmp_path / "go").touch()
    finished = await running

    assert finished.status == 2
    task = await only(server)
    assert task.state["status"] == "cancelled"
    assert task.state["done"] < 7
    assert task.lines() == ["cancelled in Headway"]


async def test_pause_holds_between_tests(server: Address, tmp_path: Path) -> None:
    """A pause holds the run before the next test, outside of that test's timeout; a resume lets it go on."""
    (tmp_path / "test_it.py").write_text(HOLDS)
    running = asyncio.create_task(run(server, "--timeout", "5", cwd=tmp_path))
    await wait_until((tmp_path / "holding").exists, within=45)
    await _asked(server, "pause")
    (tmp_path / "go").touch()

    async def paused() -> bool:
        return bool((await only(server)).state["status"] == "paused")

    await wait_until(paused)
    assert (await only(server)).state["done"] == 1
    await request(server, (await only(server)).state["task"], "resume")

    assert (await running).status == 0
    assert (await only(server)).state["done"] == 2


async def _asked(server: Address, action: str) -> None:
    async def begun() -> bool:
        return bool(await watched(server))

    await wait_until(begun)
    (name,) = await watched(server)
    await asked(server, name, action)


async def test_the_name(server: Address, tmp_path: Path) -> None:
    """The run is called by its folder and what was asked to run of it, or as --headway-name says."""
    (tmp_path / "test_it.py").write_text("def test(): pass")
    await run(server, "test_it.py", "-q", cwd=tmp_path)
    await run(server, "--headway-name", "nightly", cwd=tmp_path)

    assert list(await watched(server)) == [f"pytest {tmp_path.name} test_it.py", "nightly"]


async def test_the_option(server: Address, tmp_path: Path) -> None:
    """--headway names the server; without it and without HEADWAY_URL nothing is told. A list of tests is no run."""
    (tmp_path / "test_it.py").write_text("def test(): pass")
    unseen = await run(None, cwd=tmp_path)
    await run(server, "--collect-only", cwd=tmp_path)
    assert await watched(server) == {}
    assert "headway:" not in unseen.out
    await run(None, "--headway", server.http(""), cwd=tmp_path)

    assert (await only(server)).state["status"] == "completed"


async def test_without_a_server(tmp_path: Path) -> None:
    """Where nobody listens the run is what it would have been: same status, same counts."""
    (tmp_path / "test_sorts.py").write_text(ALL_SORTS)
    away = await run(None, "--headway", "http://127.0.0.1:9", cwd=tmp_path)
    without = await run(None, cwd=tmp_path)

    assert away.status == without.status == 1
    assert away.out.splitlines()[-1].split(" in ")[0] == without.out.splitlines()[-1].split(" in ")[0]
    assert "INTERNALERROR" not in away.out


async def test_a_url_that_is_none(tmp_path: Path) -> None:
    """A URL that cannot be understood is said in one line, and the tests run."""
    (tmp_path / "test_it.py").write_text("def test(): pass")
    finished = await run(None, "--headway", "ftp://elsewhere", cwd=tmp_path)

    assert finished.status == 0
    assert "headway: not everything was told (UsageError" in finished.out


async def test_killed(server: Address, tmp_path: Path) -> None:
    """A run that is stopped with Ctrl-C from outside is cancelled before pytest ends."""
    (tmp_path / "test_it.py").write_text(HOLDS)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", "test_it.py"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"HEADWAY_URL": server.http("")},
    )
    await wait_until((tmp_path / "holding").exists, within=45)
    child.send_signal(signal.SIGINT)
    await child.communicate()

    assert child.returncode == 2
    assert (await only(server)).state["status"] == "cancelled"
