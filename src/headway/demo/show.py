"""The demo itself: a server as `headway serve` runs it, in a temporary folder, with the scenes beside it.

It takes what says where it listens and who may come. Everything else of a server's settings it chooses itself: nothing
of a real server's data, users or jobs comes near it.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from headway.access.jws import sign
from headway.access.keys import secret_bytes
from headway.clock import Clock, SystemClock
from headway.demo.applications import secrets_in
from headway.demo.folder import temporary_folder
from headway.demo.scenes import SCENES, playing
from headway.demo.stage import Stage
from headway.server import serving
from headway.server.serving import Server
from headway.server.settings import Settings

__all__ = ["CHOSEN", "KEPT_SECONDS", "address_of", "run"]

KEPT_SECONDS: Final = 1_800.0
"""For which events and ended tasks are kept: long enough to replay what was just seen, and some 50 MB at most, however
long the demo is left on."""
_TOKEN_SECONDS: Final = 10 * 366 * 86_400.0
"""Longer than any demo lives; its token goes with it."""

CHOSEN: Final = ("host", "port", "secret", "insecure", "origins", "hosts", "log_level", "log_format")
"""The settings that whoever runs a demo may choose."""


def run(settings: Settings, on_started: Callable[[str, Settings], None]) -> None:
    """Serve and play until told to stop; then nothing of it is left. `on_started` is told the address, and the settings
    in force. Raises `UsageError`, `StorageError`."""
    with _terminated(), temporary_folder() as folder:
        settings = _own(settings, folder)
        live = serving.live_from(settings)
        stage = Stage(live, folder, Random(), token=_token(settings, SystemClock()))
        for scene in SCENES:
            scene.prepare(stage)

        @contextlib.asynccontextmanager
        async def beside(server: Server) -> AsyncIterator[None]:
            stage.url = address_of(settings.host, server.port)
            on_started(stage.url, settings)
            async with playing(stage):
                yield

        serving.run(settings, live=live, beside=beside)


def address_of(host: str, port: int) -> str:
    """Where a server is found from this machine."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _own(settings: Settings, folder: Path) -> Settings:
    """The settings of the demo: what was chosen, and for the rest its own."""
    left_alone = {name: field.default for name, field in Settings.model_fields.items() if name not in CHOSEN}
    own = {
        "data": folder,
        "durable": False,  # what does not outlive the demo need not outlive a power cut
        "keep_seconds": KEPT_SECONDS,
        "monitor_secrets": secrets_in(folder),
    }
    return settings.model_copy(update=left_alone | own)


def _token(settings: Settings, clock: Clock) -> str | None:
    """What the demo's own worker and scenes show, where a token is needed. Who adds applications administers."""
    if settings.secret is None:
        return None
    now = clock.now()
    claims = {
        "sub": "demo",
        "jti": "demo",
        "iat": int(now),
        "exp": int(now + _TOKEN_SECONDS),
        "role": "admin",
        "channels": ["*"],
        "publish": ["*"],
    }
    return sign(claims, secret_bytes(settings.secret.get_secret_value()))


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, and then the process as SIGTERM does; so too where the terminal is
    closed.

    A server that listens hears it first, ends in good order, and raises it again.
    """

    class Terminated(BaseException):
        pass

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    def hang_up(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it was started by `nohup`
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, hang_up)
    try:
        yield
    except Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
