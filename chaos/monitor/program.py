"""The killer and the judge: thirty applications, three runs, one kill, one incident, and what everybody was told.

It fails unless
- each application stands, and is tested, as `thirty` says,
- a run of all, five at once, is over in less than two minutes, though it was paused in its middle; while it is paused
  nothing begins,
- a run that is cancelled ends within seconds, and what was not tested is skipped,
- a run whose server is killed goes on: each test has one result, and each milestone was told once, on the run's channel
  and in the feed; no browser is left,
- stock clients of Socket.IO see every milestone of a run once, in order: from its start, come late and cut off, and
  through the kill; one that subscribes without `since`, as the seed's, sees every one from when it came,
- the webhook is told once of each incident, and once of the end of the one that ends,
- no password stands in anything the server wrote.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil

from chaos.monitor.targets import Targets, targets
from chaos.monitor.thirty import GOOD, WRONG, Expected, thirty
from chaos.monitor.told import Hook, Viewer, hook, milestones
from chaos.victim import Victim
from tests.browsers.site import PASSWORD
from tests.seeds.gateway import Door, Gateway

__all__ = ["main"]

_PARALLEL: Final = 5
_RUN_SECONDS: Final = 120.0
"""For a run of all thirty: the requirement."""
_CANCEL_SECONDS: Final = 10.0
"""From asking to the end: a browser is ended at once."""
_DECIDE_SECONDS: Final = 90.0
"""For watching to have decided about all: two looks of each, five seconds apart, and apprise is loaded meanwhile."""
_PAUSED_SECONDS: Final = 2.0
"""How long a run is paused: enough for a test to begin that must not."""
_QUIET_SECONDS: Final = 7.0
"""After the last alert that must come: one look more, in which another could."""
_WRONG_PASSWORD: Final = "Wr0ng-7d1f"
_TERMINAL: Final = ("completed", "failed", "cancelled")
_BOTH: Final = ("websocket", "polling")
"""As the seed's client writes them."""
_POLLING: Final = ("polling",)
_ENDS: Final = frozenset({"task_completed", "task_failed", "task_cancelled"})
_SEE_SECONDS: Final = 30.0
"""For a viewer to see the end, from when the server says it: two reconnections."""
_LOOK_SECONDS: Final = 0.1
"""Between two looks at the server, or at the processes of the machine."""

Fields = dict[str, Any]
"""JSON values. Any: whatever they are."""


class Wrong(Exception):
    """Something was lost, repeated, left behind, or is not as it must be."""


def main() -> None:
    """Run and exit: 0 if everything is as it must be."""
    parser = argparse.ArgumentParser(prog="python -m chaos.monitor", description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1, help="of the server in the middle of the third run")
    parser.add_argument("--table", action="store_true", help="also write the verdict on each application")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headway-monitor-"))
    try:
        asyncio.run(_tried(folder, options.kills, table=options.table))
    except (Wrong, AssertionError) as wrong:
        print(f"FAILED: {wrong}. What the server wrote is in {folder}.", flush=True)
        sys.exit(1)
    except BaseException:  # interrupted, or a mistake of this program: nothing is worth keeping
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    print("every verdict is right, and everybody was told everything once.", flush=True)


async def _tried(folder: Path, kills: int, *, table: bool) -> None:
    authority = folder / "authority.pem"
    async with targets(authority) as at, hook() as told:
        # The server's environment is this one's: whom it trusts, and the passwords it signs in with.
        os.environ |= {"SSL_CERT_FILE": str(authority), GOOD: PASSWORD, WRONG: _WRONG_PASSWORD}
        trial = Trial(folder, at, told, kills)
        try:
            await trial.run()
            if table:
                await trial.table()
        finally:
            await trial.close()


class Trial:
    """One run."""

    def __init__(self, folder: Path, at: Targets, told: Hook, kills: int) -> None:
        self._folder = folder
        self._at = at
        self._hook = told
        self._kills = kills
        self._victim = Victim(folder, {"APPS": "monitor"})
        self._expected: list[Expected] = thirty(at)
        self._tests = [one for one in self._expected if one.tested]
        self._http = httpx2.AsyncClient(timeout=60, trust_env=False)
        self._first: Fields = {}

    async def run(self) -> None:
        """Everything, one after the other."""
        await self._victim.start()
        await self._watch()
        await self._paused_in_its_middle()
        await self._cancelled()
        await self._killed()
        await self._recovered()
        await self._judge_alerts()
        self._judge_secrets()

    async def close(self) -> None:
        """End the server, and what it left."""
        await self._http.aclose()
        await self._victim.kill()
        for process in self._browsers():
            with contextlib.suppress(psutil.Error):
                process.kill()

    # What is watched.

    async def _watch(self) -> None:
        channel = {"name": "hook", "address": self._hook.address}
        await self._ask("PUT", "/api/monitor/alerts", json={"channels": [channel]})
        for one in self._expected:
            await self._ask("POST", "/api/applications", json=one.definition)
        beat = await self._ask("GET", "/api/applications/push/beat")
        await self._ask("POST", f"{beat['path']}?token={beat['token']}")
        took = await self._timed(self._until_decided, within=_DECIDE_SECONDS)
        await self._until_told()
        stand = Counter((await self._cards()).values())
        say(f"watching: {len(self._expected)} applications stand as they must after {took:.1f} s: {dict(stand)}")

    async def _until_decided(self) -> None:
        async def wrong() -> dict[str, str]:
            cards = await self._cards()
            return {one.name: cards[one.name] for one in self._expected if cards[one.name] != one.stands}

        async def decided() -> bool:
            return not await wrong()

        with contextlib.suppress(Wrong):
            await comes_true(decided, _DECIDE_SECONDS, "")
        if left := await wrong():
            raise Wrong(f"these stand otherwise than they must: {left}")

    async def _cards(self) -> dict[str, str]:
        told = await self._ask("GET", "/api/applications")
        return {one["name"]: one["status"] for one in told["applications"]}

    async def _until_told(self) -> None:
        """Every alert that is made was sent."""
        bad = sum(one.stands == "error" for one in self._expected)
        await comes_true(lambda: len(self._hook.of("began")) >= bad, 30.0, f"the webhook was told of {bad} incidents")

    # The three runs.

    async def _paused_in_its_middle(self) -> None:
        run = await self._begin()
        async with contextlib.AsyncExitStack() as stack:
            viewers = [await self._comes(stack, run, f"from the start by {one[0]}", one) for one in (_BOTH, _POLLING)]
            viewers.append(await self._comes(stack, run, "with the seed's line", _BOTH, whole=False))
            began = _now()
            await self._until(run, lambda shown: shown["completed"] >= len(self._tests) // 3, "a third was tested")
            begun, meanwhile = await self._held(run, stack, viewers)
            await self._ask("POST", f"/api/tests/{run}/resume")
            ended = await self._ended(run)
            took = _now() - began
            await self._judge_viewers(run, viewers)
        self._judge_verdicts(ended)
        if took >= _RUN_SECONDS:
            raise Wrong(f"a run of {len(self._tests)} tests took {took:.1f} s; it may take {_RUN_SECONDS:.0f}")
        say(
            f"run 1: {len(self._tests)} tests, {_PARALLEL} at once, in {took:.1f} s, {ended['summary']}; paused at "
            f"{begun} begun, {meanwhile} began meanwhile"
        )
        self._first = ended

    async def _held(self, run: str, stack: contextlib.AsyncExitStack, viewers: list[Viewer]) -> tuple[int, int]:
        """Pause, look on, let somebody come late and lose the connection. How many had begun, and how many began."""
        await self._ask("POST", f"/api/tests/{run}/pause")
        await self._until(run, lambda shown: shown["status"] == "paused", "the run was paused")
        begun = await self._begun(run)
        gateway = await stack.enter_async_context(Gateway(self._victim.address))
        late = [await self._comes(stack, run, f"late by {one[0]}", one, gateway) for one in (_BOTH, _POLLING)]
        viewers += late
        await asyncio.sleep(_PAUSED_SECONDS)
        await comes_true(lambda: all(one.told for one in late), 10.0, "who came late was told something")
        # Closed until they know it: a poll that is cut alone is asked again, and nothing was lost.
        gateway.close(*Door)
        await comes_true(lambda: not any(one.connected for one in late), 30.0, "who came late lost the connection")
        gateway.open()
        await comes_true(lambda: all(one.connections == 2 for one in late), 30.0, "they had another connection")
        meanwhile = await self._begun(run) - begun
        if meanwhile:
            raise Wrong(f"{meanwhile} tests began while the run was paused")
        return begun, meanwhile

    async def _cancelled(self) -> None:
        run = await self._begin()
        async with contextlib.AsyncExitStack() as stack:
            viewer = await self._comes(stack, run, "of the cancelled run", _BOTH)
            await self._until_a_browser()
            asked = _now()
            await self._ask("DELETE", f"/api/tests/{run}")
            ended = await self._ended(run)
            took = _now() - asked
            await self._judge_viewers(run, [viewer])
        summary = ended["summary"]
        if ended["status"] != "cancelled" or not summary["skipped"] or took > _CANCEL_SECONDS:
            raise Wrong(f"the cancelled run {ended['status']} after {took:.1f} s with {summary}")
        if sum(summary[name] for name in ("passed", "failed", "skipped")) != len(self._tests):
            raise Wrong(f"the numbers of the cancelled run do not add up: {summary}")
        await self._no_browser("the cancelled run")
        say(f"run 2: cancelled in {took:.1f} s, {summary}; no browser is left")

    async def _killed(self) -> None:
        run = await self._begin()
        left = 0
        async with contextlib.AsyncExitStack() as stack:
            viewers = [await self._comes(stack, run, f"through the kill by {one[0]}", one) for one in (_BOTH, _POLLING)]
            for _ in range(self._kills):
                await self._until_a_browser()
                await self._victim.kill()
                left += len(list(self._browsers()))
                await self._victim.start()
            ended = await self._ended(run)
            await self._judge_viewers(run, viewers)
        self._judge_verdicts(ended)
        again = sum(attempt["status"] == "interrupted" for one in ended["results"] for attempt in one["attempts"])
        await self._judge_feed(run)
        await self._no_browser("the run that was killed")
        say(
            f"run 3: killed {self._kills} times, {ended['summary']}; {again} tests were begun again, {left} processes "
            "of browsers outlived the server, none outlived the run"
        )

    async def _until_a_browser(self) -> None:
        """Some browser works: the middle of a run."""
        await comes_true(lambda: any(True for _ in self._browsers()), 60.0, "a browser worked")

    def _browsers(self) -> Iterator[psutil.Process]:
        """Processes whose profile or home is in the folder of this trial."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if str(self._folder) in " ".join(process.cmdline()) or process.environ().get("HOME", "").startswith(
                    str(self._folder)
                ):
                    yield process

    async def _no_browser(self, after: str) -> None:
        with contextlib.suppress(Wrong):
            await comes_true(lambda: not any(True for _ in self._browsers()), 10.0, "")
        if left := [process.pid for process in self._browsers()]:
            raise Wrong(f"{len(left)} processes of browsers were left after {after}: {left}")

    # An incident.

    async def _recovered(self) -> None:
        """The shop fails, and recovers; in between the server is killed once more."""
        self._at.broken = True
        await comes_true(
            lambda: bool(self._hook.of("began", "shop")), 60.0, "the webhook was told that the shop is down"
        )
        await self._victim.kill()
        await self._victim.start()
        self._at.broken = False
        await comes_true(lambda: bool(self._hook.of("ended", "shop")), 60.0, "the webhook was told that the shop is up")
        await asyncio.sleep(_QUIET_SECONDS)

    async def _judge_alerts(self) -> None:
        keys = Counter(key for one in self._hook.told for key in one["keys"].split())
        if twice := {key: count for key, count in keys.items() if count > 1}:
            raise Wrong(f"the webhook was told these more than once: {twice}")
        began = Counter(one["title"].removesuffix(" is down") for one in self._hook.of("began"))
        incidents = {one.name: await self._incidents(one.name) for one in self._expected}
        if wrong := {name: (count, began[name]) for name, count in incidents.items() if began[name] != count}:
            raise Wrong(f"incidents, and how often the webhook was told of one: {wrong}")
        ended = len(self._hook.of("ended"))
        if incidents["shop"] != 1 or ended != 1:
            raise Wrong(f"the shop failed once and recovered: {incidents['shop']} incidents, {ended} were told to end")
        others = Counter(one["kind"] for one in self._hook.told)
        say(
            f"webhook: {sum(incidents.values())} incidents, each told once; {ended} recovery, told once; {dict(others)}"
        )

    async def _incidents(self, name: str) -> int:
        return len((await self._ask("GET", f"/api/applications/{name}/incidents"))["incidents"])

    # The judges.

    def _judge_verdicts(self, run: Fields) -> None:
        results = {one["name"]: one for one in run["results"]}
        if run["status"] != "completed" or len(run["results"]) != len(self._tests) or len(results) != len(self._tests):
            raise Wrong(f"the run {run['status']} with {len(run['results'])} results of {len(self._tests)}")
        said = {one.name: (results[one.name]["status"], results[one.name]["code"]) for one in self._tests}
        wrong = {one.name: said[one.name] for one in self._tests if said[one.name] != (one.tested, one.code)}
        if wrong:
            raise Wrong(f"these were tested otherwise than they must: {wrong}")

    async def _judge_viewers(self, run: str, viewers: Sequence[Viewer]) -> None:
        log = await self._whole_log(run)
        self._judge_once(log, "the run's channel")
        wanted = [event["offset"] for event in milestones(log)]
        for viewer in viewers:
            await comes_true(
                functools.partial(viewer.reached, wanted[-1]), _SEE_SECONDS, f"the viewer {viewer.name} saw the end"
            )
            self._judge_viewer(viewer, log, wanted)
        told = ", ".join(_described(viewer, len(wanted)) for viewer in viewers)
        say(f"  {len(wanted)} milestones, seen once each: {told}")

    def _judge_viewer(self, viewer: Viewer, log: Sequence[Fields], wanted: Sequence[int]) -> None:
        seen = [event["offset"] for event in milestones(viewer.told)]
        all_of_it = list(wanted) if viewer.whole else [offset for offset in wanted if offset >= seen[0]]
        if seen != all_of_it:
            repeated = [offset for offset, count in Counter(seen).items() if count > 1]
            missing = sorted(set(all_of_it) - set(seen))
            raise Wrong(f"the viewer {viewer.name} was told {repeated} twice, and not told {missing}, in order {seen}")
        known = {event["offset"]: event for event in log}
        if any(known[event["offset"]] != event for event in milestones(viewer.told)):
            raise Wrong(f"the viewer {viewer.name} was told something else than the log says")

    async def _whole_log(self, run: str) -> list[Fields]:
        """The run's channel, when its task has nothing more to say."""
        log: list[Fields] = []

        async def over() -> bool:
            log[:] = await self._log(f"task:{run}")
            return any(event["type"] in _ENDS for event in milestones(log))

        await comes_true(over, _SEE_SECONDS, "the task of the run ended")
        return log

    def _judge_once(self, events: Sequence[Fields], where: str) -> None:
        steps = Counter((one["type"], one.get("applicationId")) for one in events if one["type"].startswith("test"))
        if twice := {step: count for step, count in steps.items() if count > 1}:
            raise Wrong(f"{where} was told these more than once: {twice}")
        begun = {id for type, id in steps if type == "testStarted"}
        ended = {id for type, id in steps if type in ("testCompleted", "testFailed")}
        if begun != ended:
            raise Wrong(f"on {where} {len(begun)} tests began and {len(ended)} ended")

    async def _judge_feed(self, run: str) -> None:
        feed = [one for one in await self._log("applications") if one.get("testRunId") == f"task:{run}"]
        self._judge_once(feed, "the feed")

    def _judge_secrets(self) -> None:
        files = [file for file in self._folder.rglob("*") if file.is_file()]
        for secret in (PASSWORD, PASSWORD.replace('"', '\\"'), _WRONG_PASSWORD):
            if found := [file for file in files if secret.encode() in file.read_bytes()]:
                raise Wrong(f"a password stands in {found[0].relative_to(self._folder)}")
        if complaints := self._victim.complaints():
            raise Wrong(f"the server wrote of mistakes of its own: {complaints[:3]}")
        say(f"secrets: none in {len(files)} files; the server complained of nothing of its own")

    async def table(self) -> None:
        """The verdicts, one application a line."""
        results = {one["name"]: one for one in self._first["results"]}
        told = (await self._ask("GET", "/api/applications"))["applications"]
        cards = {one["name"]: one for one in told}
        for one in self._expected:
            card, tested = cards[one.name], results.get(one.name, {})
            attempts = "/".join(attempt["status"] for attempt in tested.get("attempts", ()))
            words = tested.get("message") or card["message"] or ""
            verdict = f"{card['status']:8} {tested.get('status', '-'):8} {tested.get('code') or '-'}"
            say(f"{one.name:12} {verdict} {attempts} {words}")

    # What is asked of the server.

    async def _comes(
        self,
        stack: contextlib.AsyncExitStack,
        run: str,
        name: str,
        by: Sequence[str],
        gateway: Gateway | None = None,
        *,
        whole: bool = True,
    ) -> Viewer:
        url = (gateway.address if gateway else self._victim.address).http("")
        return await stack.enter_async_context(Viewer.watching(name, f"task:{run}", url, by, whole=whole))

    async def _begin(self) -> str:
        begun = await self._ask("POST", "/api/tests/run-all", json={"parallel": _PARALLEL})
        if begun["total"] != len(self._tests):
            raise Wrong(f"the run has {begun['total']} tests; there are {len(self._tests)}")
        return str(begun["task"])

    async def _until(self, run: str, holds: Callable[[Fields], bool], what: str) -> None:
        async def held() -> bool:
            shown = await self._ask("GET", f"/api/tests/{run}")
            if shown["status"] in _TERMINAL and not holds(shown):
                raise Wrong(f"the run {shown['status']} before {what}")
            return holds(shown)

        await comes_true(held, _RUN_SECONDS, what)

    async def _ended(self, run: str) -> Fields:
        await self._until(run, lambda shown: shown["status"] in _TERMINAL, "its end")
        return await self._ask("GET", f"/api/tests/{run}")

    async def _begun(self, run: str) -> int:
        return sum(event["type"] == "testStarted" for event in await self._log(f"task:{run}"))

    async def _log(self, channel: str) -> list[Fields]:
        events: list[Fields] = []
        since = ""
        while True:
            page = await self._ask("GET", f"/api/channels/{channel}/events?since={since}&limit=1000")
            events += page["events"]
            if not page["events"]:
                return events
            since = page["position"]

    async def _timed(self, work: Callable[[], Awaitable[None]], *, within: float) -> float:
        began = _now()
        async with asyncio.timeout(within + 5):
            await work()
        return _now() - began

    async def _ask(self, method: str, path: str, **more: Any) -> Fields:  # Any: httpx2's
        answer = await self._http.request(method, self._victim.address.http(path), **more)
        if not answer.is_success:
            raise Wrong(f"{method} {path}: {answer.text[:500]}")
        return dict(answer.json())


async def comes_true(condition: Callable[[], bool | Awaitable[bool]], within: float, what: str) -> None:
    """Wait until it holds. Raises `Wrong`."""
    deadline = _now() + within
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        if _now() > deadline:
            raise Wrong(f"it did not come to pass within {within:.0f} s that {what}")
        await asyncio.sleep(_LOOK_SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _described(viewer: Viewer, of: int) -> str:
    seen = len(milestones(viewer.told))
    part = "" if viewer.whole else f", the {seen} of {of} from when it came"
    return f"{viewer.name} ({viewer.connections} connections{part})"


def say(text: str) -> None:
    """One line of what happened."""
    print(text, flush=True)
