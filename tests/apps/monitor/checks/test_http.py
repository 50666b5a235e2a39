"""The HTTP probe against applications as bad as they come."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest

from headway.apps.monitor.checks import http
from headway.apps.monitor.checks.configuration import HttpCheck, check_of
from headway.apps.monitor.checks.connection import Found
from headway.apps.monitor.checks.exchange import BODY_BYTES
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import CheckCode, Outcome, Reason, Status, Timings
from headway.apps.monitor.checks.stopwatch import Phase, Stopwatch
from headway.egress import Egress, networks
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.apps.monitor.checks.targets import Asked, answer, answering, checked, connected, for_ever, serving

SHORT = 1_000
"""Milliseconds for a probe that shall time out in what comes after the connection, on a busy machine too."""


def _is(outcome: Outcome, status: Status, reason: Reason | None, code: CheckCode | None) -> None:
    assert (outcome.status, outcome.reason, outcome.code) == (status, reason, code), outcome.message


async def test_an_application_that_answers_is_healthy() -> None:
    """200 and nothing else wished: healthy, with the address, the size and the hash of what was read."""
    async with answering(answer(b"hello")) as target:
        outcome = await checked(url=target.url("/health?a=b"))

    _is(outcome, Status.HEALTHY, None, None)
    assert (outcome.http_status, outcome.address, outcome.body_bytes, outcome.body_cut) == (200, "127.0.0.1", 5, False)
    assert outcome.body_hash == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    asked = target.asked[0]
    assert (asked.method, asked.path, asked.headers["host"]) == ("GET", "/health?a=b", f"127.0.0.1:{target.port}")


async def test_the_phases_add_up_to_the_total() -> None:
    """No time is counted twice, and none is lost."""
    async with answering(answer(b"hello")) as target:
        timings = (await checked(url=target.url(host="localhost"), method="HEAD")).timings

    parts = [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.body]
    assert timings.total == pytest.approx(sum(parts), abs=1e-6)
    assert min(timings.dns, timings.connect, timings.first_byte) > 0
    assert timings.tls == 0


async def test_method_headers_and_body_are_sent_as_written() -> None:
    """A POST of JSON with a header of one's own."""
    async with answering(answer()) as target:
        outcome = await checked(url=target.url(), method="POST", headers={"X-One": "1"}, body={"a": [1]})

    _is(outcome, Status.HEALTHY, None, None)
    asked = target.asked[0]
    assert (asked.method, asked.headers["x-one"], json.loads(asked.body)) == ("POST", "1", {"a": [1]})


@pytest.mark.parametrize(
    ("expected", "status", "good"),
    [
        ([200, 204], "204 No Content", True),
        (["2xx"], "299 Fine", True),
        ("200-399", "301 Moved", True),
        (404, "404 Not Found", True),
        ([200], "500 Broken", False),
        ([], "404 Not Found", False),
    ],
)
async def test_the_status_must_be_among_those_expected(expected: object, status: str, good: bool) -> None:
    """Numbers, ranges and classes; 2xx where nothing is said."""
    async with answering(answer(b"", status)) as target:
        outcome = await checked(url=target.url(), expectedStatus=expected)

    assert (outcome.status is Status.HEALTHY) is good
    if not good:
        _is(outcome, Status.ERROR, Reason.STATUS, CheckCode.VALIDATION_FAILED)
        assert str(outcome.http_status) in outcome.message


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"expectedResponse": "fine"}, None),
        ({"expectedResponse": "bad"}, Reason.BODY_TEXT),
        ({"expectedResponse": {"status": "fine"}}, None),
        ({"expectedResponse": {"status": "fine", "missing": 1}}, Reason.BODY_JSON),
        ({"expectedPaths": {"parts[1].up": True}}, None),
        ({"expectedPaths": {"parts[0].up": True}}, Reason.BODY_PATH),
        ({"expectedPattern": r"f[aeiou]+ne"}, None),
        ({"expectedPattern": r"f[xyz]+ne"}, Reason.BODY_PATTERN),
        ({"conditions": ["[BODY].status == fine", "[STATUS] < 300"]}, None),
        ({"conditions": ["[BODY].status == bad"]}, Reason.CONDITION),
    ],
)
async def test_the_body_must_be_as_expected(wish: dict[str, object], reason: Reason | None) -> None:
    """Text, subset, path, pattern and condition, each with a reason of its own."""
    body = json.dumps({"status": "fine", "parts": [{"up": False}, {"up": True}]}).encode()
    async with answering(answer(body)) as target:
        outcome = await checked(url=target.url(), **wish)

    assert outcome.reason is reason, outcome.message


async def test_all_that_is_wrong_is_kept_and_the_first_is_told() -> None:
    """Each wish is in the outcome; the message counts the others."""
    async with answering(answer(b"{}", "500 Broken")) as target:
        outcome = await checked(url=target.url(), expectedStatus=[200], expectedResponse={"a": 1})

    assert [one.held for one in outcome.judgements] == [False, False]
    assert outcome.message == "the answer has status 500, expected is 200 (and 1 more)"


async def test_nobody_listens() -> None:
    """A closed port: an error of the network, with host and port."""
    async with answering(answer()) as target:
        pass
    outcome = await checked(url=target.url())

    _is(outcome, Status.ERROR, Reason.CONNECT_REFUSED, CheckCode.NETWORK_ERROR)
    assert f"127.0.0.1:{target.port}" in outcome.message


async def test_a_server_that_says_nothing_ends_with_the_time() -> None:
    """Connected, and not one byte: TIMEOUT, and the time is counted where it went."""
    async with serving(lambda *_: for_ever()) as target:
        outcome = await checked(url=target.url(), timeout=SHORT)

    _is(outcome, Status.ERROR, Reason.ANSWER_TIMEOUT, CheckCode.TIMEOUT)
    assert outcome.timings.first_byte > 0
    assert outcome.timings.body == 0


async def test_a_server_that_drips_ends_with_the_time() -> None:
    """A byte now and then keeps no probe alive: the bound is on all of it."""

    async def drip(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.01)  # the pace of the drops, which no test waits for

    async with serving(drip) as target:
        outcome = await checked(url=target.url(), timeout=SHORT)

    _is(outcome, Status.ERROR, Reason.BODY_TIMEOUT, CheckCode.TIMEOUT)


@pytest.mark.parametrize("chunked", [True, False])
async def test_of_an_endless_body_a_part_is_read(chunked: bool) -> None:
    """Ten gigabytes are promised: what is needed is read, the rest is not asked for, and the server may still be
    healthy."""
    sent = 0

    async def flood(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 10737418240"
        writer.write(b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n")
        piece = b"x" * 65536
        while True:
            writer.write(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            sent += len(piece)
            await writer.drain()

    async with serving(flood) as target:
        outcome = await checked(url=target.url())
        missing = await checked(url=target.url(), expectedResponse="nowhere")

    _is(outcome, Status.HEALTHY, None, None)
    assert (outcome.body_bytes, outcome.body_cut) == (BODY_BYTES, True)
    _is(missing, Status.ERROR, Reason.BODY_TOO_LARGE, CheckCode.VALIDATION_FAILED)
    assert sent < 64 * 1024 * 1024  # what the sockets hold, and no more


async def test_nobody_waits_for_the_rest_of_a_long_body() -> None:
    """A byte more than is read, and then silence: the probe is done."""

    async def stall(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n" + b"x" * (BODY_BYTES + 1))
        await for_ever()

    async with serving(stall) as target:
        outcome = await checked(url=target.url(), timeout=SHORT)

    _is(outcome, Status.HEALTHY, None, None)
    assert outcome.body_cut


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "bare"])
async def test_a_body_that_swells_is_bounded(encoding: str) -> None:
    """A hundred megabytes of zeros in a hundred kilobytes: only what fits is ever unpacked."""
    zeros = bytes(100 * 1024 * 1024)
    squeezed = gzip.compress(zeros, 1) if encoding == "gzip" else zlib.compress(zeros, 1)
    if encoding == "bare":
        squeezed = squeezed[2:-4]
    named = "deflate" if encoding == "bare" else encoding
    async with answering(answer(squeezed, Content_Encoding=named)) as target:
        outcome = await checked(url=target.url())

    _is(outcome, Status.HEALTHY, None, None)
    assert (outcome.body_bytes, outcome.body_cut) == (BODY_BYTES, True)


async def test_a_packed_body_is_read() -> None:
    """What is sent packed is compared unpacked, members and all."""
    body = gzip.compress(b'{"status":') + gzip.compress(b'"fine"}')
    async with answering(answer(body, Content_Encoding="gzip")) as target:
        outcome = await checked(url=target.url(), expectedResponse={"status": "fine"})

    _is(outcome, Status.HEALTHY, None, None)
    assert not outcome.body_cut


async def test_a_body_nobody_can_unpack_says_so() -> None:
    """An encoding that is not known, or a broken one, is the reason, not the text that is missing."""
    for data, encoding in ((b"??", "br"), (b"not gzip", "gzip")):
        async with answering(answer(data, Content_Encoding=encoding)) as target:
            outcome = await checked(url=target.url(), expectedResponse="fine")
        _is(outcome, Status.ERROR, Reason.BODY_ENCODING, CheckCode.VALIDATION_FAILED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", Reason.NOT_HTTP),
        (b"HTTP/1.1 banana\r\n\r\n", Reason.NOT_HTTP),
        (b"", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", Reason.HEADERS_TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, Reason.HEADERS_TOO_LARGE),
        (b"HTTP/1.1 103 Early\r\n\r\n" * 5_000, Reason.HEADERS_TOO_LARGE),
    ],
)
async def test_what_is_no_answer_is_an_error_of_the_network(data: bytes, reason: Reason) -> None:
    """Other protocols, cut connections and headers without end."""
    async with answering(data) as target:
        outcome = await checked(url=target.url())

    _is(outcome, Status.ERROR, reason, CheckCode.NETWORK_ERROR)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
        b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nfine",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfineHTTP/1.1 500 and what nobody asked for",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nX-Trailer: no\r\n\r\n",
    ],
)
async def test_the_ways_to_answer_are_understood(data: bytes) -> None:
    """Interim answers, chunks, trailers, and a body that ends with the connection."""
    async with answering(data) as target:
        outcome = await checked(url=target.url(), conditions=["[STATUS] == 200", "[BODY] == fine", "len([BODY]) == 4"])

    _is(outcome, Status.HEALTHY, None, None)


async def test_redirects_are_followed_and_counted() -> None:
    """The last answer is judged; the time is that of the whole way."""

    async def turn(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        steps = {"/": "/two", "/two": "three"}
        if place := steps.get(asked.path):
            writer.write(answer(b"moved", "302 Found", Location=place))
        else:
            writer.write(answer(b"here"))

    async with serving(turn) as target:
        outcome = await checked(url=target.url(), expectedResponse="here")
        unmoved = await checked(url=target.url(), followRedirects=False, expectedStatus=[302])

    _is(outcome, Status.HEALTHY, None, None)
    assert outcome.redirects == 2
    assert [asked.path for asked in target.asked[:3]] == ["/", "/two", "/three"]
    _is(unmoved, Status.HEALTHY, None, None)
    assert unmoved.redirects == 0


async def test_a_redirect_loop_says_so() -> None:
    """The same question twice is a circle, and is shown as one."""

    async def turn(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "302 Found", Location="/b" if asked.path == "/a" else "/a"))

    async with serving(turn) as target:
        outcome = await checked(url=target.url("/a"))

    _is(outcome, Status.ERROR, Reason.REDIRECT_LOOP, CheckCode.NETWORK_ERROR)
    assert f"{target.url('/a')} → {target.url('/b')} → {target.url('/a')}" in outcome.message
    assert len(target.asked) == 2


async def test_redirects_without_end_are_bounded() -> None:
    """A new address each time is no circle, and ends all the same."""

    async def turn(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "302 Found", Location=asked.path + "x"))

    async with serving(turn) as target:
        outcome = await checked(url=target.url())

    _is(outcome, Status.ERROR, Reason.TOO_MANY_REDIRECTS, CheckCode.NETWORK_ERROR)
    assert len(target.asked) == 11


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://0xa9fea9fe/",
        "//metadata.test/",
        "file:///etc/passwd",
        "http://user:word@127.0.0.1/",
        "http://" + "x" * 5_000,
    ],
)
async def test_a_redirect_to_where_nobody_may_go_is_refused(location: str) -> None:
    """Each redirect is judged as the first URL was, names and all; the application is at fault."""

    async def lookup(host: str, port: int) -> list[str]:
        return ["169.254.169.254"]

    async with answering(answer(b"", "302 Found", Location=location)) as target:
        outcome = await checked(Means(egress=Egress(lookup=lookup)), url=target.url())

    _is(outcome, Status.ERROR, Reason.REDIRECT_REFUSED, CheckCode.VALIDATION_FAILED)
    assert "latest" not in outcome.message
    assert len(outcome.message) <= 500


async def test_a_url_to_where_nobody_may_go_is_unknown() -> None:
    """Nothing was learned about the application, and nothing was sent."""
    async with answering(answer()) as target:
        means = Means(egress=Egress(deny=networks("127.0.0.0/8")))
        outcome = await checked(means, url=target.url())

    _is(outcome, Status.UNKNOWN, Reason.ADDRESS_REFUSED, CheckCode.VALIDATION_FAILED)
    assert not target.asked


def _secrets(kind: str, name: str) -> str:
    known = {("env", "TOKEN"): "s3cret-t0ken", ("file", "/run/secrets/x"): "from-a-file\n", ("env", "BAD"): "a\r\nb: c"}
    if (kind, name) not in known:
        raise LookupError(f"{kind}:{name} is not set on this server")
    return known[kind, name]


async def test_a_secret_is_sent_and_never_told() -> None:
    """It is put in at the last moment; an application that sends it back does not get it into the outcome."""

    async def echo(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(json.dumps(asked.headers).encode()))

    headers = {"Authorization": "Bearer ${env:TOKEN}", "X-Key": "${file:/run/secrets/x}", "X-Plain": "$${env:TOKEN}"}
    async with serving(echo) as target:
        outcome = await checked(
            Means(resolve=_secrets),
            url=target.url(),
            headers=headers,
            conditions=["[BODY].authorization == no", "[BODY].x-key == no"],
            expectedPaths={"authorization": "no"},
        )

    asked = target.asked[0].headers
    assert (asked["authorization"], asked["x-key"], asked["x-plain"]) == (
        "Bearer s3cret-t0ken",
        "from-a-file",
        "${env:TOKEN}",
    )
    assert "s3cret" not in repr(outcome)
    assert "from-a-file" not in repr(outcome)
    assert "•••" in outcome.message


@pytest.mark.parametrize("name", ["NOWHERE", "BAD"])
async def test_a_secret_that_cannot_be_sent_is_unknown(name: str) -> None:
    """Missing, or no header: nothing is asked, and the sentence names it and not its value."""
    async with answering(answer()) as target:
        outcome = await checked(Means(resolve=_secrets), url=target.url(), headers={"X-A": f"${{env:{name}}}"})

    _is(outcome, Status.UNKNOWN, Reason.SECRET_MISSING, CheckCode.VALIDATION_FAILED)
    assert f"env:{name}" in outcome.message
    assert not target.asked


async def test_credentials_stay_at_their_origin() -> None:
    """To another port goes no secret, no cookie and no body; to the same one they do."""
    async with answering(answer()) as other:

        async def turn(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            place = "/again" if asked.path == "/" else other.url("/there")
            writer.write(answer(b"", "307 Temporary Redirect", Location=place))

        async with serving(turn) as target:
            outcome = await checked(
                Means(resolve=_secrets),
                url=target.url(),
                method="POST",
                body="hello",
                headers={
                    "Authorization": "Bearer ${env:TOKEN}",
                    "X-Key": "${env:TOKEN}",
                    "X-Plain": "yes",
                    "Host": "me",
                },
            )

    _is(outcome, Status.HEALTHY, None, None)
    again, there = target.asked[1], other.asked[0]
    assert (again.headers["authorization"], again.headers["host"], again.body) == (
        "Bearer s3cret-t0ken",
        "me",
        b"hello",
    )
    assert (there.method, there.headers["x-plain"], there.body) == ("POST", "yes", b"")
    assert not {"authorization", "x-key"} & set(there.headers)
    assert there.headers["host"] == f"127.0.0.1:{other.port}"


async def test_a_post_goes_on_as_get() -> None:
    """303, and 301 or 302 of a POST, as every browser does it."""

    async def turn(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "302 Found", Location="/b") if asked.path == "/" else answer())

    async with serving(turn) as target:
        await checked(url=target.url(), method="POST", body="x", headers={"Content-Type": "text/plain"})

    then = target.asked[1]
    assert (then.method, then.body, "content-type" in then.headers) == ("GET", b"", False)


async def test_the_time_is_counted_where_it_went() -> None:
    """Three seconds of the server's work are three seconds before the first byte, two more of its body are the
    body's."""
    clock = FakeClock()

    async def work(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clock.advance(3)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi")
        await writer.drain()
        await wait_until(lambda: watched[0].phase is Phase.BODY)
        clock.advance(2)
        writer.write(b"ne")

    async with serving(work) as target:
        check = check_of({"url": target.url()})
        assert isinstance(check, HttpCheck)
        found = Found(Stopwatch(clock), deadline=asyncio.get_running_loop().time() + 10)
        watched = [found.watch]
        outcome = await http.probe(check, Means(clock=clock), found)

    assert outcome.timings == Timings(first_byte=3000, body=2000, total=5000)


async def test_a_good_answer_that_is_slow_is_a_warning() -> None:
    """Everything came true, but later than is allowed."""
    clock = FakeClock()

    async def work(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clock.advance(3)
        writer.write(answer())

    async with serving(work) as target:
        slow = await checked(Means(clock=clock), url=target.url(), warnAfter=3_000)
        good = await checked(Means(clock=clock), url=target.url(), warnAfter=3_001)

    _is(slow, Status.WARNING, Reason.SLOW, CheckCode.VALIDATION_FAILED)
    _is(good, Status.HEALTHY, None, None)


async def test_a_pattern_that_never_ends_is_ended() -> None:
    """A pattern that tries every way takes its time in a process of its own, and the loop goes on meanwhile."""
    async with answering(answer(b"a" * 64)) as target:
        outcome = await checked(url=target.url(), expectedPattern="(a|aa)+$b|(a+)+c")

    _is(outcome, Status.ERROR, Reason.PATTERN_TIMEOUT, CheckCode.VALIDATION_FAILED)


async def test_a_probe_that_is_cancelled_leaves_nothing() -> None:
    """Cancelling closes the connection."""
    reached, gone = asyncio.Event(), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        while await reader.read(1000):
            pass
        gone.set()

    async with connected(wait) as port:
        task = asyncio.ensure_future(checked(url=f"http://127.0.0.1:{port}/"))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await gone.wait()

    assert task.cancelled()
