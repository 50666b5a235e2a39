"""The logging handler: what a program logs can be read beside its bar."""

from __future__ import annotations

import logging
from pathlib import Path

from headway.integrations.logging import Handler, lines
from headway.testing.serving import Address
from tests.integrations.watched import python, watched


class Taken:
    """What takes lines, and logs that it does: as whatever carries them away might."""

    def __init__(self, logger: str) -> None:
        self.lines: list[tuple[str, str, str | None]] = []
        self._logger = logging.getLogger(logger)

    def log(self, message: str, level: str = "info", logger: str | None = None) -> None:
        """Take one line."""
        self._logger.error("one more line")
        self.lines.append((level, message, logger))


async def test_what_is_logged_are_lines(server: Address, tmp_path: Path) -> None:
    """Within the block, records of the logger from the level on are lines of the task, with tracebacks, without
    secrets."""
    await python(
        server,
        """
        import logging
        import headway
        from headway.integrations.logging import lines
        log = logging.getLogger("etl.load")
        with headway.task("Load") as task:
            with lines(task, "etl", level="INFO"):
                log.debug("not told")
                log.info("row %d", 7)
                log.warning("token=abcdef0123456789")
                try:
                    1 / 0
                except ZeroDivisionError:
                    log.exception("row 8")
                logging.getLogger("other").error("not told")
            log.error("not told any more")
        """,
        cwd=tmp_path,
    )

    told = (await watched(server))["Load"].of("task_log")
    assert [(line["level"], line["logger"]) for line in told] == [
        ("info", "etl.load"),
        ("warning", "etl.load"),
        ("error", "etl.load"),
    ]
    assert [line["message"] for line in told[:2]] == ["row 7", "token=***"]
    assert told[2]["message"].startswith("row 8\nTraceback")
    assert told[2]["message"].endswith("ZeroDivisionError: division by zero")


def test_a_line_makes_no_other() -> None:
    """What is logged while a line is handed over is not sent, so that no line begets another."""
    taken = Taken("carrier")
    with lines(taken, "", level="DEBUG"):
        logging.getLogger("app").info("hello")

    assert taken.lines == [("info", "hello", "app")]


def test_what_headway_logs_is_not_sent() -> None:
    """Headway's own records, and those of what carries it, are not sent."""
    taken = Taken("carrier")
    with lines(taken, "", level="DEBUG"):
        for name in ("headway.tasks", "httpx2", "httpcore2.connection", "websockets.client"):
            logging.getLogger(name).error("not told")

    assert taken.lines == []


def test_the_logger_is_left_as_it_was() -> None:
    """After the block the logger has the level and the handlers that it had."""
    logger = logging.getLogger("left.as.it.was")
    logger.setLevel(logging.ERROR)
    with lines(Taken("carrier"), logger, level="DEBUG"):
        assert logger.level == logging.DEBUG

    assert (logger.level, logger.handlers) == (logging.ERROR, [])


def test_a_format_is_used() -> None:
    """A formatter makes the text, as it does for every handler."""
    taken = Taken("carrier")
    handler = Handler(taken, "WARNING")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.handle(logging.LogRecord("app", logging.CRITICAL, __file__, 1, "on fire", None, None))

    assert taken.lines == [("error", "CRITICAL on fire", "app")]
