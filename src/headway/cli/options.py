"""The options that several commands have."""

from __future__ import annotations

from typing import Annotated, Final

import typer

__all__ = ["DEFAULT_URL", "Channel", "Token", "Url"]

DEFAULT_URL: Final = "http://127.0.0.1:4000"

Channel = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="Name of the channel: 1 to 255 visible characters.", show_default=False)
]
Url = Annotated[str, typer.Option(metavar="URL", help="Address of the server.", envvar="HEADWAY_URL", show_envvar=True)]
Token = Annotated[
    str | None,
    typer.Option(
        metavar="TOKEN",
        help="Who you are. Safer in the environment: other users of this machine can read a command line.",
        envvar="HEADWAY_TOKEN",
        show_envvar=True,
        show_default=False,
    ),
]
