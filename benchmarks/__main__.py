"""`python -m benchmarks NAME|all [--json FILE]`: run benchmarks and print their results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TextIO, cast

from benchmarks.harness import Benchmark, Options, Result, machine

#: Name: module of this package.
BENCHMARKS = {
    "import": "benchmarks.importing",
    "pages": "benchmarks.pages",
    "matching": "benchmarks.matching",
    "telling": "benchmarks.telling",
    "engine": "benchmarks.engine.run",
    "privacy": "benchmarks.privacy.run",
}


def results(names: list[str], options: Options) -> Iterator[Result]:
    """The machine, then what each benchmark finds."""
    yield machine()
    for name in names:
        benchmark = cast(Benchmark, import_module(BENCHMARKS[name]))
        yield from benchmark.run(options)


def show(result: Result, out: TextIO | None) -> None:
    """One JSON object on a line, or words for a reader."""
    if out is not None:
        print(json.dumps(result, ensure_ascii=False), file=out, flush=True)
        return
    print(result["benchmark"])
    for name, value in result.items():
        if name != "benchmark":
            print(f"  {name}: {value}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--json", metavar="FILE", help="write JSON lines to FILE, - for the output")
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--n", metavar="N[,N]", help="listings that the engine is measured with")
    parser.add_argument("--quick", action="store_true", help="fewer questions and peers")
    given = parser.parse_args(arguments)
    if not 1 <= given.rounds <= 100:
        parser.error("--rounds: from 1 to 100 is accepted")
    options = Options(rounds=given.rounds, quick=given.quick)
    if given.n is not None:
        options = replace(options, sizes=_sizes(parser, given.n))
    elif given.quick:
        options = replace(options, sizes=(100_000,))
    names = list(BENCHMARKS) if given.name == "all" else [given.name]
    with ExitStack() as stack:
        out = None
        if given.json == "-":
            out = sys.stdout
        elif given.json is not None:
            out = stack.enter_context(Path(given.json).open("w", encoding="utf-8"))
        for result in results(names, options):
            show(result, out)


def _sizes(parser: argparse.ArgumentParser, text: str) -> tuple[int, ...]:
    """Numbers of listings, parted by commas."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 1000 <= int(part) <= 10**7 for part in parts):
        parser.error("--n: whole numbers from 1000 to 10000000, parted by commas, are accepted")
    return tuple(int(part) for part in parts)


if __name__ == "__main__":
    main()
