"""Configuration of Upptime (`.upptimerc.yml`): its sites as applications. Pure: a document in, entries out.

    check: http (default), tcp-ping, ssl      as checks that judge the same
    check: ws                                 skipped, with why

Upptime puts its secrets in wherever `$NAME` stands; Headway into headers only, as `${env:NAME}`: the variable of that
name has to be set for this server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from headway.apps.monitor.applications.foreign import clamped, in_headers, nothing_else, number, text, texts
from headway.apps.monitor.applications.model import slug
from headway.apps.monitor.applications.planning import Entry, Imported, Note, Skipped
from headway.errors import UsageError

__all__ = ["imported"]

Json = Any  # any JSON value

_VARIABLE: Final = re.compile(r"\$(?P<name>[A-Z_][A-Z0-9_]*)")
_EXPECTED: Final = ("200-208", 226, "300-308")
"""Without `expectedStatusCodes`, as its source has it."""
_INTERVAL: Final = 300
_EVERY: Final = re.compile(r"\*/(\d{1,2}) \* \* \* \*")
_TIMEOUT: Final = 30.0
"""Upptime waits for 60 s. A run over all applications is to end within two minutes."""
_DAYS: Final = 7
"""A certificate that expires within them is down."""


def imported(document: Mapping[str, Json]) -> Imported:
    """The applications of a configuration."""
    found, interval = Imported("upptime"), _interval(document)
    for site in document.get("sites") or []:
        if not isinstance(site, dict):
            found.skipped.append(Skipped("a site", "it is no mapping of names to values"))
            continue
        shown = str(site.get("name") or "a site")
        try:
            data, notes = _site(site, interval)
        except UsageError as error:
            found.skipped.append(Skipped(shown, error.message))
            continue
        found.entries.append(Entry(shown, data, partial=True))
        found.notes += [Note(shown, note) for note in notes]
    return found


def _interval(document: Mapping[str, Json]) -> int:
    schedule = document.get("workflowSchedule")
    line = schedule.get("uptime") if isinstance(schedule, dict) else None
    every = _EVERY.fullmatch(line.strip()) if isinstance(line, str) else None
    return clamped(int(every[1]) * 60, 60, 3600) if every else _INTERVAL


def _site(site: Mapping[str, Json], interval: int) -> tuple[dict[str, Json], list[str]]:
    plain = nothing_else("it", {name: value for name, value in site.items() if name != "headers"}, _VARIABLE)
    name = text(plain, "name")
    if not name:
        raise UsageError("it has no name")
    notes = _notes(plain)
    data: dict[str, Json] = {"name": slug(text(plain, "slug") or name), "displayName": name}
    if tags := texts(plain, "tags"):
        data["tags"] = list(dict.fromkeys(tags))
    # It asks twice more before it says so.
    common: dict[str, Json] = {"interval": interval, "retryAttempts": 2, "retryDelay": 2_000}
    common["timeout"] = clamped((number(plain, "requestTimeout") or _TIMEOUT) * 1000, 100, 60_000)
    if (slow := number(plain, "maxResponseTime")) is not None:
        common["warnAfter"] = clamped(slow, 1, 60_000)
    match text(plain, "check", "http"):
        case "http":
            data["healthCheck"] = common | _http(plain, site)
        case "tcp-ping":
            data["healthCheck"] = common | {"kind": "tcp", "host": text(plain, "url"), "port": _port(plain, None)}
        case "ssl":
            certificate = {"certificateDays": 14, "criticalDays": _DAYS}
            asked = {"kind": "tls", "host": text(plain, "url"), "port": _port(plain, 443)}
            data["healthCheck"] = common | asked | certificate
        case "ws":
            raise UsageError("there is no check by WebSocket")
        case other:
            raise UsageError(f"check: {other[:40]!r} is not known")
    return data, notes


def _http(plain: Mapping[str, Json], site: Mapping[str, Json]) -> Json:
    url = text(plain, "url")
    insecure = ("__dangerous__insecure", "__dangerous__disable_verify_peer", "__dangerous__disable_verify_host")
    check: dict[str, Json] = {
        "kind": "http",
        "url": url if "://" in url else f"http://{url}",
        "method": text(plain, "method", "GET").upper(),
        "headers": _headers(site),
        "body": text(plain, "body") or None,
        "expectedStatus": [_status(code) for code in texts(plain, "expectedStatusCodes")] or list(_EXPECTED),
        "followRedirects": number(plain, "maxRedirects") != 0,
        "validateSSL": not any(plain.get(name) for name in insecure),
    }
    if missing := text(plain, "__dangerous__body_down_if_text_missing"):
        check["expectedResponse"] = missing
    if present := text(plain, "__dangerous__body_down"):
        check["expectedPattern"] = rf"(?s)\A(?!.*{re.escape(present)})"
    return check


def _headers(site: Mapping[str, Json]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in texts(site, "headers"):
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError("headers: a header is written as `Name: value`")
        headers[name.strip()] = in_headers(value.strip(), _VARIABLE)
    return headers


def _status(code: str) -> int | str:
    return int(code) if code.isdecimal() and len(code) == 3 else code


def _port(plain: Mapping[str, Json], default: int | None) -> int:
    port = number(plain, "port")
    if port is None and default is None:
        raise UsageError("port: it names none")
    return int(port) if port is not None else int(default or 0)


def _notes(plain: Mapping[str, Json]) -> list[str]:
    notes = []
    if plain.get("type") == "globalping":
        notes.append("it is looked at from this server, not by Globalping from elsewhere")
    if plain.get("ipv6"):
        notes.append("it is asked at whatever address its name has, not by IPv6 alone")
    if any(plain.get(f"__dangerous__body_degraded{rest}") for rest in ("", "_if_text_missing")):
        notes.append("a text in the body makes no warning here: that wish is left out")
    if plain.get("__dangerous__disable_verify_host") and not plain.get("__dangerous__insecure"):
        notes.append("its certificate is not verified at all: there is no half of it")
    return notes
