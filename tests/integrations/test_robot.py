"""The listener for Robot Framework: a run that can be watched."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.integrations.watched import Finished, asked, command, watched

SHOP = """
*** Settings ***
Library    OperatingSystem

*** Test Cases ***
Buys
    Log    hello
    Should Be Equal    1    1

Pays
    Log    the card is declined    WARN
    Fail    password=hunter22 was refused

Returns
    Skip    no returns today
"""

LOGIN = """
*** Test Cases ***
Signs In
    FOR    ${i}    IN RANGE    3
        No Operation
    END
"""

WAITS = """
*** Settings ***
Library    OperatingSystem

*** Test Cases ***
Waits
    Wait Until Created    ${CURDIR}/go    timeout=20s

Would Run
    No Operation
    [Teardown]    Log    over
"""


async def robot(server: Address | None, *arguments: str | Path, cwd: Path, **settings: str) -> Finished:
    """Run Robot Framework with the listener."""
    options = ["-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE", "--nostatusrc"]
    listener = ["--listener", "headway.integrations.robot.Listener"]
    return await command(server, sys.executable, *options, *listener, *arguments, cwd=cwd, **settings)


async def test_a_run_is_a_task(server: Address, tmp_path: Path) -> None:
    """The run is a task with its tests as items, each suite a part, a warning a line; nothing tells a secret."""
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "shop.robot").write_text(SHOP)
    (suites / "login.robot").write_text(LOGIN)
    finished = await robot(server, suites, cwd=tmp_path)

    assert "headway" not in finished.err
    run = (await watched(server))["robot Suites"]
    assert (run.state["total"], run.state["done"]) == (4, 4)
    assert run.state["counts"] == {"passed": 2, "failed": 1, "skipped": 1}
    assert (run.state["status"], run.state["error"]["message"]) == ("failed", "1 of 4 failed")
    assert {name: (item["outcome"], item["message"]) for name, item in run.items().items()} == {
        "Suites.Shop.Buys": ("passed", None),
        "Suites.Shop.Pays": ("failed", "password=*** was refused"),
        "Suites.Shop.Returns": ("skipped", "no returns today"),
        "Suites.Login.Signs In": ("passed", None),
    }
    assert run.items()["Suites.Shop.Pays"]["where"].endswith("shop.robot:10")
    parts = {name: (part["done"], part["total"], part["status"]) for name, part in run.parts().items()}
    assert parts == {"Login": (1, 1, "completed"), "Shop": (3, 3, "failed")}
    assert run.lines() == ["the card is declined"]


async def test_a_run_that_passed(server: Address, tmp_path: Path) -> None:
    """A run without a failure is completed; a single file has no parts."""
    (tmp_path / "login.robot").write_text(LOGIN)
    await robot(server, tmp_path / "login.robot", cwd=tmp_path)

    run = (await watched(server))["robot Login"]
    assert (run.state["status"], run.parts()) == ("completed", {})


async def test_cancel_ends_the_run(server: Address, tmp_path: Path) -> None:
    """After a cancel no further test runs, and the task is cancelled."""
    (tmp_path / "waits.robot").write_text(WAITS)
    running = asyncio.create_task(robot(server, tmp_path / "waits.robot", cwd=tmp_path))

    async def waits() -> bool:
        run = (await watched(server)).get("robot Waits")
        return run is not None and "Wait Until Created" in str(run.state["current"])

    await wait_until(waits, within=15)
    await asked(server, "robot Waits", "cancel")
    (tmp_path / "go").touch()
    await running

    run = (await watched(server))["robot Waits"]
    assert run.state["status"] == "cancelled"
    assert run.items()["Waits.Waits"]["outcome"] == "passed"
    assert run.items()["Waits.Would Run"]["outcome"] == "failed"
    assert "cancelled in Headway" in run.items()["Waits.Would Run"]["message"]


async def test_without_a_server(tmp_path: Path) -> None:
    """Where nobody listens, the run is what it is."""
    (tmp_path / "login.robot").write_text(LOGIN)
    finished = await robot(None, tmp_path / "login.robot", cwd=tmp_path, HEADWAY_URL="http://127.0.0.1:9")

    assert finished.status == 0
    assert "1 test, 1 passed" in finished.out
