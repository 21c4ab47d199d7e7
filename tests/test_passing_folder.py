"""Folders that go with their program, or with the next one where it was killed."""

import os
import subprocess
import sys
import time

import pytest

from face3d_widgets import passing_folder as module
from face3d_widgets.passing_folder import passing_folder

_HOLD = (
    "import sys, time; from face3d_widgets.passing_folder import passing_folder;"
    "print(passing_folder('t-', sys.argv[1]), flush=True); {}"
)


@pytest.fixture
def old(monkeypatch):
    """A folder that has just been made counts as old."""
    monkeypatch.setattr(module, "_NEW", -1.0)


def program(root, then):
    """A program with a folder, and the folder."""
    command = [sys.executable, "-c", _HOLD.format(then), str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def test_it_goes_with_its_program(tmp_path):
    process, folder = program(tmp_path, "")
    assert folder
    assert process.wait() == 0
    assert not os.path.exists(folder)


def test_that_of_a_killed_program_goes_with_the_next(tmp_path, old):
    process, folder = program(tmp_path, "time.sleep(600)")
    (tmp_path / "t-other").mkdir()  # nobody's
    kept = passing_folder("t-", tmp_path)
    assert os.path.exists(folder)  # it runs
    process.kill()
    process.wait()
    assert os.path.exists(folder)
    another = passing_folder("t-", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {kept.name, another.name, "t-other"}


def test_one_that_is_just_being_made_stays(tmp_path):
    process, folder = program(tmp_path, "time.sleep(600)")
    process.kill()
    process.wait()
    passing_folder("t-", tmp_path)
    assert os.path.exists(folder)
    long_ago = time.time() - 3600
    os.utime(f"{folder}/held.lock", (long_ago, long_ago))
    passing_folder("t-", tmp_path)
    assert not os.path.exists(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_this_account_can_open_it(tmp_path):
    assert passing_folder("t-", tmp_path).stat().st_mode & 0o077 == 0
