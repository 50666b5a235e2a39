"""`headway check`: tests applications once and exits as a test runner does, for continuous integration and for people.

With --file it tests from here, without a server; otherwise a server has it run, and this follows. See `verdicts` for
what is shown and how it exits.
"""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.here import run_here
from headway.apps.monitor.runs.junit import junit
from headway.apps.monitor.runs.model import Chosen, Kind, Wanted
from headway.apps.monitor.runs.shown import Run
from headway.apps.monitor.runs.subjects import subjects_of_text
from headway.apps.monitor.runs.telling import channel_of
from headway.cli.asking import Asker
from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.output import Exit, complain, exit_of, note, sentence_of
from headway.cli.verdicts import Shown, exit_of_run, showing, summary_line
from headway.client import Event, Refused, connect
from headway.client.endings import Unreachable
from headway.clock import SystemClock
from headway.codes import Code
from headway.errors import HeadwayError, UsageError

__all__ = ["check"]

_PATIENCE: Final = 30.0
"""Seconds for which a server that does not answer is asked again."""
_ENDS: Final = frozenset({"testRunCompleted", "testRunCancelled", "task_failed", "task_cancelled"})
_FILE_BYTES: Final = 1_100_000
"""Of a file of applications: what is read of it, and a little more to see that it is too long."""


class Kinds(StrEnum):
    """What is tested."""

    HEALTH = "health"
    LOGIN = "login"
    ALL = "all"


_KINDS: Final = {
    Kinds.HEALTH: (Kind.HEALTH,),
    Kinds.LOGIN: (Kind.LOGIN,),
    Kinds.ALL: (Kind.HEALTH, Kind.LOGIN),
}


def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Applications by name. Else: all.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Test what this YAML file lists, from here, without a server."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those of this environment.", show_default=False)
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Only those with this tag; may be repeated.", show_default=False),
    ] = None,
    kind: Annotated[Kinds, typer.Option(help="Health checks, login tests, or both.")] = Kinds.ALL,
    parallel: Annotated[
        int | None, typer.Option(metavar="NUMBER", min=1, max=50, help="Tests at once. Else: 5.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON, and nothing else.")] = False,
    secrets_folder: Annotated[
        Path | None,
        typer.Option(
            "--secrets",
            metavar="FOLDER",
            help="Where secret files of login tests are, with --file.",
            show_default=False,
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Test applications once: health checks and login tests.

    Exit code 0 says that every test passed, 1 that tests failed, 2 that the call or the file has to change, 3 that the
    run was cancelled or could not be made. Login tests need a Chromium where they run; without one they are skipped.

    \b
    headway check --file monitor.yaml --junit results.xml
    headway check user-service --kind health --url https://headway.example
    """
    wanted = _wanted(names or (), environment, tag or (), kind, parallel)
    try:
        with _shown(json) as show:
            making = _remote(url, token, wanted, show) if file is None else _local(file, secrets_folder, wanted, show)
            run = asyncio.run(making)
        if out is not None:
            _write(out, junit(run, platform.node() or "localhost"))
    except HeadwayError as error:
        complain(sentence_of(error))
        raise typer.Exit(_exit_of(error)) from None
    if json:
        print(msgspec.json.encode(run).decode(), flush=True)
    else:
        print(f"\n{summary_line(run.summary)}", flush=True)
    if run.status != "completed":
        complain(f"the run was {run.status}{f': {run.error}' if run.error else ''}")
    if code := exit_of_run(run):
        raise typer.Exit(code)


def _wanted(
    names: Sequence[str], environment: str | None, tags: Sequence[str], kind: Kinds, parallel: int | None
) -> Wanted:
    try:
        return Wanted(
            applications=tuple(names),
            filter=Chosen(environment=environment, tags=tuple(tags)),
            kinds=_KINDS[kind],
            parallel=parallel,
            trigger="ci_cd" if os.environ.get("CI") else "manual",
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _shown(json: bool) -> AbstractContextManager[Shown]:
    return nullcontext(lambda type, data: None) if json else showing()


# From here.


async def _local(file: Path, secrets_folder: Path | None, wanted: Wanted, show: Shown) -> Run:
    try:
        with file.open("rb") as opened:
            text = opened.read(_FILE_BYTES)
    except OSError as error:
        raise UsageError(f"--file: {file} cannot be read ({(error.strerror or 'no reason given').lower()})") from None
    try:
        subjects = subjects_of_text(text)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    equipment = Equipment(
        _cache() / "browsers",
        clock=SystemClock(),
        new_id=lambda: secrets.token_urlsafe(18),
        secrets=secrets_folder,
    )
    await equipment.open()
    try:
        return await run_here(subjects, wanted, equipment, show)
    finally:
        await equipment.close()


def _cache() -> Path:
    """Where the leases of browsers are: always the same, so that the next call ends what a killed one left."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "headway"


# By a server.


async def _remote(url: str, token: str | None, wanted: Wanted, show: Shown) -> Run:
    everything = not wanted.applications and wanted.filter == Chosen()
    async with Asker(url, token) as asker:
        fields = {name: value for name, value in msgspec.to_builtins(wanted).items() if value is not None}
        path = "/api/tests/run-all" if everything else "/api/tests/run-apps"
        begun = await asker.post_once(path, fields, secrets.token_urlsafe(18), _PATIENCE)
        run = str(begun.get("task"))
        note(f"run {run} on {url}")
        try:
            await _follow(url, token, run, show)
        except asyncio.CancelledError:
            note(f"the run goes on; to end it: headway task cancel {run}")
            raise
        shown = await asker.get(f"/api/tests/{run}")
    try:
        return msgspec.convert(shown, Run)
    except msgspec.ValidationError as error:
        raise HeadwayError(f"the server answered something else than a run: {error}") from None


async def _follow(url: str, token: str | None, run: str, show: Shown) -> None:
    """Until it has ended, whatever the network does."""
    async with connect(url, token=token, on_change=Narrator(url, note)) as client:
        async for told in client.channel(channel_of(run), since=""):
            if isinstance(told, Event):
                show(told.type, dict(told.data))
                if told.type in _ENDS:
                    return


def _exit_of(error: HeadwayError) -> int:
    """2 where the caller has to change something, 3 where no run could be made."""
    if isinstance(error, Refused | Unreachable):
        ours = isinstance(error, Refused) and not error.token and exit_of(error) is Exit.USAGE
        return Exit.USAGE if ours else 3
    return Exit.USAGE if isinstance(error, UsageError) or error.code is Code.NOT_FOUND else 3


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"--junit: {file} cannot be written ({(error.strerror or 'no reason given').lower()})"
        ) from None
