"""The pages, what they load and the built client, as a browser fetches them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from headway.codes import Code
from headway.errors import HeadwayError
from headway.server import pages
from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving

FILES = {
    "/": "text/html",
    "/sign-in": "text/html",
    "/test-socket-io.html": "text/html",
    "/test-websocket-fallback-simulation.html": "text/html",
    "/headway.js": "text/javascript",
    "/headway.mjs": "text/javascript",
    "/static/landing.css": "text/css",
    "/static/landing.js": "text/javascript",
    "/static/page.js": "text/javascript",
    "/static/sign-in.js": "text/javascript",
    "/static/headway.svg": "image/svg+xml",
    "/static/trials.css": "text/css",
    "/static/trials.js": "text/javascript",
    "/static/network.js": "text/javascript",
    "/static/socketio.js": "text/javascript",
    "/static/test-socket-io.js": "text/javascript",
    "/static/test-fallback.js": "text/javascript",
}

PAGES = [path for path, kind in FILES.items() if kind == "text/html"]
BUILT = ["/headway.js", "/headway.mjs"]

STRANGE = [
    "/static",
    "/static/",
    "/static/landing.html",
    "/static/sign-in.html",
    "/sign-in/",
    "/Sign-in",
    "/static/../settings.py",
    "/static/..%2fsettings.py",
    "/static/%2e%2e/settings.py",
    "/static/....//settings.py",
    "/static//etc/passwd",
    "/static/landing.js/",
    "/static/landing.js%00.css",
    "/static/..%5csettings.py",
    "/static/%252e%252e/settings.py",
    "/STATIC/LANDING.JS",
    "/%2e%2e/pages.py",
    "/index.html",
    "/static/built/headway.js",
    "/static/headway.js",
    "/headway.js/",
    "/headway.js.map",
    "/test-socket-io",
]


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A server as people start it."""
    async with serving(Headway()) as address:
        yield address


async def raw_get(server: Address, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Ask for a path exactly as it is spelled: HTTP clients tidy up what this test is about."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", FILES)
async def test_each_file_is_served_with_strict_headers(server: Address, path: str) -> None:
    """A file has its own type, and headers that keep scripts, frames and referrers of others away."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(server.http(path))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(FILES[path])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", STRANGE)
async def test_no_other_path_leads_to_a_file(server: Address, path: str) -> None:
    """What is not in the table is not there, however it is spelled."""
    status, body = await raw_get(server, path)

    assert status == 404
    assert b'"code":"not_found"' in body


async def test_an_unchanged_file_is_not_sent_again(server: Address) -> None:
    """A browser that shows the ETag gets 304 and no body; another ETag gets the file."""
    async with httpx2.AsyncClient() as client:
        first = await client.get(server.http("/"))
        same = await client.get(server.http("/"), headers={"if-none-match": first.headers["etag"]})
        other = await client.get(server.http("/"), headers={"if-none-match": '"other"'})

    assert (same.status_code, same.content) == (304, b"")
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_file_is_only_read(server: Address) -> None:
    """HEAD has no body; every other method is refused in the one shape of errors."""
    async with httpx2.AsyncClient() as client:
        head = await client.head(server.http("/"))
        post = await client.post(server.http("/"))

    assert (head.status_code, head.content) == (200, b"")
    assert post.status_code == 405
    assert post.json()["error"]["code"] == "method_not_allowed"


async def test_the_pages_need_no_token() -> None:
    """With a secret the pages are still there: they are where a token or a password is asked for."""
    live = Headway(secret="a secret that is long enough for HS256, really")
    async with serving(live) as server, httpx2.AsyncClient() as client:
        answers = [await client.get(server.http(path)) for path in FILES]

    assert {answer.status_code for answer in answers} == {200}


async def test_no_page_holds_a_script_or_a_style_of_its_own(server: Address) -> None:
    """The policy would stop them: everything that runs or paints is a file."""
    async with httpx2.AsyncClient() as client:
        texts = [(await client.get(server.http(path))).text for path in PAGES]

    for page in texts:
        assert re.findall(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", page) == []


async def test_the_page_works_below_a_path_and_without_the_internet() -> None:
    """Everything the page names is relative to where it is mounted, and served from there."""
    async with serving(Headway(), Kind.MOUNTED) as server, httpx2.AsyncClient() as client:
        answered = [await client.get(server.http(path)) for path in PAGES]
        named = [name for page in answered for name in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
        answers = [await client.get(server.http(f"/{name}")) for name in named]

    assert [name for name in named if name.startswith(("/", "http"))] == []
    assert [answer.status_code for answer in answers] == [200] * len(named)


@pytest.mark.parametrize("path", FILES)
async def test_pages_of_other_origins_may_load_the_client_and_nothing_else(server: Address, path: str) -> None:
    """The built client is for every page; whatever else there is stays with its own origin."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(server.http(path))

    policy = answer.headers.get_list("cross-origin-resource-policy")
    assert policy == ["cross-origin" if path in BUILT else "same-origin"]


@pytest.mark.parametrize("path", BUILT)
async def test_a_client_that_was_not_built_is_said_to_be_missing(tmp_path: Path, path: str) -> None:
    """Its path is known, and the error says what builds it."""
    with pytest.raises(HeadwayError, match="run `make setup`") as raised:
        pages.find("GET", path, tmp_path)

    assert raised.value.code is Code.NOT_FOUND


async def test_a_file_of_ours_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    """Only what is built may be absent."""
    with pytest.raises(FileNotFoundError):
        pages.find("GET", "/static/page.js", tmp_path)
