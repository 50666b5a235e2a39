"""A sandbox and a client of it that knows nothing of PingOne but its wire.

async with standing(seed=7) as place:
    made = await place.add(username="ada")
    assert (await place.get(f"/users/{made.id}")).document["username"] == "ada"
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from headway.sandbox.access import Application
from headway.sandbox.server import Sandbox
from headway.testing.clock import FakeClock

__all__ = ["IMPORT", "JSON", "PASSWORD", "Got", "Place", "standing", "user_of"]

IMPORT = "application/vnd.pingidentity.user.import+json"
JSON = "application/json"
PASSWORD = "2Federate!today"


@dataclass(frozen=True, slots=True)
class Got:
    """An answer."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:  # Any: JSON values
        """The JSON object in it."""
        document: dict[str, Any] = json.loads(self.text)  # Any: as above
        return document

    @property
    def id(self) -> str:
        """Id of the thing in it."""
        return str(self.document["id"])

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Code and target of each detail of an error, in order."""
        return [(one["code"], one.get("target", "")) for one in self.document.get("details", [])]

    @property
    def usernames(self) -> list[str]:
        """Of the users on this page."""
        return [user["username"] for user in self.document["_embedded"]["users"]]

    @property
    def next(self) -> str | None:
        """Address of the next page."""
        address: str | None = self.document["_links"].get("next", {}).get("href")
        return address


class Place:
    """A sandbox with a session, and a token once there is one."""

    def __init__(self, sandbox: Sandbox, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.session = session
        self.token = ""

    @property
    def base(self) -> str:
        """Address of the environment of type SANDBOX."""
        return f"{self.sandbox.api}/environments/{self.sandbox.environment}"

    async def sign_in(self, application: Application | None = None) -> None:
        """Call with the token of an application from now on."""
        self.token = (await self.ask_token(application or self.sandbox.applications[0])).document["access_token"]

    async def ask_token(self, application: Application, **changed: str) -> Got:
        """Ask for a token as the application is told to, or with what is changed: id, secret, method, grant, where."""
        id, secret = changed.get("id", application.client_id), changed.get("secret", application.secret)
        form = {"grant_type": changed.get("grant", "client_credentials")}
        headers = {}
        if changed.get("method", application.method.value) == "CLIENT_SECRET_BASIC":
            headers["Authorization"] = aiohttp.encode_basic_auth(id, secret)
        else:
            form |= {"client_id": id, "client_secret": secret}
        address = f"{self.sandbox.auth}/{changed.get('where', application.environment)}/as/token"
        async with self.session.post(address, data=form, headers=headers) as response:
            return Got(response.status, await response.text(), response.headers)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        media: str = JSON,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Got:
        """Call a path below the environment, or any address. A body is sent as JSON, or as it is."""
        address = path if path.startswith("http") else f"{self.base}{path}"
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None or data is not None:
            data = json.dumps(body).encode() if data is None else data
            sent["Content-Type"] = media
        async with self.session.request(method, address, data=data, headers={**sent, **(headers or {})}) as response:
            return Got(response.status, await response.text(), response.headers)

    async def get(self, path: str, **query: str) -> Got:
        """Read a path below the environment, or any address."""
        address = path if path.startswith("http") else f"{self.base}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(address, params=query, headers=headers) as response:
            return Got(response.status, await response.text(), response.headers)

    async def add(self, **attributes: object) -> Got:
        """Import a user."""
        return await self.call("POST", "/users", user_of(**attributes), IMPORT)

    async def find(self, filter: str) -> list[str]:
        """Usernames of those that a filter finds."""
        return (await self.get("/users", filter=filter)).usernames


def user_of(**attributes: object) -> dict[str, object]:
    """A user that nothing is wrong with, with what is given; what is None is left out."""
    user = {"username": "ada", "email": "ada@example.com", **attributes}
    return {name: value for name, value in user.items() if value is not None}


@contextlib.asynccontextmanager
async def standing(**options: Any) -> AsyncIterator[Place]:  # Any: fields of Options
    """A sandbox whose time stands still, with a client that is signed in."""
    clock = FakeClock()
    async with Sandbox(clock=clock, **options) as sandbox, aiohttp.ClientSession() as session:
        place = Place(sandbox, clock, session)
        await place.sign_in()
        yield place
