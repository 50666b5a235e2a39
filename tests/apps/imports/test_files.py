"""Uploads: what is kept, what is refused with which sentence, and what is never shown."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.apps.imports.files import FILE_BYTES
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.apps.imports.office import Office, csv, office, row


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path) as made:
        yield made


async def test_an_upload_says_what_it_is(at: Office) -> None:
    """Rows, spelling, a mapping that is proposed, how full each column is, and the first rows."""
    upload = await at.uploaded([row(1), row(2, email="")])

    assert (upload["rows"], upload["name"], upload["format"]["delimiter"]) == (2, "users.csv", ",")
    assert {one["column"]: one["attribute"] for one in upload["mapping"]} == {
        "username": "username",
        "email": "email",
        "first name": "name.given",
        "last name": "name.family",
        "password": "password",
    }
    assert (upload["fill"]["email"], upload["sample"][0]["cells"][0]) == (0.5, "user1")


async def test_a_password_is_not_shown(at: Office) -> None:
    """Neither in the sample nor in a preview."""
    upload = await at.uploaded([row(1)])
    mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
    look = {"target": "sandbox", "mapping": mapping}
    status, preview = await at.ask("POST", f"/api/imports/files/{upload['id']}/preview", look)

    assert (status, preview["looked_at"], preview["problems"]) == (200, 1, {})
    assert "Correct-horse" not in str(upload) + str(preview)


async def test_a_file_is_for_this_user_alone(at: Office, tmp_path: Path) -> None:
    """It may hold passwords."""
    await at.uploaded([row(1)])
    (file,) = (tmp_path / "imports" / "files").iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_raw_body_is_the_file(at: Office) -> None:
    """For scripts: `curl --data-binary @users.csv`."""
    status, upload = await at.ask("POST", "/api/imports/files?name=a/b/people.csv", data=csv([row(1)]))

    assert (status, upload["name"], upload["rows"]) == (201, "people.csv", 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"username,email\n", "no-rows"),
        (b"PK\x03\x04" + b"x" * 100, "binary"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "binary"),
        (b"username,email\nada,a\x00b\n", "nul"),
        (b"username\nada\n", "one-column"),
        (b"ada,ada@example.com\nbob,bob@example.com\n", "no-header"),
    ],
)
async def test_what_is_no_csv_of_users_is_refused_and_not_kept(
    at: Office, tmp_path: Path, content: bytes, reason: str
) -> None:
    """With a sentence and the reason, before anything is written anywhere."""
    status, body = await at.upload(content)

    assert (status, body["error"]["details"]["reason"]) == (400, reason)
    assert list((tmp_path / "imports" / "files").iterdir()) == []


async def test_a_form_without_a_file_says_so(at: Office) -> None:
    """It names the field."""
    import aiohttp

    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("populationId", "x")
    status, body = await at.ask("POST", "/api/imports/files", data=form)

    assert (status, body["error"]["details"]["field"]) == (400, "file")


async def test_a_form_that_ends_in_the_middle_is_refused(at: Office, tmp_path: Path) -> None:
    """Nothing of it is kept."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="u.csv"\r\n\r\nusername,email\nada,'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, _ = await at.ask("POST", "/api/imports/files", data=body, headers=headers)

    assert status == 400
    assert list((tmp_path / "imports" / "files").iterdir()) == []


async def test_a_file_that_nobody_uses_is_removed_after_a_week(tmp_path: Path) -> None:
    """What a run of the last week used stays."""
    clock = FakeClock()
    async with office(tmp_path, clock=clock) as at:
        old = await at.uploaded([row(1)])
        clock.advance(6 * 86_400)
        new = await at.uploaded([row(2)])
        clock.advance(2 * 86_400)
    async with office(tmp_path, clock=clock) as at:
        await at.get(f"/api/imports/files/{new['id']}")
        files = tmp_path / "imports" / "files"
        await wait_until(lambda: [file.stem for file in files.iterdir()] == [new["id"]])

        assert (await at.ask("GET", f"/api/imports/files/{old['id']}"))[0] == 404


async def test_a_file_is_removed_on_demand(at: Office, tmp_path: Path) -> None:
    """Asked for again it is not there."""
    upload = await at.uploaded([row(1)])
    status, _ = await at.ask("DELETE", f"/api/imports/files/{upload['id']}")

    assert status == 200
    assert list((tmp_path / "imports" / "files").iterdir()) == []
    assert (await at.ask("GET", f"/api/imports/files/{upload['id']}"))[0] == 404


async def test_a_mapping_is_kept_and_forgotten(at: Office) -> None:
    """By a name; the newer one of a name counts."""
    for columns in ({"Login": "username"}, {"Login": "username", "Mail": "email"}):
        assert (await at.ask("PUT", "/api/imports/mappings/HR%20export", {"columns": columns}))[0] == 200
    kept = (await at.get("/api/imports/mappings"))["mappings"]
    await at.ask("DELETE", "/api/imports/mappings/HR%20export")

    assert [(one["name"], one["columns"]) for one in kept] == [("HR export", {"Login": "username", "Mail": "email"})]
    assert (await at.get("/api/imports/mappings"))["mappings"] == []


async def test_what_is_too_large_is_refused_before_it_is_sent(at: Office, tmp_path: Path) -> None:
    """Its length says so: nobody uploads two gigabytes in order to learn that one is the most."""
    reader, writer = await asyncio.open_connection(at.address.host, at.address.port)
    head = f"POST /api/imports/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 * FILE_BYTES}\r\n\r\n"
    writer.write(head.encode() + b"username,email\n")
    answer = await reader.readuntil(b"}}}")
    writer.close()
    await writer.wait_closed()

    assert b" 413 " in answer
    assert b"the file is larger than 1 GB, which is the most; split it" in answer
    assert list((tmp_path / "imports" / "files").iterdir()) == []


async def test_a_password_that_a_quote_swallowed_is_not_shown(at: Office) -> None:
    """Nor one of a row with a cell too many: whatever column it is in now."""
    content = (
        csv([row(1)]) + b'\n"ada,a@example.com,Ada,L,Correct-horse-2!\nbob,b@example.com,Bob,x,y,Correct-horse-3!\n'
    )
    status, upload = await at.upload(content)

    assert status == 201
    assert "Correct-horse" not in str(upload)


async def test_a_file_that_was_changed_on_the_server_is_not_used(at: Office, tmp_path: Path) -> None:
    """The sentence says what to do; a run would have counted rows that there are not."""
    upload = await at.uploaded([row(1), row(2)])
    (file,) = (tmp_path / "imports" / "files").iterdir()
    mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
    wanted = {"kind": "import", "target": "sandbox", "file": upload["id"], "mapping": mapping}
    file.write_bytes(b"x")
    changed = await at.ask("POST", "/api/imports/runs", wanted)
    file.unlink()
    gone = await at.ask("POST", f"/api/imports/files/{upload['id']}/preview", {"target": "sandbox", "mapping": mapping})

    for status, body in (changed, gone):
        assert status == 404
        assert "upload it again" in body["error"]["message"]


async def test_of_many_columns_without_a_name_of_ours_few_are_listed(at: Office) -> None:
    """Which are not mapped is seen in the mapping; a hundred sentences are read by nobody."""
    extra = {f"c{number}": "x" for number in range(100)}
    upload = await at.uploaded([row(1, **extra)], columns=[*row(1), *extra])

    assert upload["notes"][9:] == ["No attribute is called c9.", "90 more columns are not mapped."]
