"""No secret gets out: not by the way it is given to a server, not by what the server then says, writes or keeps.

What looks like a secret by its name has to be one by its type. Then everything that is said anywhere is searched for
values that were given nowhere else, and for every token that was used. Each search is also done where something was
made to leak, and has to find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import jwt
import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from typer.core import TyperGroup, TyperOption
from typer.main import get_command
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from headway.cli.application import COMMANDS, application
from headway.cli.flags import settings_from
from headway.errors import UsageError
from headway.server.settings import Settings
from headway.server.sources import secrets_of
from headway.testing.readers import Ended, Refused, SocketIoReader, fetch
from headway.testing.serving import Address
from tests.cli.harness import run

SECRET_NAME: Final = re.compile(r"secret|token|passw|passphrase|credential|private|(^|_)(api)?keys?($|_)")

FIELDS_THAT_ARE_NO_SECRETS: Final = {"monitor_secrets": "the name of a folder, whose files hold them"}
"""Settings with such a name that hold no secret, each with the reason."""

OPTIONS_THAT_ARE_NO_SECRETS: Final = {
    "publish --key": "the key of an event, which everybody who follows it reads",
    "publish --idempotency-key": "made up for one call, and good for nothing but saying that again",
    "publish --token": "its help sends people to HEADWAY_TOKEN; a token given here is the caller's own and ends",
    "task run --idempotency-key": "as publish --idempotency-key",
    "check --secrets": "the name of a folder",
    "serve --monitor-secrets": "as check --secrets",
    "pingone-sandbox --token-seconds": "how long tokens live",
    **dict.fromkeys(
        (
            *("watch --token", "replay --token", "doctor --token", "worker --token", "task list --token"),
            *("task show --token", "task history --token", "task run --token", "task pause --token"),
            *("task resume --token", "task cancel --token", "import --token", "check --token"),
        ),
        "as publish --token",
    ),
}
"""Options with such a name that take a value on the command line, each with the reason."""

KEPT_FROM_THE_COMMAND_LINE: Final = ("_file", "_stdin")

CHANNEL: Final = "run:7"
MARK: Final = "this is said aloud"


# How secrets are given.


def plain_secrets(settings: type[Settings]) -> list[str]:
    """Fields that look like a secret and are none by their type."""
    return [
        name
        for name, field in settings.model_fields.items()
        if SECRET_NAME.search(name) and name not in FIELDS_THAT_ARE_NO_SECRETS and not is_secret(field)
    ]


def is_secret(field: FieldInfo) -> bool:
    """Whether the type of a field is that of a secret, or of none."""
    return set(get_args(field.annotation) or (field.annotation,)) <= {SecretStr, type(None)}


def test_every_setting_that_looks_like_a_secret_is_one() -> None:
    """Its type is `SecretStr`, which no text shows; it has a flag that names a file, and no default."""
    assert plain_secrets(Settings) == []
    assert set(FIELDS_THAT_ARE_NO_SECRETS) <= set(Settings.model_fields)
    assert secrets_of(Settings) == ["secret", "secret_previous", "database"]
    assert all(Settings.model_fields[name].default is None for name in secrets_of(Settings))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("api_key", str),
        ("key", str | None),
        ("smtp_password", str | None),
        ("webhook_token", bytes),
        ("credentials", dict[str, str]),
        ("private_pem", Path | None),
        ("old_secrets", frozenset[str]),
        ("other_secret", SecretStr | str),
    ],
)
def test_a_secret_that_was_declared_in_plain_is_found(name: str, kind: Any) -> None:  # Any: a type
    """The control: whoever adds such a setting is told by this file."""
    more = type("More", (Settings,), {"__annotations__": {name: kind}, name: Field(default=None, description="…")})

    assert plain_secrets(more) == [name]


def options() -> Iterator[tuple[str, str, bool]]:
    """Every option of every command: the command, the option, and whether it takes a value."""

    def of(name: str, command: Any) -> Iterator[tuple[str, str, bool]]:  # Any: a command or commands
        if isinstance(command, TyperGroup):
            for word, below in command.commands.items():
                yield from of(f"{name} {word}".strip(), below)
        else:
            named = [each for each in command.params if isinstance(each, TyperOption)]
            yield from ((name, option, not each.is_flag) for each in named for option in each.opts)

    for word in COMMANDS:
        loaded = get_command(application(word))
        assert isinstance(loaded, TyperGroup)
        yield from of(word, loaded.commands[word])


def on_the_command_line(found: Iterator[tuple[str, str, bool]]) -> list[str]:
    """Options by which a secret would stand on a command line."""
    return [
        f"{command} {option}"
        for command, option, takes_value in found
        if SECRET_NAME.search(word := option.strip("-").replace("-", "_"))
        and takes_value
        and not word.endswith(KEPT_FROM_THE_COMMAND_LINE)
    ]


def test_no_secret_is_given_on_a_command_line() -> None:
    """Other users of the machine can read it. What has such a name names a file, reads stdin, or has a reason here."""
    assert sorted(on_the_command_line(options())) == sorted(OPTIONS_THAT_ARE_NO_SECRETS)
    assert on_the_command_line(iter([("user add", "--password", True)])) == ["user add --password"]


# What is said of settings.

CANARIES: Final = {name: f"CANARY-{name}-that-nobody-else-has-0123456789" for name in secrets_of(Settings)} | {
    "database": "postgresql://headway:CANARY-database-that-nobody-else-has-0123456789@127.0.0.1/headway"
}


def environment(values: dict[str, str]) -> dict[str, str]:
    """The settings as variables."""
    return {f"HEADWAY_{name.upper()}": value for name, value in values.items()}


def test_no_text_of_the_settings_shows_a_secret() -> None:
    """However they are printed, dumped or put into a sentence."""
    settings = Settings.model_validate(CANARIES)
    texts = [repr(settings), str(settings), f"{settings}", repr(settings.model_dump()), settings.model_dump_json()]
    texts += [repr(vars(settings)), repr(list(settings)), repr(Settings.model_json_schema())]

    assert settings.secrets_in_use() == list(CANARIES.values())
    assert found_in(texts, CANARIES.values()) == []


@pytest.mark.parametrize("name", secrets_of(Settings))
@pytest.mark.parametrize("wrong", ["CANARY", ["CANARY"], {"CANARY": 1}, b"CANARY\xff", "CANARY\udcff" * 9])
def test_no_error_about_a_setting_shows_a_secret(name: str, wrong: object) -> None:
    """Neither when the secret is what is wrong, nor when it stands beside something wrong."""
    beyond = {**CANARIES, "host": "0.0.0.0"}  # where a short secret is an error, too
    for values in ({**beyond, name: wrong}, {**beyond, "port": "CANARY is not what this is about"}):
        with pytest.raises(ValidationError) as raised:
            Settings.model_validate(values)
        assert found_in([str(raised.value), repr(raised.value)], ["CANARY"]) == []


def test_no_sentence_about_a_flag_or_a_file_shows_a_secret(tmp_path: Path) -> None:
    """The same for what people are told, wherever the secret came from."""
    said = []
    for number, content in enumerate(["CANARY", "CANARY " * 9 + "\n", "CANARY = "]):
        for template in ("{}", 'secret = "{}"', "secret = {}", 'secret = ["{}"]', 'secrte = "{}"', "[secret]\n{} = 1"):
            file = tmp_path / f"{number}.toml"
            file.write_text(template.format(content))
            file.chmod(0o600)
            sources = ({"config": str(file)}, {"secret": file}, {"secret": file, "secret_previous": file})
            # Beyond loopback, where a short secret is an error, too.
            for given in ({"host": "0.0.0.0", **source} for source in sources):
                with contextlib.suppress(UsageError):
                    settings_from(Settings, given)
                    continue
                try:
                    settings_from(Settings, given)
                except UsageError as error:
                    said.append(str(error))

    assert len(said) > 20
    assert found_in(said, ["CANARY"]) == []


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_no_help_shows_a_secret() -> None:
    """`--help` shows defaults and where values come from, never the values."""
    settings = {**environment(CANARIES), "HEADWAY_TOKEN": "CANARY-token"}
    said = [await run(name, "--help", settings=settings) for name in COMMANDS]

    assert all(one.code == 0 for one in said)
    assert found_in([one.out + one.err for one in said], ["CANARY"]) == []


# What a server says, writes and keeps.

SERVER: Final = """
import logging, sys
from headway.server import pages, serving
from headway.server.settings import Settings

found = pages.find
def find(method, path):
    if path == "/crash":
        raise RuntimeError("planted")
    return found(method, path)
pages.find = find

def started(server):
    print(server.port, flush=True)

{set_up}
{leak}
serving.run(Settings(), started)
"""
"""A server with a path on which it crashes."""

AS_SERVED: Final = """
from headway.cli import logs
settings = Settings()
logs.set_up(sys.stderr, settings.log_format, "debug", settings.secrets_in_use())
print(serving.__name__, repr(settings), file=sys.stderr)
"""
"""The log of `headway serve`."""
BARE: Final = "logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)"
"""Everything that anybody logs, without a mask: what is masked should not have been said in the first place."""

NOTHING: Final = ""
LOGGED: Final = """
from headway.access.tokens import TokenAccess
authenticate = TokenAccess.authenticate
def leaking(self, token):
    logging.getLogger("headway").debug("somebody comes with %s", token)
    return authenticate(self, token)
TokenAccess.authenticate = leaking
"""
STORED: Final = """
from headway.events import Draft
from headway.hub.hub import Hub
publish = Hub.publish
async def leaking(self, channel, drafts, **more):
    import os
    own = [Draft.of("oops", {"settings": dict(os.environ)}, None, limit=1_000_000)]
    return await publish(self, channel, [*drafts, *own], **more)
Hub.publish = leaking
"""


class Heard:
    """Everything one server said, wrote and kept, and the tokens that were shown to it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.kept: list[str] = []
        self.tokens: list[str] = []
        self.welcomed: set[str] = set()
        """The ways on which a token was good for something."""

    def say(self, what: bytes | str) -> None:
        """Take something down."""
        self.texts.append(what.decode("utf-8", "replace") if isinstance(what, bytes) else what)

    def keep(self, folder: Path) -> None:
        """Take down every byte of a folder."""
        self.kept = [path.read_bytes().decode("utf-8", "replace") for path in sorted(folder.iterdir())]

    def leaked(self) -> list[str]:
        """What got out: secrets, whole tokens, or the part of one that nobody may know."""
        signatures = [token.rpartition(".")[2] for token in self.tokens if token.count(".") == 2]
        return found_in([*self.texts, *self.kept], [*CANARIES.values(), *self.tokens, *signatures])


def found_in(texts: Sequence[str], needles: Any) -> list[str]:  # Any: an iterable of texts
    """Which of the needles stand in one of the texts, as they are or as JSON spells them."""
    return [needle for needle in needles if any(needle in text or json.dumps(needle)[1:-1] in text for text in texts)]


@contextlib.asynccontextmanager
async def server(data: Path, heard: Heard, set_up: str, leak: str) -> AsyncIterator[Address]:
    """A server in a process of its own; all it says is taken down, and in the end all it kept."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER.format(set_up=set_up, leak=leak),
        env={
            **environment(CANARIES),
            "HEADWAY_PORT": "0",
            "HEADWAY_DATA": str(data),
            "HEADWAY_APPS": "",  # which would look for the database; applications have tests of their own
            "HEADWAY_LIMITS": '{"address_burst": 1000000, "user_connections": 0}',
            "PYTHONASYNCIODEBUG": "1",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None  # it is a pipe
    assert child.stderr is not None
    errors = asyncio.create_task(child.stderr.read())
    try:
        line = await child.stdout.readline()
        if not line:
            raise RuntimeError((await errors).decode())
        yield Address(int(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        heard.say(await child.stdout.read())
        heard.say(await errors)
        await child.wait()
    heard.keep(data)


def tokens() -> dict[str, str]:
    """Good ones and bad ones."""
    ends = 4_000_000_000
    everything = {"sub": "ann", "exp": ends, "publish": ["*"], "role": "admin", "jti": "known"}
    return {
        "good": jwt.encode(everything, CANARIES["secret"], algorithm="HS256"),
        "previous": jwt.encode(everything, CANARIES["secret_previous"], algorithm="HS256"),
        "forged": jwt.encode(everything, "a secret that is somebody else's, who guesses", algorithm="HS256"),
        "expired": jwt.encode({**everything, "exp": 1_000}, CANARIES["secret"], algorithm="HS256"),
        "not for us": jwt.encode({**everything, "aud": "others"}, CANARIES["secret"], algorithm="HS256"),
        "no token": "CANARY.that-is.no-token-of-anybody",
        "a line of its own": "CANARY-with%0Aa-line-of-its-own",
    }


async def session(address: Address, heard: Heard) -> None:
    """A server's day: every way in with every token, errors of every kind, a crash."""
    for token in tokens().values():
        heard.tokens.append(token)
        await over_http(address, heard, token)
        await over_websocket(address, heard, token)
        await over_socketio(address, heard, token)
    good = tokens()["good"]
    headers = {"Authorization": f"Bearer {good}", "Content-Type": "application/json"}
    for method, path, body in (
        ("GET", "/api/health", b""),
        ("GET", "/openapi.json", b""),
        ("GET", "/metrics", b""),
        ("GET", "/api/metrics", b""),
        ("GET", "/api/me", b""),
        ("GET", "/api/audit?since=", b""),
        ("GET", "/api/debug/messages", b""),
        ("GET", "/api/debug/connections", b""),
        ("GET", f"/api/channels/{CHANNEL}", b""),
        ("POST", f"/api/channels/{CHANNEL}/events", b'{"type": "progress", "data": {"said": "%b"}}' % MARK.encode()),
        ("POST", f"/api/channels/{CHANNEL}/events", b"no json"),
        ("POST", f"/api/channels/{CHANNEL}/events", b'{"type": "progress", "data": {"offset": 1}}'),
        ("POST", "/api/sign-in", json.dumps({"user": "ann", "password": good}).encode()),
        ("POST", "/api/revocations", json.dumps({"token": tokens()["previous"]}).encode()),
        ("DELETE", f"/api/channels/{CHANNEL}", b""),
        ("GET", "/api/nowhere", b""),
        ("GET", f"/crash?token={good}", b""),
    ):
        answer = await fetch(address, method, path, body=body, headers=headers)
        heard.say(json.dumps(answer.headers))
        heard.say(answer.body)
        assert answer.status == 500 or "crash" not in path
    # The answer to this one is a secret; the use of it has to leave no trace.
    made = (await fetch(address, "POST", "/api/tickets", headers=headers)).json()
    if "ticket" in made:
        heard.tokens.append(made["ticket"])
        for _ in range(2):
            heard.say((await fetch(address, "GET", f"/api/me?ticket={made['ticket']}")).body)
    heard.say((await fetch(address, "GET", f"/api/channels/{CHANNEL}/events?since=", headers=headers)).body)


async def over_http(address: Address, heard: Heard, token: str) -> None:
    """In the header, in the address, in a cookie, and where it should not be."""
    path = f"/api/channels/{CHANNEL}/events"
    for target, headers in (
        (path, {"Authorization": f"Bearer {token}"}),
        (path, {"Authorization": f"Basic {token}"}),
        (f"{path}?token={token}", {}),
        (f"{path}?ticket={token}", {}),
        (path, {"Cookie": f"headway_session={token}"}),
        (f"/api/nowhere?token={token}", {}),
        (f"/socket.io/?EIO=4&transport=polling&token={token}", {}),
        (f"/socket.io/?EIO=4&transport=nonsense&token={token}", {}),
        (f"{path}?token={token}", {"Origin": "https://evil.example"}),
    ):
        answer = await fetch(address, "GET", target, headers=headers)
        heard.say(json.dumps(answer.headers))
        heard.say(answer.body)
        if answer.status == 200:
            heard.welcomed.add("http")


async def over_websocket(address: Address, heard: Heard, token: str) -> None:
    """In the address of the handshake; in the `auth` message, good or misspelled, also after the first one; and where
    none belongs, if it looks like a token: the debug tools show names of channels, and anything can be one."""
    wrong_places = [{"type": token}, {"type": "subscribe", "channel": token}] if token.startswith("ey") else []
    good, auth = {"type": "auth", "token": tokens()["good"]}, {"type": "auth", "token": token}
    following = {"type": "subscribe", "channel": CHANNEL}
    for target, messages in (
        (f"/ws?token={token}", [following]),
        ("/ws", [auth, following]),
        ("/", [auth, {"sessionId": CHANNEL}]),
        ("/ws", [good, auth]),
        ("/ws", [good, {"type": "auth", "tokn": token}]),
        *(("/ws", [good, message]) for message in wrong_places),
        ("/ws", [good, {**following, "token": token}]),
    ):
        with contextlib.suppress(InvalidHandshake, ConnectionClosed):
            async with connect(address.ws(target)) as socket:
                for message in [*messages, {"type": "ping"}]:
                    await socket.send(json.dumps(message))
                # What the client itself named comes back to it alone: the answers are not taken down.
                while (answer := json.loads(await socket.recv()))["type"] != "pong":
                    if answer["type"] == "subscribed":
                        heard.welcomed.add(target.partition("?")[0])


async def over_socketio(address: Address, heard: Heard, token: str) -> None:
    """In the `auth` payload, over both carriers."""
    for polling in (False, True):
        with contextlib.suppress(Refused, Ended):
            async with SocketIoReader(address, polling=polling, auth={"token": token}) as reader:
                await reader.subscribe(CHANNEL)
                heard.welcomed.add("polling" if polling else "socketio")


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("set_up", [AS_SERVED, BARE], ids=["as served", "bare"])
async def test_nothing_a_server_says_or_keeps_shows_a_secret(tmp_path: Path, set_up: str) -> None:
    """Answers, logs at their most talkative, metrics, debug tools, and every byte of the data folder with its internal
    channels: no secret and no token that was used. What was meant to be kept is found by the same search."""
    heard = Heard()
    async with server(tmp_path / "data", heard, set_up, NOTHING) as address:
        await session(address, heard)

    assert heard.leaked() == []
    # Otherwise the session was none.
    assert heard.welcomed >= {"/ws", "socketio", "polling", "http"}
    assert found_in(heard.kept, [MARK]) == [MARK]
    assert found_in(heard.texts, ["planted"]) == ["planted"]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("leak", [LOGGED, STORED], ids=["logged", "stored"])
async def test_a_leak_is_found(tmp_path: Path, leak: str) -> None:
    """The control: a token that is logged, or a secret in an event, does not pass."""
    heard = Heard()
    async with server(tmp_path / "data", heard, BARE, leak) as address:
        await session(address, heard)

    leaked = heard.leaked()
    assert (tokens()["good"] in leaked) is (leak is LOGGED)
    assert (CANARIES["secret"] in leaked) is (leak is STORED)
