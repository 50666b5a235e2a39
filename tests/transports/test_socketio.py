"""Socket.IO on the raw wire: who comes back and goes on where it was, what may be emitted, and what is answered."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from headway.limits import Limits
from headway.positions import parse_positions
from headway.testing.readers import Ended, Refused, SocketIoReader
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, SMALL, Fields, Stack, assert_delivered, assert_gap, served, take
from tests.transports.harness import (
    SOCKET,
    Client,
    Json,
    RestlessHeadway,
    acknowledged,
    client,
    emit,
    event,
    frames,
    join,
)

CARRIERS = ["websocket", "polling"]
SECRET = "a secret of at least thirty-two bytes"
SLOW = "run:slow"


def token(*channels: str, expires: float = 3_600.0) -> str:
    """A token that opens these channels."""
    return jwt.encode({"sub": "ada", "exp": time.time() + expires, "channels": list(channels)}, SECRET, "HS256")


async def again(reader: SocketIoReader, address: Address, **options: Json) -> SocketIoReader:
    """The same client after its connection broke, as the stock client returns: with its pid and the last token, if it
    has one."""
    await reader.cut()
    return await back(reader, address, **options)


async def back(reader: SocketIoReader, address: Address, **options: Json) -> SocketIoReader:
    """The same client on a new connection, whatever has become of the old one."""
    assert reader.pid is not None
    offset = {"offset": reader.recovery_token} if reader.recovery_token else {}
    later = SocketIoReader(address, **options)
    await later.join(pid=reader.pid, **offset)
    later.recovery_token = reader.recovery_token
    return later


def of(channel: str, told: list[Fields]) -> list[Fields]:
    """What was told of one channel."""
    return [fields for fields in told if fields["channel"] == channel]


async def joined_and_following(client: Client, **argument: Json) -> Json:
    """Join, follow the channel; the answer to CONNECT."""
    answer = await join(client)
    await emit(client, "subscribe", {"channel": CHANNEL, **argument}, ack_id=0)
    await acknowledged(client, 0)
    return answer


# Who takes part in recovery.


@pytest.mark.parametrize(
    ("query", "recovers"),
    [
        ("EIO=4&transport=websocket", True),
        ("token=x&EIO=4&transport=websocket&t=abc", True),
        ("transport=websocket&EIO=4", False),
        ("EIO=4&transport=websocket&recovery=0", False),
        ("transport=websocket&EIO=4&recovery=1", True),
        ("recovery=2&transport=websocket&EIO=4", False),
    ],
)
async def test_who_writes_eio_first_takes_part_in_recovery(stack: Stack, query: str, recovers: bool) -> None:
    """Clients that bear one more argument are known by the order of their query, or say so: they get a `pid`, and each
    event ends in a token; nobody else gets either."""
    await stack.start()
    async with frames(stack.address, query) as client:
        await client.hear()
        answer = await joined_and_following(client)
        position = await stack.publish("one")

        name, fields, *more = await event(client)

        assert ("pid" in answer) is recovers
        assert (name, fields["position"]) == ("one", str(position))
        assert more == ([str(position)] if recovers else [])


async def test_a_server_without_recovery_gives_nobody_a_pid(stack: Stack) -> None:
    """Where recovery is switched off there is neither a pid nor a token, whatever the query says."""
    await stack.start(recovery=False)
    async with frames(stack.address, f"{SOCKET}&recovery=1") as client:
        await client.hear()
        answer = await joined_and_following(client)
        await stack.publish("one")

        assert list(answer) == ["sid"]
        assert len(await event(client)) == 2


@pytest.mark.parametrize("polling", [False, True], ids=CARRIERS)
async def test_every_event_ends_in_a_token_that_stands_for_all_channels(stack: Stack, polling: bool) -> None:
    """Who follows one channel gets its position; who follows several gets the positions of all of them, those without
    an event included."""
    await stack.start()
    async with SocketIoReader(stack.address, polling=polling) as reader:
        await reader.subscribe(CHANNEL)
        one = await stack.publish("one")
        await reader.next()
        alone = reader.recovery_token
        other = await reader.subscribe(SLOW)
        two = await stack.publish("two")
        await reader.next()

        assert alone == str(one)
        assert set(reader.recovery_token.split(",")) == {str(two), other.position}
        await reader.unsubscribe(SLOW)
        three = await stack.publish("three")
        await reader.next()
        assert str(three) in reader.recovery_token.split(",")


# Coming back.


@pytest.mark.parametrize("polling", [False, True], ids=CARRIERS)
async def test_again_and_again_nothing_is_lost_and_nothing_comes_twice(stack: Stack, polling: bool) -> None:
    """A client of a fast and a slow channel that is cut three times is each time told, once, what came after its token,
    and keeps its pid."""
    await stack.start()
    reader = SocketIoReader(stack.address, polling=polling)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    pid = reader.pid
    told: list[Fields] = []
    for _ in range(3):
        await stack.publish("step", "step", "step")
        told += await take(reader, 3)
        await stack.publish("unseen", "unseen", "unseen")
        await stack.publish("slow", channel=SLOW)
        reader = await again(reader, stack.address, polling=polling)
        assert reader.pid == pid
        told += await take(reader, 4)
    await reader.close()

    assert_delivered(of(CHANNEL, told), 1, 18)
    assert_delivered(of(SLOW, told), 1, 3)


@pytest.mark.parametrize("polling", [False, True], ids=CARRIERS)
async def test_who_had_seen_nothing_yet_goes_on_where_it_began(stack: Stack, polling: bool) -> None:
    """Without a token the record alone says where the client stands, also the second time, in each of its channels."""
    await stack.start()
    await stack.publish("before")
    reader = SocketIoReader(stack.address, polling=polling)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    reader = await again(reader, stack.address, polling=polling)
    await stack.publish("slow", channel=SLOW)
    await stack.publish("one", "two")

    reader = await again(reader, stack.address, polling=polling)
    told = await take(reader, 3)
    await reader.close()

    assert_delivered(of(CHANNEL, told), 2, 3)
    assert_delivered(of(SLOW, told), 1, 1)


async def test_a_client_may_change_its_carrier_when_it_comes_back(stack: Stack) -> None:
    """What was begun by polling goes on over a WebSocket, and the other way round."""
    await stack.start()
    reader = SocketIoReader(stack.address, polling=True)
    await reader.subscribe(CHANNEL)
    await stack.publish("one")
    told = await take(reader, 1)
    for polling in (False, True):
        await stack.publish("unseen")
        reader = await again(reader, stack.address, polling=polling)
        told += await take(reader, 1)
    await reader.close()

    assert_delivered(told, 1, 3)


async def test_what_was_unsubscribed_stays_so(stack: Stack) -> None:
    """A client that left a channel is not told of it when it comes back."""
    await stack.start()
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await reader.unsubscribe(CHANNEL)
    await stack.publish("unwanted")
    reader = await again(reader, stack.address)
    await stack.publish("slow", channel=SLOW)

    assert (await reader.next())["type"] == "slow"
    await reader.close()


async def test_subscribing_again_after_coming_back_changes_nothing(stack: Stack) -> None:
    """Applications subscribe whenever they connect; a client that was recovered gets no snapshot and nothing twice."""
    await stack.start()
    await stack.publish("progress", key="progress", percent=40)
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await stack.publish("one")
    await reader.next()
    reader = await again(reader, stack.address)

    beginning = await reader.subscribe(CHANNEL)
    await stack.publish("two")

    assert (beginning.recovered, beginning.snapshot) == (True, None)
    assert (await reader.next())["offset"] == 3
    await reader.close()


async def test_of_two_connections_with_one_pid_the_later_stays(stack: Stack) -> None:
    """A client that comes back while its old connection looks alive gets everything there, and the old one ends."""
    await stack.start()
    earlier = SocketIoReader(stack.address)
    await earlier.subscribe(CHANNEL)
    await stack.publish("one")
    await earlier.next()

    later = await back(earlier, stack.address)
    with pytest.raises(Ended):
        await earlier.next()
    await wait_until(lambda: len(stack.live.running.sessions.registry.connections()) == 1)
    await stack.publish("two")
    told = await take(later, 1)
    last = await again(later, stack.address)
    await stack.publish("three")
    told += await take(last, 1)
    await last.close()
    await earlier.close()

    assert_delivered(told, 2, 3)


async def test_an_end_noticed_late_does_not_forget_the_later_connection(stack: Stack) -> None:
    """Of three connections in a row each ends the one before it, in whatever order their ends are noticed."""
    await stack.start()
    readers = [SocketIoReader(stack.address)]
    await readers[0].subscribe(CHANNEL)
    for _ in range(3):
        readers.append(await back(readers[-1], stack.address))
    await wait_until(lambda: len(stack.live.running.sessions.registry.connections()) == 1)
    await stack.publish("one")

    assert (await readers[-1].next())["type"] == "one"
    for reader in readers:
        await reader.close()


async def test_an_unknown_pid_begins_a_new_session(stack: Stack) -> None:
    """Who is not known here is given a pid of its own, follows nothing, and so knows that it was not recovered."""
    await stack.start()
    position = await stack.publish("one")
    async with SocketIoReader(stack.address) as reader:
        await reader.join(pid="nobody", offset=str(position))

        assert reader.pid not in (None, "nobody")
        assert stack.sessions()[0].cursors == {}


@pytest.mark.parametrize("pid", ["", "a b", "x" * 65, "\u0007", " sessions", 7, None, ["x"], {"pid": "x"}, True])
async def test_a_pid_that_makes_no_sense_begins_a_new_session(stack: Stack, pid: Json) -> None:
    """Whatever stands in the place of a pid, the client is let in anew."""
    await stack.start()
    async with client(stack.address, "websocket") as stranger:
        answer = await join(stranger, pid=pid, offset="x")

        assert isinstance(answer["pid"], str)
        assert answer["pid"] != pid


@pytest.mark.parametrize("offset", ["nonsense", "", ",", "x" * 20_000, "zzz.1", "\u0000", 7, None, ["x"], {}])
async def test_a_token_that_makes_no_sense_repeats_and_loses_nothing(stack: Stack, offset: Json) -> None:
    """A known client whose token cannot be read goes on where it began."""
    await stack.start()
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL, "")
    await reader.subscribe(SLOW, "")
    await stack.publish("one", "two")
    await take(reader, 2)
    await reader.cut()
    async with client(stack.address, "websocket") as later:
        answer = await join(later, pid=reader.pid, offset=offset)
        told = [(await event(later))[1] for _ in range(2)]

        assert answer["pid"] == reader.pid
        assert_delivered(told, 1, 2)


async def test_a_token_ahead_of_the_log_is_a_gap(stack: Stack) -> None:
    """A client that shows more than the log holds is told so, and gets what is new."""
    await stack.start()
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    position = await stack.publish("one")
    await reader.next()
    reader.recovery_token = f"{position.epoch}.99"
    reader = await again(reader, stack.address)
    gap = await reader.next()
    await stack.publish("two")

    assert_gap(gap, until=str(position), reason="ahead")
    assert (await reader.next())["offset"] == 2
    await reader.close()


# Rights.


async def test_who_lost_the_right_to_a_channel_is_refused_when_it_comes_back(stack: Stack) -> None:
    """A token without rights for a channel that is to be recovered is refused whole, and tells nothing of it."""
    await stack.start(secret=SECRET)
    reader = SocketIoReader(stack.address, auth={"token": token("run:*", "news")})
    await reader.subscribe(CHANNEL)
    await reader.subscribe("news")
    await reader.cut()
    await stack.publish("secret")
    async with client(stack.address, "websocket") as later:
        await later.say(f'40{{"token":"{token("news")}","pid":"{reader.pid}"}}')
        refused = await later.hear()

        assert refused.startswith("44")
        assert '"forbidden"' in refused
        assert stack.sessions() == []

    rightful = await back(reader, stack.address, auth={"token": token("run:*", "news")})
    assert (await rightful.next())["type"] == "secret"
    await rightful.close()


@pytest.mark.parametrize("held", [None, "nonsense", token(CHANNEL, expires=-3_600.0)], ids=["none", "bad", "expired"])
@pytest.mark.parametrize("polling", [False, True], ids=CARRIERS)
async def test_a_refused_token_is_a_connect_error(stack: Stack, held: str | None, polling: bool) -> None:
    """A client whose token does not hold, back or new, gets CONNECT_ERROR with a code: it needs a new token, and coming
    back would not help."""
    await stack.start(secret=SECRET)
    reader = SocketIoReader(stack.address, auth={"token": token(CHANNEL)})
    await reader.subscribe(CHANNEL)
    auth = {} if held is None else {"token": held}
    for known in ({}, {"pid": str(reader.pid)}):
        async with SocketIoReader(stack.address, auth=auth, polling=polling) as later:
            with pytest.raises(Refused) as refusal:
                await later.join(**known)

            assert refusal.value.code == "unauthorized"
    await stack.publish("one")

    assert (await reader.next())["type"] == "one"
    await reader.close()


async def test_who_was_refused_may_ask_again_on_the_same_connection(stack: Stack) -> None:
    """A connection without a valid token stays, for the next try with a better one."""
    await stack.start(secret=SECRET)
    async with client(stack.address, "websocket") as newcomer:
        await newcomer.say('40{"token":"nonsense"}')
        refused = await newcomer.hear()

        assert refused.startswith("44")
        assert "pid" in await join(newcomer, token=token(CHANNEL))


async def test_an_unknown_namespace_is_refused(stack: Stack) -> None:
    """There is one namespace; who asks for another is told so and may still join that one."""
    await stack.start()
    async with client(stack.address, "websocket") as newcomer:
        await newcomer.say("40/admin,")

        assert await newcomer.hear() == '44/admin,{"message":"Invalid namespace"}'
        assert "sid" in await join(newcomer)


# Cuts and losses where it is hardest.


async def test_a_cut_between_two_channels_neither_repeats_nor_loses(stack: Stack) -> None:
    """The first event after coming back already names where the client stands in the channels that are yet to catch up,
    so a cut right there costs nothing."""
    await stack.start()
    watcher = SocketIoReader(stack.address)
    channels = ["run:a", "run:b", "run:c"]
    reader = SocketIoReader(stack.address)
    for channel in channels:
        await watcher.subscribe(channel)
        await reader.subscribe(channel)
    told: list[Fields] = []
    for channel in channels:
        await stack.publish("step", channel=channel)
    told += await take(reader, 3)
    await reader.cut()
    for channel in channels:
        await stack.publish("missed", "missed", channel=channel)

    for _ in range(3):
        reader = await back(reader, stack.address)
        told += await take(reader, 1)
        assert len(parse_positions(reader.recovery_token)) == 3
        await reader.cut()
    reader = await back(reader, stack.address)
    told += await take(reader, 3)
    for channel in channels:
        await stack.publish("done", channel=channel)
    told += await take(reader, 3)
    await reader.close()
    await watcher.close()

    for channel in channels:
        assert_delivered(of(channel, told), 1, 4)


async def test_a_cut_at_any_event_of_a_catch_up_neither_repeats_nor_loses(stack: Stack) -> None:
    """However far a client came in catching up with two long channels, from the log or from memory, it goes on right
    there."""
    await stack.start(limits=SMALL)
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await reader.cut()
    await stack.publish_many(300)
    await stack.publish_many(300, SLOW)

    told: list[Fields] = []
    for count in (1, 2, 90, 1, 250, 100, 156):
        reader = await back(reader, stack.address)
        told += await take(reader, count)
        await reader.cut()

    assert_delivered(of(CHANNEL, told), 1, 300)
    assert_delivered(of(SLOW, told), 1, 300)


@pytest.fixture
async def lasting(tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack over a folder."""
    async with served(data=tmp_path / "log") as stack:
        yield stack


async def stopped(stack: Stack) -> Path:
    """End the server; its folder can be tampered with."""
    await stack._serving.aclose()
    assert stack.data is not None
    return stack.data


async def wound_back(stack: Stack, reader: SocketIoReader, *, witness: bool) -> SocketIoReader:
    """Have the log lose what a client saw last, three events in two channels: its database is replaced by an older copy
    while nobody looks, and with the witness nobody will know. The client is away by then."""
    await reader.cut()
    folder = await stopped(stack)
    older = folder.with_name("older")
    shutil.copytree(folder, older)
    await stack.start()
    reader = await back(reader, stack.address)
    await stack.publish("lost", "lost")
    await stack.publish("lost", channel=SLOW)
    await take(reader, 3)
    await reader.cut()
    await stopped(stack)
    names = [path.name for path in older.iterdir() if witness or "witness" not in path.name]
    for name in names:
        shutil.copy(older / name, folder / name)
    await stack.start()
    return reader


async def test_a_new_life_of_the_log_is_told_until_it_was_heard(lasting: Stack) -> None:
    """Where the log lost its end and began anew while a client was away, the client is told of the gap in each of its
    channels, told again when it is cut before anything else, and then gets everything of the new life."""
    stack = lasting
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await stack.publish("one")
    await reader.next()
    reader = await wound_back(stack, reader, witness=False)

    for _ in range(3):
        reader = await back(reader, stack.address)
        gaps = await take(reader, 2)
        assert [gap["channel"] for gap in gaps] == [CHANNEL, SLOW]
        for gap in gaps:
            assert_gap(gap, until=gap["to"], reason="epoch")
        await reader.cut()
    await stack.publish("two")
    reader = await back(reader, stack.address)
    told = await take(reader, 3)
    reader = await again(reader, stack.address)
    await stack.publish("three")
    await stack.publish("first", channel=SLOW)
    rest = await take(reader, 2)
    await reader.close()

    assert [fields["type"] for fields in told] == ["gap", "gap", "two"]
    assert [fields["type"] for fields in rest] == ["three", "first"]


async def test_a_client_cut_in_a_new_life_is_told_of_the_others_gap_once_more(lasting: Stack) -> None:
    """Who heard of the gap and then an event of one channel has heard of both, however it is cut; before that it has
    heard of none."""
    stack = lasting
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await stack.publish("one")
    await reader.next()
    reader = await wound_back(stack, reader, witness=False)
    # Who watches keeps the events in memory, so that they are told in the moment a channel is taken up again.
    watcher = SocketIoReader(stack.address)
    await watcher.subscribe(CHANNEL)
    await watcher.subscribe(SLOW)
    await stack.publish("two", "three")
    await stack.publish("first", "second", channel=SLOW)

    heard: list[Fields] = []
    while not heard or heard[-1]["type"] == "gap" or len([told for told in heard if told["type"] != "gap"]) < 4:
        reader = await back(reader, stack.address)
        part = [await reader.next()]
        while part[-1]["type"] == "gap":
            part.append(await reader.next())
        heard += part
        await reader.cut()
    await watcher.close()

    assert [fields["type"] for fields in of(CHANNEL, heard) if fields["type"] != "gap"] == ["two", "three"]
    assert [fields["type"] for fields in of(SLOW, heard) if fields["type"] != "gap"] == ["first", "second"]
    for channel in (CHANNEL, SLOW):
        assert of(channel, heard)[0]["type"] == "gap"


async def test_an_older_copy_of_the_folder_is_told_as_a_gap(lasting: Stack) -> None:
    """Where the whole folder was replaced by an older copy a client that saw more is told so, each time until it saw
    something new, and misses nothing of what follows."""
    stack = lasting
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await stack.publish("one")
    await reader.next()
    reader = await wound_back(stack, reader, witness=True)

    for _ in range(2):
        reader = await again(reader, stack.address)
        gaps = await take(reader, 2)
        assert [(gap["type"], gap["reason"]) for gap in gaps] == [("gap", "ahead")] * 2
    await stack.publish("two", "three")
    told = await take(reader, 2)
    reader = await again(reader, stack.address)
    await stack.publish("four")
    told += await take(reader, 1)
    await reader.close()

    assert [fields["type"] for fields in told] == ["two", "three", "four"]


@pytest.mark.parametrize("seen", [0, 1])
async def test_a_new_life_that_lost_nothing_costs_nothing(lasting: Stack, seen: int) -> None:
    """A log that began anew and still holds everything goes on with a client of the life before, again and again,
    without a gap."""
    stack = lasting
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await reader.subscribe(SLOW)
    await stack.publish("one", "two")
    told = await take(reader, seen)
    for name in ("three", "four"):
        await reader.cut()
        folder = await stopped(stack)
        (folder / "events.witness").unlink()
        await stack.start()
        await stack.publish(name)
        reader = await back(reader, stack.address)
        told += await take(reader, 3 - len(told) if len(told) < 3 else 1)
    await stack.publish("slow", channel=SLOW)
    told += await take(reader, 1)
    await reader.close()

    assert [fields["type"] for fields in told] == ["one", "two", "three", "four", "slow"]


async def test_a_client_comes_back_to_a_restarted_server(lasting: Stack) -> None:
    """What a client follows is in the log, so a server that was started anew goes on with it."""
    stack = lasting
    reader = SocketIoReader(stack.address)
    await reader.subscribe(CHANNEL)
    await stack.publish("one")
    told = await take(reader, 1)
    await stack.restart()
    await stack.publish("two")
    reader = await again(reader, stack.address)

    told += await take(reader, 1)
    await reader.close()

    assert_delivered(told, 1, 2)


async def test_a_client_that_is_not_known_any_more_notices() -> None:
    """A log that forgot everything answers with another pid; what the client then asks for by its position is a
    gap."""
    live = RestlessHeadway()
    async with serving(live) as address:
        reader = SocketIoReader(address)
        await reader.subscribe(CHANNEL)
        position = await live.publish(CHANNEL, "one")
        await reader.next()
        live.restless.restart()
        later = await again(reader, address)

        assert later.pid != reader.pid
        beginning = await later.subscribe(CHANNEL, str(position))
        assert not beginning.recovered
        assert (await later.next())["type"] == "gap"
        await later.close()


# Storage.


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_storage_that_fails_ends_the_connection_rather_than_refusing(carrier: str) -> None:
    """A stock client takes CONNECT_ERROR for final, but comes back by itself when its connection ends; then it goes on
    where it was."""
    live = RestlessHeadway()
    async with serving(live) as address:
        reader = SocketIoReader(address)
        await reader.subscribe(CHANNEL)
        await live.publish(CHANNEL, "one")
        await reader.next()
        await reader.cut()
        live.restless.ill = True
        async with client(address, carrier) as failed:
            with pytest.raises(Ended):
                await join(failed, pid=reader.pid, offset=reader.recovery_token)
        live.restless.ill = False

        reader = await back(reader, address, polling=carrier == "polling")
        await live.publish(CHANNEL, "two")

        assert (await reader.next())["offset"] == 2
        await reader.close()


async def test_a_subscription_that_cannot_be_recorded_is_refused() -> None:
    """A client is not told that it follows something that would be forgotten; it may try again."""
    live = RestlessHeadway()
    async with serving(live) as address, SocketIoReader(address) as reader:
        await reader.join()
        live.restless.ill = True
        with pytest.raises(Refused) as refusal:
            await reader.subscribe(CHANNEL)
        live.restless.ill = False
        await reader.subscribe(CHANNEL)
        await live.publish(CHANNEL, "one")

        assert refusal.value.code == "storage_unavailable"
        assert (await reader.next())["type"] == "one"


async def test_a_client_that_leaves_while_it_is_let_in_leaves_nothing() -> None:
    """Whoever is gone before the log has answered is forgotten."""
    live = RestlessHeadway()
    async with serving(live) as address:
        reader = SocketIoReader(address)
        await reader.subscribe(CHANNEL)
        await reader.cut()
        await wait_until(lambda: not live.running.sessions.registry.connections())
        live.restless.going.clear()
        async with client(address, "websocket") as later:
            await later.say(f'40{{"pid":"{reader.pid}"}}')
            await later.say("41")
            await wait_until(lambda: not live.running.hub.statistics()["cursors"])
        live.restless.going.set()

        await wait_until(lambda: not live.running.sessions.registry.connections())
        assert live.running.hub.statistics()["cursors"] == 0


# What may be emitted.


@pytest.mark.parametrize(
    ("argument", "channel"),
    [
        ("run:7", "run:7"),
        (42, "42"),
        ({"channel": "run:7"}, "run:7"),
        ({"testRunId": 42}, "42"),
        ({"group": "test_42"}, "test_42"),
        ({"data": {"sessionId": "abc"}}, "abc"),
    ],
)
async def test_an_argument_is_a_channel_or_an_object(stack: Stack, argument: Json, channel: str) -> None:
    """`subscribe` and `unsubscribe` take a string, a number or an object, in any of the seeds' spellings."""
    await stack.start()
    async with client(stack.address, "websocket") as joined:
        await join(joined)
        await emit(joined, "subscribe", argument, ack_id=1)
        subscribed = await acknowledged(joined, 1)
        await emit(joined, "unsubscribe", argument, ack_id=2)

        assert (subscribed["type"], subscribed["channel"]) == ("subscribed", channel)
        assert await acknowledged(joined, 2) == {"type": "unsubscribed", "channel": channel}


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_every_request_is_answered_by_its_acknowledgement(stack: Stack, carrier: str) -> None:
    """Where the client waits for an acknowledgement, the answer comes there and nowhere else."""
    await stack.start()
    async with client(stack.address, carrier) as joined:
        await join(joined)
        await emit(joined, "subscribe", {"channel": CHANNEL, "ack": True}, ack_id=1)
        subscribed = await acknowledged(joined, 1)
        await emit(joined, "publish", {"channel": CHANNEL, "event": {"type": "one"}}, ack_id=2)
        heard = [await joined.hear() for _ in range(2)]
        await emit(joined, "ack", {"channel": CHANNEL, "offset": 1})
        await emit(joined, "ping", ack_id=3)
        pong = await acknowledged(joined, 3)
        await emit(joined, "auth", {"token": "anything"}, ack_id=4)

        assert subscribed["recovered"] is False
        assert {packet[:3] for packet in heard} == {"432", "42["}
        assert pong == {"type": "pong"}
        assert (await acknowledged(joined, 4))["type"] == "auth_success"
        assert stack.sessions()[0].cursors[CHANNEL].acknowledged == 1


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_without_an_acknowledgement_the_answer_is_an_event(stack: Stack, carrier: str) -> None:
    """The answer then comes under its own name, as an event that bears no token."""
    await stack.start()
    async with client(stack.address, carrier) as joined:
        await join(joined)
        for name, argument in [
            ("subscribe", {"channel": SLOW}),
            ("unsubscribe", SLOW),
            ("publish", {"channel": CHANNEL, "event": {"type": "one"}}),
            ("ping", {}),
            ("auth", {"token": "anything"}),
        ]:
            await emit(joined, name, argument)

        answers = [await event(joined) for _ in range(5)]

        assert [name for name, *_ in answers] == ["subscribed", "unsubscribed", "published", "pong", "auth_success"]
        assert [fields["type"] for _, fields in answers] == [name for name, *_ in answers]


@pytest.mark.parametrize("ack_id", [None, 5])
@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("nonsense", [{}], "unknown_type"),
        ("subscribed", [{"channel": CHANNEL}], "unknown_type"),
        ("subscribe", [], "bad_channel"),
        ("subscribe", [{}], "bad_channel"),
        ("subscribe", [""], "bad_channel"),
        ("subscribe", [" sessions"], "bad_channel"),
        ("subscribe", [True], "bad_message"),
        ("subscribe", [[CHANNEL]], "bad_message"),
        ("subscribe", [None], "bad_message"),
        ("subscribe", [{"channel": CHANNEL, "since": "nonsense"}], "bad_position"),
        ("registerSession", [{}], "bad_channel"),
        ("publish", [{"channel": CHANNEL}], "bad_message"),
        ("publish", [{"channel": CHANNEL, "event": {"type": "gap"}}], "reserved_type"),
        ("auth", [{}], "bad_message"),
        ("ack", [{"channel": CHANNEL, "offset": 1}], "bad_message"),
    ],
)
async def test_what_makes_no_sense_is_answered_by_an_error(
    stack: Stack, name: str, arguments: list[Json], code: str, ack_id: int | None
) -> None:
    """An unknown name, a missing or a wrong argument: the client is told what was wrong, by acknowledgement or as
    `error`, and stays."""
    await stack.start()
    async with client(stack.address, "websocket") as joined:
        await join(joined)
        await emit(joined, name, *arguments, ack_id=ack_id)
        error = (await event(joined))[1] if ack_id is None else await acknowledged(joined, ack_id)
        await emit(joined, "ping", ack_id=6)

        assert (error["type"], error["code"]) == ("error", code)
        assert error["message"]
        assert await acknowledged(joined, 6) == {"type": "pong"}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("packet", ['42["ping"]', '430["x"]', "41", '42/admin,["ping"]', "4", "49"])
async def test_a_message_before_connect_ends_the_connection(stack: Stack, carrier: str, packet: str) -> None:
    """Nothing may be said in a namespace that was not joined."""
    await stack.start()
    async with client(stack.address, carrier) as newcomer:
        await newcomer.say(packet)

        with pytest.raises(Ended):
            await newcomer.hear()
        await wait_until(stack.left_alone)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("packet", ["42", "42{}", '42["ping"', "42[NaN]", "42[]", "42[7]", '42["connect"]', "40{}"])
async def test_a_packet_that_cannot_be_read_ends_the_connection(stack: Stack, carrier: str, packet: str) -> None:
    """What is no packet, or none that is allowed, cannot be answered; the client comes back and begins anew."""
    await stack.start()
    async with client(stack.address, carrier) as joined:
        await joined_and_following(joined)
        await joined.say(packet)

        with pytest.raises(Ended):
            await joined.hear()
        await wait_until(stack.left_alone)


async def test_bytes_in_an_argument_are_no_message(stack: Stack) -> None:
    """A binary event is read like any other; bytes where a channel belongs are answered by an error."""
    await stack.start()
    async with frames(stack.address) as joined:
        await joined.hear()
        await join(joined)
        await joined.say('451-1["subscribe",{"_placeholder":true,"num":0}]')
        await joined.say(b"run:7")

        assert (await acknowledged(joined, 1))["code"] == "bad_message"


# The state.


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_snapshot_comes_in_the_answer_or_as_ordinary_events(stack: Stack, carrier: str) -> None:
    """Who takes the answer finds the state in it; to who does not it comes as events, which bear no token: they are
    older than where the client stands."""
    await stack.start()
    await stack.publish("progress", key="progress", percent=40)
    async with client(stack.address, carrier) as joined:
        await join(joined)
        await emit(joined, "subscribe", CHANNEL, ack_id=1)
        taken = await acknowledged(joined, 1)
    async with client(stack.address, carrier) as joined:
        await join(joined)
        await emit(joined, "subscribe", CHANNEL)
        answer, state = await event(joined), await event(joined)
        await stack.publish("one")

        assert [fields["percent"] for fields in taken["snapshot"]] == [40]
        assert (answer[0], "snapshot" in answer[1]) == ("subscribed", False)
        assert (state[0], state[1]["percent"], len(state)) == ("progress", 40, 2)
        assert (await event(joined))[0] == "one"


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("argument", ["abc", {"sessionId": "abc"}])
@pytest.mark.parametrize("name", ["registerSession", "associate-session"])
@pytest.mark.parametrize("ack_id", [None, 1])
async def test_who_registers_a_session_hears_events_and_nothing_else(
    stack: Stack, carrier: str, argument: Json, name: str, ack_id: int | None
) -> None:
    """That client takes every message for progress: it gets the state as events, then what is new, and no answer."""
    await stack.start()
    await stack.publish("progress", channel="abc", key="progress", current=1)
    async with client(stack.address, carrier) as joined:
        await join(joined)
        await emit(joined, name, argument, ack_id=ack_id)
        state = await event(joined)
        await emit(joined, name, argument, ack_id=ack_id)
        await stack.publish("completion", channel="abc")

        assert (state[0], state[1]["current"]) == ("progress", 1)
        assert (await event(joined))[0] == "completion"


# Leaving.


async def test_who_leaves_the_namespace_may_join_again(stack: Stack) -> None:
    """A client that disconnects is told nothing more, its connection stays, and joining anew it goes on as one that
    comes back."""
    await stack.start()
    async with client(stack.address, "websocket") as joined:
        answer = await joined_and_following(joined)
        await joined.say("41")
        await wait_until(lambda: not stack.sessions())
        await stack.publish("one")

        welcome = await join(joined, pid=answer["pid"])

        assert welcome["pid"] == answer["pid"]
        assert (await event(joined))[0] == "one"


async def test_a_bad_token_in_a_message_puts_the_client_out(stack: Stack) -> None:
    """`auth` with a token that does not hold is answered, then the client is disconnected: it needs a new token."""
    await stack.start(secret=SECRET)
    async with client(stack.address, "websocket") as joined:
        await join(joined, token=token(CHANNEL))
        await emit(joined, "auth", {"token": "nonsense"}, ack_id=1)

        assert (await acknowledged(joined, 1))["type"] == "auth_failed"
        assert await joined.hear() == "41"
        assert stack.sessions() == []


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_who_joins_nothing_in_time_is_closed(stack: Stack, carrier: str) -> None:
    """A connection that never joins does not stay for ever."""
    await stack.start(limits=Limits(connect_timeout=0.05))
    async with client(stack.address, carrier) as newcomer:
        with pytest.raises(Ended):
            await newcomer.hear()
