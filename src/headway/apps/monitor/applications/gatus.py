"""Configuration of Gatus: its endpoints as applications. Pure: a document in, entries out.

    endpoints           http, https, tcp, tls and DNS           as checks with the same conditions
    external-endpoints  with a heartbeat                        as push checks
    suites, ssh, icmp, websocket, starttls, udp, sctp, grpc     skipped, with why

What would be judged differently is skipped rather than taken over wrongly; what people have to do themselves is a note.
Gatus puts variables of the environment into the whole file; Headway into headers only, as `${env:NAME}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from headway.apps.monitor.applications.foreign import clamped, in_headers, nothing_else, text, texts
from headway.apps.monitor.applications.model import slug
from headway.apps.monitor.applications.planning import Entry, Imported, Note, Skipped
from headway.apps.monitor.checks.conditions import Condition
from headway.errors import UsageError

__all__ = ["imported", "seconds"]

Json = Any  # any JSON value

_VARIABLE: Final = re.compile(r"\$\$|\$\{(?P<braced>\w+)\}|\$(?P<name>\w+)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?)(h|ms|m|s|us|µs|ns)")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OTHERS: Final = {
    "icmp": "ICMP needs rights that a server should not have",
    "ssh": "there is no check by SSH",
    "ws": "there is no check by WebSocket",
    "wss": "there is no check by WebSocket",
    "starttls": "there is no check by STARTTLS",
    "udp": "there is no check by UDP",
    "sctp": "there is no check by SCTP",
    "grpc": "there is no check by gRPC",
    "grpcs": "there is no check by gRPC",
}
_CLIENT: Final = {
    "proxy-url": "it is asked through a proxy",
    "oauth2": "it gets a token by OAuth 2 first",
    "identity-aware-proxy": "it gets a token for an identity-aware proxy first",
    "tls": "it shows a certificate of its own",
    "tunnel": "it is asked through an SSH tunnel",
    "dns-resolver": "its name is looked up by a resolver of its own",
}
_REFUSED_NAMES: Final = re.compile(r"\[RANDOM_STRING_\d+\]")


def imported(document: Mapping[str, Json]) -> Imported:
    """The applications of a configuration."""
    found = Imported("gatus")
    every, defaults = _windows_of_all(document, found), _default_alerts(document)
    for endpoint in _list(document, "endpoints"):
        _take(found, endpoint, lambda one: _endpoint(one, defaults, every))
    for endpoint in _list(document, "external-endpoints"):
        _take(found, endpoint, lambda one: _external(one, defaults, every))
    for suite in _list(document, "suites"):
        name = suite.get("name") if isinstance(suite, dict) else None
        found.skipped.append(Skipped(str(name or "a suite"), "a check has no context of others: suites are not read"))
    return found


def seconds(written: Json) -> float:
    """A duration of Go, such as 1m30s. Raises `UsageError`."""
    rest = str(written).strip() if isinstance(written, str) else ""
    if rest in ("0", "0s"):
        return 0.0
    total, at = 0.0, 0
    for match in _DURATION.finditer(rest):
        if match.start() != at:
            break
        total, at = total + float(match[1]) * _UNITS[match[2]], match.end()
    if not rest or at != len(rest):
        raise UsageError(f"{str(written)[:40]!r} is no duration; write one like 60s or 5m")
    return total


_Made = tuple[dict[str, Json], list[str]]
"""A definition, and notes."""


def _take(found: Imported, endpoint: Json, made: Any) -> None:  # Any: a function of this module
    if not isinstance(endpoint, dict):
        found.skipped.append(Skipped("an endpoint", "it is no mapping of names to values"))
        return
    shown = "/".join(str(endpoint[part]) for part in ("group", "name") if endpoint.get(part)) or "an endpoint"
    try:
        data, notes = made(endpoint)
    except UsageError as error:
        found.skipped.append(Skipped(shown, error.message))
        return
    found.entries.append(Entry(shown, data, partial=True))
    found.notes += [Note(shown, note) for note in notes]


def _endpoint(endpoint: Mapping[str, Json], defaults: Mapping[str, Json], every: list[Json]) -> _Made:
    plain = {name: value for name, value in endpoint.items() if name not in ("headers", "alerts", "ui", "ssh")}
    plain = nothing_else("it", plain, _VARIABLE)
    data, notes = _named(plain, endpoint, defaults, every)
    client = _client(plain)
    common = {
        "interval": _interval(seconds(plain["interval"]) if plain.get("interval") else 60.0, notes),
        "timeout": clamped((seconds(client["timeout"]) if client.get("timeout") else 10.0) * 1000, 100, 60_000),
        "retryAttempts": 0,  # Gatus asks once
        "conditions": _conditions(plain, notes),
    }
    url = text(plain, "url")
    scheme = "dns" if plain.get("dns") else urlsplit(url).scheme.lower() if "://" in url else ""
    if scheme in _OTHERS:
        raise UsageError(_OTHERS[scheme])
    match scheme:
        case "http" | "https":
            data["healthCheck"] = common | _http(plain, endpoint, client, url)
        case "tcp":
            data["healthCheck"] = common | _connected(plain, url, "tcp")
        case "tls":
            if client.get("insecure"):
                raise UsageError("client.insecure: a TLS check is there to look at the certificate")
            data["healthCheck"] = common | _connected(plain, url, "tls")
        case "dns":
            data["healthCheck"] = common | _dns(plain, url)
        case _:
            raise UsageError("url: it begins with none of http://, https://, tcp://, tls://")
    return data, notes


def _named(
    plain: Mapping[str, Json], endpoint: Mapping[str, Json], defaults: Mapping[str, Json], every: list[Json]
) -> _Made:
    name, group = text(plain, "name"), text(plain, "group")
    if not name:
        raise UsageError("it has no name")
    notes: list[str] = []
    data: dict[str, Json] = {
        "name": slug(f"{group}-{name}" if group else name),
        "displayName": name,
        "category": group,
        "isActive": plain.get("enabled") is not False,
    }
    labels = plain.get("extra-labels")
    if isinstance(labels, dict) and labels:
        data["tags"] = [f"{key}={value}" for key, value in labels.items()]
    windows = [*every, *(window for one in _list(plain, "maintenance-windows") for window in _window(one))]
    if windows:
        data["maintenance"] = windows
    if thresholds := _thresholds(endpoint, defaults, notes):
        data["alertThresholds"] = thresholds
    return data, notes


def _client(plain: Mapping[str, Json]) -> Mapping[str, Json]:
    client = plain.get("client") or {}
    if not isinstance(client, dict):
        raise UsageError("client: it is no mapping of names to values")
    for name, why in _CLIENT.items():
        if client.get(name):
            raise UsageError(f"client.{name}: {why}, which Headway does not")
    return client


def _interval(wanted: float, notes: list[str]) -> int:
    interval = clamped(wanted, 5, 86_400)
    if interval != wanted:
        notes.append(f"it is looked at every {interval} s, not every {wanted:g} s")
    return interval


def _conditions(plain: Mapping[str, Json], notes: list[str]) -> list[str]:
    conditions = texts(plain, "conditions")
    kept = [one for one in conditions if "[DOMAIN_EXPIRATION]" not in one.upper()]
    if len(kept) < len(conditions):
        if not kept:
            raise UsageError("conditions: the registration of a domain is not looked up, and nothing else is wished")
        notes.append("the registration of its domain is not looked up: that condition is left out")
    if not kept:
        raise UsageError("conditions: there are none, and Gatus wants one")
    return kept


def _http(plain: Mapping[str, Json], endpoint: Mapping[str, Json], client: Mapping[str, Json], url: str) -> Json:
    headers = endpoint.get("headers") or {}
    if not isinstance(headers, dict):
        raise UsageError("headers: it is no mapping of names to values")
    sent = {name: in_headers(text(headers, name), _VARIABLE) for name in headers}
    body: Json = text(plain, "body")
    if _REFUSED_NAMES.search(body):
        raise UsageError("body: [RANDOM_STRING_…] is not filled in here")
    for name in ("name", "group", "url"):
        body = body.replace(f"[ENDPOINT_{name.upper()}]", text(plain, name))
    if plain.get("graphql"):
        body = {"query": body}
        if not any(name.lower() == "content-type" for name in sent):
            sent["Content-Type"] = "application/json"
    return {
        "kind": "http",
        "url": url,
        "method": text(plain, "method", "GET").upper(),
        "headers": sent,
        "body": body or None,
        "followRedirects": not client.get("ignore-redirect"),
        "validateSSL": not client.get("insecure"),
    }


def _connected(plain: Mapping[str, Json], url: str, kind: str) -> Json:
    if plain.get("body"):
        raise UsageError(f"body: nothing is said over a {kind.upper()} connection here")
    host, port = _host_and_port(url.partition("://")[2])
    if port is None:
        raise UsageError("url: it names no port")
    # Nothing is read from the connection: a condition on it would never hold.
    _measures(plain, {"CONNECTED", "RESPONSE_TIME", "IP"} | ({"CERTIFICATE_EXPIRATION"} if kind == "tls" else set()))
    return {"kind": kind, "host": host, "port": port}


def _dns(plain: Mapping[str, Json], url: str) -> Json:
    asked = plain["dns"]
    if not isinstance(asked, dict):
        raise UsageError("dns: it is no mapping of names to values")
    host, port = _host_and_port(url)
    kind = text(asked, "query-type").upper()
    if kind not in ("A", "AAAA", "CNAME", "MX", "TXT", "NS"):
        raise UsageError(f"dns.query-type: {kind or 'none'} is not asked for here")
    _measures(plain, {"CONNECTED", "RESPONSE_TIME", "IP", "BODY", "DNS_RCODE"})
    return {
        "kind": "dns",
        "name": text(asked, "query-name").rstrip("."),
        "type": kind,
        "resolver": host,
        "resolverPort": port or 53,
    }


def _measures(plain: Mapping[str, Json], known: set[str]) -> None:
    for condition in texts(plain, "conditions"):
        if unknown := sorted(Condition.of(condition).placeholders - known):
            raise UsageError(f"condition {condition[:80]!r}: [{unknown[0]}] is not measured by such a check")


def _host_and_port(written: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{written}" if written.count(":") < 2 or written.startswith("[") else f"//[{written}]")
        return parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError("url: it names no host and port") from error


def _external(endpoint: Mapping[str, Json], defaults: Mapping[str, Json], every: list[Json]) -> _Made:
    plain = {name: value for name, value in endpoint.items() if name not in ("token", "alerts")}
    plain = nothing_else("it", plain, _VARIABLE)
    beat = plain.get("heartbeat")
    if not isinstance(beat, dict) or not beat.get("interval"):
        raise UsageError("it has no heartbeat: results that come without one are not waited for")
    data, notes = _named(plain, endpoint, defaults, every)
    interval = clamped(seconds(beat["interval"]), 5, 366 * 86_400)
    data["healthCheck"] = {"kind": "push", "interval": interval, "grace": 0}
    notes.append("its token is not taken over: its beats have an address of their own here")
    return data, notes


def _thresholds(endpoint: Mapping[str, Json], defaults: Mapping[str, Json], notes: list[str]) -> Json:
    """Those of the alert that comes first: people are told as soon as anybody was."""
    wanted = []
    for alert in _list(endpoint, "alerts"):
        if isinstance(alert, dict):
            merged = {**defaults.get(str(alert.get("type")), {}), **alert}
            if merged.get("enabled") is not False:
                wanted.append((_times(merged, "failure-threshold", 3), _times(merged, "success-threshold", 2)))
    if not wanted:
        return None
    notes.append("its alerts go to the channels of Headway's alerts, not to those of Gatus")
    failures, recoveries = min(wanted)
    return {"consecutiveFailures": failures, "recoveries": recoveries}


def _times(alert: Mapping[str, Json], name: str, default: int) -> int:
    value = alert.get(name)
    return value if isinstance(value, int) and value > 0 else default


def _default_alerts(document: Mapping[str, Json]) -> Mapping[str, Json]:
    alerting = document.get("alerting")
    if not isinstance(alerting, dict):
        return {}
    return {
        kind: provider["default-alert"]
        for kind, provider in alerting.items()
        if isinstance(provider, dict) and isinstance(provider.get("default-alert"), dict)
    }


def _windows_of_all(document: Mapping[str, Json], found: Imported) -> list[Json]:
    try:
        return _window(document["maintenance"]) if document.get("maintenance") else []
    except UsageError as error:
        found.notes.append(Note("maintenance", f"the window of all is left out: {error.message}"))
        return []


def _window(written: Json) -> list[Json]:
    if not isinstance(written, dict):
        raise UsageError("maintenance: it is no mapping of names to values")
    if written.get("enabled") is False:
        return []
    days = texts(written, "every") or list(_DAYS)
    if unknown := [day for day in days if day not in _DAYS]:
        raise UsageError(f"maintenance.every: {unknown[0][:40]!r} is no day of the week")
    return [
        {
            "kind": "weekly",
            "days": sorted({_DAYS.index(day) for day in days}),
            "at": text(written, "start"),
            "minutes": max(1, round(seconds(written.get("duration")) / 60)),
            "zone": text(written, "timezone", "UTC") or "UTC",
        }
    ]


def _list(data: Mapping[str, Json], name: str) -> list[Json]:
    value = data.get(name)
    return value if isinstance(value, list) else []
