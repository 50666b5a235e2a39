"""Rules at rest."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headway.apps.monitor.alerts.rules import Recipient, Rules
from headway.errors import UsageError
from tests.apps.monitor.alerts.receiving import desk, made_of

ADDRESS = "json://127.0.0.1:9/hook?:token=geheim"


def holding(folder: Path, text: bytes) -> list[str]:
    """Files that hold a text."""
    return [file.name for file in folder.iterdir() if text in file.read_bytes()]


async def test_an_address_is_neither_stored_nor_shown_in_plain(tmp_path: Path) -> None:
    """Whoever starts anew with the same key has it."""
    async with desk(tmp_path) as office:
        await office.wish(ADDRESS)
        shown = (await office.book.shown()).recipients[0]
        others, _ = made_of(office.records, tmp_path, office.clock, office.known, [])
        (kept,) = (await others.rules()).recipients

        assert shown.address == "json://127.0.0.1:9/…"
        assert others.address(kept) == ADDRESS
        assert "geheim" not in msgspec.json.encode(kept).decode()
    assert holding(tmp_path, b"geheim") == []


@pytest.mark.parametrize("again", ["", "json://127.0.0.1:9/…"])
async def test_an_address_that_is_not_given_stays(tmp_path: Path, again: str) -> None:
    """By its id where it has another name, by its name where no id is given."""
    async with desk(tmp_path) as office:
        (first,) = (await office.wish(ADDRESS)).recipients
        renamed = Recipient(id=first.id, name="other", address=again)
        (second,) = (await office.book.replace(Rules(recipients=(renamed,)))).recipients
        (third,) = (await office.book.replace(Rules(recipients=(Recipient(name="other", address=again),)))).recipients

        assert {first.id, second.id, third.id} == {first.id}
        assert office.book.address(third) == ADDRESS


async def test_a_variable_is_looked_up_when_it_is_needed(tmp_path: Path) -> None:
    """Its name may be shown."""
    async with desk(tmp_path) as office:
        (kept,) = (await office.wish("${env:HOOK}")).recipients

        assert office.book.address(kept) == "json://127.0.0.1:9/x"
        assert (await office.book.shown()).recipients[0].address == "${env:HOOK}"


@pytest.mark.parametrize(
    "address", ["", "json://169.254.169.254/", "bogus://x", "${env:UNSET}", "json://" + "h" * 3_000]
)
async def test_what_cannot_be_an_address_changes_nothing(tmp_path: Path, address: str) -> None:
    """The rules of before hold."""
    async with desk(tmp_path) as office:
        before = await office.wish(ADDRESS)
        with pytest.raises(UsageError):
            await office.wish(address, channels=[{"name": "new", "address": address}])

        assert await office.book.rules() == before


async def test_under_another_key_it_is_to_be_entered_again(tmp_path: Path) -> None:
    """And nothing fails that only shows it."""
    async with desk(tmp_path) as office:
        await office.wish(ADDRESS)
        (tmp_path / "key").unlink()
        others, alerts = made_of(office.records, tmp_path, office.clock, office.known, [])
        await office.began("one")
        await alerts.settle()
        await alerts.send()

        assert (await others.shown()).recipients[0].address == "…"
        assert "enter it again" in (await alerts.test())[0]["error"]
