"""`headway watch` in a process of its own, with servers that are killed under it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from headway.client import Carrier, Event, Pace, connect
from headway.limits import Retention
from headway.server.live import Headway
from headway.tasks.model import Action, Status
from headway.testing.serving import listener, serving
from tests.cli.harness import Command, command, refusal, run, serve
from tests.cli.working import workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

EVENTS = 60


QUICK = Pace(first_delay=0.05, most_delay=0.5)


async def log_of(url: str, channel: str, count: int) -> list[dict[str, object]]:
    """What the log holds, as a fresh reader is told it."""
    async with connect(url, transports=[Carrier.POLLING]) as client:
        events = client.channel(channel, since="")
        told = [await anext(events) for _ in range(count)]
    return [event.flat() for event in told if isinstance(event, Event)]


async def lines(watch: Command, count: int) -> list[dict[str, object]]:
    """The next lines, decoded."""
    return [msgspec.json.decode(await watch.line()) for _ in range(count)]


@pytest.mark.timeout(120)
async def test_a_killed_server_costs_nobody_an_event(tmp_path: Path) -> None:
    """The server is killed in the middle and comes back: on every transport, what was printed equals the log."""
    async with AsyncExitStack() as life, AsyncExitStack() as first_life:
        server, url = await first_life.enter_async_context(serve(tmp_path))
        watches = {
            carrier: await life.enter_async_context(
                command("watch", "run", "--since", "", "--json", "--transport", carrier.value, "--url", url)
            )
            for carrier in Carrier
        }
        publishing = asyncio.create_task(publish_all(url))
        printed = dict(
            zip(watches, await asyncio.gather(*(lines(watch, 20) for watch in watches.values())), strict=True)
        )

        server.kill()
        await server.ended()
        await life.enter_async_context(serve(tmp_path, port=urlsplit(url).port or 0))
        await publishing
        log = await log_of(url, "run", EVENTS)
        for carrier, watch in watches.items():
            printed[carrier] += await lines(watch, EVENTS - 20)

        assert [event["number"] for event in log] == list(range(EVENTS))
        assert printed == dict.fromkeys(Carrier, log)


async def publish_all(url: str) -> None:
    """Publish all events, one after the other, whatever happens to the server."""
    async with connect(url, pace=QUICK) as client:
        for number in range(EVENTS):
            await client.publish("run", "step", {"number": number}, patience=60.0)


async def test_a_readable_line_per_event() -> None:
    """Without --json: time, offset, type and data; nothing that could steer a terminal."""
    live = Headway()
    async with serving(live) as address:
        await live.publish("run", "step", {"text": "\x1b[31mred\x9b"})
        async with command("watch", "run", "--since", "", "--url", address.http("")) as watch:
            time, offset, kind, data = (await watch.line()).split("  ")

    assert len(time) == len("09:30:00")
    assert (offset, kind, data) == ("1", "step", '{"text":"\\u001b[31mred�"}')


async def test_the_state_then_live() -> None:
    """Without --since: the latest event of each key, then what comes."""
    live = Headway()
    async with serving(live) as address:
        for percent in (10, 20):
            await live.publish("run", "progress", {"percent": percent}, key="progress")
        async with command("watch", "run", "--json", "--url", address.http("")) as watch:
            (state,) = await lines(watch, 1)
            await live.publish("run", "progress", {"percent": 30}, key="progress")
            (event,) = await lines(watch, 1)

    assert (state["percent"], event["percent"]) == (20, 30)


async def test_goes_on_after_what_publish_printed() -> None:
    """The position that `headway publish` prints is where `headway watch --since` begins."""
    live = Headway()
    async with serving(live) as address:
        url = address.http("")
        position = (await run("publish", "run", "step", "--url", url)).out.strip()
        await live.publish("run", "step", {"second": True})
        async with command("watch", "run", "--json", "--since", position, "--url", url) as watch:
            (event,) = await lines(watch, 1)

    assert event["second"] is True


async def test_a_gap_is_announced() -> None:
    """What was lost is said on stderr, and is a line of --json."""
    live = Headway(retention=Retention(events=1))
    async with serving(live) as address:
        first = await live.publish("run", "step")
        for _ in range(3):
            await live.publish("run", "step")
        async with command("watch", "run", "--json", "--since", str(first), "--url", address.http("")) as watch:
            gap, event = await lines(watch, 2)
            said = await watch.error_line()

    assert (gap["type"], gap["lost"], event["offset"]) == ("gap", 2, 4)
    assert said == "gap: 2 events up to offset 3 are no longer kept by the server"


async def test_waits_for_a_server_until_ctrl_c() -> None:
    """A server that is not there is waited for, and said so once; Ctrl-C ends it with code 130, quietly."""
    with listener() as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    async with command("watch", "run", "--url", url) as watch:
        assert await watch.error_line() == f"waiting for {url} (connection refused)"
        watch.interrupt()
        finished = await watch.ended()

    assert (finished.code, finished.out, finished.err) == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a b"], "a channel name is 1 to 255 visible characters; 'a b' is not"),
        (["run", "--since", "x"], "--since: 'x' is not a position"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """A mistake is found before anybody is asked."""
    finished = refusal(capsys, "watch", *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert sentence in finished.err
    assert finished.err.count("\n") == 1


async def test_who_has_no_valid_token_is_told_so() -> None:
    """Code 3, and where to put the token."""
    async with serving(Headway(secret="a secret of more than thirty-two bytes")) as address:
        finished = await run("watch", "run", "--url", address.http(""), "--token", "nonsense")

    assert (finished.code, finished.out) == (3, "")
    assert finished.err == "headway: the token is invalid; give a valid token with --token or HEADWAY_TOKEN\n"


async def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`headway watch | head -1` ends, without a traceback."""
    live = Headway()
    async with serving(live) as address:
        child = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            f"'{sys.executable}' -m headway watch run --since '' --url {address.http('')} | head -1",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        ended = asyncio.create_task(child.communicate())
        while not ended.done():
            await live.publish("run", "step")
            await asyncio.wait([ended], timeout=0.1)

    out, err = await ended
    assert (out.count(b"\n"), err) == (1, b"")


@pytest.mark.parametrize(
    ("how", "code"), [(Status.COMPLETED, 0), (Status.FAILED, 1), (Status.CANCELLED, 3)], ids=lambda value: str(value)
)
async def test_a_task_that_ended_before_is_shown_and_that_is_all(how: Status, code: int) -> None:
    """Its end is printed, and the exit code says which; nobody waits for what never comes."""
    async with workshop() as shop:
        id = await shop.ended(how)
        watched = await run("watch", f"task:{id}", "--json", "--url", shop.url)

    (state,) = map(msgspec.json.decode, watched.out.splitlines())
    assert (watched.code, state["type"], state["status"]) == (code, "task_progress", how.value)


async def test_watching_a_task_ends_with_it() -> None:
    """The milestone is the last that is told, on every transport."""
    async with workshop() as shop, AsyncExitStack() as life:
        id = await shop.submit("hold")
        await shop.reached(id, Status.RUNNING)
        watches = [
            await life.enter_async_context(
                command("watch", f"task:{id}", "--json", "--transport", carrier.value, "--url", shop.url)
            )
            for carrier in Carrier
        ]
        for watch in watches:
            await watch.line()
        await shop.ask(id, Action.CANCEL)
        finished = [await watch.ended() for watch in watches]

    assert [one.code for one in finished] == [3] * len(watches)
    last = [msgspec.json.decode(one.out.splitlines()[-1])["type"] for one in finished]
    assert last == ["task_cancelled"] * len(watches)


async def test_the_state_alone_is_not_the_end() -> None:
    """Who is told the last state while it is new waits for the milestone behind it."""
    state = {"task": "x", "name": "Import", "status": "running"}
    ended = {**state, "status": "failed"}
    live = Headway()
    async with serving(live) as address:
        await live.publish("task:x", "task_progress", state, key="task")
        async with command("watch", "task:x", "--json", "--url", address.http("")) as watch:
            await lines(watch, 1)
            await live.publish("task:x", "task_progress", ended, key="task")
            await lines(watch, 1)
            await live.publish("task:x", "task_failed", ended)
            (last,) = await lines(watch, 1)
            finished = await watch.ended()

    assert (last["type"], finished.code, finished.out) == ("task_failed", 1, "")


async def test_several_tasks_are_watched_to_the_last_end() -> None:
    """If one of them failed, so did what watched them."""
    async with workshop() as shop:
        ids = [await shop.ended(how) for how in (Status.COMPLETED, Status.CANCELLED, Status.FAILED)]
        watched = await run("watch", *(f"task:{id}" for id in ids), "--url", shop.url)

    assert watched.code == 1
    assert watched.out.count("\n") == 3


async def test_the_channel_of_all_tasks_tells_of_them_in_words() -> None:
    """Without --json: what happened, and to which."""
    async with workshop() as shop, command("watch", "tasks", "--since", "", "--url", shop.url) as watch:
        await shop.ended(Status.FAILED)
        said = [await watch.line()]
        while "  failed  fail" not in said[-1]:
            said.append(await watch.line())

    assert [line.split("  ", 2)[2] for line in said if "progress" not in line] == [
        "queued  fail",
        "started  fail",
        "failed  fail · row 17: no email · in <1 s",
    ]
