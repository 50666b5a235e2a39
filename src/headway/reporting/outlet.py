"""Reports over HTTP: the `Outlet` of a server somewhere else.

    POST /api/tasks               {"report": {name, progress, channel?, honours, silence}}, Idempotency-Key
                                  201 {id, channel, owner, url?}
    POST /api/tasks/{id}/report   {owner, number, progress, happened?, name?, error?, result?, items?, lines?,
                                  children?}
                                  200 {wanted}     409 the task is somebody else's, or over     404 it is not known

What fails becomes an error whose code says whether trying again can help.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.endings import Ended, Refused, Unreachable, answered, failed
from headway.client.transports.http import new_http
from headway.client.transports.interface import CONNECT_SECONDS, bearer
from headway.codes import Advice, Code
from headway.errors import HeadwayError
from headway.tasks.bridge import THREAD
from headway.tasks.interface import Beginning, Lost, Owned, Report
from headway.tasks.model import IllegalTransition, Progress, Status

__all__ = ["HttpOutlet", "begin_fields", "report_fields"]

_ANSWER: Final = 10.0
"""Seconds for an answer: less than the silence after which the server takes this program for dead."""

Fields = dict[str, Any]
"""A JSON object. Any: JSON values."""


class HttpOutlet:
    """Speaks to one server, over connections that are kept. Close it on the loop it was used on."""

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._token = token
        # Imported and made at once, in the thread of whoever reports: nothing must be half imported, and its lock held,
        # in the moment in which the program forks.
        with contextlib.suppress(ImportError):
            importlib.import_module("anyio._backends._asyncio")
        self._http: httpx2.AsyncClient | None = new_http(address)
        # httpx2 logs each request, ten a second, into the log of a program that only wanted to be watched.
        logging.getLogger("httpx2").addFilter(_not_of_the_bridge)

    async def begin(self, beginning: Beginning, *, idempotency_key: str | None = None) -> Owned:
        """See `Outlet`."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        fields = await self._post("/api/tasks", {"report": begin_fields(beginning)}, headers)
        try:
            return Owned(str(fields["id"]), str(fields["channel"]), str(fields["owner"]))
        except KeyError as error:
            raise HeadwayError("the server answered something that no Headway does", code=Code.NOT_SET_UP) from error

    async def report(self, id: str, owner: str, report: Report) -> Status | None:
        """See `Outlet`."""
        fields = await self._post(f"/api/tasks/{quote(id, safe='')}/report", report_fields(owner, report), {})
        wanted = fields.get("wanted")
        try:
            return None if wanted is None else Status(wanted)
        except ValueError:
            return None  # what a newer server may want is nothing that we could follow

    async def close(self) -> None:
        """Close what is kept."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _post(self, path: str, fields: Fields, headers: Mapping[str, str]) -> Fields:
        try:
            return await self._ask(path, fields, headers)
        except Ended as ended:
            raise _error(ended) from ended

    async def _ask(self, path: str, fields: Fields, headers: Mapping[str, str]) -> Fields:
        if self._http is None:
            self._http = new_http(self._address)
        try:
            response = await self._http.post(
                self._address.http(path),
                content=msgspec.json.encode(fields),
                headers={"Content-Type": "application/json", **headers, **bearer(self._token)},
                timeout=httpx2.Timeout(_ANSWER, connect=CONNECT_SECONDS),
            )
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        if response.status_code not in (200, 201):
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        try:
            decoded: Any = msgspec.json.decode(response.content)  # Any: JSON
        except msgspec.DecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise Ended("something answered that is no Headway")
        return decoded


def _not_of_the_bridge(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD or record.levelno >= logging.WARNING


def begin_fields(beginning: Beginning) -> Fields:
    """A beginning as JSON has it."""
    fields: Fields = {
        "name": beginning.name,
        "progress": _progress(beginning.progress),
        "honours": sorted(action.value for action in beginning.honours),
        "silence": beginning.silence,
    }
    return fields if beginning.channel is None else {**fields, "channel": beginning.channel}


def report_fields(owner: str, report: Report) -> Fields:
    """A report as JSON has it: what says nothing is left out."""
    fields: Fields = {"owner": owner, "number": report.number, "progress": _progress(report.progress)}
    if report.happened is not None:
        fields["happened"] = report.happened.value
    if report.name is not None:
        fields["name"] = report.name
    if report.error is not None:
        fields["error"] = asdict(report.error)
    if report.result is not None:
        fields["result"] = report.result
    if report.items:
        fields["items"] = [
            {**{name: value for name, value in asdict(item).items() if name != "more"}, "more": dict(item.more)}
            for item in report.items
        ]
    if report.lines:
        fields["lines"] = [asdict(line) for line in report.lines]
    if report.children:
        fields["children"] = [
            {
                "id": child.id,
                "parent": child.parent,
                "name": child.name,
                "status": child.status.value,
                "progress": _progress(child.progress),
                "error": None if child.error is None else asdict(child.error),
            }
            for child in report.children
        ]
    return fields


def _progress(progress: Progress) -> Fields:
    return {**asdict(progress), "counts": dict(progress.counts)}


def _error(ended: Ended) -> HeadwayError:
    """What a pump can decide by."""
    if ended.announced and ended.code is Code.CONFLICT:
        return Lost(ended.reason)
    if ended.announced and ended.code is Code.ILLEGAL_TRANSITION:
        return IllegalTransition(ended.reason, details=dict(ended.details))
    if ended.advice is Advice.RECONNECT:
        return Unreachable(ended.reason, details={} if ended.retry is None else {"retry": ended.retry})
    if ended.advice is Advice.RENEW:
        return Refused(f"{ended.reason}; set HEADWAY_TOKEN to a token that may report tasks", code=Code.UNAUTHORIZED)
    return HeadwayError(ended.reason, code=ended.code or Code.FORBIDDEN)
