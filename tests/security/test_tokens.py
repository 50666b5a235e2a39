"""Tokens that must not count, and tokens that nobody may see."""

from __future__ import annotations

import time

import jwt
import pytest

from headway.testing.readers import fetch
from siege.attacks.tokens import BAD_TOKENS, IN_MESSAGES
from siege.people import AUDIENCE, HIDDEN, KeySet, bad_tokens, kid_tokens, token
from tests.security.harness import besieged, strike


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeySet:
    """A key set; making one takes a moment."""
    return KeySet.make(tmp_path_factory.mktemp("keys"))


async def test_bad_tokens_in_requests(keys: KeySet) -> None:
    """Tried: expired, not yet valid, `alg=none`, another audience, the public key as a secret, `jku`, `jwk`, `kid` as
    path and query; as header, query, ticket and cookie. Answered: 401, whatever it is."""
    async with besieged(keys=keys) as ground:
        count = len({**bad_tokens(keys), **kid_tokens()})

        assert await strike(BAD_TOKENS, ground) == {"401": 4 * count - 1}


async def test_bad_tokens_in_messages(keys: KeySet) -> None:
    """Tried: the same in `auth` of a WebSocket. Answered: `auth_failed`, then close 4001."""
    async with besieged(keys=keys) as ground:
        count = len({**bad_tokens(keys), **kid_tokens()})

        assert await strike(IN_MESSAGES, ground) == {"auth_failed": count, "close 4001": count}


async def test_good_tokens_count(keys: KeySet) -> None:
    """Control: the secret's and the key set's own tokens count at the same server."""
    claims = {"sub": "ann", "exp": time.time() + 3_600, "aud": AUDIENCE}
    async with besieged(keys=keys) as ground:
        for good in (token("ann", ["*"]), jwt.encode(claims, keys.private, "RS256", headers={"kid": "one"})):
            headers = {"Authorization": f"Bearer {good}"}

            assert (await fetch(ground.address, "GET", f"/api/channels/{HIDDEN}", headers=headers)).status == 200


async def test_a_bad_token_that_counts_is_seen(keys: KeySet) -> None:
    """Control: a token of the list that were let in would stand in the table by its name."""
    async with besieged(keys=keys) as ground:
        answered = await strike(BAD_TOKENS, ground, bad={"planted": token("ann", ["*"])})

        assert answered["LET IN: planted"] == 3
