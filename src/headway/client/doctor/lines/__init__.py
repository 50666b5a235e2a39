"""Lines: one connection of one transport each, following one channel, and telling more of what happens to it than a
client would. They do not judge, and never come back by themselves.
"""

from __future__ import annotations

__all__: list[str] = []
