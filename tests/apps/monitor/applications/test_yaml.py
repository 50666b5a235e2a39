"""Our own format: what is exported is imported the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.monitor.applications.documents import document
from headway.apps.monitor.applications.model import Definition, definition_of
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.applications.yaml import exported, sparse
from headway.errors import UsageError
from tests.apps.monitor.applications.test_model import SEED

ROOT = Path(__file__).resolve().parents[4]
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
JSON = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
HTTP = st.fixed_dictionaries(
    {"kind": st.just("http"), "url": st.sampled_from(["http://a/", "https://b.example:8443/x?y=1"])},
    optional={
        "method": st.sampled_from(["GET", "POST", "HEAD"]),
        "headers": st.dictionaries(
            st.from_regex(r"X-[A-Za-z]{1,8}", fullmatch=True), st.from_regex(r"[ -#%-~]{0,20}", fullmatch=True)
        ),
        "body": WORDS | st.dictionaries(WORDS, JSON, max_size=2),
        "expectedStatus": st.sampled_from([200, "2xx", [200, "300-308"], []]),
        "expectedResponse": JSON,
        "conditions": st.sampled_from([[], ["[STATUS] == 200"], ["[BODY].a == any(x, y)", "len([BODY].b) > 0"]]),
        "timeout": st.integers(100, 60_000),
        "validateSSL": st.booleans(),
    },
)
OTHER = st.sampled_from(
    [
        {"kind": "tcp", "host": "db", "port": 5432},
        {"kind": "tls", "host": "2001:db8::1", "criticalDays": 7},
        {"kind": "dns", "name": "example.org", "type": "MX", "expected": ["10 mail"], "exact": True},
        {"kind": "push", "interval": 3600},
    ]
)
DEFINITIONS = st.fixed_dictionaries(
    {"displayName": WORDS.filter(str.strip), "healthCheck": st.none() | HTTP | OTHER},
    optional={
        "environment": st.sampled_from(["dev", "staging", "production"]),
        "category": WORDS,
        "tags": st.lists(WORDS.filter(str.strip), unique=True, max_size=3),
        "isActive": st.booleans(),
        "public": st.booleans(),
        "slaTarget": st.floats(0.01, 100, allow_subnormal=False),
        "owner": st.fixed_dictionaries({}, optional={"team": WORDS, "email": st.just("a@example.org")}),
        "loginTest": st.sampled_from([None, SEED["loginTest"]]),
        "alertThresholds": st.fixed_dictionaries({}, optional={"recoveries": st.integers(1, 9)}),
        "maintenance": st.sampled_from([[], SEED["maintenance"], [{"kind": "once", "begin": 1.5, "end": 2e9}]]),
    },
).map(definition_of)


def again(text: str) -> list[Definition]:
    """The definitions of a text, none of which may be skipped."""
    found = read(text)
    assert found.skipped == []
    return [definition_of(entry.data) for entry in found.entries]


@settings(deadline=None)
@given(st.lists(DEFINITIONS, max_size=3))
def test_what_is_exported_is_imported_the_same(definitions: list[Definition]) -> None:
    """Whatever people write, in whatever letters."""
    assert again(exported(definitions)) == definitions


def test_what_has_its_default_is_left_out() -> None:
    """People read it."""
    made = definition_of({"name": "shop", "displayName": "Shop", "healthCheck": {"url": "http://shop/"}})

    assert sparse(made) == {
        "name": "shop",
        "displayName": "Shop",
        "healthCheck": {"kind": "http", "url": "http://shop/"},
    }


def test_a_bare_list_is_one_too() -> None:
    """Without the word above it."""
    assert [one.name for one in again("- name: a\n- displayName: Bee")] == ["a", "bee"]


def test_an_entry_that_is_none_stands_alone() -> None:
    """The others are read."""
    found = read("applications:\n- 7\n- {}\n- name: a")

    assert [one.name for one in found.entries] == ["a"]
    assert [(one.name, one.why) for one in found.skipped] == [
        ("number 1", "it is no mapping of names to values"),
        ("number 2", "it has no name"),
    ]


@pytest.mark.parametrize("text", ["", "applications: 7", "applications: []\nendpoint: []", "7", "name: a"])
def test_a_text_that_is_no_list_of_applications_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(UsageError):
        read(text, "headway")


def test_a_format_is_seen() -> None:
    """By the word that only it has; else it is refused."""
    assert read("endpoints: []").format == "gatus"
    assert read("sites: []").format == "upptime"
    assert read("applications: []").format == "headway"
    with pytest.raises(UsageError, match="no format that is known"):
        read("monitors: []")
    with pytest.raises(UsageError, match="no format that is read"):
        read("a: 1", "nagios")


def test_a_comment_says_what_it_is() -> None:
    """An export begins with where its format is explained, and is YAML."""
    text = exported([])

    assert text.startswith("# ")
    assert document(text) == {"applications": []}


def test_the_reference_s_example_is_one() -> None:
    """Every application of it can be added."""
    page = (ROOT / "docs/reference/monitor-applications.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0]

    assert [one.name for one in again(text)] == ["user-service", "nightly-backup"]


def test_a_value_keeps_its_kind() -> None:
    """A number is no text, and a text no number."""
    check: dict[str, Any] = {"url": "http://a/", "expectedResponse": {"a": "1", "b": 1, "c": None, "d": "null"}}
    made = definition_of({"name": "a", "healthCheck": check})

    assert again(exported([made])) == [made]
