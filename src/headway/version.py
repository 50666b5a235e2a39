"""Which Headway this is. Apart from the public names, so that whoever asks imports nothing else."""

from __future__ import annotations

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = "0.1.0"
"""As in pyproject.toml."""
