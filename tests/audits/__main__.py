"""What a browser makes of every page: `make a11y`, `make weight` and `make screenshots`."""

from __future__ import annotations

import argparse
import sys

from tests.audits import a11y_report, screenshots, weight_report


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audit", choices=["a11y", "weight", "screenshots"])
    parser.add_argument("--language", action="append", help="of a11y: only these languages")
    given = parser.parse_args()
    if given.audit == "a11y":
        return a11y_report.run(given.language)
    return weight_report.run() if given.audit == "weight" else screenshots.run()


if __name__ == "__main__":
    sys.exit(main())
