"""The landing page, the page to sign in, the two pages that test connections, what they load, and the client for other
pages: the files of `static/` that stand in the table below, and nothing else.

A path is looked up in the table, never joined to a folder, so no spelling of `..` leads anywhere. The pages are for
everybody, token or not: they hold nothing but themselves, and whatever they ask for is checked where it is asked for.

`/headway.js` and `/headway.mjs` are the TypeScript client as one file. They are built, so a checkout may lack them; and
pages of other origins may load them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from headway.codes import Code
from headway.errors import HeadwayError
from headway.transports.requests import Scope, Send, answer, header

__all__ = ["Page", "find", "serve"]

_HTML: Final = b"text/html; charset=utf-8"
_CSS: Final = b"text/css; charset=utf-8"
_JAVASCRIPT: Final = b"text/javascript; charset=utf-8"
_FILES: Final[Mapping[str, tuple[str, bytes]]] = {
    "/": ("landing.html", _HTML),
    "/sign-in": ("sign-in.html", _HTML),
    "/test-socket-io.html": ("test-socket-io.html", _HTML),
    "/test-websocket-fallback-simulation.html": ("test-websocket-fallback-simulation.html", _HTML),
    "/headway.js": ("built/headway.js", _JAVASCRIPT),
    "/headway.mjs": ("built/headway.mjs", _JAVASCRIPT),
    "/static/landing.css": ("landing.css", _CSS),
    "/static/landing.js": ("landing.js", _JAVASCRIPT),
    "/static/page.js": ("page.js", _JAVASCRIPT),
    "/static/sign-in.js": ("sign-in.js", _JAVASCRIPT),
    "/static/trials.css": ("trials.css", _CSS),
    "/static/trials.js": ("trials.js", _JAVASCRIPT),
    "/static/network.js": ("network.js", _JAVASCRIPT),
    "/static/socketio.js": ("socketio.js", _JAVASCRIPT),
    "/static/test-socket-io.js": ("test-socket-io.js", _JAVASCRIPT),
    "/static/test-fallback.js": ("test-fallback.js", _JAVASCRIPT),
    "/static/headway.svg": ("headway.svg", b"image/svg+xml"),
}
"""Every path there is: its file and its content type."""

_BUILT: Final = "built/"
_STATIC: Final = Path(__file__).parent / "static"

_CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # Text that came over the wire can become text nodes only: the browser refuses every other way.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
).encode()

_HEADERS: Final = [
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # The names never change, so a browser asks each time whether the content did.
    (b"cache-control", b"no-cache"),
]


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent."""

    body: bytes
    content_type: bytes
    etag: str
    everywhere: bool = False
    """Whether pages of other origins may load it."""


def find(method: str, path: str, folder: Path = _STATIC) -> Page | None:
    """The file at a percent-encoded path; None where there is none. Raises `HeadwayError` on a wrong method, and where
    a file was not built.
    """
    if path not in _FILES:
        return None
    if method not in ("GET", "HEAD"):
        raise HeadwayError(
            f"{path} takes GET, HEAD, not {method}", code=Code.METHOD, details={"allow": ["GET", "HEAD"]}
        )
    return _page(path, folder)


async def serve(page: Page, scope: Scope, send: Send) -> None:
    """Answer with the file, or with 304 to a browser that has it."""
    policy = b"cross-origin" if page.everywhere else b"same-origin"
    headers = [*_HEADERS, (b"cross-origin-resource-policy", policy), (b"etag", page.etag.encode())]
    if header(scope, b"if-none-match") == page.etag:
        await answer(send, 304, b"", headers)
    else:
        await answer(send, 200, page.body, headers, page.content_type)


@cache
def _page(path: str, folder: Path) -> Page:
    """Read once in a process: some ten kilobytes, sooner done than handed to a thread."""
    name, content_type = _FILES[path]
    built = name.startswith(_BUILT)
    try:
        body = (folder / name).read_bytes()
    except FileNotFoundError:
        if not built:
            raise
        raise HeadwayError(
            f"{path} was not built; run `make setup` in the checkout and start the server again", code=Code.NOT_FOUND
        ) from None
    return Page(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:24]}"', everywhere=built)
