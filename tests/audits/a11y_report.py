"""`make a11y`: the walk in five languages by two browsers, and its table."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT
from tests.audits.a11y import VIEWS, Audit, Look
from tests.audits.axe import Fault
from tests.audits.deeds import deeds
from tests.audits.quiet import quiet
from tests.audits.site import empty, filled
from tests.chromium import launched

TEMPLATES = ROOT / "web" / "templates"
PROCESSES = 2
#: What other pages are built on, and no view shows.
_FRAMES = {"offline/copy.html"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the walk in one language found."""

    language: str
    looks: list[Look]
    foreign: list[str]
    complaints: list[str]
    misfits: list[str]
    made_of: set[str]
    seconds: float


def walk(language: str) -> Outcome:
    """Look at everything in one language."""
    begun = time.monotonic()
    quiet()
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder) / "filled") as town,
        empty(Path(folder) / "empty") as desert,
        launched() as browser,
    ):
        audits = [Audit(browser, town, language), Audit(browser, desert, language)]
        audits[0].run([*town.pages(), *town.errors()], errors=True)
        audits[0].do(deeds(town))
        audits[0].cut_off()
        audits[1].run(desert.pages(), errors=False, presses=False)
        return Outcome(
            language,
            [look for audit in audits for look in audit.looks],
            [each for audit in audits for each in audit.foreign],
            [each for audit in audits for each in audit.complaints],
            [each for audit in audits for each in audit.misfits],
            town.made_of | desert.made_of,
            time.monotonic() - begun,
        )


def run(languages: list[str] | None = None) -> int:
    """Walk, print, and say whether everything is without a fault."""
    outcomes, lost = _walked(languages or list(VIEWS))
    looks = [look for outcome in outcomes for look in outcome.looks]
    print(*_faults(looks), "", *_table(looks), "", sep="\n")
    for outcome in outcomes:
        views = Counter(f"{look.view.width} {look.view.scheme}" for look in outcome.looks)
        print(f"{outcome.language}: {dict(views)} in {outcome.seconds:.0f} s")
    for language, error in lost.items():
        told = "".join(traceback.format_exception(error))
        print(f"the walk in {language} came to no end:\n{told}")
    # Of an answer with several pages, as the copy is, the server tells but one.
    seen = {look.page for look in looks}.union(*(outcome.made_of for outcome in outcomes))
    missing = _never_seen(seen)
    print(*(f"never looked at: {each}" for each in missing), sep="\n")
    print("left to people:", *_left_to_people(looks), sep="\n")
    foreign = [each for outcome in outcomes for each in outcome.foreign]
    complaints = [each for outcome in outcomes for each in outcome.complaints]
    misfits = [each for outcome in outcomes for each in outcome.misfits]
    print(*foreign, *complaints, *misfits, sep="\n")
    broken = sum(len(look.verdict.faults) for look in looks)
    rules = max((look.verdict.rules for look in looks), default=0)
    print(
        f"{len(looks)} looks at {len({look.page for look in looks})} kinds of pages, "
        f"{rules} rules: {broken} violations, {len(foreign)} requests to others, "
        f"{len(complaints)} errors of scripts, {len(misfits)} misfits at 320 px or with large text"
    )
    return int(bool(broken or missing or foreign or complaints or misfits or lost))


def _walked(languages: list[str]) -> tuple[list[Outcome], dict[str, BaseException]]:
    """What the walks found, and what stopped those that came to no end."""
    outcomes: list[Outcome] = []
    lost: dict[str, BaseException] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(PROCESSES, len(languages)), mp_context=spawn) as pool:
        begun = {language: pool.submit(walk, language) for language in languages}
        for language, each in begun.items():
            error = each.exception()
            if error is None:
                outcomes.append(each.result())
            else:
                lost[language] = error
    return outcomes, lost


def _left_to_people(looks: list[Look]) -> list[str]:
    """What axe could not decide, by rule and reason, the most frequent first."""
    unsure = Counter(
        (fault.rule, _reason(fault)) for look in looks for fault in look.verdict.unsure
    )
    return [f"  {rule}, {times}: {reason}" for (rule, reason), times in unsure.most_common()]


def _never_seen(made_of: set[str]) -> list[str]:
    """Templates of whole pages that the walk has not come by."""
    return sorted(
        name
        for path in TEMPLATES.rglob("*.html")
        if "{% extends" in path.read_text("utf-8")
        and (name := path.relative_to(TEMPLATES).as_posix()) not in made_of | _FRAMES
    )


def _reason(fault: Fault) -> str:
    """Why axe left it to people, without what differs from element to element."""
    return re.sub(r"\d[\d.]*|#[0-9a-f]{6}", "…", fault.why.partition("\n")[2].strip())


def _faults(looks: list[Look]) -> list[str]:
    """Each fault once, with where it was seen."""
    seen: dict[tuple[str, str, str], list[Look]] = {}
    why: dict[tuple[str, str, str], str] = {}
    for look in looks:
        for fault in look.verdict.faults:
            key = (look.page, fault.rule, fault.target)
            seen.setdefault(key, []).append(look)
            why.setdefault(key, f"{fault.why}\n    {fault.html[:300]}")
    lines = []
    for key, where in seen.items():
        page, rule, target = key
        first = where[0]
        views = sorted({f"{e.view.language} {e.view.width} {e.view.scheme}" for e in where})
        lines.append(f"{page} ({first.state}): {rule}: {target}")
        lines.append(f"    {first.address}; {', '.join(views)}")
        lines.append(f"    {why[key]}")
    return lines


def _table(looks: list[Look]) -> list[str]:
    """A line for each kind of page: looks and violations in each state."""
    states = ("filled", "empty", "error")
    count: Counter[tuple[str, str]] = Counter()
    faults: Counter[tuple[str, str]] = Counter()
    for look in looks:
        key = (look.page, look.state.partition(":")[0])
        count[key] += 1
        faults[key] += len(look.verdict.faults)
    lines = ["| page | " + " | ".join(states) + " |", "|---|" + "---|" * len(states)]
    for page in sorted({page for page, _ in count}):
        cells = [
            f"{faults[page, state]} in {count[page, state]}" if count[page, state] else "–"
            for state in states
        ]
        lines.append(f"| {page} | {' | '.join(cells)} |")
    return lines
