"""An import into a PingOne that fails, by a server that is killed: `python -m chaos.imports`."""
