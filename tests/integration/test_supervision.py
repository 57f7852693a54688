"""The supervisor alone, over small programs: what dies comes back, what is stopped ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import STOP_S, Running, wait_for

#: A program for the supervisor alone: says its name and stays, whatever signals ask.
STAY = """
import signal, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: None)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print("ready: 100 %", *sys.argv[1:], flush=True)
if "fails" in sys.argv:
    sys.exit(1)
while True:
    time.sleep(3600)
"""
SUPERVISE = """
import json, os, sys
from pathlib import Path
from cli.supervision import Program, supervise
programs = [
    Program(name, (sys.executable, sys.argv[1], name), is_server=name == "server")
    for name in json.loads(sys.argv[3])
]
sys.exit(
    supervise(programs, folder=Path(sys.argv[2]), cwd=Path.cwd(), environment=dict(os.environ))
)
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a supervisor over small programs, in a folder with an awkward name."""
    folder = tmp_path / "a folder; 100 %"
    folder.mkdir()
    program = folder / "stay.py"
    program.write_text(STAY)
    started: list[Running] = []

    def start(*names: str) -> Running:
        words = ", ".join(f'"{name}"' for name in names)
        command = [sys.executable, "-c", SUPERVISE, str(program), str(folder), f"[{words}]"]
        started.append(Running.start(command, dict(os.environ)))
        return started[-1]

    yield start
    for running in started:
        running.destroy()


def test_a_killed_program_comes_back(supervised: Callable[..., Running]) -> None:
    """A SIGKILL ends one process, and another takes its place; its neighbour is left alone."""
    running = supervised("one", "two")
    wait_for(lambda: running.says("ready: 100 % one"), "the first start")
    wait_for(lambda: running.says("ready: 100 % two"), "the other's start")
    (one,), (two,) = running.find("stay.py one"), running.find("stay.py two")
    one.kill()
    wait_for(lambda: running.says("ready: 100 % one", times=2), "the second start")
    assert running.find("stay.py one") != [one]
    assert running.find("stay.py two") == [two]


def test_lines_carry_the_name_of_their_program(supervised: Callable[..., Running]) -> None:
    """Whoever reads the output knows who speaks."""
    running = supervised("one")
    wait_for(lambda: "one | ready: 100 % one" in running.lines, "the line with its name")


def test_a_program_that_fails_at_once_waits_longer_each_time(
    supervised: Callable[..., Running],
) -> None:
    """It is tried again, and does not keep the machine busy."""
    running = supervised("fails")
    moments: list[float] = []
    for start in range(1, 4):
        wait_for(lambda times=start: running.says("ready: 100 % fails", times), f"start {start}")
        moments.append(time.monotonic())
    first, second = moments[1] - moments[0], moments[2] - moments[1]
    assert second > first > 0.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_process_even_a_stubborn_one(
    supervised: Callable[..., Running], number: int
) -> None:
    """Those that ignore SIGTERM are killed with their children, and servers end last."""
    running = supervised("server", "one", "stubborn")
    for name in ("server", "one", "stubborn"):
        wait_for(lambda name=name: running.says(f"ready: 100 % {name}"), name)
    assert len(running.children()) == 5
    assert running.stop(number) == 0
    wait_for(lambda: not running.alive(), "the end of all processes", patience_s=2)
    wait_for(lambda: running.says("stopped: server"), "the last line")
    order = [line for line in running.lines if "stopped: " in line]
    assert "server" in order[-1]


def test_a_supervisor_whose_parent_is_killed_ends_too(supervised: Callable[..., Running]) -> None:
    """Nobody is left restarting processes that no terminal shows."""
    running = supervised("one")
    wait_for(lambda: running.says("ready: 100 % one"), "the start")
    running.children()
    running.process.kill()
    wait_for(lambda: not running.alive(), "the end of all processes", patience_s=STOP_S)
