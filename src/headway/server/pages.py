"""The landing page, the page to sign in, and what they load: the files of `static/` that stand in the table below, and
nothing else.

A path is looked up in the table, never joined to a folder, so no spelling of `..` leads anywhere. The pages are for
everybody, token or not: they hold nothing but themselves, and whatever they ask for is checked where it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from headway.codes import Code
from headway.errors import HeadwayError
from headway.transports.requests import Scope, Send, answer, header

__all__ = ["Page", "find", "serve"]

_HTML: Final = b"text/html; charset=utf-8"
_FILES: Final[Mapping[str, tuple[str, bytes]]] = {
    "/": ("landing.html", _HTML),
    "/sign-in": ("sign-in.html", _HTML),
    "/static/landing.css": ("landing.css", b"text/css; charset=utf-8"),
    "/static/landing.js": ("landing.js", b"text/javascript; charset=utf-8"),
    "/static/page.js": ("page.js", b"text/javascript; charset=utf-8"),
    "/static/sign-in.js": ("sign-in.js", b"text/javascript; charset=utf-8"),
    "/static/headway.svg": ("headway.svg", b"image/svg+xml"),
}
"""Every path there is: its file and its content type."""

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
    (b"cross-origin-resource-policy", b"same-origin"),
    # The names never change, so a browser asks each time whether the content did.
    (b"cache-control", b"no-cache"),
]


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent."""

    body: bytes
    content_type: bytes
    etag: str


def find(method: str, path: str) -> Page | None:
    """The file at a percent-encoded path; None where there is none. Raises `HeadwayError` on a wrong method."""
    if path not in _FILES:
        return None
    if method not in ("GET", "HEAD"):
        raise HeadwayError(
            f"{path} takes GET, HEAD, not {method}", code=Code.METHOD, details={"allow": ["GET", "HEAD"]}
        )
    return _page(path)


async def serve(page: Page, scope: Scope, send: Send) -> None:
    """Answer with the file, or with 304 to a browser that has it."""
    headers = [*_HEADERS, (b"etag", page.etag.encode())]
    if header(scope, b"if-none-match") == page.etag:
        await answer(send, 304, b"", headers)
    else:
        await answer(send, 200, page.body, headers, page.content_type)


@cache
def _page(path: str) -> Page:
    """Read once in a process: some ten kilobytes, sooner done than handed to a thread."""
    name, content_type = _FILES[path]
    body = resources.files("headway.server").joinpath("static", name).read_bytes()
    return Page(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
