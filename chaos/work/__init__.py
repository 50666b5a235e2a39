"""Kills a server that works, again and again, and then counts what its work did.

    python -m chaos.work --steps 100000 --kills 20

`jobs` is what the server runs, `target` the stranger that the work has effects on, `program` the killer and the judge.
"""
