"""Checks: one question to one application, answered with one `Outcome`.

    configuration ─▶ probe ─▶ http · tcp · tls · dns ─▶ outcome        push: a beat that came, or did not
                       ├── exchange, certificates, stopwatch            what is measured
                       └── expectations, conditions, patterns           what is wished

Pure where nothing is asked of the network: `conditions`, `expectations`, `push`, `schedule` and `maintenance` know no
loop. A probe never raises for what the application did, is bounded in time and bytes, and reaches nothing that
`headway.egress` refuses. Not here: who asks and when, what is stored, who is told.
"""
