"""A WebSocket that echoes every message, for the RFC 6455 suite: `python -m conformance.servers.echo --port 9001`."""

from __future__ import annotations

import argparse
from dataclasses import replace

from conformance.servers.serving import run
from headway.limits import Limits
from headway.protocols.websocket import Opcode, frame
from headway.transports.connections import Receiver, Socket
from headway.transports.delivery import serve_socket
from headway.transports.requests import Receive, Scope, Send

LARGEST = 64 * 1024 * 1024
LIMITS = replace(Limits(), message_bytes=LARGEST, control_bytes=2 * LARGEST)


class Echo:
    """Says what it hears."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def received(self, message: str | bytes) -> None:
        """Echo."""
        if isinstance(message, str):
            self._socket.send(frame(Opcode.TEXT, message.encode()))
        else:
            self._socket.send(frame(Opcode.BINARY, message))

    def writable_again(self) -> None:
        """It has nothing waiting."""

    def ended(self, code: int | None) -> None:
        """It keeps nothing."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Any path, any WebSocket."""

    def connect(socket: Socket) -> Receiver:
        return Echo(socket)

    if scope["type"] == "websocket":
        await serve_socket(scope, receive, send, LIMITS, connect)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9001)
    run(application, parser.parse_args().port, largest=LARGEST)


if __name__ == "__main__":
    main()
