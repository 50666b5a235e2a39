"""The commands and the options that belong to none. Each command is a module, loaded only when it is called, so that
`headway --help` does not wait for a server to load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer

import headway
from headway.cli.output import complain, exit_of, sentence_of
from headway.errors import HeadwayError

__all__ = ["COMMANDS", "run"]

COMMANDS: Final = {
    "serve": "Run a server. Ctrl-C stops it.",
    "publish": "Publish one event, and print its position.",
    "watch": "Print the events of a channel, live, for as long as it takes.",
}
"""Every command and its sentence; `headway.cli.<name>` has a function of the command's name."""

_ABOUT: Final = "Show people the live progress of long work, and never lose or repeat an update."


def run(given: Sequence[str]) -> int:
    """Run one command. Returns the exit code, or raises `SystemExit` with it."""
    try:
        _application(given)(args=list(given), prog_name="headway")
    except HeadwayError as error:
        complain(sentence_of(error))
        return exit_of(error)
    return 0


def _application(given: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        help=_ABOUT,
        add_completion=False,
        no_args_is_help=True,
        # Plain text: it is quick, it can be copied, and it reads the same in a log.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    chosen = next((word for word in given if not word.startswith("-")), None)
    for name, sentence in COMMANDS.items():
        app.command(name, help=None if name == chosen else sentence)(_command(name) if name == chosen else _absent)
    return app


def _command(name: str) -> Callable[..., Any]:  # Any: typer takes functions of every shape
    command: Callable[..., Any] = vars(import_module(f"headway.cli.{name}"))[name]
    return command


def _absent() -> None:
    """Stands in the list of commands for one that was not called."""


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"headway {headway.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""
