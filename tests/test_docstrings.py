"""The first line of a docstring names a thing or says what to do."""

import ast
from pathlib import Path

import face3d_widgets

PACKAGE = Path(face3d_widgets.__file__).parent
# A line that begins so is a riddle: it says that there is an answer, not which.
RIDDLES = {"What", "Where", "How", "Which", "Whether", "When", "Who", "Whose", "Why"}


def first_words():
    """(place, first word) of every docstring."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    name = getattr(node, "name", "the module")
                    yield f"{path.relative_to(PACKAGE)}: {name}", text.split()[0].strip(",:;")


def test_no_docstring_begins_with_a_question():
    found = dict(first_words())
    assert len(found) > 1000
    assert [place for place, word in found.items() if word in RIDDLES] == []
