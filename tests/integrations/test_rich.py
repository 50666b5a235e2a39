"""The bridge for rich: its bars are parts of a task."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.integrations.watched import python, request, watched


async def test_a_display_is_a_task_of_its_bars(server: Address, tmp_path: Path) -> None:
    """Each bar is a part with its description, without markup; the task is their sum, and ends with the display."""
    finished = await python(
        server,
        """
        from headway.integrations.rich import Progress
        with Progress(name="Backup") as progress:
            files = progress.add_task("[red]Copy", total=5)
            sums = progress.add_task("Sums", total=10)
            for _ in range(5):
                progress.advance(files)
            progress.update(sums, completed=4, description="Checksums")
            progress.reset(sums)
            progress.update(sums, advance=7)
            progress.update(sums, completed=10)
            later = progress.add_task("Later", total=None)
            progress.advance(later, 2.5)
            progress.remove_task(later)
        """,
        cwd=tmp_path,
    )

    assert finished.status == 0, finished.err
    backup = (await watched(server))["Backup"]
    assert backup.state["status"] == "completed"
    assert backup.state["done"] == 17.5
    parts = {name: (part["done"], part["total"], part["status"]) for name, part in backup.parts().items()}
    assert parts["Copy"] == (5, 5, "completed")
    assert parts["Checksums"] == (10, 10, "completed")
    assert parts["Later"] == (2.5, None, "completed")
    assert "Copy" in finished.out


async def test_an_error_fails_the_task(server: Address, tmp_path: Path) -> None:
    """An exception that ends the display has failed the task; what was not done is not completed."""
    await python(
        server,
        """
        from headway.integrations.rich import Progress
        with Progress(name="Backup") as progress:
            files = progress.add_task("Copy", total=5)
            progress.advance(files)
            raise OSError("disk full")
        """,
        cwd=tmp_path,
    )

    backup = (await watched(server))["Backup"]
    assert (backup.state["status"], backup.state["error"]["message"]) == ("failed", "disk full")
    assert backup.parts()["Copy"]["status"] == "cancelled"


async def test_track(server: Address, tmp_path: Path) -> None:
    """`track` is one task with one part; started and stopped by hand is as good as `with`."""
    await python(
        server,
        """
        from headway.integrations.rich import Progress, track
        assert list(track(range(20), "Rows...")) == list(range(20))
        for row in track(range(20), "Left"):
            break
        progress = Progress(name="By hand")
        progress.start()
        for item in progress.track(range(3), description="Inner"):
            pass
        progress.stop()
        """,
        cwd=tmp_path,
    )

    tasks = await watched(server)
    assert (tasks["Rows"].state["status"], tasks["Rows"].state["done"]) == ("completed", 20)
    assert tasks["Left"].state["status"] == "cancelled"
    assert tasks["By hand"].state["done"] == 3


async def test_cancel(server: Address, tmp_path: Path) -> None:
    """A cancel raises `Cancelled` where a bar is moved, and not in the thread that moves bars for `track`."""
    running = asyncio.create_task(
        python(
            server,
            """
            import itertools, time
            from headway.integrations.rich import Cancelled, track
            try:
                for i in track(itertools.count(), "Endless", total=10**9):
                    time.sleep(0.01)
            except Cancelled:
                print("stopped")
            """,
            cwd=tmp_path,
        )
    )

    async def there() -> bool:
        return "Endless" in await watched(server)

    await wait_until(there, within=15)
    await request(server, (await watched(server))["Endless"].state["task"], "cancel")
    finished = await running

    assert (finished.status, finished.err) == (0, "")
    assert finished.out.endswith("stopped\n")
    assert (await watched(server))["Endless"].state["status"] == "cancelled"


async def test_without_a_server(tmp_path: Path) -> None:
    """Where nobody listens, rich does what it does."""
    program = "from headway.integrations.rich import track\nassert sum(track(range(5), 'Rows')) == 10\n"
    finished = await python(None, program, cwd=tmp_path, HEADWAY_URL="http://127.0.0.1:9")

    assert finished.status == 0
    assert "100%" in finished.out
