"""`headway publish`: one event, stored once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any

import msgspec
import typer

from headway.cli.connection import Narrator
from headway.cli.options import DEFAULT_URL, Channel, Token, Url
from headway.cli.output import note
from headway.client import Carrier, Unreachable, connect
from headway.errors import UsageError
from headway.positions import Position

__all__ = ["publish"]


def publish(
    channel: Channel,
    type: Annotated[
        str, typer.Argument(metavar="TYPE", help="What happened, such as progress or step_done.", show_default=False)
    ],
    data: Annotated[
        str, typer.Argument(metavar="JSON|-", help="The event's data, a JSON object; - reads it from stdin.")
    ] = "{}",
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Newer events of a key supersede older ones: progress has a key, milestones have none.",
            show_default=False,
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Publishing twice with one key stores the event once. Made anew for each call unless given.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to keep trying.")] = 30.0,
) -> None:
    """Publish one event, and print its position.

    Where the server cannot be reached it is tried again, safely: an idempotency key makes sure that the event is
    stored once.

    \b
    headway publish run:7 progress '{"percent": 40}' --key progress
    """
    decoded = _decoded(sys.stdin.read() if data == "-" else data)
    # One request is all it takes.
    client = connect(url, token=token, transports=[Carrier.POLLING], on_change=Narrator(url, note))

    async def publishing() -> Position:
        async with client:
            return await client.publish(
                channel, type, decoded, key=key, idempotency_key=idempotency_key, patience=timeout
            )

    try:
        position = asyncio.run(publishing())
    except Unreachable as error:
        error.message += (
            "; to try again without any risk of storing it twice, "
            f"add --idempotency-key {error.details['idempotency_key']}"
        )
        raise
    print(position, flush=True)


def _decoded(text: str) -> dict[str, Any]:  # Any: JSON values
    """The data. Raises `UsageError`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise UsageError(f"the data is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError("the data is a JSON object, such as '{\"percent\": 40}'")
    return value
