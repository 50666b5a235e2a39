"""Carriers of one cursor: Socket.IO, WebSocket, Server-Sent Events, polling. Thin and alike; must not know each other,
hub, log, or tasks."""
