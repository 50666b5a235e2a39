"""The routes of the web import tools that are out there, under their own names, on the runs that `api` begins.

    POST   /api/import                     multipart: file, populationId, populationName, validateOnly, policy, target
    POST   /api/import/cancel              {sessionId}
    GET    /api/import/status              ?sessionId=; without: the newest import
    DELETE /api/import/reset
    POST   /api/import/resolve-conflict    {sessionId, useCsvPopulation | useUiPopulation}
    POST   /api/import/resolve-invalid-population    {sessionId, populationId | useUiPopulation}
    POST   /api/export-users               {populationId, format, includeDisabled, maxResults, fields}
    POST   /api/modify                     multipart: as an import, and createIfNotExists, confirm
    GET    /api/pingone/populations        POST /api/pingone/test-connection
    GET    /api/history                    GET  /api/token/status              GET /api/version

A good answer says `success: true`; a bad one is the error of everywhere, with `success: false` and its sentence beside
it. A `sessionId` is a run, with or without the `task:` that makes it a channel. Whoever names no target means the one
that was added, or the sandbox where none was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.mapping import Mapping as Columns
from headway.apps.imports.dialect import (
    Fields,
    Named,
    Resolved,
    Tried,
    Wanted,
    import_of,
    modify_of,
    refused,
    session,
    shown,
)
from headway.apps.imports.engine.interface import Choice, Options
from headway.apps.imports.engine.populations import CONFLICT, PICK
from headway.apps.imports.files import FILE_BYTES, Files, Upload
from headway.apps.imports.form import read_form
from headway.apps.imports.runs import Begun, Run, Runs
from headway.apps.imports.targets import SANDBOX, Targets
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.errors import Conflict, HeadwayError, PeerError, UsageError
from headway.tasks.model import Action, Status
from headway.version import VERSION

__all__ = ["Contract"]

_OPERATOR: Final = Role.OPERATOR
_FORM: Final = "multipart/form-data"
_PREFIX: Final = "task:"
_HISTORY: Final = 100
"""Runs of one answer: what a page of the older tool showed."""
_EVERYBODY: Final = frozenset({"", "all", "*"})
"""What stands for every population in a form of the older tool."""

Handler = Callable[[Request], Awaitable[Answer]]
Json = dict[str, Any]
"""Any: JSON values."""


class Contract:
    """Its routes. What they use is there from the start on."""

    targets: Targets
    files: Files
    runs: Runs
    context: Context

    def routes(self) -> Sequence[Route]:
        """All of them."""
        named = {"sessionId": "Of the import; else the newest"}
        at = {"target": "Id or name of a target; else the only one"}
        return (
            _route("POST", "/api/import", self.begin_import, _OPERATOR, "Import a CSV file", takes=_FORM),
            _route("POST", "/api/import/cancel", self.cancel, _OPERATOR, "Cancel an import", Named),
            _route("GET", "/api/import/status", self.status, Role.VIEWER, "How far an import is", query=named),
            _route("DELETE", "/api/import/reset", self.reset, _OPERATOR, "Begin afresh, where nothing is going on"),
            _route("POST", "/api/import/resolve-conflict", self.resolve_conflict, _OPERATOR, "Say what wins", Resolved),
            _route(
                "POST",
                "/api/import/resolve-invalid-population",
                self.resolve_population,
                _OPERATOR,
                "Say where users go whose population there is not",
                Resolved,
            ),
            _route("POST", "/api/export-users", self.export, _OPERATOR, "Export users", Wanted),
            _route("POST", "/api/modify", self.modify, _OPERATOR, "Change the users of a CSV file", takes=_FORM),
            _route("GET", "/api/pingone/populations", self.populations, _OPERATOR, "Populations", query=at),
            _route("POST", "/api/pingone/test-connection", self.test, _OPERATOR, "Try a target", Tried),
            _route("GET", "/api/token/status", self.token, _OPERATOR, "Whether a token can be had", query=at),
            _route("GET", "/api/history", self.history, Role.VIEWER, "Runs, newest first"),
            _route("GET", "/api/version", self.version, Role.VIEWER, "Which version this is"),
        )

    # Beginning.

    async def begin_import(self, request: Request) -> Answer:
        """`POST /api/import`."""
        return await self._of_file(request, import_of)

    async def modify(self, request: Request) -> Answer:
        """`POST /api/modify`."""
        return await self._of_file(request, modify_of)

    async def export(self, request: Request) -> Answer:
        """`POST /api/export-users`."""
        wanted = await request.body.json(Wanted)
        chosen = {
            "population": None if wanted.populationId.lower() in _EVERYBODY else wanted.populationId,
            "enabled": None if wanted.includeDisabled else True,
            "limit": wanted.maxResults,
            "attributes": wanted.fields or None,
        }
        told = {"kind": "export", "target": await self._target(wanted.target), "format": wanted.format.lower()}
        begun = await self._begun(request, {**told, "filter": chosen})
        return json_answer({**session(begun), "download": f"/api/imports/runs/{begun.run}/result"}, 201)

    async def _of_file(self, request: Request, options: Callable[[Fields], Json]) -> Answer:
        async with self.files.incoming() as incoming:
            form = await read_form(request, incoming.write, limit=FILE_BYTES)
            if form.file is None:
                raise PeerError("the form has no file; send it in the field `file`", details={"field": "file"})
            fields = Fields({name: values[0] for name, values in request.query.items()} | form.fields)
            told = {**options(fields), "target": await self._target(fields.text("target"))}
            upload = await self.files.take(incoming, form.file)
        try:
            begun = await self._begun(request, {**told, "file": upload.id, "mapping": _mapped(upload)})
        except HeadwayError:
            # Nobody knows its id, and it may hold passwords.
            await self.files.remove(upload.id, busy=self.runs.idle)
            raise
        return json_answer(session(begun), 201)

    async def _begun(self, request: Request, told: Json) -> Begun:
        try:
            options = msgspec.convert(told, Options)
        except msgspec.ValidationError as error:
            raise UsageError(str(error)) from error
        key = request.headers.get("idempotency-key")
        begun = await self.runs.begin(options, by=request.identity.user, key=key)
        self._note(request, f"{options.kind}_begun", begun.channel)
        return begun

    async def _target(self, named: str) -> str:
        """The id of a target. Raises `UsageError`."""
        known = {one.id: one.name for one in await self.targets.all()}
        if named:
            for id, name in known.items():
                if named == id or named.casefold() == name.casefold():
                    return id
            raise UsageError(
                f"there is no target {named!r}; add it at /api/imports/targets", details={"field": "target"}
            )
        added = [id for id in known if id != SANDBOX]
        if len(added) > 1:
            names = ", ".join(known[id] for id in added)
            raise UsageError(f"there are several targets; name one in `target`: {names}", details={"field": "target"})
        return added[0] if added else SANDBOX

    # What goes on.

    async def cancel(self, request: Request) -> Answer:
        """`POST /api/import/cancel`."""
        run = await self._named(request, (await request.body.json(Named)).sessionId)
        state = await self.context.tasks.request(run.id, Action.CANCEL, request.identity.user)
        return json_answer({"success": True, "sessionId": run.channel, "status": str(state.wanted or state.status)})

    async def status(self, request: Request) -> Answer:
        """`GET /api/import/status`."""
        if named := request.first("sessionId"):
            return json_answer({"success": True, **shown(await self._named(request, named))})
        newest, _ = await self.runs.find(request.identity, kind="import", status=None, before=None, limit=1)
        if not newest:
            return json_answer({"success": True, "isRunning": False, "status": "idle"})
        return json_answer({"success": True, **shown(newest[0])})

    async def reset(self, request: Request) -> Answer:
        """`DELETE /api/import/reset`. Each import has a status of its own, so there is nothing to clear."""
        runs, _ = await self.runs.find(request.identity, kind="import", status=None, before=None, limit=_HISTORY)
        going = [run.channel for run in runs if not Status(run.status).terminal]
        if going:
            raise Conflict(
                "an import is going on; cancel it first, or leave it alone: others can be begun beside it",
                details={"sessionIds": going},
            )
        return json_answer({"success": True, "message": "Nothing is going on. What has ended stays in the history."})

    async def resolve_conflict(self, request: Request) -> Answer:
        """`POST /api/import/resolve-conflict`."""
        said = await request.body.json(Resolved)
        if said.useCsvPopulation == said.useUiPopulation:
            raise UsageError("say which population wins: useCsvPopulation or useUiPopulation, one of them true")
        return await self._resolve(request, said, CONFLICT, "file" if said.useCsvPopulation else "choice")

    async def resolve_population(self, request: Request) -> Answer:
        """`POST /api/import/resolve-invalid-population`."""
        said = await request.body.json(Resolved)
        id = said.populationId or said.selectedPopulationId
        if not id and not said.useUiPopulation:
            raise UsageError("say where these users go: populationId, or useUiPopulation")
        return await self._resolve(request, said, PICK, Choice(id=id) if id else "choice")

    async def _resolve(self, request: Request, said: Resolved, kind: str, answer: Choice | str) -> Answer:
        run = await self._named(request, said.sessionId)
        if run.question is None or run.question.get("kind") != kind:
            raise Conflict("the import has not asked that", details={"question": run.question})
        await self.runs.answer(run.id, answer, by=request.identity.user)
        return json_answer({"success": True, "sessionId": run.channel})

    async def _named(self, request: Request, id: str) -> Run:
        if not id:
            raise UsageError("name the import by its sessionId", details={"field": "sessionId"})
        return await self.runs.get(id.removeprefix(_PREFIX), request.identity)

    # What there is.

    async def populations(self, request: Request) -> Answer:
        """`GET /api/pingone/populations`."""
        async with self.targets.asking(await self._target(request.first("target") or "")) as client:
            found = await client.populations()
        told = [
            {"id": one.id, "name": one.name, "description": one.description, "userCount": one.user_count}
            for one in found
        ]
        return json_answer({"success": True, "populations": told})

    async def test(self, request: Request) -> Answer:
        """`POST /api/pingone/test-connection`. The body may be empty."""
        body = await request.body.read()
        try:
            named = msgspec.json.decode(body, type=Tried).target if body.strip() else ""
        except (msgspec.DecodeError, RecursionError) as error:
            raise PeerError(f"the body is not as expected: {error}") from error
        seen = await self.targets.test(await self._target(named))
        return json_answer({"success": seen["ok"], **seen})

    async def token(self, request: Request) -> Answer:
        """`GET /api/token/status`. A run asks for tokens itself, so what counts is whether one can be had."""
        seen = await self.targets.test(await self._target(request.first("target") or ""))
        told = {"hasToken": seen["ok"], "isValid": seen["ok"], "message": seen.get("message")}
        return json_answer({"success": True, **told})

    async def history(self, request: Request) -> Answer:
        """`GET /api/history`."""
        runs, _ = await self.runs.find(request.identity, kind=None, status=None, before=None, limit=_HISTORY)
        return json_answer({"success": True, "history": [shown(run) for run in runs]})

    async def version(self, request: Request) -> Answer:
        """`GET /api/version`."""
        return json_answer({"success": True, "name": "Headway", "version": VERSION})

    def _note(self, request: Request, what: str, target: str) -> None:
        self.context.note(what, user=request.identity.user, target=target, address=request.address)


def _mapped(upload: Upload) -> dict[str, str | None]:
    """The mapping that was proposed. Raises `Refused` where no column is the username."""
    mapping: dict[str, str | None] = {one["column"]: one["attribute"] for one in upload.mapping}
    Builder(Columns(tuple(mapping.items())), upload.header)
    return mapping


def _route(
    method: str,
    template: str,
    handler: Handler,
    needs: Role,
    summary: str,
    body: type | None = None,
    *,
    takes: str | None = None,
    query: Mapping[str, str] | None = None,
) -> Route:
    return Route(method, template, _explained(handler), needs, summary, body, takes, query or {})


def _explained(handler: Handler) -> Handler:
    """The handler, whose errors say `success: false` too."""

    async def answer(request: Request) -> Answer:
        try:
            return await handler(request)
        except HeadwayError as error:
            return refused(error)

    return answer
