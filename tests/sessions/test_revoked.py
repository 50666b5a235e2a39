"""Revocations are on record: every node hears of them, and a start reads them."""

from __future__ import annotations

import logging

import pytest

from headway.access.identity import Identity
from headway.access.revocation import Revocations
from headway.errors import InvalidChannel, StorageError
from headway.events import Draft, channel_name
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.sessions.revoked import REVOKED, Revoked
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.hub.harness import RestlessLog

TOKEN = Identity("ada", token="one", issued=10.0)


class Node:
    """One process over the log."""

    def __init__(self, hub: Hub, clock: FakeClock | None = None) -> None:
        self.changes = 0
        self.revocations = Revocations(clock or FakeClock())
        self.revoked = Revoked(hub, self.revocations, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def covers(self, identity: Identity) -> bool:
        """Whether it counts no more here."""
        return self.revocations.covers(identity)


async def test_a_revocation_is_in_force_when_it_is_answered(hub: Hub) -> None:
    """By token and by user; whoever looks after connections is told each time."""
    node = Node(hub)
    await node.revoked.token("one", 2e9)
    assert node.covers(TOKEN)
    assert not node.covers(Identity("ada", token="two", issued=10.0))
    await node.revoked.user("ada", 20.0)

    assert node.covers(Identity("ada", token="two", issued=10.0))
    assert not node.covers(Identity("ada", token="three", issued=30.0))
    assert node.changes == 2


async def test_every_node_hears_of_it(hub: Hub) -> None:
    """What is revoked on one is revoked on the other."""
    one, two = Node(hub), Node(hub)
    await one.revoked.token("one", 2e9)

    await wait_until(lambda: two.covers(TOKEN))
    assert two.changes == 1


async def test_a_start_reads_the_record(log: RestlessLog) -> None:
    """A process that comes later knows all that was revoked before, the names with strange letters too."""
    strange = "ü/\U0001f600 " + "x" * 250
    first = Hub(log, Limits())
    before = Node(first)
    await before.revoked.token("one", 2e9)
    await before.revoked.user(strange, 5.0)
    await before.revoked.user(strange, 20.0)
    await first.close()
    second = Hub(log, Limits())
    after = Node(second)
    await after.revoked.load()
    await second.close()

    assert after.covers(TOKEN)
    assert after.covers(Identity(strange, issued=10.0))
    assert not after.covers(Identity(strange, issued=30.0))


async def test_what_cannot_be_put_on_record_is_not_said_to_be_revoked(hub: Hub, log: RestlessLog) -> None:
    """The caller hears of the storage's error, and can try again."""
    node = Node(hub)
    log.ill = True
    with pytest.raises(StorageError):
        await node.revoked.token("one", 2e9)
    log.ill = False
    await node.revoked.token("one", 2e9)

    assert node.covers(TOKEN)


async def test_a_record_that_makes_no_sense_is_passed_over(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; what follows is in force."""
    node = Node(hub)
    with caplog.at_level(logging.ERROR):
        await hub.publish(REVOKED, [Draft.of("token", {"token": 7}), Draft.of("token", {"token": "one", "until": 2e9})])

    await wait_until(lambda: node.covers(TOKEN))
    assert "not in force" in caplog.text


def test_no_client_can_name_its_channel() -> None:
    """Nobody revokes by publishing."""
    with pytest.raises(InvalidChannel):
        channel_name(REVOKED)
