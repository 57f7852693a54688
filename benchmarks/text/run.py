"""Suggestions from text against hand-labelled texts, with two baselines in the same run."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.harness import Options, Result, median
from benchmarks.text.frozen import LANGUAGES, Labelled, load_all
from benchmarks.text.keywords import Keywords
from board.reference import load_taxonomy
from matcher.text import Suggester
from scripts.text_corpus import corpus

#: What issue and documents set out to reach.
GOALS = {
    "language": 0.98,
    "side": 0.95,
    "category": 0.85,
    "category_top3": 0.95,
    "urgency_within_one": 0.95,
    "risky_found": 0.90,
}
FALSE_ALARMS_AT_MOST = 0.05

_LOADING = """
import time; start = time.perf_counter()
from matcher.text import Suggester
from matcher.taxonomy import Taxonomy
imported = time.perf_counter()
taxonomy = Taxonomy.from_mapping({"categories": [{"id": 1, "slug": "other", "group": "other"}]})
Suggester.shipped(taxonomy).suggest("bonjour")
print(imported - start, time.perf_counter() - imported)
"""


@dataclass(frozen=True)
class Judged:
    """What somebody or something says of a text."""

    language: str | None
    side: str | None
    #: The most probable first.
    categories: tuple[str, ...]
    urgency: int
    risky: bool


Judge = Callable[[str], Judged]


def run(options: Options) -> Iterator[Result]:
    """How many texts are judged rightly, of all and of each language; then how fast."""
    taxonomy = load_taxonomy()
    suggester = Suggester.shipped(taxonomy)

    def suggested(text: str) -> Judged:
        found = suggester.suggest(text)
        return Judged(
            language=found.language.value if found.language else None,
            side=found.kind.value.name.lower() if found.kind else None,
            categories=tuple(taxonomy.slug(each.value) for each in found.categories),
            urgency=int(found.urgency.value) if found.urgency else 0,
            risky=found.risk.marked,
        )

    judges = {"suggester": suggested, "keywords": Keywords().judge, "majority": _majority()}
    texts = load_all()
    for name, judge in judges.items():
        yield scored(name, "all", judge, texts)
        for language in LANGUAGES:
            yield scored(name, language, judge, [e for e in texts if e.language == language])
    yield _timed(suggester, [each.text for each in texts])


def _majority() -> Judge:
    """The commonest labels of the training texts, whatever is asked."""
    examples = corpus()

    def common(values: Iterator[object]) -> list[object]:
        return [value for value, _ in Counter(v for v in values if v is not None).most_common(3)]

    always = Judged(
        language=str(common(e.language for e in examples)[0]),
        side=str(common(e.side for e in examples)[0]),
        categories=tuple(str(slug) for slug in common(e.category for e in examples)),
        urgency=int(str(common(e.urgency for e in examples)[0])),
        risky=False,
    )
    return lambda text: always


def scored(name: str, language: str, judge: Judge, texts: Sequence[Labelled]) -> Result:
    """How a judge does on texts: shares, and the goals that it misses."""
    judged = [(each, judge(each.text)) for each in texts]
    right = [{each.category, *each.also} for each, _ in judged]
    risky = [said.risky for each, said in judged if each.risky]
    harmless = [said.risky for each, said in judged if not each.risky]
    found = {
        "language": _share(each.language == said.language for each, said in judged),
        "side": _share(each.side == said.side for each, said in judged),
        "category": _share(
            bool(slugs & set(said.categories[:1]))
            for slugs, (_, said) in zip(right, judged, strict=True)
        ),
        "category_top3": _share(
            bool(slugs & set(said.categories[:3]))
            for slugs, (_, said) in zip(right, judged, strict=True)
        ),
        "urgency": _share(each.urgency == said.urgency for each, said in judged),
        "urgency_within_one": _share(
            abs(each.urgency - said.urgency) <= 1 for each, said in judged
        ),
        "risky_found": _share(risky),
        "false_alarms": _share(harmless),
    }
    missed = [goal for goal, least in GOALS.items() if found[goal] < least]
    if found["false_alarms"] > FALSE_ALARMS_AT_MOST:
        missed.append("false_alarms")
    return {
        "benchmark": f"text {name}",
        "language": language,
        "texts": len(judged),
        **{f"share_{measure}": value for measure, value in found.items()},
        "goals_missed": missed,
    }


def _share(hits: Sequence[bool] | Iterator[bool]) -> float:
    values = list(hits)
    return round(sum(values) / len(values), 4) if values else 0.0


def _timed(suggester: Suggester, texts: Sequence[str]) -> Result:
    """Milliseconds a text, each asked once after a warm-up, and of a text as long as is read."""
    for text in texts[:50]:
        suggester.suggest(text)
    each = [_milliseconds(lambda text=text: suggester.suggest(text)) for text in texts]
    longest = "".join(itertools.islice(itertools.cycle(texts[0] + " "), 4000))
    long = [_milliseconds(lambda: suggester.suggest(longest)) for _ in range(20)]
    imports, loading = _fresh_process()
    return {
        "benchmark": "text speed",
        "load_average": os.getloadavg()[0],
        "text_ms_median": median(each),
        "text_ms_p99": round(float(np.quantile(each, 0.99)), 3),
        "longest_text_ms_median": median(long),
        "import_matcher_s": imports,
        "first_suggestion_s": loading,
    }


def _milliseconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return (time.process_time() - start) * 1000


def _fresh_process() -> tuple[float, float]:
    """Seconds to import the engine, and from there to the first suggestion, in a new process."""
    output = subprocess.run(
        [sys.executable, "-c", _LOADING], check=True, capture_output=True, text=True
    ).stdout
    imported, suggested = output.split()
    return round(float(imported), 3), round(float(suggested), 3)
