"""Test runs: applications × kinds of test, once each, told live, that can be paused, cancelled and killed.

    model ─▶ plan ─▶ course ─▶ conducting ─▶ equipment        what is tested, in which order, how many at once, by what
                       │
               job ◀───┴───▶ here                             as a task of the server, or in this process alone
                │
    tables, pictures ─▶ results ─▶ shown, junit, logs, api    what is kept, and how it is shown
    schedules, hook, looking                                what begins runs by itself, and ends what nobody ended

`runner` joins them. Pure: `model`, `plan`, `telling`, `shown`, `junit`, `logs`. Not here: what an application is, how
one thing is checked, who is alerted.
"""
