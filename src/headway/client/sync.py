"""The client for scripts without a loop: the same one, on a loop in a thread of its own.

    with connect("http://127.0.0.1:4000") as client:
        client.publish("run:7", "progress", {"percent": 40}, key="progress")
        for told in client.channel("run:7"):
            ...

It may be used from several threads. Ctrl-C ends whatever waits, and leaving the block ends the rest.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import headway.client.channel as asynchronous
import headway.client.client as clients
from headway.client.changes import Change, Status
from headway.client.following import Event, Told
from headway.client.outbox import MOST_WAITING
from headway.client.pace import Pace
from headway.client.token import GetToken
from headway.errors import UsageError
from headway.positions import Position

__all__ = ["Channel", "Client", "connect"]

Result = TypeVar("Result")


def connect(
    url: str,
    *,
    token: str | None = None,
    get_token: GetToken | None = None,
    transports: Sequence[clients.Carrier | str] = clients.DEFAULT_TRANSPORTS,
    on_change: Callable[[Change], None] | None = None,
    queue: int = MOST_WAITING,
    pace: Pace | None = None,
) -> Client:
    """As `headway.client.connect`; `with` opens it. `get_token` and `on_change` are called in the client's own thread,
    and must not wait. Raises `UsageError`."""
    return Client(
        clients.connect(
            url,
            token=token,
            get_token=get_token,
            transports=transports,
            on_change=on_change,
            queue=queue,
            pace=pace,
        )
    )


class Client:
    """A client of one server, within `with`."""

    def __init__(self, client: clients.Client) -> None:
        self._client = client
        self._loop = _Loop()

    def __enter__(self) -> Self:
        self._loop.start()
        try:
            self._loop.call(self._client.__aenter__())
        except BaseException:  # whatever it is, the thread must not stay
            self._loop.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def status(self) -> Status:
        """How the client is: as its channel that is worst off."""
        return self._client.status

    @property
    def transport(self) -> str | None:
        """The name of the transport that is used now."""
        return self._client.transport

    @property
    def queued(self) -> int:
        """Publications that wait."""
        return self._client.queued

    def channel(self, name: str, since: Position | str | None = None) -> Channel:
        """Follow a channel: see the asynchronous client."""

        async def follow() -> asynchronous.Channel:
            return self._client.channel(name, since)

        return Channel(self._loop, self._loop.call(follow()))

    def publish(
        self,
        channel: str,
        type: str,
        data: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        key: str | None = None,
        idempotency_key: str | None = None,
        patience: float | None = 30.0,
    ) -> Position:
        """Publish one event; it is stored when this returns. See the asynchronous client."""
        return self._loop.call(
            self._client.publish(channel, type, data, key=key, idempotency_key=idempotency_key, patience=patience)
        )

    def close(self) -> None:
        """End everything. Idempotent."""
        if self._loop.running:
            try:
                self._loop.call(self._client.close())
            finally:
                self._loop.stop()


class Channel:
    """One reader of a channel: iterate over it."""

    def __init__(self, loop: _Loop, channel: asynchronous.Channel) -> None:
        self.name = channel.name
        self._loop = loop
        self._channel = channel
        self._taken: deque[Told] = deque()
        self._position = channel.position

    @property
    def state(self) -> Mapping[str, Event]:
        """The latest event of each key, as far as this channel was told."""

        async def copy() -> dict[str, Event]:
            return dict(self._channel.state)

        return self._loop.call(copy())

    @property
    def position(self) -> Position | None:
        """Where the loop stands: after what it took last. Begin there to go on. None before anything was told."""
        return self._position if self._taken else self._channel.position

    @property
    def status(self) -> Status:
        """Whether it is live."""
        return self._channel.status

    def close(self) -> None:
        """Follow it no more. Idempotent."""

        async def close() -> None:
            self._channel.close()

        self._loop.call(close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Told:
        # Many at once: each way to the other thread and back costs as much as some ten events.
        if not self._taken:
            self._taken.extend(self._loop.call(self._channel.take()))
        if not self._taken:
            raise StopIteration
        told = self._taken.popleft()
        self._position = told.position if isinstance(told, Event) else told.until
        return told


class _Loop:
    """A loop in a thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it takes calls."""
        return self._loop is not None

    def start(self) -> None:
        """Begin."""
        if self._thread is not None:
            raise UsageError("this client was opened before; make another with connect")
        started: threading.Event = threading.Event()
        # Of no consequence for the end of the program: who leaves without closing has no more to lose than at a kill.
        self._thread = threading.Thread(target=self._run, args=(started,), name="headway client", daemon=True)
        self._thread.start()
        started.wait()

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:  # Any: a coroutine's own
        """Have the loop do it, and wait for its result; Ctrl-C ends it too."""
        if self._loop is None:
            work.close()
            raise UsageError("the client is not open; use it within `with connect(…) as client:`")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # an interrupt above all
            future.cancel()
            raise

    def stop(self) -> None:
        """End the loop and the thread."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = loop = runner.get_loop()
            loop.call_soon(started.set)
            loop.run_forever()
