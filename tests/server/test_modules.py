"""Jobs from modules that the settings name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headway.errors import UsageError
from headway.server.modules import load_jobs

HEAD = "from headway.tasks.jobs import Jobs\nfrom headway.tasks.work import Work\n"
JOB = "@{jobs}.job({name!r})\nasync def f_{jobs}(work: Work) -> None: ...\n"

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Puts modules into the working directory, and leaves none of them imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def put(name: str, text: str) -> None:
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + text)

    yield put
    for name in set(sys.modules) - before:
        del sys.modules[name]


def job(jobs: str, name: str) -> str:
    """A job, in the Jobs of this name."""
    return JOB.format(jobs=jobs, name=name)


def test_the_jobs_of_several_modules(write: Write) -> None:
    """Every `Jobs` of a module counts, or the one that is named; modules in packages too, and those beside us."""
    write("one", f"a = Jobs()\nb = Jobs()\n{job('a', 'first')}{job('b', 'second')}")
    write("inner.two", f"a = Jobs()\nb = Jobs()\n{job('a', 'third')}{job('b', 'fourth')}")

    found = load_jobs(["one", "inner.two:b"])

    assert sorted(job.name for job in found) == ["first", "fourth", "second"]


def test_what_two_modules_have_from_one_is_there_once(write: Write) -> None:
    """A `Jobs` that one module imports from another is the same one."""
    write("one", f"jobs = Jobs()\n{job('jobs', 'only')}")
    write("two", "from one import jobs\n")

    assert [job.name for job in load_jobs(["one", "two", "one:jobs"])] == ["only"]


@pytest.mark.parametrize(
    ("module", "text", "named", "sentence"),
    [
        ("x", "", "nowhere", "there is no module nowhere, seen from "),
        ("x", "", "x.y", "there is no module x.y, seen from "),
        ("x", "", "dir/x.py", "'dir/x.py' is no module; write it as Python imports it: app.jobs, or app.jobs:nightly"),
        ("x", "", "x", "the module x has no Jobs; it needs one, such as `jobs = Jobs()`"),
        ("x", "a = Jobs()\n", "x:b", "x:b: this is not there; the module's Jobs: a"),
        ("x", "a = {}\n", "x:a", "x:a: this is of the type dict; the module's Jobs: none"),
        ("x", "import quux\n", "x", "cannot be imported: ModuleNotFoundError: No module named 'quux' ({file}, line 3)"),
        ("x", "\n1 / 0\n", "x", "cannot be imported: ZeroDivisionError: division by zero ({file}, line 4)"),
        ("x", "import sys\nsys.exit(2)\n", "x", "cannot be imported: SystemExit: 2 ({file}, line 4)"),
        ("x", "def (\n", "x", "cannot be imported: invalid syntax ({file}, line 3)"),
    ],
)
def test_what_is_wrong_is_named(
    write: Write, tmp_path: Path, module: str, text: str, named: str, sentence: str
) -> None:
    """One sentence says which module, and which line of theirs."""
    write(module, text)

    with pytest.raises(UsageError) as raised:
        load_jobs([named])

    assert sentence.format(file=tmp_path / "x.py") in str(raised.value)


def test_two_jobs_of_one_name_are_refused(write: Write) -> None:
    """Nobody could say which one is meant."""
    write("one", f"jobs = Jobs()\n{job('jobs', 'twin')}")
    write("two", f"jobs = Jobs()\n{job('jobs', 'twin')}")

    with pytest.raises(UsageError, match=r"^two: there is a job called 'twin' in one already$"):
        load_jobs(["one", "two"])
