"""Plot of results: `python -m benchmarks.waves.plots RESULTS.jsonl FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.harness import Result
from benchmarks.waves.comparing import BOUND, EVERYONE, OURS, UNFAIR

_COLOURS = {OURS: "#b3261e", EVERYONE: "#1f4e79", BOUND: "#555555", UNFAIR: "#e39a95"}
_LAW, _FATIGUE = ("logistic", "barriers"), "as measured"


def draw(results: list[Result], folder: Path) -> Path:
    """Completion against messages, one panel a law; the same bytes for the same results."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "waves"
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(_LAW), figsize=(9.2, 4.2), sharey=True)
    for axes, law in zip(panels, _LAW, strict=True):
        for result in results:
            wanted = result.get("case") == "policy" and result["fatigue"] == _FATIGUE
            if not wanted or result["law"] != law:
                continue
            sent, low, high = result["messages_per_request"]
            done, least, most = (100 * value for value in result["completion"])
            axes.errorbar(
                sent,
                done,
                xerr=[[sent - low], [high - sent]],
                yerr=[[done - least], [most - done]],
                fmt="o",
                capsize=2,
                linewidth=1,
                color=_COLOURS.get(result["policy"]),
                label=result["policy"],
            )
        axes.set_xscale("log")
        axes.set_title(f"law: {law}")
        axes.set_xlabel("messages for a request")
        axes.grid(True, which="major", alpha=0.3)
    panels[0].set_ylabel("requests completed, %")
    panels[-1].legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    path = folder / "waves-completion.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return path


def main() -> None:
    """Read results, draw, and name what was drawn."""
    if len(sys.argv) != 3:
        sys.exit("two arguments are accepted: the file of results, the folder for the plot")
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    print(draw([json.loads(line) for line in lines], Path(sys.argv[2])))


if __name__ == "__main__":
    main()
