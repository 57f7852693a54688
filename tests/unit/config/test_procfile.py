"""The Procfile and the schedule: what is run, and that it is there to be run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cli.main import COMMANDS
from cli.run import programs
from cli.supervision import Program, configuration, read_procfile
from config.schedule import SCHEDULE
from config.settings import ROOT, Settings


def test_the_procfile_runs_web_worker_clock_and_mail_listener() -> None:
    """Each line that calls `entraide` names a subcommand."""
    lines = read_procfile(ROOT / "Procfile")
    assert [line.name for line in lines] == ["web", "worker", "clock", "mailin"]
    for line in lines[1:]:
        assert line.command[0] == "entraide"
        assert line.command[1] in COMMANDS


def test_servers_of_our_own_run_only_where_none_are_configured(tmp_path: Path) -> None:
    """A queue server and a mail catcher come with the defaults, neither with addresses given."""

    def names(**variables: str) -> list[str]:
        made = Settings.from_mapping({"ENTRAIDE_HOME": str(tmp_path), **variables})
        return [program.name for program in programs(made)]

    assert names() == ["valkey", "web", "worker", "clock", "mailin", "catcher"]
    configured = {"REDIS_URL": "redis://queue/0", "SMTP_URL": "smtp://mail"}
    assert names(**configured) == ["web", "worker", "clock", "mailin"]


@pytest.mark.parametrize(
    "line",
    ["web", "web:", ": run", "my web: run", "web: a && b", "web: a > log", "web: echo $PORT"],
)
def test_a_line_that_needs_a_shell_or_a_name_is_refused(tmp_path: Path, line: str) -> None:
    """The refusal names the line."""
    path = tmp_path / "Procfile"
    path.write_text(f"# comment\nclock: tick\n{line}\n")
    with pytest.raises(ValueError, match="line 3: accepted: name: command"):
        read_procfile(path)


def test_percent_signs_and_spaces_of_a_command_survive_the_configuration() -> None:
    """supervisord expands percent signs and splits at spaces."""
    text = configuration([Program("one", ("run", "50 %", "it's"))], {"one": 9})
    assert """command=run '50 %%' 'it'"'"'s'""" in text


@pytest.mark.parametrize("job", [periodic.job for periodic in SCHEDULE])
def test_every_scheduled_job_is_a_function_of_the_workers(job: str) -> None:
    """The clock names its jobs without importing them, so nothing else would notice."""
    module, _, function = job.rpartition(".")
    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert function in names
