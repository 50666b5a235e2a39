"""Collections, page by page."""

from __future__ import annotations

import pytest
from aiohttp import web

from headway.pingone.errors import PingOneError
from tests.pingone.harness import USERS, Stage, answer, found, stage, user

LIST = f"GET {USERS}"


async def names(on: Stage) -> list[str]:
    """All users."""
    return [entry.username async for page in on.pingone.user_pages() for entry in page.entries]


async def test_next_is_followed_exactly() -> None:
    """The address of the next page is asked byte by byte as it was given, with the same token."""
    async with stage() as on:
        odd = f"{on.server.base}{USERS}?cursor=a%2Fb+c%3d%7e/&x=%C3%BC"
        on.server.on(LIST, answer(200, found(user("a"), next=odd, count=2)), answer(200, found(user("b"), count=3)))
        pages = [page async for page in on.pingone.user_pages('population.id eq "x"', limit=1)]

        assert [(page.entries[0].username, page.count) for page in pages] == [("a", 2), ("b", 3)]
        assert on.server.asked[1:] == [
            f"{LIST}?filter=population.id%20eq%20%22x%22&limit=1",
            f"{LIST}?cursor=a%2Fb+c%3d%7e/&x=%C3%BC",
        ]


async def test_nobody() -> None:
    """An empty list is one page without entries; what is missing of the frame is not missed."""
    async with stage() as on:
        on.server.on(LIST, answer(200, found(count=0)), answer(200, {}))

        assert [page.entries async for page in on.pingone.user_pages()] == [()]
        assert [(page.entries, page.count) async for page in on.pingone.user_pages()] == [((), None)]


@pytest.mark.parametrize(
    "href",
    [
        "http://evil.example{path}",
        "https://127.0.0.1:{port}{path}",
        "http://127.0.0.1:1{path}",
        "http://localhost:{port}{path}",
        "http://me@127.0.0.1:{port}{path}",
        "//evil.example{path}",
        "{path}?cursor=x",
        "http://[::1",
        "",
    ],
)
async def test_another_host_is_not_followed(href: str) -> None:
    """A next page elsewhere would carry the token there: what came is given, and then it is an error."""
    async with stage() as on:
        next = href.format(path=USERS, port=on.server.port)
        on.server.on(LIST, answer(200, found(user("a"), next=next)))
        pages = aiter(on.pingone.user_pages())
        assert len((await anext(pages)).entries) == 1
        with pytest.raises(PingOneError, match="another host, which is not followed") as astray:
            await anext(pages)

        assert on.server.count(LIST) == 1
        assert astray.value.verdict.stops
        assert astray.value.correlation_id == "c-200"


async def test_a_list_that_comes_round() -> None:
    """A page that was read already ends the list with an error."""
    async with stage() as on:
        first, second = (f"{on.server.base}{USERS}?cursor={name}" for name in "ab")
        on.server.on(LIST, *(answer(200, found(user("a"), next=next)) for next in (first, second, first)))
        with pytest.raises(PingOneError, match="comes round"):
            await names(on)

        assert on.server.count(LIST) == 3


async def test_a_list_without_end() -> None:
    """So do too many pages without an entry, even if each has an address of its own."""
    async with stage() as on:
        turns = iter(range(10_000))

        async def more(_request: web.Request) -> web.StreamResponse:
            return answer(200, found(next=f"{on.server.base}{USERS}?cursor={next(turns)}"))

        on.server.on(LIST, more)
        with pytest.raises(PingOneError, match="without entries"):
            await names(on)

        assert on.server.count(LIST) == 100


async def test_a_page_that_fails_is_tried_again() -> None:
    """A list survives what passes."""
    async with stage() as on:
        next = f"{on.server.base}{USERS}?cursor=b"
        on.server.on(LIST, answer(200, found(user("a"), next=next)), answer(503, ""), answer(200, found(user("b"))))

        assert await names(on) == ["a", "b"]
