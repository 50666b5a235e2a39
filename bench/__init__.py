"""The benchmark: delivery rate against a floor in C and against others, on one machine, in one run.

It knows every server, Headway too, by its command and its wire alone; only `bench.appends`, `bench.imports` and
`bench.monitor` look inside.
Figures come from the C load generator (`load*.c`); this package starts, pairs and reports.
"""
