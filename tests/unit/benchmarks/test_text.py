"""The benchmark of suggestions counts what it says it counts."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.text.frozen import Labelled
from benchmarks.text.keywords import Keywords
from benchmarks.text.run import Judged, scored

ONE = Labelled(
    id="one",
    text="a",
    language="fr",
    side="request",
    category="pets",
    also=frozenset({"other"}),
    urgency=3,
    risky=False,
)
TWO = replace(ONE, id="two", text="b", side="offer", urgency=0, risky=True)


def test_shares_are_those_of_the_texts() -> None:
    """One of two is right by side and urgency; a second right category counts as right."""
    said = Judged("fr", "request", ("other", "money", "jobs"), 2, risky=False)
    found = scored("always", "all", lambda text: said, [ONE, TWO])
    shares = {name[6:]: value for name, value in found.items() if name.startswith("share_")}
    assert shares == {
        "language": 1,
        "side": 0.5,
        "category": 1,
        "category_top3": 1,
        "urgency": 0,
        "urgency_within_one": 0.5,
        "risky_found": 0,
        "false_alarms": 0,
    }
    assert found["goals_missed"] == ["side", "urgency_within_one", "risky_found"]


def test_an_alarm_at_a_harmless_text_is_a_false_one() -> None:
    """Marking everything finds all risky texts, and misses the goal all the same."""
    said = Judged("fr", "request", ("pets",), 3, risky=True)
    found = scored("alarm", "all", lambda text: said, [ONE, TWO])
    assert (found["share_risky_found"], found["share_false_alarms"]) == (1, 1)
    assert "false_alarms" in found["goals_missed"]


def test_the_lists_of_words_know_a_plain_text() -> None:
    """The baseline is an honest one."""
    said = Keywords().judge("je cherche un vétérinaire pour mon chat, urgent")
    assert (said.language, said.side, said.categories[0]) == ("fr", "request", "pets")
    assert said.urgency == 3
    assert not said.risky
