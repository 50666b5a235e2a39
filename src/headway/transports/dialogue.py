"""What the clients of the connected transports may say, and what follows: the same on a raw WebSocket and on Socket.IO.

The messages are those of `protocols/stream.py`. A transport lends its `Voice`: how an answer, an event or a gap is put
on its wire, and which form the hub writes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never

from headway.access.identity import Unauthorized
from headway.codes import Code
from headway.events import Event
from headway.positions import BEGINNING, Gap
from headway.protocols.stream import (
    Ack,
    Auth,
    Command,
    Fields,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    error_fields,
    flat_fields,
)
from headway.sessions.session import Session
from headway.sessions.sessions import Start

__all__ = ["Dialogue", "Voice", "subscribed"]


class Voice(Protocol):
    """How a transport speaks. None of these may wait, except `following`."""

    def answer(self, fields: Fields, request: object) -> None:
        """Answer a request of the client."""
        ...

    def tell(self, events: Sequence[Event]) -> None:
        """Events of a snapshot, as ordinary messages."""
        ...

    def tell_gap(self, gap: Gap, state: Sequence[Event]) -> None:
        """A gap, with the state behind it."""
        ...

    def follow(self, channel: str, start: Start, command: Subscribe) -> None:
        """Attach the session to the channel, in this transport's form."""
        ...

    async def following(self, channel: str, start: Start | None) -> None:
        """The client is about to follow a channel from `start`, or, with None, has left it: note what must survive. May
        raise."""
        ...

    def refuse(self, error: Unauthorized) -> None:
        """The token was not valid: end, in this transport's way."""
        ...


class Dialogue:
    """Obeys one client, one message at a time."""

    __slots__ = ("_session", "_voice")

    def __init__(self, session: Session, voice: Voice) -> None:
        self._session = session
        self._voice = voice

    async def obey(self, command: Command, request: object) -> None:
        """Do what a client asks, and answer. Raises `HeadwayError`: tell the client."""
        match command:
            case Subscribe():
                await self._subscribe(command, request)
            case Unsubscribe(channel):
                if self._session.unfollow(channel):
                    await self._voice.following(channel, None)
                self._voice.answer({"type": "unsubscribed", "channel": channel}, request)
            case Publish(channel, drafts, key):
                appended = await self._session.publish(channel, drafts, idempotency_key=key)
                last = appended.events[-1]
                answer: Fields = {"type": "published", "channel": channel, "offset": last.offset}
                answer |= {"position": str(last.position), "count": len(appended.events), "replayed": appended.replayed}
                self._voice.answer(answer, request)
            case Ack(channel, offset):
                self._session.acknowledge(channel, offset)
            case Auth(token):
                await self._authenticate(token, request)
            case Ping():
                self._voice.answer({"type": "pong"}, request)
            case _:
                assert_never(command)

    def resume(self, channel: str, start: Start) -> None:
        """Have a client that came back go on where it stood; if something is missing it is told so."""
        self._show(start, Subscribe(channel, inline_snapshot=False))

    async def _subscribe(self, command: Subscribe, request: object) -> None:
        channel = command.channel
        known = self._session.cursors.get(channel) if isinstance(channel, str) else None
        if known is not None and command.since is None:
            # Clients say it again whenever they reconnect; whoever follows already has everything.
            if command.answer:
                head = await self._session.head(channel)
                answer: Fields = {"type": "subscribed", "channel": channel, "position": str(known.position)}
                self._voice.answer({**answer, "head": str(head), "recovered": True}, request)
            return
        since = BEGINNING if command.since is None and command.whole else command.since
        start = await self._session.begin(channel, since)
        await self._voice.following(channel, start)
        if command.answer:
            self._voice.answer(subscribed(channel, start, inline=command.inline_snapshot), request)
        self._show(start, command)

    def _show(self, start: Start, command: Subscribe) -> None:
        """First what the client lost, or the state it asked to have shown; then live. Does not wait, so nothing comes
        between."""
        state = start.snapshot.events if start.snapshot is not None else ()
        if start.gap is not None:
            self._voice.tell_gap(start.gap, state)
        elif state and not command.inline_snapshot:
            self._voice.tell(state)
        self._voice.follow(command.channel, start, command)

    async def _authenticate(self, token: str, request: object) -> None:
        try:
            identity = self._session.authenticate(token)
        except Unauthorized as error:
            self._voice.answer({"type": "auth_failed", **error_fields(error)}, request)
            self._voice.refuse(error)
            return
        lost = self._session.narrow()
        answer: Fields = {"type": "auth_success", "user": identity.user, "role": identity.role.value}
        self._voice.answer({**answer, "expires": identity.expires}, request)
        for channel in lost:
            # The client asked for nothing here: it is told of the loss as of one it did not cause.
            self._voice.answer({"type": "unsubscribed", "channel": channel, "code": Code.FORBIDDEN.spelling}, None)
            await self._voice.following(channel, None)


def subscribed(channel: str, start: Start, *, inline: bool) -> Fields:
    """The answer to a subscription."""
    fields: Fields = {"type": "subscribed", "channel": channel, "position": str(start.position)}
    fields["head"] = str(start.head)
    fields["recovered"] = start.recovered
    if inline and start.gap is None and start.snapshot is not None:
        fields["snapshot"] = [flat_fields(event) for event in start.snapshot.events]
    return fields
