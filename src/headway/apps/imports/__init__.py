"""Users from CSV files into PingOne, and back: exact, resumable, and watched by anyone.

    csv    files, rows and what is wrong with them, without a network

Must not know another application, nor a transport.
"""
