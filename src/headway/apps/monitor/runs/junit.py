"""A run as JUnit XML, as continuous integration reads it: a suite a kind of test, a case a test. Pure.

    <testsuites>
      <testsuite id package name timestamp hostname tests failures errors skipped time>
        <properties/>
        <testcase classname="production.user-service" name="health check" time="0.113">
          <failure type="TIMEOUT" message="…">every attempt, a line each</failure>  |  <skipped message="…"/>
        </testcase>
        <system-out/> <system-err/>

Valid against both schemas that are in use, Ant's and that of Jenkins: Ant's demands what Jenkins' allows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from headway.apps.monitor.runs.model import Kind
from headway.apps.monitor.runs.shown import Run, Tested

__all__ = ["junit"]

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no form for, escaped or not."""
_BAD: Final = ("failed", "timeout")
_SUITES: Final = {Kind.HEALTH: "Health checks", Kind.LOGIN: "Login tests"}


def junit(run: Run, host: str = "localhost") -> bytes:
    """The report of a run."""
    root = Element("testsuites")
    tests = run.results or ()
    for number, (kind, title) in enumerate(_SUITES.items()):
        if found := [test for test in tests if test.test_type is kind]:
            _suite(root, number, run, title, found, host)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(root: Element, number: int, run: Run, title: str, tests: Sequence[Tested], host: str) -> None:
    began = datetime.fromtimestamp(run.started_at or run.created_at, UTC)
    suite = SubElement(
        root,
        "testsuite",
        id=str(number),
        package="headway",
        name=title,
        timestamp=f"{began:%Y-%m-%dT%H:%M:%S}",
        hostname=_plain(host),
        tests=str(len(tests)),
        failures=str(sum(test.status in _BAD for test in tests)),
        errors="0",
        skipped=str(sum(_skipped(test) for test in tests)),
        time=_seconds(sum(test.duration or 0 for test in tests)),
    )
    SubElement(suite, "properties")
    for test in tests:
        _case(suite, test)
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")


def _case(suite: Element, test: Tested) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=_plain(f"{test.environment}.{test.name}"),
        name=str(test.test_type).replace("_", " "),
        time=_seconds(test.duration or 0),
    )
    if test.status in _BAD:
        failure = SubElement(case, "failure", type=test.code or "FAILED", message=_plain(test.message))
        failure.text = _plain("\n".join(_lines(test)))
    elif _skipped(test):
        SubElement(case, "skipped", message=_plain(test.message or "The run has not come to it."))


def _lines(test: Tested) -> list[str]:
    return [
        f"attempt {number}: {one['status']}{' ' + one['code'] if one['code'] else ''}: {one['message']}"
        for number, one in enumerate(test.attempts, 1)
    ]


def _skipped(test: Tested) -> bool:
    return test.status not in (*_BAD, "passed")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
