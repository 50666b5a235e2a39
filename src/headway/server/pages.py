"""The pages and what they load: the files of `static/` that stand in the table below, the dashboard, and nothing else.

    /sign-in, /test-….html, /static/…   as they stand in `static/`
    /headway.js, /headway.mjs           the TypeScript client as one file; pages of other origins may load it
    /, /tasks/{task}, /channels, …      the dashboard: one document, which looks at its own address
    /assets/…                           what the dashboard loads; a name changes with its content, so it is kept

A path is looked up in a table, never joined to a folder, so no spelling of `..` leads anywhere. The pages are for
everybody, token or not: they hold nothing but themselves, and whatever they ask for is checked where it is asked for.

The client and the dashboard are built, so a checkout may lack them. A build is read whole, once: a server that runs
goes on with the one it began with. Addresses in the dashboard's document are relative, since Headway may be mounted
below a path that it does not know; for a page that lies deeper they are begun with `../`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from headway.codes import Code
from headway.errors import HeadwayError
from headway.transports.requests import Scope, Send, answer, header

__all__ = ["PAGES", "Page", "find", "serve"]

_HTML: Final = b"text/html; charset=utf-8"
_CSS: Final = b"text/css; charset=utf-8"
_JAVASCRIPT: Final = b"text/javascript; charset=utf-8"
_SVG: Final = b"image/svg+xml"
_FILES: Final[Mapping[str, tuple[str, bytes]]] = {
    "/sign-in": ("sign-in.html", _HTML),
    "/test-socket-io.html": ("test-socket-io.html", _HTML),
    "/test-websocket-fallback-simulation.html": ("test-websocket-fallback-simulation.html", _HTML),
    "/headway.js": ("built/headway.js", _JAVASCRIPT),
    "/headway.mjs": ("built/headway.mjs", _JAVASCRIPT),
    "/static/pages.css": ("pages.css", _CSS),
    "/static/page.js": ("page.js", _JAVASCRIPT),
    "/static/sign-in.js": ("sign-in.js", _JAVASCRIPT),
    "/static/trials.css": ("trials.css", _CSS),
    "/static/trials.js": ("trials.js", _JAVASCRIPT),
    "/static/network.js": ("network.js", _JAVASCRIPT),
    "/static/socketio.js": ("socketio.js", _JAVASCRIPT),
    "/static/test-socket-io.js": ("test-socket-io.js", _JAVASCRIPT),
    "/static/test-fallback.js": ("test-fallback.js", _JAVASCRIPT),
    "/static/headway.svg": ("headway.svg", _SVG),
}
"""Every path of a file: its file and its content type."""

PAGES: Final = (
    "/",
    "/tasks",
    "/tasks/{task}",
    "/channels",
    "/channels/{channel}",
    "/imports",
    "/imports/new",
    "/imports/targets",
    "/imports/runs/{run}",
    "/monitor",
    "/monitor/new",
    "/monitor/applications/{application}",
    "/monitor/runs",
    "/monitor/runs/{run}",
    "/monitor/settings",
    "/status",
    "/connections",
    "/diagnostics",
    "/settings",
)
"""The pages of the dashboard. The same table, with what they show, is in dashboard/src/pages/table.ts."""

_BUILT: Final = "built/"
_STATIC: Final = Path(__file__).parent / "static"
_DASHBOARD: Final = Path("built", "dashboard")
_ASSETS: Final = "/assets/"
_KINDS: Final[Mapping[str, bytes]] = {".js": _JAVASCRIPT, ".css": _CSS, ".svg": _SVG}
_PACKED: Final = ".gz"
_NONCE: Final = b"HEADWAY_NONCE"
"""Stands in the dashboard's document where each answer has a nonce of its own."""

_RULES: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    # Text that came over the wire can become text nodes only: the browser refuses every other way.
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
# These names never change, so a browser asks each time whether the content did.
_ASK_AGAIN: Final = (b"cache-control", b"no-cache")
_KEEP: Final = (b"cache-control", b"public, max-age=31536000, immutable")


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent."""

    body: bytes
    content_type: bytes
    etag: str
    everywhere: bool = False
    """Whether pages of other origins may load it."""
    packed: bytes | None = None
    """The same, compressed with gzip. Its name changes with its content."""
    document: bool = False
    """The dashboard's: each answer is another one."""


def find(method: str, path: str, folder: Path = _STATIC) -> Page | None:
    """The file at a percent-encoded path; None where there is none. Raises `HeadwayError` on a wrong method, and where
    a file was not built.
    """
    shown, asset = _PAGES.fullmatch(path) is not None, path.startswith(_ASSETS)
    if path not in _FILES and not shown and not asset:
        return None
    if not shown and asset and path not in _dashboard(folder):
        return None
    if method not in ("GET", "HEAD"):
        raise HeadwayError(
            f"{path} takes GET, HEAD, not {method}", code=Code.METHOD, details={"allow": ["GET", "HEAD"]}
        )
    if shown:
        return _document(_dashboard(folder)["/"], path)
    return _dashboard(folder)[path] if asset else _page(path, folder)


async def serve(page: Page, scope: Scope, send: Send, *, new_nonce: Callable[[], str] = secrets.token_urlsafe) -> None:
    """Answer with the file, or with 304 to a browser that has it."""
    policy = b"cross-origin" if page.everywhere else b"same-origin"
    headers = [*_HEADERS, (b"cross-origin-resource-policy", policy)]
    if page.document:
        nonce = new_nonce()
        headers += [_ASK_AGAIN, _policy(style=f"'self' 'nonce-{nonce}'", types="default")]
        await answer(send, 200, page.body.replace(_NONCE, nonce.encode()), headers, page.content_type)
        return
    headers += [_policy(), (b"etag", page.etag.encode()), _ASK_AGAIN if page.packed is None else _KEEP]
    if header(scope, b"if-none-match") == page.etag:
        await answer(send, 304, b"", headers)
    elif page.packed is not None:
        unpacks = "gzip" in (header(scope, b"accept-encoding") or "")
        headers += [(b"vary", b"accept-encoding"), *([(b"content-encoding", b"gzip")] if unpacks else [])]
        await answer(send, 200, page.packed if unpacks else page.body, headers, page.content_type)
    else:
        await answer(send, 200, page.body, headers, page.content_type)


def _policy(style: str = "'self'", types: str = "'none'") -> tuple[bytes, bytes]:
    """The dashboard's component library writes style elements, by a nonce; the one policy for trusted types that it may
    make lets text without markup pass (dashboard/src/trusted.ts)."""
    rules = {**_RULES, "style-src": style, "trusted-types": types}
    return b"content-security-policy", "; ".join(f"{name} {value}" for name, value in rules.items()).encode()


def _pattern(template: str) -> str:
    return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))


_PAGES: Final = re.compile("|".join(_pattern(template) for template in PAGES))


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
        raise _not_built(path) from None
    return Page(body, content_type, _etag(body), everywhere=built)


@cache
def _dashboard(folder: Path) -> Mapping[str, Page]:
    """The dashboard's document, at `/`, and what it loads. Half a megabyte, read once."""
    built = folder / _DASHBOARD
    try:
        body = (built / "index.html").read_bytes()
    except FileNotFoundError:
        raise _not_built("the dashboard") from None
    found = {"/": Page(body, _HTML, _etag(body), document=True)}
    for file in sorted((built / "assets").iterdir()):
        content_type = _KINDS.get(file.suffix)
        if content_type is not None:
            body, packed = file.read_bytes(), file.with_name(file.name + _PACKED).read_bytes()
            found[_ASSETS + file.name] = Page(body, content_type, _etag(body), packed=packed)
    return found


def _document(page: Page, path: str) -> Page:
    """The document for a page at this path: what it names lies above it."""
    above = b'"' + b"../" * (path.count("/") - 1)
    body = page.body.replace(b'"./', above + (b"./" if above == b'"' else b""))
    return Page(body, page.content_type, page.etag, document=True)


def _not_built(what: str) -> HeadwayError:
    return HeadwayError(
        f"{what} was not built; run `make setup` in the checkout and start the server again", code=Code.NOT_FOUND
    )


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'
