"""A stranger that work has effects on: a server that does each order once, and counts how often it was asked.

POST /orders with an Idempotency-Key; it lives as long as the program, in a process of its own, and is never killed.
"""

from __future__ import annotations

from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

ASKED: Counter[str] = Counter()
EFFECTS: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Without this each small answer waits for the acknowledgement of its head.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """`POST /orders`."""
        key = self.headers["Idempotency-Key"]
        ASKED[key] += 1
        if ASKED[key] == 1:
            EFFECTS[key] += 1
        self._answer(b"{}")

    def do_GET(self) -> None:
        """`GET /`: what was asked and what was done."""
        self._answer(msgspec.json.encode({"asked": ASKED, "effects": EFFECTS}))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: there are a hundred thousand of them."""


class Server(ThreadingHTTPServer):
    """One that is not surprised when who asks is killed."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: the connection ended with its client."""


def main() -> None:
    """Serve on a free port, which is the first line."""
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
