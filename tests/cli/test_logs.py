"""The log of a server: lines for people on a terminal, JSON elsewhere, and never a secret in either."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr

from headway.cli import logs
from headway.server.settings import Settings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2"
logger = logging.getLogger("headway.somewhere")


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a test set up belongs to the test."""
    root, own = logging.getLogger(), logging.getLogger("headway")
    before = (root.handlers[:], root.level, own.level)
    # The test runner's handlers stay out of it: `basicConfig(force=True)` would close them.
    root.handlers = []
    yield
    root.handlers, root.level, own.level = before
    for one in (root, own):
        one.setLevel(one.level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The records of a log in JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_it_is_json() -> None:
    """One object a line: when in UTC, how bad, from where, what; then what else was given, as it was given."""
    stream = io.StringIO()
    logs.set_up(stream)
    logger.info("connection ended", extra={"transport": "websocket", "seconds": 1.5, "code": None, "user": "ada"})
    (line,) = lines(stream)

    assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert line == {
        "level": "info",
        "logger": "headway.somewhere",
        "event": "connection ended",
        "transport": "websocket",
        "seconds": 1.5,
        "code": None,
        "user": "ada",
    }


def test_on_a_terminal_it_is_text() -> None:
    """The time of day, the level, the sentence, then names and values."""
    stream = Terminal()
    logs.set_up(stream)
    logger.info("connection ended", extra={"transport": "websocket"})
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())

    assert re.fullmatch(
        r"\d\d:\d\d:\d\d \[info *\] connection ended \[headway\.somewhere\] transport=websocket\n", plain
    )


@pytest.mark.parametrize(("format", "stream"), [("json", Terminal()), ("text", io.StringIO())])
def test_the_format_can_be_chosen(format: str, stream: io.StringIO) -> None:
    """Whatever the stream is; text that is not for a terminal has no colours."""
    logs.set_up(stream, format)
    logger.info("hello")

    assert stream.getvalue().startswith("{") == (format == "json")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("level", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_can_be_chosen(level: str, told: int) -> None:
    """It is that of Headway's own records; of others' there are warnings."""
    stream = io.StringIO()
    logs.set_up(stream, "json", level)
    for say in (logger.debug, logger.info, logger.warning, logger.error):
        say("word")
    logging.getLogger("somebody.else").info("chatter")

    assert len(lines(stream)) == told


@pytest.mark.parametrize("format", ["json", "text"])
def test_no_secret_gets_in(format: str) -> None:
    """Not in the sentence, its arguments, a field, a nested field, an object that shows itself, or a traceback."""

    class Holder:
        def __repr__(self) -> str:
            return f"Holder(password={SECRET!r})"

    stream = io.StringIO()
    logs.set_up(stream, format, secrets=["plain words as a secret"])
    logger.info("GET /ws/7?token=%s", SECRET)
    logger.info("token %s was refused", TOKEN, extra={"token": SECRET, "nested": {"Authorization": f"Bearer {SECRET}"}})
    logger.info("holding %r", Holder(), extra={"holder": Holder(), "body": f"secret={SECRET}".encode()})
    logger.warning("so it was plain words as a secret that I sent")
    try:
        raise ValueError(f"cannot fetch https://ada:{SECRET}@example.org/keys?x={SECRET}")
    except ValueError:
        logger.exception("! the key set cannot be loaded")

    told = stream.getvalue()
    assert "the key set cannot be loaded" in told
    assert "ValueError: cannot fetch https://***@example.org/keys" in told
    for secret in (SECRET, TOKEN, TOKEN.split(".")[1], "plain words"):
        assert secret not in told


def test_no_secret_setting_gets_in() -> None:
    """Settings that are logged, whole or field by field, show no secret; each that is one is declared as one."""
    secrets = {
        name: SecretStr(SECRET) for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    secrets["database"] = SecretStr(f"postgresql://headway:{SECRET}@127.0.0.1/headway")
    settings = Settings(data=None, **secrets)
    stream = io.StringIO()
    logs.set_up(stream, "json")
    logger.info("settings: %s %r", settings, settings, extra={"settings": settings, "all": settings.model_dump()})
    logger.info("as the environment has it: %s", {name: secret.get_secret_value() for name, secret in secrets.items()})

    assert {"secret", "secret_previous"} <= secrets.keys()
    assert SECRET not in stream.getvalue()
    for name, field in Settings.model_fields.items():
        if re.search(r"secret$|password|token|private", name):
            assert "SecretStr" in str(field.annotation), f"{name} looks like a secret and is not declared as one"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_nothing_of_a_stranger_begins_a_line(stream: io.StringIO) -> None:
    """Line breaks and control characters of a name stay inside its value, so that nobody writes lines of his own."""
    logs.set_up(stream, "text")
    evil = "ada\n12:00:00 [error] all is lost\r\x1b[2J\x07"
    logger.info("hello %s", evil, extra={"user": evil})
    told = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())

    assert told.count("\n") == 1
    assert not set(told.rstrip("\n")) & set("\r\n\x1b\x07")


def test_a_record_that_is_no_json_is_a_line_all_the_same() -> None:
    """Half characters, numbers that are none, keys that are no text, values that hold themselves."""
    stream = io.StringIO()
    logs.set_up(stream, "json")
    endless: list[object] = []
    endless.append(endless)
    logger.info("hello", extra={"half": "\ud800", "nan": float("inf"), "keys": {1: 2, None: 3}, "endless": endless})

    assert lines(stream)[0]["keys"] == {"1": 2, "None": 3}
    assert lines(stream)[0]["nan"] == "inf"
    assert stream.getvalue().encode()
