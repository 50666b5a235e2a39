"""Durable order: append first, then read after a position. Knows events and positions; must not know who reads, nor any
wire."""
