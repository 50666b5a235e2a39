"""Every way to show a token, on every transport; and what a cookie alone is not good for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.testing.readers import Ended, Refused, SocketIoReader, WebSocketReader
from headway.testing.serving import Kind
from tests.server.guests import CHANNEL, COOKIE, TRANSPORTS, WAYS, House, guarded

EVENTS = f"/api/channels/{CHANNEL}/events"
FOREIGN = "https://evil.example"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


@pytest.fixture(params=Kind, ids=lambda kind: kind.value)
async def any_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server of each kind."""
    async with guarded(tmp_path, kind=request.param) as made:
        yield made


async def test_every_way_leads_in_on_every_transport(any_house: House) -> None:
    """A token in the header, in the address, as a ticket or in a cookie: each lets a reader in, whatever carries it."""
    await any_house.live.publish(CHANNEL, "one")
    token = any_house.token(channels=["run:*"])
    for transport in TRANSPORTS:
        for way in WAYS:
            async with any_house.reader(transport, **await any_house.shown(way, token)) as reader:
                await reader.subscribe(CHANNEL, "")

                assert ((await reader.next())["type"], transport, way) == ("one", transport, way)


async def test_no_way_leads_further_than_the_token(house: House) -> None:
    """Whatever way it came, a token opens the channels it names and no other."""
    token = house.token(channels=["run:*"])
    for transport in TRANSPORTS:
        for way in WAYS:
            async with house.reader(transport, **await house.shown(way, token)) as reader:
                with pytest.raises(Refused) as refused:
                    await reader.subscribe("secret:1")

                assert (refused.value.code, transport, way) == ("forbidden", transport, way)


async def test_a_socketio_client_may_say_its_token_when_it_joins(house: House) -> None:
    """The `auth` payload of the stock client counts, and goes before what the handshake said."""
    await house.live.publish(CHANNEL, "one")
    for polling in (True, False):
        for query in ({}, {"token": "nonsense"}, {"token": house.token(channels=[])}):
            auth = {"token": house.token()}
            async with SocketIoReader(house.address, polling=polling, auth=auth, query=query) as reader:
                await reader.subscribe(CHANNEL, "")

                assert (await reader.next())["type"] == "one"


async def test_a_websocket_may_say_another_token_than_its_cookie(house: House) -> None:
    """A browser that signed in long ago opens a share link: the stale cookie does not keep its token out."""
    stale = {"Cookie": f"{COOKIE}={house.token(left=-3600)}", "Origin": house.origin}
    async with WebSocketReader(house.address, headers=stale) as reader:
        await reader.ask({"type": "auth", "token": await house.share()})
        await reader.subscribe(CHANNEL)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_ticket_works_once(house: House, transport: str) -> None:
    """Who takes a ticket from an address bar or a log finds it used: 401 on whatever transport."""
    ticket = await house.ticket(house.token())
    async with house.reader(transport, query={"ticket": ticket}) as reader:
        await reader.subscribe(CHANNEL)

    async with house.reader(transport, query={"ticket": ticket}) as second:
        with pytest.raises((Refused, Ended)) as end:
            await second.subscribe(CHANNEL)

    assert _unauthorized(end.value)


async def test_a_ticket_of_two_at_once_lets_one_in(house: House) -> None:
    """Two who show the same ticket in the same moment: one of them is let in."""
    ticket = await house.ticket(house.token())
    answers = await asyncio.gather(*(house.get(f"{EVENTS}?ticket={ticket}") for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_a_ticket_is_soon_over(house: House) -> None:
    """It counts for 30 seconds, and not a moment longer."""
    early, late = await house.ticket(house.token()), await house.ticket(house.token())
    house.clock.advance(29.9)
    assert (await house.get(f"{EVENTS}?ticket={early}")).status == 200
    house.clock.advance(0.2)
    refused = await house.get(f"{EVENTS}?ticket={late}")

    assert (refused.status, refused.json()["error"]["code"]) == (401, "unauthorized")


async def test_a_ticket_stays_used_through_a_restart(tmp_path: Path) -> None:
    """What was used is on record: a server that starts anew does not take it again."""
    async with guarded(tmp_path, data=tmp_path / "data") as first:
        ticket = await first.ticket(first.token())
        assert (await first.get(f"{EVENTS}?ticket={ticket}")).status == 200
    async with guarded(tmp_path, data=tmp_path / "data") as second:
        assert (await second.get(f"{EVENTS}?ticket={ticket}")).status == 401


async def test_a_ticket_is_no_token_and_a_token_no_ticket(house: House) -> None:
    """A grant counts in its own place only."""
    token = house.token()
    ticket = await house.ticket(token)

    assert (await house.get(EVENTS, ticket)).status == 401
    assert (await house.get(f"{EVENTS}?token={ticket}")).status == 401
    assert (await house.get(f"{EVENTS}?ticket={token}")).status == 401
    assert (await house.get(EVENTS, Cookie=f"{COOKIE}={ticket}")).status == 401
    assert (await house.get(f"{EVENTS}?ticket={ticket}")).status == 200


async def test_a_bad_token_is_not_passed_over(house: House) -> None:
    """Who shows a bad token in one way is refused, though a good one came in another: it would be told too late."""
    good = house.token()

    assert (await house.get(f"{EVENTS}?token={good}", "nonsense")).status == 401
    assert (await house.get(f"{EVENTS}?token=nonsense", Cookie=f"{COOKIE}={good}")).status == 401
    assert (await house.get(EVENTS, Cookie=f"{COOKIE}=nonsense")).status == 401


CHANGES = ["/api/channels/run%3A7/events", "/api/tickets", "/api/shares", "/api/revocations", "/api/sign-out"]
PAGES = {
    "no page that says so": {},
    "a foreign page": {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"},
    "a foreign page of an old browser": {"Origin": FOREIGN},
    "a sandboxed frame": {"Origin": "null"},
    "a page on another port": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
    "a page whose browser keeps the origin to itself": {"Sec-Fetch-Site": "same-site"},
    "a page that lies about where it is from": {"Sec-Fetch-Site": "none"},
}


@pytest.mark.parametrize("page", PAGES)
async def test_a_cookie_alone_changes_nothing(house: House, page: str) -> None:
    """A request that a foreign page makes with the visitor's cookie is refused, and nothing has happened."""
    cookie = await house.sign_in("root")
    bodies = {CHANGES[0]: {"type": "x"}, CHANGES[2]: {"channel": CHANNEL}, CHANGES[3]: {"user": "root"}}
    for path in CHANGES:
        answer = await house.post(path, bodies.get(path, {}), headers={"Cookie": f"{COOKIE}={cookie}", **PAGES[page]})

        # Everybody may sign out, who is not known too: nobody is signed out by it.
        assert (answer.status, path) in [(401, path), (403, path), (200, "/api/sign-out")]
    assert (await house.get("/api/me", Cookie=f"{COOKIE}={cookie}")).json()["user"] == "root"
    assert (await house.live.publish(CHANNEL, "first")).offset == 1


async def test_a_cookie_in_our_own_page_does(house: House) -> None:
    """The server's own pages publish with it."""
    cookie = await house.sign_in("root")
    for headers in ({"Origin": house.origin}, {"Sec-Fetch-Site": "same-origin"}):
        answer = await house.post(EVENTS, {"type": "x"}, headers={"Cookie": f"{COOKIE}={cookie}", **headers})

        assert answer.status == 201


@pytest.mark.parametrize("transport", ["websocket", "socketio"])
async def test_a_cookie_opens_no_websocket_without_our_page(house: House, transport: str) -> None:
    """A WebSocket handshake bears the cookie wherever it comes from: it counts from our own pages alone."""
    cookie = await house.sign_in()
    for page in PAGES:
        headers = {"Cookie": f"{COOKIE}={cookie}", **PAGES[page]}
        async with house.reader(transport, headers=headers) as reader:
            with pytest.raises((Refused, Ended)) as end:
                await reader.subscribe(CHANNEL)

        assert _refused(end.value), page


async def test_a_cookie_in_a_subresource_of_another_page_reads_nothing(house: House) -> None:
    """A script or an image of a page on another port of this host bears the cookie, and is not known by it."""
    cookie = {"Cookie": f"{COOKIE}={await house.sign_in()}"}

    assert (await house.get(EVENTS, **cookie, **{"Sec-Fetch-Site": "same-site"})).status == 401
    assert (await house.get(EVENTS, **cookie, **{"Sec-Fetch-Site": "cross-site"})).status == 401
    assert (await house.get(EVENTS, **cookie, **{"Sec-Fetch-Site": "none"})).status == 200


async def test_an_allowed_page_reads_by_cookie_and_changes_nothing(tmp_path: Path) -> None:
    """A page of the allow-list is trusted to read what its visitor may; to publish it says a token."""
    page = {"Origin": "https://app.example.org", "Sec-Fetch-Site": "same-site"}
    async with guarded(tmp_path, origins=["https://app.example.org"]) as house:
        cookie = {"Cookie": f"{COOKIE}={await house.sign_in()}", **page}

        assert (await house.get(EVENTS, **cookie)).status == 200
        assert (await house.post(EVENTS, {"type": "x"}, headers=cookie)).status == 401
        answer = await house.post(EVENTS, {"type": "x"}, house.token(publish=["*"]), page)
        assert answer.status == 201


async def test_strange_cookies_are_nobodys(house: House) -> None:
    """Whatever a cookie header holds beside ours, or instead of it, does no harm."""
    cookie = await house.sign_in()
    for value in (f"a=b; {COOKIE}={cookie}", f'{COOKIE}="{cookie}"', f"theme=dark; {COOKIE}={cookie}; x=1"):
        assert (await house.get("/api/me", Cookie=value)).status == 200, value
    for value in (COOKIE, f"{COOKIE}=", f"{COOKIE}=\\", f"x{COOKIE}={cookie}", ";;;", f"{COOKIE}[]={cookie}", "é"):
        assert (await house.get("/api/me", Cookie=value)).status == 401, value


async def test_an_open_server_asks_nobody(tmp_path: Path) -> None:
    """Without a secret a ticket, a token or a cookie is passed over, good or bad."""
    async with guarded(tmp_path, secret=None) as house:
        for path in (EVENTS, f"{EVENTS}?ticket=x", f"{EVENTS}?token=x"):
            assert (await house.get(path, "nonsense", Cookie=f"{COOKIE}=x")).status == 200


async def test_a_header_of_another_scheme_is_no_token(house: House) -> None:
    """`Basic` is for a proxy in front: it neither lets in nor keeps out."""
    headers = {"Authorization": "Basic YTpi"}

    assert (await house.get(EVENTS, **headers)).status == 401
    assert (await house.get(f"{EVENTS}?token={house.token()}", **headers)).status == 200
    assert (await house.get(EVENTS, Authorization=f"bearer  {house.token()} ")).status == 200


def _unauthorized(end: BaseException) -> bool:
    return (isinstance(end, Refused) and end.code == "unauthorized") or (isinstance(end, Ended) and end.code == 4001)


def _refused(end: BaseException) -> bool:
    return _unauthorized(end) or (isinstance(end, Refused) and end.code == "forbidden")
