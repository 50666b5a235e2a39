"""What a server runs with, as an administrator reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headway.limits import Limits
from headway.server.chosen import chosen
from headway.server.live import Headway
from headway.server.serving import live_from
from headway.server.settings import Settings
from headway.testing.readers import fetch
from headway.testing.serving import serving
from tests.server.guests import SECRET, guarded


def shown(**given: Any) -> dict[str, Any]:  # Any: values of settings, and JSON
    """The values by name."""
    return {one["name"]: one["value"] for one in chosen(Settings(**given))}


def test_every_setting_is_there_with_what_it_means() -> None:
    """One entry for each field of the declaration, in its order, with its sentence and its default."""
    entries = chosen(Settings(port=0))

    assert [entry["name"] for entry in entries] == list(Settings.model_fields)
    assert all(entry["meaning"] for entry in entries)
    assert entries[2] == {
        "name": "port",
        "value": 0,
        "default": 4000,
        "origin": "command line",
        "meaning": Settings.model_fields["port"].description,
    }
    assert json.loads(json.dumps(entries)) == entries


def test_no_secret_is_shown() -> None:
    """Whether one is set can be seen, and nothing else; of an address the host."""
    previous = "another secret of thirty-two bytes"
    found = shown(secret=SECRET, secret_previous=previous, jwks="https://keys.example.org/some/path?key=hidden")

    assert (found["secret"], found["secret_previous"], shown()["secret"]) == ("…", "…", None)
    assert found["jwks"] == "https://keys.example.org/…"
    assert not any(secret in json.dumps(found) for secret in (SECRET, previous, "hidden", "some"))


def test_values_of_every_kind_can_be_read() -> None:
    """Paths, names and tables as JSON has them."""
    found = shown(data=Path("/srv/x"), origins={"https://b.example", "https://a.example"}, limits={"connections": 7})

    assert found["data"] == "/srv/x"
    assert found["origins"] == ["https://a.example", "https://b.example"]
    assert found["limits"] == {"connections": 7}


async def test_an_administrator_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every limit in force beside its default."""
    monkeypatch.setenv("HEADWAY_KEEP_EVENTS", "77")
    async with serving(live_from(Settings(data=None, limits={"subscriptions": 9}))) as address:
        body = (await fetch(address, "GET", "/api/settings")).json()

    kept = next(one for one in body["settings"] if one["name"] == "keep_events")
    assert (kept["value"], kept["origin"], body["embedded"]) == (77, "HEADWAY_KEEP_EVENTS", False)
    limits = {one["name"]: (one["value"], one["default"]) for one in body["limits"]}
    assert limits["subscriptions"] == (9, Limits().subscriptions)
    assert set(limits) == set(Limits.__slots__)


async def test_inside_another_program_there_are_none() -> None:
    """That program chose; the limits are told all the same."""
    async with serving(Headway()) as address:
        body = (await fetch(address, "GET", "/api/settings")).json()

    assert (body["settings"], body["embedded"], len(body["limits"]) > 10) == ([], True, True)


async def test_nobody_less_reads_them(tmp_path: Path) -> None:
    """An operator is refused."""
    async with guarded(tmp_path) as house:
        assert (await house.get("/api/settings", house.token(role="operator"))).status == 403
