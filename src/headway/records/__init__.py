"""Records: what applications know beside events. SQLAlchemy 2 Core; SQLite by default, PostgreSQL by URL.

    records    one database, and threads that speak to it        scripts    how Alembic finds an application's revisions

Who keeps records writes Core statements against tables of its own and hands functions of a connection to `Records`.
Not here: events (`log`) and tasks (`tasks`), which have stores of their own, made for what they promise.
"""
