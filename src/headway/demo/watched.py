"""What the demo has watched, as definitions of the monitor: one of every kind there is to see."""

from __future__ import annotations

from typing import Any, Final

from headway.demo.sites import USERNAME, Sites

__all__ = ["SECRET", "definitions"]

SECRET: Final = "demo-account"
"""The file with the password, in the folder of secrets."""

_SHORT, _MIDDLE, _LONG = 5, 10, 15
"""Seconds between two looks: who watches a demo does not wait a minute."""
_SLOW_MS: Final = 600

Json = dict[str, Any]  # Any: JSON values


def definitions(sites: Sites, *, browser: bool) -> list[Json]:
    """All of them. `browser`: whether there is one to sign in with."""
    criteria = {"urlPattern": "/account/home$", "textContent": ["Welcome"]}
    account = _http(f"{sites.url}/account", _MIDDLE)
    return [
        _one("Shop", "Sales", _http(f"{sites.url}/shop", _SHORT, expectedPattern="basket"), slaTarget=99.95),
        _one("Customer account", "Sales", account, loginTest=_login(sites, criteria)),
        _one("Payments", "Sales", _payments(sites), priority="critical", slaTarget=99.99),
        _one("Search", "Sales", _http(f"{sites.url}/search", _MIDDLE, warnAfter=_SLOW_MS), slaTarget=99.5),
        _one("Mail", "Office", _http(f"{sites.url}/mail", _SHORT), priority="high"),
        _one("Warehouse", "Logistics", _http(f"{sites.url}/warehouse", _SHORT), environment="staging", slaTarget=95.0),
        _one("Stock database", "Logistics", _database(sites), environment="staging", public=False),
        _one("Staff portal", "Office", _http(f"{sites.url}/staff", _LONG), environment="staging", **_staff(sites)),
        *([_one("Account page", "Sales", account, loginTest=_browser(sites, criteria))] if browser else []),
    ]


def _one(name: str, category: str, check: Json | None, **fields: Any) -> Json:  # Any: JSON values
    return {"displayName": name, "category": category, "tags": ["demo"], "public": True, "healthCheck": check, **fields}


def _http(url: str, interval: int, **fields: Any) -> Json:  # Any: JSON values
    # Without another attempt: what fails is to be seen.
    return {"kind": "http", "url": url, "interval": interval, "retryAttempts": 0, **fields}


def _payments(sites: Sites) -> Json:
    conditions = ["[STATUS] == 200", "[BODY].status == UP", "[BODY].database.connected == true"]
    return _http(f"{sites.url}/payments/health", _SHORT, conditions=conditions)


def _database(sites: Sites) -> Json:
    return {"kind": "tcp", "host": "127.0.0.1", "port": sites.port, "interval": _MIDDLE}


def _login(sites: Sites, criteria: Json) -> Json:
    credentials = {"username": USERNAME, "passwordFile": SECRET}
    return {"url": f"{sites.url}/account/login", "credentials": credentials, "successCriteria": criteria}


def _staff(sites: Sites) -> Json:
    """A login that fails: somebody changed the password."""
    return {"loginTest": {**_login(sites, {}), "url": f"{sites.url}/staff/login"}, "owner": {"team": "Office"}}


def _browser(sites: Sites, criteria: Json) -> Json:
    steps = [
        {"type": "type", "selector": "#user", "text": "{username}"},
        {"type": "type", "selector": "#password", "text": "{password}"},
        {"type": "click", "selector": "#go"},
    ]
    return {**_login(sites, criteria), "steps": steps}
