"""Sees to it that no wheel and no source archive is made without what is built for browsers: client and dashboard."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src", "headway", "server", "static", "built")
FILES = ("headway.js", "headway.mjs", "dashboard/index.html")


class BuiltClient(BuildHookInterface):  # type: ignore[type-arg]  # its configuration is not used
    """Fails before anything is packed. An editable installation needs no package: it comes before the build."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # Any: hatch's own
        """Called before each target is built."""
        missing = [name for name in FILES if not Path(self.root, BUILT, name).is_file()]
        if missing and version != "editable":
            raise FileNotFoundError(f"{', '.join(missing)} is not in {BUILT}; run `make setup`, which builds it")
