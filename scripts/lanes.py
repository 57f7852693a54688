"""Runs the tests, lane by lane: `make test`.

The embedded lane needs nothing. The others need the servers of `make services` and are left out,
with a line that says so, where there are none; under CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services import ENV_FILE, Services

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

EMBEDDED = "not postgresql and not redis and not browser"


@dataclass(frozen=True)
class Lane:
    """One run of pytest."""

    name: str
    #: Expression of markers.
    markers: str
    #: Variable that `make services` sets for it; empty when it needs none.
    needs: str = ""
    processes: int = 0

    def run(self, environment: Mapping[str, str]) -> int:
        """pytest's exit status."""
        # Whoever is done takes over what the other has not begun: a few tests take a minute each.
        several = ["-n", str(self.processes), "--dist", "worksteal"]
        parallel = several if self.processes else []
        command = [sys.executable, "-m", "pytest", "-q", "-m", self.markers, *parallel]
        print(f"\n== lane {self.name}: pytest -m '{self.markers}'", flush=True)
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


# The largest lane comes last: its summary is what a reader sees at the end.
LANES = (
    Lane("postgresql", "postgresql and not browser", "TEST_DATABASE_URL", 2),
    Lane("redis", "redis", "TEST_REDIS_URL"),
    Lane("browser", "browser", "TEST_CHROMIUM"),
    Lane("embedded", EMBEDDED, processes=2),
)


def clean_environment() -> dict[str, str]:
    """Ours without any setting of an installation: tests make their own."""
    from config.settings import Settings

    ours = Settings.variables()
    return {name: value for name, value in os.environ.items() if name not in ours}


def main() -> int:
    """Run every lane whose servers are there; 0 when all passed."""
    services = Services.load()
    added = services.environment() if services else {}
    if services and not services.answer():
        print(f"error: the servers of {ENV_FILE} do not answer; run: make services")
        return 1
    left_out = [lane for lane in LANES if lane.needs and not added.get(lane.needs)]
    for lane in left_out:
        print(f"lane {lane.name} is left out; `make services` adds it", flush=True)
    environment = {**clean_environment(), **added}
    failed = bool(left_out) and os.environ.get("CI") == "true"
    for lane in LANES:
        if lane not in left_out:
            failed = lane.run(environment) != 0 or failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
