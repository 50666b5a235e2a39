"""Centrifugo: from the path, or built by `go install` into the build folder where there is a Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from bench.places import BUILD, PEERS
from bench.processes import Launch, Unavailable

_SOURCE: Final = "github.com/centrifugal/centrifugo/v6@latest"
_BUILD_SECONDS: Final = 300


def centrifugo(port: int, folder: Path) -> Launch:
    """One process, memory engine, no history: the least work it can have. One CPU, since it is given one core."""
    configuration = folder / "config.json"
    configuration.write_text(Template((PEERS / "centrifugo.json.in").read_text()).substitute(port=port))
    return Launch([program(), "--config", str(configuration)], {"GOMAXPROCS": "1"})


@cache
def _built() -> str | Unavailable:
    """The program, or why there is none: asked once a run."""
    installed = shutil.which("centrifugo", path=f"{BUILD}{os.pathsep}{os.environ.get('PATH', '')}")
    if installed:
        return installed
    go = shutil.which("go")
    if go is None:
        return Unavailable("it is not installed, and there is no Go to build it with")
    environment = {**os.environ, "GOBIN": str(BUILD)}
    try:
        built = subprocess.run(
            [go, "install", _SOURCE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Unavailable(f"go install took longer than {_BUILD_SECONDS} s")
    if built.returncode != 0:
        return Unavailable(f"go install failed: {' '.join(built.stderr.split()) or 'no message'}")
    return str(BUILD / "centrifugo")


def program() -> str:
    """Its path. Raises `Unavailable`."""
    found = _built()
    if isinstance(found, Unavailable):
        raise found
    return found
