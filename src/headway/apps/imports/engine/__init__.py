"""What a run of `import-users` does, from a file and options to users in PingOne and a report.

    job          the job: opens what it needs, has rows dealt with, ends whatever happens
    importing    one row against PingOne, and what becomes of it     dry          the same with nothing written
    dispatching  so many rows at a time; pause and cancel            feeding      rows from a thread, in chunks
    journal      what was tried and what came of it, crash or not    books        journal, rejects and events in order
    policies     what to do with a user who is there already         populations  where users go, and what to ask first
    stopping     when going on is pointless                          holding      how it holds still then
    live         progress and checkpoints meanwhile                  ending       how it ends, told once
    telling      the shapes of what is told                          machine      whether the machine went down since

Everything outside comes in through `interface`. Must not know HTTP routes, tables, or how a file is spelled.
"""
