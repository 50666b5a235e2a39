"""The Python client: follow a channel from a position, come back after every cut, and publish.

    client = connect("http://127.0.0.1:4000")
    async for told in client.follow("run:7", Position.parse("")):
        match told:
            case Event(): print(told.type, told.data, told.position)
            case Gap(): print("lost", told.lost)

It shares the words and the wire with the server. Must not know the log, the hub or a session.
"""

from __future__ import annotations

from headway.client.backoff import Backoff
from headway.client.client import Carrier, Change, Client, Connected, Waiting, connect
from headway.client.endings import Refused, Unreachable
from headway.client.following import Event

__all__ = [
    "Backoff",
    "Carrier",
    "Change",
    "Client",
    "Connected",
    "Event",
    "Refused",
    "Unreachable",
    "Waiting",
    "connect",
]
