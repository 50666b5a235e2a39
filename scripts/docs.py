"""Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.

python scripts/docs.py            write them
python scripts/docs.py --check    fail if one of them is not what the code says now
"""

import ast
import inspect
import json
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

import headway
from headway.cli import output
from headway.cli.application import COMMANDS, application
from headway.cli.flags import flag_of, variable_of
from headway.codes import Close, Code
from headway.limits import Limits, Retention
from headway.server import asyncapi
from headway.server.metrics import METRICS, PROCESS, Metric
from headway.server.settings import Settings
from headway.server.sources import secrets_of
from headway.server.workload import WORKLOAD
from headway.tasks import wire
from headway.tasks.model import TRANSITIONS, Happening, State, Status

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
    rows = [*map(_metric, METRICS), *map(_metric, WORKLOAD)]
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


def _metric(metric: Metric[Any]) -> tuple[str, str, str, str]:  # Any: whatever it is read from
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"`{metric.name}`", metric.kind.value, labels, metric.meaning


def tasks_page() -> str:
    """The table of `headway.tasks.model`, and what `headway.tasks.wire` tells of a task."""
    told = wire.fields(State("", "", "", job=""))
    fields_told = [(f"`{name}`", TASK_FIELDS[name]) for name in told]
    changes = [
        (f"`{status.value}`", f"`task_{happening.value}`", f"`{reached.value}`")
        for status, row in TRANSITIONS.items()
        for happening, reached in row.items()
    ]
    return _page(
        "Tasks",
        "A task is a piece of long work that is watched, and where it allows that paused, resumed and cancelled. What\n"
        "can happen to it is this, and nothing else; over HTTP everything else is a 409 that names both states.",
        _diagram(),
        _table(("state", "meaning"), [(f"`{name}`", why) for name, why in _members(Status)]),
        _table(("in the state", "event", "leads to"), changes),
        "An action is a wish: `wanted` says so until its owner has followed it, and `allowed` which ones would be\n"
        "accepted now. A pause that is not reached can be taken back by a resumption. What nobody works on is\n"
        "cancelled at once. A paused task whose owner died stays paused. A pause or a cancel that is asked for\n"
        "outlives its owner.",
        "## What is told",
        "Each task has a channel, `task:` and its id unless it was begun with another. Each event of its states has\n"
        "these fields, so that any single one is enough; [the snapshot](wire.md#arrive-late) of the\n"
        "channel is the state of the task and of its parts.",
        _table(("field", "is"), fields_told),
        "## Events",
        _table(("event", "key", "tells"), TASK_EVENTS),
        "The channel `tasks` has the same events of all tasks, without items, lines, parts and `result`; there\n"
        "`task_progress` has the task's id as key, and comes at most once a second. [HTTP](http.md#tasks) lists them,\n"
        "asks, and reports.",
    )


def _diagram() -> str:
    """The table of states as a picture."""
    lines = [
        f"    {status.value} --> {reached.value}: {happening.value}"
        for status, row in TRANSITIONS.items()
        for happening, reached in row.items()
    ]
    ends = [f"    {status.value} --> [*]" for status, row in TRANSITIONS.items() if not row]
    return "\n".join(
        ("```mermaid", "stateDiagram-v2", "    [*] --> queued", "    [*] --> running", *lines, *ends, "```")
    )


def _members(of: type[Enum]) -> list[tuple[str, str]]:
    """The members of an enum, each with the sentence below it."""
    body = ast.parse(inspect.getsource(of)).body[0]
    assert isinstance(body, ast.ClassDef)  # the source of a class
    found = []
    for member, below in zip(body.body, body.body[1:], strict=False):
        match member, below:
            case ast.Assign(value=ast.Constant(value=str(name))), ast.Expr(value=ast.Constant(value=str(text))):
                found.append((name, " ".join(text.split())))
    return found


TASK_FIELDS: Mapping[str, str] = {
    "task": "Its id. Nobody can guess one",
    "name": "Its name, for people",
    "job": "The job it is an execution of; only of what Headway runs",
    "status": "Its state",
    "wanted": "What was asked for and is not reached yet: `paused`, `running`, `cancelled` or null",
    "total": "Of how much; null where that is not known",
    "done": "What is done of it, `initial` included",
    "initial": "What was done before this attempt began",
    "unit": "Of what: rows, bytes, …",
    "percent": "Between 0 and 100; null without a total",
    "counts": "How many had which outcome; together at most `done`",
    "rate": "How many a second, over the last while",
    "eta": "Seconds that are left at that rate",
    "elapsed": "Seconds of running in this attempt, pauses left out",
    "stalled": "Nothing has moved for longer than the rate explains",
    "current": "What it is at",
    "attempt": "1 for the first; one more for each after a failure or the death of its owner",
    "waiting": "Why it is queued: `for 1 of 5 browser slots`",
    "queued_at": "When it came into being",
    "started_at": "When it was first begun",
    "ended_at": "When it ended",
    "allowed": "The actions that would be accepted now",
    "error": "`code` and `message` of why it failed",
    "result": "What it returned: any JSON value",
    "by": "Who began it",
}
TASK_EVENTS = [
    ("`task_progress`", "`task`", "The state; newer replaces older"),
    (
        "`task_progress`",
        "`task/` and the part's id",
        "The same of a part, with `parent` and `root`; its `task` is the part's id",
    ),
    *(
        (
            ", ".join(f"`task_{happening.value}`" for happening in Happening),
            "none",
            "What happened, with the state it led to",
        ),
        ("`task_requested`", "none", "Somebody asked for something: `action`, `by`, and the state"),
        (
            "`task_item`",
            "none",
            "A row, check or step: `item`, `outcome`, `message`, `code`, and whatever it brings along",
        ),
        ("`task_log`", "none", "A line: `level`, `message`, `logger`"),
    ),
]


def asyncapi_document() -> str:
    """What a server answers at `/api/asyncapi.json`."""
    return json.dumps(asyncapi.document(headway.__version__), indent=2, ensure_ascii=False) + "\n"


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
    if isinstance(value, frozenset):
        return f"`{', '.join(sorted(value))}`" if value else "none"
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
    "asyncapi.json": asyncapi_document,
    "cli.md": cli_page,
    "codes.md": codes_page,
    "layers.md": layers_page,
    "limits.md": limits_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
    "tasks.md": tasks_page,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
