"""The siege: valid clients are live and lossless while an attacker does its worst, at full speed, from another process.

`attacks/` knows what a stranger may try and what the server must answer; `tests/security` asks each of them once.
Everything else measures what the valid clients notice. It knows the wire and the public behaviour of a server, and
nothing of its inside.
"""
