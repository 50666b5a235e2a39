"""Tasks: long work with progress, pause, resume, cancel and a checkpoint. It writes to a channel of its own.

Knows states, who owns a task, how far it is, and what was asked of it. Must not know who watches: transports, sessions
and tokens are not its business, and what it publishes goes through a function it was given.
"""
