"""The logs: one line for each event, and no address in any."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config.logging import hide_addresses
from config.settings import ROOT

WRITE = """
import logging, sys, structlog
from config.logging import configure
configure("worker", production=sys.argv[1] == "production")
structlog.get_logger("board").info("mail sent", row=7)
logging.getLogger("foreign").warning("no route to %s", "someone@example.org")
raise ValueError("someone@example.org")
"""


def write(mode: str) -> list[str]:
    """The lines of a process that logs and then fails."""
    result = subprocess.run(
        [sys.executable, "-c", WRITE, mode], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == ""
    return result.stdout.splitlines()


def test_production_writes_one_json_object_a_line() -> None:
    """Ours, foreign ones and the last words of a dying process alike."""
    ours, foreign, last = (json.loads(line) for line in write("production"))
    assert (ours["process"], ours["event"], ours["row"]) == ("worker", "mail sent", 7)
    assert foreign["event"] == "no route to [address]"
    assert last["level"] == "critical"
    assert last["exception"].endswith("ValueError: [address]")


def test_elsewhere_the_lines_are_for_a_reader() -> None:
    """No address either."""
    text = "\n".join(write("elsewhere"))
    assert "mail sent" in text
    assert "Traceback" in text
    assert "example.org" not in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("to someone@example.org now", "to [address] now"),
        ("<a.b+c@d.example>", "<[address]>"),
        ("GET /links/abcDEF-_9 500", "GET /links/[token] 500"),
        ("http://x/unsubscribe/abc?x=1", "http://x/unsubscribe/[token]?x=1"),
        ("listing 12 at revision 3", "listing 12 at revision 3"),
    ],
)
def test_addresses_and_tokens_are_hidden(text: str, kept: str) -> None:
    """In any text of a line; ids stay."""
    assert hide_addresses(None, "info", {"event": text, "id": 4}) == {"event": kept, "id": 4}
