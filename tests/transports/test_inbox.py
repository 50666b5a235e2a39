"""Messages of one client: one after the other, and no more of them than are handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from headway.figures import Figures
from headway.limits import Limits
from headway.sessions.pace import Pace
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from headway.transports.inbox import Inbox


class Desk:
    """Handles numbers, one each time it is let, and notes what happens."""

    def __init__(self, most: int) -> None:
        self.inbox: Inbox[int] = Inbox(self._handle, most, lambda: self._note("full"), lambda: self._note("room"))
        self.begun: list[int] = []
        self.done: list[int] = []
        self.noted: list[tuple[str, int]] = []
        """`full` and `room`, each with how many had been put or begun by then."""
        self.cancelled = 0
        self._put = 0
        self._let = asyncio.Semaphore(0)

    def put(self, *numbers: int) -> None:
        """Have these handled."""
        for number in numbers:
            self._put += 1
            self.inbox.put(number)

    async def let(self, count: int) -> None:
        """Have so many more handled."""
        expected = len(self.done) + count
        for _ in range(count):
            self._let.release()
        await wait_until(lambda: len(self.done) == expected)

    def _note(self, what: str) -> None:
        self.noted.append((what, self._put if what == "full" else len(self.begun)))

    async def _handle(self, number: int) -> None:
        self.begun.append(number)
        try:
            await self._let.acquire()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.done.append(number)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk with room for four."""
    chosen = Desk(4)
    yield chosen
    chosen.inbox.close()


async def test_messages_are_handled_in_their_order_and_one_at_a_time(desk: Desk) -> None:
    """The next message is begun only when the one before it is done, however long that takes."""
    desk.put(1, 2, 3)
    await wait_until(lambda: desk.begun == [1])
    await desk.let(1)
    await wait_until(lambda: desk.begun == [1, 2])

    desk.put(4)
    await desk.let(3)

    assert desk.done == [1, 2, 3, 4]


async def test_an_idle_client_has_no_task(desk: Desk) -> None:
    """The task ends with the last message, and the next message begins another."""
    before = asyncio.all_tasks()
    for number in range(3):
        desk.put(number)
        assert len(asyncio.all_tasks() - before) == 1
        await desk.let(1)
        await wait_until(lambda: asyncio.all_tasks() <= before)

    assert desk.done == [0, 1, 2]


async def test_a_client_that_says_too_much_is_paused_and_heard_again(desk: Desk) -> None:
    """Reading stops once so many wait, beside the one that is being handled, and goes on when half of them are left."""
    desk.put(0, 1, 2, 3)
    assert not desk.inbox.full
    desk.put(4)
    assert desk.inbox.full
    assert desk.noted == [("full", 5)]

    await desk.let(1)
    await wait_until(lambda: len(desk.begun) == 2)
    assert not desk.inbox.full
    assert desk.noted == [("full", 5)]
    await desk.let(1)
    await wait_until(lambda: len(desk.begun) == 3)

    assert desk.noted == [("full", 5), ("room", 2)]


async def test_what_comes_after_the_pause_is_handled_too(desk: Desk) -> None:
    """Messages that were on their way when reading stopped are kept; the pause is said once and ended once."""
    desk.put(*range(12))
    await desk.let(12)

    assert desk.done == list(range(12))
    assert [what for what, _ in desk.noted] == ["full", "room"]


async def test_who_was_paused_can_be_paused_again(desk: Desk) -> None:
    """Each time the bound is reached reading stops anew."""
    for _ in range(2):
        desk.put(*range(5))
        await desk.let(5)
        await wait_until(lambda: not desk.inbox.full)

    assert [what for what, _ in desk.noted] == ["full", "room", "full", "room"]


async def test_the_least_inbox_works() -> None:
    """With room for one, each message that waits stops the reading until it is begun."""
    desk = Desk(1)
    desk.put(0, 1)
    await desk.let(2)

    assert desk.done == [0, 1]
    assert [what for what, _ in desk.noted] == ["full", "room"]


async def test_closing_cancels_what_is_being_handled_and_forgets_the_rest(desk: Desk) -> None:
    """Nothing of a client that left is handled any more; closing again changes nothing."""
    desk.put(*range(6))
    await wait_until(lambda: desk.begun == [0])

    desk.inbox.close()
    desk.inbox.close()
    await wait_until(lambda: desk.cancelled == 1)

    assert (desk.begun, desk.done) == ([0], [])
    assert not desk.inbox.full


async def test_closing_before_the_first_turn_handles_nothing(desk: Desk) -> None:
    """A message whose client leaves in the same moment is never begun."""
    desk.put(1)
    desk.inbox.close()
    for _ in range(5):
        await asyncio.sleep(0)

    assert desk.begun == []


async def test_a_handler_may_close_its_own_inbox() -> None:
    """What a message does may be to end the client; what it does after that without waiting still happens, and nothing
    after it."""
    done: list[int] = []

    async def handle(number: int) -> None:
        if number == 1:
            inbox.close()
        done.append(number)

    inbox: Inbox[int] = Inbox(handle, 4, done.clear, done.clear)
    for number in (0, 1, 2):
        inbox.put(number)
    before = asyncio.current_task()
    await wait_until(lambda: 1 in done and asyncio.all_tasks() == {before})

    assert done == [0, 1]


async def test_a_client_that_says_too_much_waits() -> None:
    """Beyond its burst a message is handled only when its turn has come, and then all of them are, in order."""
    handled: list[int] = []
    hits = Figures().limits
    pace = Pace(Limits(message_rate=1_000.0, message_burst=2), FakeClock(), hits)

    async def handle(number: int) -> None:
        handled.append(number)

    inbox = Inbox(handle, 10, lambda: None, lambda: None, pace)
    for number in range(1, 6):
        inbox.put(number)
    await wait_until(lambda: len(handled) == 5)

    assert handled == [1, 2, 3, 4, 5]
    assert hits["message_rate"] == 3


async def test_few_large_messages_fill_it_like_many_small_ones() -> None:
    """What waits is bounded in bytes, too, and there is room again when half of them are handled."""
    noted: list[str] = []
    let = asyncio.Semaphore(0)

    async def handle(number: int) -> None:
        await let.acquire()

    inbox = Inbox(handle, 100, lambda: noted.append("full"), lambda: noted.append("room"), most_bytes=10)
    for number in range(4):
        inbox.put(number, 6)

    assert (noted, inbox.full) == (["full"], True)
    for _ in range(4):
        let.release()
    await wait_until(lambda: not inbox.full and noted == ["full", "room"])
    inbox.close()
