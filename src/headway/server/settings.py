"""The settings of a server: one frozen value, read once. Each has a name, a type, a default and a sentence, and is set
by flag (`headway serve --port`), by environment (`HEADWAY_PORT`), or in Python.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What can be chosen about a server."""

    model_config = SettingsConfigDict(env_prefix="HEADWAY_", frozen=True, extra="ignore")

    host: str = Field(
        default="127.0.0.1", description="Address to listen on. Anything but loopback needs a secret, or --insecure."
    )
    port: int = Field(default=4000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    data: Path | None = Field(
        default=Path("headway-data"),
        description="Folder of the durable log, made if missing, for one server at a time. Empty: in memory only.",
    )
    durable: bool = Field(
        default=True,
        description="Whether an event survives a power cut before anybody sees it; false: only a killed process.",
    )
    secret: SecretStr | None = Field(
        default=None, description="Signs tokens (HS256). With it every reader and writer needs a token."
    )
    insecure: bool = Field(
        default=False,
        description="Listen beyond loopback without a secret: everybody who reaches it may do everything.",
    )
    origins: frozenset[str] = Field(
        default=frozenset(),
        description="Web pages of other origins that may connect, such as https://app.example.org; * allows all.",
    )
    recovery: bool = Field(
        default=True,
        description="Socket.IO connection state recovery: stock clients lose nothing through a disconnect.",
    )
    deflate: bool = Field(
        default=True,
        description="Compress WebSocket messages for clients that offer it; once per event, shared by all.",
    )
    keep_events: int = Field(default=100_000, ge=1, description="Events kept per channel.")
    keep_seconds: float = Field(default=7 * 86_400.0, gt=0, description="Seconds an event is kept.")
    keep_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Bytes of data kept per channel.")

    @field_validator("data", mode="before")
    @classmethod
    def _no_folder(cls, value: object) -> object:
        """An empty folder is none; a path would take it for the current one."""
        return None if value == "" else value

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")
