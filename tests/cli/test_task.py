"""`headway task`, against a server with jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from headway.cli.output import exit_of_task
from headway.tasks.model import Action, Status
from headway.testing.serving import listener
from tests.cli.harness import command, refusal, run
from tests.cli.working import Workshop, workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

ENDS = [Status.COMPLETED, Status.FAILED, Status.CANCELLED]


@pytest.fixture
async def shop() -> AsyncIterator[Workshop]:
    """A server with jobs."""
    async with workshop() as running:
        yield running


def objects(text: str) -> list[dict[str, Any]]:  # Any: JSON values
    """JSON lines."""
    return [msgspec.json.decode(line) for line in text.splitlines()]


async def test_tasks_are_listed_in_eighty_columns(shop: Workshop) -> None:
    """Newest first: id, name, state and how far; no line is longer than a terminal is wide."""
    done, failed = await shop.ended(Status.COMPLETED), await shop.ended(Status.FAILED)
    await shop.live.submit("hold", name="A name that is longer than any column that is left for names")

    listed = (await run("task", "list", "--url", shop.url)).out.splitlines()

    assert [line.split()[0] for line in listed[2:]] == [failed, done]
    assert listed[0].split() == ["TASK", "NAME", "STATUS", "PROGRESS"]
    assert listed[3].split()[1:] == ["Copy", "rows", "completed", "100%", "in", "<1", "s"]
    assert max(map(len, listed)) <= 80


async def test_a_list_is_filtered_and_goes_on(shop: Workshop) -> None:
    """By state, job and name; what does not fit is said to be there, and how to get it."""
    ids = [await shop.ended(how) for how in (*ENDS, Status.COMPLETED)]

    async def listed(*filters: str) -> list[str]:
        return [one["task"] for one in objects((await run("task", "list", "--json", *filters, "--url", shop.url)).out)]

    assert await listed() == ids[::-1]
    assert await listed("--status", "failed", "--status", "cancelled") == [ids[2], ids[1]]
    assert await listed("--job", "copy", "--name", "ROWS") == [ids[3], ids[0]]
    first = await run("task", "list", "--json", "--limit", "3", "--url", shop.url)
    assert first.err.startswith("there are older ones: --before ")
    assert await listed("--before", first.err.split()[-1]) == [ids[0]]


async def test_one_task_is_shown(shop: Workshop) -> None:
    """Everything that is known, a line each; as JSON what the server says."""
    id = await shop.ended(Status.FAILED)

    shown = dict(line.split(None, 1) for line in (await run("task", "show", id, "--url", shop.url)).out.splitlines())
    (state,) = objects((await run("task", "show", id, "--json", "--url", shop.url)).out)

    assert (shown["task"], shown["status"], shown["channel"]) == (id, "failed", f"task:{id}")
    assert (shown["error"], shown["allowed"]) == ("row 17: no email (ValueError)", "nothing")
    assert (state["status"], state["job"]) == ("failed", "fail")


async def test_the_history_says_who_did_what(shop: Workshop) -> None:
    """What happened and what was asked for, in order."""
    id = await shop.ended(Status.CANCELLED)

    lines = (await run("task", "history", id, "--url", shop.url)).out.splitlines()

    assert [line.split("  ", 1)[1].strip() for line in lines] == [
        "queued",
        "started",
        "cancel requested  by ann",
        "cancelled",
    ]


async def test_pause_resume_and_cancel(shop: Workshop) -> None:
    """Each is done, and said as it stands: wanted first, reached later."""
    id = await shop.submit("hold")
    await shop.reached(id, Status.RUNNING)
    said = []
    for action, then in (("pause", Status.PAUSED), ("resume", Status.RUNNING), ("cancel", Status.CANCELLED)):
        finished = await run("task", action, id, "--url", shop.url)
        said.append((finished.code, finished.out))
        await shop.reached(id, then)

    assert said == [(0, f"{id}  {word}\n") for word in ("pausing…", "resuming…", "cancelling…")]


async def test_what_cannot_be_is_said_as_the_server_says_it(shop: Workshop) -> None:
    """An action that the state does not permit, a task that is not there, a job that nobody knows."""
    id = await shop.ended(Status.COMPLETED)

    refused = [
        await run("task", *call, "--url", shop.url)
        for call in (
            ("cancel", id),
            ("show", "nonsense"),
            ("run", "nonsense"),
            ("run", "copy", "--arg", "rows=many"),
            ("run", "copy", "--arg", "quux=1"),
        )
    ]

    assert [one.err.removeprefix("headway: ").rstrip("\n") for one in refused] == [
        "a task that is completed has ended and takes no cancel",
        "there is no task 'nonsense'",
        "there is no job 'nonsense'; there is: copy, fail, hold",
        "the job 'copy' cannot be called like this: Expected `int`, got `str` - at `$.rows`",
        "the job 'copy' cannot be called like this: Object contains unknown field `quux`",
    ]
    assert {(one.code, one.out) for one in refused} == {(2, "")}


async def test_a_job_runs_with_arguments(shop: Workshop) -> None:
    """Text where the job takes text, else JSON; --arg goes before --arguments. The id is all that stdout has."""
    call = ("--arguments", '{"rows": 7, "tags": ["x"]}', "--arg", "rows=2", "--arg", "label=5")
    begun = await run("task", "run", "copy", *call, "--name", "Mine", "--url", shop.url)

    state = await shop.reached(begun.out.strip(), Status.COMPLETED)

    assert (begun.code, begun.err) == (0, "")
    assert (state.name, state.progress.done, state.result) == ("Mine", 2, {"label": "5", "tags": ["x"]})


async def test_one_key_runs_a_job_once(shop: Workshop) -> None:
    """Whoever is not sure asks again."""
    call = ("task", "run", "copy", "--idempotency-key", "nightly-2026-01-31", "--url", shop.url)

    assert (await run(*call)).out == (await run(*call)).out


@pytest.mark.parametrize("how", ENDS)
async def test_following_ends_as_the_task_does(shop: Workshop, how: Status) -> None:
    """Code 0, 1 or 3; the last line is the milestone."""
    job = {Status.COMPLETED: "copy", Status.FAILED: "fail", Status.CANCELLED: "hold"}[how]
    async with command("task", "run", job, "--follow", "--json", "--url", shop.url) as following:
        id = (await following.error_line()).removeprefix("task ")
        if how is Status.CANCELLED:
            await shop.reached(id, Status.RUNNING)
            await shop.ask(id, Action.CANCEL)
        finished = await following.ended()

    told = objects(finished.out)
    assert (finished.code, finished.err) == (exit_of_task(how), "")
    assert [one["offset"] for one in told] == list(range(1, len(told) + 1))
    assert (told[1]["type"], told[-1]["type"]) == ("task_queued", f"task_{how}")


async def test_ctrl_c_ends_the_watching_only(shop: Workshop) -> None:
    """The task goes on, and it is said how to end it."""
    async with command("task", "run", "hold", "--follow", "--url", shop.url) as following:
        id = (await following.error_line()).removeprefix("task ")
        while "started" not in await following.line():
            pass
        following.interrupt()
        finished = await following.ended()

    assert finished.code == 130
    assert finished.err == f"the task goes on; to end it: headway task cancel {id}\n"
    assert (await shop.live.running.tasks.get(id)).status is Status.RUNNING


async def test_a_server_that_is_not_there_is_named() -> None:
    """Code 1, and why."""
    with listener() as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"

    looked = await run("task", "list", "--url", url)
    asked = await run("task", "run", "copy", "--timeout", "0.1", "--url", url)

    assert (looked.code, looked.err) == (1, f"headway: {url} cannot be asked now (connection refused)\n")
    assert (asked.code, asked.err) == (looked.code, looked.err)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--arg", "rows"], "--arg: a name and a value, such as source=customers.csv, not 'rows'"),
        (["--arguments", "[1]"], "--arguments: a JSON object"),
        (["--arguments", "{"], "--arguments: this is not JSON"),
    ],
)
def test_a_wrong_call_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    """Before anybody is asked."""
    finished = refusal(capsys, "task", "run", "copy", *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert sentence in finished.err
