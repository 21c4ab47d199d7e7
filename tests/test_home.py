"""Accounts without a home, or with one that cannot be written to."""

import os
from pathlib import Path

import pytest

from face3d_widgets import home

NAMES = ("HOME", *home._FOLDERS)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """None of the names is set; what a test sets is gone afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)


@pytest.fixture
def no_account(monkeypatch):
    def unknown(cls=Path):
        if not os.environ.get("HOME"):
            raise RuntimeError("Could not determine home directory.")
        return Path(os.environ["HOME"])

    monkeypatch.setattr(home.Path, "home", unknown)


def test_an_account_without_a_home_gets_one(no_account):
    home.have_home()
    made = Path(os.environ["HOME"])
    assert made.is_absolute()
    assert made.is_dir()
    home.keep_nothing_at_home()
    assert {name for name in NAMES if name in os.environ} == {"HOME", "IPYTHONDIR"}


def test_a_home_that_is_there_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    home.have_home()
    home.keep_nothing_at_home()
    assert os.environ["HOME"] == str(tmp_path)
    assert not list(tmp_path.iterdir())
    assert Path(os.environ["IPYTHONDIR"]).is_dir()
    assert "JUPYTER_DATA_DIR" not in os.environ


def test_where_nothing_can_be_written_all_goes_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("IPYTHONDIR", "/as/told")
    home.keep_nothing_at_home()
    assert os.environ["IPYTHONDIR"] == "/as/told"
    for name in set(home._FOLDERS) - {"IPYTHONDIR"}:
        assert Path(os.environ[name]).is_dir()


def test_what_was_fetched_is_found_in_a_home_that_can_only_be_read(monkeypatch, tmp_path):
    (tmp_path / ".cache" / "face3d_widgets").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(home, "_can_be_written", lambda folder: False)
    home.keep_nothing_at_home()
    assert "XDG_CACHE_HOME" not in os.environ
    assert "JUPYTER_DATA_DIR" in os.environ
