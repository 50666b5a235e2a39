"""Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.

python scripts/docs.py            write them
python scripts/docs.py --check    fail if one of them is not what the code says now
"""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from headway.cli import output
from headway.cli.application import COMMANDS, application
from headway.cli.flags import flag_of, variable_of
from headway.codes import Close, Code
from headway.limits import Limits, Retention
from headway.server.metrics import METRICS, PROCESS
from headway.server.settings import Settings
from headway.server.sources import secrets_of

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
        (_flag(name, field), f"`{variable_of(Settings, name)}`", _key(name), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Of `headway serve`. A flag goes before the environment, that before a file, and that before the default; of\n"
        "limits each one for itself. `headway serve --check` says what is wrong, or that nothing is, and ends.",
        _table(("flag", "environment", "in a file", "default", "meaning"), rows),
        "Several origins are said by several flags, `--origins A --origins B`, or as a list; in the environment\n"
        "between commas: `HEADWAY_ORIGINS='A, B'`. Empty is none.",
        "## A file",
        "TOML, named by `--config` or `HEADWAY_CONFIG`. A key that is no setting is an error. Paths are seen from the\n"
        "folder in which the server starts, as in a flag.",
        "```toml\n"
        'host = "0.0.0.0"\n'
        'data = "/var/lib/headway"\n'
        'secret_file = "/run/secrets/headway"\n'
        'origins = ["https://app.example.org"]\n'
        "\n"
        "[limits]\n"
        "message_bytes = 200_000\n"
        "```",
        "## Limits",
        "Every [limit](limits.md) can be set: `--limit message_bytes=200000`, as often as needed;\n"
        "`HEADWAY_LIMITS='{\"message_bytes\": 200000}'`; or in the table `[limits]` of a file.",
        "## Secrets",
        "Never on a command line, which other users of a machine can read. From a file that holds the secret alone\n"
        "(`--secret-file`, `HEADWAY_SECRET_FILE`, `secret_file` in a file of settings); from the environment\n"
        "(`HEADWAY_SECRET`); or as `secret` in a file of settings, if other users of the machine cannot read that. It\n"
        "has 32 bytes or more (beyond loopback it must); `openssl rand -base64 48` makes one. No secret stands in a\n"
        "log, an error or a figure.",
        "An embedded `Headway(…)` takes arguments instead: `data`, `secret`, `origins`, `durable`, `recovery`,\n"
        "`retention=Retention(events, seconds, bytes)` and `limits=Limits(…)`.",
    )


def cli_page() -> str:
    """Every command of `headway`, as it declares itself."""
    group = get_command(application(None))
    assert isinstance(group, TyperGroup)  # our application has several commands
    parts = []
    for name in COMMANDS:
        loaded = get_command(application(name))
        assert isinstance(loaded, TyperGroup)
        parts += _command_parts(f"headway {name}", loaded.commands[name])
    return _page(
        "Command line",
        "Each command says the same with `--help`. Results go to stdout, everything else to stderr.",
        *parts,
        "## Exit codes",
        _table(("code", "meaning"), _exit_codes()),
    )


def limits_page() -> str:
    """The bounds of `headway.limits`, each with the reason for its number."""
    return _page(
        "Limits",
        "Every bound of a server, with the reason for its number. Each can be [set](settings.md#limits):\n"
        "`--limit message_bytes=200000`, or `Headway(limits=Limits(…))` for an embedded server. What a client asks\n"
        "beyond one is answered with an error of [codes](codes.md).",
        _table(("limit", "default", "why"), _bounds(Limits)),
        "## Retention",
        "How much of a channel the log keeps; whatever exceeds one of these is trimmed. Set by `--keep-events`,\n"
        "`--keep-seconds` and `--keep-bytes`, or `Headway(retention=Retention(…))`.",
        _table(("bound", "default", "why"), _bounds(Retention)),
    )


def metrics_page() -> str:
    """The table of `headway.server.metrics`."""
    rows = [
        (f"`{metric.name}`", metric.kind.value, ", ".join(f"`{label}`" for label in metric.labels), metric.meaning)
        for metric in METRICS
    ]
    return _page(
        "Metrics",
        "What `GET /metrics` shows, as Prometheus text, or as OpenMetrics to who accepts that. It wants a token with\n"
        "the role operator. A label never holds a user, an address or a channel. [How to watch a\n"
        "server](../how-to/watch-the-server.md) says which of these to look at first.",
        _table(("metric", "kind", "labels", "meaning"), rows),
        "A counter grows from 0 at each start of the server. A histogram has `_bucket`, `_count` and `_sum`. What a\n"
        "log in memory does not have is not shown.",
        "## The process",
        "What every Prometheus client says of its process, on Linux.",
        _table(("metric", "meaning"), [(f"`{name}`", meaning) for name, meaning in PROCESS.items()]),
    )


def _flag(name: str, field: FieldInfo) -> str:
    flag = flag_of(name, field)
    return f"`{flag}`, `--no-{flag[2:]}`" if field.annotation is bool else f"`{flag}`"


def _key(name: str) -> str:
    if name == "config":
        return "–"
    if name in secrets_of(Settings):
        return f"`{name}_file`, `{name}`"
    return f"`[{name}]`" if name == "limits" else f"`{name}`"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, int | float) else (f"`{value}`" if value else "none")


def _command_parts(name: str, command: object) -> list[str]:
    """The section of a command, and those of the commands below it."""
    assert isinstance(command, TyperCommand | TyperGroup)  # typer makes no others
    about = _plain(command.help or "")
    if isinstance(command, TyperGroup):
        below = [part for each, one in command.commands.items() for part in _command_parts(f"{name} {each}", one)]
        return [f"## {name}", about, *below]
    level = "##" if name.count(" ") == 1 else "###"
    return [f"{level} {name}", *about.split("\n\n"), _table(("argument or option", "meaning"), _options(command))]


def _options(command: TyperCommand) -> list[tuple[str, str]]:
    rows = []
    for parameter in command.params:
        assert isinstance(parameter, TyperArgument | TyperOption)  # typer makes no others
        names = (
            [parameter.metavar or ""]
            if isinstance(parameter, TyperArgument)
            else [*parameter.opts, *parameter.secondary_opts]
        )
        value = f" {parameter.metavar}" if isinstance(parameter, TyperOption) and parameter.metavar else ""
        told = [f"`{each}{value}`".replace("|", "\\|") for each in names]
        rows.append((", ".join(told), _meaning(parameter)))
    return rows


def _meaning(parameter: TyperArgument | TyperOption) -> str:
    """The sentence of a parameter with its values and its default, as `--help` shows them."""
    meaning = parameter.help or ""
    if isinstance(parameter.default, Enum):
        words = ", ".join(f"`{each.value}`" for each in type(parameter.default))
        meaning += f" One of {words}; else `{parameter.default.value}`."
    elif parameter.show_default is not False and parameter.default not in (None, False):
        meaning += f" Else `{parameter.default}`."
    if parameter.envvar and parameter.show_envvar:
        meaning += f" In the environment: `{parameter.envvar}`."
    return meaning.replace("|", "\\|").replace("  [default: ", " [default: ")


def _plain(help: str) -> str:
    """A command's docstring: its paragraphs, and what stands behind `\\b` as it stands."""
    parts = []
    for paragraph in inspect.cleandoc(help).split("\n\n"):
        verbatim = paragraph.startswith("\b")
        parts.append(f"```sh{paragraph[1:]}\n```" if verbatim else paragraph)
    return "\n\n".join(parts)


def _exit_codes() -> list[tuple[str, str]]:
    """The table that opens `headway.cli.output`."""
    found = re.findall(r"^(\d+) +(.+)$", output.__doc__ or "", re.MULTILINE)
    return [(code, meaning) for code, meaning in found]


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
    "cli.md": cli_page,
    "codes.md": codes_page,
    "layers.md": layers_page,
    "limits.md": limits_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
