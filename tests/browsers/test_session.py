"""One browser, its thread, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver

from headway.browsers.faults import Fault, SessionLost
from headway.browsers.session import Session
from headway.browsers.sources import Grid, Local, Terms
from headway.errors import Closed
from headway.testing.waiting import wait_until

pytestmark = pytest.mark.browser


def _left(folder: Path) -> list[str]:
    """Processes, and files, of browsers whose leases are in this folder."""
    running = [str(process) for process in psutil.process_iter() if str(folder) in _words(process)]
    return running + [str(file) for file in folder.glob("*")]


def _words(process: psutil.Process) -> str:
    """Nothing for one that is dead, buried or not."""
    try:
        return " ".join([*process.cmdline(), process.environ().get("HOME", "")])
    except psutil.Error:
        return ""


def _browser(driver: WebDriver) -> int:
    return int(driver.capabilities["goog:processID"])


def _address(driver: WebDriver) -> str:
    assert isinstance(driver.command_executor, RemoteConnection)
    return str(driver.command_executor.client_config.remote_server_addr)


async def test_everything_happens_on_one_thread_and_nothing_is_left(local: Local, tmp_path: Path) -> None:
    """Functions run one after another on the session's own thread; after `close` there is no process and no file."""
    session = await Session.start(local)
    names = await asyncio.gather(*(session.do(lambda _: threading.current_thread().name) for _ in range(3)))
    leader = os.getpgid(await session.do(_browser))
    await session.close()
    await session.close()

    assert names == ["browser"] * 3
    assert leader != os.getpgid(0)
    assert _left(tmp_path / "browsers") == []
    with pytest.raises(Closed):
        await session.do(_browser)


async def test_what_a_function_raises_is_its_callers(local: Local) -> None:
    """An error that does not mean the browser's end passes through, and the session lives on."""
    async with Session.opened(local) as session:
        with pytest.raises(ZeroDivisionError):
            await session.do(lambda _: 1 / 0)

        assert await session.do(lambda driver: driver.execute_script("return 6 * 7")) == 42


async def test_a_killed_browser_is_noticed_without_being_asked(local: Local, tmp_path: Path) -> None:
    """`kill -9` of the browser loses the session at once, and what else belonged to it is ended."""
    async with Session.opened(local) as session:
        os.kill(await session.do(_browser), signal.SIGKILL)
        await wait_until(lambda: session.lost is not None)

        assert session.lost is not None
        assert session.lost.fault is Fault.BROWSER_CRASHED
        with pytest.raises(SessionLost):
            await session.do(_browser)
        await wait_until(lambda: _left(tmp_path / "browsers") == [])


async def test_a_crashed_tab_loses_the_session(local: Local) -> None:
    """A tab that dies is a crash, though the browser lives: nothing can be done in it any more."""
    async with Session.opened(local) as session:
        with pytest.raises(SessionLost, match="tab crashed") as caught:
            await session.do(lambda driver: driver.get("chrome://crash"))

        assert caught.value.fault is Fault.BROWSER_CRASHED
        assert session.lost is caught.value


async def test_the_deadline_ends_a_browser_that_hangs(local: Local, tmp_path: Path) -> None:
    """When its time is over the group is killed, and whoever waits is told."""
    async with Session.opened(local, Terms(deadline=60.0, script_seconds=60.0)) as session:
        hanging = asyncio.ensure_future(session.do(lambda driver: driver.execute_async_script("0")))
        await wait_until(lambda: session.busy)
        session._expire()  # what the timer calls
        with pytest.raises(SessionLost, match="did not finish within 60 s") as caught:
            await hanging

        assert caught.value.fault is Fault.TIMEOUT
    assert _left(tmp_path / "browsers") == []


async def test_closing_does_not_wait_for_what_hangs(local: Local, tmp_path: Path) -> None:
    """A call that was cancelled goes on in the browser; `close` ends it by killing the browser."""
    session = await Session.start(local, Terms(script_seconds=60.0))
    hanging = asyncio.ensure_future(session.do(lambda driver: driver.execute_async_script("0")))
    await wait_until(lambda: session.busy)
    hanging.cancel()
    await session.close()

    assert hanging.cancelled()
    assert _left(tmp_path / "browsers") == []


async def test_a_start_that_is_cancelled_leaves_nothing(local: Local, tmp_path: Path) -> None:
    """Whoever does not get the session need not close it."""
    starting = asyncio.ensure_future(Session.start(local))
    await wait_until(lambda: any((tmp_path / "browsers").glob("*/profile/*")))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert _left(tmp_path / "browsers") == []


async def test_a_browser_that_does_not_start_is_told(local: Local, tmp_path: Path) -> None:
    """A browser that ends at once is an error with a sentence, and leaves nothing."""
    with pytest.raises(SessionLost, match="did not start"):
        await Session.start(local, Terms(flags=("--remote-debugging-pipe=nonsense", "--version")))

    assert _left(tmp_path / "browsers") == []


async def test_a_grid_that_nobody_runs_is_told(unused_tcp_port: int) -> None:
    """A Grid is a source like another; where none answers, a sentence says so."""
    with pytest.raises(SessionLost, match="did not start") as caught:
        await Session.start(Grid(f"http://127.0.0.1:{unused_tcp_port}"))

    assert caught.value.fault is Fault.BROWSER_CRASHED


async def test_a_session_works_on_a_remote_driver(local: Local) -> None:
    """A Grid is reached by its address; a chromedriver speaks as one does."""
    async with Session.opened(local) as here:
        address = await here.do(_address)
        async with Session.opened(Grid(address)) as session:
            assert await session.do(lambda driver: driver.execute_script("return 6 * 7")) == 42


def test_a_grid_has_an_address_of_http() -> None:
    """Anything else is refused when it is set."""
    with pytest.raises(ValueError, match="http"):
        Grid("grid.example:4444")
