"""How the web import tools spell what we know: their forms, their words for a run, their errors.

{"success": true, "sessionId": "task:…", "total": 40}
{"success": false, "error": {"code", "message", "details"}, "message": "a sentence"}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from headway.apps.imports.csv.building import FALSE, TRUE
from headway.apps.imports.engine.interface import Choice
from headway.apps.imports.runs import Begun, Run
from headway.apps.interface import Answer
from headway.codes import Code
from headway.errors import HeadwayError, UsageError
from headway.tasks.model import Status

__all__ = ["Fields", "Named", "Resolved", "Tried", "Wanted", "import_of", "modify_of", "refused", "session", "shown"]

Json = dict[str, Any]
"""Any: JSON values."""


class Named(msgspec.Struct):
    """What names an import."""

    sessionId: str = ""


class Resolved(Named):
    """An answer to an import's question. The older tool says it in booleans."""

    useCsvPopulation: bool = False
    useUiPopulation: bool = False
    populationId: str = ""
    selectedPopulationId: str = ""


class Wanted(msgspec.Struct):
    """What an export is to hold."""

    populationId: str = ""
    format: str = "csv"
    includeDisabled: bool = True
    maxResults: int | None = None
    fields: list[str] = []
    target: str = ""


class Tried(msgspec.Struct):
    """Which target is to be tried."""

    target: str = ""


class Fields:
    """What a form says, as the older tool writes it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        return self._fields.get(name, "").strip()

    def whether(self, name: str) -> bool:
        word = self.text(name).lower()
        if word in TRUE:
            return True
        if word in FALSE or not word:
            return False
        raise UsageError(f"{name} is true or false", details={"field": name})

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not text.isdecimal() or len(text) > 15:
            raise UsageError(f"{name} is a whole number", details={"field": name})
        return int(text)

    def population(self) -> Choice | None:
        """The id counts before the name, which the older tool sends along with it."""
        if id := self.text("populationId"):
            return Choice(id=id)
        name = self.text("populationName")
        return Choice(name=name) if name else None


def import_of(fields: Fields) -> Json:
    """Options of an import, as far as its form says them. Raises `UsageError`."""
    population = fields.population()
    return {
        "kind": "import",
        "policy": fields.text("policy") or "skip",
        "population": None if population is None else msgspec.to_builtins(population),
        "dry_run": fields.whether("validateOnly"),
    }


def modify_of(fields: Fields) -> Json:
    """The same of changes."""
    return {
        **import_of(fields),
        "kind": "modify",
        "policy": "update",
        "create_missing": fields.whether("createIfNotExists"),
        "confirm": fields.number("confirm"),
    }


def session(begun: Begun) -> Json:
    """What is answered to who began something."""
    return {"success": True, "sessionId": begun.sessionId, "total": begun.total}


def shown(run: Run) -> Json:
    """A run in the words of the older tool."""
    done = sum(number for name, number in run.counts.items() if name != "not_attempted")
    total = None if run.total is None else int(run.total)
    return {
        "sessionId": run.channel,
        "type": run.kind,
        "isRunning": not Status(run.status).terminal,
        "status": run.status,
        "fileName": run.file_name,
        "total": total,
        "current": done,
        "progress": None if not total else round(100 * done / total),
        "counts": {**run.counts, "succeeded": run.counts["created"] + run.counts["updated"]},
        "dryRun": run.dry_run,
        "startTime": _moment(run.started_at),
        "endTime": _moment(run.ended_at),
        "question": run.question,
        "error": run.stopped,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def refused(error: HeadwayError) -> Answer:
    """An error as everywhere, and as the older tool reads it."""
    told = {"code": error.code.spelling, "message": error.message, "details": error.details}
    headers: dict[str, str] = {}
    if error.code.retry:
        headers["retry-after"] = str(int(error.details.get("retry_after", 1)))
    if error.code in (Code.TIMEOUT, Code.TOO_LARGE):
        headers["connection"] = "close"  # the rest of the request is not read
    body = {"success": False, "error": told, "message": error.message}
    return Answer(msgspec.json.encode(body), error.code.status, headers=headers)
