"""Centrifugo, where the machine has it."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template

from bench.places import PEERS
from bench.processes import Launch, Unavailable


def centrifugo(port: int, folder: Path) -> Launch:
    """One process, memory engine, no history: the least work it can have. One CPU, since it is given one core."""
    configuration = folder / "config.json"
    configuration.write_text(Template((PEERS / "centrifugo.json.in").read_text()).substitute(port=port))
    return Launch([program(), "--config", str(configuration)], {"GOMAXPROCS": "1"})


def program() -> str:
    """Its path. Raises `Unavailable`."""
    installed = shutil.which("centrifugo")
    if installed is None:
        raise Unavailable("it is not installed on this machine")
    return installed
