"""Every target of `make fuzz`, on the inputs it begins with: those that found a bug once are among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fuzz.targets
from fuzz.targets import TARGETS, application
from headway.access.identity import Identity
from headway.access.tokens import TokenAccess
from headway.protocols.websocket import FrameReader, Received


@pytest.fixture(autouse=True, scope="module")
def _nothing_stays_open() -> Iterator[None]:
    yield
    application.close()


SEEDS = [(name, number) for name, target in TARGETS.items() for number in range(len(target.seeds))]


@pytest.mark.parametrize(("name", "number"), SEEDS, ids=[f"{name}-{number}" for name, number in SEEDS])
def test_what_must_hold_holds_for_every_seed(name: str, number: int) -> None:
    """Nothing is raised but what is documented, and every law of the target holds."""
    target = TARGETS[name]

    target.check(target.seeds[number])


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_an_input(name: str) -> None:
    """Nothing, and bytes that mean nothing, are taken as well."""
    target = TARGETS[name]

    target.check(b"")
    for byte in range(0, 256, 5):
        target.check(bytes((byte,)) * 40)


def test_every_target_has_a_name_of_its_own() -> None:
    """No target hides another."""
    offered = [
        target
        for path in Path(fuzz.targets.__file__).parent.glob("[a-z]*.py")
        for target in getattr(fuzz.targets, path.stem).TARGETS
    ]

    assert len(offered) == len(TARGETS)


@pytest.mark.parametrize("path", sorted(Path(fuzz.__path__[0]).glob("**/*.py")), ids=lambda path: path.stem)
def test_only_one_file_knows_the_fuzzer(path: Path) -> None:
    """Who has no atheris can run the targets all the same."""
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    }

    assert ("atheris" in imported) is (path.name == "child.py")


# Negative controls: a target that cannot fail would find nothing.


def test_a_reader_that_depends_on_how_bytes_arrive_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target of WebSocket frames fails if pieces are read otherwise than the whole."""
    honest = FrameReader.receive

    def forgetful(self: FrameReader, data: bytes) -> list[Received]:
        return honest(self, data) if len(data) > 20 else []

    monkeypatch.setattr(FrameReader, "receive", forgetful)

    with pytest.raises(AssertionError, match="depends on how it arrives"):
        TARGETS["websocket"].check(TARGETS["websocket"].seeds[0])


def test_an_answer_that_blames_the_server_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target of requests fails on a 500, with what was logged as the cause."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("headway.server.routes.find", broken)

    with pytest.raises(AssertionError, match="500"):
        TARGETS["http"].check(TARGETS["http"].seeds[0])


def test_an_identity_without_the_secret_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target of tokens fails if somebody is let in by a token that nobody signed."""
    known = Identity("ada", expires=1.0)
    monkeypatch.setattr(TokenAccess, "authenticate", lambda self, token: known)

    with pytest.raises(AssertionError, match="without the secret"):
        TARGETS["tokens"].check(TARGETS["tokens"].seeds[0])
