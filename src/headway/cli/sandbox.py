"""`headway pingone-sandbox`: a fake PingOne in a process of its own, so that it outlives whoever imports into it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from dataclasses import replace
from typing import Annotated, Final

import typer

from headway.errors import UsageError
from headway.sandbox.faults import Faults, faults_from, faults_spelled
from headway.sandbox.options import Options
from headway.sandbox.server import HOST, Sandbox

__all__ = ["sandbox"]

_PORT: Final = 4100
"""Beside a Headway, which has 4000."""


def sandbox(
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="Where it listens. 0: any.")] = _PORT,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Decides every id, secret and fault.")] = 1,
    latency: Annotated[
        float, typer.Option(metavar="MILLISECONDS", help="Median delay of a call; its spread is a fault.")
    ] = 0.0,
    faults: Annotated[
        str,
        typer.Option(
            metavar="NAME=NUMBER,…",
            help="What goes wrong, such as errors=3,dropped=1,lag=500,licence=1000: in percent of the calls, in "
            "milliseconds, in users.",
            show_default=False,
        ),
    ] = "",
    token_seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Life of a token.")] = 3600.0,
    rate: Annotated[
        float, typer.Option(metavar="NUMBER", help="Calls a second before it answers 429. 0: no limit.")
    ] = 0.0,
    burst: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="Calls at once. Else: those of one second.", show_default=False),
    ] = None,
    counts: Annotated[bool, typer.Option(help="Whether lists say how many there are.")] = True,
    existing_id: Annotated[
        bool, typer.Option(help="Whether a name that is taken is told with the id of who has it.")
    ] = True,
    email_required: Annotated[bool, typer.Option(help="Whether every user must have an email.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it is, and its credentials, as JSON.")] = False,
) -> None:
    """Run a fake PingOne on this machine, to import into without an account. Ctrl-C stops it, and nothing is left.

    It has two environments, one of each type, and the same ids and secrets whenever it has the same seed. Nobody but
    this machine reaches it. What it imitates, and how sure that is, is in docs/reference/pingone-sandbox.md.

    \b
    headway pingone-sandbox --faults errors=3,limited=1,dropped=1 --token-seconds 60
    """
    try:
        options = Options(
            seed=seed,
            token_seconds=token_seconds,
            rate=rate,
            burst=burst,
            counts=counts,
            existing_id=existing_id,
            email_required=email_required,
            faults=Faults(latency=latency),
        )
    except UsageError as error:
        # It begins with the field, which is a flag here.
        raise UsageError(f"--{str(error).replace('_', '-', 1)}") from None
    asyncio.run(_run(replace(options, faults=_faults(faults, options.faults)), port, as_json))


def _faults(text: str, before: Faults) -> Faults:
    try:
        return faults_from(faults_spelled(text), before)
    except UsageError as error:
        raise UsageError(f"--faults: {error}") from None


async def _run(options: Options, port: int, as_json: bool) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # not on Windows
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stop.set)
    try:
        async with Sandbox(options, port=port) as running:
            print(_told(running, as_json), flush=True)
            await stop.wait()
    except OSError as error:
        reason = error.strerror or "it cannot be listened on"
        raise UsageError(f"--port: {HOST}:{port} cannot be used ({reason.lower()}); choose another") from None


def _told(running: Sandbox, as_json: bool) -> str:
    """Where it is and who may come in. The secrets are its own: made from the seed, and good for nothing else."""
    told = {
        "api": running.api,
        "auth": running.auth,
        "environment": running.environment,
        "production": running.production,
        "applications": [
            {
                "name": application.name,
                "environment": application.environment,
                "client_id": application.client_id,
                "client_secret": application.secret,
                "method": application.method.value,
                "role": application.role.value,
            }
            for application in running.applications
        ],
    }
    if as_json:
        return json.dumps(told)
    first = running.applications[0]
    return (
        f"api            {running.api}\n"
        f"auth           {running.auth}\n"
        f"environment    {running.environment} (SANDBOX)\n"
        f"               {running.production} (PRODUCTION)\n"
        f"client id      {first.client_id}\n"
        f"client secret  {first.secret}\n"
        f"more           --json has the other applications; {running.auth}/__sandbox/state is what it holds"
    )
