"""Other people's runners and displays, told of in Headway: each module knows one of them and the handle of a task, and
nothing of the others. Importing this package imports none of them."""
