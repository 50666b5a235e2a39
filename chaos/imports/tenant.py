"""The PingOne of a trial: `headway pingone-sandbox` in a process of its own, which outlives the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2

from chaos.victim import end_with_us

__all__ = ["Tenant", "tenant"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Where it is, and who may come in."""

    told: dict[str, Any]  # Any: JSON

    @property
    def secret(self) -> str:
        """Of the application that imports."""
        return str(self.told["applications"][0]["client_secret"])

    def target(self) -> dict[str, Any]:  # Any: JSON
        """What the server is told of it."""
        application = self.told["applications"][0]
        return {
            "name": "Tenant on trial",
            "environment": self.told["environment"],
            "worker_environment": application["environment"],
            "client_id": application["client_id"],
            "secret": application["client_secret"],
            "api": self.told["api"],
            "auth": self.told["auth"],
            "rate": 1_000,
        }

    async def usernames(self) -> dict[str, dict[str, int]]:
        """Every username: how many users have it, and how many were ever created with it."""
        async with httpx2.AsyncClient() as http:
            page = f"{self.told['auth']}/__sandbox/usernames?environment={self.told['environment']}"
            return dict((await http.get(page)).json()["usernames"])


@contextlib.asynccontextmanager
async def tenant(faults: str, token_seconds: float) -> AsyncIterator[Tenant]:
    """A tenant with these faults."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headway", "pingone-sandbox", "--port", "0", "--json"),
        *("--faults", faults, "--token-seconds", str(token_seconds)),
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=end_with_us,
    )
    try:
        assert child.stdout is not None  # it is a pipe
        yield Tenant(json.loads(await child.stdout.readline()))
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.communicate()
