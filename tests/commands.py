"""The command line in this process, from the words typed to the status: its start takes seconds."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout

import pytest

from cli.main import main
from config.settings import Settings


def entraide(environment: Mapping[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    """What `entraide WORDS` answers where these settings alone are set; a traceback is raised."""
    typed = ["entraide", *map(str, words)]
    status: object = 0
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.variables():
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", typed)
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            try:
                main()
            except SystemExit as end:
                status = end.code
    assert isinstance(status, int)
    return subprocess.CompletedProcess(typed, status, out.getvalue(), err.getvalue())
