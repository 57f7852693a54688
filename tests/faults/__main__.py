"""The long form: `make faults`. The numbers of the promises, and a table of what was measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from config.settings import ROOT, Settings
from tests.conftest import service
from tests.faults.figures import FILE, table

#: Compares times: it runs last, beside no other.
TIMED = "tests/faults/test_P05_mail_server.py::test_P05_posting_is_as_quick_as_ever"
BY_BOARD = ["-n", "4", "--dist", "loadscope"]
#: pytest's status where words such as `-k` leave no test.
NOTHING_CHOSEN = 5
PATH = ROOT / "var" / "faults.jsonl"


def main() -> int:
    """Run pytest with these words after its own, then print the figures; pytest's status."""
    PATH.unlink(missing_ok=True)
    has_postgresql = service("TEST_DATABASE_URL") is not None
    if not has_postgresql:
        print("the half on PostgreSQL is left out; `make services` adds it", flush=True)
    markers = "faults" if has_postgresql else "faults and not postgresql"
    ours = Settings.variables()
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, "-m", "pytest", "-q", "-m", markers]
    statuses = [
        subprocess.run(
            [*command, *which, *sys.argv[1:]],
            cwd=ROOT,
            env={**environment, FILE: str(PATH)},
            check=False,
        ).returncode
        for which in (["tests/faults", "--deselect", TIMED, *BY_BOARD], [TIMED])
    ]
    if PATH.exists():
        lines = PATH.read_text(encoding="utf-8").splitlines()
        print(*lines, "", *table(map(json.loads, lines)), sep="\n")
    return max((each for each in statuses if each != NOTHING_CHOSEN), default=NOTHING_CHOSEN)


if __name__ == "__main__":
    sys.exit(main())
