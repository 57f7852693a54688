"""What the engine's README shows is what happens."""

import doctest
from pathlib import Path

import matcher

README = Path(matcher.__file__).with_name("README.md")


def test_the_session_of_the_readme_runs() -> None:
    """Each line answers what is written below it."""
    found = doctest.testfile(str(README), module_relative=False)
    assert found.attempted > 8
    assert found.failed == 0
