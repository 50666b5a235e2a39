"""The drop-in for tqdm: a script that changed its import is seen on a server, and looks the same in its terminal."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.server.live import Headway
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.integrations.watched import command, python, request, watched

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A Headway in memory, served."""
    async with serving(Headway()) as address:
        yield address


async def test_a_loop_is_a_task(server: Address, tmp_path: Path) -> None:
    """A loop over `tqdm` is a task with its description and numbers, and is completed with its end."""
    await python(
        server,
        """
        from headway.tqdm import tqdm, trange
        for i in tqdm(range(100), desc="Rows", unit="rows", initial=20, total=120):
            pass
        for i in trange(7):
            pass
        """,
        cwd=tmp_path,
    )

    tasks = await watched(server)
    rows = tasks["Rows"].state
    assert (rows["status"], rows["done"], rows["total"], rows["initial"]) == ("completed", 120, 120, 20)
    assert rows["unit"] == "rows"
    assert tasks["script.py"].state["done"] == 7
    assert tasks["script.py"].state["unit"] is None


async def test_the_terminal_is_tqdms(server: Address, tmp_path: Path) -> None:
    """What the terminal shows is what tqdm shows: with another import, the same text."""
    program = """
        from {module} import tqdm
        for i in tqdm(range(50), desc="Rows", bar_format="{{desc}} {{n}}/{{total}} {{bar:10}}", mininterval=1000):
            pass
        with tqdm(total=3, bar_format="{{desc}}{{n}}{{postfix}}", mininterval=0) as bar:
            bar.set_postfix(loss=0.5)
            bar.update()
            bar.set_description("more")
            tqdm.write("a line")
        assert not tqdm(total=0, disable=True)
        """
    ours = await python(server, program.format(module="headway.tqdm"), cwd=tmp_path)
    theirs = await python(None, program.format(module="tqdm"), cwd=tmp_path)

    assert (ours.status, ours.out, ours.err) == (theirs.status, theirs.out, theirs.err)
    assert "Rows 50/50" in ours.err


async def test_what_is_set_by_hand(server: Address, tmp_path: Path) -> None:
    """The description is the task's name, the postfix what it is at, `write` a line without secrets."""
    await python(
        server,
        """
        from headway.tqdm import tqdm
        with tqdm(total=10, mininterval=0) as bar:
            bar.update(4)
            bar.set_description("Training")
            bar.set_postfix(loss=0.25, lr="low")
            tqdm.write("epoch 1, password=hunter22")
            bar.total = 20
            bar.update(16)
        """,
        cwd=tmp_path,
    )

    training = (await watched(server))["Training"]
    assert training.state["current"] == "loss=0.25, lr=low"
    assert (training.state["done"], training.state["total"]) == (20, 20)
    assert training.lines() == ["epoch 1, password=***"]


ENDINGS = {
    "exhausted, whatever the total said": ("for i in tqdm(range(3), desc='t', total=9): pass", "completed"),
    "of an unknown total": ("for i in tqdm(iter(range(3)), desc='t'): pass", "completed"),
    "left, with an unknown total": ("for i in tqdm(iter(range(3)), desc='t'): break", "completed"),
    "left with break": ("for i in tqdm(range(3), desc='t'): break", "cancelled"),
    "left with return": ("def f():\n for i in tqdm(range(3), desc='t'): return i\nf()", "cancelled"),
    "left in a comprehension": ("def f():\n return any(i == 1 for i in tqdm(range(3), desc='t'))\nf()", "cancelled"),
    "an error of who reads a generator around it": (
        "def rows():\n for i in tqdm(range(3), desc='t'): yield i\nfor i in rows(): int('x')",
        "failed ValueError invalid literal for int() with base 10: 'x'",
    ),
    "closed early": ("bar = tqdm(total=3, desc='t'); bar.update(); bar.close()", "cancelled"),
    "closed when all was done": ("bar = tqdm(total=3, desc='t'); bar.update(3); bar.close()", "completed"),
    "never closed, all done": ("bar = tqdm(total=3, desc='t'); bar.update(3)", "completed"),
    "never closed": ("bar = tqdm(total=3, desc='t'); bar.update()", "cancelled"),
    "in the handler of another error": (
        "try: 1 / 0\nexcept ZeroDivisionError:\n for i in tqdm(range(3), desc='t'): pass",
        "completed",
    ),
    "an error in the body": ("for i in tqdm(range(3), desc='t'): 1 / 0", "failed ZeroDivisionError division by zero"),
    "an error in the body of a function": (
        "def f():\n for i in tqdm(range(3), desc='t'): int('x')\nf()",
        "failed ValueError invalid literal for int() with base 10: 'x'",
    ),
    "an error in what is iterated over": (
        "def rows():\n yield 1\n raise OSError('gone')\nfor i in tqdm(rows(), desc='t', total=3): pass",
        "failed OSError gone",
    ),
    "an error within `with`": (
        "try:\n with tqdm(total=3, desc='t') as bar: 1 / 0\nexcept ZeroDivisionError: pass",
        "failed ZeroDivisionError division by zero",
    ),
    "an error that somebody caught": (
        "try:\n for i in tqdm(range(3), desc='t'): 1 / 0\nexcept ZeroDivisionError: pass\n"
        "import threading; [thread.join() for thread in threading.enumerate() if isinstance(thread, threading.Timer)]",
        "failed failed an exception left the loop at script.py line 5; `with tqdm(…)` around the loop would know which",
    ),
    "Ctrl-C": (
        "import signal\nfor i in tqdm(range(3), desc='t'): signal.raise_signal(signal.SIGINT)",
        "cancelled",
    ),
    "async for": (
        "import asyncio\nasync def main():\n async for i in tqdm(range(3), desc='t'): pass\nasyncio.run(main())",
        "completed",
    ),
    "an error in async for": (
        "import asyncio\nasync def rows():\n yield 1\n 1 / 0\nasync def main():\n"
        " async for i in tqdm(rows(), desc='t', total=3): pass\nasyncio.run(main())",
        "failed ZeroDivisionError division by zero",
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
async def test_how_a_bar_ends(how: str, server: Address, tmp_path: Path) -> None:
    """The end of the task says how the loop ended."""
    program, ending = ENDINGS[how]
    await python(server, f"import sys\nfrom headway.tqdm import tqdm\n\n{program}\n", cwd=tmp_path)

    state = (await watched(server))["t"].state
    error = state["error"]
    told = state["status"] if error is None else f"{state['status']} {error['code']} {error['message']}"
    assert told == ending


async def test_who_leaves_says_where(server: Address, tmp_path: Path) -> None:
    """A loop that the program left before everything was done says in a line where that was."""
    program = "from headway.tqdm import tqdm\nfor i in tqdm(range(3), desc='t'):\n    break\n"
    await python(server, program, cwd=tmp_path)

    assert (await watched(server))["t"].lines() == ["the loop was left at script.py line 3 before everything was done"]


async def test_bars_within_bars(server: Address, tmp_path: Path) -> None:
    """An inner bar is a part of the outer one's task; those with leave=False take each other's place."""
    await python(
        server,
        """
        import time
        from headway.tqdm import tqdm
        for name in tqdm(["a", "b"], desc="Outer"):
            for i in tqdm(range(4), desc=f"kept {name}"):
                pass
            for i in tqdm(range(5), desc=f"passing {name}", leave=False):
                time.sleep(0.03)
        """,
        cwd=tmp_path,
    )

    tasks = await watched(server)
    assert list(tasks) == ["Outer"]
    outer = tasks["Outer"]
    assert (outer.state["status"], outer.state["done"], outer.state["total"]) == ("completed", 2, 2)
    parts = outer.parts()
    assert {name: (part["done"], part["status"]) for name, part in parts.items() if name.startswith("kept")} == {
        "kept a": (4, "completed"),
        "kept b": (4, "completed"),
    }
    assert len({part["task"] for part in parts.values()}) == 3
    assert (parts["passing b"]["done"], parts["passing b"]["status"]) == (5, "completed")


async def test_bars_of_threads(server: Address, tmp_path: Path) -> None:
    """The bars of several threads are tasks of their own."""
    await python(
        server,
        """
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier
        from headway.tqdm import tqdm
        together = Barrier(3)
        def work(n):
            for i in tqdm(range(10), desc=f"thread {n}"):
                if i == 5:
                    together.wait()
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(work, range(3)))
        """,
        cwd=tmp_path,
    )

    tasks = await watched(server)
    assert {name: task.state["done"] for name, task in tasks.items()} == {f"thread {n}": 10 for n in range(3)}


async def test_a_forked_process_has_tasks_of_its_own(server: Address, tmp_path: Path) -> None:
    """What a forked process does to the bars that it inherited is not told; its own bars are tasks."""
    await python(
        server,
        """
        import multiprocessing, sys
        from headway.tqdm import tqdm
        def work():
            for i in tqdm(range(3), desc="child"):
                pass
        with tqdm(total=2, desc="parent") as bar:
            bar.update()
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
            bar.update()
        """,
        cwd=tmp_path,
        PYTHONWARNINGS="ignore::DeprecationWarning",
    )

    tasks = await watched(server)
    assert {name: (task.state["status"], task.state["done"]) for name, task in tasks.items()} == {
        "parent": ("completed", 2),
        "child": ("completed", 3),
    }


async def test_disabled(server: Address, tmp_path: Path) -> None:
    """disable=True is told to nobody; disable=None without a terminal draws nothing, and is told."""
    finished = await python(
        server,
        """
        from headway.tqdm import tqdm
        for i in tqdm(range(3), desc="off", disable=True):
            pass
        for i in tqdm(range(3), desc="unseen", disable=None):
            pass
        """,
        cwd=tmp_path,
    )

    assert finished.err == ""
    tasks = await watched(server)
    assert {name: task.state["done"] for name, task in tasks.items()} == {"unseen": 3}


async def test_odd_numbers(server: Address, tmp_path: Path) -> None:
    """numpy's numbers, fractions, infinity and scaled units become what JSON and people understand."""
    await python(
        server,
        """
        import numpy
        from headway.tqdm import tqdm
        with tqdm(total=numpy.int64(4), desc="numpy") as bar:
            bar.update(numpy.int32(4))
        with tqdm(total=1.5, desc="fractions") as bar:
            bar.update(0.5)
        with tqdm(total=float("inf"), desc="endless") as bar:
            bar.update(3)
        with tqdm(total=4, desc="scaled", unit_scale=0.5) as bar:
            bar.update(4)
        with tqdm(total=2, desc="counted down") as bar:
            bar.update(2)
            bar.reset(total=6)
            bar.update(6)
        """,
        cwd=tmp_path,
    )

    tasks = await watched(server)
    assert {name: (task.state["done"], task.state["total"]) for name, task in tasks.items()} == {
        "numpy": (4, 4),
        "fractions": (0.5, 1.5),
        "endless": (3, None),
        "scaled": (2, 2),
        "counted down": (6, 6),
    }


async def test_a_file_that_is_read(server: Address, tmp_path: Path) -> None:
    """`wrapattr` counts bytes, and says so."""
    (tmp_path / "data").write_bytes(b"x" * 1000)
    await python(
        server,
        """
        from pathlib import Path
        from headway.tqdm import tqdm
        with Path("data").open("rb") as file, tqdm.wrapattr(file, "read", total=1000, desc="data") as counted:
            while counted.read(100):
                pass
        """,
        cwd=tmp_path,
    )

    state = (await watched(server))["data"].state
    assert (state["done"], state["unit"], state["status"]) == (1000, "B", "completed")


async def test_pandas(server: Address, tmp_path: Path) -> None:
    """`tqdm.pandas` gives pandas a `progress_apply` whose rows are a task."""
    finished = await python(
        server,
        """
        import pandas
        from headway.tqdm import tqdm
        tqdm.pandas(desc="Squares")
        assert list(pandas.Series(range(50)).progress_apply(lambda n: n * n))[-1] == 49 * 49
        tqdm.pandas(desc="Groups")
        pandas.DataFrame({"k": [1, 1, 2], "v": [1, 2, 3]}).groupby("k").progress_apply(lambda g: g.v.sum())
        """,
        cwd=tmp_path,
        PYTHONWARNINGS="ignore",
    )

    assert finished.status == 0, finished.err
    tasks = await watched(server)
    assert (tasks["Squares"].state["status"], tasks["Squares"].state["done"]) == ("completed", 50)
    assert tasks["Groups"].state["status"] == "completed"


async def begun(server: Address, name: str, *, done: int = 0) -> str:
    """The id of a task, once it is there and has done so much."""
    found: list[str] = []

    async def there() -> bool:
        task = (await watched(server)).get(name)
        found[:] = [task.state["task"]] if task is not None and task.state["done"] > done else []
        return bool(found)

    await wait_until(there, within=15)
    return found[0]


ENDLESS = """
    import itertools, time
    from headway.tqdm import Cancelled, tqdm
    try:
        for i in tqdm(itertools.count(), desc="Endless", total=10**9):
            time.sleep(0.01)
    except Cancelled as error:
        print("cancelled")
    """


async def test_cancel(server: Address, tmp_path: Path) -> None:
    """A cancel raises `Cancelled` in the loop, and the task is cancelled with what was done."""
    running = asyncio.create_task(python(server, ENDLESS, cwd=tmp_path))
    await request(server, await begun(server, "Endless"), "cancel")
    finished = await running

    assert finished.out == "cancelled\n"
    state = (await watched(server))["Endless"].state
    assert state["status"] == "cancelled"
    assert state["done"] > 0


async def test_pause_and_resume(server: Address, tmp_path: Path) -> None:
    """A pause holds the loop, and a resume lets it go on."""
    running = asyncio.create_task(python(server, ENDLESS, cwd=tmp_path))
    id = await begun(server, "Endless")
    await request(server, id, "pause")

    async def status(wanted: str) -> bool:
        return bool((await watched(server))["Endless"].state["status"] == wanted)

    await wait_until(lambda: status("paused"))
    await request(server, id, "resume")
    await wait_until(lambda: status("running"))
    await begun(server, "Endless", done=int((await watched(server))["Endless"].state["done"]))
    await request(server, id, "cancel")
    await running

    assert "task_resumed" in (await watched(server))["Endless"].types("task_progress")


async def test_a_pause_does_not_hold_up_a_loop_of_asyncio(server: Address, tmp_path: Path) -> None:
    """While `async for` is paused, the other tasks of the program go on."""
    running = asyncio.create_task(
        python(
            server,
            """
            import asyncio
            from headway.tqdm import Cancelled, tqdm
            async def rows():
                while True:
                    await asyncio.sleep(0.01)
                    yield 1
            async def beat():
                async for i in tqdm(rows(), desc="Beat", total=10**9):
                    pass
            async def main():
                beating = asyncio.create_task(beat())
                try:
                    async for i in tqdm(rows(), desc="Held", total=10**9):
                        pass
                except Cancelled:
                    print("cancelled")
                beating.cancel()
            asyncio.run(main())
            """,
            cwd=tmp_path,
        )
    )
    held = await begun(server, "Held")
    await request(server, held, "pause")

    async def paused() -> bool:
        return bool((await watched(server))["Held"].state["status"] == "paused")

    await wait_until(paused)
    await begun(server, "Beat", done=int((await watched(server))["Beat"].state["done"]))
    await request(server, held, "cancel")

    assert (await running).out == "cancelled\n"


async def test_without_a_server(tmp_path: Path) -> None:
    """Where nobody listens the script does its work, draws its bars, and says once that nobody is told."""
    finished = await python(
        None,
        """
        from headway.tqdm import tqdm
        for n in range(3):
            for i in tqdm(range(1000), desc="Rows"):
                pass
        """,
        cwd=tmp_path,
        HEADWAY_URL="http://127.0.0.1:9",
    )

    assert finished.status == 0
    assert finished.err.count("1000/1000") == 3
    assert len(re.findall("cannot be told of progress", finished.err)) == 1


async def test_the_example(server: Address, tmp_path: Path) -> None:
    """examples/tqdm_port.py is a task of files with a part for the rows of each."""
    finished = await command(server, sys.executable, ROOT / "examples" / "tqdm_port.py", cwd=tmp_path)

    assert finished.status == 0, finished.err
    task = (await watched(server))["Import"]
    assert (task.state["status"], task.state["done"], task.state["current"]) == ("completed", 3, "file=invoices.csv")
    assert task.parts()["invoices.csv"]["done"] == 80
    assert task.lines() == ["customers.csv: 40 rows", "orders.csv: 120 rows", "invoices.csv: 80 rows"]


async def test_without_tqdm(tmp_path: Path) -> None:
    """Where tqdm is not installed, the import says what to install."""
    program = "import sys\nsys.modules['tqdm.auto'] = None\nimport headway.tqdm\n"
    finished = await command(None, sys.executable, "-c", program, cwd=tmp_path)

    assert "pip install 'headway[tqdm]'" in finished.err


async def test_a_killed_script(server: Address, tmp_path: Path) -> None:
    """Ctrl-C in the terminal is a cancelled task, told before the script ends."""
    script = tmp_path / "script.py"
    script.write_text(
        "import itertools, time\nfrom headway.tqdm import tqdm\n"
        "for i in tqdm(itertools.count(), desc='Endless', total=10**9):\n    time.sleep(0.01)\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        stderr=asyncio.subprocess.PIPE,
        env={"HEADWAY_URL": server.http("")},
    )
    await begun(server, "Endless")
    child.send_signal(signal.SIGINT)
    await child.communicate()

    assert (await watched(server))["Endless"].state["status"] == "cancelled"
