"""What the demo has watched, as the monitor reads it."""

from __future__ import annotations

from random import Random

import pytest

from headway.apps.monitor.applications.model import definition_of
from headway.demo.sites import Sites
from headway.demo.watched import definitions


@pytest.mark.parametrize("browser", [False, True])
def test_the_monitor_takes_all_of_them(browser: bool) -> None:
    """Looked at every few seconds; a login in a browser only where there is one."""
    sites = Sites("x", Random(1), 1.0)
    sites.port = 4000
    taken = [definition_of(one) for one in definitions(sites, browser=browser)]

    assert {one.health_check.interval for one in taken if one.health_check is not None} == {5, 10, 15}
    in_browsers = [one.name for one in taken if one.login_test is not None and not one.login_test.light]
    assert in_browsers == (["account-page"] if browser else [])
