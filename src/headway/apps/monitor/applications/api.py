"""The HTTP interface of applications: what is watched, and by whom it may be changed.

    GET, POST              /api/applications             ?environment=&category=&status=&tag=&q=
    GET, PUT, PATCH, DELETE …/{application}              by id or by name
    POST                   …/bulk                        {"ids": […], "change": {…}} or {"ids": […], "remove": true}
    POST                   …/import                      YAML of ours, of Gatus or of Upptime; ?format=&dryRun=true
    GET                    …/export, …/templates

Who watches may read all of it: a definition holds no secret. Administrators change it. A PATCH replaces each field that
it has as a whole. What the file manages is changed there, and 409 here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.apps.interface import Answer, Request, Route, json_answer
from headway.apps.monitor.applications.documents import BYTES
from headway.apps.monitor.applications.model import Application, Change, Definition, definition_of, environment_of
from headway.apps.monitor.applications.planning import Plan
from headway.apps.monitor.applications.reading import FORMATS, read
from headway.apps.monitor.applications.seen import STATUSES, Seen, Unseen, shown
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.applications.templates import TEMPLATES
from headway.apps.monitor.applications.yaml import exported
from headway.errors import PeerError, UsageError

__all__ = ["Api", "Bulk"]

Json = Any  # any JSON value
Shown = dict[str, Json]

_ADMIN: Final = Role.ADMIN
_YAML: Final = "text/yaml"
_MANY: Final = 500
"""Applications of one bulk change."""
_TRUE: Final = ("true", "1", "yes")


class Bulk(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One change to several: some fields, or their removal."""

    ids: list[str]
    change: dict[str, Json] | None = None
    remove: bool = False


class Api:
    """Its routes. What they use is there from the start on."""

    applications: Applications
    note: Callable[..., None]
    """As `Context.note`."""

    def __init__(self) -> None:
        self.seen: Seen = Unseen()

    def routes(self) -> Sequence[Route]:
        """All of them. Those with a word of their own come before those with a name in that place."""
        base, one = "/api/applications", "/api/applications/{application}"
        filters = {
            "environment": "development, staging or production",
            "category": "",
            "status": ", ".join(STATUSES),
            "tag": "",
            "q": "A text in its names, its category, its tags or its owner",
        }
        asked = {"format": f"{', '.join(FORMATS)}; what it looks like, if not said", "dryRun": "true: change nothing"}
        return (
            Route("GET", base, self.list, summary="Applications, and how many stand how", query=filters),
            Route("POST", base, self.add, _ADMIN, "Add an application", Definition),
            Route("POST", f"{base}/bulk", self.bulk, _ADMIN, "Change or remove several: all of them or none", Bulk),
            Route("POST", f"{base}/import", self.take, _ADMIN, "Take over YAML", takes=_YAML, query=asked),
            Route("GET", f"{base}/export", self.give, summary="All applications as YAML"),
            Route("GET", f"{base}/templates", self.templates, summary="Applications to begin with"),
            Route("GET", one, self.show, summary="One application, by id or name"),
            Route("PUT", one, self.replace, _ADMIN, "Define an application anew", Definition),
            Route("PATCH", one, self.change, _ADMIN, "Change an application; what is left out stays", Change),
            Route("DELETE", one, self.remove, _ADMIN, "Remove an application and its history"),
        )

    async def list(self, request: Request) -> Answer:
        """`GET /api/applications`."""
        chosen = _chosen(self.applications.all(), request)
        seen = await self.seen.seen(chosen)
        found = [shown(one, seen.get(one.id)) for one in chosen]
        counted = Counter(one["status"] for one in found)
        if status := _status(request):
            found = [one for one in found if one["status"] == status]
        counts = {"all": len(chosen), **{name: counted[name] for name in STATUSES}}
        return json_answer({"applications": found, "counts": counts})

    async def add(self, request: Request) -> Answer:
        """`POST /api/applications`."""
        made = await self.applications.add(definition_of(await _object(request)))
        self._noted(request, "application_added", made.name)
        return json_answer(await self._shown(made), 201)

    async def show(self, request: Request) -> Answer:
        """`GET /api/applications/{application}`."""
        return json_answer(await self._shown(self.applications.get(request.parameters["application"])))

    async def replace(self, request: Request) -> Answer:
        """`PUT /api/applications/{application}`."""
        before = self.applications.get(request.parameters["application"])
        wanted = definition_of({"name": before.name, **_without_ours(await _object(request), before)})
        return await self._changed(request, await self.applications.replace(before.id, wanted))

    async def change(self, request: Request) -> Answer:
        """`PATCH /api/applications/{application}`."""
        before = self.applications.get(request.parameters["application"])
        wanted = _without_ours(await _object(request), before)
        return await self._changed(request, await self.applications.change(before.id, wanted))

    async def remove(self, request: Request) -> Answer:
        """`DELETE /api/applications/{application}`."""
        removed = await self.applications.remove(request.parameters["application"])
        self._noted(request, "application_removed", removed.name)
        return json_answer({})

    async def bulk(self, request: Request) -> Answer:
        """`POST /api/applications/bulk`."""
        wanted = await request.body.json(Bulk)
        if not 0 < len(wanted.ids) <= _MANY:
            raise PeerError(f"name 1 to {_MANY} applications", details={"field": "ids"})
        if wanted.remove == (wanted.change is not None):
            raise PeerError("give either `change`, with some fields, or `remove`: true", details={"field": "change"})
        if wanted.change is not None and "name" in wanted.change:
            raise PeerError("several cannot have one name", details={"field": "change"})
        done = await self.applications.bulk(wanted.ids, wanted.change)
        what = "application_removed" if wanted.remove else "application_changed"
        for one in done:
            self._noted(request, what, one.name)
        if wanted.remove:
            return json_answer({"removed": [one.id for one in done]})
        seen = await self.seen.seen(done)
        return json_answer({"changed": [shown(one, seen.get(one.id)) for one in done]})

    async def take(self, request: Request) -> Answer:
        """`POST /api/applications/import`."""
        format, dry = request.first("format") or None, (request.first("dryRun") or "").lower() in _TRUE
        if format == "auto":
            format = None
        # A thread: a large text takes a second.
        found = await asyncio.to_thread(read, await request.body.read(BYTES), format)
        plan = await self.applications.apply(found, dry=dry)
        if not dry:
            self._noted(request, "applications_imported", f"{len(plan.created)} new, {len(plan.updated)} changed")
        return json_answer({"format": found.format, "dryRun": dry, **_told(plan)})

    async def give(self, request: Request) -> Answer:
        """`GET /api/applications/export`."""
        definitions = [one.definition for one in self.applications.all()]
        text = await asyncio.to_thread(exported, definitions)
        named = {"content-disposition": 'attachment; filename="applications.yaml"'}
        return Answer(text.encode(), type=f"{_YAML}; charset=utf-8", headers=named)

    async def templates(self, request: Request) -> Answer:
        """`GET /api/applications/templates`."""
        return json_answer({"templates": TEMPLATES})

    async def _changed(self, request: Request, after: Application) -> Answer:
        self._noted(request, "application_changed", after.name)
        return json_answer(await self._shown(after))

    async def _shown(self, application: Application) -> Shown:
        return shown(application, (await self.seen.seen([application])).get(application.id))

    def _noted(self, request: Request, what: str, target: str) -> None:
        self.note(what, user=request.identity.user, target=target, address=request.address)


async def _object(request: Request) -> dict[str, Json]:
    return await request.body.json(dict)


def _without_ours(data: Mapping[str, Json], before: Application) -> dict[str, Json]:
    """A body without what this server says of an application, so that what was read can be sent back. An id that is
    another's is refused."""
    if data.get("id", before.id) != before.id:
        raise UsageError("id: it is another application's", details={"field": "id"})
    ours = shown(before, None).keys() - Definition.__struct_encode_fields__
    return {name: value for name, value in data.items() if name not in ours}


def _chosen(applications: Sequence[Application], request: Request) -> Sequence[Application]:
    environment, category, tag = (request.first(name) for name in ("environment", "category", "tag"))
    words = (request.first("q") or "").casefold().split()
    return [
        one
        for one in applications
        if (not environment or one.environment == environment_of(environment))
        and (not category or one.category == category)
        and (not tag or tag in one.tags)
        and all(word in _searched(one) for word in words)
    ]


def _searched(one: Application) -> str:
    return "\n".join((one.name, one.display_name, one.category, one.owner.team, one.owner.email, *one.tags)).casefold()


def _status(request: Request) -> str | None:
    status = request.first("status") or None
    if status in (None, "all"):
        return None
    if status not in STATUSES:
        raise PeerError(f"status is one of {', '.join(STATUSES)}", details={"field": "status"})
    return status


def _told(plan: Plan) -> dict[str, Json]:
    return {
        "created": [one.name for one in plan.created],
        "updated": [before.name for before, _ in plan.updated],
        "unchanged": [one.name for one in plan.unchanged],
        "skipped": plan.skipped,
        "notes": plan.notes,
    }
