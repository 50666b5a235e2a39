"""What a row of cells is in PingOne."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.building import FALSE, TRUE, Builder, Defaults, body
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.problems import INVALID_VALUE, Refused
from tests.apps.imports.csv.test_mapping import TENANT

POPULATION = "3b5c1f0e-8d1f-4a6b-9a55-0d7c2f9b1a11"
OTHER = "77e5cbd0-1f2e-4c0a-b1c4-52a1b9c8d7e6"


def built(header: str, cells: str, **options: object) -> dict[str, object]:
    """The body of an import of one row without problems."""
    names = header.split(",")
    builder = Builder(propose(names, TENANT).mapping, names, TENANT, **options)  # type: ignore[arg-type]  # a test's own
    values, problems = builder.values(cells.split(","))
    assert problems == []
    return body(values)


def complaint(header: str, cells: str, **options: object) -> str:
    """What is not understood of one row."""
    names = header.split(",")
    builder = Builder(propose(names, TENANT).mapping, names, TENANT, **options)  # type: ignore[arg-type]  # a test's own
    [problem] = builder.values(cells.split(","))[1]
    assert problem.code == INVALID_VALUE
    return f"{problem.field}: {problem.message}"


def test_dots_open_objects_and_empty_cells_are_left_out() -> None:
    """A row becomes the body of an import: nested, trimmed, without what is empty."""
    assert built("Login,first name,email,department", " ada , Ada,  ,R&D") == {
        "username": "ada",
        "name": {"given": "Ada"},
        "department": "R&D",
    }


@given(st.sampled_from(sorted(TRUE | FALSE)), st.sampled_from([str.upper, str.title, str.lower]))
def test_booleans(word: str, spelled: object) -> None:
    """Every word for yes and no is understood, in whatever case."""
    assert callable(spelled)
    assert built("username,active", f"ada, {spelled(word)} ")["enabled"] is (word in TRUE)


def test_other_words_are_no_booleans() -> None:
    """What is neither is named, with what to write."""
    assert complaint("username,enabled", "ada,maybe").startswith("enabled: “maybe” is neither true nor false")


def test_passwords_stay_as_they_are() -> None:
    """A password keeps its spaces; with the option, it has to be changed."""
    assert built("username,password", "ada, p w ") == {"username": "ada", "password": {"value": " p w "}}
    assert built("username,password", "ada,x", defaults=Defaults(force_change=True))["password"] == {
        "value": "x",
        "forceChange": True,
    }
    assert "password" not in built("username,password", "ada,", defaults=Defaults(force_change=True))


def test_a_column_may_say_whether_the_password_changes() -> None:
    """What the row says about changing the password goes before the option."""
    row = built("username,password,force change", "ada,x,no", defaults=Defaults(force_change=True))

    assert row["password"] == {"value": "x", "forceChange": False}


def test_populations_by_name_and_by_id() -> None:
    """A population column holds ids or names, in whatever case."""
    known = {"Staff": POPULATION}

    assert built("username,population", "ada,staff", populations=known)["population"] == {"id": POPULATION}
    assert built("username,population", f"ada,{OTHER.upper()}", populations=known)["population"] == {"id": OTHER}
    assert complaint("username,population", "ada,Guests", populations=known) == (
        "population: “Guests” is no population of the environment, neither by name nor by id."
    )


def test_populations_that_are_not_known_yet() -> None:
    """Without the environment's populations the cell stays as it is, for who knows them later."""
    assert built("username,population", "ada,Guests")["population"] == "Guests"


def test_the_chosen_population() -> None:
    """The chosen population holds where the row names none, or wins over the row's own."""
    chosen = Defaults(population=POPULATION)

    assert built("username,population", "ada,", defaults=chosen, populations={})["population"] == {"id": POPULATION}
    assert built("username,population", f"ada,{OTHER}", defaults=chosen, populations={})["population"] == {"id": OTHER}
    assert built(
        "username,population",
        f"ada,{OTHER}",
        defaults=Defaults(population=POPULATION, population_wins=True),
        populations={},
    )["population"] == {"id": POPULATION}


def test_defaults_stand_where_the_row_has_nothing() -> None:
    """A default is overridden by what the row says."""
    defaults = Defaults(values={"enabled": False, "email": "x@example.com"})

    assert built("username,email,enabled", "ada,a@example.com,", defaults=defaults) == {
        "username": "ada",
        "email": "a@example.com",
        "enabled": False,
    }


def test_json_and_several_values() -> None:
    """JSON attributes are read as JSON, and what has several values takes an array or one."""
    names = ["username", "preferences", "badges"]
    builder = Builder(propose(names, TENANT).mapping, names, TENANT)

    values, problems = builder.values(["ada", '{"theme": "dark"}', '["a", "b"]'])
    assert (values["preferences"], values["badges"], problems) == ({"theme": "dark"}, ["a", "b"], [])
    assert builder.values(["ada", "", "a"])[0]["badges"] == ["a"]
    for cell in ("{", "NaN", "[" * 100_000):
        assert [problem.field for problem in builder.values(["ada", cell, ""])[1]] == ["preferences"]
    assert [problem.field for problem in builder.values(["ada", "", "[1]"])[1]] == ["badges"]


def test_a_mapping_that_does_not_fit_is_refused_before_any_row() -> None:
    """Without a username nothing is built."""
    with pytest.raises(Refused, match="username"):
        Builder(propose(["email"]).mapping, ["email"])
