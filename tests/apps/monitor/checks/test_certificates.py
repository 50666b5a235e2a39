"""TLS as it goes wrong: each fault has its name, and the certificate is read all the same."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from headway.apps.monitor.checks.means import Means, Trust
from headway.apps.monitor.checks.outcome import CheckCode, Outcome, Reason, Status
from headway.egress import Egress
from tests.apps.monitor.checks.targets import Authority, answer, answering, checked, connected, for_ever

AUTHORITY = Authority()
TRUST = Trust(AUTHORITY.pem)
STRANGER = Authority("Nobody's authority")


async def _here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def _means() -> Means:
    """Names of the tests stand for loopback, and one authority is trusted."""
    return Means(egress=Egress(lookup=_here), trust=TRUST)


async def _checked(context: ssl.SSLContext, host: str = "app.test", **more: object) -> Outcome:
    async with answering(answer(b"fine"), context) as target:
        return await checked(_means(), url=target.url(host=host), **more)


async def test_a_certificate_that_can_be_believed() -> None:
    """Healthy, with the certificate in the outcome and the handshake in the timings."""
    outcome = await _checked(AUTHORITY.server("app.test", "127.0.0.1"))

    assert outcome.status is Status.HEALTHY, outcome.message
    assert outcome.certificate is not None
    assert outcome.certificate.problems == ()
    assert (outcome.certificate.subject, outcome.certificate.issuer) == ("CN=app.test", "CN=Test authority")
    assert outcome.certificate.names == ("app.test", "127.0.0.1")
    assert 89.9 < outcome.certificate.days_left <= 90
    assert outcome.timings.tls > 0
    parts = outcome.timings
    assert parts.total == pytest.approx(parts.dns + parts.connect + parts.tls + parts.first_byte + parts.body, abs=1e-6)


@pytest.mark.parametrize("host", ["127.0.0.1", "app.test", "sub.wild.test"])
async def test_the_name_is_the_one_of_the_url(host: str) -> None:
    """The connection goes to an address, and the certificate must be of the name: of an address, a name, a star."""
    outcome = await _checked(AUTHORITY.server("app.test", "127.0.0.1", "*.wild.test"), host)

    assert outcome.status is Status.HEALTHY, outcome.message


@pytest.mark.parametrize(
    ("context", "reasons", "words"),
    [
        (AUTHORITY.server("app.test", days=-2), [Reason.CERTIFICATE_EXPIRED], "expired on 2"),
        (AUTHORITY.server("app.test", age=-2), [Reason.CERTIFICATE_NOT_YET_VALID], "valid only from 2"),
        (AUTHORITY.server("other.test"), [Reason.CERTIFICATE_WRONG_HOST], "is for other.test, not for app.test"),
        (AUTHORITY.server("*.app.test"), [Reason.CERTIFICATE_WRONG_HOST], "is for *.app.test"),
        (AUTHORITY.server("app.test", itself=True), [Reason.CERTIFICATE_SELF_SIGNED], "signed by itself"),
        (STRANGER.server("app.test"), [Reason.CERTIFICATE_UNTRUSTED], "CN=Nobody's authority, whom this server"),
        (
            STRANGER.server("other.test", days=-2),
            [Reason.CERTIFICATE_EXPIRED, Reason.CERTIFICATE_WRONG_HOST, Reason.CERTIFICATE_UNTRUSTED],
            "expired",
        ),
    ],
    ids=["expired", "early", "other", "star", "itself", "stranger", "all"],
)
async def test_a_certificate_that_cannot_be_believed(
    context: ssl.SSLContext, reasons: list[Reason], words: str
) -> None:
    """Each fault is named, all of them are kept, and the certificate is there."""
    outcome = await _checked(context)

    assert (outcome.status, outcome.code) == (Status.ERROR, CheckCode.NETWORK_ERROR)
    assert outcome.reason is reasons[0], outcome.message
    assert words in outcome.message
    assert outcome.certificate is not None
    assert list(outcome.certificate.problems) == reasons
    assert outcome.http_status is None


async def test_without_verification_it_is_read_and_not_judged() -> None:
    """`validateSSL: false`: healthy, and the certificate still tells that it has expired."""
    outcome = await _checked(AUTHORITY.server("app.test", days=-2), validateSSL=False)

    assert outcome.status is Status.HEALTHY, outcome.message
    assert outcome.certificate is not None
    assert outcome.certificate.problems == (Reason.CERTIFICATE_EXPIRED,)
    assert outcome.certificate.days_left < -1.9


async def test_a_certificate_that_ends_soon_is_a_warning() -> None:
    """Ten days where fourteen are wished; a condition makes it an error."""
    context = AUTHORITY.server("app.test", days=10)
    soon = await _checked(context)
    enough = await _checked(context, certificateDays=7, conditions=["[CERTIFICATE_EXPIRATION] > 48h"])
    error = await _checked(context, conditions=["[CERTIFICATE_EXPIRATION] > 480h"])

    assert (soon.status, soon.reason) == (Status.WARNING, Reason.CERTIFICATE_EXPIRING)
    assert enough.status is Status.HEALTHY, enough.message
    assert (error.status, error.reason) == (Status.ERROR, Reason.CONDITION)


async def test_a_port_without_tls() -> None:
    """Plain HTTP where TLS is asked for, and the other way round."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "400 Bad Request"))
        await reader.read()

    async with connected(plain) as port:
        outcome = await checked(_means(), url=f"https://127.0.0.1:{port}/")
    async with answering(answer(), AUTHORITY.server("127.0.0.1")) as secured:
        other = await checked(_means(), url=f"http://127.0.0.1:{secured.port}/")

    assert (outcome.status, outcome.reason) == (Status.ERROR, Reason.TLS_FAILED), outcome.message
    assert other.status is Status.ERROR
    assert other.reason in (Reason.CONNECTION_LOST, Reason.NOT_HTTP), other.message


async def test_a_server_that_hangs_up_in_the_handshake() -> None:
    """The connection is taken and ended: TLS has failed, nothing timed out."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with connected(hang_up) as port:
        outcome = await checked(_means(), url=f"https://127.0.0.1:{port}/")

    assert (outcome.status, outcome.reason) == (Status.ERROR, Reason.TLS_FAILED), outcome.message


async def test_a_handshake_that_never_ends() -> None:
    """Connected, and nothing is said to our hello: TIMEOUT, named for the handshake."""
    async with connected(lambda *_: for_ever()) as port:
        outcome = await checked(_means(), url=f"https://127.0.0.1:{port}/", timeout=1_000)

    assert (outcome.status, outcome.reason, outcome.code) == (Status.ERROR, Reason.TLS_TIMEOUT, CheckCode.TIMEOUT)
    assert outcome.timings.tls > 0


async def test_a_long_certificate_is_kept_short() -> None:
    """Whoever answers writes the names: a bounded part of them is kept."""
    outcome = await _checked(AUTHORITY.server(*(f"{index}.{'x' * 50}.test" for index in range(300))))

    assert outcome.reason is Reason.CERTIFICATE_WRONG_HOST
    assert outcome.certificate is not None
    assert len(outcome.certificate.names) == 16
    assert len(outcome.message) <= 500


async def test_old_tls_is_refused_where_it_must_be_believed() -> None:
    """A server that speaks nothing newer than TLS 1.1 has failed, not timed out."""
    context = AUTHORITY.server("app.test")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    outcome = await _checked(context)

    assert (outcome.status, outcome.reason) == (Status.ERROR, Reason.TLS_FAILED), outcome.message


async def test_the_look_at_a_bad_certificate_sends_nothing() -> None:
    """The second handshake is not followed by a request: a secret never goes where nobody is believed."""
    async with answering(answer(), AUTHORITY.server("other.test")) as target:
        await checked(_means(), url=target.url(host="app.test"), headers={"X-A": "b"})

    assert target.asked == []
