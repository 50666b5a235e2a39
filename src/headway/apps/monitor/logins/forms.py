"""The light login test: fetch a page, fill its form in, send it, and judge what comes back. HTTP, and no browser.

Cookies are kept between the two, and so are the form's hidden fields: a token against forgery goes back as it came.
Nothing of a page is executed. Bounds: a megabyte a page, ten redirects, and the test's time for all of it. Every
address, of every redirect too, is asked about before it is fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from headway.apps.monitor.logins.credentials import Secrets
from headway.apps.monitor.logins.criteria import Evidence, Failure, judge
from headway.apps.monitor.logins.markup import Form, Markup, parsed, selector
from headway.apps.monitor.logins.model import LoginTest, Outcome, Result, StepResult, StepStatus
from headway.browsers.doing import Allowed, shown_url
from headway.browsers.faults import Fault
from headway.clock import Clock

__all__ = ["run"]

_PAGE_BYTES: Final = 1_000_000
"""Of one page. A login page has some 50 KB."""
_REDIRECTS_MOST: Final = 10
"""One after another. Single sign-on takes five or six; Chromium stops at 20."""
_MOVED: Final = (301, 302, 303, 307, 308)
_KEPT: Final = (307, 308)
"""The redirects that repeat the request as it was, instead of asking by GET (RFC 9110, 15.4)."""
_ASKS: Final = (401, 403)
_HEADERS: Final = {"user-agent": "Headway login test", "accept": "text/html,application/xhtml+xml"}


class _Failed(Exception):
    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    status: int
    markup: Markup


async def run(
    login: LoginTest,
    secrets: Secrets,
    *,
    allowed: Allowed,
    clock: Clock,
    proxy: str | None = None,
) -> Result:
    """Run a test that has no steps. Raises nothing but cancelling. `proxy` is the `host:port` of a `Gate`, which sees
    to it that no address is connected to but one that was judged."""
    visit = _Visit(login, secrets, allowed, clock)
    began = clock.monotonic()
    # No proxies of the environment: what is measured is the application.
    async with httpx2.AsyncClient(
        proxy=f"http://{proxy}" if proxy else None,
        headers=_HEADERS,
        timeout=login.timeout,
        follow_redirects=False,
        trust_env=False,
    ) as http:
        failure = await visit.verdict(http)
    outcome = Outcome.PASSED
    if failure is not None:
        outcome = Outcome.TIMEOUT if failure.fault is Fault.TIMEOUT else Outcome.FAILED
    return Result(
        outcome,
        secrets.mask(failure.message) if failure else "",
        clock.monotonic() - began,
        failure.fault if failure else None,
        url=secrets.mask(visit.url),
        steps=tuple(visit.steps),
    )


class _Visit:
    def __init__(self, login: LoginTest, secrets: Secrets, allowed: Allowed, clock: Clock) -> None:
        self._login = login
        self._secrets = secrets
        self._allowed = allowed
        self._clock = clock
        self.url = login.url
        self.steps: list[StepResult] = []

    async def verdict(self, http: httpx2.AsyncClient) -> Failure | None:
        try:
            self._understand()
            async with asyncio.timeout(self._login.timeout):
                page = await self._step(1, "navigate", f"navigate {shown_url(self._login.url)}", self._open(http))
                form = self._form(page)
                answer = await self._step(2, "submit", "fill in the form and send it", self._send(http, page, form))
                return self._judge(answer)
        except TimeoutError:
            return Failure(Fault.TIMEOUT, f"The login did not finish within {self._login.timeout:g} s.")
        except _Failed as error:
            return Failure(error.fault, str(error))

    def _understand(self) -> None:
        criteria = self._login.success_criteria
        if criteria.custom_validation is not None:
            raise _Failed(Fault.VALIDATION_FAILED, "customValidation needs a browser: give the login test steps.")
        try:
            for one in criteria.selectors:
                selector(one)
        except ValueError as error:
            raise _Failed(Fault.VALIDATION_FAILED, f"{error}, or give the login test steps.") from None

    async def _step(self, number: int, kind: str, description: str, work: Coroutine[Any, Any, _Page]) -> _Page:
        began = self._clock.monotonic()
        fault, message = None, ""
        try:
            return await work
        except _Failed as error:
            fault, message = error.fault, self._secrets.mask(str(error))
            raise
        except TimeoutError:
            fault, message = Fault.TIMEOUT, "the server did not answer in time"
            raise
        except asyncio.CancelledError:
            # Also how the test's own time ends what it waits for.
            fault, message = Fault.TIMEOUT, "this was under way when the time was over"
            raise
        finally:
            status = StepStatus.FAILED if fault else StepStatus.PASSED
            passed = self._clock.monotonic() - began
            self.steps.append(StepResult(number, kind, description, status, passed, fault=fault, message=message))

    async def _open(self, http: httpx2.AsyncClient) -> _Page:
        page = await self._fetch(http, "GET", self._login.url, None)
        if page.status >= 400 and page.status not in _ASKS:
            raise _Failed(Fault.NAVIGATION_FAILED, f"{shown_url(page.url)} answered with status {page.status}.")
        return page

    def _form(self, page: _Page) -> Form:
        wanted = self._login.form.password
        for form in page.markup.forms:
            names = {one.attributes.get("name") for one in form.fields}
            if wanted in names if wanted is not None else form.password is not None:
                return form
        what = f"a field {wanted}" if wanted is not None else "a password field"
        raise _Failed(Fault.ELEMENT_NOT_FOUND, f"{shown_url(page.url)} has no form with {what}.")

    async def _send(self, http: httpx2.AsyncClient, page: _Page, form: Form) -> _Page:
        fields, names = form.values(), self._login.form
        password, username = form.password, form.username()
        for name, found, value in (
            (names.username, username, self._secrets.username),
            (names.password, password, self._secrets.password),
        ):
            field = name or (found.attributes.get("name") if found else None)
            if not field:
                raise _Failed(Fault.ELEMENT_NOT_FOUND, "The form's fields have no names; name them under form.")
            fields[field] = value
        if form.method != "post":
            # A password in an address ends up in logs; a page that wants that is not a login page one can test so.
            raise _Failed(Fault.VALIDATION_FAILED, "The form is sent by GET, which puts the password into the address.")
        target = urljoin(urljoin(page.url, page.markup.base), form.action) if form.action else page.url
        return await self._fetch(http, "POST", target, fields)

    async def _fetch(self, http: httpx2.AsyncClient, method: str, url: str, data: dict[str, str] | None) -> _Page:
        for _ in range(_REDIRECTS_MOST + 1):
            self.url = url
            if urlsplit(url).scheme not in {"http", "https"} or not await asyncio.to_thread(self._allowed, url):
                raise _Failed(Fault.VALIDATION_FAILED, f"The address {shown_url(url)} must not be visited from here.")
            status, location, text = await _exchange(http, method, url, data)
            if status not in _MOVED or not location:
                return _Page(url, status, parsed(text))
            if status not in _KEPT:
                method, data = "GET", None
            url = self._next(url, location, data)
        raise _Failed(Fault.NAVIGATION_FAILED, f"{shown_url(url)} redirects more than {_REDIRECTS_MOST} times.")

    def _next(self, url: str, location: str, data: dict[str, str] | None) -> str:
        after = urljoin(url, location)
        if data is not None and urlsplit(after)[:2] != urlsplit(url)[:2]:
            raise _Failed(Fault.VALIDATION_FAILED, f"{shown_url(url)} would send the password on to another host.")
        return after

    def _judge(self, page: _Page) -> Failure | None:
        criteria = self._login.success_criteria
        if page.status >= 500:
            return Failure(Fault.NAVIGATION_FAILED, f"{shown_url(page.url)} answered with status {page.status}.")
        missing = tuple(one for one in criteria.selectors if not page.markup.shows(selector(one)))
        asks = page.markup.asks or page.status in _ASKS
        return judge(criteria, Evidence(page.url, page.markup.text, missing, asks=asks, sent=True))


async def _exchange(
    http: httpx2.AsyncClient, method: str, url: str, data: dict[str, str] | None
) -> tuple[int, str | None, str]:
    """One request: the status, where it leads to, and as much of the page as is read."""
    try:
        async with http.stream(method, url, data=data) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes(65_536):
                body += piece
                if len(body) > _PAGE_BYTES:
                    raise _Failed(Fault.NAVIGATION_FAILED, f"{shown_url(url)} is larger than {_PAGE_BYTES} bytes.")
            text = bytes(body).decode(answer.encoding or "utf-8", "replace")
            return answer.status_code, answer.headers.get("location"), text
    except httpx2.TimeoutException:
        raise TimeoutError from None
    except (httpx2.HTTPError, httpx2.InvalidURL, LookupError, OSError) as error:
        # Only its kind: a text of the client may hold what was sent.
        reason = type(error).__name__
        raise _Failed(Fault.NETWORK_ERROR, f"{shown_url(url)} could not be reached ({reason}).") from None
