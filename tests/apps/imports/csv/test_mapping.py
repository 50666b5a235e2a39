"""Which column is which attribute."""

from __future__ import annotations

import json

import pytest

from headway.apps.imports.csv.mapping import Mapping, Remark, fill_rates, propose
from headway.apps.imports.csv.problems import Refused
from headway.apps.imports.csv.schema import STANDARD, Schema

TENANT = Schema.of(
    [
        {"name": "username", "type": "STRING", "required": True},
        {"name": "email", "type": "STRING"},
        {"name": "name", "type": "COMPLEX", "subAttributes": [{"name": "given", "type": "STRING"}]},
        {"name": "department", "type": "STRING", "schemaType": "CUSTOM"},
        {"name": "badges", "type": "STRING", "schemaType": "CUSTOM", "multiValued": True},
        {"name": "preferences", "type": "JSON", "schemaType": "CUSTOM"},
        {"name": "nickname", "type": "STRING", "enabled": False},
    ]
)


def targets(*header: str, schema: Schema = STANDARD) -> list[str | None]:
    """What the columns are proposed to be."""
    return [target for _, target in propose(header, schema).mapping.columns]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "name.honorificPrefix, name.given, name.middle, name.family, name.honorificSuffix, name.formatted, "
            "primaryPhone, mobilePhone, email, username, password, enabled",
            None,
        ),
        ("name.given, name.family, primaryPhone, mobilePhone, email, username", None),
        (
            "username, email, firstName, lastName, phone, populationId, password, active",
            "username, email, name.given, name.family, primaryPhone, population, password, enabled",
        ),
        ("userName, mail, givenName, familyName", "username, email, name.given, name.family"),
        ("USER_ID, e-mail, first_name, LAST NAME", "username, email, name.given, name.family"),
    ],
)
def test_columns_found_in_the_wild(header: str, expected: str | None) -> None:
    """The columns of every tool we know are recognised as they are."""
    assert targets(*header.split(", ")) == (expected or header).split(", ")


def test_a_name_of_several_meanings_takes_what_is_free() -> None:
    """`userId` is the username, unless another column is: then it is the external id."""
    assert targets("userId", "email") == ["username", "email"]
    assert targets("userId", "username") == ["externalId", "username"]


def test_the_tenants_own_attributes() -> None:
    """Custom attributes are recognised, and those that the tenant has switched off are not."""
    assert targets("Login", "Department", "badges", "nickname", schema=TENANT) == [
        "username",
        "department",
        "badges",
        None,
    ]


def test_every_column_that_is_left_out_is_explained() -> None:
    """Unknown columns get near names, and each other one the reason why it is ignored."""
    proposal = propose(["username", "emial", "mail", "email", "id", "headway.row", "", "zzz"])
    notes = {note.name: note for note in proposal.notes}

    assert (notes["emial"].remark, notes["emial"].suggestions[0]) == (Remark.UNKNOWN, "email")
    assert notes["mail"].message == "mail would be email, which column 'email' is already."
    assert notes["id"].remark is Remark.READ_ONLY
    assert notes["headway.row"].remark is Remark.OWN
    assert (notes[""].remark, notes[""].message) == (Remark.UNNAMED, "Column 7 has no name.")
    assert notes["zzz"].suggestions == ()


def test_two_columns_of_one_name_are_refused() -> None:
    """Twins are named with their places: which one is meant, only the file's owner knows."""
    with pytest.raises(Refused, match="Columns 1 and 3 are both called ' Email'"):
        propose(["email", "username", " Email"])


def test_an_attribute_is_mapped_once() -> None:
    """A mapping that would set one attribute from two columns cannot be built."""
    with pytest.raises(Refused, match="Columns 'a' and 'b' are both mapped to email"):
        Mapping((("a", "email"), ("b", "email")))


def test_a_mapping_travels_as_json() -> None:
    """A saved mapping comes back as it was, and fits a file with its columns in another order."""
    mapping = propose(["Login", "E-Mail", "Notes"]).mapping

    saved = Mapping.of(json.loads(json.dumps(mapping.spelled())))

    assert saved == mapping
    assert saved.bind(["notes", "e-mail", "more", "LOGIN"]) == ((3, "username"), (1, "email"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": "email"}, "No column is mapped to username"),
        ({"a": "username", "b": "shoe"}, "'shoe', to which column 'b' is mapped, is no attribute"),
        ({"a": "username", "c": "email"}, "The file has no column 'c', which is mapped to email"),
    ],
)
def test_what_does_not_fit_is_refused(columns: dict[str, str | None], message: str) -> None:
    """A mapping without a username, of unknown attributes or for another file is refused before any row."""
    with pytest.raises(Refused, match=message):
        Mapping.of({"columns": columns}).bind(["a", "b"])


def test_fill_rates() -> None:
    """The rate of a column is how many of the rows have more than spaces in it."""
    assert fill_rates([["a", ""], ["b", " "], ["c", "x"], ["d"]], 2) == (1.0, 0.25)
    assert fill_rates([], 2) == (0.0, 0.0)
