"""Chaos: a program that breaks things at random and compares what every client was told with the log.

It knows the wire and the public behaviour of a server, and nothing of its inside, except where the write-ahead log lies
that it tears. `verdict` and `ledger` are pure and decide; everything else makes trouble and takes notes.
"""
