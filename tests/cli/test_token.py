"""`headway token` in a process of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import jwt
import pytest

from headway.access.grants import Grants
from headway.access.identity import Role
from headway.access.jws import take_apart
from headway.access.keys import KeyRing, secret_keys
from headway.access.tokens import TokenAccess
from headway.cli.token import moment
from headway.clock import SystemClock
from headway.errors import UsageError
from headway.testing.clock import FakeClock
from tests.cli.harness import Finished, run

SECRET = "a secret of more than thirty-two bytes"
OTHER = "another secret of more than thirty-two bytes"


async def token(*arguments: str, stdin: str = "", secret: str | None = SECRET) -> Finished:
    """What `headway token` does, with a secret in the environment."""
    return await run("token", *arguments, stdin=stdin, settings={} if secret is None else {"HEADWAY_SECRET": secret})


def server() -> TokenAccess:
    """How a server with the same secret sees tokens."""
    grants = Grants([SECRET], SystemClock(), lambda: "id")
    return TokenAccess(KeyRing(secret_keys(SECRET)), SystemClock(), grants=grants)


async def test_stdout_has_the_token_alone_and_a_server_takes_it() -> None:
    """A script keeps the line as it is; the server knows who it is and what that covers."""
    patterns = ("--channel", "run:*", "--channel", "build", "--publish", "run:7")
    finished = await token("--user", "ann", "--role", "operator", *patterns, "--expires", "1h")
    identity = server().authenticate(finished.out.strip())

    assert (finished.code, finished.out.count("\n"), finished.err) == (0, 1, "")
    assert (identity.user, identity.role) == ("ann", Role.OPERATOR)
    assert (identity.readable, identity.writable) == (("run:*", "build"), ("run:7",))
    assert identity.token is not None
    assert identity.expires is not None
    assert identity.issued is not None
    assert identity.expires - identity.issued == 3_600


async def test_who_is_given_nothing_reads_everything_and_publishes_nothing() -> None:
    """The least that is useful: a viewer."""
    identity = server().authenticate((await token("--user", "ann")).out.strip())

    assert (identity.role, identity.readable, identity.writable) == (Role.VIEWER, ("*",), ())


async def test_audience_and_issuer_are_the_settings_of_the_server(tmp_path: Path) -> None:
    """One file of settings serves both: what the server demands of a token, the token has."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "headway.toml").write_text(
        f'audience = "progress"\nissuer = "file"\nsecret_file = "{tmp_path / "secret"}"\n'
    )
    config = ("--config", str(tmp_path / "headway.toml"))
    finished = await token("--user", "ann", *config, "--issuer", "flag", secret=None)

    claims = jwt.decode(finished.out.strip(), SECRET, algorithms=["HS256"], audience="progress")
    assert claims["iss"] == "flag"


async def test_a_share_link_leads_to_one_channel() -> None:
    """The address of the page with the channel; the token behind the `#`, where no log sees it; it reads that alone."""
    finished = await token("--share", "run:7/ü", "--expires", "1w", "--url", "https://progress.example.org/")
    found = re.fullmatch(r"https://progress\.example\.org/\?channel=([^#]+)#token=(\S+)\n", finished.out)

    assert found is not None
    identity = server().authenticate(found[2])
    assert unquote(found[1]) == "run:7/ü"
    assert identity.may_read("run:7/ü")
    assert not identity.may_read("run:8")
    assert not identity.may_publish("run:7/ü")


async def test_show_explains_and_never_shows() -> None:
    """Claims, times and a verdict, without the token; it may come through stdin."""
    made = (await token("--user", "ann", "--publish", "run:*", "--expires", "1h")).out.strip()
    finished = await token("--show", "-", stdin=made)

    assert (finished.code, finished.err) == (0, "")
    told = dict(re.findall(r"^(\w+) +(.+)$", finished.out, re.MULTILINE))
    assert (told["user"], told["role"], told["reads"], told["publishes"]) == ("ann", "viewer", "*", "run:*")
    assert told["counts"].startswith("yes")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", told["until"])
    for part in made.split("."):
        assert part not in finished.out


@pytest.mark.parametrize(
    ("claims", "secret", "verdict"),
    [
        ({"sub": "ann", "exp": 1_000}, SECRET, "no: the token has expired"),
        ({"sub": "ann", "exp": 4_000_000_000, "nbf": 3_999_999_999}, SECRET, "no: the token is not valid yet"),
        ({"sub": "ann"}, SECRET, "no: the token has no expiry"),
        ({"sub": "ann", "exp": 4_000_000_000, "aud": "other"}, SECRET, "no: the token is not for this server"),
        ({"sub": "ann", "exp": 4_000_000_000}, OTHER, "no: the token is invalid"),
    ],
)
async def test_a_token_that_does_not_count_has_a_code_of_its_own(
    claims: dict[str, object], secret: str, verdict: str
) -> None:
    """It is explained all the same; the verdict is the server's, the code 3."""
    finished = await token("--show", "-", stdin=jwt.encode(claims, secret, algorithm="HS256"))

    assert finished.code == 3
    assert re.search(r"^user +ann$", finished.out, re.MULTILINE)
    assert re.search(f"^counts +{verdict}", finished.out, re.MULTILINE)


async def test_without_a_secret_nothing_is_believed() -> None:
    """What a token says is shown, with the word that nobody checked it."""
    made = jwt.encode({"sub": "ann\x1b[2J", "exp": 4e9}, OTHER, algorithm="HS256")
    finished = await token("--show", "-", stdin=made, secret=None)

    assert finished.code == 0
    assert "not checked" in finished.out
    assert "\x1b" not in finished.out


async def test_what_is_no_token_is_refused_without_being_repeated() -> None:
    """It may be a password that somebody pasted."""
    finished = await token("--show", "-", stdin="CANARY.is.no\ntoken")

    assert (finished.code, finished.out) == (3, "")
    assert "CANARY" not in finished.err


@pytest.mark.parametrize(
    ("arguments", "secret", "sentence"),
    [
        (["--user", "ann"], None, "there is no secret to sign with; set HEADWAY_SECRET, --secret-file or --config"),
        (["--user", "ann"], "", "HEADWAY_SECRET: the secret is empty; make one with: openssl rand -base64 48"),
        ([], SECRET, "say whose token it is with --user, or what is to be shared with --share"),
        (["--user", ""], SECRET, "no server would take this: the token names no user"),
        (["--user", "ann", "--expires", "3y"], SECRET, "--expires: a time from now such as 12h"),
        (["--user", "ann", "--expires", "2001-01-01"], SECRET, "--expires: 2001-01-01 is over already"),
        (["--user", "ann", "--channel", "*" * 17], SECRET, "no server would take this: a pattern in the token's"),
        (["--share", "a b"], SECRET, "a channel name is 1 to 255 visible characters"),
        (["--share", "a", "--role", "admin"], SECRET, "a share link is for whoever has it"),
        (["--share", "a", "--user", "ann"], SECRET, "a share link is for whoever has it"),
    ],
)
async def test_what_cannot_be_made_is_refused(arguments: list[str], secret: str | None, sentence: str) -> None:
    """One sentence, code 2, nothing on stdout, and never the secret."""
    finished = await token(*arguments, secret=secret)

    assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
    assert sentence in finished.err
    assert "CANARY" not in finished.err


@pytest.mark.parametrize(
    ("spelled", "seconds"),
    [
        ("90s", 90),
        ("30m", 1_800),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("4w", 2_419_200),
        ("1970-01-02", 2 * 86_400 - 1_000),
        ("1970-01-02T18:00+01:00", 86_400 + 17 * 3_600 - 1_000),
        ("1970-01-02T18:00", 86_400 + 18 * 3_600 - 1_000),
    ],
)
def test_a_moment_is_said_in_many_ways(spelled: str, seconds: float) -> None:
    """A time from now; the whole of a day in UTC; a date and time, in UTC unless it says otherwise."""
    assert moment(spelled, FakeClock(now=1_000.0)) == 1_000.0 + seconds


@pytest.mark.parametrize("spelled", ["", "0s", "-1d", "1", "d", "1.5h", "999999999999w", "2026-02-30", "now", "１d"])
def test_what_is_no_moment_to_come_is_refused(spelled: str) -> None:
    """A duration of nothing, the past, and what no calendar has."""
    with pytest.raises(UsageError, match=r"^--expires: "):
        moment(spelled, FakeClock(now=1_000.0))


def test_a_token_says_no_more_than_it_must() -> None:
    """Its header names the algorithm and nothing that a server would have to believe."""
    made = Grants([SECRET], SystemClock(), lambda: "id").share("run", 4e9)

    assert take_apart(made).key is None
    assert "jwk" not in json.dumps(jwt.get_unverified_header(made))
