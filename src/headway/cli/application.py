"""The commands and the options that belong to none. Each command is a module, loaded only when it is called, so that
`headway --help` does not wait for a server to load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer

import headway
from headway.cli.options import commands
from headway.cli.output import complain, exit_of, sentence_of
from headway.errors import HeadwayError

__all__ = ["COMMANDS", "application", "run"]

COMMANDS: Final = {
    "serve": "Run a server. Ctrl-C stops it.",
    "demo": "Run a server with live work of every kind, to look at. Ctrl-C stops it, and nothing is left.",
    "publish": "Publish one event, and print its position.",
    "watch": "Print the events of a channel, live, as long as it takes.",
    "replay": "Play what a channel or task kept, as fast as you like.",
    "task": "List, show, run, pause, resume and cancel tasks.",
    "import": "Import the users of a CSV file into PingOne.",
    "check": "Test applications once; exits non-zero on a failure.",
    "worker": "Run jobs of a server in a process of its own. Ctrl-C gives them back.",
    "doctor": "Try every transport, and say what the network does.",
    "token": "Make a token or a share link, or explain a token.",
    "user": "Add, list and remove those who sign in with a password.",
    "pingone-sandbox": "Run a fake PingOne, to import into without an account. Ctrl-C stops it.",
}
"""Every command and its sentence; `headway.cli.<last word of its name>` has a function, or commands, of that word."""

_RESERVED: Final = {"import": "importing"}
"""Words that no module and no function can have as its name, and what they have instead."""

_ABOUT: Final = "Show people the live progress of long work, and never lose or repeat an update."


def run(given: Sequence[str]) -> int:
    """Run one command. Returns the exit code, or raises `SystemExit` with it."""
    try:
        chosen = next((word for word in given if not word.startswith("-")), None)
        application(chosen)(args=list(given), prog_name="headway")
    except HeadwayError as error:
        complain(sentence_of(error))
        return exit_of(error)
    return 0


def _load(name: str) -> Callable[..., Any] | typer.Typer:  # Any: typer takes functions of every shape
    """One command, or the commands under one name."""
    word = name.rpartition("-")[2]
    word = _RESERVED.get(word, word)
    command: Callable[..., Any] | typer.Typer = vars(import_module(f"headway.cli.{word}"))[word]
    return command


def application(chosen: str | None) -> typer.Typer:
    """All commands. Only the chosen one is loaded; of the others there is the name and the sentence."""
    app = commands(_ABOUT)
    app.callback()(_options)
    for name, sentence in COMMANDS.items():
        command = _load(name) if name == chosen else _absent
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, help=None if name == chosen else sentence)(command)
    return app


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
