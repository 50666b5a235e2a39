"""One client across reconnects: what it follows and how far it is. Holds positions, never messages; must not know any
wire."""
