"""A PingOne on this machine, to import into without an account: its rules, its errors and, on request, its bad days.

    server    the only door: sockets, delays, connections that are cut       service   one call in, one reply out
    store     what there is: environments, populations, users                rules     what a user may look like
    faults    what goes wrong, and when, as the seed has it                  filters   the SCIM subset, parsed

What PingOne was seen or said to do stands in docs/reference/pingone-sandbox.md, with its source and how sure that is.
Everything but `server` is pure: time, ids and chance come in as arguments. Must not know the client that is tested
against it, nor any app.
"""
