"""One scenario from its first event to its verdict.

In rounds: destroy for a while, then let everybody be, wait until the readers are at the head, read the log through HTTP
and hold every transcript against it. The first difference ends the run.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from chaos import peers, readers
from chaos.destroyer import Destroyer
from chaos.ledger import Ledger, Notebook
from chaos.publishers import Gate, Publisher
from chaos.scenario import Scenario
from chaos.verdict import Chronicle, Entry, Finding, Life, Record, Tally, around, judge, judge_log
from chaos.victim import Broken, Victim
from headway.positions import Position
from headway.testing.network import Network
from headway.testing.readers import Answer, fetch
from headway.testing.waiting import wait_until

__all__ = ["Difference", "Run"]

_ROUND: Final = 30.0
"""Seconds of destruction between two comparisons."""
_CALM_SECONDS: Final = 20.0
"""For every reader to reach the head once nobody destroys anything. It takes one or two; a stuck reader never does."""
_BEGIN_SECONDS: Final = 20.0
"""For every reader to begin, on a machine that has other work."""
_PROGRESS_SECONDS: Final = 5.0
_PUBLISHERS: Final = 2
"""Of each channel, so that their events interleave."""

Say = Callable[[str], None]


class Difference(Exception):
    """A transcript is not what it must be, or the log is not. Holds what to print."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one reader."""

    notebook: Notebook
    tally: Tally


class Run:
    """One scenario."""

    def __init__(self, scenario: Scenario, folder: Path, seed: str, each: int, say: Say, *, stock: bool) -> None:
        self._scenario = scenario
        self._say = say
        self._seed = f"{seed}-{scenario.name}"
        self._each = each
        self._stock = stock
        self._victim = Victim(folder, scenario.settings)
        self._ledger = Ledger(scenario.channels)
        self._lives: dict[str, list[Life]] = {}
        self._gate = Gate()
        self._networks: list[Network] = []
        self._followers: list[readers.Follower] = []
        self._peers: peers.Peers | None = None
        self._publishers: list[Publisher] = []
        self._destroyer: Destroyer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._compared = 0
        self.notebooks: list[Notebook] = []
        self.judged: list[Judged] = []
        """As of the last comparison."""

    async def run(self, until: float) -> None:
        """Run until a moment of the loop's clock, and longer by what the start and the last comparison take.

        Raises `Difference`, or `Broken`. Cancelling ends every process.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._victim.kill)
            await self._victim.start()
            self._lives = {channel: [Life((await self._head(channel)).epoch)] for channel in self._scenario.channels}
            await self._people(stack)
            try:
                async with asyncio.TaskGroup() as group:
                    await self._rounds(group, until)
            except* (Difference, Broken) as failures:
                raise _first(failures) from None

    # Who takes part.

    async def _people(self, stack: AsyncExitStack) -> None:
        for kind, (make, follows, overtaking) in readers.KINDS.items():
            for _ in range(self._each):
                notebook, network = await self._reader(stack, kind, follows, overtaking)
                self._followers.append(make(notebook, network, self._chance(notebook.reader)))
        if self._stock:
            stock: list[peers.Peer] = []
            for kind, follows in peers.KINDS.items():
                for _ in range(self._each):
                    stock.append(peers.Peer(*await self._reader(stack, kind, follows, True)))
            self._peers = peers.Peers(stock)
        for channel in self._scenario.channels:
            for _ in range(_PUBLISHERS):
                name = f"publisher-{len(self._publishers) + 1}"
                network = await self._network(stack)
                self._publishers.append(
                    Publisher(
                        *(name, channel, network, self._ledger, self._gate, self._chance(name), self._scenario.pause)
                    )
                )

    async def _reader(
        self, stack: AsyncExitStack, kind: str, follows: int, overtaking: bool
    ) -> tuple[Notebook, Network]:
        number = len(self.notebooks)
        names = self._scenario.channels
        chosen = [names[(number + at) % len(names)] for at in range(follows)]
        notebook = Notebook(f"{kind}-{number + 1}", kind, chosen, self._ledger, overtaking=overtaking)
        self.notebooks.append(notebook)
        return notebook, await self._network(stack)

    async def _network(self, stack: AsyncExitStack) -> Network:
        network = await stack.enter_async_context(Network(self._victim.address))
        self._networks.append(network)
        return network

    def _chance(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}-{name}")

    # What happens.

    async def _rounds(self, group: asyncio.TaskGroup, until: float) -> None:
        destroyer = self._destroyer = Destroyer(
            *(self._victim, self._networks, self._chance("destroyer")),
            restarted=self._same_epochs,
            torn=self._torn if self._scenario.tears else None,
        )
        try:
            for follower in self._followers:
                self._start(group, follower.run())
            if self._peers is not None:
                self._start(group, self._peers.run())
            await self._all_begun()
            self._start(group, destroyer.run())
            self._start(group, self._progress())
            for publisher in self._publishers:
                self._start(group, publisher.run())
            await self._destroy(destroyer, until)
        finally:
            for task in self._tasks:
                task.cancel()

    def _start(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        # Any: what a coroutine yields and is sent, which is the loop's
        self._tasks.append(group.create_task(work))

    async def _all_begun(self) -> None:
        """The log is empty and nobody publishes: whoever begins now must be told everything there will be."""

        def missing() -> list[str]:
            return [book.reader for book in self.notebooks if not all(page[-1] for page in self._pages_to_begin(book))]

        if not await _come_to_pass(lambda: not missing(), _BEGIN_SECONDS):
            why = [follower.last_failure for follower in self._followers if follower.notebook.reader in missing()]
            raise Difference([f"these never began: {', '.join(missing())} {why}"])

    def _pages_to_begin(self, notebook: Notebook) -> Iterator[list[list[Entry]]]:
        # A poll that asks for everything of an empty log is told no position to begin with.
        for channel, pages in notebook.pages.items():
            if notebook.kind in ("polling", "long-polling") and not pages[-1]:
                notebook.began(channel, "", Position(self._lives[channel][0].epoch, 0))
            yield pages

    async def _destroy(self, destroyer: Destroyer, until: float) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._gate.open()
            destroyer.go()
            await asyncio.sleep(max(0.5, min(_ROUND, until - clock())))
            await destroyer.rest()
            await self._gate.close()
            await self._compare()
            if clock() >= until - 1.0:
                return

    async def _progress(self) -> None:
        began = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            self._say(self._line(asyncio.get_running_loop().time() - began))

    def _line(self, seconds: float) -> str:
        told = sum(len(page) for book in self.notebooks for pages in book.pages.values() for page in pages)
        published = sum(len(publish.marks) for publisher in self._publishers for publish in publisher.publishes)
        retries = sum(publisher.retries for publisher in self._publishers)
        reconnects = sum(book.reconnects for book in self.notebooks)
        faults = self._destroyer.done.total() if self._destroyer is not None else 0
        return (
            f"{self._scenario.name:8} {seconds:5.0f} s  {faults:4} faults, {self._victim.starts:3} starts,"
            f" {published:6} events published, {retries:4} tried again, {told:8} told, {reconnects:5} reconnects,"
            f" {self._compared} comparisons"
        )

    # The log's lives.

    async def _same_epochs(self) -> None:
        for channel, lives in self._lives.items():
            epoch = (await self._head(channel)).epoch
            if epoch != lives[-1].epoch:
                raise Broken(f"{channel} has the epoch {epoch} after a restart, and had {lives[-1].epoch}")

    async def _torn(self) -> None:
        """Kill, tear, start; then see what each channel saved, before anybody publishes again."""
        await self._victim.kill()
        await self._gate.close()
        # What is done in tearing is chance, too; the same seed does the same.
        self._say(f"{self._scenario.name:8} {self._victim.tear(self._chance(str(self._victim.starts)))}")
        await self._victim.start()
        for channel, lives in self._lives.items():
            head = await self._head(channel)
            if head.epoch != lives[-1].epoch:
                lives[-1:] = [Life(lives[-1].epoch, head.offset), Life(head.epoch)]
        self._gate.open()

    # The comparison.

    async def _compare(self) -> None:
        chronicles = {channel: await self._chronicle(channel) for channel in self._scenario.channels}
        late = await self._wait_for_readers(chronicles)
        self._compared += 1
        lines = [finding.text for finding in self._ledger.findings]
        for channel, chronicle in chronicles.items():
            publishes = [publish for one in self._publishers if one.channel == channel for publish in one.publishes]
            lines += [f"{channel}: {_spelled(finding)}" for finding in judge_log(chronicle, publishes)[:8]]
        self.judged = [self._judge(notebook, chronicles, lines) for notebook in self.notebooks]
        lines += self._victim.complaints()
        lines += self._peers.complaints if self._peers is not None else []
        lines += self._unrecovered()
        if lines:
            raise Difference([*(f"late: {text}" for text in late), *lines])

    def _unrecovered(self) -> list[str]:
        if self._scenario.tears:
            return []  # what a client followed may be in what was torn off
        return [
            f"{book.reader} was not known any more after {book.unrecovered} of its reconnects"
            for book in self.notebooks
            if book.unrecovered
        ]

    def _judge(self, notebook: Notebook, chronicles: Mapping[str, Chronicle], lines: list[str]) -> Judged:
        whole = Tally()
        for channel, pages in notebook.pages.items():
            for number, page in enumerate(pages):
                if not page:
                    continue  # a newcomer that has not begun again yet
                last = number == len(pages) - 1
                tally = judge(page, chronicles[channel], overtaking=notebook.overtaking, finished=last)
                whole.events += tally.events
                whole.gaps += tally.gaps
                whole.overtaken += tally.overtaken
                whole.findings += tally.findings
                if tally.findings:
                    first = tally.findings[0]
                    lines.append(
                        f"{notebook.reader}, {channel}: {len(tally.findings)} findings; the first: {_spelled(first)}"
                    )
                    lines += around(page, first.index)
        return Judged(notebook, whole)

    async def _wait_for_readers(self, chronicles: Mapping[str, Chronicle]) -> list[str]:
        def behind() -> list[str]:
            return [
                f"{book.reader} stands at {book.at(channel)!r} of {channel}, whose head is {chronicles[channel].end}"
                for book in self.notebooks
                for channel in book.channels
                if not _at_end(book.at(channel), chronicles[channel])
            ]

        await _come_to_pass(lambda: not behind(), _CALM_SECONDS)
        late = behind()
        if self._peers is not None:
            late += [
                f"{book.reader}: {note}" for book in self.notebooks if late for note in self._peers.notes(book.reader)
            ]
        return late

    async def _chronicle(self, channel: str) -> Chronicle:
        held: dict[int, Record] = {}
        since, more = "", True
        while more:
            query = urlencode({"since": since, "limit": 1000})
            page = (await self._get(f"/api/channels/{quote(channel, safe='')}/events?{query}")).json()
            for event in page["events"]:
                if event["type"] == "gap":
                    raise Difference([f"{channel}: reading the log from {since!r} gave a gap: {event}"])
                held[event["offset"]] = Record(event["mark"], event["k"])
            since, more = page["position"], page["more"]
        head = await self._head(channel)
        lives = self._lives[channel]
        if head.epoch != lives[-1].epoch:
            raise Difference([f"{channel} has the epoch {head.epoch} and had {lives[-1].epoch}"])
        return Chronicle(tuple(lives), held, head.offset, self._ledger.seen[channel])

    async def _head(self, channel: str) -> Position:
        described = (await self._get(f"/api/channels/{quote(channel, safe='')}")).json()
        return Position.parse(described["position"])

    async def _get(self, path: str) -> Answer:
        answer = await fetch(self._victim.address, "GET", path)
        if answer.status != 200:
            raise Broken(f"{path} was answered with {answer.status}: {answer.body[:200]!r}")
        return answer

    # For the table.

    def faults(self) -> dict[str, int]:
        """What was done, and how often."""
        return dict(self._destroyer.done) if self._destroyer is not None else {}

    def publishing(self) -> dict[str, int]:
        """What became of the publishes."""
        made = [publish for publisher in self._publishers for publish in publisher.publishes]
        refusals: dict[str, int] = {}
        for publisher in self._publishers:
            for name, count in publisher.refusals.items():
                refusals[f"refused: {name}"] = refusals.get(f"refused: {name}", 0) + count
        return {
            "publishes": len(made),
            "events": sum(len(publish.marks) for publish in made),
            "acknowledged": sum(publish.last is not None for publish in made),
            "tried again": sum(publisher.retries for publisher in self._publishers),
            "known already": sum(publisher.replays for publisher in self._publishers),
            **refusals,
        }


async def _come_to_pass(condition: Callable[[], bool], within: float) -> bool:
    try:
        await wait_until(condition, within=within)
    except AssertionError:
        return False
    return True


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What came first; task groups within task groups wrap it more than once."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _at_end(spelled: str, chronicle: Chronicle) -> bool:
    at = Position.parse(spelled)
    return bool(at.epoch) and chronicle.place(at) == chronicle.place(chronicle.end)


def _spelled(finding: Finding) -> str:
    return f"{finding.fault.value}: {finding.text}"
