"""The demo: a server with a life of its own, in a folder that is gone afterwards.

    show      the server, and the scenes beside it            folder    the temporary data folder
    scenes    what is played: one module for each scene        worker    a process that works, and is killed in a scene

A scene knows its stage: the server's public faces (`Headway.task`, jobs, `publish`), and how time passes. It must not
know another scene, nor any way to show what did not happen.
"""
