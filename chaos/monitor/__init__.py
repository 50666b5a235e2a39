"""Watches thirty applications that are as bad as they come, tests them, kills the server, and counts what was told.

    python -m chaos.monitor

`targets` are the applications, `thirty` is what the monitor is told of them and what it must say of each, `told` is who
is told (a webhook, and stock clients of Socket.IO), `program` is the killer and the judge.
"""
