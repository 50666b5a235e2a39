"""`headway serve`: a server in the foreground. Its flags are the fields of `server.settings.Settings`.

When it listens it says so on stdout, with the port it really has: to people in a few lines, to programs in one that
ends in the URL. `--check` says so of the settings alone, before they are deployed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

import headway
from headway.cli import flags, logs
from headway.cli.options import DEFAULT_URL
from headway.cli.output import visible
from headway.clock import SystemClock
from headway.errors import UsageError
from headway.server.keysets import KeySource
from headway.server.serving import Server, live_from, run
from headway.server.settings import Settings
from headway.server.users import Users

__all__ = ["serve"]


@flags.taking(Settings)
def serve(
    check: Annotated[
        bool, typer.Option("--check", help="Say what is wrong with the settings, or that nothing is, and end.")
    ] = False,
    **given: Any,  # Any: values of settings
) -> None:
    """Run a server. Ctrl-C stops it.

    Each option may also stand in the environment, --keep-events as HEADWAY_KEEP_EVENTS, or in a file of settings, as
    keep_events. --secret-file is HEADWAY_SECRET_FILE; HEADWAY_SECRET is the secret itself. --data '' keeps events in
    memory only.
    """
    settings = flags.settings_from(Settings, given)
    logs.set_up(sys.stderr, settings.log_format, settings.log_level, settings.secrets_in_use())
    if check:
        live_from(settings)  # here: a module of jobs may not be imported within a loop
        asyncio.run(_check(settings))
        print(f"the settings are in order: {_summary(settings)}", flush=True)
        return
    require_address(settings.host, settings.port)

    def started(server: Server) -> None:
        print(_welcome(settings, server.port), flush=True)

    run(settings, started)


async def _check(settings: Settings) -> None:
    """Raise where what a server with these settings needs is not there. Touches neither port nor data: another server
    may be at work there, and be about to be replaced."""
    _users(settings)
    if settings.jwks is not None:
        source = KeySource(settings.jwks, SystemClock())
        try:
            await source.start()
        finally:
            await source.close()


def require_address(host: str, port: int) -> None:
    """Raise `UsageError` saying what to do where a server could not listen: uvicorn would only log the system's
    error."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(f"--host: this machine knows no address {host!r}; 127.0.0.1 is always there") from None
    family, kind, protocol, _, place = found[0]
    try:
        with socket.socket(family, kind, protocol) as probe:
            # As the server itself does, so that a restart need not wait for connections of before to be forgotten.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise UsageError(_unusable(error, host, port)) from None


def _unusable(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is taken by another program; choose one with --port, or --port 0 for any that is free"
        case errno.EACCES | errno.EPERM:
            return f"port {port} may not be used by this user; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"--host: {host} is no address of this machine; 127.0.0.1 is always there"
        case _:
            return f"{host} port {port} cannot be used: {error.strerror}"


def _welcome(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}"
    if not sys.stdout.isatty():
        return f"headway {headway.__version__}, {_summary(settings)}, listening on {url}"
    bold, plain = ("\033[1m", "\033[0m") if "NO_COLOR" not in os.environ else ("", "")
    option = "" if url == DEFAULT_URL else f" --url {url}"
    told = "".join(f"  {name:<7} {value}\n" for name, value in _facts(settings).items())
    return (
        f"\n  {bold}Headway {headway.__version__} is running at {url}{plain}\n\n"
        f"{told}"
        f"  try     headway watch demo{option}\n"
        f"          headway publish demo hello{option}\n"
        f"  stop    Ctrl-C\n"
    )


def _summary(settings: Settings) -> str:
    return ", ".join(f"{name}: {value}" for name, value in _facts(settings).items())


def _facts(settings: Settings) -> dict[str, str]:
    """What people may want to know of the settings, those that were left alone left out."""
    facts = {
        "data": "memory only" if settings.data is None else str(settings.data.resolve()),
        "access": _access(settings),
        "users": _users(settings),
        "jobs": ", ".join(sorted(settings.jobs)),
        "limits": " ".join(f"{name}={number}" for name, number in sorted(settings.limits.items())),
    }
    return {name: visible(value) for name, value in facts.items() if value}


def _access(settings: Settings) -> str:
    if settings.open:
        everybody = "on this machine" if settings.loopback else "who reaches it (--insecure)"
        return f"open to everybody {everybody}"
    signers = {
        "the secret": settings.secret is not None,
        "the one before it": settings.secret_previous is not None,
        f"the key set of {_place(settings.jwks or '')}": settings.jwks is not None,
    }
    return f"with a token, signed by {' or '.join(signer for signer, counts in signers.items() if counts)}"


def _place(jwks: str) -> str:
    """Of an address the host alone: what follows may be meant for nobody's eyes."""
    return urlsplit(jwks).hostname or jwks if "://" in jwks else jwks


def _users(settings: Settings) -> str:
    """How many sign in with a password. Raises `StorageError`."""
    count = len(Users(settings.users_file).names()) if settings.users_file is not None else 0
    if count == 0:
        return ""
    return str(count) if settings.secret is not None else f"{count}, who cannot sign in without a secret"
