"""Pure machines and encodings: bytes in, events and bytes out. Must not know asyncio, sockets, time, randomness, or the
log."""
