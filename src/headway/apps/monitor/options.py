"""What an operator decides about the monitor before it starts, beside what is watched.

A definition is written by whoever may change applications; what it may read of this server, and where it may connect
to, is said here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from headway.egress import Egress

__all__ = ["VARIABLES", "Options"]

VARIABLES: Final = ("HEADWAY_LOGIN_*", "HEADWAY_CHECK_*")
"""Patterns of the variables that a check or a login test may name."""
_FILE_BYTES: Final = 4096
"""Of a secret file: a token, not a document."""


@dataclass(frozen=True, slots=True)
class Options:
    """One monitor's."""

    file: Path | None = None
    """A YAML file of applications that is followed; None: they are managed over the API alone."""
    variables: tuple[str, ...] = VARIABLES
    secrets: Path | None = None
    """The folder of secret files; None: none is read."""
    browsers: int = 2
    """Browsers at once, for login tests."""
    egress: Egress = field(default_factory=Egress)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def secret(self, kind: str, name: str) -> str:
        """A secret that a check names. Raises `LookupError` with a sentence."""
        if kind == "env":
            if not any(fnmatchcase(name, pattern) for pattern in self.variables):
                raise LookupError(f"the variable {name} is none that checks may read: {', '.join(self.variables)}")
            if name not in self.environ:
                raise LookupError(f"the variable {name} is not set where the server runs")
            return self.environ[name]
        return self._file(name)

    def _file(self, name: str) -> str:
        if self.secrets is None:
            raise LookupError("this server has no folder of secret files")
        folder = self.secrets.resolve()
        file = (folder / name).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            raise LookupError(f"{name} is no file in the folder of secrets")
        with file.open("rb") as opened:
            return opened.read(_FILE_BYTES).decode("utf-8", "replace").rstrip("\r\n")
