"""Jobs from modules that the settings name.

    app.jobs              every `Jobs` of that module
    app.jobs:nightly      one of them

A module is imported as `python -m` would: what stands in the working directory is found. Whatever is wrong with one is
a `UsageError` that names it, and the line where its own code failed.
"""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

from headway.errors import UsageError
from headway.tasks.jobs import Jobs

__all__ = ["load_jobs"]

_SPELLING: Final = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*)(:(?P<name>[^\W\d]\w*))?")


def load_jobs(names: Iterable[str]) -> Jobs:
    """All jobs of these modules. Raises `UsageError`."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    every, homes, taken = Jobs(), dict[str, str](), list[Jobs]()
    for name in sorted(names):
        for jobs in _jobs_of(name):
            if any(jobs is known for known in taken):
                continue  # one module has it from another
            taken.append(jobs)
            for job in jobs:
                if job.name in homes:
                    raise UsageError(f"{name}: there is a job called {job.name!r} in {homes[job.name]} already")
                homes[job.name] = name
                every.add(job)
    return every


def _jobs_of(name: str) -> list[Jobs]:
    spelled = _SPELLING.fullmatch(name)
    if spelled is None:
        raise UsageError(f"{name!r} is no module; write it as Python imports it: app.jobs, or app.jobs:nightly")
    module = _imported(spelled["module"])
    found = {each: value for each, value in vars(module).items() if isinstance(value, Jobs)}
    chosen = spelled["name"]
    if chosen is None:
        if not found:
            raise UsageError(f"the module {name} has no Jobs; it needs one, such as `jobs = Jobs()`")
        return list(found.values())
    if chosen not in found:
        kind = f"is of the type {type(vars(module)[chosen]).__name__}" if chosen in vars(module) else "is not there"
        raise UsageError(f"{name}: this {kind}; the module's Jobs: {', '.join(found) or 'none'}")
    return [found[chosen]]


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise UsageError(f"there is no module {module}, seen from {Path.cwd()}") from None
        raise _failure(module, error) from error
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        raise _failure(module, error) from error


def _failure(module: str, error: BaseException) -> UsageError:
    """What went wrong, and in which line of theirs."""
    if isinstance(error, SyntaxError):
        what, place = error.msg, f"{error.filename}, line {error.lineno}"
    else:
        said = traceback.format_exception_only(error)[-1].strip()
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
        # Frame 0 is this file's.
        last = frames[-1]
        what, place = said, f"{last.filename}, line {last.lineno}"
    return UsageError(f"the module {module} cannot be imported: {what} ({place})")
