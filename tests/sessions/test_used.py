"""What may be used once is used once, whoever comes at the same time and whatever was killed since."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headway.errors import InvalidChannel, StorageError
from headway.events import channel_name
from headway.hub.hub import Hub
from headway.server.live import Headway
from headway.sessions.used import USED, Used
from tests.hub.harness import RestlessLog


async def test_an_id_comes_first_once(hub: Hub) -> None:
    """The second time it is not the first; another id is."""
    used = Used(hub)

    assert [await used.first(id) for id in ("a", "a", "b", "a")] == [True, False, True, False]


async def test_of_many_at_once_one_is_the_first(hub: Hub) -> None:
    """On one node, and on two over the same log."""
    one, two = Used(hub), Used(hub)
    answers = await asyncio.gather(*(used.first("a") for _ in range(20) for used in (one, two)))

    assert sum(answers) == 1


async def test_it_outlives_the_process(tmp_path: Path) -> None:
    """What was used before a restart is used after it."""
    for expected in (True, False):
        async with Headway(tmp_path) as live:
            assert await Used(live.running.hub).first("ticket:1") is expected


async def test_what_cannot_be_put_on_record_is_not_used(hub: Hub, log: RestlessLog) -> None:
    """While the log takes nothing nobody is let in by it; afterwards the id is as good as before."""
    used = Used(hub)
    log.ill = True
    with pytest.raises(StorageError):
        await used.first("a")
    log.ill = False

    assert await used.first("a")


def test_no_client_can_name_its_channel() -> None:
    """The records are no channel that anybody reads or writes."""
    with pytest.raises(InvalidChannel):
        channel_name(USED)
