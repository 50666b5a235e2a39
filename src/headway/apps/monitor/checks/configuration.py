"""What a check asks and expects, as it stands in YAML, in the API and in the records.

    {"kind": "http", "url": "https://…/health", "expectedStatus": [200], "timeout": 5000, "interval": 60, …}
    {"kind": "tcp", "host": "db", "port": 5432}            {"kind": "tls", "host": "example.org"}
    {"kind": "dns", "name": "example.org", "type": "MX"}   {"kind": "push", "interval": 300, "grace": 60}

Names are those of the seed's clients; `timeout` is in milliseconds and `interval` in seconds, as theirs are. Without a
`kind` it is `http`. A value of these types is valid: what is wrong is refused when it is built, with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from headway.apps.monitor.checks import expectations, jsonpath, patterns
from headway.apps.monitor.checks.conditions import Condition
from headway.apps.monitor.checks.exchange import HEADER_NAME
from headway.apps.monitor.checks.placeholders import names_of, sensitive
from headway.egress import Refused, Target, address_of
from headway.errors import UsageError

__all__ = ["Check", "DnsCheck", "HttpCheck", "PushCheck", "TcpCheck", "TlsCheck", "check_of"]

Json = Any  # any JSON value

_TIMEOUT: Final = (100, 60_000)
"""Milliseconds of one attempt. Shorter than a round trip over an ocean tells nothing; the requirement is 30 s."""
_INTERVAL: Final = (5, 86_400)
"""Seconds between two checks: a dozen a minute to one a day."""
_ATTEMPTS: Final = 5
"""Further attempts. More of them hide what people want to know."""
_BODY: Final = 64 * 1024
"""Bytes of a request's body. A health check says little."""
_DEEP: Final = 64
"""Levels of JSON that is sent or expected. People write five; a thousand would be too many for whoever walks them."""
_MANY: Final = 50
"""Headers, paths or conditions of one check."""
_NOT_OURS: Final = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
"""Headers that the request itself decides. `Host` is not among them: who asks a proxy by its address needs one."""


class _Common(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", rename="camel", forbid_unknown_fields=True):
    """What all checks that ask have."""

    timeout: int = 10_000
    interval: int = 60
    retry_attempts: int = 1
    retry_delay: int = 1_000
    """Milliseconds before another attempt."""
    warn_after: int | None = None
    """Milliseconds from which on a good answer is a warning."""
    conditions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _between("timeout", self.timeout, *_TIMEOUT, "ms")
        _between("interval", self.interval, *_INTERVAL, "s")
        _between("retryAttempts", self.retry_attempts, 0, _ATTEMPTS, "")
        _between("retryDelay", self.retry_delay, 0, _TIMEOUT[1], "ms")
        if self.warn_after is not None:
            _between("warnAfter", self.warn_after, 1, _TIMEOUT[1], "ms")
        _few("conditions", self.conditions)
        for condition in self.conditions:
            Condition.of(condition)


class HttpCheck(_Common, frozen=True, kw_only=True, tag="http"):
    """A question over HTTP. The health check of the seed."""

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[str, str] = {}
    body: str | dict[str, Json] | list[Json] | None = None
    """A text, or JSON."""
    expected_status: int | str | tuple[int | str, ...] = ()
    """Where neither this nor a condition is given: 2xx."""
    expected_response: Json = None
    expected_paths: dict[str, Json] = {}
    expected_pattern: str | None = None
    """A regular expression that matches somewhere in the body."""
    follow_redirects: bool = True
    validate_ssl: bool = msgspec.field(default=True, name="validateSSL")
    certificate_days: int = 14
    """A certificate that expires within these days is a warning."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _target(self.url)
        _few("headers", self.headers)
        for name, value in self.headers.items():
            _header(name, value)
        _shallow("body", self.body)
        _shallow("expectedResponse", self.expected_response)
        _shallow("expectedPaths", self.expected_paths)
        if len(self.payload()) > _BODY:
            raise UsageError(f"body: it is larger than {_BODY // 1024} KB")
        expectations.statuses(self.statuses())
        _few("expectedPaths", self.expected_paths)
        for path in self.expected_paths:
            jsonpath.parsed(path)
        if self.expected_pattern is not None:
            patterns.compiled(self.expected_pattern)
        _between("certificateDays", self.certificate_days, 0, 3650, "days")

    def payload(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)

    def statuses(self) -> tuple[int | str, ...]:
        """The statuses that are expected; none where conditions alone decide."""
        written = self.expected_status
        if isinstance(written, int | str):
            return (written,)
        return written or (() if self.conditions else ("2xx",))


class TcpCheck(_Common, frozen=True, kw_only=True, tag="tcp"):
    """Whether a port takes connections."""

    host: str
    port: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _host("host", self.host)
        _between("port", self.port, 1, 65_535, "")


class TlsCheck(_Common, frozen=True, kw_only=True, tag="tls"):
    """Whether a certificate can be believed, and how long yet."""

    host: str
    port: int = 443
    server_name: str | None = None
    """Whom it is asked for and must be of; the host, if not said."""
    certificate_days: int = 14
    """Fewer days are a warning."""
    critical_days: int = 0
    """Fewer days are an error."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _host("host", self.host)
        if self.server_name is not None:
            _host("serverName", self.server_name)
        _between("port", self.port, 1, 65_535, "")
        _between("certificateDays", self.certificate_days, 0, 3650, "days")
        _between("criticalDays", self.critical_days, 0, 3650, "days")


class DnsCheck(_Common, frozen=True, kw_only=True, tag="dns"):
    """What a name stands for."""

    name: str
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "NS"] = "A"
    expected: tuple[str, ...] = ()
    """Values that must be among the answers."""
    exact: bool = False
    """Whether there may be no others."""
    resolver: str | None = None
    """An address; the resolver of this machine, if not said."""
    resolver_port: int = 53

    def __post_init__(self) -> None:
        super().__post_init__()
        _host("name", self.name)
        _few("expected", self.expected)
        if self.resolver is not None and isinstance(_host("resolver", self.resolver), str):
            raise UsageError(f"resolver: {self.resolver!r} is no address")
        _between("resolverPort", self.resolver_port, 1, 65_535, "")


class PushCheck(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="push", rename="camel", forbid_unknown_fields=True
):
    """A beat that is expected every so often: a job that tells when it ran."""

    interval: int = 300
    """Seconds from one beat to the next."""
    grace: int = 60
    """Seconds a beat may be late before it is missing."""

    def __post_init__(self) -> None:
        _between("interval", self.interval, _INTERVAL[0], 366 * 86_400, "s")
        _between("grace", self.grace, 0, 31 * 86_400, "s")


Check = HttpCheck | TcpCheck | TlsCheck | DnsCheck | PushCheck


def check_of(data: Mapping[str, Json]) -> Check:
    """A check as it was written. Raises `UsageError` with what is wrong with it."""
    try:
        check: Check = msgspec.convert({"kind": "http", **data}, Check)
    except msgspec.ValidationError as error:
        raise UsageError(f"this is no check: {str(error)[:1].lower()}{str(error)[1:]}") from error
    return check


def _between(name: str, value: int, low: int, high: int, unit: str) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name}: {value} is not between {low} and {high} {unit}".rstrip())


def _few(name: str, values: Mapping[str, Json] | tuple[str, ...]) -> None:
    if len(values) > _MANY:
        raise UsageError(f"{name}: there are more than {_MANY}")


def _shallow(name: str, value: Json) -> None:
    level = [value]
    for _ in range(_DEEP):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise UsageError(f"{name}: it is more than {_DEEP} levels deep")


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _target(url: str) -> None:
    try:
        Target.of(url)
    except Refused as error:
        raise UsageError(f"url: {error}") from error


def _host(name: str, host: str) -> object:
    try:
        return address_of(host)
    except Refused as error:
        raise UsageError(f"{name}: {error}") from error


def _header(name: str, value: str) -> None:
    if not HEADER_NAME.fullmatch(name) or name.lower() in _NOT_OURS:
        raise UsageError(f"headers: {name!r} is no header that a check may send")
    if any((character < " " and character != "\t") or character == "\x7f" for character in value):
        raise UsageError(f"headers: the value of {name} holds control characters")
    if not names_of(value) and sensitive(name) and value:
        raise UsageError(f"headers: {name} is a secret; write ${{env:NAME}} or ${{file:/path}} instead of its value")
