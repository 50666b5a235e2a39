"""The pages of imports in a real Chromium: from the file to the result, live, and what can be in the way."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import jwt
import pytest
from playwright.async_api import Locator, Page, Response, expect

from headway.server.live import Headway
from headway.testing.serving import Address, serving
from tests.apps.imports.office import csv, office, row
from tests.browser.chromium import leave
from tests.browser.clerk import QUICK, SOON, Desk, desk, downloaded, field, file, is_chosen, people, press, step
from tests.browser.stage import PHONE, accessible, fits, is_live, toast, unreached
from tests.server.guests import SECRET

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

MARKUP = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    """A server with imports, and a PingOne to import into."""
    async with desk() as made:
        yield made


async def chosen(tab: Page, at: Desk, content: bytes, kind: str = "import") -> None:
    """Open a new run, and choose the target and a file."""
    await tab.goto(at.address.http(f"/imports/new?kind={kind}"))
    await tab.get_by_role("radio", name="Elsewhere").check()
    await tab.get_by_label("CSV file").set_input_files(file(content))
    await is_chosen(tab, "users.csv")


async def go_on(tab: Page, title: str) -> None:
    """To the next step."""
    await tab.get_by_role("button", name="Next:").click()
    await step(tab, title)


async def watch(tab: Page, at: Desk, run: str) -> None:
    """Open the page of a run."""
    await tab.goto(at.address.http(f"/imports/runs/{run}"))
    await is_live(tab)


def outcome(tab: Page, name: str) -> Locator:
    """How many had this outcome."""
    return tab.locator(f"[data-outcome={name}] b")


def failures(tab: Page) -> Locator:
    """The rows of the table of failures."""
    return tab.get_by_role("region", name="Failures, as a table").locator("tbody tr")


def status(tab: Page) -> Locator:
    """How the run stands, in a word."""
    return tab.locator("h1 + [role=status]")


# The way to a run.


async def test_an_import_goes_from_the_file_to_its_result(tab: Page, at: Desk) -> None:
    """Target and file, columns, preview and dry run, run: what was counted comes true, and who failed is listed."""
    await tab.goto(at.address.http("/"))
    await tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Imports").click()
    await press(tab, "New import")
    await tab.get_by_role("radio", name="Elsewhere").check()
    await tab.get_by_label("CSV file").set_input_files(file(people(60, 7, 31)))
    await expect(tab.get_by_role("region", name="File", exact=True)).to_contain_text("60 rows, 5 columns")
    await go_on(tab, "Columns and rules")
    await expect(tab.get_by_label("What first name becomes")).to_have_value("name.given")
    await go_on(tab, "Preview and dry run")
    preview = tab.get_by_role("region", name="Rows, as a table")
    await expect(preview.locator("tbody tr")).to_have_count(20)
    await expect(preview).to_contain_text("email must be a well-formed email address")
    await press(tab, "Start the dry run")
    await expect(tab.get_by_text("2 rows would fail.")).to_be_visible(timeout=SOON)
    await expect(outcome(tab, "created")).to_have_text("58")
    assert at.sandbox.usernames(at.sandbox.environment) == {}
    await go_on(tab, "Run")
    await press(tab, "Import 60 rows into Elsewhere")

    await expect(tab.get_by_text("2 rows failed.")).to_be_visible(timeout=SOON)
    await expect(outcome(tab, "created")).to_have_text("58")
    await expect(outcome(tab, "failed")).to_have_text("2")
    await expect(failures(tab)).to_contain_text(["user7", "user31"])
    assert len(at.sandbox.usernames(at.sandbox.environment)) == 58


async def test_a_reload_keeps_the_way(tab: Page, at: Desk) -> None:
    """At each step the page is loaded anew: target, file, what columns become, and the rules are as they were."""
    await chosen(tab, at, people(5))
    await tab.reload()
    await expect(tab.get_by_role("radio", name="Elsewhere")).to_be_checked()
    await is_chosen(tab, "users.csv")
    await go_on(tab, "Columns and rules")
    await tab.get_by_label("What first name becomes").select_option("nickname")
    await tab.get_by_label("What last name becomes").select_option("")
    await tab.get_by_role("radio", name="Update").check()
    await field(tab, "Population").select_option(label="A new population…")
    await field(tab, "Name of the new population").fill("Autumn")
    await field(tab, "Name of the new population").blur()
    await tab.reload()

    await step(tab, "Columns and rules")
    await expect(tab.get_by_label("What first name becomes")).to_have_value("nickname")
    await expect(tab.get_by_label("What last name becomes")).to_have_value("")
    await expect(tab.get_by_role("radio", name="Update")).to_be_checked()
    await expect(field(tab, "Name of the new population")).to_have_value("Autumn")
    await go_on(tab, "Preview and dry run")
    await press(tab, "Start the dry run")
    await expect(tab.get_by_text("No row would fail.")).to_be_visible(timeout=SOON)
    await tab.reload()
    await expect(tab.get_by_text("No row would fail.")).to_be_visible(timeout=SOON)
    await tab.go_back()
    await step(tab, "Columns and rules")


async def test_a_file_is_dropped(tab: Page, at: Desk) -> None:
    """Let go over the page it is sent; of several at once none is."""
    await tab.goto(at.address.http("/imports/new"))
    drop = """(frame, names) => {
        const data = new DataTransfer();
        for (const name of names) data.items.add(new File(['username,email\\nada,ada@example.org\\n'], name));
        frame.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    frame = tab.get_by_text("Drop a CSV file here, or").locator("..")
    await frame.evaluate(drop, ["a.csv", "b.csv"])
    await expect(tab.get_by_role("alert").filter(has_text="2 files were dropped.")).to_be_visible()
    await frame.evaluate(drop, ["dropped.csv"])

    await is_chosen(tab, "dropped.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04xl/workbook.xml" + bytes(200), "an Excel workbook"),
        (b"username,username\nada,ada\n", "both called"),
    ],
)
async def test_a_file_that_is_none_is_refused_with_a_sentence(
    tab: Page, at: Desk, content: bytes, sentence: str
) -> None:
    """It says what is wrong with which file; another one can be chosen at once."""
    await tab.goto(at.address.http("/imports/new"))
    await tab.get_by_label("CSV file").set_input_files(file(content, "broken.csv"))

    refusal = tab.get_by_role("alert").filter(has_text="broken.csv")
    await expect(refusal).to_contain_text(sentence)
    await tab.get_by_label("CSV file").set_input_files(file(people(1)))
    await is_chosen(tab, "users.csv")
    await expect(refusal).to_be_hidden()


async def test_it_does_not_go_on_without_what_is_needed(tab: Page, at: Desk) -> None:
    """No target, no file, no username, one attribute twice: each says so, and stays where it can be mended."""
    await tab.goto(at.address.http("/imports/new"))
    alert = tab.get_by_role("navigation", name="Steps").get_by_role("alert")
    await tab.get_by_role("button", name="Next:").click()
    await expect(alert).to_have_text("Choose where the users are: a target.")
    await tab.get_by_role("radio", name="Elsewhere").check()
    await tab.get_by_role("button", name="Next:").click()
    await expect(alert).to_have_text("Choose a file first, and wait until it is read.")
    await chosen(tab, at, people(3))
    await go_on(tab, "Columns and rules")
    await tab.get_by_label("What username becomes").select_option("")
    await tab.get_by_role("button", name="Next:").click()
    await expect(alert).to_contain_text("No column becomes the username.")
    await tab.get_by_label("What email becomes").select_option("username")
    await expect(alert).to_have_text("")
    await tab.get_by_label("What first name becomes").select_option("username")
    await tab.get_by_role("button", name="Next:").click()

    await expect(alert).to_contain_text("Two columns become username")
    await tab.goto(re.sub("step=columns", "step=run", tab.url))
    await step(tab, "Columns and rules")


async def test_a_mapping_is_kept_and_used_for_another_file(tab: Page, at: Desk) -> None:
    """Saved under a name it is applied to a file whose columns are called alike, and can be forgotten."""
    await chosen(tab, at, csv([{"who": "ada", "post": "ada@example.org"}], ("who", "post")))
    await tab.get_by_role("button", name="Next:").click()
    await tab.get_by_label("What who becomes").select_option("username")
    await tab.get_by_label("What post becomes").select_option("email")
    await press(tab, "Save this mapping")
    await tab.get_by_label("Name of the mapping").fill("From HR")
    await tab.keyboard.press("Enter")
    await expect(toast(tab, "The mapping From HR was saved")).to_be_visible()
    await chosen(tab, at, csv([{"post": "bob@example.org", "who": "bob"}], ("post", "who")))
    await tab.get_by_role("button", name="Next:").click()
    await expect(tab.get_by_label("What who becomes")).to_have_value("")
    await tab.get_by_label("Saved mapping").select_option("From HR")

    await expect(tab.get_by_label("What who becomes")).to_have_value("username")
    await expect(tab.get_by_label("What post becomes")).to_have_value("email")
    await press(tab, "Forget it")
    await expect(tab.get_by_label("Saved mapping")).to_be_hidden()


async def test_passwords_are_never_shown(tab: Page, at: Desk) -> None:
    """Not among the examples, not in the preview, not on the page of the run, and in no answer that the page gets."""
    answers: list[Response] = []
    tab.on("response", lambda answer: answers.append(answer) if "/api/imports/" in answer.url else None)
    secret = "Correct-horse-1!"
    await chosen(tab, at, people(3))
    await go_on(tab, "Columns and rules")
    assert secret not in await tab.content()
    await go_on(tab, "Preview and dry run")
    await expect(tab.get_by_role("region", name="Rows, as a table")).to_contain_text("password")
    assert secret not in await tab.content()
    await go_on(tab, "Run")
    await press(tab, "Import 3 rows into Elsewhere")
    await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)

    assert secret not in await tab.content()
    assert secret not in tab.url
    assert len(answers) > 5
    assert [answer.url for answer in answers if secret in await answer.text()] == []


async def test_a_production_environment_is_said_at_every_step_and_typed_at_the_last(tab: Page) -> None:
    """The red banner is there from the choice of the target on; without its name nothing begins."""
    async with desk(production=True) as at:
        banner = tab.get_by_role("note", name="Production environment")
        await chosen(tab, at, people(3))
        await expect(banner).to_be_visible()
        for title in ("Columns and rules", "Preview and dry run", "Run"):
            await go_on(tab, title)
            await expect(banner).to_contain_text("Production")
        await press(tab, "Import 3 rows into Elsewhere")
        await expect(
            tab.get_by_role("alert").filter(has_text="Type the name of the production environment")
        ).to_be_visible()
        assert await at.office.get("/api/imports/runs") == {"runs": [], "before": None}
        await field(tab, "Type the name of the production environment").fill("Production")
        await press(tab, "Import 3 rows into Elsewhere")

        await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)
        await expect(banner).to_be_visible()
        await leave(tab)


@pytest.mark.parametrize(("kind", "done"), [("delete", "deleted"), ("modify", "updated")])
async def test_what_changes_users_is_counted_and_typed(tab: Page, at: Desk, kind: str, done: str) -> None:
    """Deletion and modification: without a dry run, or without its number typed, nothing begins."""
    verb = kind.capitalize()
    await at.office.imported(await at.office.uploaded([row(number) for number in range(1, 7)]), target=at.target)
    rows = [{"username": f"user{number}", "nickname": "Nick"} for number in range(4, 10)]
    await chosen(tab, at, csv(rows, ("username", "nickname")), kind)
    for title in ("Columns and rules", "Preview and dry run", "Run"):
        await go_on(tab, title)
    await press(tab, f"{verb} users at Elsewhere")
    refusal = tab.locator("main form").get_by_role("alert")
    await expect(refusal).to_have_text("Count first: start the dry run and wait for its end.")
    await press(tab, "Start the dry run")
    number = field(tab, "Type 3 to")
    await number.fill("6", timeout=SOON)
    await press(tab, f"{verb} users at Elsewhere")
    await expect(refusal).to_contain_text(": 3.")
    await number.fill("3")
    await press(tab, f"{verb} users at Elsewhere")

    await expect(status(tab)).to_have_text("Completed", timeout=SOON)
    await expect(outcome(tab, done)).to_have_text("3")
    there = [name for name, known in at.sandbox.usernames(at.sandbox.environment).items() if known["users"]]
    assert len(there) == (3 if kind == "delete" else 6)


async def test_users_are_exported(tab: Page, at: Desk) -> None:
    """Those of the choice are written to a file, which can be kept."""
    await at.office.imported(await at.office.uploaded([row(number) for number in range(1, 7)]), target=at.target)
    await tab.goto(at.address.http("/imports/new?kind=export"))
    await tab.get_by_role("radio", name="Elsewhere").check()
    await go_on(tab, "Which users")
    await field(tab, "Filter").fill('username sw "user"')
    await go_on(tab, "Run")
    await press(tab, "Export from Elsewhere")
    await expect(status(tab)).to_have_text("Completed", timeout=SOON)
    text = await downloaded(tab, "Download the users")

    assert [f"user{number}" in text for number in range(1, 7)] == [True] * 6


# A run, live.


async def test_a_run_is_watched_as_it_goes(tab: Page, at: Desk) -> None:
    """The bar, the rate, who is worked on, the counts, and the failures as they come; then the result in its place."""
    run = await at.begin(60)
    await watch(tab, at, run)
    progress = tab.get_by_role("region", name="Progress")
    await expect(progress).to_contain_text(re.compile(r"Now: user\d+"), timeout=SOON)
    await expect(progress).to_contain_text(re.compile(r"Rate[\d.]+/s"), timeout=SOON)
    await expect(outcome(tab, "created")).not_to_have_text("0")
    await expect(tab.get_by_text("No row has failed so far.")).to_be_visible()
    at.set_faults(QUICK)

    await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)
    await expect(outcome(tab, "created")).to_have_text("60")
    await expect(status(tab)).to_have_text("Completed")


async def test_failures_come_page_by_page(tab: Page, at: Desk) -> None:
    """Fifty at a time, and the way to the others and back; an id for PingOne's support can be copied."""
    await at.office.imported(await at.office.uploaded([row(1, email="first@example.com")]), target=at.target)
    rows = [row(1, username="user1"), *[row(number, email="nonsense") for number in range(2, 122)]]
    upload = await at.office.uploaded(rows)
    shown = await at.office.imported(upload, target=at.target, policy="fail")
    await watch(tab, at, shown["id"])
    region = tab.get_by_role("region", name="Failures", exact=True)
    await expect(region).to_contain_text("1 to 50 of 121")
    await expect(failures(tab)).to_have_count(50)
    await press(tab, "Later ones")
    await press(tab, "Later ones")
    await expect(region).to_contain_text("101 to 121 of 121")
    await expect(failures(tab)).to_have_count(21)
    await press(tab, "Earlier ones")
    await expect(region).to_contain_text("51 to 100 of 121")


async def test_pause_resume_and_cancel_are_honest(tab: Page, at: Desk) -> None:
    """Paused nothing more is sent; resumed it goes on; cancelled it says how many were not attempted."""
    await watch(tab, at, await at.begin(200))
    await press(tab, "Pause")
    await expect(status(tab)).to_have_text("Paused", timeout=SOON)
    await expect(tab.get_by_text("It is held: nothing is sent until it is resumed.")).to_be_visible()
    before = len(at.sandbox.usernames(at.sandbox.environment))
    await press(tab, "Resume")
    await expect(status(tab)).to_have_text("Running", timeout=SOON)
    await expect(tab.get_by_text("Now: user")).to_be_visible()
    await press(tab, "Cancel")
    await press(tab, "Really cancel")

    await expect(status(tab)).to_have_text("Cancelled", timeout=SOON)
    await expect(tab.get_by_text(re.compile(r"[\d,]+ rows were not attempted\."))).to_be_visible()
    done = len(at.sandbox.usernames(at.sandbox.environment))
    await expect(outcome(tab, "created")).to_have_text(str(done))
    await expect(outcome(tab, "not_attempted")).to_have_text(str(200 - done))
    assert before <= done < 200


async def test_throttling_is_said(tab: Page, at: Desk) -> None:
    """While PingOne asks to wait the page says for how long; then it goes on by itself."""
    run = await at.begin(60)
    await watch(tab, at, run)
    await expect(tab.get_by_text("Now: user")).to_be_visible(timeout=SOON)
    at.set_faults(replace(QUICK, limited=100.0, retry_after="seconds"))
    await expect(tab.get_by_text(re.compile(r"Throttled by PingOne, retry in \d+ s"))).to_be_visible(timeout=SOON)
    at.set_faults(QUICK)

    await expect(status(tab)).to_have_text("Completed", timeout=60_000)
    await expect(tab.get_by_text("Throttled by PingOne")).to_be_hidden()


async def test_a_run_that_was_stopped_says_why_and_goes_on(tab: Page, at: Desk) -> None:
    """The licence is used up: the run pauses, says what to do, and resumed takes the rest."""
    at.set_faults(replace(QUICK, licence=10))
    upload = await at.office.uploaded([row(number) for number in range(1, 31)])
    run = (await at.office.begin(upload, target=at.target))["run"]
    await watch(tab, at, run)
    alert = tab.get_by_role("alert").filter(has_text="The licence is used up.")
    await expect(alert).to_contain_text("resume", timeout=SOON)
    await expect(status(tab)).to_have_text("Paused")
    at.set_faults(QUICK)
    await press(tab, "Resume")

    await expect(status(tab)).to_have_text("Completed", timeout=SOON)
    await expect(alert).to_be_hidden()
    await expect(outcome(tab, "created")).to_have_text("30")


async def test_a_question_is_asked_and_answered(tab: Page, at: Desk) -> None:
    """Which population wins, and what stands for one that is not there: the run waits, and goes on with the answers."""
    guests = next(
        one
        for one in (await at.office.get(f"/api/imports/targets/{at.target}/populations"))["populations"]
        if one["name"] == "Guests"
    )
    rows = [row(number, population="Guests" if number % 2 else "Nowhere") for number in range(1, 9)]
    upload = await at.office.uploaded(rows, ("username", "email", "population"))
    run = (await at.office.begin(upload, target=at.target, population={"id": guests["id"]}))["run"]
    await watch(tab, at, run)
    dialog = tab.get_by_role("dialog", name="Which population?")
    await expect(dialog).to_contain_text("Guests was chosen for the run", timeout=SOON)
    await tab.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await press(tab, "Answer")
    await press(tab, "What the file says")
    unknown = tab.get_by_role("dialog", name="A population is not there")
    await expect(unknown).to_contain_text("Nowhere", timeout=SOON)
    await unknown.get_by_label("Population").select_option(label="Default")
    await press(tab, "Take this one")

    await expect(status(tab)).to_have_text("Completed", timeout=SOON)
    await expect(outcome(tab, "created")).to_have_text("8")
    populations = (await at.office.get(f"/api/imports/targets/{at.target}/populations"))["populations"]
    assert {one["name"]: one["users"] for one in populations} == {"Default": 4, "Guests": 4}


async def test_what_failed_is_kept_and_imported_again(tab: Page, at: Desk) -> None:
    """The file of rejects has the reasons; mended and chosen again it is an import like any, passwords included."""
    shown = await at.office.imported(await at.office.uploaded([row(1), row(2, email="nonsense")]), target=at.target)
    await watch(tab, at, shown["id"])
    text = await downloaded(tab, "Download rejects.csv")
    assert "email must be a well-formed email address" in text
    assert "Correct-horse" not in text
    await press(tab, "Import the fixed rejects…")
    await expect(tab.get_by_role("radio", name="Elsewhere")).to_be_checked()
    await tab.get_by_label("CSV file").set_input_files(
        file(text.replace("nonsense", "user2@example.com").encode(), "fixed.csv")
    )
    await is_chosen(tab, "fixed.csv")
    await go_on(tab, "Columns and rules")
    await go_on(tab, "Preview and dry run")
    await go_on(tab, "Run")
    await press(tab, "Import 1 row into Elsewhere")

    await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)
    assert sorted(at.sandbox.usernames(at.sandbox.environment)) == ["user1", "user2"]


# The runs.


async def test_the_runs_are_listed_and_run_again(tab: Page, at: Desk) -> None:
    """Each with its outcome; by kind and status; once more with the same file and rules; from a dry run for real."""
    upload = await at.office.uploaded([row(number) for number in range(1, 6)])
    await at.office.imported(upload, target=at.target, name="Autumn")
    dry = await at.office.imported(upload, target=at.target, name="Look", dry_run=True)
    await tab.goto(at.address.http("/imports"))
    table = tab.get_by_role("region", name="Runs, as a table").locator("tbody tr")
    await expect(table).to_contain_text(["Look", "Autumn"])
    await expect(table.last).to_contain_text("5 created")
    await tab.get_by_label("Status").select_option("failed")
    await expect(tab.get_by_text("No run is like that.")).to_be_visible()
    await tab.get_by_label("Status").select_option("")
    await tab.get_by_role("button", name="Run again: Autumn", exact=True).click()
    await expect(tab.get_by_role("heading", name="Autumn")).to_be_visible()
    await expect(outcome(tab, "skipped")).to_have_text("5", timeout=SOON)
    await tab.goto(at.address.http(f"/imports/runs/{dry['id']}"))
    await press(tab, "Run it for real…")

    await step(tab, "Run")
    await expect(tab.get_by_text("The dry run counted 0 users to create, 0 to update, 5 to skip")).to_be_visible()


async def test_a_run_that_is_not_there_is_said_to_be_missing(tab: Page, at: Desk) -> None:
    """The server's sentence, and a way to the runs."""
    await tab.goto(at.address.http("/imports/runs/nobody"))
    await expect(tab.get_by_role("heading", name="This run cannot be shown")).to_be_visible()
    await tab.get_by_role("link", name="To the runs").click()

    await expect(tab.get_by_text("Nothing has run yet.")).to_be_visible()


# Targets.


async def test_a_target_is_added_tested_and_removed(tab: Page, at: Desk) -> None:
    """Its secret goes to the server, and is in no page and no answer afterwards; the test says what is there."""
    known = at.sandbox.credentials
    await tab.goto(at.address.http("/imports/targets"))
    await press(tab, "Add a target")
    form = tab.get_by_role("form", name="A new target")
    for label, value in (
        ("Name", "Second"),
        ("Environment id", at.sandbox.environment),
        ("Client id", known.client_id),
    ):
        await form.get_by_label(label).first.fill(value)
    await form.get_by_label("Client secret").fill("wrong-secret")
    await form.get_by_text("More", exact=True).click()
    await form.get_by_label("Address of the API").fill(at.sandbox.api)
    await press(tab, "Add")
    await expect(form.get_by_role("alert")).to_contain_text("Both addresses are given, or none")
    await form.get_by_label("Address that gives tokens").fill(at.sandbox.auth)
    await press(tab, "Add")
    second = tab.get_by_role("region", name="Second")
    await second.get_by_role("button", name="Test the connection").click()
    await expect(second.get_by_text("It does not work.")).to_be_visible(timeout=SOON)
    await press(tab, "Change Second")
    await tab.get_by_label("New client secret").fill(known.client_secret)
    await press(tab, "Save")
    await second.get_by_role("button", name="Test the connection").click()
    await expect(second.get_by_text("It works.")).to_be_visible(timeout=SOON)

    assert known.client_secret not in await tab.content()
    assert known.client_secret not in str(await at.office.get("/api/imports/targets"))
    await second.get_by_role("button", name="Remove Second").click()
    await second.get_by_role("button", name="Really remove Second").click()
    await expect(second).to_be_hidden()


async def test_a_refused_secret_does_not_stay_in_its_field(tab: Page, at: Desk) -> None:
    """Whether the server takes it or not, it has to be typed again."""
    await tab.goto(at.address.http("/imports/targets"))
    await press(tab, "Add a target")
    form = tab.get_by_role("form", name="A new target")
    for label, value in (("Name", "Elsewhere"), ("Environment id", at.sandbox.environment), ("Client id", "someone")):
        await form.get_by_label(label).first.fill(value)
    await form.get_by_label("Client secret").fill("a secret")
    await press(tab, "Add")

    await expect(form.get_by_role("alert")).to_contain_text("already")
    await expect(form.get_by_label("Client secret")).to_have_value("")


async def test_a_population_is_made(tab: Page, at: Desk) -> None:
    """It is in the list at once, with its users counted."""
    await tab.goto(at.address.http(f"/imports/targets?target={at.target}"))
    form = tab.get_by_role("form", name="A new population of Elsewhere")
    await form.get_by_label("Name of a new population").fill("Alumni")
    await press(tab, "Create the population")

    table = tab.get_by_role("region", name="Populations of Elsewhere, as a table")
    await expect(table.get_by_role("row").filter(has_text="Alumni")).to_contain_text("0")


# Who may, and how it looks.


async def test_a_server_without_imports_has_no_page_of_them(tab: Page) -> None:
    """The navigation does not show them, and their addresses say why."""
    async with serving(Headway()) as server:
        await tab.goto(server.http("/imports"))
        await expect(tab.get_by_role("heading", name="Not on this server")).to_be_visible()

        await expect(tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Imports")).to_be_hidden()
        await leave(tab)


async def known(tab: Page, address: Address, role: str) -> None:
    """Open the runs as somebody with a token, which is typed in."""
    claims = {"sub": "ann", "role": role, "channels": ["*"], "exp": time.time() + 3_600}
    await tab.goto(address.http("/imports"))
    await tab.get_by_label("Token", exact=True).fill(jwt.encode(claims, SECRET, "HS256"))
    await press(tab, "Open")
    await expect(tab.get_by_role("heading", name="Runs")).to_be_visible()


async def test_who_may_only_look_is_offered_nothing_else(tab: Page) -> None:
    """A viewer sees the runs, no button that begins one, and no targets."""
    async with office(secret=SECRET) as served:
        await known(tab, served.address, "viewer")
        await expect(tab.get_by_role("main").get_by_role("button")).to_have_count(0)
        await expect(tab.get_by_role("heading", name="Targets")).to_be_hidden()
        await tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Overview").click()
        await tab.evaluate("history.pushState(null, '', '/imports/new'); dispatchEvent(new PopStateEvent('popstate'))")

        await expect(tab.get_by_role("heading", name="Not for you to see")).to_be_visible()
        await leave(tab)


async def test_a_token_that_was_typed_in_is_sent_with_files(tab: Page) -> None:
    """Without a cookie an upload and a download still are whose they are."""
    async with office(secret=SECRET) as served:
        await known(tab, served.address, "operator")
        await press(tab, "New import")
        await tab.get_by_role("radio", name="Sandbox").check()
        await tab.get_by_label("CSV file").set_input_files(file(people(2, 1)))
        await is_chosen(tab, "users.csv")
        for title in ("Columns and rules", "Preview and dry run", "Run"):
            await go_on(tab, title)
        await press(tab, "Import 2 rows into Sandbox")

        assert "nonsense" in await downloaded(tab, "Download rejects.csv")
        await leave(tab)


@pytest.mark.parametrize("width", [PHONE[0], 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_is_accessible(tab: Page, at: Desk, width: int, scheme: str) -> None:
    """From a phone to a desk, in the light and in the dark: nothing to scroll sideways, nothing serious found."""
    await tab.set_viewport_size({"width": width, "height": PHONE[1]})
    await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    shown = await at.office.imported(
        await at.office.uploaded([row(1), row(2, email="nonsense")]), target=at.target, name="A" * 60
    )
    await tab.goto(at.address.http("/imports"))
    await expect(tab.get_by_role("region", name="Runs, as a table")).to_be_visible()
    await fits(tab)
    await accessible(tab)
    await tab.goto(at.address.http(f"/imports/runs/{shown['id']}"))
    await expect(failures(tab)).to_have_count(1)
    await fits(tab)
    await accessible(tab)
    await tab.goto(at.address.http(f"/imports/targets?target={at.target}"))
    await press(tab, "Add a target")
    await expect(tab.get_by_role("region", name="Populations of Elsewhere, as a table")).to_be_visible()
    await fits(tab)
    await accessible(tab)
    await chosen(tab, at, people(30, 4))
    for title in ("Columns and rules", "Preview and dry run", "Run"):
        await fits(tab)
        await accessible(tab)
        await go_on(tab, title)
        await expect(tab.get_by_text("Looking at the rows…")).to_be_hidden()
    await fits(tab)
    await accessible(tab)
    assert await unreached(tab) == ['<input type="file" class="unseen" tabindex="-1">'] or await unreached(tab) == []


async def test_an_import_is_made_with_the_keyboard_alone(tab: Page, at: Desk) -> None:
    """Every choice and button is reached by Tab, shows that it is, and is pressed by Space or Enter."""
    await chosen(tab, at, people(2))
    for title in ("Columns and rules", "Preview and dry run", "Run"):
        await tab.get_by_role("button", name="Next:").focus()
        await tab.keyboard.press("Enter")
        await step(tab, title)
        assert await tab.evaluate("document.activeElement.hasAttribute('data-step')")
    await tab.get_by_role("button", name="Import 2 rows into Elsewhere").focus()
    await tab.keyboard.press("Enter")

    await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)


async def test_what_a_file_says_is_text(tab: Page, at: Desk) -> None:
    """Markup in a name, a column or a message is shown as it is written."""
    content = csv([{"username": "ada", MARKUP: MARKUP}], ("username", MARKUP))
    await chosen(tab, at, content)
    await go_on(tab, "Columns and rules")
    await expect(tab.get_by_role("rowheader", name=MARKUP)).to_be_visible()
    await tab.get_by_label(f"What {MARKUP} becomes").select_option("email")
    await go_on(tab, "Preview and dry run")
    await go_on(tab, "Run")
    await press(tab, "Import 1 row into Elsewhere")
    await expect(failures(tab)).to_contain_text([MARKUP], timeout=SOON)

    assert await tab.locator("main img").count() == 0
    assert await tab.evaluate("() => 'broken' in window") is False
