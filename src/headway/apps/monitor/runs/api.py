"""The HTTP interface of test runs.

    POST   /api/tests/run-all, /run-apps         GET /api/tests/status, /history
    GET    /api/tests/{run}                      DELETE (cancel)          POST …/pause, /resume, /retry
    GET    …/{run}/logs, /report.xml, /report.json
    GET    /api/applications/{application}/screenshots/{name}
    POST   /api/webhooks/deployment              with the webhook's token in `X-Webhook-Token`
    GET    /api/monitor/schedules                PUT
    GET    /api/monitor/webhook                  POST makes a token, DELETE removes it

A run in a path is the task's id, with `task:` before it or without. Who watches sees the runs that their token covers.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec

from headway.access.identity import Role
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.apps.monitor.runs import telling
from headway.apps.monitor.runs.hook import HEADERS, Hook
from headway.apps.monitor.runs.junit import junit
from headway.apps.monitor.runs.logs import lines
from headway.apps.monitor.runs.model import Chosen, Kind, Wanted
from headway.apps.monitor.runs.pictures import Pictures
from headway.apps.monitor.runs.results import Runs
from headway.apps.monitor.runs.schedules import Schedule, Schedules
from headway.apps.monitor.runs.shown import Begun, Run
from headway.errors import PeerError
from headway.tasks.model import Action

__all__ = ["Api"]

_PICTURE: Final = "/api/applications/{application}/screenshots/{name}"
_OPERATOR: Final = Role.OPERATOR
_ADMIN: Final = Role.ADMIN
_PAGE: Final = 50
_MOST: Final = 200
_FIELDS: Final = 64 * 1024
"""Bytes of what a deployment tool sends. GitLab's events have some ten thousand; what is not ours is passed over."""

Shape = TypeVar("Shape")


class Deployment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a deployment says. Whatever else is in it is passed over."""

    application: str | None = None
    applications: tuple[str, ...] = ()
    environment: str | None = None
    tags: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = (Kind.HEALTH, Kind.LOGIN)
    priority: Literal["critical", "high", "medium", "low"] = "high"
    version: str | None = None


class Plans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All schedules."""

    schedules: list[Schedule]


class Api:
    """Its routes. What they use is there from the start on."""

    context: Context
    pictures: Pictures

    def __init__(self, runs: Runs, schedules: Schedules, hook: Hook) -> None:
        self._runs = runs
        self._schedules = schedules
        self._hook = hook

    def routes(self) -> Sequence[Route]:
        """All of them."""
        base, one = "/api/tests", "/api/tests/{run}"
        page = {"limit": "Most runs in the answer", "before": "A run's number, to go on before it"}
        return (
            Route("POST", f"{base}/run-all", self.run_all, _OPERATOR, "Test all applications", Wanted),
            Route("POST", f"{base}/run-apps", self.run_apps, _OPERATOR, "Test chosen applications", Wanted),
            Route("GET", f"{base}/status", self.status, summary="Runs that have not ended"),
            Route("GET", f"{base}/history", self.history, summary="Runs, newest first", query=page),
            Route("GET", one, self.show, summary="One run with its results"),
            Route("DELETE", one, self.cancel, _OPERATOR, "Cancel a run"),
            Route("POST", f"{one}/pause", self.pause, _OPERATOR, "Pause a run"),
            Route("POST", f"{one}/resume", self.resume, _OPERATOR, "Have a paused run go on"),
            Route("POST", f"{one}/retry", self.retry, _OPERATOR, "Repeat the tests of a run that failed"),
            Route("GET", f"{one}/logs", self.logs, summary="What happened in a run, in lines"),
            Route("GET", f"{one}/report.xml", self.report_xml, summary="A run as JUnit XML"),
            Route("GET", f"{one}/report.json", self.report_json, summary="A run as a file of JSON"),
            Route("GET", _PICTURE, self.picture, summary="A screenshot of a test that failed"),
            *self._of_triggers(),
        )

    def _of_triggers(self) -> Sequence[Route]:
        plans, hook = "/api/monitor/schedules", "/api/monitor/webhook"
        begin = "Test what was deployed; with the webhook's token in X-Webhook-Token"
        return (
            Route("POST", "/api/webhooks/deployment", self.deployed, None, begin, Deployment),
            Route("GET", plans, self.list_schedules, summary="Runs that begin by themselves"),
            Route("PUT", plans, self.set_schedules, _ADMIN, "Set which runs begin by themselves", Plans),
            Route("GET", hook, self.show_hook, _ADMIN, "Whether the webhook has a token"),
            Route("POST", hook, self.make_hook, _ADMIN, "Make a token for the webhook; it is shown once"),
            Route("DELETE", hook, self.remove_hook, _ADMIN, "Have no token for the webhook"),
        )

    # Beginning.

    async def run_all(self, request: Request) -> Answer:
        """`POST /api/tests/run-all`."""
        wanted = await _body(request, Wanted)
        return await self._begin(request, msgspec.structs.replace(wanted, applications=(), filter=Chosen()))

    async def run_apps(self, request: Request) -> Answer:
        """`POST /api/tests/run-apps`."""
        wanted = await _body(request, Wanted)
        if not wanted.applications and wanted.filter == Chosen():
            raise PeerError(
                "say which: `applications` with names or ids, or a `filter`; for all of them there is run-all",
                details={"field": "applications"},
            )
        return await self._begin(request, wanted)

    async def retry(self, request: Request) -> Answer:
        """`POST /api/tests/{run}/retry`."""
        run = telling.run_id(request.parameters["run"])
        await self._runs.get(run, request.identity)
        return self._told(request, await self._runs.again(run, by=request.identity.user, key=_key(request)))

    async def deployed(self, request: Request) -> Answer:
        """`POST /api/webhooks/deployment`."""
        await self._hook.check(request.headers)
        told = await _body(request, Deployment, _FIELDS)
        wanted = Wanted(
            applications=(*((told.application,) if told.application else ()), *told.applications),
            filter=Chosen(environment=told.environment, tags=told.tags),
            kinds=told.kinds,
            priority=told.priority,
            trigger="webhook",
            name=f"After the deployment of {told.version}"[:200] if told.version else "After a deployment",
        )
        begun = await self._runs.begin(wanted, by="webhook", key=_key(request, "webhook"))
        return self._told(request, begun, by="webhook")

    async def _begin(self, request: Request, wanted: Wanted) -> Answer:
        return self._told(request, await self._runs.begin(wanted, by=request.identity.user, key=_key(request)))

    def _told(self, request: Request, begun: Begun, by: str | None = None) -> Answer:
        self._note(request, "test_run_begun", begun.channel, by)
        return json_answer(begun, 201)

    # One run.

    async def show(self, request: Request) -> Answer:
        """`GET /api/tests/{run}`."""
        return json_answer(await self._run(request))

    async def cancel(self, request: Request) -> Answer:
        """`DELETE /api/tests/{run}`."""
        return await self._ask(request, Action.CANCEL)

    async def pause(self, request: Request) -> Answer:
        """`POST /api/tests/{run}/pause`."""
        return await self._ask(request, Action.PAUSE)

    async def resume(self, request: Request) -> Answer:
        """`POST /api/tests/{run}/resume`."""
        return await self._ask(request, Action.RESUME)

    async def logs(self, request: Request) -> Answer:
        """`GET /api/tests/{run}/logs`."""
        return json_answer({"logs": lines(await self._run(request))})

    async def report_xml(self, request: Request) -> Answer:
        """`GET /api/tests/{run}/report.xml`."""
        run = await self._run(request)
        return _attached(junit(run, platform.node() or "localhost"), "application/xml", f"tests-{run.id[:8]}.xml")

    async def report_json(self, request: Request) -> Answer:
        """`GET /api/tests/{run}/report.json`."""
        run = await self._run(request)
        return _attached(msgspec.json.encode(run), "application/json", f"tests-{run.id[:8]}.json")

    async def picture(self, request: Request) -> Answer:
        """`GET /api/applications/{application}/screenshots/{name}`. Its name is a capability: nobody guesses it."""
        png = await self.pictures.read(request.parameters["name"])
        return Answer(png, type="image/png", headers={"cache-control": "private, max-age=86400, immutable"})

    async def _run(self, request: Request) -> Run:
        return await self._runs.get(telling.run_id(request.parameters["run"]), request.identity)

    async def _ask(self, request: Request, action: Action) -> Answer:
        run = await self._runs.request(telling.run_id(request.parameters["run"]), action, request.identity)
        self._note(request, f"test_run_{action}", run.channel)
        return json_answer(run)

    # Several.

    async def status(self, request: Request) -> Answer:
        """`GET /api/tests/status`."""
        return json_answer({"running": await self._runs.running(request.identity)})

    async def history(self, request: Request) -> Answer:
        """`GET /api/tests/history`."""
        limit = min(_MOST, max(1, _number(request, "limit") or _PAGE))
        runs, before = await self._runs.find(request.identity, before=_number(request, "before"), limit=limit)
        return json_answer({"runs": runs, "before": before})

    # What begins runs by itself.

    async def list_schedules(self, request: Request) -> Answer:
        """`GET /api/monitor/schedules`."""
        return json_answer({"schedules": await self._schedules.all()})

    async def set_schedules(self, request: Request) -> Answer:
        """`PUT /api/monitor/schedules`."""
        wanted = await _body(request, Plans)
        told = await self._schedules.set(wanted.schedules)
        self._note(request, "test_schedules_set", f"{len(told)} schedules")
        return json_answer({"schedules": told})

    async def show_hook(self, request: Request) -> Answer:
        """`GET /api/monitor/webhook`."""
        created = await self._hook.created_at()
        return json_answer({"url": "/api/webhooks/deployment", "header": HEADERS[0], "createdAt": created})

    async def make_hook(self, request: Request) -> Answer:
        """`POST /api/monitor/webhook`."""
        token = await self._hook.make()
        self.context.secret(token)
        self._note(request, "webhook_token_made", "deployment")
        return json_answer({"token": token, "header": HEADERS[0], "url": "/api/webhooks/deployment"}, 201)

    async def remove_hook(self, request: Request) -> Answer:
        """`DELETE /api/monitor/webhook`."""
        await self._hook.remove()
        self._note(request, "webhook_token_removed", "deployment")
        return json_answer({})

    def _note(self, request: Request, what: str, target: str, by: str | None = None) -> None:
        self.context.note(what, user=by or request.identity.user, target=target, address=request.address)


async def _body(request: Request, shape: type[Shape], limit: int | None = None) -> Shape:
    """The body, where there is one: most of these say enough by their address."""
    raw = await request.body.read(limit)
    try:
        return msgspec.json.decode(raw or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise PeerError(f"this cannot be run: {error}") from error
    except msgspec.DecodeError as error:
        raise PeerError(f"the body is not JSON: {error}") from error


def _key(request: Request, who: str | None = None) -> str | None:
    """The idempotency key of whoever asks, theirs alone."""
    key = request.headers.get("idempotency-key")
    return None if not key else f"{who or request.identity.user}/{key[:255]}"


def _attached(body: bytes, kind: str, name: str) -> Answer:
    return Answer(body, type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _number(request: Request, name: str) -> int | None:
    given: Any = request.first(name)  # Any: a text or None
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise PeerError(f"{name} is a whole number", details={"field": name})
    return int(given)
