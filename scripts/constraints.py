"""Writes constraints.txt anew: the newest versions that pyproject.toml allows, without addresses.

Run it to take updates, then `make test`, and commit the difference.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from setup import CONSTRAINTS, NODE, requirements

HEAD = "# Versions that were tested together; scripts/constraints.py writes this file.\n"


def main() -> None:
    """Install everything into a passing environment and note what was chosen."""
    names = [*requirements("app", "dev", "bench"), NODE]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder) / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--prefer-binary", *names], check=True)
        frozen = subprocess.run(
            [*pip, "freeze", "--local"], check=True, capture_output=True, text=True
        ).stdout
    lines = [line for line in frozen.splitlines() if "@" not in line]
    CONSTRAINTS.write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
