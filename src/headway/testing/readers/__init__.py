"""One small reader per transport, all with one face, so that a test says what every reader must see and runs on each of
them.

    async with WebSocketReader(server) as reader:
        beginning = await reader.subscribe("run:7", since="")
        event = await reader.next()                    or: async for event in reader
        reader.stall(); reader.resume()                stop and go on reading the socket
        await reader.cut()                             gone, without a word
        reader.position("run:7")                       where to go on, on any transport
        reader.token                                   the same as this wire's own client keeps it

They read only when asked, so they own no task and hide no back-pressure: what nobody takes stays in the socket. They
reconnect by no means; a test says when.
"""

from __future__ import annotations

from headway.testing.readers.eventsource import EventSourceReader
from headway.testing.readers.face import Beginning, Ended, Fields, Reader, Refused
from headway.testing.readers.http import Answer, fetch
from headway.testing.readers.polling import PollingReader
from headway.testing.readers.socketio import SocketIoReader
from headway.testing.readers.websocket import WebSocketReader

__all__ = [
    "Answer",
    "Beginning",
    "Ended",
    "EventSourceReader",
    "Fields",
    "PollingReader",
    "Reader",
    "Refused",
    "SocketIoReader",
    "WebSocketReader",
    "fetch",
]
