"""`headway demo`: a server with a life of its own, to look at and to try things on. Nothing of it is left."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import webbrowser
from typing import Annotated, Any, Final

import typer

import headway
from headway.cli import flags, logs
from headway.cli.options import DEFAULT_URL
from headway.cli.serve import require_address
from headway.demo import show
from headway.demo.scenes import SCENES
from headway.server.settings import Settings

__all__ = ["demo"]

_INDENT: Final = " " * 10
_WIDTH: Final = 76
_GLUE: Final = "\N{NO-BREAK SPACE}"


@flags.taking(Settings, only=("host", "port", "secret", "insecure"))
def demo(
    open: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    **given: Any,  # Any: values of settings
) -> None:
    """Run a server with live work of every kind, to look at. Ctrl-C stops it, and nothing is left.

    Its data is in a temporary folder. Beyond this machine it wants a secret, as `headway serve` does.
    """
    settings = flags.settings_from(Settings, {"log_level": "error", **given})
    logs.set_up(sys.stderr, settings.log_format, settings.log_level, settings.secrets_in_use())
    require_address(settings.host, settings.port)

    def started(url: str, settings: Settings) -> None:
        print(_welcome(url, settings), flush=True)
        if open:
            # Some browsers keep whoever opens them waiting.
            threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()

    show.run(settings, started)


def _welcome(url: str, settings: Settings) -> str:
    access = "open to everybody" if settings.open else "with a token, signed by the secret"
    if not sys.stdout.isatty():
        return f"headway {headway.__version__} demo, data: temporary, access: {access}, listening on {url}"
    bold, plain = ("\033[1m", "\033[0m") if "NO_COLOR" not in os.environ else ("", "")
    option = "" if url == DEFAULT_URL else f" --url {url}"
    token = (
        "" if settings.open else "  access  with a token: headway token --user you --publish '*' --role operator …\n"
    )
    return (
        f"\n  {bold}The demo of Headway {headway.__version__} runs at {url}{plain}\n\n"
        f"  see     {_shows()}\n"
        f"  try     headway watch tasks{option}\n"
        f"          headway watch processing{option}\n"
        f"{token}"
        f"  data    in a temporary folder, which is gone afterwards\n"
        f"  stop    Ctrl-C\n"
    )


def _shows() -> str:
    """What can be seen, in lines of which none breaks within a scene's few words."""
    words = " ".join(f"{scene.SHOWS} ·".replace(" ", _GLUE) for scene in SCENES).removesuffix(f"{_GLUE}·")
    lines = textwrap.fill(words, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return lines.strip().replace(_GLUE, " ")
