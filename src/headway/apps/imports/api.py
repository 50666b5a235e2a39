"""The HTTP interface of imports.

    GET  /api/imports/regions
    GET  /api/imports/targets          POST, PATCH, DELETE …/{target}    POST …/{target}/test
    GET  …/{target}/populations        POST                              GET  …/{target}/schema
    POST /api/imports/files            GET, DELETE …/{file}              POST …/{file}/preview
    GET  /api/imports/mappings         PUT, DELETE …/{mapping}
    POST /api/imports/runs             GET …, GET …/{run}                POST …/{run}/again, /answer
    GET  …/{run}/failures, /rejects.csv, /result, /report.json

Who watches may see runs that their token covers. Files, targets and mappings are for operators, changes of targets for
administrators: a target is where other people's data goes. No answer holds a secret or a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.apps.imports import records as tables
from headway.apps.imports.engine.interface import Choice, Options
from headway.apps.imports.files import FILE_BYTES, Files
from headway.apps.imports.form import read_form
from headway.apps.imports.runs import Runs, pieces
from headway.apps.imports.targets import Change, NewTarget, Targets
from headway.apps.imports.workbench import schema_of
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.codes import Code
from headway.errors import HeadwayError, PeerError, UsageError
from headway.pingone.regions import Region

__all__ = ["Api"]

_OPERATOR: Final = Role.OPERATOR
_ADMIN: Final = Role.ADMIN
_PAGE: Final = 50
_MOST: Final = 500
_FORM: Final = "multipart/form-data"


class NewPopulation(msgspec.Struct, forbid_unknown_fields=True):
    """A population that is to be."""

    name: str
    description: str = ""


class Look(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a preview is of."""

    target: str
    mapping: dict[str, str | None]
    population: Choice | None = None
    policy: str = "skip"


class Columns(msgspec.Struct, forbid_unknown_fields=True):
    """A mapping that is to be kept."""

    columns: dict[str, str | None]


class Reply(msgspec.Struct, forbid_unknown_fields=True):
    """An answer to a run's question."""

    population: str | Choice


class Api:
    """Its routes. What they use is there from the start on."""

    targets: Targets
    files: Files
    runs: Runs
    context: Context

    def routes(self) -> Sequence[Route]:
        """All of them."""
        return (*self._of_targets(), *self._of_files(), *self._of_runs())

    def _of_targets(self) -> Sequence[Route]:
        base, one = "/api/imports/targets", "/api/imports/targets/{target}"
        return (
            Route("GET", "/api/imports/regions", self.regions, summary="PingOne's regions"),
            Route("GET", base, self.list_targets, _OPERATOR, "The environments that runs can use"),
            Route("POST", base, self.add_target, _ADMIN, "Add a target", NewTarget),
            Route("PATCH", one, self.change_target, _ADMIN, "Change a target; what is left out stays", Change),
            Route("DELETE", one, self.remove_target, _ADMIN, "Remove a target"),
            Route("POST", f"{one}/test", self.test_target, _OPERATOR, "Try whether a target can be used"),
            Route("GET", f"{one}/populations", self.populations, _OPERATOR, "The populations of a target"),
            Route("POST", f"{one}/populations", self.add_population, _OPERATOR, "Create a population", NewPopulation),
            Route("GET", f"{one}/schema", self.schema, _OPERATOR, "What users of a target consist of"),
        )

    def _of_files(self) -> Sequence[Route]:
        base, one = "/api/imports/files", "/api/imports/files/{file}"
        kept = "/api/imports/mappings"
        named = {"name": "The file's name, where the body is the file itself"}
        return (
            Route("POST", base, self.upload, _OPERATOR, "Upload a CSV file", takes=_FORM, query=named),
            Route("GET", one, self.show_file, _OPERATOR, "What is known of a file"),
            Route("DELETE", one, self.remove_file, _OPERATOR, "Remove a file"),
            Route("POST", f"{one}/preview", self.preview, _OPERATOR, "The first rows as they would arrive", Look),
            Route("GET", kept, self.mappings, _OPERATOR, "Mappings that were kept"),
            Route("PUT", f"{kept}/{{mapping}}", self.keep_mapping, _OPERATOR, "Keep a mapping by a name", Columns),
            Route("DELETE", f"{kept}/{{mapping}}", self.forget_mapping, _OPERATOR, "Forget a mapping"),
        )

    def _of_runs(self) -> Sequence[Route]:
        base, one = "/api/imports/runs", "/api/imports/runs/{run}"
        filters = {"kind": "import, export, modify, delete", "status": "Of the task", "limit": "", "before": ""}
        page = {"after": "A row's number, to go on after it", "limit": "Most rows in the answer"}
        return (
            Route("POST", base, self.begin, _OPERATOR, "Begin a run", Options),
            Route("GET", base, self.list_runs, summary="Runs, newest first", query=filters),
            Route("GET", one, self.show_run, summary="One run"),
            Route("POST", f"{one}/again", self.again, _OPERATOR, "The same run once more"),
            Route("POST", f"{one}/answer", self.answer, _OPERATOR, "Answer a run's question", Reply),
            Route("GET", f"{one}/failures", self.failures, _OPERATOR, "Rows that failed", query=page),
            Route("GET", f"{one}/rejects.csv", self.rejects, _OPERATOR, "Rows that failed, to mend and import"),
            Route("GET", f"{one}/result", self.result, _OPERATOR, "What an export wrote"),
            Route("GET", f"{one}/report.json", self.report, summary="The report of a run that has ended"),
        )

    # Targets.

    async def regions(self, request: Request) -> Answer:
        """`GET /api/imports/regions`."""
        return json_answer({"regions": [{"code": one.name, "name": one.title, "tld": one.ending} for one in Region]})

    async def list_targets(self, request: Request) -> Answer:
        """`GET /api/imports/targets`."""
        return json_answer({"targets": await self.targets.all()})

    async def add_target(self, request: Request) -> Answer:
        """`POST /api/imports/targets`."""
        target = await self.targets.add(await request.body.json(NewTarget))
        self._note(request, "target_added", target.name)
        return json_answer(target, 201)

    async def change_target(self, request: Request) -> Answer:
        """`PATCH /api/imports/targets/{target}`."""
        target = await self.targets.change(request.parameters["target"], await request.body.json(Change))
        self._note(request, "target_changed", target.name)
        return json_answer(target)

    async def remove_target(self, request: Request) -> Answer:
        """`DELETE /api/imports/targets/{target}`."""
        await self.targets.remove(request.parameters["target"], self.runs.idle)
        self._note(request, "target_removed", request.parameters["target"])
        return json_answer({})

    async def test_target(self, request: Request) -> Answer:
        """`POST /api/imports/targets/{target}/test`."""
        return json_answer(await self.targets.test(request.parameters["target"]))

    async def populations(self, request: Request) -> Answer:
        """`GET /api/imports/targets/{target}/populations`."""
        async with self.targets.asking(request.parameters["target"]) as client:
            found = await client.populations()
        told = [
            {
                "id": one.id,
                "name": one.name,
                "description": one.description,
                "users": one.user_count,
                "default": one.default,
            }
            for one in found
        ]
        return json_answer({"populations": told})

    async def add_population(self, request: Request) -> Answer:
        """`POST /api/imports/targets/{target}/populations`."""
        wanted = await request.body.json(NewPopulation)
        if not wanted.name.strip():
            raise UsageError("a population has a name", details={"field": "name"})
        async with self.targets.asking(request.parameters["target"]) as client:
            made = await client.create_population(wanted.name.strip(), wanted.description)
        self._note(request, "population_created", wanted.name)
        return json_answer({"id": made.id, "name": wanted.name.strip()}, 201)

    async def schema(self, request: Request) -> Answer:
        """`GET /api/imports/targets/{target}/schema`."""
        async with self.targets.asking(request.parameters["target"]) as client:
            schema = await schema_of(client)
        told = [
            {
                "name": path,
                "type": str(schema[path].kind),
                "required": schema[path].required,
                "unique": path == "username",
                "custom": schema[path].custom,
            }
            for path in schema
        ]
        return json_answer({"attributes": told})

    # Files and mappings.

    async def upload(self, request: Request) -> Answer:
        """`POST /api/imports/files`."""
        async with self.files.incoming() as incoming:
            form = await read_form(request, incoming.write, limit=FILE_BYTES)
            if form.file is None:
                raise PeerError("the form has no file; send it in the field `file`", details={"field": "file"})
            upload = await self.files.take(incoming, form.file)
        self._note(request, "file_uploaded", upload.name)
        return json_answer(upload, 201)

    async def show_file(self, request: Request) -> Answer:
        """`GET /api/imports/files/{file}`."""
        return json_answer(await self.files.get(request.parameters["file"]))

    async def remove_file(self, request: Request) -> Answer:
        """`DELETE /api/imports/files/{file}`."""
        await self.files.remove(request.parameters["file"], busy=self.runs.idle)
        self._note(request, "file_removed", request.parameters["file"])
        return json_answer({})

    async def preview(self, request: Request) -> Answer:
        """`POST /api/imports/files/{file}/preview`."""
        wanted = await request.body.json(Look)
        async with self.targets.asking(wanted.target) as client:
            schema = await schema_of(client)
            populations = {one.name: one.id for one in await client.populations()}
        return json_answer(await self.files.preview(request.parameters["file"], wanted.mapping, schema, populations))

    async def mappings(self, request: Request) -> Answer:
        """`GET /api/imports/mappings`."""
        rows = await self.context.records.read(lambda connection: tables.all_of(connection, tables.MAPPINGS))
        return json_answer({"mappings": [dict(row) for row in rows]})

    async def keep_mapping(self, request: Request) -> Answer:
        """`PUT /api/imports/mappings/{mapping}`."""
        name, wanted = request.parameters["mapping"].strip(), await request.body.json(Columns)
        if not 1 <= len(name) <= 80:
            raise UsageError("a mapping's name is 1 to 80 characters", details={"field": "name"})
        now = self.context.clock.now()
        await self.context.records.write(lambda connection: tables.keep_mapping(connection, name, wanted.columns, now))
        return json_answer({"name": name, "columns": wanted.columns, "created_at": now})

    async def forget_mapping(self, request: Request) -> Answer:
        """`DELETE /api/imports/mappings/{mapping}`."""
        name = request.parameters["mapping"]
        await self.context.records.write(lambda connection: tables.keep_mapping(connection, name, None, 0.0))
        return json_answer({})

    # Runs.

    async def begin(self, request: Request) -> Answer:
        """`POST /api/imports/runs`."""
        options = await request.body.json(Options)
        key = request.headers.get("idempotency-key")
        begun = await self.runs.begin(options, by=request.identity.user, key=key)
        self._note(request, f"{options.kind}_begun", begun.channel)
        return json_answer(begun, 201)

    async def list_runs(self, request: Request) -> Answer:
        """`GET /api/imports/runs`."""
        runs, before = await self.runs.find(
            request.identity,
            kind=request.first("kind") or None,
            status=request.first("status") or None,
            before=_number(request, "before"),
            limit=min(_MOST, max(1, _number(request, "limit") or _PAGE)),
        )
        return json_answer({"runs": runs, "before": before})

    async def show_run(self, request: Request) -> Answer:
        """`GET /api/imports/runs/{run}`."""
        return json_answer(await self.runs.get(request.parameters["run"], request.identity))

    async def again(self, request: Request) -> Answer:
        """`POST /api/imports/runs/{run}/again`."""
        await self._readable(request)
        begun = await self.runs.again(request.parameters["run"], by=request.identity.user)
        self._note(request, "run_begun_again", begun.channel)
        return json_answer(begun, 201)

    async def answer(self, request: Request) -> Answer:
        """`POST /api/imports/runs/{run}/answer`."""
        reply = await request.body.json(Reply)
        await self._readable(request)
        await self.runs.answer(request.parameters["run"], reply.population, by=request.identity.user)
        return json_answer(await self.runs.get(request.parameters["run"], request.identity))

    async def failures(self, request: Request) -> Answer:
        """`GET /api/imports/runs/{run}/failures`."""
        await self._readable(request)
        after, limit = _number(request, "after") or 0, min(_MOST, max(1, _number(request, "limit") or _PAGE))
        try:
            found, more = await self.runs.failures(request.parameters["run"], after, limit)
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            found, more = [], None  # none has failed yet
        return json_answer({"failures": found, "after": more})

    async def rejects(self, request: Request) -> Answer:
        """`GET /api/imports/runs/{run}/rejects.csv`."""
        await self._readable(request)
        file = await self.runs.rejects(request.parameters["run"])
        return _attached(pieces(file), "text/csv; charset=utf-8", f"rejects-{request.parameters['run'][:8]}.csv")

    async def result(self, request: Request) -> Answer:
        """`GET /api/imports/runs/{run}/result`."""
        await self._readable(request)
        file = await self.runs.result(request.parameters["run"])
        kind = "application/json" if file.suffix == ".json" else "text/csv; charset=utf-8"
        self._note(request, "export_downloaded", request.parameters["run"])
        return _attached(pieces(file), kind, f"users-{request.parameters['run'][:8]}{file.suffix}")

    async def report(self, request: Request) -> Answer:
        """`GET /api/imports/runs/{run}/report.json`."""
        run = await self.runs.get(request.parameters["run"], request.identity)
        if run.report is None:
            raise HeadwayError("there is a report when the run has ended", code=Code.NOT_FOUND)
        return json_answer(run.report)

    async def _readable(self, request: Request) -> None:
        await self.runs.get(request.parameters["run"], request.identity)

    def _note(self, request: Request, what: str, target: str) -> None:
        self.context.note(what, user=request.identity.user, target=target, address=request.address)


def _attached(body: Any, kind: str, name: str) -> Answer:  # Any: pieces of a file
    return Answer(body, type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _number(request: Request, name: str) -> int | None:
    given = request.first(name)
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise PeerError(f"{name} is a whole number", details={"field": name})
    return int(given)
