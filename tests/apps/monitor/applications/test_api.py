"""Applications over HTTP: what is shown, found, changed and refused."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from headway.apps.monitor.applications.reading import read
from tests.apps.monitor.applications.desk import HTTP, Desk, desk

BASE = "/api/applications"
SECRET = "a secret of thirty-two characters, or more"


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    """A server with applications."""
    async with desk() as made:
        yield made


async def test_an_application_is_shown_with_everything_clients_read(at: Desk) -> None:
    """Its definition, and what is known of it: nothing yet, and every field is there."""
    added = await at.added(displayName="Web shop", environment="dev", healthCheck=HTTP)
    shown = await at.get(f"{BASE}/web-shop")

    assert shown == added == await at.get(f"{BASE}/{added['id']}")
    assert (shown["name"], shown["environment"], shown["managedBy"]) == ("web-shop", "development", "api")
    assert (shown["status"], shown["uptime"]["30d"], shown["slaStatus"]) == ("unknown", None, "unknown")
    assert shown["healthCheck"]["url"] == HTTP["url"]
    assert shown["createdAt"] == shown["updatedAt"]


async def test_what_is_seen_of_one_stands_beside_its_definition(at: Desk) -> None:
    """In the list, and alone."""
    await at.added(name="shop", healthCheck=HTTP)
    at.app.known.fields["shop"] = {"status": "error", "responseTime": 12.5, "message": "status 500"}
    alone, listed = await at.get(f"{BASE}/shop"), (await at.get(BASE))["applications"][0]

    assert alone == listed
    assert (alone["status"], alone["responseTime"], alone["message"]) == ("error", 12.5, "status 500")


async def test_filters_find_and_count(at: Desk) -> None:
    """Counters are those of what the other filters leave."""
    await at.added(name="a", environment="prod", category="Web", tags=["eu"], healthCheck=HTTP, owner={"team": "Tills"})
    await at.added(name="b", environment="dev", category="Web", healthCheck=HTTP)
    await at.added(name="c", category="Jobs", displayName="Nightly job")
    await at.added(name="d", isActive=False, healthCheck=HTTP)
    at.app.known.fields = {"a": {"status": "healthy"}, "b": {"status": "error"}}
    web = await at.get(f"{BASE}?category=Web&status=error")

    assert await at.names("?environment=production") == ["a", "c", "d"]
    assert await at.names("?environment=dev") == ["b"]
    assert await at.names("?tag=eu") == ["a"]
    assert await at.names("?status=paused") == ["d"]
    assert await at.names("?status=unconfigured") == ["c"]
    assert await at.names("?q=NIGHTLY%20job") == ["c"]
    assert await at.names("?q=tills") == ["a"]
    assert [one["name"] for one in web["applications"]] == ["b"]
    assert {name: web["counts"][name] for name in ("all", "healthy", "warning", "error", "unconfigured")} == {
        "all": 2, "healthy": 1, "warning": 0, "error": 1, "unconfigured": 0,
    }  # fmt: skip
    assert (await at.ask("GET", f"{BASE}?status=sad"))[0] == 400


async def test_what_was_read_can_be_sent_back(at: Desk) -> None:
    """A client changes one field of it, and sends all of it; what is ours in it is not taken."""
    shown = await at.added(name="shop", tags=["a"], healthCheck=HTTP)
    status, after = await at.ask(
        "PUT", f"{BASE}/shop", shown | {"category": "Web", "createdAt": 1, "status": "healthy"}
    )
    status_patch, patched = await at.ask("PATCH", f"{BASE}/{shown['id']}", {"name": "store"})
    other = await at.added(name="other")
    refused, error = await at.ask("PUT", f"{BASE}/other", shown | {"name": "other"})

    assert (status, after["category"], after["tags"], after["createdAt"]) == (200, "Web", ["a"], shown["createdAt"])
    assert after["status"] == "unknown"
    assert (status_patch, patched["name"], patched["category"]) == (200, "store", "Web")
    assert (refused, error["error"]["details"]) == (400, {"field": "id"}), other


async def test_a_definition_anew_has_its_defaults(at: Desk) -> None:
    """PUT is the whole application, PATCH some fields of it."""
    await at.added(name="shop", tags=["a"], healthCheck=HTTP)
    await at.ask("PATCH", f"{BASE}/shop", {"priority": "high"})
    kept = (await at.get(f"{BASE}/shop"))["tags"]
    await at.ask("PUT", f"{BASE}/shop", {"displayName": "Shop"})
    after = await at.get(f"{BASE}/shop")

    assert kept == ["a"]
    assert (after["name"], after["tags"], after["priority"], after["healthCheck"]) == ("shop", [], "medium", None)
    assert after["status"] == "unconfigured"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "", {"name": "A b"}, 400, "'a-b'"),
        ("POST", "", {"name": "a", "healthCheck": {"url": "file:///etc/passwd"}}, 400, "scheme"),
        ("POST", "", ["a"], 400, "object"),
        ("POST", "", {"name": "shop"}, 409, "already"),
        ("PATCH", "/shop", {"healthCheck": {"kind": "tcp"}}, 400, "host"),
        ("PATCH", "/shop", {"colour": 1}, 400, "colour"),
        ("PATCH", "/nobody", {}, 404, "no application"),
        ("DELETE", "/nobody", None, 404, "no application"),
        ("GET", "/nobody", None, 404, "no application"),
        ("POST", "/bulk", {"ids": []}, 400, "1 to 500"),
        ("POST", "/bulk", {"ids": ["shop"]}, 400, "either"),
        ("POST", "/bulk", {"ids": ["shop"], "remove": True, "change": {}}, 400, "either"),
        ("POST", "/bulk", {"ids": ["shop"], "change": {"name": "x"}}, 400, "one name"),
        ("POST", "/bulk", {"ids": ["shop", "nobody"], "remove": True}, 404, "nobody"),
        ("POST", "/import?format=nagios", {}, 400, "no format"),
        ("POST", "/import", {}, 400, "no format that is known"),
    ],
)
async def test_what_cannot_be_is_refused(
    at: Desk, method: str, path: str, body: object, status: int, words: str
) -> None:
    """With a sentence, and nothing is changed."""
    before = await at.added(name="shop", healthCheck=HTTP)
    answered, error = await at.ask(method, f"{BASE}{path}", body)

    assert (answered, words in error["error"]["message"]) == (status, True), error
    assert (await at.get(BASE))["applications"] == [before]


async def test_several_are_changed_and_removed(at: Desk) -> None:
    """By id or by name."""
    ids = [(await at.added(name=name))["id"] for name in ("a", "b", "c")]
    _, changed = await at.ask("POST", f"{BASE}/bulk", {"ids": [ids[0], "b"], "change": {"environment": "staging"}})
    _, removed = await at.ask("POST", f"{BASE}/bulk", {"ids": ["a", ids[2]], "remove": True})

    assert [(one["name"], one["environment"]) for one in changed["changed"]] == [("a", "staging"), ("b", "staging")]
    assert removed == {"removed": [ids[0], ids[2]]}
    assert await at.names() == ["b"]


async def test_an_export_is_imported_as_it_was(at: Desk) -> None:
    """Into the same server: nothing changes. Into an empty one: all of them come."""
    await at.added(name="shop", displayName="Läden 🛒", healthCheck=HTTP, tags=["on", "22:00"])
    await at.added(name="job", healthCheck={"kind": "push", "interval": 60})
    async with at.answer("GET", f"{BASE}/export") as answer:
        text, kind = await answer.text(), answer.content_type
    same = await at.imported(text)
    await at.ask("POST", f"{BASE}/bulk", {"ids": ["shop", "job"], "remove": True})
    fresh = await at.imported(text)
    async with at.answer("GET", f"{BASE}/export") as answer:
        again = await answer.text()

    assert kind == "text/yaml"
    assert (same["unchanged"], same["created"], same["updated"], same["skipped"]) == (["job", "shop"], [], [], [])
    assert fresh["created"] == ["job", "shop"]
    assert again == text


async def test_an_import_of_gatus_is_tried_first(at: Desk) -> None:
    """Dry, it says what would be; what is skipped is named with why."""
    text = """
        endpoints:
        - {name: shop, url: "https://shop.example.org/", conditions: ["[STATUS] == 200"], alerts: [{type: slack}]}
        - {name: ping, url: "icmp://shop.example.org", conditions: ["[CONNECTED] == true"]}
        - {name: key, url: "http://a/", headers: {X-Api-Key: abc}, conditions: ["[STATUS] == 200"]}
    """
    dry = await at.imported(text, "?dryRun=true")
    before = await at.names()
    done = await at.imported(text, "?format=gatus")

    assert (dry["format"], dry["dryRun"], dry["created"]) == ("gatus", True, ["shop"])
    assert [one["name"] for one in dry["skipped"]] == ["ping", "key"]
    assert "abc" not in str(dry)
    assert [one["name"] for one in dry["notes"]] == ["shop"]
    assert before == []
    assert done == dry | {"dryRun": False}
    assert await at.names() == ["shop"]


async def test_what_the_file_manages_is_read_only(at: Desk) -> None:
    """409, and which file."""
    at.app.applications.file = "the file watched.yaml"
    await at.app.applications.apply(read("- name: shop"), by="file", whole=True)
    status, error = await at.ask("DELETE", f"{BASE}/shop")

    assert (status, error["error"]["message"]) == (409, "shop is managed by the file watched.yaml; change it there")
    assert (await at.get(f"{BASE}/shop"))["managedBy"] == "file"


async def test_templates_are_listed(at: Desk) -> None:
    """And each can be added as it is."""
    for template in (await at.get(f"{BASE}/templates"))["templates"]:
        await at.added(**template["application"])


async def test_they_are_there_after_a_restart(tmp_path: Path) -> None:
    """All of them, the same."""
    async with desk(tmp_path) as before:
        added = await before.added(name="shop", healthCheck=HTTP)
    async with desk(tmp_path) as after:
        assert await after.get(f"{BASE}/shop") == added


async def test_changes_are_for_administrators() -> None:
    """Viewers and operators read, and nothing else; without a token nobody does. Who did what is in the audit trail."""

    def token(role: str) -> str:
        return jwt.encode({"sub": "ada", "role": role, "exp": time.time() + 600, "channels": ["*"]}, SECRET, "HS256")

    changes = [
        ("POST", ""),
        ("PUT", "/shop"),
        ("PATCH", "/shop"),
        ("DELETE", "/shop"),
        ("POST", "/bulk"),
        ("POST", "/import"),
    ]
    async with desk(secret=SECRET) as at:
        statuses = {}
        for who in (None, "viewer", "operator", "admin"):
            at.token = who and token(who)
            asked = [await at.ask(method, f"{BASE}{path}", {"name": "shop"}) for method, path in changes]
            reads = [await at.ask("GET", f"{BASE}{path}") for path in ("", "/export", "/templates")]
            statuses[who] = ({status for status, _ in asked}, {status for status, _ in reads})
        noted = [(one["what"], one["target"]) for one in (await at.get("/api/audit?since="))["events"] if "what" in one]

    assert statuses[None] == ({401}, {401})
    assert statuses["viewer"] == statuses["operator"] == ({403}, {200})
    assert statuses["admin"] == ({201, 200, 400}, {200})
    assert noted == [(f"application_{what}", "shop") for what in ("added", "changed", "changed", "removed")]
