"""What several commands have: their look, and some of their options."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from headway.access.identity import Role

__all__ = ["DEFAULT_URL", "Channel", "Publish", "Read", "RoleOption", "Token", "Url", "commands"]

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
RoleOption = Annotated[
    Role, typer.Option("--role", help="What they may do beside: operators control work, admins see everything.")
]
Read = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="PATTERN",
        help="Channels they may read, such as run:*; may be repeated. Else: every channel.",
        show_default=False,
    ),
]
Publish = Annotated[
    list[str] | None,
    typer.Option(
        "--publish",
        metavar="PATTERN",
        help="Channels they may publish to; may be repeated. Else: none.",
        show_default=False,
    ),
]


def commands(help: str) -> typer.Typer:
    """Commands under one name, as all of ours look."""
    return typer.Typer(
        help=help,
        add_completion=False,
        no_args_is_help=True,
        # Plain text: it is quick, it can be copied, and it reads the same in a log.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
