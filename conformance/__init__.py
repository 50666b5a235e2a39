"""Drives other people's conformance suites against servers built on Headway.

Knows how to run each suite and how to count what it reports. Contains none of the suites, and must not know how
Headway is made.
"""
