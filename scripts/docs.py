"""Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.

python scripts/docs.py            write them
python scripts/docs.py --check    fail if one of them is not what the code says now
"""

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headway.codes import Close, Code

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


def _layer(line: str) -> str:
    return " · ".join(f"`{name.strip(' ()')}`" for name in line.split("|"))


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((MADE, f"# {title}", *parts)) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Mapping[str, Callable[[], str]] = {"codes.md": codes_page, "layers.md": layers_page}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
