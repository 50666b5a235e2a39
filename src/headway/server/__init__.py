"""Composition: the only place that knows everything and picks a log, an access policy, a server. Must not hold rules of
its own."""
