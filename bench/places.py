"""Where the benchmark's files lie, and which cores its processes get."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
BUILD: Final = HERE / "build"
"""Everything built, downloaded or measured; git ignores it."""

PEERS: Final = HERE / "peers"
NODE_MODULES: Final = ROOT / "tests" / "peers" / "node_modules"
REPORT: Final = ROOT / "docs" / "benchmarks.md"

_CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = _CORES[0]
LOAD_CORE: Final = _CORES[1] if len(_CORES) > 1 else _CORES[0]


def beside_python(name: str) -> str | None:
    """The program of this name in the environment this Python belongs to, else on the path."""
    mine = Path(sys.executable).parent / name
    return str(mine) if mine.exists() else shutil.which(name)
