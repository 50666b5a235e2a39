"""The pages, what they load, the built client and the dashboard, as a browser fetches them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from headway.codes import Code
from headway.errors import HeadwayError
from headway.server import pages
from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving

FILES = {
    "/sign-in": "text/html",
    "/test-socket-io.html": "text/html",
    "/test-websocket-fallback-simulation.html": "text/html",
    "/headway.js": "text/javascript",
    "/headway.mjs": "text/javascript",
    "/static/pages.css": "text/css",
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
    "/static/sign-in.html",
    "/sign-in/",
    "/Sign-in",
    "/static/../settings.py",
    "/static/..%2fsettings.py",
    "/static/%2e%2e/settings.py",
    "/static/....//settings.py",
    "/static//etc/passwd",
    "/static/page.js/",
    "/static/page.js%00.css",
    "/static/..%5csettings.py",
    "/static/%252e%252e/settings.py",
    "/STATIC/PAGE.JS",
    "/%2e%2e/pages.py",
    "/index.html",
    "/static/built/headway.js",
    "/static/headway.js",
    "/headway.js/",
    "/headway.js.map",
    "/test-socket-io",
    "/task",
    "/tasks/",
    "/tasks/7/",
    "/tasks/a/b",
    "/Channels",
    "/channels/",
    "/assets",
    "/assets/",
    "/assets/index.html",
    "/assets/../index.html",
    "/assets/..%2findex.html",
    "/assets/%2e%2e/index.html",
    "/assets//etc/passwd",
    "/static/built/dashboard/index.html",
]

DASHBOARD = ["/", "/tasks/7", "/channels", "/channels/a%2Fb", "/connections", "/diagnostics", "/settings"]
"""An address of each of its pages."""


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
        first = await client.get(server.http("/sign-in"))
        same = await client.get(server.http("/sign-in"), headers={"if-none-match": first.headers["etag"]})
        other = await client.get(server.http("/sign-in"), headers={"if-none-match": '"other"'})

    assert (same.status_code, same.content) == (304, b"")
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/channels/a"])
async def test_a_file_is_only_read(server: Address, path: str) -> None:
    """HEAD has no body; every other method is refused in the one shape of errors."""
    async with httpx2.AsyncClient() as client:
        head = await client.head(server.http(path))
        post = await client.post(server.http(path))

    assert (head.status_code, head.content) == (200, b"")
    assert post.status_code == 405
    assert post.json()["error"]["code"] == "method_not_allowed"


async def test_the_pages_need_no_token() -> None:
    """With a secret the pages are still there: they are where a token or a password is asked for."""
    live = Headway(secret="a secret that is long enough for HS256, really")
    async with serving(live) as server, httpx2.AsyncClient() as client:
        answers = [await client.get(server.http(path)) for path in [*FILES, *DASHBOARD]]

    assert {answer.status_code for answer in answers} == {200}


async def test_no_page_holds_a_script_or_a_style_of_its_own(server: Address) -> None:
    """The policy would stop them: everything that runs or paints is a file."""
    async with httpx2.AsyncClient() as client:
        texts = [(await client.get(server.http(path))).text for path in [*PAGES, *DASHBOARD]]

    for page in texts:
        assert re.findall(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", page) == []


async def test_the_pages_work_below_a_path_and_without_the_internet() -> None:
    """Everything a page names is relative to where it is mounted, and served from there."""
    async with serving(Headway(), Kind.MOUNTED) as server, httpx2.AsyncClient() as client:
        for path in [*PAGES, *DASHBOARD]:
            page = await client.get(server.http(path))
            named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            answers = [await client.get(urljoin(str(page.url), name)) for name in named]

            assert len(named) >= 3
            assert [name for name in named if name.startswith(("/", "http"))] == []
            assert [answer.status_code for answer in answers] == [200] * len(named), path


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


# The dashboard


@pytest.mark.parametrize("path", DASHBOARD)
async def test_each_page_of_the_dashboard_is_its_document(server: Address, path: str) -> None:
    """The document looks at its own address; its policy lets no script and no style in but the server's own, and
    styles by a nonce that is another one in each answer."""
    async with httpx2.AsyncClient() as client:
        answers = [await client.get(server.http(path)) for _ in range(2)]
    nonces = [re.findall(r'<meta property="csp-nonce" nonce="([^"]+)"', answer.text) for answer in answers]

    assert nonces[0] != nonces[1]
    for answer, (nonce,) in zip(answers, nonces, strict=True):
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert f"style-src 'self' 'nonce-{nonce}';" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert "HEADWAY_NONCE" not in answer.text
        assert len(nonce) >= 22


def names_of(server_static: Path) -> list[str]:
    """The assets of the build."""
    return [f"/assets/{file.name}" for file in (server_static / "built/dashboard/assets").iterdir()]


async def test_what_the_dashboard_loads_is_kept_for_ever_and_compressed(server: Address) -> None:
    """A name changes with its content, so nobody asks again; compressed for who takes that, and the same otherwise."""
    names = [name for name in names_of(Path(pages.__file__).parent / "static") if not name.endswith(".gz")]
    async with httpx2.AsyncClient() as client:
        for name in names:
            packed = await client.get(server.http(name))
            plain = await client.get(server.http(name), headers={"accept-encoding": "identity"})

            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert packed.headers["vary"] == "accept-encoding"
            assert "content-encoding" not in plain.headers
            assert packed.content == plain.content
            assert plain.headers["content-type"].startswith(("text/javascript", "text/css"))
            assert (await client.get(server.http(name + ".gz"))).status_code == 404

    assert len(names) > 5


async def test_a_dashboard_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    """A checkout may lack it: its pages say what makes it; once it is there it is served."""
    with pytest.raises(HeadwayError, match="run `make setup`") as raised:
        pages.find("GET", "/tasks/7", tmp_path)
    assert raised.value.code is Code.NOT_FOUND
    built = tmp_path / "built" / "dashboard" / "assets"
    built.mkdir(parents=True)
    (built.parent / "index.html").write_text('<script src="./assets/a.js" nonce="HEADWAY_NONCE"></script>')
    page = pages.find("GET", "/tasks/7", tmp_path)

    assert page is not None
    assert page.body == b'<script src="../assets/a.js" nonce="HEADWAY_NONCE"></script>'


def test_the_server_and_the_application_have_the_same_pages() -> None:
    """An address that one of them does not know would be a page that cannot be loaded anew."""
    table = Path(__file__).parents[2] / "dashboard" / "src" / "pages" / "table.ts"
    patterns = re.findall(r"pattern: '([^']+)'", table.read_text())

    assert sorted(re.sub(r"\{(\w+)\}", ":", page) for page in pages.PAGES) == sorted(
        re.sub(r":\w+", ":", pattern) for pattern in patterns
    )
