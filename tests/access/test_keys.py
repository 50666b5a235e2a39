"""Keys that verify tokens, and the choice among them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.access.identity import Unauthorized
from headway.access.jwks import parse
from headway.access.jws import Signed, take_apart
from headway.access.keys import Key, KeyRing, secret_bytes, secret_keys, verified, weakness
from headway.errors import UsageError
from tests.access.harness import (
    ALGORITHMS,
    OTHER_SECRET,
    SECRET,
    claims,
    issued,
    joined,
    key_set,
    member,
    part,
    private,
    token,
)

SECRETS = KeyRing(secret_keys(SECRET))
PLAIN = b'{"alg":"HS256"}'
FORGED = b'{"sub":"eve","exp":4000000000}'


def ring(*members: object) -> KeyRing:
    """The keys of a set."""
    return KeyRing(parse(key_set(*members)).keys)


def refused(held: str, keys: KeyRing) -> bool:
    """Whether the token is refused, in a sentence that does not hold it."""
    with pytest.raises(Unauthorized, match=r"^the token is invalid$"):
        verified(take_apart(held), keys)
    return True


def test_the_secret_verifies() -> None:
    """A token signed with the secret, or the one before it, is believed; one of another secret is not."""
    both = KeyRing(secret_keys(SECRET, OTHER_SECRET))

    assert verified(take_apart(token()), SECRETS) == claims()
    assert verified(take_apart(token(OTHER_SECRET)), both) == claims()
    assert verified(take_apart(token(headers={"kid": "whatever"})), both) == claims()
    assert refused(token(OTHER_SECRET), SECRETS)
    assert secret_keys(None, None) == ()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_issuers_key_verifies(algorithm: str) -> None:
    """A token signed with an issuer's key is believed, by whatever algorithm the key is for, named or not."""
    keys = ring(member("RS256", 9), member(algorithm))

    assert verified(take_apart(issued(algorithm)), keys) == claims()
    assert verified(take_apart(issued(algorithm, kid=None)), keys) == claims()
    assert refused(issued(algorithm, 1, kid=f"{algorithm}-0"), keys)
    assert refused(issued(algorithm, kid="another"), keys)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_secret_has_one_algorithm(algorithm: str) -> None:
    """A secret verifies HS256 and no other algorithm."""
    assert refused(token(algorithm=algorithm), SECRETS)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", [b"\0", b"none"])
def test_no_signature_is_none(algorithm: str, signature: bytes) -> None:
    """The algorithm `none` verifies nothing, however it is spelled and whatever stands for the signature."""
    held = joined(b'{"alg":"%b"}' % algorithm.encode(), FORGED, signature)

    assert refused(held, SECRETS)
    assert refused(held, ring(*(member(known) for known in ALGORITHMS)))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_no_secret(algorithm: str) -> None:
    """A token signed as HS256 with the public key, in whatever spelling, is refused: key confusion."""
    public = private(algorithm).public_key()
    spellings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        key_set(member(algorithm)),
        str(member(algorithm).get("n") or member(algorithm)["x"]).encode(),
    ]
    keys = ring(member(algorithm))
    for header in (PLAIN, b'{"alg":"HS256","kid":"%b-0"}' % algorithm.encode()):
        content = f"{part(header)}.{part(FORGED)}"
        for spelling in spellings:
            forged = hmac.digest(spelling, content.encode(), hashlib.sha256)
            assert refused(f"{content}.{part(forged)}", keys)
            assert refused(f"{content}.{part(forged)}", KeyRing((*keys.keys, *SECRETS.keys)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_key_says_the_algorithm(algorithm: str) -> None:
    """A token that names another algorithm than its key's is refused, also one that key could verify."""
    held = issued(algorithm)
    _, body, signature = held.split(".")
    for other in (*ALGORITHMS, "HS256", "ES256K", "none"):
        if other != algorithm:
            header = part(b'{"alg":"%b","kid":"%b-0"}' % (other.encode(), algorithm.encode()))
            assert refused(f"{header}.{body}.{signature}", ring(member(algorithm)))
    if algorithm[:2] in ("RS", "PS"):
        assert refused(held, ring(member(algorithm, alg="RS384" if algorithm != "RS384" else "RS512")))


def test_neither_choice_nor_check_trusts_the_token() -> None:
    """A key of another algorithm is not chosen for a token, and would not verify it if it were."""
    keys = ring(member("RS256"), member("ES256"))

    assert keys.find("PS256", "RS256-0") == []
    assert keys.find("none", None) == []
    assert not any(key.verifies(take_apart(issued("PS256"))) for key in keys.keys)


def test_eddsa_has_two_names() -> None:
    """An Ed25519 key verifies `EdDSA` and `Ed25519`: two names of one algorithm."""
    header, body, _ = issued("EdDSA").split(".")
    header = part(b'{"alg":"Ed25519","kid":"EdDSA-0"}')
    key = private("EdDSA")
    signature = part(key.sign(f"{header}.{body}".encode()))  # type: ignore[call-arg]  # it is an Ed25519 key
    for spelled in ("EdDSA", "Ed25519", None):
        assert verified(take_apart(f"{header}.{body}.{signature}"), ring(member("EdDSA", alg=spelled))) == claims()


def test_a_changed_token_is_refused() -> None:
    """A token whose claims or header were changed after it was signed is refused."""
    header, body, signature = token().split(".")

    for changed in ((header, part(FORGED), signature), (part(PLAIN), body, signature), (header, body, part(b"x" * 32))):
        assert refused(".".join(changed), SECRETS)


def test_tries_are_bounded() -> None:
    """A token that names no key is held against 16 keys at most: it has shown nothing yet."""
    keys = ring(*(member("ES256", number, kid=None) for number in range(20)))

    assert len(keys.find("ES256", None)) == 16
    assert verified(take_apart(issued("ES256", 15, kid=None)), keys) == claims()
    assert refused(issued("ES256", 16, kid=None), keys)


def test_who_finds_no_key_says_so() -> None:
    """Where keys can be loaded anew, the search that failed is told of, and one that did not fail is not."""

    class Told:
        def __init__(self) -> None:
            self.missed_ones: list[tuple[str, str | None]] = []

        def find(self, algorithm: str, id: str | None) -> Sequence[Key]:
            return SECRETS.find(algorithm, id)

        def missed(self, algorithm: str, id: str | None) -> None:
            self.missed_ones.append((algorithm, id))

    keys = Told()
    verified(take_apart(token()), keys)
    with pytest.raises(Unauthorized):
        verified(take_apart(issued("ES256")), keys)

    assert keys.missed_ones == [("ES256", "ES256-0")]


@pytest.mark.parametrize("secret", ["", "\udcff" * 40])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    """An empty one, or one that is no text, is refused in a sentence that says how to make one and does not show it."""
    with pytest.raises(UsageError, match="openssl rand") as caught:
        secret_keys(secret)

    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("secret", ["short", "é" * 15 + "x", "x" * 31])
def test_a_short_secret_is_called_weak(secret: str) -> None:
    """One of fewer than 32 bytes works, and a sentence says that it can be guessed, without showing it."""
    weak = weakness(secret)

    assert weak is not None
    assert "openssl rand" in weak
    assert secret not in weak
    assert secret_bytes(secret) == secret.encode()
    assert weakness("é" * 16) is None


def test_a_key_does_not_show_itself() -> None:
    """What is logged of a key does not hold it."""
    assert SECRET not in repr(SECRETS)


@settings(deadline=None)
@given(
    st.sampled_from([*ALGORITHMS, "HS256", "Ed25519", "none", "x"]),
    st.none() | st.sampled_from([f"{algorithm}-0" for algorithm in ALGORITHMS]) | st.text(),
    st.binary(max_size=300),
    st.binary(),
)
def test_any_signature_is_refused(algorithm: str, id: str | None, signature: bytes, content: bytes) -> None:
    """Whatever bytes stand for a signature, every key answers that it did not make them."""
    keys = KeyRing((*SECRETS.keys, *ring(*(member(known) for known in ALGORITHMS)).keys))
    with pytest.raises(Unauthorized):
        verified(Signed(algorithm, id, None, content, signature, b"{}"), keys)
