"""What a foreign page can have a visitor's browser do: nothing."""

from __future__ import annotations

from headway.testing.readers import fetch
from siege.attacks.pages import CROSS_SITE, CSRF, ORIGINS, REBINDING, REDIRECTS
from siege.foe import LET_IN, TOLD
from siege.people import HIDDEN, cookie_of
from tests.security.harness import besieged, open_ground, strike


async def test_cross_site_websocket_and_every_other_transport() -> None:
    """Tried: every transport, publish and preflight from foreign and opaque origins. Answered: 403, no allowance."""
    async with open_ground() as ground:
        answered = await strike(CROSS_SITE, ground)

        assert answered == {"403": 12 * len(ORIGINS)}
        assert (await ground.live.publish(HIDDEN, "next")).offset == 2


async def test_cross_site_is_seen_where_it_is_allowed() -> None:
    """Control: of a server that allows every origin the same attack is told what is there."""
    async with open_ground() as ground:
        ground.live._origins = frozenset({"*"})
        answered = await strike(CROSS_SITE, ground)

        assert "403" not in answered
        assert {LET_IN, "200 with an allowance"} <= set(answered)


async def test_dns_rebinding_against_an_open_server() -> None:
    """Tried: every way in to an open server on loopback, by the name of the attacker's page. Answered: 421."""
    async with open_ground(hosts=()) as ground:
        assert await strike(REBINDING, ground) == {"421": 4 * 12}


async def test_dns_rebinding_against_a_server_with_a_secret() -> None:
    """Tried: the same where tokens are asked for. Answered: 401, since the page has none to show."""
    async with besieged() as ground:
        assert await strike(REBINDING, ground) == {"401": 4 * 9}


async def test_rebinding_is_seen_where_every_name_is_answered() -> None:
    """Control: an open server that answers to every name tells the page everything."""
    async with open_ground() as ground:
        answered = await strike(REBINDING, ground)

        assert "421" not in answered
        assert {LET_IN, TOLD} <= set(answered)


async def test_csrf_on_commands() -> None:
    """Tried: publish, share, revoke, ticket, users, sign out with a visitor's cookie from a foreign page. Answered:
    403; 401 where the browser names no page, and to links; 405 to links that lead nowhere. The visitor is still signed
    in, and nothing was published."""
    async with besieged() as ground:
        answered = await strike(CSRF, ground)

        assert set(answered) == {"403", "401", "405", "still signed in"}
        assert (await ground.live.publish(HIDDEN, "next")).offset == 2


async def test_the_cookie_of_the_attack_is_good() -> None:
    """Control: the same cookie from the server's own page may do it."""
    async with besieged() as ground:
        headers = {
            "Cookie": f"headway_session={cookie_of('ann')}",
            "Origin": f"http://127.0.0.1:{ground.address.port}",
        }
        path = f"/api/channels/{HIDDEN}/events"

        assert (await fetch(ground.address, "POST", path, body=b'{"type":"x"}', headers=headers)).status == 201


async def test_open_redirects() -> None:
    """Tried: paths and parameters that name another site, such as `/sign-in?to=//evil.example`. Answered: the page
    itself, or 404; nobody is sent anywhere."""
    async with besieged() as ground:
        answered = await strike(REDIRECTS, ground)

        assert set(answered) <= REDIRECTS.answers
        assert sum(answered.values()) == 9
