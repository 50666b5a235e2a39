"""A small web application to sign in to, with everything that goes wrong on such pages."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from headway.browsers.faults import NoBrowser
from headway.browsers.finding import Programs, find

__all__ = ["PASSWORD", "USERNAME", "Site", "programs", "serving"]

USERNAME = "probe@example.org"
PASSWORD = 'pa"ss & wörd<1>'

_LOGIN = """<!doctype html><title>Sign in</title><h1>Sign in</h1>{message}
<form action="/login" method="post">
  <input type="hidden" name="csrf" value="{token}">
  <label for="user">User</label> <input id="user" name="user" autocomplete="off">
  <input id="password" name="password" type="password">
  <label><input type="checkbox" id="stay" name="stay"> Stay</label>
  <button type="submit" name="go" value="1">Sign in</button>
</form>"""

_PAGES = {
    "/slow": """<!doctype html><title>Slow</title><p id=first>Loading</p><script>
        setTimeout(() => { document.body.innerHTML += '<button id=late disabled>Late</button>'; }, 150);
        setTimeout(() => { document.querySelector('#late').disabled = false; document.body.dataset.ready = 'yes';
          document.querySelector('#late').onclick = () => { document.title = 'clicked'; }; }, 300);</script>""",
    "/fields": """<!doctype html><title>Fields</title>
        <style>#tip { display: none } #over:hover + #tip { display: block }</style>
        <input id=line value=old><select id=list><option value=a>Apple</option><option value=b>Pear</option></select>
        <input type=checkbox id=box><p id=over>Over</p><p id=tip>Tip</p><p id=hidden hidden>Hidden</p>
        <button>It's "here"</button><label>Town <input id=town></label>
        <div style="height: 4000px"></div><p id=end>End</p>""",
    "/alert": """<!doctype html><title>Alert</title>
        <button id=ask onclick="alert('Wrong password'); document.title = 'answered'">Ask</button>""",
    "/error": "<!doctype html><title>Error</title><script>console.error('it broke'); throw new Error('more')</script>",
    "/empty": "<!doctype html><title>Empty</title><p>Nothing here.</p>",
    "/secret": """<!doctype html><body style="margin: 0; background: white"><input type=password value=hush
        style="width: 600px; height: 300px; background: red"><p style="background: red; font-size: 100px">hush</p>""",
}


class Site:
    """The application, under an address of its own."""

    def __init__(self, server: ThreadingHTTPServer, ending: threading.Event) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.elsewhere = f"http://localhost:{server.server_address[1]}"
        self.ending = ending
        self.visited: list[str] = []
        self.tokens: set[str] = set()
        self.sessions: set[str] = set()

    def allows(self, url: str) -> bool:
        """Only itself, by its number."""
        return url.startswith(f"{self.url}/")


@contextlib.contextmanager
def serving() -> Iterator[Site]:
    """The application, until the end; whatever still waits for a page then is let go."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    site = Site(server, threading.Event())
    server.site = site  # type: ignore[attr-defined]  # the way to a handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="site")
    thread.start()
    try:
        yield site
    finally:
        site.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


def programs() -> Programs:
    """The machine's browser and driver, or the test is skipped."""
    try:
        return find()
    except NoBrowser as error:
        pytest.skip(str(error))


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        site.visited.append(path)
        if path == "/never":
            site.ending.wait()
        elif path == "/loop":
            self._answer(302, location="/loop")
        elif path == "/away":
            self._answer(302, location=f"{site.elsewhere}/empty")
        elif path == "/login":
            self._login()
        elif path == "/home":
            signed_in = self._cookie("session") in site.sessions
            self._answer(
                *(
                    (200, "<h1 id=welcome>Welcome, probe</h1><a id=out href=/login>Out</a>")
                    if signed_in
                    else (403, "No")
                )
            )
        elif path == "/huge":
            self._answer(200, "x" * 2_000_000)
        elif path in _PAGES:
            self._answer(200, _PAGES[path])
        else:
            self._answer(int(Path(path).name) if path.startswith("/status/") else 404, "There is nothing.")

    def do_POST(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode(), keep_blank_values=True)
        token = sent.get("csrf", [""])[0]
        if token not in site.tokens or token != self._cookie("csrf"):
            self._answer(400, "This form was not ours.")
        elif sent.get("user") == [USERNAME] and sent.get("password") == [PASSWORD]:
            session = secrets.token_hex(8)
            site.sessions.add(session)
            self._answer(303, location="/home", cookie=f"session={session}; HttpOnly; Path=/")
        else:
            self._login("<p class=error>Wrong user name or password.</p>")

    def _login(self, message: str = "") -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        token = secrets.token_hex(8)
        site.tokens.add(token)
        self._answer(200, _LOGIN.format(message=message, token=token), cookie=f"csrf={token}; Path=/")

    def _cookie(self, name: str) -> str:
        found = SimpleCookie(self.headers.get("cookie", "")).get(name)
        return found.value if found else ""

    def _answer(self, status: int, text: str = "", *, location: str = "", cookie: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        if location:
            self.send_header("location", location)
        if cookie:
            self.send_header("set-cookie", cookie)
        self.end_headers()
        # A browser that was killed reads nothing any more.
        with contextlib.suppress(OSError):
            self.wfile.write(body)
