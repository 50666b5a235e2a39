"""The machine and the versions the figures came from. No host names, no paths."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from bench import nchan
from bench.places import BUILD, LOAD_CORE, NODE_MODULES, SERVER_CORE, beside_python
from bench.processes import Unavailable


def describe() -> dict[str, str]:
    """Label and value, in the order the report shows them."""
    return {
        "Date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "Processor": _processor(),
        "Cores": f"{os.cpu_count()}; server on core {SERVER_CORE}, load on core {LOAD_CORE}",
        "Kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "Data folder": _file_system(),
        "Compiler": _first_line("cc", "--version"),
        "Python": f"{platform.python_version()}, "
        + _packages("headway", "uvicorn", "uvloop", "httptools", "python-socketio"),
        "Node": _node(),
        "Nchan": _nchan(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system() -> str:
    said = subprocess.run(["df", "--output=fstype", str(BUILD)], capture_output=True, text=True, check=False)
    return f"on {(said.stdout.split() or ['an unknown file system'])[-1]}"


def _first_line(program: str, option: str) -> str:
    found = beside_python(program)
    if found is None:
        return "none"
    said = subprocess.run([found, option], capture_output=True, text=True, check=False)
    return (said.stdout.splitlines() or ["silent"])[0]


def _packages(*names: str) -> str:
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def _node() -> str:
    versions = [_first_line(shutil.which("node") or "node", "--version")]
    for package in ("ws", "socket.io"):
        manifest = NODE_MODULES / package / "package.json"
        if manifest.exists():
            versions.append(f"{package} {json.loads(manifest.read_text())['version']}")
    return ", ".join(versions)


def _nchan() -> str:
    try:
        return nchan.version()
    except Unavailable:
        return "none"
