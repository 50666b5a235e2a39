"""What strangers could try with tasks: guess, speak for others, ask from another site, fill the server, learn
secrets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.server.running import new_task_id
from headway.testing.readers import Answer, fetch
from headway.testing.waiting import wait_until
from tests.server.guests import COOKIE, House, guarded

Fields = dict[str, Any]
"""JSON. Any: its values."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def begun(house: House, **more: object) -> Fields:
    """A task of somebody's."""
    answer = await house.post(
        "/api/tasks",
        {"report": {"name": "Work", "honours": ["pause", "resume", "cancel"], **more}},
        house.token(sub="owner", role="admin", publish=["*"]),
    )
    assert answer.status == 201, answer.body
    task: Fields = answer.json()
    return task


def test_an_id_cannot_be_guessed() -> None:
    """It has more than 120 bits, of letters that nobody takes for another."""
    ids = {new_task_id() for _ in range(1_000)}

    assert len(ids) == 1_000
    assert {len(id) for id in ids} == {25}
    assert len(set("".join(ids))) == 32


async def test_a_guess_says_nothing(house: House) -> None:
    """A task that may not be read, and one that is not there, differ in no answer, on no route."""
    task, stranger = await begun(house), house.token(role="operator", channels=["other:*"], publish=["other:*"])
    report = {"owner": "guess", "number": 1, "progress": {}}
    for method, path, body in (
        *(("GET", "", None), ("GET", "/history", None), ("POST", "/report", report)),
        *(("POST", "/pause", None), ("POST", "/resume", None), ("POST", "/cancel", None)),
    ):
        answers = []
        for id in (task["id"], "x" * 25):
            if method == "GET":
                answer = await house.get(f"/api/tasks/{id}{path}", stranger)
            else:
                answer = await house.post(f"/api/tasks/{id}{path}", body, stranger)
            answers.append((answer.status, answer.body.replace(id.encode(), b"id")))
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404


async def test_nobody_speaks_for_another(house: House) -> None:
    """Who may publish to every channel of a task still needs its owner's secret; nothing near it will do."""
    task = await begun(house)
    other = house.token(sub="other", role="admin", publish=["*"])
    owner = task["owner"]
    for guess in ("", owner[:-1], owner + "a", owner.upper(), task["id"], " " + owner):
        body = {"owner": guess, "number": 1, "progress": {"done": 1}, "happened": "completed", "result": "mine"}
        answer = await house.post(f"/api/tasks/{task['id']}/report", body, other)
        assert answer.status == 409
    state = (await house.get(f"/api/tasks/{task['id']}", other)).json()
    assert (state["status"], state["done"], state["result"]) == ("running", 0, None)


async def test_another_site_cannot_have_a_task_cancelled(house: House) -> None:
    """A browser that is signed in sends its cookie along from any page; it counts from our own pages alone."""
    task, cookie = await begun(house, channel="run:7"), await house.sign_in("oli")
    for origin in ("https://evil.example", "null", None):
        headers = {"Cookie": f"{COOKIE}={cookie}", **({} if origin is None else {"Origin": origin})}
        for action in ("pause", "cancel"):
            answer = await fetch(house.address, "POST", f"/api/tasks/{task['id']}/{action}", headers=headers)
            assert answer.status in (401, 403), (origin, answer.body)
    headers = {"Cookie": f"{COOKIE}={cookie}", "Origin": house.origin}
    answer = await fetch(house.address, "POST", f"/api/tasks/{task['id']}/cancel", headers=headers)
    assert answer.status == 202


async def test_an_owners_secret_is_told_to_nobody_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Not in an event, a list, a history, a figure, the audit trail, an error or our own log."""
    caplog.set_level(logging.DEBUG)
    admin = house.token(sub="root", role="admin", channels=["*"], publish=["*"])
    task = await begun(house)
    path = f"/api/tasks/{task['id']}"
    said = [
        await house.post(f"{path}/report", {"owner": task["owner"], "number": 1, "progress": {"done": 1}}, admin),
        await house.post(f"{path}/pause", None, admin),
        await house.post(f"{path}/report", {"owner": task["owner"], "number": 2, "happened": "resumed"}, admin),
        await house.post(f"{path}/report", {"owner": [task["owner"]], "number": 2, "progress": {}}, admin),
    ]
    house.clock.advance(60)
    await house.live.running.tasks.keep()
    said += [
        await house.get(place, house.token(sub="root", role="admin", channels=["*"]))
        for place in (
            *(path, f"{path}/history", "/api/tasks", f"/api/channels/{task['channel']}/events?since="),
            *("/api/channels/tasks/events?since=", "/api/audit", "/api/debug/messages", "/metrics", "/api/health"),
        )
    ]
    for answer in said:
        assert task["owner"].encode() not in answer.body
    assert task["owner"] not in caplog.text


async def test_large_and_deep_bodies_are_refused_before_they_are_read(house: House) -> None:
    """What is small on the wire and large in memory, and what is large on the wire."""
    task, token = await begun(house), house.token(sub="owner", role="admin", publish=["*"])
    headers = {"Authorization": f"Bearer {token}"}
    bombs = [
        b'{"owner":"x","number":1,"progress":{},"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"owner":"x","number":1,"progress":{},"items":[' + b"{}," * 200_000 + b"{}]}",
        b'{"owner":"' + b"x" * 9_000_000 + b'"}',
    ]
    for path in (f"/api/tasks/{task['id']}/report", "/api/tasks"):
        for bomb in bombs:
            answer = await refused(house, path, bomb, headers)
            assert answer is None or answer.status in (400, 413, 429), answer.body[:200]


async def refused(house: House, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
    """The answer, if the server waited for the end of what it does not want."""
    try:
        return await fetch(house.address, "POST", path, body=body, headers=headers)
    except (OSError, EOFError):
        return None


@pytest.mark.parametrize(
    "id", ["..", "%2e%2e", "%00", "%ff", "a%2Fb", "x" * 5_000, "'%20OR%201", "%F0%9F%98%80", "tasks"]
)
async def test_any_id_is_only_a_name(house: House, id: str) -> None:
    """It leads to no file, no statement and no mistake of ours."""
    token = house.token(role="admin", channels=["*"], publish=["*"])
    for path in ("", "/history"):
        answer = await house.get(f"/api/tasks/{id}{path}", token)
        assert answer.status in (400, 404, 431), answer.body
        assert set(answer.json()["error"]) == {"code", "message", "details"}
    assert (await house.post(f"/api/tasks/{id}/cancel", None, token)).status in (400, 404, 431)


async def test_texts_come_out_as_they_went_in(house: House) -> None:
    """Markup, control characters, directions of writing: a text is a text, told as JSON, and nothing on the way."""
    texts = ["<script>alert(1)</script>", "a\n\rb\x00c", "\u202egnp.exe", "{{7*7}}", "=cmd|' /C calc'!A0", "🦆" * 100]
    admin = house.token(sub="owner", role="admin", channels=["*"], publish=["*"])
    for text in texts:
        task = await begun(house, name=text)
        body = {
            "owner": task["owner"],
            "number": 1,
            "progress": {"done": 1, "current": text, "counts": {text: 1}},
            "items": [{"item": text, "outcome": text, "message": text}],
            "lines": [{"level": "info", "message": text}],
        }
        answer = await house.post(f"/api/tasks/{task['id']}/report", body, admin)
        assert answer.status == 200, answer.body
        state = await house.get(f"/api/tasks/{task['id']}", admin)
        assert state.headers["content-type"] == "application/json"
        assert state.headers["x-content-type-options"] == "nosniff"
        assert state.headers["cache-control"] == "no-store"
        assert (state.json()["name"], state.json()["current"], state.json()["counts"]) == (
            text.strip(),
            text,
            {text: 1},
        )


async def test_one_reporter_does_not_keep_others_from_being_stored(house: House) -> None:
    """Whatever one says, the numbers of the others are kept, and the dead are found."""
    victims = [await begun(house, silence=5.0) for _ in range(3)]
    attacker, token = await begun(house), house.token(sub="owner", role="admin", channels=["*"], publish=["*"])
    for number, task in enumerate(victims):
        body = {"owner": task["owner"], "number": 1, "progress": {"done": number + 1}}
        assert (await house.post(f"/api/tasks/{task['id']}/report", body, token)).status == 200
    evil = [
        b'{"owner":"%s","number":1,"progress":{"done":1%s}}' % (attacker["owner"].encode(), b"0" * zeros)
        for zeros in (17, 30, 300)
    ] + [
        b'{"owner":"%s","number":1,"progress":{"done":1e308,"total":1e-308,"rate":1e308}}' % attacker["owner"].encode(),
        b'{"owner":"%s","number":1,"progress":{"counts":{"x":%s}}}' % (attacker["owner"].encode(), b"9" * 40),
    ]
    for body_of_it in evil:
        path = f"/api/tasks/{attacker['id']}/report"
        answer = await fetch(house.address, "POST", path, body=body_of_it, headers={"Authorization": f"Bearer {token}"})
        assert answer.status < 500, answer.body
    await house.live.running.tasks.keep()
    stored = await house.live.running._store.do(lambda tables: [tables.get(task["id"]) for task in victims])
    assert [record.state.progress.done for record in stored if record is not None] == [1, 2, 3]
    house.clock.advance(6)
    await house.live.running.tasks.keep()
    found = house.token(sub="owner", role="admin", channels=["*"])
    for task in victims:
        assert (await house.get(f"/api/tasks/{task['id']}", found)).json()["status"] == "interrupted"


async def test_many_watchers_and_askers_at_once_break_no_law(house: House) -> None:
    """A hundred contradictory wishes in the same moment: each is accepted or refused, and the channel tells exactly the
    accepted ones."""
    task, token = await begun(house), house.token(sub="owner", role="admin", channels=["*"], publish=["*"])
    actions = [("pause", "resume")[number % 2] for number in range(60)] + ["cancel"]
    answers = await asyncio.gather(
        *(house.post(f"/api/tasks/{task['id']}/{action}", None, token) for action in actions)
    )
    assert {answer.status for answer in answers} <= {202, 409}
    events: list[Fields] = []

    async def told() -> bool:
        page = await house.get(f"/api/channels/{task['channel']}/events?since=&limit=1000", token)
        events[:] = page.json()["events"]
        return any(event.get("action") == "cancel" for event in events)

    await wait_until(told)
    requests = [event["action"] for event in events if event["type"] == "task_requested"]
    assert len(requests) == sum(answer.status == 202 for answer in answers)
    assert requests[-1] == "cancel"
    assert msgspec.json.encode(events[-1]).count(b"cancelled") > 0
