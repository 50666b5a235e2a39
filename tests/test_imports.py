"""What importing Headway costs, and that all of it can be imported."""

import pkgutil
import subprocess
import sys

import pytest

import headway

HEAVY = {"uvicorn", "starlette", "fastapi", "typer", "rich", "prometheus_client", "pydantic"}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(headway.__path__, "headway.", onerror=lambda name: None)
    if not module.name.endswith("__main__")
)


def run(program: str) -> str:
    """What `program` prints in a Python of its own, where nothing was imported before it and warnings are errors."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_import_headway_is_light() -> None:
    """`import headway` in a script loads no server, no web framework and no command line."""
    loaded = set(run("import sys, headway; print(*sys.modules)").split())

    assert loaded & HEAVY == set()


@pytest.mark.timeout(60)
def test_every_module_can_be_imported_first() -> None:
    """Whichever module of a package a program imports first, it loads: no circle depends on who was there before."""
    packages = sorted({name.split(".")[1] for name in MODULES})

    for package in packages:
        run(f"import headway.{package}")


def test_every_module_can_be_imported() -> None:
    """Every module loads without a warning."""
    run("import importlib\nfor name in " + repr(MODULES) + ":\n    importlib.import_module(name)")


def test_public_names_are_sorted_and_there() -> None:
    """`headway.__all__` is in alphabetical order, and each of its names exists."""
    names = list(getattr(headway, "__all__", []))

    assert names == sorted(names)
    assert [name for name in names if not hasattr(headway, name)] == []
