"""The command `entraide` itself: its overview, its help and its refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, LazyGroup, cli
from config.settings import ROOT

OURS = [name for name, (module, _) in COMMANDS.items() if module == "cli.run"]


def entraide(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a home folder."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENTRAIDE_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_overview_names_every_command_and_loads_none(tmp_path: Path) -> None:
    """Help must be instant, and must not fail because one command's module does."""
    code = "import sys; from cli.main import cli; cli.main(['--help'], standalone_mode=False)"
    result = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit('board' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    for name, (_, words) in COMMANDS.items():
        assert name in result.stdout
        assert words in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    """A group's example stands with its own subcommands."""
    assert isinstance(cli, LazyGroup)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    parts = command.commands.values() if isinstance(command, click.Group) else [command]
    for part in parts:
        text = part.get_help(click.Context(part, info_name=name))
        assert "example" in text.lower()
        assert "entraide " in text


def test_a_refused_setting_is_one_line_and_status_2(tmp_path: Path) -> None:
    """The field, what was wrong, what is accepted; no traceback."""
    result = entraide(tmp_path, "migrate", PORT="no", GEOCODER="no")
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert [line.split(":")[:2] for line in lines] == [["error", " PORT"], ["error", " GEOCODER"]]
    assert all("accepted: " in line for line in lines)


def test_the_catcher_refuses_to_run_beside_a_mail_server(tmp_path: Path) -> None:
    """It would keep nothing, since the mails go elsewhere."""
    result = entraide(tmp_path, "catcher", SMTP_URL="smtp://mail.example")
    assert result.returncode == 2
    assert result.stderr.startswith("error: SMTP_URL: ")


def test_an_unknown_command_says_so(tmp_path: Path) -> None:
    """And leaves with the status of a usage error."""
    result = entraide(tmp_path, "dance")
    assert result.returncode == 2
    assert "dance" in result.stderr
