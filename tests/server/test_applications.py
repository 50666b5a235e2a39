"""The applications that come with Headway."""

from __future__ import annotations

import pytest

from headway.errors import UsageError
from headway.server.applications import MAKERS, applications
from headway.server.settings import APPS, Settings


def test_each_that_can_be_named_can_be_made() -> None:
    """And is called by its name; none shares a job or an operation with another."""
    made = applications(Settings(apps=frozenset(APPS)))

    assert tuple(MAKERS) == APPS
    assert [app.name for app in made] == list(APPS)
    jobs = [job.name for app in made for job in app.jobs]
    assert len(jobs) == len(set(jobs))
    operations = [(route.method, route.template) for app in made for route in app.routes]
    assert len(operations) == len(set(operations))


def test_none_is_made_that_is_not_wanted() -> None:
    """Empty: none at all."""
    assert applications(Settings(apps=frozenset())) == []


def test_a_name_of_none_is_refused() -> None:
    """With the one that is nearest."""
    with pytest.raises(ValueError, match="imports"):
        Settings(apps=frozenset({"import"}))


def test_what_is_no_network_is_refused() -> None:
    """It says what one looks like."""
    with pytest.raises(UsageError, match=r"10\.0\.0\.0/8"):
        applications(Settings(apps=frozenset({"monitor"}), egress_deny=frozenset({"nowhere"})))
