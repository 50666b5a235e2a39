"""`headway doctor`: what the network does to each transport, from where it is called.

The report goes to stdout: a table, findings with advice, a verdict; or with --json one document with stable names.
What is being looked at goes to stderr, on a terminal only. Exit codes of its own:

0    every transport that was tried is good
1    something is impaired, and the client works
2    nothing works, or the call is wrong
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import msgspec
import typer

import headway
from headway.cli.options import Token
from headway.client.doctor import Check, Report, document, examine

__all__ = ["doctor"]


def doctor(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="Address of the server, as its clients use it.",
            envvar="HEADWAY_URL",
            show_envvar=True,
            show_default=False,
        ),
    ],
    token: Token = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document instead of the report.")] = False,
    only: Annotated[
        list[Check] | None,
        typer.Option(
            help="Look at this alone; may be repeated. The way to the server and the server always are looked at.",
            show_default=False,
        ),
    ] = None,
    idle: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            help="Hold every transport open for so long without an event, to see who cuts it: 120 finds what proxies "
            "do. Else: one second, which finds only what dies at once.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Try every transport from here, force each fallback, and say what the network does and what to do about it.

    It takes some ten seconds. Where the token allows it, some twenty small events are published to a fresh channel
    whose name nobody can guess; elsewhere the first answer of each transport has to do, and the report says so.

    Exit codes: 0, all transports are good; 1, at least one is impaired, and the client works over the others; 2,
    nothing works, or the call is wrong.

    \b
    headway doctor https://live.example.org
    headway doctor https://live.example.org --idle 120
    headway doctor https://live.example.org --only websocket --json | jq .findings
    """
    with _steps() as on_step:
        report = asyncio.run(
            examine(
                url, token=token, only=frozenset(only or Check), idle=idle, version=headway.__version__, on_step=on_step
            )
        )
    if json:
        _print_json(document(report))
    else:
        _print(report)
    if report.verdict.exit:
        raise typer.Exit(report.verdict.exit)


def _steps() -> AbstractContextManager[Callable[[str], None]]:
    """Say what is being looked at, to people alone."""
    if not sys.stderr.isatty():
        return nullcontext(lambda step: None)
    # Here, because nobody else waits for it to load.
    from headway.cli.diagnosis import Steps

    return Steps()


def _print(report: Report) -> None:
    from headway.cli.diagnosis import show

    show(report)


def _print_json(fields: dict[str, Any]) -> None:  # Any: JSON values
    print(msgspec.json.format(msgspec.json.encode(fields)).decode(), flush=True)
