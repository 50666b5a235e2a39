"""The applications that the demo has the monitor watch: a small web server, for this machine alone, on a free port.

    /shop  /account  /staff     fine                    /search       slow
    /payments/health            a page of JSON          /warehouse    fails every now and then
    /account/login              a form that leads to /account/home    /mail         down as long as `mail_down` says so
    /staff/login                a form that takes nobody's password

They are what is looked at, never who looks: nothing here tells the monitor anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Final

from aiohttp import web

__all__ = ["USERNAME", "Sites", "serving"]

USERNAME: Final = "probe"
"""Who may sign in."""

_HOST: Final = "127.0.0.1"
_FAILS: Final = 0.2
"""Of the answers of what fails every now and then: two at a stretch, which is an incident, every other minute."""
_USUAL: Final = (0.03, 0.2)
"""Seconds of an answer, from and to."""
_SLOW: Final = (0.7, 1.4)
_SIGNING_IN: Final = (0.5, 1.2)
_CLOSING: Final = 0.5
"""Seconds for what is under way at the end. Nobody waits for it."""
_SESSION: Final = "session"

_PAGE: Final = "<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{body}</html>"
_FORM: Final = (
    "{said}<form method=post><label>User <input name=user id=user></label> "
    "<label>Password <input name=password id=password type=password></label> <button id=go>Sign in</button></form>"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sites:
    """All of them. `serving` knows where."""

    def __init__(self, password: str, random: Random, pace: float) -> None:
        """`pace` is how long a second takes."""
        self.port = 0
        self.mail_down = False
        self._password = password
        self._random = random
        self._pace = pace
        self._sessions: set[str] = set()

    @property
    def url(self) -> str:
        """Where they are found."""
        return f"http://{_HOST}:{self.port}"

    def application(self) -> web.Application:
        """What is served."""
        made = web.Application()
        for path, handler in {
            "/shop": self._page("The shop", "Your basket is empty."),
            "/account": self._page("Your account", "Sign in to see it."),
            "/staff": self._page("For our staff", "Sign in to see it."),
            "/search": self._page("Search", "Everything we have.", _SLOW),
            "/payments/health": self._payments,
            "/warehouse": self._warehouse,
            "/mail": self._mail,
            "/account/home": self._home,
        }.items():
            made.router.add_get(path, handler)
        for path in ("/account/login", "/staff/login"):
            made.router.add_get(path, self._form)
            made.router.add_post(path, self._sign_in)
        return made

    async def _after(self, span: tuple[float, float] = _USUAL) -> None:
        await asyncio.sleep(self._random.uniform(*span) * self._pace)

    def _page(self, title: str, text: str, span: tuple[float, float] = _USUAL) -> Handler:
        async def page(request: web.Request) -> web.Response:
            await self._after(span)
            return _html(title, f"<p>{text}</p>")

        return page

    async def _payments(self, request: web.Request) -> web.Response:
        await self._after()
        queue = self._random.randrange(20)
        return web.json_response({"status": "UP", "database": {"connected": True}, "queue": queue})

    async def _warehouse(self, request: web.Request) -> web.Response:
        await self._after()
        if self._random.random() < _FAILS:
            return _html("Out of memory", "<p>Try again.</p>", 500)
        return _html("The warehouse", "<p>All shelves are where they were.</p>")

    async def _mail(self, request: web.Request) -> web.Response:
        await self._after()
        if self.mail_down:
            return _html("Mail is being repaired", "<p>Come back later.</p>", 503)
        return _html("Mail", "<p>Nothing waits.</p>")

    async def _form(self, request: web.Request) -> web.Response:
        await self._after(_SIGNING_IN)
        return _html("Sign in", _FORM.format(said=""))

    async def _sign_in(self, request: web.Request) -> web.Response:
        await self._after(_SIGNING_IN)
        sent = await request.post()
        password = sent.get("password")
        known = isinstance(password, str) and secrets.compare_digest(password.encode(), self._password.encode())
        if request.path != "/account/login" or sent.get("user") != USERNAME or not known:
            return _html("Sign in", _FORM.format(said="<p>Wrong user name or password.</p>"))
        self._sessions = {secrets.token_urlsafe(12)}  # one is enough, and nothing gathers
        moved = web.Response(status=303, headers={"Location": "/account/home"})
        moved.set_cookie(_SESSION, next(iter(self._sessions)), httponly=True, samesite="Lax")
        return moved

    async def _home(self, request: web.Request) -> web.Response:
        if request.cookies.get(_SESSION) not in self._sessions:
            return _html("Sign in first", "", 403)
        return _html("Welcome", f"<p id=welcome>Welcome, {USERNAME}</p>")


@contextlib.asynccontextmanager
async def serving(sites: Sites) -> AsyncIterator[None]:
    """Serve them as long as the block lasts."""
    runner = web.AppRunner(sites.application(), access_log=None, shutdown_timeout=_CLOSING)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, 0).start()
        sites.port = runner.addresses[0][1]
        yield
    finally:
        await runner.cleanup()


def _html(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(text=_PAGE.format(title=title, body=body), status=status, content_type="text/html")
