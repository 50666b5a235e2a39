"""`pytest -v tests/security` prints what was tried and what was answered. Nothing is written to disk."""

from __future__ import annotations

import pytest

from siege.report import answers
from tests.security.harness import RECORDS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table. With several processes each keeps its own part, and none is printed."""
    if RECORDS and terminalreporter.verbosity > 0:
        terminalreporter.section("attacks")
        for line in answers(RECORDS):
            terminalreporter.line(line)
