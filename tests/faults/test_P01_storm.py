"""P1: kill -9 of everything, again and again, while people post."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.figures import LONG, Figures
from tests.faults.site import POSTGRESQL, Site
from tests.faults.storm import SETTLED_S, Storm
from tests.faults.verdict import Verdict

#: How often each is killed; the last of them where there is one.
KILLS = {"web": 50, "worker": 100, "redis": 25, "postgresql": 25}
FEW = {"web": 2, "worker": 4, "redis": 1, "postgresql": 1}
LISTINGS, A_FEW = 2000, 40
#: Between the server's 250 and our commit there is one reply, and one write to the database.
WINDOW_S = 5.0
SEED = 20261129


@pytest.fixture
def storm(site: Site) -> Storm:
    """Kills and listings in the numbers of this form."""
    kills = dict(KILLS if LONG else FEW)
    if site.database != POSTGRESQL:
        del kills["postgresql"]
    kinds = [kind for kind, times in kills.items() for _ in range(times)]
    return Storm.of(site, kinds, LISTINGS if LONG else A_FEW, SEED)


def test_P01_nothing_acknowledged_is_lost_or_doubled_and_everybody_is_told(
    site: Site, storm: Storm, figures: Figures
) -> None:
    """Whatever is killed, and whenever."""
    storm.run()
    verdict = Verdict(site, storm.posts)
    gaps = verdict.copies(storm.kills)
    figures.add(
        "P1",
        site.database,
        kills=dict(Counter(kill.kind for kill in storm.kills)),
        listings=len(storm.posts),
        acknowledged=sum(post.acknowledged for post in storm.posts),
        sent_again=sum(post.tries - 1 for post in storm.posts),
        answers=dict(storm.seen),
        lost=len(verdict.lost()),
        doubled=len(verdict.doubled()),
        to_tell=len(verdict.expected()),
        untold=len(verdict.untold()),
        told_under_two_names=len(verdict.told_twice()),
        copies_with_the_same_name=len(gaps),
        longest_from_a_copy_to_its_kill_s=max(gaps, default=0.0),
        settled_s=storm.settled_s,
    )
    assert all(post.acknowledged for post in storm.posts)
    assert verdict.lost() == []
    assert verdict.doubled() == []
    assert verdict.untold() == set()
    assert verdict.told_twice() == []
    assert max(gaps, default=0.0) <= WINDOW_S
    assert storm.settled_s <= SETTLED_S
    assert storm.seen["500"] == 0
