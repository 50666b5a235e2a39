"""Live fan-out in this process: cursors, wake-ups, encode once, write to all. Must not know protocols, sockets, or
tokens."""
