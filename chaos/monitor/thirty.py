"""The thirty applications as the monitor is told of them, each with the verdicts it must give.

`stands` is what watching makes of it, `tested` how its test in a run ends, and with which code: None where there is no
such test (a push check cannot be asked; a login is tested in runs alone).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chaos.monitor.targets import Targets
from tests.browsers.site import USERNAME

__all__ = ["GOOD", "WRONG", "Expected", "thirty"]

GOOD: Final = "HEADWAY_LOGIN_GOOD"
"""The variable with the right password."""
WRONG: Final = "HEADWAY_LOGIN_WRONG"

_STEPS: Final = [
    {"type": "type", "selector": "#user", "text": "{username}"},
    {"type": "type", "selector": "#password", "text": "{password}"},
    {"type": "click", "selector": "text=Sign in"},
]

Json = dict[str, Any]
"""Any: JSON values."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One application."""

    name: str
    definition: Json
    stands: str
    tested: str | None = None
    code: str | None = None


def thirty(at: Targets) -> list[Expected]:
    """All of them."""
    made = [*_answering(at), *_failing(at), *_certificates(at), *_otherwise(at), *_logins(at)]
    assert len(made) == 30
    return made


def _answering(at: Targets) -> list[Expected]:
    json: Json = {"conditions": ["[STATUS] == 200", "[BODY].status == UP", "[BODY].queue < 100"]}
    return [
        _http("ok", f"{at.http}/ok", "healthy"),
        _http("shop", f"{at.http}/shop", "healthy"),
        _http("moved", f"{at.http}/moved", "healthy"),
        _http("slow", f"{at.http}/slow", "warning", warnAfter=200),
        _http("endless", f"{at.http}/endless", "healthy"),
        _http("json", f"{at.http}/json", "healthy", **json),
        _http("json-down", f"{at.http}/down", "error", "VALIDATION_FAILED", **json),
    ]


def _failing(at: Targets) -> list[Expected]:
    return [
        _http("broken", f"{at.http}/broken", "error", "VALIDATION_FAILED"),
        _http("flapping", f"{at.http}/flapping", "healthy"),
        _http("hanging", f"{at.http}/hanging", "error", "TIMEOUT", timeout=1_000),
        _http("dripping", f"{at.http}/dripping", "error", "TIMEOUT", timeout=1_000),
        _http("loop", f"{at.http}/loop", "error", "NETWORK_ERROR"),
        _http("unfollowed", f"{at.http}/moved", "error", "VALIDATION_FAILED", followRedirects=False),
        _http("metadata", f"{at.http}/metadata", "error", "VALIDATION_FAILED"),
        _http("unreachable", f"http://127.0.0.1:{at.closed}/", "error", "NETWORK_ERROR"),
        _http("unnamed", "http://nowhere.invalid/", "error", "NETWORK_ERROR", timeout=3_000),
    ]


def _certificates(at: Targets) -> list[Expected]:
    return [
        _http("expiring", f"https://127.0.0.1:{at.expiring}/", "warning"),
        _http("expired", f"https://127.0.0.1:{at.expired}/", "error", "NETWORK_ERROR"),
        _http("self-signed", f"https://127.0.0.1:{at.itself}/", "error", "NETWORK_ERROR"),
    ]


def _otherwise(at: Targets) -> list[Expected]:
    resolver = {"resolver": "127.0.0.1", "resolverPort": at.dns}
    return [
        _check("tcp", {"kind": "tcp", "host": "127.0.0.1", "port": at.tcp}, "healthy"),
        _check("tcp-closed", {"kind": "tcp", "host": "127.0.0.1", "port": at.closed}, "error", "NETWORK_ERROR"),
        _check("dns", {"kind": "dns", "name": "shop.test", "expected": ["10.1.2.3"], **resolver}, "healthy"),
        _check(
            "dns-other",
            {"kind": "dns", "name": "shop.test", "expected": ["10.9.9.9"], **resolver},
            "error",
            "VALIDATION_FAILED",
        ),
        Expected("push", _definition("push", {"kind": "push", "interval": 3_600}), "healthy"),
        Expected("push-silent", _definition("push-silent", {"kind": "push", "interval": 5, "grace": 0}), "error"),
    ]


def _logins(at: Targets) -> list[Expected]:
    refused = "AUTHENTICATION_FAILED"
    return [
        _login("form", f"{at.site}/login", "passed", steps=[]),
        _login("form-wrong", f"{at.site}/login", "failed", refused, password=WRONG, steps=[]),
        _login("login", f"{at.site}/login", "passed"),
        _login("login-wrong", f"{at.site}/login", "failed", refused, password=WRONG),
        _login("login-never", f"{at.site}/never", "timeout", "TIMEOUT", timeout=4),
    ]


def _http(name: str, url: str, stands: str, code: str | None = None, **more: Any) -> Expected:  # Any: JSON
    return _check(name, {"url": url, **more}, stands, code)


def _check(name: str, check: Json, stands: str, code: str | None = None) -> Expected:
    asked = {"interval": 5, "retryDelay": 50, "timeout": 5_000, **check}
    tested = "timeout" if code == "TIMEOUT" else "failed" if stands == "error" else "passed"
    return Expected(name, _definition(name, asked), stands, tested, code)


def _definition(name: str, check: Json) -> Json:
    return {"name": name, "environment": "staging", "healthCheck": check}


def _login(
    name: str, url: str, tested: str, code: str | None = None, *, password: str = GOOD, **more: Any
) -> Expected:  # Any: JSON
    login = {
        "url": url,
        "credentials": {"username": USERNAME, "passwordEnvVar": password},
        "steps": _STEPS,
        "successCriteria": {"selectors": ["#welcome"], "timeout": 4},
        **more,
    }
    return Expected(name, {"name": name, "environment": "staging", "loginTest": login}, "unknown", tested, code)
