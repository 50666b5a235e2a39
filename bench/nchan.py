"""nginx with Nchan: Debian's packages, run as an ordinary process.

Installed packages are used as they are. Otherwise they are downloaded and unpacked into the build folder; nothing is
installed and no service is started. nginx then wants its compiled-in folder under /var/lib even when the configuration
names others, so it gets one in a mount namespace of its own.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from string import Template
from typing import Final

from bench.places import BUILD, PEERS
from bench.processes import Launch, Unavailable

_PACKAGES: Final = ("nginx", "libnginx-mod-nchan")
_PROGRAM: Final = "usr/sbin/nginx"
_MODULE: Final = "usr/lib/nginx/modules/ngx_nchan_module.so"
_OWN_VAR_LIB: Final = 'mount -t tmpfs none /var/lib && mkdir /var/lib/nginx && exec "$@"'


def prepare(port: int, folder: Path) -> Launch:
    """One nginx process with a WebSocket and SSE location and a publisher location."""
    root = root_folder()
    configuration = folder / "nginx.conf"
    text = Template((PEERS / "nchan.conf.in").read_text())
    values = {"module": root / _MODULE, "folder": folder, "port": port, "files": 20000, "connections": 15000}
    configuration.write_text(text.substitute(values))
    nginx = [str(root / _PROGRAM), "-e", "stderr", "-p", str(folder), "-c", str(configuration)]
    if root == Path("/"):
        return Launch(nginx)
    return Launch(["unshare", "--map-root-user", "--mount", "sh", "-c", _OWN_VAR_LIB, "sh", *nginx])


def root_folder() -> Path:
    """Below which nginx and the module lie. Raises `Unavailable`."""
    unpacked = BUILD / "nchan"
    for root in (Path("/"), unpacked):
        if (root / _PROGRAM).exists() and (root / _MODULE).exists():
            return root
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Unavailable("nginx and libnginx-mod-nchan are not installed, and this is no Debian to get them from")
    unpacked.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", *_PACKAGES], cwd=unpacked, capture_output=True, text=True, check=False)
    if got.returncode != 0:
        raise Unavailable(f"its Debian packages could not be downloaded: {_last_line(got.stderr)}")
    for package in unpacked.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(unpacked)], check=True)
    return unpacked


def version() -> str:
    """What nginx says, with the package of the module where its name tells."""
    root = root_folder()
    said = subprocess.run([str(root / _PROGRAM), "-v"], capture_output=True, text=True, check=False)
    nginx = _last_line(said.stderr).removeprefix("nginx version: ")
    modules = [package.name.split("_")[1] for package in root.glob("libnginx-mod-nchan_*.deb")]
    return f"{nginx}, Nchan {modules[0].replace('%3a', ':')}" if modules else nginx


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"
