"""Figures: how applications stand, how long they were up, how fast they answered. Knows numbers and times alone.

    status       one look after another: the status, with hysteresis (pure)
    percentiles  a histogram of response times that merges (pure)
    totals       what looks add up to over a stretch of time (pure)
    sla          a target, and how much of its error budget is left (pure)
    samples      looks as they are stored            rollups    hours and days of them, derived, never counted up
    windows      which of the three says what about a stretch of time (pure)
    uptime       totals of many applications         series     charts and heartbeat bars
    incidents    from error to healthy               recording  looks become samples, statuses and incidents, at once
    reports      summary, SLA, trends, failures      facade     `Figures`: what the rest of the monitor uses

Not here: how a look is done, who is told, names of applications, HTTP, events.
"""
