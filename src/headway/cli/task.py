"""`headway task`: what runs, what became of it, and the actions people have: pause, resume, cancel; and to have a job
run. Decides nothing: the server says what may be, and its sentence is what is printed.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import typer

from headway.cli.asking import Asker, Fields
from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Token, Url, commands
from headway.cli.output import exit_of_task, note, visible
from headway.cli.standing import Standing
from headway.cli.telling import WISHES, span
from headway.cli.watch import Follower, printer
from headway.client import connect
from headway.errors import HeadwayError, UsageError
from headway.positions import BEGINNING
from headway.tasks.model import Action, Status

__all__ = ["task"]

task = commands("Tasks: what runs, what became of it, and pause, resume, cancel.")

_ID: Final = 25
"""Characters of an id."""
_STATUS: Final = 11
_PROGRESS: Final = 16

Answer = TypeVar("Answer")

Id = Annotated[
    str, typer.Argument(metavar="TASK", help="Id of the task, as `headway task list` has it.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead, an object a line.")]


@task.command("list")
def list_(
    status: Annotated[
        list[Status] | None,
        typer.Option(help="Only those in this state; may be repeated.", show_default=False),
    ] = None,
    job: Annotated[str | None, typer.Option(metavar="JOB", help="Only those of this job.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only those with this in their name.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=500, help="So many at most.")] = 20,
    before: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=0, help="Go on where the last list ended.", show_default=False),
    ] = None,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List tasks, newest first.

    \b
    headway task list --status running --status queued
    headway task list --job etl --json | jq -r .task
    """
    query = {
        "status": ",".join(one.value for one in status or ()),
        "job": job or "",
        "name": name or "",
        "limit": str(limit),
        "before": "" if before is None else str(before),
    }
    answer = _run(_get(url, token, "/api/tasks", {key: value for key, value in query.items() if value}))
    if json:
        _print_all(answer["tasks"])
    else:
        _print_table(answer["tasks"])
    if answer.get("before") is not None:
        note(f"there are older ones: --before {answer['before']}")


@task.command()
def show(id: Id, json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Show everything that is known of a task."""
    state = _run(_get(url, token, _path(id)))
    if json:
        _print_all([state])
        return
    for label, value in _described(state):
        print(visible(f"{label:<9} {value}"))


@task.command()
def history(id: Id, json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Show what happened to a task and what was asked of it, when, and by whom."""
    entries = _run(_get(url, token, f"{_path(id)}/history"))["history"]
    if json:
        _print_all(entries)
        return
    for entry in entries:
        by = f"by {entry['by']}" if entry["by"] else ""
        said = "  ".join(part for part in (by, entry["detail"] or "") if part)
        print(visible(f"{_moment(entry['time'])}  {entry['what'].replace('_', ' '):<16}  {said}".rstrip()))


@task.command()
def pause(id: Id, json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Have a task hold still at its next point, until it is resumed."""
    _request(Action.PAUSE, id, json, url, token)


@task.command()
def resume(id: Id, json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Have a paused task go on."""
    _request(Action.RESUME, id, json, url, token)


@task.command()
def cancel(id: Id, json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Have a task end at its next point."""
    _request(Action.CANCEL, id, json, url, token)


@task.command()
def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Name of the job.", show_default=False)],
    arg: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="An argument of the job; may be repeated. Text where the job takes text, otherwise JSON.",
            show_default=False,
        ),
    ] = None,
    arguments: Annotated[
        str | None, typer.Option(metavar="JSON", help="All arguments, as a JSON object.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the task is called. Else: the job's title.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Higher goes first. Else: the job's own.", show_default=False)
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch it to its end. Ctrl-C ends the watching, not the task.")
    ] = False,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Asked twice with one key, the job runs once. Made anew for each call unless given.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.0, help="Seconds to keep trying to reach the server.")] = 30.0,
    json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Have a job run, and print the id of its task.

    With --follow the task is shown as `headway watch` does it, until it ends: exit code 0 says that it completed, 1
    that it failed, 3 that it was cancelled.

    \b
    headway task run etl --arg source=customers.csv --arg limit=1000 --follow
    """
    given = _object(arguments) if arguments is not None else {}
    pairs = [_pair(text) for text in arg or ()]
    state = _run(_submit(url, token, job, given, pairs, name, priority, idempotency_key, timeout))
    if not follow:
        if json:
            _print_all([state])
        else:
            print(state["task"], flush=True)
        return
    note(f"task {state['task']}")
    client = connect(url, token=token, on_change=Narrator(url, note))
    try:
        with printer([state["channel"]], json=json) as shown:
            follower = Follower(gaps_as_lines=json)
            # From the beginning, in a channel of its own: what happened before we follow is told too.
            since = BEGINNING if state["channel"] == f"task:{state['task']}" else None
            (end,) = asyncio.run(follower.follow(client, {state["channel"]: state["task"]}, since, shown))
    except KeyboardInterrupt:
        note(f"the task goes on; to end it: headway task cancel {state['task']}")
        raise
    if end is not None and exit_of_task(end):
        raise typer.Exit(exit_of_task(end))


async def _submit(
    url: str,
    token: str | None,
    job: str,
    given: Fields,
    pairs: Sequence[tuple[str, str]],
    name: str | None,
    priority: int | None,
    key: str | None,
    timeout: float,
) -> Fields:
    async with Asker(url, token) as asker:
        if pairs:
            known = {one["name"]: one["arguments"] for one in (await asker.get("/api/jobs"))["jobs"]}
            given = {**given, **{key: _typed(known.get(job, {}), key, value) for key, value in pairs}}
        fields = {"job": job, "arguments": given, "name": name, "priority": priority}
        return await asker.post_once("/api/tasks", fields, key or secrets.token_urlsafe(18), timeout)


def _request(action: Action, id: str, json: bool, url: str, token: str | None) -> None:
    async def asked() -> Fields:
        async with Asker(url, token) as asker:
            return await asker.post(f"{_path(id)}/{action.value}")

    state = _run(asked())
    if json:
        _print_all([state])
    else:
        print(f"{id}  {_status(state)}", flush=True)


async def _get(url: str, token: str | None, path: str, query: Mapping[str, str] | None = None) -> Fields:
    async with Asker(url, token) as asker:
        return await asker.get(path, query)


def _run(asking: Coroutine[Any, Any, Answer]) -> Answer:  # Any: what a coroutine is sent and sends
    try:
        return asyncio.run(asking)
    except KeyError as error:
        raise HeadwayError(f"the server answered without {error}; is it an older Headway?") from None


def _path(id: str) -> str:
    return f"/api/tasks/{quote(id, safe='')}"


# What is given.


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--arg: a name and a value, such as source=customers.csv, not {text!r}")
    return key, value


def _object(text: str) -> Fields:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise UsageError(f"--arguments: this is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError('--arguments: a JSON object, such as \'{"source": "customers.csv"}\'')
    return value


def _typed(schema: Fields, key: str, value: str) -> Any:  # Any: a JSON value
    """A value as the job takes it. What the job does not know the server refuses, with a better sentence than ours."""
    kind = schema.get("properties", {}).get(key, {}).get("type")
    if kind == "string":
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return value


# What is printed.


def _print_all(fields: Sequence[Fields]) -> None:
    for one in fields:
        print(msgspec.json.encode(one).decode(), flush=True)


def _print_table(tasks: Sequence[Fields]) -> None:
    width = max(80, shutil.get_terminal_size((80, 24)).columns)
    rows = [(one["task"], one["name"], _status(one), _progress(one)) for one in tasks]
    names = width - _ID - _STATUS - _PROGRESS - 6
    for id, name, status, progress in [("TASK", "NAME", "STATUS", "PROGRESS"), *rows]:
        cells = (id.ljust(_ID), _cut(name, names).ljust(names), status.ljust(_STATUS), _cut(progress, _PROGRESS))
        print(visible("  ".join(cells).rstrip()))


def _cut(text: str, width: int) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _status(state: Fields) -> str:
    return WISHES.get(state["wanted"]) or str(state["status"])


def _progress(state: Fields) -> str:
    """How far, in few characters."""
    standing = msgspec.convert(state, Standing)
    far = (
        f"{int(standing.percent)}%" if standing.percent is not None else f"{standing.done:,g}" if standing.done else ""
    )
    match standing.status:
        case Status.QUEUED:
            return f"waits {standing.waiting}" if standing.waiting else ""
        case Status.RUNNING if standing.stalled:
            return f"{far} stalled".strip()
        case Status.RUNNING if standing.eta is not None:
            return f"{far} {span(standing.eta)} left"
        case _ if standing.status.terminal:
            return f"{far} in {span(standing.elapsed)}".strip()
        case _:
            return far


def _described(state: Fields) -> list[tuple[str, object]]:
    """Everything there is to say, line by line; what there is not is left out."""
    total = "" if state["total"] is None else f" of {state['total']:,}"
    percent = "" if state["percent"] is None else f" ({state['percent']:g} %)"
    rows: list[tuple[str, object]] = [
        ("task", state["task"]),
        ("name", state["name"]),
        ("job", state.get("job")),
        ("channel", state.get("channel")),
        ("status", state["status"] + (f", {WISHES[state['wanted']]}" if state["wanted"] in WISHES else "")),
        ("waits", state["waiting"]),
        ("done", f"{state['done']:,}{total} {state['unit'] or ''}".rstrip() + percent),
        ("counts", ", ".join(f"{outcome} {count:,}" for outcome, count in state["counts"].items())),
        ("current", state["current"]),
        ("rate", None if state["rate"] is None else f"{state['rate']:,g} a second"),
        ("left", None if state["eta"] is None or state["ended_at"] else span(state["eta"])),
        ("stalled", "yes: nothing has moved for longer than its rate explains" if state["stalled"] else None),
        ("elapsed", span(state["elapsed"])),
        ("attempt", state["attempt"] or None),
        ("queued", _moment(state["queued_at"])),
        ("started", _moment(state["started_at"])),
        ("ended", _moment(state["ended_at"])),
        ("begun by", state.get("by")),
        ("error", None if state["error"] is None else f"{state['error']['message']} ({state['error']['code']})"),
        ("result", None if state["result"] is None else msgspec.json.encode(state["result"]).decode()),
        ("allowed", ", ".join(state["allowed"]) or "nothing"),
    ]
    return [(label, value) for label, value in rows if value not in (None, "")]


def _moment(spelled: str | None) -> str | None:
    """A time on this machine's clock."""
    return None if spelled is None else f"{datetime.fromisoformat(spelled).astimezone():%Y-%m-%d %H:%M:%S}"
