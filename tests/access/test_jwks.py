"""Key sets as issuers publish them."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from headway.access.jwks import DOCUMENT_BYTES, parse
from headway.errors import UsageError
from tests.access.harness import ALGORITHMS, Member, key_set, member, private

GOOD = member("ES256", 7)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_keys_are_read(algorithm: str) -> None:
    """A key for each algorithm is read, with its id and the algorithm it names."""
    (key,) = parse(key_set(member(algorithm))).keys

    assert key.id == f"{algorithm}-0"
    assert algorithm in key.algorithms
    assert key.material == private(algorithm).public_key()
    assert key.algorithms == ({"EdDSA", "Ed25519"} if algorithm == "EdDSA" else {algorithm})


def test_a_key_that_names_no_algorithm() -> None:
    """A key without `alg` is for all of its kind: six for RSA, one for a curve."""
    plain: Member = {"alg": None, "use": None, "kid": None}
    keys = parse(key_set(member("RS256", **plain), member("ES384", **plain))).keys

    assert [sorted(key.algorithms) for key in keys] == [
        ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
        ["ES384"],
    ]
    assert [key.id for key in keys] == [None, None]


def bad_rsa(e: int, n: int) -> Member:
    """An RSA key of these numbers, whether or not they make one."""
    spelled = RSAAlgorithm.to_jwk(rsa.RSAPublicNumbers(e, n).public_key(), as_dict=True)
    return {"kty": "RSA", "n": spelled["n"], "e": spelled["e"]}


def _secret_member() -> Member:
    key = private("ES256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return ECAlgorithm.to_jwk(key, as_dict=True)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"kty": "oct", "k": "AAAA", "kid": "s"}, "is a secret"),
        ({**member("RS256"), "kty": "oct"}, "is a secret"),
        ({**member("RS256"), "k": "AAAA"}, "is a private key"),
        ({**member("RS256"), "d": "AAAA"}, "is a private key"),
        (_secret_member(), "is a private key"),
        (member("RS256", bits=1024), "2048 to 8192 bits"),
        (bad_rsa(3, (1 << 2046) + 1), "2048 to 8192 bits"),
        (bad_rsa(3, (1 << 8192) + 1), "2048 to 8192 bits|not spelled"),
        (bad_rsa((1 << 40) + 1, (1 << 2047) + 1), "verifying slow"),
        (member("RS256", use="enc"), "not for signatures"),
        (member("RS256", use=7), "not for signatures"),
        (member("RS256", key_ops=["encrypt"]), "not for signatures"),
        (member("RS256", key_ops="verify"), "not for signatures"),
        (member("RS256", kid=7), "id that is no text"),
        (member("RS256", kid=""), "id that is no text"),
        (member("RS256", kid="x" * 256), "id that is no text"),
        (member("RS256", alg="HS256"), "not one of its kind"),
        (member("RS256", alg="none"), "not one of its kind"),
        (member("RS256", alg="ES256"), "not one of its kind"),
        (member("RS256", alg="RSA-OAEP"), "not one of its kind"),
        (member("RS256", alg=["RS256"]), "not one of its kind"),
        (member("ES256", alg="ES384"), "not one of its kind"),
        (member("ES256", crv="P-384", alg=None), "not spelled"),
        (member("ES256", crv="secp256k1", alg=None), "not known"),
        (member("ES256", crv=["P-256"]), "not known"),
        (member("ES256", x="AAAA"), "not spelled"),
        (member("ES256", x=member("ES256")["y"]), "not spelled"),
        (member("ES256", x=None), "not spelled"),
        (member("ES256", x=7), "not spelled"),
        (member("RS256", n="!!"), "not spelled|bits"),
        (member("RS256", n="é" * 9), "not spelled"),
        (member("RS256", e="AA"), "not spelled"),
        (member("RS256", n="A" * 2_049), "not spelled"),
        (member("EdDSA", crv="Ed448"), "not known"),
        (member("EdDSA", x="AAAA"), "not spelled"),
        ({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, "not known"),
        ({"kty": ["RSA"]}, "not known"),
        ({}, "not known"),
        ("RSA", "not an object"),
        (None, "not an object"),
    ],
    ids=range(40),
)
def test_keys_that_are_not_used(bad: object, reason: str) -> None:
    """Secrets, private keys, weak ones, keys for other ends and what is no key are ignored, each with its reason; the
    others of the set count."""
    found = parse(key_set(bad, GOOD))

    assert [key.id for key in found.keys] == ["ES256-7"]
    with pytest.raises(UsageError, match=reason) as caught:
        parse(key_set(bad))
    assert found.ignored[0].removeprefix("key 1 of 2 ") in str(caught.value)
    assert "AAAA" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 9_000, "not JSON"),
        (b"[]", "no list of"),
        (b"{}", "no list of"),
        (b'{"keys":{}}', "no list of"),
        (b'{"keys":[]}', "no key that can be used"),
        (key_set(*[GOOD] * 65), "more than 64 keys"),
        (key_set(GOOD) + b" " * DOCUMENT_BYTES, "larger than"),
    ],
    ids=range(10),
)
def test_what_is_no_set(document: bytes, reason: str) -> None:
    """A document that is no set, too large, of too many keys or of none that can be used is refused as a whole."""
    with pytest.raises(UsageError, match=reason):
        parse(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
MEMBERS = st.builds(
    lambda good, changes: {**good, **changes},
    st.sampled_from([*(member(algorithm) for algorithm in ALGORITHMS), {}]),
    st.dictionaries(
        st.sampled_from(["kty", "kid", "use", "alg", "crv", "n", "e", "x", "y", "key_ops"]),
        JSON | st.sampled_from(["RSA", "EC", "OKP", "P-256", "P-521", "Ed25519", "AQAB", "AA"]) | st.text("AQg_-="),
    ),
)


@settings(deadline=None)
@given(st.binary() | st.lists(MEMBERS | JSON).map(lambda members: key_set(*members)) | JSON.map(msgspec.json.encode))
@example(b'{"keys":[{"kty":"RSA","n":"","e":""}]}')
def test_any_document_is_a_set_or_refused(document: bytes) -> None:
    """No document makes the reading fail in another way, and what is read is a key that can be used."""
    try:
        found = parse(document)
    except UsageError:
        return
    for key in found.keys:
        assert key.algorithms
        assert not isinstance(key.material, bytes)


def test_more_than_a_set() -> None:
    """A set with extra members, beside and in its keys, is read as if they were not there."""
    document = msgspec.json.encode({"keys": [member("ES256", x5c=["AAAA"], x5t="AAAA", issuer="x")], "more": 1})

    assert len(parse(document).keys) == 1
