"""The command line: parses and prints, and decides nothing. Everything else is asked to do the work."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

__all__ = ["main"]

_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code, or raises `SystemExit` with it."""
    try:
        # Here, because Ctrl-C may come while the command is still being loaded.
        from headway.cli.application import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
