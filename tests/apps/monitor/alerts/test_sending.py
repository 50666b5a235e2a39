"""One message to one address."""

from __future__ import annotations

import pytest

from headway.apps.monitor.alerts.messages import Words, single
from headway.apps.monitor.alerts.rules import Kind
from headway.apps.monitor.alerts.sending import Sending, masked
from headway.egress import Egress, networks
from headway.errors import HeadwayError
from tests.apps.monitor.alerts.receiving import receiving

MESSAGE = single(Kind.BEGAN, Words("Shop is down", "it <b>answers</b> 500"), "incident/one/began")


async def test_a_webhook_is_told_with_the_key() -> None:
    """Beside apprise's own fields and those of its address; the text as it is."""
    async with receiving() as hook:
        assert await Sending(Egress()).send(hook.address, MESSAGE) is None

        (told,) = hook.told
        assert (told["title"], told["type"], told["token"]) == ("Shop is down", "failure", "geheim")
        assert (told["key"], told["keys"], told["kind"]) == ("incident/one/began", "incident/one/began", "began")
        assert told["message"] == "it <b>answers</b> 500"


@pytest.mark.parametrize("status", [400, 500, 302])
async def test_what_is_not_taken_is_said_without_secrets(status: int) -> None:
    """A redirect is not followed, whatever the address says."""
    async with receiving() as hook:
        hook.status = status
        error = await Sending(Egress()).send(hook.address + "&redirect=yes", MESSAGE)

        assert error is not None
        assert error.startswith(f"json://127.0.0.1:{hook.port}/… did not take it: ")
        assert "geheim" not in error
        assert hook.asked == 1


async def test_who_does_not_listen_is_a_sentence() -> None:
    """As is who cannot be found."""
    assert "did not take it" in (await Sending(Egress()).send("json://127.0.0.1:1/", MESSAGE) or "")


@pytest.mark.parametrize(
    "address",
    [
        "json://169.254.169.254/latest/meta-data",
        "jsons://169.254.169.254",
        "xml://169.254.1.1/x",
        "form://100.100.100.200/",
        "json://user:pass@169.254.169.254/x?redirect=yes",
        "json://[::ffff:169.254.169.254]/",
        "json://[fe80::1]/",
        "json://0.0.0.0/",
        "gotify://169.254.169.254/token",
        "ntfy://169.254.169.254/topic",
        "mailto://me:secret@example.org?smtp=169.254.169.254&to=a@example.org",
        "json://2852039166/",
        "json://0xa9fea9fe/",
    ],
)
async def test_metadata_services_and_their_like_are_refused(address: str) -> None:
    """However they are spelled: when the address is entered, and when it is used."""
    sending = Sending(Egress())
    with pytest.raises(HeadwayError):
        await sending.check(address)

    assert await sending.send(address, MESSAGE) is not None


async def test_a_name_that_leads_inside_is_refused_where_that_is() -> None:
    """The rules of the server hold, by name as well."""
    async with receiving() as hook:
        sending = Sending(Egress(deny=networks("127.0.0.0/8", "::1")))
        error = await sending.send(f"json://localhost:{hook.port}/", MESSAGE)

        assert "localhost stands for an address that is refused" in (error or "")
        assert hook.told == []


@pytest.mark.parametrize("address", ["", "nonsense", "bogus://host", "syslog://", "dbus://", "windows://", "slack://"])
async def test_what_is_no_address_of_somebody_is_refused(address: str) -> None:
    """Nor is this machine itself anybody."""
    with pytest.raises(HeadwayError):
        await Sending(Egress()).check(address)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("json://me:secret@hooks.example.org:8080/path?:token=x", "json://hooks.example.org:8080/…"),
        ("slack://TOKEN/TOKEN/TOKEN", "slack://…"),
        ("mailto://me:secret@example.org", "mailto://…"),
        ("https://hooks.slack.com/services/T/B/x", "https://…"),
        ("json://[bad", "json://…"),
        ("nothing", "…"),
        ("", "…"),
    ],
)
def test_only_what_is_no_secret_is_shown(address: str, shown: str) -> None:
    """In other addresses what looks like a host is a token."""
    assert masked(address) == shown
