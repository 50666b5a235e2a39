"""Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.

python scripts/docs.py            write them
python scripts/docs.py --check    fail if one of them is not what the code says now
"""

import ast
import inspect
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from headway.codes import Close, Code
from headway.limits import Limits, Retention
from headway.server.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
MADE = "<!-- Made by `make docs`. Do not edit. -->"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` compare them. Returns the exit code."""
    stale = []
    for name, page in PAGES.items():
        file, text = REFERENCE / name, page()
        if "--check" not in arguments:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            stale.append(file.relative_to(ROOT))
    for path in stale:
        print(f"docs: {path} is not what the code says; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def codes_page() -> str:
    """The two tables of `headway.codes`."""
    closes = [(str(close.code), close.name, close.meaning, close.advice.value) for close in Close]
    codes = [(code.spelling, str(code.status), code.meaning, "yes" if code.retry else "no") for code in Code]
    return _page(
        "Codes",
        "A WebSocket closes with one of these codes. The advice says what a client does next: come back\n"
        "(`reconnect`), get a new token first (`renew`), or stay away because it would fail in the same way (`stop`).",
        _table(("code", "name", "meaning", "advice"), closes),
        "## Errors",
        "An error looks the same on every transport: `code` is one of these, and over HTTP it has this status.",
        _table(("code", "status", "meaning", "worth trying again"), codes),
    )


def layers_page() -> str:
    """The import contracts of pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    tower = next(contract for contract in contracts if contract.get("containers") == ["headway"])
    rows = [(str(number), _layer(line)) for number, line in enumerate(tower["layers"], 1)]
    others = [f"- {contract['name']}." for contract in contracts if contract is not tower]
    return _page(
        "Layers",
        "A package imports only what stands below it; neighbours on one line do not import each other. `make check`\n"
        "reports every import that breaks this. [Why](../explanation/layers.md).",
        _table(("", "packages and modules of `headway`"), rows),
        "Besides:",
        "\n".join(others),
    )


def settings_page() -> str:
    """The fields of `headway.server.settings.Settings`."""
    rows = [
        (_flag(name, field), f"`HEADWAY_{name.upper()}`", _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Of `headway serve`. A flag goes before the environment, and that before the default. Several origins are\n"
        "said by several flags, or as a JSON list in the environment. A secret is read from a file or from the\n"
        "environment, since other users of a machine can read a command line.",
        _table(("flag", "environment", "default", "meaning"), rows),
        "An embedded `Headway(…)` takes the same as arguments: `data`, `secret`, `origins`, `durable`, `recovery`,\n"
        "and `retention=Retention(events, seconds, bytes)`. Bounds that are no settings are [limits](limits.md).",
    )


def limits_page() -> str:
    """The bounds of `headway.limits`, each with the reason for its number."""
    return _page(
        "Limits",
        "Every bound of a server, with the reason for its number. `Headway(limits=Limits(…))` changes them for an\n"
        "embedded server. What a client asks beyond one is answered with an error of [codes](codes.md).",
        _table(("limit", "default", "why"), _bounds(Limits)),
        "## Retention",
        "How much of a channel the log keeps; whatever exceeds one of these is trimmed. Set by `--keep-events`,\n"
        "`--keep-seconds` and `--keep-bytes`, or `Headway(retention=Retention(…))`.",
        _table(("bound", "default", "why"), _bounds(Retention)),
    )


def _flag(name: str, field: FieldInfo) -> str:
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return f"`{flag}`, `--no-{flag[2:]}`"
    return f"`{flag}-file`" if field.annotation == SecretStr | None else f"`{flag}`"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, int | float) else (f"`{value}`" if value else "none")


def _bounds(bounds: type[Limits] | type[Retention]) -> list[tuple[str, str, str]]:
    why = _attribute_docstrings(bounds)
    return [(f"`{field.name}`", _number(field.default), why[field.name]) for field in fields(bounds)]


def _attribute_docstrings(of: type[object]) -> dict[str, str]:
    """The string below each attribute of a class, as one line."""
    body = ast.parse(inspect.getsource(of)).body[0]
    assert isinstance(body, ast.ClassDef)  # the source of a class
    found = {}
    for attribute, below in zip(body.body, body.body[1:], strict=False):
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _number(value: Any) -> str:  # Any: the default of a field
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:,g}" if value < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if value >= 10_000 else str(value)


def _layer(line: str) -> str:
    return " · ".join(f"`{name.strip(' ()')}`" for name in line.split("|"))


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((MADE, f"# {title}", *parts)) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Mapping[str, Callable[[], str]] = {
    "codes.md": codes_page,
    "layers.md": layers_page,
    "limits.md": limits_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
