"""The HTTP interface of tasks.

    GET  /api/tasks?status=&job=&name=&limit=&before=   {"tasks": [state, …], "before", "counts"}: newest first
    POST /api/tasks  {"report": {"name", …}}            begin one that somebody else runs     whoever may publish there
                     {"job", "arguments", …}            have a job run                        operator
    GET  /api/tasks/{task}                              {"task": id, "status", …}: what its channel's snapshot says
    GET  /api/tasks/{task}/history                      {"history": [{"what", "time", "by", "detail"}, …]}
    POST /api/tasks/{task}/pause, /resume, /cancel      202 and the state; 409 where it cannot be     operator
    POST /api/tasks/{task}/report                       {"wanted"}: what is wanted of it              its owner
    GET  /api/jobs                                      {"jobs": [{"name", "arguments": JSON schema, …}]}

Who may read a task is who may read its channel. A list holds what its reader may read, and nothing is said of the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from headway.access.identity import Role
from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.server.audit import Action as Audited
from headway.server.reported import Begun, Reported, Submission
from headway.server.request import Request
from headway.sessions.session import Forbidden
from headway.tasks.interface import Beginning
from headway.tasks.model import Action, State, Status
from headway.tasks.records import Filters
from headway.tasks.service import Place
from headway.tasks.wire import TASKS, fields, moment
from headway.transports.requests import answer, client_of, header, query_list, query_of, read_body

__all__ = ["begin", "cancel", "find", "history", "jobs", "pause", "report", "resume", "show"]

_NO_STORE: Final = [(b"cache-control", b"no-store")]
_LIMIT: Final = 50
_MOST: Final = 500
_SCANNED: Final = 10
"""Pages looked through for one answer, for a reader who may see few of many."""
_AUDITED: Final = {
    Action.PAUSE: Audited.PAUSED,
    Action.RESUME: Audited.RESUMED,
    Action.CANCEL: Audited.CANCELLED,
}

Body = TypeVar("Body")


async def find(request: Request) -> None:
    """`GET /api/tasks`."""
    query = query_of(request.scope)
    filters = Filters(
        frozenset(_status(word) for given in query_list(request.scope, "status") for word in given.split(",") if word),
        query.get("job") or None,
        query.get("name") or None,
        _number(query, "before"),
        min(_MOST, max(1, _number(query, "limit") or _LIMIT)),
    )
    tasks, identity = request.parts.tasks, request.identity
    found: list[Place] = []
    before = filters.before
    for _ in range(_SCANNED):
        page = await tasks.find(replace(filters, before=before))
        found += [place for place in page.places if identity.may_read(place.state.channel)]
        before = page.before
        if before is None or len(found) >= filters.limit:
            break
    if len(found) > filters.limit:
        found = found[: filters.limit]
        before = found[-1].number
    counts = await tasks.counts() if identity.may_read(TASKS) else None
    body = {"tasks": [_told(place.state) for place in found], "before": before}
    await _answer(request, body if counts is None else {**body, "counts": counts})


async def begin(request: Request) -> None:
    """`POST /api/tasks`."""
    wanted = await _body(request, Submission)
    key = header(request.scope, b"idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise PeerError("an idempotency key has 1 to 255 characters", details={"field": "Idempotency-Key"})
    if (wanted.report is None) == (wanted.job is None):
        raise PeerError("name either a `job` to run, or what to `report`")
    if wanted.report is not None:
        await _begin(request, wanted.report, key)
    else:
        await _submit(request, wanted, key)


async def _begin(request: Request, wanted: Begun, key: str | None) -> None:
    # Its own channel does not exist yet: who may publish to any task's channel may begin one.
    request.parts.sessions.publishable(request.identity, wanted.channel or "task:new")
    beginning = Beginning(wanted.name, wanted.progress.progress(), wanted.channel, wanted.honours, wanted.silence)
    user = request.identity.user
    owned = await request.parts.tasks.begin(beginning, idempotency_key=_scoped("report", user, key), by=user)
    body = {"id": owned.id, "channel": owned.channel, "owner": owned.owner, "url": f"/tasks/{owned.id}"}
    await _answer(request, body, 201)


async def _submit(request: Request, wanted: Submission, key: str | None) -> None:
    if not request.identity.may(Role.OPERATOR):
        raise Forbidden("to have a job run takes the role operator", details={"role": Role.OPERATOR.value})
    state = await request.parts.runner.submit(
        wanted.job or "",
        wanted.arguments,
        name=wanted.name,
        priority=wanted.priority,
        at=wanted.at,
        idempotency_key=_scoped("submit", request.identity.user, key),
        by=request.identity.user,
    )
    await _answer(request, _told(state), 201)


def _scoped(use: str, user: str | None, key: str | None) -> str | None:
    """One user's keys are nothing to another's. As a list: a name may hold whatever stands between two."""
    return None if key is None else msgspec.json.encode([use, user, key]).decode()


async def show(request: Request) -> None:
    """`GET /api/tasks/{task}`."""
    await _answer(request, _told(await _readable(request, request.subject)))


async def history(request: Request) -> None:
    """`GET /api/tasks/{task}/history`."""
    await _readable(request, request.subject)
    entries = await request.parts.tasks.history(request.subject)
    told = [
        {"what": entry.what, "time": moment(entry.time), "by": entry.by, "detail": entry.detail} for entry in entries
    ]
    await _answer(request, {"history": told})


async def pause(request: Request) -> None:
    """`POST /api/tasks/{task}/pause`."""
    await _request(request, Action.PAUSE)


async def resume(request: Request) -> None:
    """`POST /api/tasks/{task}/resume`."""
    await _request(request, Action.RESUME)


async def cancel(request: Request) -> None:
    """`POST /api/tasks/{task}/cancel`."""
    await _request(request, Action.CANCEL)


async def _request(request: Request, action: Action) -> None:
    await _readable(request, request.subject)
    user = request.identity.user
    state = await request.parts.tasks.request(request.subject, action, user)
    request.parts.watch.note(_AUDITED[action], user=user, target=state.channel, address=client_of(request.scope))
    await _answer(request, _told(state), 202)


async def report(request: Request) -> None:
    """`POST /api/tasks/{task}/report`. The owner's secret is what counts, beside the right to publish there."""
    said = await _body(request, Reported)
    channel = (await request.parts.tasks.get(request.subject)).channel
    if not (request.identity.may_read(channel) or request.identity.may_publish(channel)):
        raise _unknown(request.subject)
    request.parts.sessions.publishable(request.identity, channel)
    wanted = await request.parts.tasks.report(request.subject, said.owner, said.report())
    await _answer(request, {"wanted": wanted})


async def jobs(request: Request) -> None:
    """`GET /api/jobs`."""
    told = [
        {
            "name": job.name,
            "title": job.title,
            "arguments": job.schema(),
            "concurrency": job.concurrency,
            "pool": job.pool,
            "schedule": None if job.schedule is None else str(job.schedule),
        }
        for job in request.parts.runner.jobs
    ]
    await _answer(request, {"jobs": told})


def _told(state: State) -> dict[str, Any]:  # Any: JSON values
    """The state, and where it is told: of an event the channel is no part of its data."""
    return {**fields(state), "channel": state.channel}


async def _readable(request: Request, id: str) -> State:
    """The task, if its channel may be read. What may not be read is not there."""
    state = await request.parts.tasks.get(id)
    if not request.identity.may_read(state.channel):
        raise _unknown(id)
    return state


def _unknown(id: str) -> HeadwayError:
    return HeadwayError(f"there is no task {id!r}", code=Code.NOT_FOUND)


async def _body(request: Request, kind: type[Body]) -> Body:
    limits = request.parts.sessions.limits
    body = await read_body(request.scope, request.receive, limits.body_bytes, limits=limits)
    request.parts.sessions.pace.request(request.identity.user, len(body))
    if body.count(b"[") + body.count(b"{") > limits.containers:
        raise PeerError(f"a body has at most {limits.containers} lists and objects", code=Code.TOO_LARGE)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise PeerError(str(error)) from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PeerError(f"the body is not JSON: {error}", code=Code.BAD_JSON) from error


def _status(word: str) -> Status:
    try:
        return Status(word)
    except ValueError as error:
        known = ", ".join(Status)
        raise PeerError(f"a status is one of {known}; {word!r} is not", details={"field": "status"}) from error


def _number(query: dict[str, str], name: str) -> int | None:
    given = query.get(name)
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise PeerError(f"{name} is a whole number", details={"field": name})
    return int(given)


async def _answer(request: Request, body: dict[str, Any], status: int = 200) -> None:  # Any: JSON
    await answer(request.send, status, msgspec.json.encode(body), _NO_STORE)
