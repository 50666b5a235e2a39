"""Writes the TypeScript that is made from the Python tables, so that the two cannot disagree.

python scripts/typescript.py            write it
python scripts/typescript.py --check    fail if a file is not what the code says now

`codes.ts` comes from `headway.codes`. `messages.ts` comes from `headway.protocols.shapes`, which reads the table at the
top of `headway.protocols.stream`: each shape becomes an interface, and a field whose type is not known here fails. What
the functions of that module really write is compared with the table.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headway.codes import Advice, Close, Code
from headway.errors import HeadwayError
from headway.events import RESERVED_FIELDS, RESERVED_TYPES
from headway.positions import Gap, GapReason, Position
from headway.protocols import stream
from headway.protocols.shapes import ANSWERS, event_shape, shapes

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "clients" / "typescript" / "src"
MADE = "// Made by `make docs` from the Python tables. Do not edit."

TYPES: Mapping[str, str] = {
    "ack": "boolean",
    "batch": "boolean | number",
    "channel": "string",
    "code": "ErrorCode",
    "count": "number",
    "details": "Readonly<Record<string, unknown>>",
    "event": "Draft",
    "events": "readonly Draft[]",
    "expires": "number | null",
    "from": "string",
    "head": "string",
    "idempotency_key": "string",
    "key": "string",
    "lost": "number | null",
    "message": "string",
    "messages": "readonly (Event | Gap)[]",
    "offset": "number",
    "position": "string",
    "reason": " | ".join(f"'{reason.value}'" for reason in GapReason),
    "recovered": "boolean",
    "replayed": "boolean",
    "retry": "boolean",
    "role": "'viewer' | 'operator' | 'admin'",
    "since": "string",
    "snapshot": "readonly Event[]",
    "timestamp": "string",
    "to": "string",
    "token": "string",
    "type": "string",
    "user": "string | null",
}
"""What a field of a message is. A field has one meaning wherever it stands."""

OTHERWISE: Mapping[tuple[str, str], str] = {("reconnect", "retry"): "number"}
"""… but for these."""

OPTIONAL: Mapping[str, Sequence[str]] = {"subscribed": ("head",), "published": ("replayed",)}
"""Fields the client does without: it makes such messages itself, of what it polled."""


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` compare them. Returns the exit code."""
    stale = []
    for name, make in FILES.items():
        file, text = SOURCE / name, make()
        if "--check" not in arguments:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            stale.append(file.relative_to(ROOT))
    for path in stale:
        print(f"typescript: {path} is not what the code says; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def codes_file() -> str:
    """The two tables of `headway.codes`."""
    advices = " | ".join(f"'{advice.value}'" for advice in Advice)
    closes = [
        line
        for close in Close
        for line in (f"  /** {close.name}: {close.meaning} */", f"  {close.code}: '{close.advice.value}',")
    ]
    errors = [
        line
        for code in Code
        for line in (f"  /** {code.status}: {code.meaning} */", f"  {code.spelling}: {str(code.retry).lower()},")
    ]
    return "\n".join(
        [
            MADE,
            "",
            "/** What a client does after a close: come back, get a new token first, or stay away. */",
            f"export type Advice = {advices};",
            "",
            "/** Close codes of the raw WebSocket, and what to do after each. */",
            "export const CLOSES: Readonly<Record<number, Advice>> = {",
            *closes,
            "};",
            "",
            "/** Error codes, on every transport, and whether the same can succeed later. */",
            "export const ERRORS = {",
            *errors,
            "} as const;",
            "",
            "export type ErrorCode = keyof typeof ERRORS;",
            "",
        ]
    )


def messages_file() -> str:
    """The shapes of the native protocol."""
    asked, told = _shapes()
    _compare(told)
    parts = [
        MADE,
        "",
        "import type { ErrorCode } from './codes.js';",
        "",
        "/** Names that belong to the event itself; its data uses none of them. */",
        f"export type ReservedField = {_union(RESERVED_FIELDS)};",
        "",
        "/** Types an event cannot have. */",
        f"export type ReservedType = {_union(RESERVED_TYPES)};",
        "",
        "/** One entry of a channel: the producer's data beside the event's own fields. */",
        "export interface Event {",
        *(f"  readonly {line}" for line in _fields("event", event_shape().fields)),
        "  readonly [field: string]: unknown;",
        "}",
        "",
        "/** An event that is to be published. */",
        "export interface Draft {",
        "  readonly type: string;",
        "  readonly data?: Readonly<Record<string, unknown>>;",
        "  readonly key?: string;",
        "}",
        "",
    ]
    for name, fields in asked.items():
        parts += _interface(name, fields, request=True)
    for name, fields in told.items():
        parts += _interface(name, fields, request=False)
    parts += [
        "/** What a client says. */",
        f"export type Command = {' | '.join(_title(name, True) for name in asked)};",
        "",
        "/** What a server says on its own account; everything else is an event. */",
        f"export type Answer = {' | '.join(_title(name, False) for name in told)};",
        "",
    ]
    return "\n".join(parts)


Shapes = dict[str, dict[str, bool]]
"""Messages by name; fields by name, and whether they are optional."""


def _shapes() -> tuple[Shapes, Shapes]:
    """What a client says, and what it is told, as `headway.protocols.shapes` reads it from the table."""
    known = shapes()
    asked = {name: dict(shape.fields) for name, shape in known.asked.items()}
    told = {name: dict(shape.fields) for name, shape in known.told.items()}
    for name, fields in OPTIONAL.items():
        told[name] |= dict.fromkeys(fields, True)
    return asked, told


def _interface(name: str, fields: Mapping[str, bool], *, request: bool) -> list[str]:
    id = ["  readonly id?: string | number;"] if request or name in ANSWERS else []
    return [
        f"export interface {_title(name, request)} {{",
        f"  readonly type: '{name}';",
        *(f"  readonly {line}" for line in _fields(name, fields)),
        *id,
        "}",
        "",
    ]


def _fields(message: str, fields: Mapping[str, bool]) -> list[str]:
    lines = []
    for name, optional in fields.items():
        kind = OTHERWISE.get((message, name)) or TYPES.get(name)
        if kind is None:
            raise SystemExit(
                f"typescript: nobody says what `{name}` of `{message}` is; say it in scripts/typescript.py"
            )
        lines.append(f"{name}{'?' if optional else ''}: {kind};")
    return lines


def _title(name: str, request: bool) -> str:
    # `Error` is a name of the language.
    title = "Refusal" if name == "error" else "".join(word.capitalize() for word in name.split("_"))
    return title if not request else f"{title}Request"


def _union(names: frozenset[str]) -> str:
    return " | ".join(f"'{name}'" for name in sorted(names))


def _compare(told: Shapes) -> None:
    """Fail where a function writes a field that the table does not have."""
    gap = stream.gap_fields(Gap("c", Position("e", 1), Position("e", 2), GapReason.TRIMMED), ())
    error = {"type": "error", **stream.error_fields(HeadwayError("m", code=Code.INTERNAL))}
    for fields in (gap, error):
        missing = fields.keys() - told[fields["type"]].keys() - {"type"}
        if missing:
            raise SystemExit(f"typescript: the table of protocols/stream.py lacks {missing} of `{fields['type']}`")


FILES: Mapping[str, Callable[[], str]] = {"codes.ts": codes_file, "messages.ts": messages_file}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
