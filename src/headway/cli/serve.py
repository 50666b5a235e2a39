"""`headway serve`: a server in the foreground. Its flags are the fields of `server.settings.Settings`.

When it listens it says so on stdout, with the port it really has: to people in a few lines, to programs in one that
ends in the URL.
"""

from __future__ import annotations

import errno
import inspect
import os
import socket
import sys
from typing import Any

import headway
from headway.cli import flags, logs
from headway.cli.options import DEFAULT_URL
from headway.errors import UsageError
from headway.server.serving import Server, run
from headway.server.settings import Settings

__all__ = ["serve"]


def serve(**given: Any) -> None:  # Any: one value a setting; the signature is set below
    """Run a server. Ctrl-C stops it.

    Each option may also stand in the environment: --keep-events as HEADWAY_KEEP_EVENTS, --secret-file as
    HEADWAY_SECRET, which is the secret itself. --data '' keeps events in memory only.
    """
    settings = flags.settings_from(Settings, given)
    logs.set_up(sys.stderr)
    require_address(settings.host, settings.port)

    def started(server: Server) -> None:
        print(_welcome(settings, server.port), flush=True)

    run(settings, started)


serve.__signature__ = inspect.Signature(flags.parameters(Settings))  # type: ignore[attr-defined]  # read by `inspect`


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
    data = "memory only" if settings.data is None else str(settings.data.resolve())
    if not sys.stdout.isatty():
        return f"headway {headway.__version__}, data: {data}, access: {_access(settings)}, listening on {url}"
    bold, plain = ("\033[1m", "\033[0m") if "NO_COLOR" not in os.environ else ("", "")
    option = "" if url == DEFAULT_URL else f" --url {url}"
    return (
        f"\n  {bold}Headway {headway.__version__} is running at {url}{plain}\n\n"
        f"  data    {data}\n"
        f"  access  {_access(settings)}\n"
        f"  try     headway watch demo{option}\n"
        f"          headway publish demo hello{option}\n"
        f"  stop    Ctrl-C\n"
    )


def _access(settings: Settings) -> str:
    if settings.secret is not None:
        return "with a token"
    return "open to everybody on this machine" if settings.loopback else "open to everybody who reaches it (--insecure)"
