"""Which tests a run consists of."""

from __future__ import annotations

import msgspec
import pytest

from headway.apps.monitor.checks.configuration import HttpCheck, PushCheck
from headway.apps.monitor.logins.model import LoginTest
from headway.apps.monitor.runs.model import Chosen, Kind, Subject, Wanted
from headway.apps.monitor.runs.plan import plan
from headway.errors import HeadwayError, UsageError

CHECK = HttpCheck(url="http://localhost/")
FORM = msgspec.convert(
    {"url": "http://localhost/login", "credentials": {"username": "x", "passwordEnvVar": "HEADWAY_LOGIN_X"}}, LoginTest
)


def subject(name: str, **more: object) -> Subject:
    """An application with a health check."""
    given: dict[str, object] = {"id": f"id-{name}", "number": len(name), "name": name, "title": name, "health": CHECK}
    return Subject(**(given | more))  # type: ignore[arg-type]  # the test says of which kind each is


def names(subjects: list[Subject], wanted: Wanted) -> list[str]:
    """The plan, short."""
    return [f"{test.name} {test.kind}" for test in plan(subjects, wanted)]


def test_only_what_is_configured_is_planned() -> None:
    """A push check is told and cannot be asked; who has nothing is not there; the total is the length."""
    subjects = [
        subject("both", login=FORM),
        subject("push", health=PushCheck()),
        subject("login", health=None, login=FORM),
        subject("nothing", health=None),
    ]

    assert names(subjects, Wanted()) == ["both health_check", "both login_test", "login login_test"]
    assert names(subjects, Wanted(kinds=(Kind.HEALTH,))) == ["both health_check"]


def test_the_order_is_priority_and_then_name() -> None:
    """Whatever order they are known in."""
    subjects = [subject("b"), subject("low", priority="low"), subject("a"), subject("first", priority="critical")]

    assert [one.split()[0] for one in names(subjects, Wanted())] == ["first", "a", "b", "low"]


def test_filters_are_all_of_them() -> None:
    """Every tag, and the environment in either spelling; what is not active is left out unless it is named."""
    subjects = [
        subject("eu", tags=("eu", "blue"), environment="development"),
        subject("us", tags=("us", "blue"), status="error"),
        subject("off", active=False),
    ]

    def found(**chosen: object) -> list[str]:
        wanted = Wanted(filter=msgspec.convert(chosen, Chosen))
        return [one.split()[0] for one in names(subjects, wanted)]

    assert found(tags=["blue"]) == ["eu", "us"]
    assert found(tags=["blue", "eu"], environment="dev") == ["eu"]
    assert found(status="error") == ["us"]
    assert names(subjects, Wanted(applications=("off", "id-off"))) == ["off health_check"]


def test_what_is_not_there_is_refused() -> None:
    """An unknown name, even beside a known one; and a run of nothing."""
    with pytest.raises(HeadwayError, match="no application 'nobody'"):
        plan([subject("a")], Wanted(applications=("a", "nobody")))
    with pytest.raises(UsageError, match="nothing to test"):
        plan([subject("a")], Wanted(kinds=(Kind.LOGIN,)))


def test_a_test_says_whether_it_takes_a_browser() -> None:
    """The light variant does not."""
    steps = [{"type": "click", "selector": "#go"}]
    real = msgspec.convert({**msgspec.to_builtins(FORM), "steps": steps}, LoginTest)

    assert [test.browser for test in plan([subject("a", login=FORM), subject("b", login=real)], Wanted())] == [
        False, False, False, True,
    ]  # fmt: skip
