"""The lessons' checks help without telling, their questions answer, their links lead somewhere."""

import ast
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from face3d_widgets import DepthEstimator
from face3d_widgets.figures.charts import (
    array_figure,
    curves_figure,
    maps_figure,
    points_figure,
)
from face3d_widgets.lessons import EXERCISES, QUESTIONS, check, predict, show, table
from face3d_widgets.samples import load_sample
from face3d_widgets.samples.rendered import rendered_heads

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "lessons"
LESSONS = sorted(FOLDER.glob("0[1-7]_*.ipynb"))
EVERY = sorted(FOLDER.glob("*.ipynb"))

RIGHT = {
    "inverse-of-depths": [
        [[1, 0.5], [0.25, 0.5]],
        [[-4, -6], [-7, -6]],
        [[11, 6], [3.5, 6]],
        [[1e6 + 1, 1e6 + 0.5], [1e6 + 0.25, 1e6 + 0.5]],
        [[1e-7, 5e-8], [2.5e-8, 5e-8]],
    ],
    "third-point": [0.444, 4 / 9],
    "pixel-to-point": [(0.5025, -0.4975, 2), [0.5025, -0.4975, 2.0], (0.503, -0.498, 2)],
    "two-triangles": [[[0, 2, 1], [1, 2, 3]], [[3, 1, 0], [0, 2, 3]], [(2, 1, 0), (3, 1, 2)]],
    "order-not-shape": [
        [0, 0.1, 0.2, 0.3, 9],
        [1, 10, 100, 1_000, 10_000],
        [-1000, 0, 1, 2, 3],
        [1, 2, 3, 4, 1e300],
    ],
    "one-outlier": [(2, 1), [2.0, 1.0]],
    "pixels-across": [1004, 1003.94],
}
# Each usual mistake with a word of the hint that it shall get.
WRONG = {
    "inverse-of-depths": [
        ([[1, 2], [4, 2]], "order"),
        ([[-1, -2], [-4, -2]], "steps"),
        ([[4, 3], [1, 2]], "equally far"),
        ([1, 2, 3, 4], "form"),
    ],
    "third-point": [
        (0.45, "Half way"),
        (2.25, "1/metre"),
        (44.4, "centimetres"),
        (1.538, "Scale and shift"),
        (0.3, "line"),
        ("0.444 m", "form"),
        ((0, 444), "decimal point"),
    ],
    "pixel-to-point": [
        ((0.5, -0.5, 2), "middle of it"),
        ((0.5025, 0.4975, 2), "points down"),
        ((0.25125, -0.24875, 2), "twice as far"),
        ((-0.4975, 0.5025, 2), "columns"),
        ((1, 1, 1), "fx"),
        (0.5, "form"),
    ],
    "two-triangles": [
        ([[0, 1, 2], [1, 2, 3]], "One triangle faces away"),
        ([[0, 1, 2], [1, 3, 2]], "Both triangles face away"),
        ([[0, 2, 1], [2, 1, 0]], "twice"),
        ([[0, 2, 1], [0, 2, 3]], "diagonal"),
        ([[0, 0, 1], [1, 2, 3]], "three different"),
        ([[1, 2, 3], [2, 3, 4]], "0, 1, 2 and 3"),
    ],
    "order-not-shape": [
        ([1, 3, 2, 4, 5], "order is not perfect"),
        ([1, 2, 3, 4, 7], "more unequal"),
        ([0, 1e-9, 2e-9, 3e-9, 4e-9], "100.0%"),
        ([1, 2], "form"),
    ],
    "one-outlier": [
        (np.polyfit([1, 2, 3, 4, 5, 6], [3, 5, 7, 9, 11, 40], 1), "least squares"),
        ((1, 2), "other order"),
        ((3, 3), "pixels that agree"),
    ],
    "pixels-across": [
        (25_500, "per inch"),
        (2550, "per centimetre"),
        (10_039, "Ten times"),
        (500, "inches first"),
    ],
}
TOLD = {
    "third-point": ["0.44"],
    "pixel-to-point": ["0.5025", "0.4975"],
    "pixels-across": ["1004", "1,004", "1003"],
    "one-outlier": ["(2, 1)", "scale 2", "2.0"],
    "two-triangles": ["[0, 2, 1]", "0, 2, 1", "1, 2, 3]"],
    "inverse-of-depths": ["0.25", "0.5"],
    "order-not-shape": ["0.1"],
}


# What the lessons name by row and column: (row, column) in the whole sample.
PLACES = {"nose": (125, 173), "forehead": (88, 173), "hair": (90, 120)}


def source(path):
    return "\n".join(
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    )


def test_every_exercise_is_tested():
    assert EXERCISES.keys() == RIGHT.keys() == WRONG.keys() == TOLD.keys()


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name, all_ in RIGHT.items() for answer in all_]
)
def test_a_right_answer_is_accepted(name, answer):
    assert EXERCISES[name].check(answer).right


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [(name, answer, hint) for name, all_ in WRONG.items() for answer, hint in all_],
)
def test_a_usual_mistake_gets_its_own_hint(name, answer, hint):
    verdict = EXERCISES[name].check(answer)
    assert not verdict.right
    assert hint in verdict.text


@pytest.mark.parametrize("name", EXERCISES)
def test_no_hint_tells_the_answer(name):
    exercise = EXERCISES[name]
    said = [exercise.check(answer).text for answer, _ in WRONG[name]]
    said.append(exercise.check(exercise.start).text)
    for text in said:
        assert not [told for told in TOLD[name] if told in text]


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "answer", [None, "", "?", [], {}, [[]], [None], float("nan"), [[1, 2], [3]], 1e400, 1j, object]
)
def test_no_answer_whatever_raises(name, answer):
    verdict = EXERCISES[name].check(answer)
    assert not verdict.right
    assert verdict.text


@pytest.mark.parametrize("name", EXERCISES)
def test_the_starting_value_gets_a_kind_hint(name):
    assert EXERCISES[name].check(EXERCISES[name].start).text.startswith("This is where you start.")


def test_the_places_in_the_lessons_are_what_the_words_say():
    estimator = DepthEstimator()
    estimator.set_photo(load_sample("astronaut"))
    answer = estimator.predict("face_lite")
    for name in ("01_from_pixels_to_inverse_depth", "02_scale_and_shift"):
        assert all(str(place) in source(FOLDER / f"{name}.ipynb") for place in PLACES.values())
    for row, column in PLACES.values():
        assert answer.subject[row - 5 : row + 6, column - 5 : column + 6].all()
    nose, forehead, hair = (answer.values[place] for place in PLACES.values())
    assert nose > hair
    assert abs(nose - forehead) < 0.5 * (nose - hair)  # lesson 2 calls them close together


def test_the_heads_of_lesson_5_are_there():
    named = re.search(r"names = (\[.*\])", source(LESSONS[4]))[1]
    assert set(ast.literal_eval(named)) <= set(rendered_heads())


def test_a_comma_or_a_fraction_in_the_box_gets_a_word_on_decimal_points():
    _, box, verdict = check("third-point", 0.0).children
    for written in ("0,444", "1/2"):
        box.value = written
        assert "decimal point" in verdict.value


def test_an_answer_can_be_written_into_the_box():
    _, box, verdict = check("third-point", 0.0).children
    assert "This is where you start" in verdict.value
    box.value = "4 / 9"
    assert "cannot be read" in verdict.value
    box.value = "0.444"
    assert "Right" in verdict.value
    box.value = "<b>"
    assert "<b>" not in verdict.value


def test_an_array_stands_in_the_box_as_a_list():
    assert (
        check("inverse-of-depths", np.zeros((2, 2))).children[1].value == "[[0.0, 0.0], [0.0, 0.0]]"
    )


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_choice_of_a_question_answers(name):
    question = QUESTIONS[name]
    assert question.right in question.choices
    assert len(question.choices) >= 2
    _, radio, answer = predict(name).children
    assert answer.value == ""
    for choice, said in question.choices.items():
        radio.value = choice
        assert said.split("'")[0] in answer.value
        assert ("✓" in answer.value) == (choice == question.right)


def test_unknown_names_say_which_there_are():
    with pytest.raises(ValueError, match="third-point"):
        check("nothing", 1)
    with pytest.raises(ValueError, match="blurred"):
        predict("nothing")


def test_there_are_seven_lessons_and_an_index():
    assert len(LESSONS) == 7
    assert [path.name[:2] for path in LESSONS] == [f"{n:02d}" for n in range(1, 8)]
    assert FOLDER / "00_index.ipynb" in EVERY


def links(cell):
    return re.findall(r"\]\(([^)#]+\.ipynb)\)", cell.source)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_links_lead_to_files(path):
    found = [name for cell in nbformat.read(path, as_version=4).cells for name in links(cell)]
    assert found
    assert not [name for name in found if not (FOLDER / name).is_file()]


@pytest.mark.parametrize("number", range(7), ids=lambda number: LESSONS[number].stem)
def test_top_and_bottom_lead_back_and_on(number):
    cells = nbformat.read(LESSONS[number], as_version=4).cells
    around = [LESSONS[n].name for n in (number - 1, number + 1) if 0 <= n < 7]
    for cell in (cells[0], cells[-1]):
        assert {*around, "00_index.ipynb"} <= set(links(cell))
        assert number == 0 or LESSONS[0].name in links(cell)


def test_the_index_names_every_lesson():
    text = (FOLDER / "00_index.ipynb").read_text("utf-8")
    assert not [path.name for path in LESSONS if path.name not in text]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_all_its_parts(path):
    cells = nbformat.read(path, as_version=4).cells
    heads = re.findall(r"^## (.+)$", "\n".join(c.source for c in cells), re.MULTILINE)
    for part in ("By hand", "Run", "The rule", "A case that breaks it"):
        assert [head for head in heads if head.startswith(part)], part
    assert heads[-1] == "Exercise"
    code = source(path)
    assert all(f"{call}(" in code for call in ("predict", "show", "check"))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_formulas_and_lists_are_not_torn_by_line_ends(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                assert line.count("$") % 2 == 0, line
                assert not re.match(r"[+=]\s", line), line


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_ask_what_there_is(path):
    called = {}
    for node in ast.walk(ast.parse(source(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.setdefault(node.func.id, []).append(node)
    assert {call.args[0].value for call in called["predict"]} <= QUESTIONS.keys()
    for call in called["check"]:
        name, variable = call.args[0].value, call.args[1].id
        given = [
            ast.literal_eval(node.value)
            for node in ast.walk(ast.parse(source(path)))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable
        ]
        assert given == [EXERCISES[name].start]


def test_every_exercise_and_question_has_its_lesson():
    code = "\n".join(map(source, LESSONS))
    assert not [name for name in [*EXERCISES, *QUESTIONS] if f'"{name}"' not in code]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_hold_no_maths_of_the_package(path):
    import face3d_widgets.geometry as geometry

    tree = ast.parse(source(path))
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not set(functions) & set(geometry.__all__)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported <= {"face3d_widgets", "numpy", "IPython", "PIL", "io", "trimesh"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & {"linalg", "lstsq", "polyfit", "cross", "gradient", "tan", "convolve", "diff"}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_at_most_three_figures_in_3d(path):
    code = source(path)
    assert code.count("session.figure(") + code.count("points_figure(\n") <= 3


def test_a_table_escapes_and_rounds():
    html = table([{"a<b": 1.23456, "c": "x & y"}], "one <line>").value
    assert "a&lt;b" in html
    assert "1.235" in html
    assert "x &amp; y" in html
    assert "one &lt;line&gt;" in html
    assert "<table" in table([]).value


def test_a_figure_is_shown_with_words(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    show(array_figure([[1, 2]], "depth (m)"), "two <numbers>")
    drawing = shown[0]["application/vnd.plotly.v1+json"]
    assert drawing["layout"]["height"]
    assert drawing["config"]["scrollZoom"] is False
    assert shown[0]["text/plain"] == "two <numbers>"
    assert "two &lt;numbers&gt;" in shown[1].data


def test_a_small_array_shows_its_numbers_the_first_row_on_top():
    figure = array_figure([[0.5, 1], [2, 4]], "depth (m)", digits=1)
    assert [list(row) for row in figure.data[0].text] == [["0.5", "1.0"], ["2.0", "4.0"]]
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.title.text == "depth (m)"


def test_maps_share_one_scale_that_is_even_for_differences():
    ramp = np.linspace(-1, 3, 600 * 300, dtype=np.float32).reshape(600, 300)
    figure = maps_figure({"one": ramp, "two": ramp}, "depth (m)", limits=(0, 2))
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 2)
    assert all(trace.coloraxis == "coloraxis" for trace in figure.data)
    assert max(np.shape(figure.data[0].z)) <= 200
    even = maps_figure({"error": ramp}, "error (m)", difference=True).layout.coloraxis
    assert even.cmin == -even.cmax
    with pytest.raises(ValueError, match="no map"):
        maps_figure({}, "depth (m)")
    with pytest.raises(ValueError, match="no value"):
        maps_figure({"empty": np.full((2, 2), np.nan)}, "depth (m)")


def test_maps_lose_their_empty_borders_together():
    one, two = np.full((9, 9), np.nan), np.full((9, 9), np.nan)
    one[2, 3], two[6, 5] = 1, 2
    figure = maps_figure({"one": one, "two": two}, "depth (m)")
    assert [np.shape(trace.z) for trace in figure.data] == [(5, 3), (5, 3)]
    assert figure.data[0].z[0][0] == 1


def test_curves_and_points_differ_in_colour_and_form():
    lines = {name: ([0, 1], [0, 1]) for name in "abc"}
    figure = curves_figure(lines, "x (m)", "y (m)", points={"d": ([0], [1])})
    assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in figure.data}) == 4
    assert [trace.mode for trace in figure.data] == ["lines"] * 3 + ["markers"]
    assert figure.layout.dragmode is False
    with pytest.raises(ValueError, match="at most 4"):
        curves_figure(lines | {"e": ([0], [0])}, "x", "y", points={"f": ([0], [0])})


def test_points_stand_where_their_numbers_say():
    points = np.array([[0, 1, 2], [3, 4, 5]], np.float32)
    figure = points_figure(points, np.full((2, 3), 7, np.uint8), labels=("a", "b", "c"))
    assert figure.data[0].z.tolist() == [2, 5]
    assert figure.layout.scene.aspectratio.to_plotly_json() == {"x": 1, "y": 1, "z": 1}
    assert figure.layout.scene.yaxis.title.text == "b"
    assert figure.data[0].marker.color[0] == "rgb(7,7,7)"
