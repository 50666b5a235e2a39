"""Users: created, read, changed, deleted, found."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from headway.sandbox.faults import Faults
from tests.sandbox.harness import IMPORT, JSON, PASSWORD, Place, standing, user_of

SET = "application/vnd.pingidentity.password.set+json"
SET_VALUE = "application/vnd.pingidentity.password.setValue+json"


async def test_an_import_is_answered_with_the_user() -> None:
    """201 with the object as recorded: links, ids, times with milliseconds, and never the password."""
    async with standing() as place:
        got = await place.add(name={"given": "Ada"}, password={"value": PASSWORD}, externalId="7")
        read = await place.get(f"/users/{got.id}")

    user = got.document
    own = f"{place.base}/users/{got.id}"
    assert (got.status, read.status, read.document) == (201, 200, user)
    assert list(user) == [
        *("_links", "id", "environment", "account", "createdAt", "email", "enabled", "externalId", "identityProvider"),
        *("lifecycle", "mfaEnabled", "name", "population", "updatedAt", "username", "verifyStatus"),
    ]
    assert user["createdAt"] == "2023-11-14T22:13:20.000Z"
    assert user["_links"]["self"] == {"href": own}
    assert {user["_links"][name]["href"] for name in user["_links"] if name.startswith("password")} == {
        f"{own}/password"
    }
    assert PASSWORD not in got.text + read.text


async def test_a_plain_create_has_no_password() -> None:
    """With application/json a password is refused, and an email can only be unverified."""
    async with standing() as place:
        refused = await place.call("POST", "/users", user_of(password={"value": PASSWORD}, emailVerified=True))
        made = await place.call("POST", "/users", user_of(emailVerified=False))
        state = await place.get(f"/users/{made.id}/password")

    assert refused.problems == [("INVALID_VALUE", "password"), ("INVALID_VALUE", "emailVerified")]
    assert (made.status, state.document["status"]) == (201, "NO_PASSWORD")


@pytest.mark.parametrize(
    ("method", "path", "media"),
    [
        ("POST", "/users", "application/vnd.pingone.import.users+json"),
        ("POST", "/users", "text/plain"),
        ("POST", "/users", ""),
        ("POST", "/users/{id}", "application/vnd.pingidentity.nonsense+json"),
        ("PATCH", "/users/{id}", IMPORT),
        ("PUT", "/users/{id}", "application/merge-patch+json"),
        ("PUT", "/users/{id}/enabled", "text/plain"),
        ("PUT", "/users/{id}/population", IMPORT),
        ("PUT", "/users/{id}/password", JSON),
        ("POST", "/populations", IMPORT),
    ],
)
async def test_a_wrong_media_type_is_refused(method: str, path: str, media: str) -> None:
    """415 INVALID_REQUEST, also for the bulk import that some notes speak of."""
    async with standing() as place:
        made = await place.add()
        got = await place.call(method, path.replace("{id}", made.id), {"users": []}, media)

    assert (got.status, got.document["code"]) == (415, "INVALID_REQUEST")


async def test_the_media_type_may_have_parameters_and_capitals() -> None:
    """`application/JSON; charset=utf-8` is application/json."""
    async with standing() as place:
        got = await place.call("POST", "/users", user_of(), "application/JSON; charset=utf-8")

    assert got.status == 201


async def test_there_is_no_bulk_endpoint() -> None:
    """404: one request makes one user."""
    async with standing() as place:
        population = (await place.get("/populations")).document["_embedded"]["populations"][0]["id"]
        got = await place.call("POST", f"/populations/{population}/users/bulk", {"users": []})

    assert (got.status, got.document["code"]) == (404, "NOT_FOUND")


async def test_every_violation_is_told_at_once() -> None:
    """A 400 lists all that is wrong with a row, a name that is taken among it."""
    async with standing() as place:
        await place.add()
        got = await place.add(
            username="ada",
            email="no",
            name={"given": "", "nick": "x"},
            address={"countryCode": "gb", "postalCode": "1" * 41},
            timezone="London",
            population={"id": "00000000-0000-4000-8000-000000000000"},
            password={"value": "short"},
            shoeSize=42,
        )

    assert (got.status, got.document["code"]) == (400, "INVALID_DATA")
    assert got.problems == [
        ("INVALID_VALUE", "email"),
        ("EMPTY_VALUE", "name.given"),
        ("INVALID_VALUE", "name.nick"),
        ("INVALID_VALUE", "address.countryCode"),
        ("OUT_OF_RANGE", "address.postalCode"),
        ("INVALID_VALUE", "timezone"),
        ("INVALID_VALUE", "password"),
        ("INVALID_VALUE", "shoeSize"),
        ("INVALID_VALUE", "population.id"),
        ("UNIQUENESS_VIOLATION", "username"),
    ]


async def test_a_username_is_unique_in_the_environment() -> None:
    """400 UNIQUENESS_VIOLATION across populations and letter case, with the id of who has it; not in the other
    environment."""
    async with standing() as place:
        other = (await place.get("/populations")).document["_embedded"]["populations"][1]["id"]
        first = await place.add(username="Straße")
        second = await place.add(username="STRASSE", population={"id": other})
        elsewhere = await place.call(
            "POST", f"{place.sandbox.api}/environments/{place.sandbox.production}/users", user_of(), IMPORT
        )

    assert (second.status, second.problems) == (400, [("UNIQUENESS_VIOLATION", "username")])
    assert second.document["details"][0]["innerError"] == {"existingId": first.id}
    assert elsewhere.status == 201


async def test_what_nobody_is_sure_of_can_be_switched() -> None:
    """Without `existing_id` nobody is told who has a name; without `case_insensitive` case tells names apart; without
    `email_required` an email can be left out, but not if it has to be verified."""
    async with standing(existing_id=False, case_insensitive=False, email_required=False) as place:
        upper = [await place.add(username=name, email=None) for name in ("ada", "Ada")]
        again = await place.add(email=None)
        verified = await place.add(username="bob", email=None, lifecycle={"status": "VERIFICATION_REQUIRED"})

    assert [got.status for got in upper] == [201, 201]
    assert "innerError" not in again.document["details"][0]
    assert verified.problems == [("REQUIRED_VALUE", "email")]


async def test_a_custom_attribute_can_be_unique_too() -> None:
    """The schema says which; a name that a user gave up is free again."""
    async with standing() as place:
        first = await place.add(username="a", employeeNumber="7")
        taken = await place.add(username="b", employeeNumber="7")
        await place.call("PATCH", f"/users/{first.id}", {"employeeNumber": None})
        free = await place.add(username="b", employeeNumber="7")

    assert (taken.problems, free.status) == ([("UNIQUENESS_VIOLATION", "employeeNumber")], 201)


async def test_a_population_is_chosen_or_the_default() -> None:
    """A user goes where it says, else into the default population."""
    async with standing() as place:
        default, other = (await place.get("/populations")).document["_embedded"]["populations"]
        first = await place.add()
        second = await place.add(username="b", population={"id": other["id"].upper()})
        after = (await place.get(f"/populations/{other['id']}")).document

    assert first.document["population"] == {"id": default["id"]}
    assert second.document["population"] == {"id": other["id"]}
    assert after["userCount"] == 1


async def test_patch_changes_what_it_names() -> None:
    """Null clears, what is left out stays, parts of a name are merged, and what is read-only is passed over."""
    async with standing() as place:
        made = await place.add(name={"given": "Ada", "family": "Byron"}, title="Countess", nickname="A")
        place.clock.advance(1)
        change = {"name": {"family": "Lovelace", "given": None}, "title": None, "enabled": False, "id": "x"}
        got = await place.call("PATCH", f"/users/{made.id}", change)

    user = got.document
    assert (got.status, user["name"], user["nickname"]) == (200, {"family": "Lovelace"}, "A")
    assert (user["enabled"], user["id"], "title" in user) == (True, made.id, False)
    assert (user["createdAt"], user["updatedAt"]) == (made.document["createdAt"], "2023-11-14T22:13:21.000Z")


async def test_put_clears_what_it_leaves_out() -> None:
    """What was read can be put back as it is; whatever is missing is gone."""
    async with standing() as place:
        made = await place.add(title="Countess", nickname="A")
        read = (await place.get(f"/users/{made.id}")).document
        same = await place.call("PUT", f"/users/{made.id}", read)
        less = await place.call("PUT", f"/users/{made.id}", {"username": "countess"})

    assert (same.status, same.document) == (200, read)
    assert (less.status, less.document["username"]) == (200, "countess")
    assert {"title", "nickname", "email"}.isdisjoint(less.document)


async def test_a_change_obeys_the_rules_of_a_user() -> None:
    """Required attributes cannot be cleared, nor a name taken; a refused change changes nothing, one's own name is no
    clash."""
    async with standing() as place:
        made = await place.add()
        await place.add(username="bob")
        path = f"/users/{made.id}"
        cleared = await place.call("PATCH", path, {"username": None})
        missing = await place.call("PUT", path, {"email": "a@b.example"})
        taken = await place.call("PATCH", path, {"username": "BOB", "title": "x"})
        own = await place.call("PATCH", path, {"username": "ADA"})
        after = await place.get(path)

    assert cleared.problems == missing.problems == [("REQUIRED_VALUE", "username")]
    assert taken.problems == [("UNIQUENESS_VIOLATION", "username")]
    assert (own.status, after.document["username"], "title" in after.document) == (200, "ADA", False)


async def test_a_profile_holds_16_kb() -> None:
    """SIZE_LIMIT_EXCEEDED, whether it comes at once or by and by."""
    async with standing() as place:
        whole = await place.add(preferences={"notes": "x" * 16_384})
        made = await place.add(preferences={"notes": "x" * 16_000})
        more = await place.call("PATCH", f"/users/{made.id}", {"badges": ["y" * 250] * 2})

    assert (whole.status, made.status) == (400, 201)
    assert whole.problems == more.problems == [("SIZE_LIMIT_EXCEEDED", "")]


async def test_a_deleted_user_is_gone() -> None:
    """204, then 404; the name is free, and the population counts one less."""
    async with standing() as place:
        made = await place.add()
        deleted = await place.call("DELETE", f"/users/{made.id}")
        gone = [await place.call(method, f"/users/{made.id}", {}) for method in ("DELETE", "PATCH", "PUT", "POST")]
        read = await place.get(f"/users/{made.id}")
        population = await place.get(f"/populations/{made.document['population']['id']}")
        again = await place.add()

    assert (deleted.status, deleted.text, read.status) == (204, "", 404)
    assert [got.status for got in gone] == [404] * 4
    assert (population.document["userCount"], again.status, again.id != made.id) == (0, 201, True)


async def test_enabled_is_set_by_itself() -> None:
    """GET and PUT of `enabled`; anything but true and false is refused."""
    async with standing() as place:
        made = await place.add(enabled=False)
        before = await place.get(f"/users/{made.id}/enabled")
        after = await place.call("PUT", f"/users/{made.id}/enabled", {"enabled": True})
        wrong = [await place.call("PUT", f"/users/{made.id}/enabled", body) for body in ({}, {"enabled": "yes"})]

    assert (before.document["enabled"], after.document["enabled"]) == (False, True)
    assert [got.problems for got in wrong] == [[("INVALID_VALUE", "enabled")]] * 2


async def test_a_user_moves_to_another_population() -> None:
    """GET and PUT of `population`; one that is not there is refused."""
    async with standing() as place:
        other = (await place.get("/populations")).document["_embedded"]["populations"][1]["id"]
        made = await place.add()
        moved = await place.call("PUT", f"/users/{made.id}/population", {"id": other})
        wrong = await place.call("PUT", f"/users/{made.id}/population", {"id": made.id})
        read = await place.get(f"/users/{made.id}/population")
        expanded = (await place.get(f"/users/{made.id}", expand="population", include="memberOfGroupIDs")).document

    assert (moved.status, wrong.problems) == (200, [("INVALID_VALUE", "id")])
    assert read.document["id"] == other
    assert expanded["_embedded"]["population"]["userCount"] == 1
    assert expanded["memberOfGroupIDs"] == []


async def test_a_password_has_a_state_and_is_never_told() -> None:
    """Imported, set, to be changed, taken away."""
    async with standing() as place:
        made = await place.add(password={"value": PASSWORD, "forceChange": True})
        path = f"/users/{made.id}/password"
        forced = await place.get(path)
        ok = await place.call("PUT", path, {"value": PASSWORD}, SET)
        encoded = await place.call("PUT", path, {"value": "{BCRYPT}$2a$10$x", "forceChange": True}, SET)
        none = await place.call("PUT", path, {}, SET_VALUE)

    states = [got.document["status"] for got in (forced, ok, encoded, none)]
    assert states == ["MUST_CHANGE_PASSWORD", "OK", "MUST_CHANGE_PASSWORD", "NO_PASSWORD"]
    assert all(PASSWORD not in got.text for got in (forced, ok, encoded, none))


async def test_a_password_obeys_the_policy_unless_it_is_bypassed() -> None:
    """INVALID_VALUE with what is not satisfied; a value is needed where none would take it away."""
    async with standing() as place:
        path = f"/users/{(await place.add()).id}/password"
        weak = await place.call("PUT", path, {"value": "weak"}, SET)
        bypassed = await place.call("PUT", path, {"value": "weak", "bypassPolicy": True}, SET)
        wrong = await place.call("PUT", path, {"value": 1, "bypassPolicy": True, "forceChange": "x"}, SET)
        missing = await place.call("PUT", path, {}, SET)

    (detail,) = weak.document["details"]
    assert detail["message"] == "User password did not satisfy password policy requirements"
    assert detail["innerError"] == {"unsatisfiedRequirements": ["length", "minCharacters"]}
    assert bypassed.status == 200
    assert wrong.problems == [("INVALID_VALUE", "forceChange"), ("INVALID_VALUE", "value")]
    assert missing.problems == [("REQUIRED_VALUE", "value")]


async def fill(place: Place, users: int, **attributes: Any) -> None:  # Any: JSON values
    """Add so many users."""
    for number in range(users):
        assert (await place.add(username=f"user{number:03}", **attributes)).status == 201


async def test_pages_follow_one_another() -> None:
    """Every user once and in order, at most `page_users` on a page, with the same count on each."""
    async with standing(page_users=20) as place:
        await fill(place, 45)
        pages = [await place.get("/users", limit="1000")]
        while (address := pages[-1].next) is not None:
            pages.append(await place.get(address))

    assert [page.document["size"] for page in pages] == [20, 20, 5]
    assert [page.document["count"] for page in pages] == [45, 45, 45]
    assert [name for page in pages for name in page.usernames] == [f"user{number:03}" for number in range(45)]
    assert pages[0].document["_links"]["self"]["href"].endswith("/users?limit=1000")


async def test_a_page_begins_where_the_last_one_ended() -> None:
    """Users that are deleted or added between two pages move nobody over the edge."""
    async with standing() as place:
        await fill(place, 6)
        first = await place.get("/users", limit="3")
        await place.call("DELETE", f"/users/{first.document['_embedded']['users'][0]['id']}")
        await place.add(username="late")
        assert first.next is not None
        second = await place.get(first.next)
        assert second.next is not None
        third = await place.get(second.next)

    assert second.usernames + third.usernames == ["user003", "user004", "user005", "late"]


async def test_an_empty_list_has_no_next() -> None:
    """`"users" : [ ]`, count and size 0."""
    async with standing() as place:
        got = await place.get("/users")

    assert '"users" : [ ]' in got.text
    assert (got.document["count"], got.document["size"], got.next) == (0, 0, None)


async def test_a_full_last_page_has_no_next() -> None:
    """A page that ends with the last user leads nowhere."""
    async with standing() as place:
        await fill(place, 4)
        first = await place.get("/users", limit="2")
        assert first.next is not None
        second = await place.get(first.next)

    assert (second.document["size"], second.next) == (2, None)


async def test_the_count_can_be_left_out() -> None:
    """`counts=False`: nobody may rely on it."""
    async with standing(counts=False) as place:
        await place.add()
        got = await place.get("/users")

    assert (got.document["size"], "count" in got.document) == (1, False)


async def test_a_filter_finds_users() -> None:
    """Its pages keep to it, and the count is of those that match."""
    async with standing() as place:
        await fill(place, 7, title="Countess")
        await place.add(username="zoe", email="zoe@Example.org", name={"family": "Lovelace"})
        found = await place.find('email ew "@example.ORG" and name.family sw "love"')
        first = await place.get("/users", filter='title eq "countess"', limit="4")
        assert first.next is not None
        second = await place.get(first.next)
        looked_up = await place.find('username eq "ZOE" and enabled eq true')
        nobody = await place.find('username eq "zoe" and enabled eq false')

    assert found == looked_up == ["zoe"]
    assert (first.document["count"], second.document["count"], second.document["size"]) == (7, 7, 3)
    assert nobody == []


async def test_users_are_found_by_time() -> None:
    """A time may be given in another form or zone than it is shown in."""
    async with standing() as place:
        await place.add(username="old")
        place.clock.advance(60)
        await place.add(username="new")
        late = await place.find('createdAt ge "2023-11-14T22:14:20Z"')
        early = await place.find('updatedAt le "2023-11-15T00:13:20+02:00"')

    assert (late, early) == (["new"], ["old"])


async def test_a_bad_filter_says_what_could_stand_there() -> None:
    """400 with INVALID_FILTER, and the attributes or operators there are."""
    async with standing() as place:
        attribute = await place.get("/users", filter='shoeSize eq "1"')
        operator = await place.get("/users", filter='username pr "1"')

    assert attribute.status == operator.status == 400
    assert attribute.problems == operator.problems == [("INVALID_FILTER", "filter")]
    assert "username" in attribute.document["details"][0]["innerError"]["supportedAttributes"]
    assert operator.document["details"][0]["innerError"]["supportedOperators"] == ["eq", "sw", "ew", "co"]


async def test_a_user_is_found_only_after_a_while() -> None:
    """With lag, lists and filters do not know who was created a moment ago; reading by id does, and so does the rule
    that names are unique."""
    async with standing(faults=Faults(lag=500)) as place:
        made = await place.add()
        early = [await place.find('username eq "ada"'), (await place.get("/users")).usernames]
        read, again = await place.get(f"/users/{made.id}"), await place.add()
        place.clock.advance(0.5)
        late = await place.find('username eq "ada"')

    assert (early, late) == ([[], []], ["ada"])
    assert (read.status, again.status) == (200, 400)


async def test_a_licence_holds_so_many_users() -> None:
    """403 LICENSE_EXCEEDED with the quota, until somebody is deleted."""
    async with standing(faults=Faults(licence=1)) as place:
        made = await place.add()
        over = await place.add(username="bob")
        await place.call("DELETE", f"/users/{made.id}")
        under = await place.add(username="bob")

    assert (over.status, over.problems) == (403, [("LICENSE_EXCEEDED", "")])
    assert over.document["details"][0]["innerError"] == {"quotaLimit": 1}
    assert under.status == 201


async def test_ids_have_an_order_that_is_the_seeds() -> None:
    """Two sandboxes of one seed give the same ids and secrets, one of another seed others."""
    made = []
    for seed in (7, 7, 8):
        async with standing(seed=seed) as place:
            made.append((place.sandbox.environment, place.sandbox.credentials.client_secret, (await place.add()).id))

    assert made[0] == made[1]
    assert all(one != other for one, other in zip(made[1], made[2], strict=True))
    assert all(len(set(pair)) == 2 for pair in pairwise([*made[0]]))
