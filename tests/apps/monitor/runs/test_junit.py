"""A run as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree

from headway.apps.monitor.runs import shown
from headway.apps.monitor.runs.junit import junit
from headway.apps.monitor.runs.model import Kind, Summary
from headway.apps.monitor.runs.shown import Run

# What the schema of Ant's JUnit task demands (windyroad JUnit.xsd); that of Jenkins allows it.
_SUITE = {
    "id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time",
}  # fmt: skip
_ORDER = ["properties", "testcase", "system-out", "system-err"]


def run(*tests: shown.Tested) -> Run:
    """A run of these."""
    return Run(
        number=1, id="r", test_run_id="task:r", task="r", channel="task:r", name="All", status="completed",
        trigger="manual", kinds=(), application_count=1, total=len(tests), completed=len(tests), summary=Summary(),
        created_at=1_700_000_000.0, started_at=1_700_000_000.0, ended_at=None, by=None, error=None, waiting=None,
        allowed=(), results=tests,
    )  # fmt: skip


def one(status: str, kind: Kind = Kind.HEALTH, message: str = "", name: str = "one") -> shown.Tested:
    """One test."""
    attempt = {"status": status, "code": "TIMEOUT", "message": message, "milliseconds": 3.0}
    return shown.Tested(
        application_id="id", application_name="One", name=name, environment="production", test_type=kind,
        status=status, code="TIMEOUT", message=message, duration=1234, attempts=(attempt,),
    )  # fmt: skip


def test_a_suite_is_as_the_schemas_have_it() -> None:
    """Its attributes, its children and their order; a suite for each kind; the numbers are those of its cases."""
    tests = (one("passed"), one("timeout"), one("skipped"), one("failed", Kind.LOGIN))
    root = ElementTree.fromstring(junit(run(*tests), "host"))
    health, login = root.findall("testsuite")
    counted = [health.get(name) for name in ("tests", "failures", "errors", "skipped", "time")]

    assert (root.tag, root.attrib) == ("testsuites", {})
    assert [set(suite.attrib) for suite in (health, login)] == [_SUITE, _SUITE]
    assert health.get("timestamp") == "2023-11-14T22:13:20"
    assert counted == ["3", "1", "0", "1", "3.702"]
    assert list(dict.fromkeys(child.tag for child in health)) == _ORDER
    cases = health.findall("testcase")
    assert {tuple(case.attrib) for case in cases} == {("classname", "name", "time")}
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["skipped"]]


def test_whatever_a_page_says_stays_text() -> None:
    """Markup, quotes and what XML has no form for; what comes out is what went in, else a mark."""
    nasty = "<b>&\"'</b>]]> \x00\x1b[31m \ud800 \ufffe é \U0001f600"
    root = ElementTree.fromstring(junit(run(one("failed", message=nasty, name="a<b"))))
    failure = root.find(".//failure")

    assert failure is not None
    assert failure.get("message") == "<b>&\"'</b>]]> ��[31m � � é \U0001f600"
    assert nasty[:14] in (failure.text or "")
    assert root.find(".//testcase[@classname='production.a<b']") is not None
