"""`headway import`: a CSV file into PingOne by a server, watched until it ends, or until it needs somebody.

    upload ─▶ begin ─▶ events of the run ─▶ counts, rejects ─▶ exit code

0    every row was imported, updated, or left alone as the policy says
1    the import failed, or the server could not be reached
2    it could not begin: the call, the file, a name or the token has to change
3    rows were rejected
4    it was cancelled
5    it is paused: it asks something, or PingOne refused; what to do is said
130  Ctrl-C; the import goes on unless you had it cancelled
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import quote

import httpx2
import msgspec
import typer

from headway.cli import imported
from headway.cli.asking import Asker, Fields
from headway.cli.connection import Narrator
from headway.cli.imported import Ended
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.output import Exit, complain, exit_of, note, sentence_of
from headway.cli.watch import Printer, announce_gap, printer
from headway.client import Event, Gap, connect
from headway.client.address import Address
from headway.client.endings import answered, failed
from headway.client.token import checked
from headway.client.transports.http import new_http
from headway.client.transports.interface import CONNECT_SECONDS, bearer
from headway.errors import HeadwayError, UsageError
from headway.positions import BEGINNING, Position

__all__ = ["importing"]

_CHUNK: Final = 256 * 1024
_UPLOAD_SECONDS: Final = 600.0
"""For the answer to an upload: the server reads a large file once before it says what it is."""
_TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_QUIET: Final = frozenset({"progress", "completion"})
"""Events that say once more what the task's own have said."""

Answer = TypeVar("Answer")
Policy = Literal["skip", "update", "fail"]


def importing(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The CSV file.", exists=True, dir_okay=False, readable=True)
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name or id of a target that the server has.", show_default=False)
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Instead of a target: the id of its environment.", show_default=False),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name or id of where users go. Else: the environment's default.", show_default=False
        ),
    ] = None,
    create_population: Annotated[
        bool, typer.Option("--create-population", help="Make the population where there is none of that name.")
    ] = False,
    policy: Annotated[
        Policy, typer.Option(help="What to do with a user who is there already: skip, update or fail.")
    ] = "skip",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would happen; write nothing.")] = False,
    map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=ATTRIBUTE",
            help="What a column is, where its name does not say it; with nothing after the =, it is left out. May be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the import is called.", show_default=False)
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where rows that were rejected go, to mend and import.", show_default=False),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Watch an import that was begun before; if it is paused, it goes on."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last one is the run.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Import the users of a CSV file into PingOne, and watch it to its end.

    The server does the work: Ctrl-C ends the watching, and asks whether to cancel the import as well.

    \b
    headway import users.csv --target Staging --population Customers --dry-run
    headway import users.csv --target Staging --population Customers --rejects rejects.csv
    """
    desk = _Desk(url, token, json=json)
    try:
        if (file is None) == (resume is None):
            raise UsageError("give a CSV file, or with --resume an import that was begun before")
        if file is None:
            run = str(resume).removeprefix("task:")
            _await(desk.resume(run))
        else:
            run = _await(
                desk.begin(
                    file,
                    target,
                    environment,
                    {
                        "population": imported.population(population, create_population),
                        "policy": policy,
                        "dry_run": dry_run,
                        "name": name,
                    },
                    [imported.pair(text) for text in map or ()],
                )
            )
        code = _watched(desk, run, BEGINNING if file is not None else None)
        if code is not Ended.HELD:
            code = _await(desk.conclude(run, rejects))
    except HeadwayError as error:
        complain(sentence_of(error))
        # Here 3 is for rejects.
        code = Ended.USAGE if exit_of(error) is not Exit.FAILED else Ended.FAILED
    if code:
        raise typer.Exit(code)


def _watched(desk: _Desk, run: str, since: Position | None) -> Ended:
    """Watch until it ends or holds still. After a Ctrl-C somebody may have it cancelled."""
    try:
        return asyncio.run(desk.watch(run, since))
    except KeyboardInterrupt:
        if not _wants_it_cancelled():
            note(
                f"The import goes on. To watch it: headway import --resume {run}. To end it: headway task cancel {run}."
            )
            raise typer.Exit(Ended.INTERRUPTED) from None
    _await(desk.cancel(run))
    note("The import is cancelled; what was on its way to PingOne is waited for.")
    return asyncio.run(desk.watch(run, None))


def _wants_it_cancelled() -> bool:
    """Asked only of somebody who can answer. A second Ctrl-C ends everything here."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print("\nCancel the import, or leave it running? [c/L] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("c", "cancel")


class _Desk:
    """Asks the server, and shows what it says."""

    def __init__(self, url: str, token: str | None, *, json: bool) -> None:
        self._url = url
        self._token = token
        self._json = json

    async def begin(
        self, file: Path, target: str | None, environment: str | None, options: Fields, named: Sequence[tuple[str, str]]
    ) -> str:
        """Upload, and have it run. The run's id."""
        async with Asker(self._url, self._token) as asker:
            known = (await asker.get("/api/imports/targets"))["targets"]
            chosen = imported.target(known, target, environment)
            upload = await self._upload(file)
            mapping = imported.mapping(upload, named)
            wanted = {**options, "kind": "import", "target": chosen["id"], "file": upload["id"], "mapping": mapping}
            if chosen["environment_type"] == "PRODUCTION" and not options["dry_run"]:
                note(f"{chosen['name']} is a production environment: real people sign on with it.")
            begun = await asker.post("/api/imports/runs", wanted)
        run = str(begun["run"])
        note(f"Importing {upload['rows']:,} rows of {file.name} into {chosen['name']}, run {run}.")
        return run

    async def resume(self, run: str) -> None:
        """Have it go on, if it is paused for a reason that may be gone."""
        async with Asker(self._url, self._token) as asker:
            known = await asker.get(_path(run))
            if known["status"] == "paused" and known["question"] is None:
                await asker.post(f"/api/tasks/{quote(run, safe='')}/resume")

    async def cancel(self, run: str) -> None:
        """Have it end."""
        async with Asker(self._url, self._token) as asker:
            if (await asker.get(_path(run)))["status"] not in _TERMINAL:
                await asker.post(f"/api/tasks/{quote(run, safe='')}/cancel")

    async def watch(self, run: str, since: Position | None) -> Ended:
        """Show it until it has ended, or holds still for a reason of its own."""
        channel = f"task:{run}"
        client = connect(self._url, token=self._token, on_change=Narrator(self._url, note))
        async with Asker(self._url, self._token) as asker, client:
            with printer([channel], json=self._json) as show:
                async for told in client.channel(channel, since):
                    if isinstance(told, Gap):
                        announce_gap(told, as_line=self._json)
                        continue
                    self._show(show, told)
                    if told.type.startswith("task_") and told.data.get("status") in (*_TERMINAL, "paused"):
                        state = await asker.get(_path(run))
                        if state["status"] in _TERMINAL:
                            if told.type == "task_progress":
                                show.conclude(told)
                            return Ended.WELL
                        wanted = told.data.get("wanted")
                        if state["status"] == "paused" and not wanted and (state["question"] or state["stopped"]):
                            for sentence in imported.held(run, state):
                                note(sentence)
                            return Ended.HELD
        return Ended.FAILED

    def _show(self, show: Printer, told: Event) -> None:
        if self._json or told.type not in _QUIET:
            show(told)

    async def conclude(self, run: str, rejects: Path | None) -> Ended:
        """Say how it ended, and fetch what was rejected."""
        async with Asker(self._url, self._token) as asker:
            state = await asker.get(_path(run))
        if self._json:
            print(msgspec.json.encode(state).decode(), flush=True)
        else:
            print(imported.summary(state), flush=True)
        if state["rejects"] and rejects is not None:
            await self._fetch(f"{_path(run)}/rejects.csv", rejects)
            note(f"The rejected rows are in {rejects}. Mend them, and import that file.")
        return imported.code(state)

    async def _upload(self, file: Path) -> Fields:
        async def pieces() -> AsyncIterator[bytes]:
            with file.open("rb") as opened:
                while piece := await asyncio.to_thread(opened.read, _CHUNK):
                    yield piece

        response = await self._ask("POST", "/api/imports/files", {"name": file.name}, content=pieces())
        decoded: Fields = msgspec.json.decode(response.content, type=dict[str, Any])
        return decoded

    async def _fetch(self, path: str, into: Path) -> None:
        response = await self._ask("GET", path, {})
        try:
            await asyncio.to_thread(into.write_bytes, response.content)
        except OSError as error:
            raise UsageError(f"{into} cannot be written: {error.strerror}") from error

    async def _ask(
        self, method: str, path: str, query: dict[str, str], content: AsyncIterator[bytes] | None = None
    ) -> httpx2.Response:
        """A question whose body or answer is no JSON. Raises `HeadwayError`."""
        address = Address.parse(self._url)
        headers = {"Content-Type": "text/csv", **bearer(None if self._token is None else checked(self._token))}
        timeout = httpx2.Timeout(_UPLOAD_SECONDS, connect=CONNECT_SECONDS)
        async with new_http(address) as http:
            try:
                response = await http.request(
                    method, address.http(path, query), content=content, headers=headers, timeout=timeout
                )
            except (httpx2.HTTPError, OSError) as error:
                raise HeadwayError(f"{address} cannot be asked now ({failed(error).reason})") from error
        if not response.is_success:
            raise answered(response.status_code, response.content, response.headers.get("Retry-After")).refusal()
        return response


def _await(asking: Coroutine[Any, Any, Answer]) -> Answer:  # Any: what a coroutine is sent and sends
    try:
        return asyncio.run(asking)
    except KeyError as error:
        raise HeadwayError(f"the server answered without {error}; is it an older Headway?") from None


def _path(run: str) -> str:
    return f"/api/imports/runs/{quote(run, safe='')}"
