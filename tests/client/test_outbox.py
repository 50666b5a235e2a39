"""What waits to be published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from headway.client.backoff import Backoff
from headway.client.endings import Ended, Refused, Unreachable, refused
from headway.client.outbox import Outbox
from headway.client.transports.interface import Publication
from headway.errors import Closed, Overloaded
from headway.events import Draft
from headway.positions import Position
from tests.client.harness import FakeRuntime


class Stage:
    """An outbox with a way to the server that a test opens and closes."""

    def __init__(self, most: int = 3) -> None:
        self.runtime = FakeRuntime()
        self.sent: list[tuple[str, asyncio.Future[str]]] = []
        self.open = True
        self.tokens = 1
        self.box = Outbox(self.runtime, self._send, self._renew, Backoff(lambda: 1.0, first=1.0, most=4.0), most)
        self.puts: list[asyncio.Task[Position]] = []

    def _send(self, publication: Publication) -> Awaitable[str] | None:
        if not self.open:
            return None
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sent.append((publication.key, stored))
        return stored

    def _renew(self) -> bool:
        self.tokens -= 1
        return self.tokens >= 0

    async def put(self, key: str, patience: float | None = None) -> asyncio.Task[Position]:
        """Publish something, and let it come as far as it can."""
        task = asyncio.create_task(self.box.put(Publication("run", Draft.of("step"), key), patience))
        self.puts.append(task)
        await asyncio.sleep(0)
        await self.runtime.settle()
        return task

    async def answer(self, answer: str | Ended) -> None:
        """Answer what was sent last."""
        if isinstance(answer, Ended):
            self.sent[-1][1].set_exception(answer)
        else:
            self.sent[-1][1].set_result(answer)
        await self.runtime.settle()

    @property
    def keys(self) -> list[str]:
        """What was sent, in order."""
        return [key for key, _ in self.sent]


@asynccontextmanager
async def staged(most: int = 3) -> AsyncIterator[Stage]:
    """An outbox until the block ends."""
    stage = Stage(most)
    try:
        yield stage
    finally:
        stage.box.close(Closed("over"))
        await stage.runtime.close()
        await asyncio.gather(*stage.puts, return_exceptions=True)


async def test_one_at_a_time_and_in_order() -> None:
    """The second is sent when the first is stored: on two ways they could change places."""
    async with staged() as stage:
        first, second = await stage.put("a"), await stage.put("b")
        assert stage.keys == ["a"]

        await stage.answer("e.1")
        await stage.answer("e.2")

        assert stage.keys == ["a", "b"]
        assert (await first, await second) == (Position("e", 1), Position("e", 2))


async def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    """Whatever became of an attempt, the next one stores nothing twice."""
    async with staged() as stage:
        put = await stage.put("a")
        await stage.answer(Ended("the connection broke"))
        await stage.runtime.advance(1.0)
        await stage.answer("e.1")

        assert stage.keys == ["a", "a"]
        assert await put == Position("e", 1)


async def test_what_waits_goes_when_there_is_a_way() -> None:
    """Offline, publications wait, in order."""
    async with staged() as stage:
        stage.open = False
        await stage.put("a")
        await stage.put("b")
        assert (stage.keys, len(stage.box)) == ([], 2)

        stage.open = True
        stage.box.go()
        await stage.answer("e.1")
        await stage.answer("e.2")

        assert (stage.keys, len(stage.box)) == (["a", "b"], 0)


async def test_the_queue_is_bounded() -> None:
    """Beyond the bound a producer is told, and nothing is dropped in silence."""
    async with staged(most=1) as stage:
        await stage.put("a")
        with pytest.raises(Overloaded, match="1 publications wait"):
            await (await stage.put("b"))

        assert len(stage.box) == 1


async def test_patience_ends() -> None:
    """Who gives up is told why nothing was sent, and the key with which trying again is safe."""
    async with staged() as stage:
        stage.open = False
        stage.box.waits("connection refused")
        put = await stage.put("a", patience=5.0)
        await stage.runtime.advance(5.0)

        with pytest.raises(Unreachable, match=r"within 5 s \(connection refused\)") as error:
            await put
        assert error.value.details == {"idempotency_key": "a"}
        assert len(stage.box) == 0


async def test_one_that_is_not_wanted_does_not_hold_up_the_next() -> None:
    """What the server refuses is refused once, and the next is sent."""
    async with staged() as stage:
        put = await stage.put("a")
        await stage.put("b")
        await stage.answer(refused({"code": "forbidden", "message": "not yours"}))

        with pytest.raises(Refused, match="not yours"):
            await put
        assert stage.keys == ["a", "b"]


async def test_a_token_that_is_not_taken_is_replaced() -> None:
    """It is sent again with a new token, as often as there are any."""
    async with staged() as stage:
        put = await stage.put("a")
        await stage.answer(refused({"code": "unauthorized", "message": "expired"}))
        await stage.runtime.advance(0.0)
        assert stage.keys == ["a", "a"]

        await stage.answer(refused({"code": "unauthorized", "message": "expired"}))

        with pytest.raises(Refused, match="expired") as error:
            await put
        assert error.value.token


async def test_closing_gives_up() -> None:
    """Whoever waits is told that the client was closed."""
    async with staged() as stage:
        stage.open = False
        put = await stage.put("a")

        stage.box.close(Closed("the client was closed"))

        with pytest.raises(Closed):
            await put
