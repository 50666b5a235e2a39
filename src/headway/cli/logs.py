"""How a server's log reads: short and coloured on a terminal, one JSON object a line elsewhere.

    12:00:03 [info     ] connection ended  [headway.connections] transport=websocket user=ada seconds=61.2 code=1001
    {"timestamp": "2026-11-21T12:00:03.120441Z", "level": "info", "logger": "headway.connections", "event": …}

Every record goes through one mask after everything else was added to it, tracebacks too, so that no secret gets out by
whatever way it came in. On a terminal nothing that came from the network can steer it or begin a line of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, TextIO

import structlog

from headway.server.masking import Mask

__all__ = ["FORMATS", "LEVELS", "set_up"]

FORMATS: Final = ("auto", "text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

_ORDER: Final = ("timestamp", "level", "logger", "event")
"""What stands first in a line."""

Fields = MutableMapping[str, Any]  # Any: whatever is logged


def set_up(stream: TextIO, format: str = "auto", level: str = "info", secrets: Iterable[str] = ()) -> None:
    """Send what this process logs to the stream, from now on.

    `auto` is text on a terminal and JSON elsewhere. `level` is that of Headway's own records; of others' there are
    warnings. `secrets` are those in use: they are taken out wherever they stand.
    """
    text = format == "text" or (format == "auto" and stream.isatty())
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if text else "iso", utc=not text),
    ]
    after: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _masking(Mask(secrets), text),
        *_rendered(text, stream.isatty()),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("headway").setLevel(level.upper())


def _masking(mask: Mask, text: bool) -> structlog.typing.Processor:
    def masking(_logger: object, _method: str, fields: Fields) -> Fields:
        """The last processor that changes anything."""
        masked = {
            name: mask.field(name, value, _one_line if text and name != "exception" else str)
            for name, value in fields.items()
        }
        if text and "exception" in masked:
            masked["exception"] = "\n".join(map(_one_line, str(masked["exception"]).split("\n")))
        return {name: masked[name] for name in _ORDER if name in masked} | masked

    return masking


def _rendered(text: bool, colours: bool) -> list[structlog.typing.Processor]:
    if text:
        return [structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0)]
    return [structlog.processors.JSONRenderer(ensure_ascii=False)]


def _one_line(text: str) -> str:
    """The text without anything that could steer a terminal or end a line."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
