"""Tasks over HTTP: who may what, what is answered, what is refused, what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.errors import StorageError
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.tasks.work import Work
from headway.testing.readers import Answer, fetch
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until
from tests.server.guests import House, bearer, guarded

Fields = dict[str, Any]
"""JSON. Any: its values."""

ROUTES = [
    *(("GET", ""), ("GET", "/history")),
    *(("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel"), ("POST", "/report")),
]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server with one job, that waits to be asked for something."""
    async with guarded(tmp_path) as made:
        made.live.jobs.job("wait", concurrency=2)(wait)
        yield made


async def wait(work: Work, seconds: int = 1) -> None:
    """Wait for a cancel."""
    while True:
        await work.apoint()
        await asyncio.sleep(0.002)


class Caller:
    """Somebody with a token."""

    def __init__(self, house: House, **claims: Any) -> None:  # Any: claims are JSON
        self._house = house
        self._token = house.token(**claims)

    async def get(self, path: str = "") -> Answer:
        """One GET below /api/tasks."""
        return await self._house.get(f"/api/tasks{path}", self._token)

    async def post(self, path: str, body: object = None, key: str | None = None) -> Answer:
        """One POST below /api/tasks."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._house.post(f"/api/tasks{path}", body, self._token, headers)

    async def begun(self, **more: object) -> Fields:
        """Begin a task to report."""
        answer = await self.post("", {"report": {"name": "Work", "honours": ["pause", "resume", "cancel"], **more}})
        assert answer.status == 201, answer.body
        begun: Fields = answer.json()
        return begun

    async def say(self, begun: Fields, number: int, /, **more: object) -> Answer:
        """Report."""
        body = {"owner": begun["owner"], "number": number, "progress": {"done": number, "total": 10}, **more}
        return await self.post(f"/{begun['id']}/report", body)


def root(house: House) -> Caller:
    """Who may everything."""
    return Caller(house, sub="root", role="admin", channels=["*"], publish=["*"])


def error(answer: Answer) -> tuple[int, str]:
    """How something was refused: always in the one shape."""
    refused = answer.json()["error"]
    assert set(refused) == {"code", "message", "details"}
    return answer.status, refused["code"]


# Who may


async def test_who_may_read_the_channel_may_read_the_task(house: House) -> None:
    """The task and its history; for anybody else it is not there, in the same words as one that never was."""
    begun = await root(house).begun(channel="run:7")
    reader, stranger = Caller(house, channels=["run:*"]), Caller(house, channels=["other:*"])
    for path in ("", "/history"):
        assert (await reader.get(f"/{begun['id']}{path}")).status == 200
        refused = await stranger.get(f"/{begun['id']}{path}")
        unknown = await stranger.get(f"/unknown{path}")
        assert error(refused) == error(unknown) == (404, "not_found")
        assert refused.json()["error"]["message"].replace(begun["id"], "unknown") == unknown.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_without_a_token_may_anything(house: House, method: str, path: str) -> None:
    """Whether the task exists or not."""
    begun = await root(house).begun()
    for id in (begun["id"], "unknown"):
        answer = await fetch(house.address, method, f"/api/tasks/{id}{path}")
        assert error(answer) == (401, "unauthorized")


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
async def test_only_operators_ask_for_something(house: House, action: str) -> None:
    """A viewer is refused before it is looked whether there is such a task; an operator who may not read the channel
    finds nothing."""
    begun = await root(house).begun(channel="run:7")
    viewer = Caller(house, channels=["*"], publish=["*"])
    for id in (begun["id"], "unknown"):
        assert error(await viewer.post(f"/{id}/{action}")) == (403, "forbidden")
    stranger = Caller(house, role="operator", channels=["other:*"], publish=["*"])
    assert error(await stranger.post(f"/{begun['id']}/{action}")) == (404, "not_found")


async def test_who_may_publish_may_report(house: House) -> None:
    """To `task:*` for a task with a channel of its own, else to the channel it names; the owner's secret is needed
    besides."""
    reporter, other = Caller(house, channels=[], publish=["task:*"]), Caller(house, channels=["*"], publish=["run:*"])
    begun = await reporter.begun()
    assert error(await reporter.post("", {"report": {"name": "x", "channel": "run:7"}})) == (403, "forbidden")
    assert error(await other.post("", {"report": {"name": "x"}})) == (403, "forbidden")
    assert (await other.begun(channel="run:7"))["channel"] == "run:7"

    assert (await reporter.say(begun, 1)).json() == {"wanted": None}
    assert error(await other.say(begun, 2)) == (403, "forbidden")
    blind = Caller(house, channels=[], publish=["run:*"])
    assert error(await blind.say(begun, 2)) == (404, "not_found")
    assert error(await reporter.say({**begun, "owner": "guessed"}, 2)) == (409, "conflict")
    assert error(await reporter.say({**begun, "id": "unknown"}, 2)) == (404, "not_found")


async def test_a_share_link_shows_its_task_and_nothing_else(house: House) -> None:
    """To read, alone or in a list of one; nothing can be asked or said with it."""
    shown, hidden = await root(house).begun(), await root(house).begun()
    token = await house.share(shown["channel"])
    get = await house.get(f"/api/tasks/{shown['id']}", token)
    assert (get.status, get.json()["task"]) == (200, shown["id"])
    assert (await house.get(f"/api/tasks/{shown['id']}/history", token)).status == 200
    assert error(await house.get(f"/api/tasks/{hidden['id']}", token)) == (404, "not_found")
    listed = (await house.get("/api/tasks", token)).json()
    assert [task["task"] for task in listed["tasks"]] == [shown["id"]]
    assert "counts" not in listed
    report = {"owner": shown["owner"], "number": 1, "progress": {}}
    for path, body in (
        *((f"/{shown['id']}/cancel", None), (f"/{shown['id']}/report", report)),
        *(("", {"report": {"name": "x"}}), ("", {"job": "wait"})),
    ):
        assert error(await house.post(f"/api/tasks{path}", body, token)) == (403, "forbidden")


async def test_jobs_are_for_operators(house: House) -> None:
    """To see them, and to have one run."""
    viewer, operator = Caller(house, channels=["*"], publish=["*"]), house.token(role="operator", channels=["*"])
    assert error(await viewer.post("", {"job": "wait"})) == (403, "forbidden")
    assert error(await house.get("/api/jobs", house.token(channels=["*"]))) == (403, "forbidden")
    (job,) = (await house.get("/api/jobs", operator)).json()["jobs"]

    assert (job["name"], job["concurrency"], job["pool"], job["schedule"]) == ("wait", 2, "wait", None)
    assert job["arguments"]["properties"]["seconds"] == {"type": "integer", "default": 1}


# What is answered


async def test_a_task_from_its_begin_to_its_end(house: House) -> None:
    """Begun, reported, asked for a pause, paused, resumed, completed: each answer is the state."""
    ann = root(house)
    begun = await ann.begun(progress={"total": 10, "unit": "rows"})
    id = begun["id"]
    assert begun == {"id": id, "channel": f"task:{id}", "owner": begun["owner"], "url": f"/tasks/{id}"}
    assert (await ann.say(begun, 1, items=[{"item": "a", "outcome": "created", "more": {"line": 1}}])).json() == {
        "wanted": None
    }
    asked = await ann.post(f"/{id}/pause")
    assert (asked.status, asked.json()["status"], asked.json()["wanted"]) == (202, "running", "paused")
    assert (await ann.say(begun, 2)).json() == {"wanted": "paused"}
    assert (await ann.say(begun, 3, happened="paused")).json() == {"wanted": None}
    assert (await ann.post(f"/{id}/resume")).json()["wanted"] == "running"
    assert (await ann.say(begun, 4, happened="resumed")).json() == {"wanted": None}
    assert (await ann.say(begun, 5, happened="completed", result={"n": [1]})).json() == {"wanted": None}

    state = (await ann.get(f"/{id}")).json()
    assert (state["status"], state["result"], state["percent"], state["by"]) == ("completed", {"n": [1]}, 50.0, "root")
    assert (state["channel"], state["allowed"]) == (begun["channel"], [])
    entries = (await ann.get(f"/{id}/history")).json()["history"]
    assert [(entry["what"], entry["by"]) for entry in entries] == [
        *(("started", "root"), ("pause_requested", "root"), ("paused", None)),
        *(("resume_requested", "root"), ("resumed", None), ("completed", None)),
    ]
    page = (await house.get(f"/api/channels/{begun['channel']}/events?since=", house.token(role="admin"))).json()
    assert page["events"][-1]["type"] == "task_completed"


async def test_what_cannot_be_is_a_conflict_that_names_both(house: House) -> None:
    """The state and what was asked, or what should have happened."""
    ann = root(house)
    begun = await ann.begun()
    cases = [
        (await ann.post(f"/{begun['id']}/resume"), {"state": "running", "action": "resume"}),
        (await ann.say(begun, 1, happened="resumed"), {"state": "running", "happening": "resumed"}),
    ]
    await ann.say(begun, 1, happened="failed", error={"code": "E1", "message": "no"})
    cases.append((await ann.post(f"/{begun['id']}/cancel"), {"state": "failed", "action": "cancel"}))
    for answer, details in cases:
        assert error(answer) == (409, "illegal_transition")
        assert answer.json()["error"]["details"] == details
        assert details["state"] in answer.json()["error"]["message"]


async def test_an_ended_task_is_lost(house: House) -> None:
    """Its last report may come twice; anything new is a conflict."""
    ann = root(house)
    begun = await ann.begun()
    for _ in range(2):
        assert (await ann.say(begun, 1, happened="cancelled")).status == 200
    assert error(await ann.say(begun, 2)) == (409, "conflict")


async def test_a_job_is_run_paused_and_cancelled(house: House) -> None:
    """What an operator asks for is done within a second, and written into the history with the name."""
    oli = Caller(house, sub="oli", role="operator", channels=["*"])
    answer = await oli.post("", {"job": "wait", "arguments": {"seconds": 5}, "name": "Waiting", "priority": 3})
    assert answer.status == 201
    state = answer.json()
    assert (state["name"], state["job"], state["by"], state["status"]) == ("Waiting", "wait", "oli", "queued")

    async def reached(status: str) -> None:
        async def there() -> bool:
            return bool((await oli.get(f"/{state['task']}")).json()["status"] == status)

        await wait_until(there)

    await reached("running")
    for action, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert (await oli.post(f"/{state['task']}/{action}")).status == 202
        await reached(status)
    entries = (await oli.get(f"/{state['task']}/history")).json()["history"]
    assert [entry["by"] for entry in entries if entry["what"].endswith("_requested")] == ["oli"] * 3


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"job": "none"}, "none"),
        ({"job": "wait", "arguments": {"seconds": "x"}}, "seconds"),
        ({"job": "wait", "arguments": {"other": 1}}, "other"),
        ({"job": "wait", "arguments": {"seconds": 10**30}}, "64 bits"),
        ({"job": "wait", "priority": 10**6}, "priority"),
        ({"job": "wait", "name": "  "}, "name"),
        ({"job": "wait", "report": {"name": "x"}}, "either"),
        ({}, "either"),
        ({"report": {"name": ""}}, "name"),
        ({"report": {"name": " "}}, "name"),
        ({"report": {}}, "name"),
        ({"report": {"name": "x", "channel": "tasks"}}, "tasks"),
        ({"report": {"name": "x", "channel": "a b"}}, "channel"),
        ({"report": {"name": "x", "silence": 0}}, "silence"),
        ({"report": {"name": "x", "honours": ["explode"]}}, "explode"),
        ({"report": {"name": "x", "more": 1}}, "more"),
        ([], "object"),
    ],
)
async def test_a_wrong_begin_is_told_what_is_wrong(house: House, body: object, word: str) -> None:
    """400, with the word; nothing is begun."""
    answer = await root(house).post("", body)

    assert answer.status == 400
    assert word in answer.json()["error"]["message"]
    assert (await root(house).get()).json()["tasks"] == []


@pytest.mark.parametrize(
    "report",
    [
        {"number": 0},
        {"number": 1 << 60},
        {"number": "1"},
        {"progress": {"done": 10**30}},
        {"progress": {"done": -(10**17)}},
        {"progress": {"counts": {"x": -1}}},
        {"progress": {"counts": {str(number): 1 for number in range(201)}}},
        {"progress": {"counts": {"": 1}}},
        {"progress": {"unit": "x" * 41}},
        {"progress": None},
        {"happened": "exploded"},
        {"happened": "interrupted"},
        {"happened": "queued"},
        {"items": [{"item": "a"}]},
        {"items": [{"item": "a", "outcome": "b", "more": {"task": "other"}}]},
        {"items": [{"item": "a", "outcome": "b", "more": {"offset": 1}}]},
        {"lines": [{"level": "", "message": "x"}]},
        {"children": [{"id": "a b", "parent": "p", "name": "n", "status": "running"}]},
        {"children": [{"id": "a", "parent": "p", "name": "n", "status": "exploded"}]},
        {"happened": "completed", "result": 10**30},
        {"name": "  "},
        {"other": 1},
    ],
)
async def test_a_wrong_report_changes_nothing(house: House, report: dict[str, object]) -> None:
    """It is told what is wrong, and its number is not taken: a right one can follow."""
    ann = root(house)
    begun = await ann.begun()
    before = (await ann.get(f"/{begun['id']}")).json()
    answer = await ann.say(begun, 1, **report)

    assert answer.status == 400, answer.body
    assert (await ann.get(f"/{begun['id']}")).json() == before
    assert (await ann.say(begun, 1)).status == 200
    assert (await ann.get(f"/{begun['id']}")).json()["done"] == 1


async def test_a_large_result_is_refused(house: House) -> None:
    """What is large belongs to where the work writes."""
    ann = root(house)
    begun = await ann.begun()

    assert error(await ann.say(begun, 1, happened="completed", result="x" * 300_000)) == (413, "too_large")
    assert (await ann.say(begun, 1, happened="completed", result="x" * 200_000)).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.dictionaries(
    st.sampled_from(["done", "total", "initial", "unit", "counts", "current", "rate", "eta", "elapsed", "stalled"]),
    st.integers(-5, 5) | st.floats(-1e9, 1e9) | st.dictionaries(st.text(), st.integers()) | JSON,
)
REPORTS = st.fixed_dictionaries(
    {"progress": NUMBERS, "number": st.integers(-1, 50) | JSON},
    optional={
        "happened": st.sampled_from(["paused", "resumed", "started", "retrying", "interrupted"]) | JSON,
        "name": st.text() | JSON,
        "error": st.fixed_dictionaries({"code": st.text(), "message": st.text()}) | JSON,
        "result": JSON,
        "items": st.lists(
            st.fixed_dictionaries({"item": st.text(), "outcome": st.text()}, optional={"more": JSON}) | JSON
        ),
        "lines": st.lists(st.fixed_dictionaries({"level": st.text(), "message": st.text()}) | JSON),
        "children": st.lists(
            st.fixed_dictionaries(
                {"id": st.text(), "parent": st.text(), "name": st.text(), "status": st.sampled_from(["running", "x"])}
            )
        ),
    },
)
BEGINS = st.fixed_dictionaries({}, optional={"report": NUMBERS | JSON, "job": JSON, "arguments": JSON, "at": JSON})


@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(report=REPORTS, begin=BEGINS, rubbish=st.binary(max_size=40))
async def test_no_body_makes_the_server_fail(house: House, report: Fields, begin: Fields, rubbish: bytes) -> None:
    """Whatever is sent, the answer is none of ours to be ashamed of, in the one shape; the task is still told whole,
    and another one goes on."""
    ann = root(house)
    begun = await ann.begun()
    headers = bearer(house.token(sub="root", role="admin", channels=["*"], publish=["*"]))
    for path, body in (
        (f"/api/tasks/{begun['id']}/report", msgspec.json.encode({"owner": begun["owner"], **report})),
        (f"/api/tasks/{begun['id']}/report", rubbish),
        ("/api/tasks", msgspec.json.encode(begin)),
        ("/api/tasks", rubbish),
    ):
        answer = await fetch(house.address, "POST", path, body=body, headers=headers)
        assert answer.status < 500, (body, answer.body)
        if answer.status >= 400:
            error(answer)
    await house.live.running.tasks.keep()
    state = (await ann.get(f"/{begun['id']}")).json()
    assert state["task"] == begun["id"]


# Keys


async def test_a_key_begins_one_task(house: House) -> None:
    """Sent again it gives the same task and secret; another user's same key, or the same key for another use, does
    not."""
    ann, bob = root(house), Caller(house, sub="bob", role="admin", channels=["*"], publish=["*"])
    body, job = {"report": {"name": "Work"}}, {"job": "wait"}
    first = (await ann.post("", body, "k")).json()

    assert (await ann.post("", body, "k")).json() == first
    assert (await bob.post("", body, "k")).json()["id"] != first["id"]
    submitted = [(await ann.post("", job, "k")).json()["task"] for _ in range(2)]
    assert submitted[0] == submitted[1] != first["id"]
    assert error(await ann.post("", body, "k" * 256)) == (400, "bad_message")
    await ann.say(first, 1, happened="completed")
    assert error(await ann.post("", body, "k")) == (409, "conflict")


async def test_no_users_keys_meet(house: House) -> None:
    """However a name and a key are put together: the secret of a task is its owner's."""
    pairs = [("a", "b/c"), ("a/b", "c"), ('a","b', "c"), ("a", 'b","c'), ("", "a/b/c"), (None, "a/b/c"), (None, "null")]
    seen = set()
    for user, key in pairs:
        somebody = Caller(house, sub=user, role="admin", channels=["*"], publish=["*"])
        answer = await somebody.post("", {"report": {"name": "x"}}, key)
        if answer.status == 401:  # a token without a name is none
            continue
        assert answer.status == 201, answer.body
        assert answer.json()["owner"] not in seen
        seen.add(answer.json()["owner"])
    assert len(seen) >= 4


async def test_nobody_can_keep_a_change_from_being_told(house: House) -> None:
    """By publishing to a task's channel under the key that its next change would have."""
    ann = root(house)
    begun = await ann.begun()
    for number in range(20):
        for key in (f"{begun['id']}/{number}", str(number)):
            await house.post(
                f"/api/channels/{begun['channel']}/events",
                [{"type": "x"}],
                house.token(role="admin", publish=["*"]),
                {"Idempotency-Key": key},
            )
    await ann.say(begun, 1, happened="failed", error={"code": "x", "message": "y"})
    page = (await house.get(f"/api/channels/{begun['channel']}/events?since=", house.token(role="admin"))).json()

    assert page["events"][-1]["type"] == "task_failed"


# Lists


async def test_a_list_can_be_narrowed_and_turned_over(house: House) -> None:
    """By state, job, part of the name; pages do not overlap and miss nothing; a full page is no larger than asked
    for."""
    ann = root(house)
    begun = [await ann.begun(name=f"Import {number}", channel=f"run:{number % 3}") for number in range(10)]
    await ann.say(begun[3], 1, happened="completed")
    await ann.say(begun[5], 1, happened="failed")
    ids = [one["id"] for one in reversed(begun)]

    async def listed(caller: Caller, query: str) -> list[str]:
        return [task["task"] for task in (await caller.get(query)).json()["tasks"]]

    assert await listed(ann, "") == ids
    assert await listed(ann, "?status=completed,failed") == [begun[5]["id"], begun[3]["id"]]
    assert await listed(ann, "?status=completed&status=failed") == [begun[5]["id"], begun[3]["id"]]
    assert await listed(ann, "?name=iMPort%207") == [begun[7]["id"]]
    assert await listed(ann, "?job=wait") == []
    answer = (await ann.get()).json()
    assert (answer["before"], answer["counts"]) == (None, {"running": 8, "completed": 1, "failed": 1})
    few = Caller(house, channels=["run:1"])
    for caller, expected in ((ann, ids), (few, [one["id"] for one in reversed(begun) if one["channel"] == "run:1"])):
        for limit in (1, 2, 3, 500):
            seen, before = [], ""
            for _ in range(20):
                page = (await caller.get(f"?limit={limit}{before}")).json()
                assert len(page["tasks"]) <= limit
                seen += [task["task"] for task in page["tasks"]]
                if page["before"] is None:
                    break
                before = f"&before={page['before']}"
            assert seen == expected
    assert "counts" not in (await few.get()).json()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(("?status=exploded", 400), ("?limit=x", 400), ("?limit=-1", 400), ("?before=1.5", 400)),
        *(("?before=" + "9" * 30, 400), ("?limit=0", 200), ("?limit=999999", 200), ("?before=0", 200)),
        *(("?status=", 200), ("?status=,,", 200), ("?name=%00%27%22", 200), ("?name=%F0%9F%98%80", 200)),
        *(("?before=%D9%A3", 200), ("?limit=%C2%B2", 400)),
    ],
)
async def test_a_query_is_understood_or_refused(house: House, query: str, status: int) -> None:
    """Never answered with something else than what was asked."""
    assert (await root(house).get(query)).status == status


# What is written down


async def test_who_asked_for_what_is_in_the_audit_trail(house: House) -> None:
    """With the user, the channel and the address; a refusal is not."""
    oli = Caller(house, sub="oli", role="operator", channels=["*"])
    begun = await root(house).begun()
    for action in ("pause", "resume", "resume", "cancel"):
        await oli.post(f"/{begun['id']}/{action}")
    entries: list[Fields] = []

    async def written() -> bool:
        entries[:] = (await house.get("/api/audit", house.token(role="admin"))).json()["events"]
        return len([entry for entry in entries if entry["user"] == "oli"]) == 3

    await wait_until(written)
    told = [(entry["action"], entry["target"]) for entry in entries if entry["user"] == "oli"]
    assert told == [(action, begun["channel"]) for action in ("paused", "resumed", "cancelled")]


async def test_what_a_token_no_longer_covers_is_refused(house: House) -> None:
    """A token that is over while its task runs: the reporter is told so, and not that the task is lost."""
    reporter = Caller(house, publish=["task:*"], left=60)
    begun = await reporter.begun()
    house.clock.advance(200)

    assert error(await reporter.say(begun, 1))[0] == 401


# The server


@pytest.mark.parametrize("kind", Kind)
async def test_tasks_are_there_however_it_is_served(kind: Kind) -> None:
    """On the fast server, on the plain one, mounted."""
    async with serving(Headway(), kind) as address:
        begun = await posted(address, "/api/tasks", {"report": {"name": "Work"}})
        body = {"owner": begun["owner"], "number": 1, "progress": {"done": 1}, "happened": "completed"}
        assert await posted(address, f"/api/tasks/{begun['id']}/report", body) == {"wanted": None}


async def posted(address: Address, path: str, body: object) -> Fields:
    """What the server answers."""
    answer = await fetch(address, "POST", path, body=msgspec.json.encode(body))
    assert answer.status < 300, answer.body
    told: Fields = answer.json()
    return told


async def test_tasks_outlive_the_server(tmp_path: Path) -> None:
    """Ended ones are listed, reporters go on where they were, jobs run on; nothing is told twice."""
    jobs = Jobs()
    jobs.job("wait")(wait)
    async with serving(Headway(tmp_path, jobs=jobs)) as address:
        begun = await posted(address, "/api/tasks", {"report": {"name": "Work", "honours": ["pause"]}})
        job = await posted(address, "/api/tasks", {"job": "wait"})
        body = {"owner": begun["owner"], "number": 7, "progress": {"done": 7}}
        await posted(address, f"/api/tasks/{begun['id']}/report", body)
        await posted(address, f"/api/tasks/{begun['id']}/pause", None)
    async with serving(Headway(tmp_path, jobs=jobs)) as address:
        state = (await fetch(address, "GET", f"/api/tasks/{begun['id']}")).json()
        assert (state["status"], state["done"], state["wanted"]) == ("running", 7, "paused")
        body = {"owner": begun["owner"], "number": 8, "progress": {"done": 8}, "happened": "paused"}
        await posted(address, f"/api/tasks/{begun['id']}/report", body)

        async def runs() -> bool:
            return bool((await fetch(address, "GET", f"/api/tasks/{job['task']}")).json()["status"] == "running")

        await wait_until(runs)
        page = (await fetch(address, "GET", f"/api/channels/task:{job['task']}/events?since=")).json()
        milestones = [event["type"] for event in page["events"] if event["type"] != "task_progress"]
        assert milestones == ["task_queued", "task_started", "task_interrupted", "task_started"]


async def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two that run each other's tasks would be two authorities."""
    async with serving(Headway(tmp_path)):
        second = Headway(tmp_path)
        with pytest.raises(StorageError):
            await second.start()
        await second.close()


async def test_jobs_that_are_declared_later_are_known() -> None:
    """A collection that is still empty when the server is made is the one it uses."""
    jobs = Jobs()
    live = Headway(jobs=jobs)
    jobs.job("wait")(wait)
    async with serving(live) as address:
        assert [job["name"] for job in (await fetch(address, "GET", "/api/jobs")).json()["jobs"]] == ["wait"]
