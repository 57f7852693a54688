"""Plots of results: `python -m benchmarks.engine.plots RESULTS.jsonl FOLDER`."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.harness import Result

#: Case: what its plot says of the vertical axis.
PLOTS = {
    "top_k": "microseconds a question (mean)",
    "hits": "microseconds a listing (mean)",
    "top_k_all": "microseconds a listing",
    "insert": "microseconds a listing",
}


def series(results: list[Result], case: str) -> dict[str, dict[int, float]]:
    """Microseconds by number of listings, for the engine and each peer of a case."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for result in results:
        batched = result.get("batch", 1000) == 1000
        if result.get("case") != case or "peer_us" not in result or not batched:
            continue
        if result.get("statistic", "mean") not in ("mean", "median"):
            continue
        if case != "insert" and result.get("statistic") == "median":
            continue
        found["the engine"][result["n"]] = result["ours_us"]
        found[result["peer"]][result["n"]] = result["peer_us"]
    return found


def draw(results: list[Result], folder: Path) -> list[Path]:
    """One SVG a case, the same bytes for the same results."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "engine"
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    drawn = []
    for case, label in PLOTS.items():
        lines = series(results, case)
        if not lines:
            continue
        figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
        for name, points in lines.items():
            own = name == "the engine"
            sizes = sorted(points)
            axes.loglog(
                sizes,
                [points[n] for n in sizes],
                marker="o",
                label=name,
                linewidth=2.5 if own else 1.2,
                color="#b3261e" if own else None,
            )
        axes.set_xlabel("listings or alerts")
        axes.set_ylabel(label)
        axes.set_title(case)
        axes.grid(True, which="major", alpha=0.3)
        axes.legend(fontsize=8)
        figure.tight_layout()
        path = folder / f"engine-{case.replace('_', '-')}.svg"
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
        drawn.append(path)
    return drawn


def main() -> None:
    """Read results, draw, and name what was drawn."""
    if len(sys.argv) != 3:
        sys.exit("two arguments are accepted: the file of results, the folder for the plots")
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    for path in draw([json.loads(line) for line in lines], Path(sys.argv[2])):
        print(path)


if __name__ == "__main__":
    main()
