"""The Python client: follow channels from positions over whatever transport gets through, and publish.

    async with connect("http://127.0.0.1:4000") as client:
        async for told in client.channel("run:7", since=""):
            match told:
                case Event(): print(told.type, told.data, told.position)
                case Gap(): print("lost", told.lost)

`headway.client.sync` is the same for scripts. It shares the words and the wire with the server. Must not know the log,
the hub or a session.
"""

from __future__ import annotations

from headway.client.changes import Change, Connected, Recovered, Status, Stopped, Switched, Waiting
from headway.client.channel import Channel
from headway.client.client import DEFAULT_TRANSPORTS, Carrier, Client, connect
from headway.client.endings import Refused, Unreachable
from headway.client.following import Event, Told
from headway.client.pace import Pace
from headway.positions import Gap

__all__ = [
    "DEFAULT_TRANSPORTS",
    "Carrier",
    "Change",
    "Channel",
    "Client",
    "Connected",
    "Event",
    "Gap",
    "Pace",
    "Recovered",
    "Refused",
    "Status",
    "Stopped",
    "Switched",
    "Told",
    "Unreachable",
    "Waiting",
    "connect",
]
