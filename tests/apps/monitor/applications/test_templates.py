"""Templates: valid as they stand, and asking for what they have."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.apps.monitor.applications.model import definition_of
from headway.apps.monitor.applications.templates import TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template["name"]))
def test_a_template_is_an_application(template: dict[str, Any]) -> None:
    """At an address for examples."""
    made = definition_of(template["application"])

    assert made.configured
    assert "example.org" in str(template["application"]) or template["name"] == "push"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template["name"]))
def test_what_is_asked_for_is_a_field(template: dict[str, Any]) -> None:
    """By its path on the wire."""
    written = msgspec.to_builtins(definition_of(template["application"]))
    for path in template["ask"]:
        value = written
        for name in path.split("."):
            assert name in value, path
            value = value[name]
