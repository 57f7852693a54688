"""Keys for push messages from the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from board import push_keys
from cli.push import push_keys as command
from config.settings import Settings


def test_what_is_printed_is_what_the_environment_takes(tmp_path: Path) -> None:
    """A line of a file of variables, whose pair is the public key of the comment."""
    comment, line = CliRunner().invoke(command).output.splitlines()
    name, _, key = line.partition("=")
    settings = Settings.from_mapping({"ENTRAIDE_HOME": str(tmp_path), name: key})
    assert push_keys.public_key(settings) == comment.rpartition(" ")[2]
    assert len(key) == 43


def test_each_pair_is_new() -> None:
    """Two installations never share one."""
    assert CliRunner().invoke(command).output != CliRunner().invoke(command).output
