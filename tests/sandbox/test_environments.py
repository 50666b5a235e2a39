"""Environments and their schema."""

from __future__ import annotations

import pytest

from tests.sandbox.harness import standing


async def test_there_are_two_environments_one_of_each_type() -> None:
    """Each says what it is, in the fields that were recorded."""
    async with standing() as place:
        sandbox = (await place.get("")).document
        production = (await place.get(f"{place.sandbox.api}/environments/{place.sandbox.production}")).document

    assert list(sandbox) == [
        *("_links", "id", "name", "description", "organization", "type", "region", "createdAt", "updatedAt", "license")
    ]
    assert (sandbox["type"], production["type"]) == ("SANDBOX", "PRODUCTION")
    assert sandbox["organization"] == production["organization"]


async def test_it_says_how_many_identities_there_are() -> None:
    """So that a licence can be watched before it is exceeded."""
    async with standing() as place:
        await place.add()
        got = await place.get("/totalIdentities")

    assert got.document["count"] == 1
    assert got.document["_embedded"]["totalIdentities"] == [{"date": "2023-11-14T00:00:00Z", "totalIdentities": 1}]


async def test_the_schema_names_every_attribute() -> None:
    """Of each kind and type, with what is required and unique; complex ones with their parts."""
    async with standing() as place:
        listed = (await place.get("/schemas")).document["_embedded"]["schemas"]
        (schema,) = listed
        read = await place.get(f"/schemas/{schema['id']}")
        page = (await place.get(f"/schemas/{schema['id']}/attributes")).document

    attributes = {one["name"]: one for one in page["_embedded"]["attributes"]}
    assert (read.document, page["size"]) == (schema, len(attributes))
    assert attributes["username"]["required"] is attributes["username"]["unique"] is True
    assert {one["schemaType"] for one in attributes.values()} == {"CORE", "STANDARD", "CUSTOM"}
    assert {one["type"] for one in attributes.values()} == {"STRING", "JSON", "BOOLEAN", "COMPLEX"}
    assert [one["name"] for one in attributes["name"]["subAttributes"]][:2] == ["given", "family"]
    assert len({one["id"] for one in attributes.values()}) == len(attributes)


@pytest.mark.parametrize(
    "path", ["/schemas/{0}", "/schemas/{0}/attributes", "/users/{0}", "/populations/{0}", "/groups"]
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    """404 NOT_FOUND."""
    async with standing() as place:
        got = await place.get(path.format("00000000-0000-4000-8000-000000000000"))

    assert (got.status, got.document["code"]) == (404, "NOT_FOUND")
    assert got.document["message"] == "The requested resource was not found."
