"""The files that each name the dependencies, the version or the licence say the same.

pyproject.toml leads. conda-forge has other names for some packages, and lacks one.
"""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUN = [Requirement(line) for line in PROJECT["dependencies"]]
TEST = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]

CONDA_NAMES = {
    "kaleido": "python-kaleido",
    "opencv-python-headless": "py-opencv",
    "torch": "pytorch-cpu",
}
NOT_ON_CONDA_FORGE: set[str] = set()
# Of the environment itself, not of the package.
CONDA_ONLY = {"python", "pip"}

ENVIRONMENTS = ["environment.yml", "binder/environment.yml"]


def by_name(requirements):
    return {canonicalize_name(r.name): r.specifier for r in requirements}


def environment(path):
    """Channels, the version wanted of each conda package, and the lines for pip."""
    content = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    conda, pip = {}, []
    for entry in content["dependencies"]:
        if isinstance(entry, dict):
            pip += entry["pip"]
        else:
            # "name", "name=1", "name>=1" or "name >=1 build"
            name, version = re.match(r"([\w-]+) ?(\S*)", entry).groups()
            conda[name] = version
    return content["channels"], conda, pip


def pins(path):
    """The version of each package that a requirement file pins, without the files it includes."""
    found = {}
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r ")):
            pin = re.fullmatch(r"([a-z0-9-]+)==([\w.]+)(?: ; .+)?", line)
            assert pin, f"{path}: not an exact version that every machine can have: {line}"
            name, version = pin.groups()
            assert name not in found, f"{path} pins {name} twice"
            found[name] = Version(version)
    return found


@pytest.mark.parametrize("path", ENVIRONMENTS)
def test_environment_names_the_dependencies_of_the_package(path):
    channels, conda, pip = environment(path)
    wanted = by_name(RUN)
    of_pip = by_name(Requirement(line) for line in pip if not line.startswith("-"))

    assert channels == ["conda-forge"]
    assert of_pip == {name: wanted.pop(name) for name in NOT_ON_CONDA_FORGE}
    of_conda = {k: SpecifierSet(v) for k, v in conda.items() if k not in CONDA_ONLY}
    assert of_conda == {CONDA_NAMES.get(name, name): wanted[name] for name in wanted}


@pytest.mark.parametrize("path", ENVIRONMENTS)
def test_environment_has_a_python_that_the_package_runs_on(path):
    python = environment(path)[1]["python"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.lstrip("="))


def test_only_the_root_environment_installs_the_checkout():
    assert "-e ." in environment("environment.yml")[2]
    assert not any(line.startswith("-e") for line in environment("binder/environment.yml")[2])


@pytest.mark.parametrize(
    ("requirements", "files"),
    [(RUN, ["run"]), (TEST, ["run", "test"])],
    ids=["run", "test"],
)
def test_each_dependency_is_pinned_to_a_version_it_allows(requirements, files):
    pinned = {k: v for file in files for k, v in pins(f"requirements/{file}.txt").items()}
    wrong = {
        name: pinned.get(name, "not pinned")
        for name, versions in by_name(requirements).items()
        if name not in pinned or not versions.contains(pinned[name])
    }
    assert not wrong


@pytest.mark.parametrize("path", ["requirements/run.txt", "requirements/test.txt"])
def test_pins_are_sorted_and_suit_every_machine(path):
    names = list(pins(path))
    assert names == sorted(names)
    assert not [name for name in names if re.match("nvidia|cuda|triton|face3d", name)]


def test_test_pins_add_to_the_run_pins():
    lines = (ROOT / "requirements/test.txt").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "-r run.txt"
    assert not pins("requirements/test.txt").keys() & pins("requirements/run.txt").keys()


@pytest.mark.parametrize("path", ["binder/postBuild", ".ci/run"])
def test_script_is_executable(path):
    assert os.access(ROOT / path, os.X_OK)


def test_licence_is_mit():
    assert PROJECT["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n")
    assert "Permission is hereby granted, free of charge" in text


def test_changelog_starts_with_this_version():
    source = (ROOT / "face3d_widgets/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE).group(1)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (.+)$", changes, re.MULTILINE).group(1)
    assert version in re.split(r"[\s\[\]]+", newest)


def test_type_checkers_may_read_the_package():
    assert (ROOT / "face3d_widgets" / "py.typed").exists()


def test_the_checks_of_style_and_types_run_before_the_tests():
    script = (ROOT / ".ci/run").read_text("utf-8")
    assert script.index("make lint") < script.index("make test")
