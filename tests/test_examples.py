"""The examples in the docstrings."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import face3d_widgets

PACKAGE = Path(face3d_widgets.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_give_what_they_say(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried
    assert not failed


def test_examples_are_found():
    assert "face3d_widgets.depth.estimator" in WITH_EXAMPLES
