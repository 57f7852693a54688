"""Runs the tests, lane by lane: `make test`.

The embedded lane needs nothing. The others need the servers of `make services` and are left out,
with a line that says so, where there are none; under CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from services import ENV_FILE, Services

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

EMBEDDED = "not postgresql and not redis and not browser and not faults"


@dataclass(frozen=True)
class Lane:
    """One run of pytest."""

    name: str
    #: Expression of markers.
    markers: str
    #: Variable that `make services` sets for it; empty when it needs none.
    needs: str = ""
    processes: int = 0
    #: How pytest-xdist spreads the tests. By default, whoever is done takes over what another one
    #: has not begun: a few tests take a minute each.
    spread: str = "worksteal"
    folder: str = "tests"
    #: Expression of what runs all the same where the variable is missing; empty for nothing.
    otherwise: str = ""

    def run(self, environment: Mapping[str, str]) -> int:
        """pytest's exit status."""
        several = ["-n", str(self.processes), "--dist", self.spread]
        parallel = several if self.processes else []
        command = [sys.executable, "-m", "pytest", "-q", "-m", self.markers, self.folder, *parallel]
        print(f"\n== lane {self.name}: pytest -m '{self.markers}'", flush=True)
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


# The largest lane comes last: its summary is what a reader sees at the end.
LANES = (
    Lane("postgresql", "postgresql and not browser and not faults", "TEST_DATABASE_URL", 2),
    Lane("redis", "redis and not faults", "TEST_REDIS_URL"),
    # They wait half of their time for the servers that they start.
    Lane("browser", "browser", "TEST_CHROMIUM", 2),
    # A process for each of the four boards that its tests share: they mostly wait.
    Lane(
        "faults",
        "faults",
        "TEST_DATABASE_URL",
        processes=4,
        spread="loadscope",
        folder="tests/faults",
        otherwise="faults and not postgresql",
    ),
    Lane("embedded", EMBEDDED, processes=2),
)


def clean_environment() -> dict[str, str]:
    """Ours without any setting of an installation: tests make their own."""
    from config.settings import Settings

    ours = Settings.variables()
    return {name: value for name, value in os.environ.items() if name not in ours}


def prepare_engine() -> None:
    """Compile it once, or the processes of the first lane would each do so beside the others."""
    # In a process of its own: the compiler keeps half a gigabyte.
    command = [sys.executable, "-c", "from cli.upkeep import compile_kernels; compile_kernels()"]
    print("preparing the engine (up to a minute the first time)", flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    """Run every lane whose servers are there; 0 when all passed."""
    services = Services.load()
    added = services.environment() if services else {}
    if services and not services.answer():
        print(f"error: the servers of {ENV_FILE} do not answer; run: make services")
        return 1
    left_out = [lane for lane in LANES if lane.needs and not added.get(lane.needs)]
    for lane in left_out:
        what = f"a part of lane {lane.name}" if lane.otherwise else f"lane {lane.name}"
        print(f"{what} is left out; `make services` adds it", flush=True)
    environment = {**clean_environment(), **added}
    prepare_engine()
    failed = bool(left_out) and os.environ.get("CI") == "true"
    for lane in LANES:
        runs = replace(lane, markers=lane.otherwise) if lane in left_out else lane
        if runs.markers:
            failed = runs.run(environment) != 0 or failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
