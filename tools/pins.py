"""Write requirements/run.txt and requirements/test.txt anew: ``make pins``.

Installs what pyproject.toml asks for, in its newest versions, into a fresh
environment and writes down what came.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

TORCH = "torch==2.13.0"
ROOT = Path(__file__).resolve().parent.parent

RUN_HEADER = """\
# Every package that face3d_widgets runs with, in one exact version. Not written by
# hand: `make pins` installs the dependencies of pyproject.toml into a fresh
# environment and lists what came. For CPython 3.11 and newer.
#
# torch bears no build label such as +cpu: tools/install.sh picks the build, and pip
# adds the NVIDIA packages that a CUDA build asks for, as it adds what only another
# system needs (appnope on macOS).
"""
TEST_HEADER = """\
# What the tests, the linter, the benchmarks and training need on top. Made by
# `make pins`, like run.txt.
-r run.txt
"""
# Of the environment itself, or of one build of torch.
LEFT_OUT = re.compile(r"pip|face3d-widgets|triton|(nvidia|cuda)-.*")


def installed(python: Path) -> dict[str, str]:
    """Return the version of each installed package, by its normalised name."""
    listing = subprocess.check_output(
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    )
    versions = {
        re.sub(r"[-_.]+", "-", package["name"]).lower(): package["version"].partition("+")[0]
        for package in json.loads(listing)
    }
    return {name: v for name, v in sorted(versions.items()) if not LEFT_OUT.fullmatch(name)}


def pin_lines(versions: dict[str, str]) -> str:
    """Return one ``name==version`` line for each package."""
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def main() -> None:
    """Make the environment, fill it in two steps, and write both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "venv", "bin", "python")
        subprocess.check_call([sys.executable, "-m", "venv", python.parent.parent])
        # Python 3.11 puts an old setuptools there: pinned only if something asks for it.
        subprocess.call([python, "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"])

        def install(name: str, lines: list[str]) -> dict[str, str]:
            wanted = Path(folder, name)
            wanted.write_text("\n".join(lines))
            subprocess.check_call(["sh", ROOT / "tools" / "install.sh", python, wanted])
            return installed(python)

        run = install("run.in", [TORCH, *project["dependencies"]])
        pins = RUN_HEADER + pin_lines(run)
        Path(folder, "run.txt").write_text(pins)
        extras = project["optional-dependencies"]
        both = install("test.in", ["-r run.txt", *extras["test"], *extras["train"]])

    (ROOT / "requirements" / "run.txt").write_text(pins)
    more = {name: version for name, version in both.items() if name not in run}
    (ROOT / "requirements" / "test.txt").write_text(TEST_HEADER + pin_lines(more))


if __name__ == "__main__":
    main()
