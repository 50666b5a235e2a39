"""Real browsers, driven by Selenium, that leave nothing behind.

    finding    which Chromium and which driver this machine has     sources    where browsers come from: here, or a Grid
    session    one browser with one thread that alone touches it    pool       so many at once, and why one waits
    steps      what a browser can be told, as values                doing      doing one of them
    locators   how an element is named                              pages      a page's figures, texts and pictures
    gate       the one way out for browsers                         processes  groups of them, and their end
    leases     what a dead owner left, and how it is ended          faults     what went wrong, in the monitor's words

Knows no application, no task and no server. Which addresses may be visited is decided by whoever calls.
"""
