"""Populations: there is always a default one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.harness import Place, standing


async def populations(place: Place) -> list[dict[str, Any]]:  # Any: JSON values
    """All of them."""
    found: list[dict[str, Any]] = (await place.get("/populations")).document["_embedded"][
        "populations"
    ]  # Any: as above
    return found


async def test_a_population_is_created_read_changed_and_deleted() -> None:
    """201, 200, 200, 204, and then 404."""
    async with standing() as place:
        made = await place.call("POST", "/populations", {"name": "Staff", "description": "Who works here"})
        path = f"/populations/{made.id}"
        changed = await place.call("PUT", path, {"name": "Workers"})
        read = await place.get(path)
        deleted = await place.call("DELETE", path)
        gone = await place.get(path)

    assert [got.status for got in (made, changed, read, deleted, gone)] == [201, 200, 200, 204, 404]
    assert list(made.document) == [
        *("_links", "id", "environment", "name", "description", "userCount", "createdAt", "updatedAt", "default"),
    ]
    assert (read.document["name"], "description" in read.document, read.document["userCount"]) == ("Workers", False, 0)


async def test_what_was_read_can_be_put_back() -> None:
    """The fields that are only shown are passed over."""
    async with standing() as place:
        made = await place.call("POST", "/populations", {"name": "Staff", "passwordPolicy": {"id": "x"}})
        same = await place.call("PUT", f"/populations/{made.id}", made.document)

    assert (same.status, same.document) == (200, made.document)


async def test_a_new_default_replaces_the_old_one() -> None:
    """There is exactly one, and it cannot simply be unset."""
    async with standing() as place:
        made = await place.call("POST", "/populations", {"name": "Staff", "default": True})
        user = await place.add()
        defaults = [one["name"] for one in await populations(place) if one["default"]]
        unset = await place.call("PUT", f"/populations/{made.id}", {"name": "Staff", "default": False})

    assert defaults == ["Staff"]
    assert user.document["population"] == {"id": made.id}
    assert unset.problems == [("CONSTRAINT_VIOLATION", "default")]


async def test_only_an_empty_population_is_deleted_and_never_the_default() -> None:
    """400 CONSTRAINT_VIOLATION."""
    async with standing() as place:
        default, other = await populations(place)
        user = await place.add(population={"id": other["id"]})
        full = await place.call("DELETE", f"/populations/{other['id']}")
        last = await place.call("DELETE", f"/populations/{default['id']}")
        await place.call("DELETE", f"/users/{user.id}")
        empty = await place.call("DELETE", f"/populations/{other['id']}")

    assert (full.status, full.problems) == (400, [("CONSTRAINT_VIOLATION", "userCount")])
    assert (last.status, last.problems) == (400, [("CONSTRAINT_VIOLATION", "default")])
    assert empty.status == 204


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, ("REQUIRED_VALUE", "name")),
        ({"name": 1}, ("INVALID_VALUE", "name")),
        ({"name": " "}, ("EMPTY_VALUE", "name")),
        ({"name": "x" * 257}, ("OUT_OF_RANGE", "name")),
        ({"name": "Default"}, ("UNIQUENESS_VIOLATION", "name")),
        ({"name": "x", "default": "yes"}, ("INVALID_VALUE", "default")),
        ({"name": "x", "description": 1}, ("INVALID_VALUE", "description")),
        ({"name": "x", "colour": "red"}, ("INVALID_VALUE", "colour")),
    ],
)
async def test_a_population_obeys_its_rules(document: dict[str, object], problem: tuple[str, str]) -> None:
    """400 with what is wrong."""
    async with standing() as place:
        got = await place.call("POST", "/populations", document)

    assert (got.status, got.problems) == (400, [problem])


async def test_populations_are_filtered_by_id_and_name_alone() -> None:
    """`id eq` and `name eq|sw`; anything else is INVALID_FILTER."""
    async with standing() as place:
        default, guests = await populations(place)
        by_name = await place.get("/populations", filter='name sw "gu"')
        by_id = await place.get("/populations", filter=f'id eq "{default["id"]}"')
        wrong = [await place.get("/populations", filter=one) for one in ('name co "x"', 'description eq "x"')]

    assert [one["id"] for one in by_name.document["_embedded"]["populations"]] == [guests["id"]]
    assert [one["id"] for one in by_id.document["_embedded"]["populations"]] == [default["id"]]
    assert [got.problems for got in wrong] == [[("INVALID_FILTER", "filter")]] * 2


async def test_populations_have_pages() -> None:
    """As users have."""
    async with standing() as place:
        first = await place.get("/populations", limit="1")
        assert first.next is not None
        second = await place.get(first.next)

    assert (first.document["count"], second.document["count"], second.next) == (2, 2, None)
    assert second.document["_embedded"]["populations"][0]["name"] == "Guests"
