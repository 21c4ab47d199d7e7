"""The page for a USB stick: one file, whole, that asks nobody for anything."""

import json
import re

import nbformat
import pytest

from face3d_widgets import cli
from face3d_widgets.lessons import EXERCISES, QUESTIONS, check, predict
from face3d_widgets.site import SiteError, export_site
from face3d_widgets.site.formulas import with_formulas
from face3d_widgets.site.lessons import lesson_section, run_notebook, section_id
from face3d_widgets.site.plots import json_script, plot
from face3d_widgets.site.still_widgets import still_widget

# Addresses in Plotly's script and in formulas that are names, or asked by maps alone.
_LOADS = re.compile(r"""(?:src|href)=["'](?!data:|#)([^"']+)|@import|url\((?!["']?data:)""")

CELLS = [
    ("markdown", "# 2. A title\n\n[Next](03_next.ipynb), [list](00_index.ipynb)"),
    ("markdown", "With $v$ and\n\n$$\\frac{1}{z} = s \\cdot v + t$$\n\nand `$HOME`."),
    ("code", "print('a < b')"),
    (
        "code",
        "from face3d_widgets.lessons import check, predict, table\ntable([{'a': 1.5}], 'Words')",
    ),
    ("code", "predict('how-many-distances')"),
    ("code", "check('third-point', 0.0)"),
    (
        "code",
        "from IPython.display import display\n"
        "figure = {'data': [{'type': 'scatter', 'x': [1, 2], 'y': [3, 4]}],\n"
        "          'layout': {'height': 300, 'title': {'text': '</script>'}}}\n"
        "display({'application/vnd.plotly.v1+json': figure, 'text/plain': 'A line.'}, raw=True)",
    ),
]


def notebook(cells=CELLS):
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    made.cells = [make[kind](source) for kind, source in cells]
    return made


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    path = tmp_path_factory.mktemp("lessons") / "02_tiny.ipynb"
    nbformat.write(notebook(), path)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory, lesson):
    """A site of one sample and one small lesson, and what was told meanwhile."""
    from tests.conftest import FakeEstimator

    told = []
    path = export_site(
        tmp_path_factory.mktemp("site") / "stick",
        samples=["rendered_elder"],
        lessons=[lesson],
        progress=lambda step, share: told.append((step, share)),
        estimator=FakeEstimator(),
    )
    return path, told


@pytest.fixture(scope="module")
def text(page):
    return page[0].read_text("utf-8")


def section(text, id_):
    return text.split(f'<section id="{id_}"')[1].split("</section>")[0]


def test_there_is_one_file(page):
    path, told = page
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]
    assert [step for step, _ in told] == ["Rendered head, white hair", "02 tiny", "Writing", "Done"]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_nothing_is_loaded_from_elsewhere(text):
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert [found[0] for found in _LOADS.finditer(own)] == []
    assert text.count("plotly.js v") >= 1  # the script is there, once
    assert len(re.findall(r"<script>", text)) == 2


def test_the_sample_has_figure_map_photo_and_numbers(text):
    results = section(text, "results")
    figures = re.findall(r'<script type="application/json">(.*?)</script>', results, re.DOTALL)
    face, depth = (json.loads(figure) for figure in figures)
    assert [trace["type"] for trace in face["data"]].count("mesh3d") == 1
    assert "width" not in face["layout"]
    assert depth["data"][0]["type"] == "heatmap"
    assert 'src="data:image/jpeg;base64,' in results
    for name in ("triangles", "inverse depth there", "vertical field of view"):
        assert name in results


def test_the_lesson_has_its_texts_and_outputs(text):
    lesson = section(text, "lesson-02")
    assert '<a href="#lesson-03">Next</a>' in lesson
    assert '<a href="#lesson-00">list</a>' in lesson
    assert "<mfrac>" in lesson
    assert 'display="block"' in lesson
    assert "<code>$HOME</code>" in lesson
    assert "a &lt; b" in lesson
    assert "Words" in lesson
    assert "1.5" in lesson
    figure = json.loads(re.search(r'json">(.*?)</script>', lesson, re.DOTALL)[1])
    assert figure["layout"]["title"]["text"] == "</script>"
    assert 'aria-label="A line."' in lesson
    assert '<a href="#lesson-02">Lessons</a>' in text


def test_each_choice_of_a_question_tells_what_is_said_to_it(text):
    lesson = section(text, "lesson-02")
    question = QUESTIONS["how-many-distances"]
    assert "How many pixels must you measure" in lesson
    for choice, said in question.choices.items():
        assert f"<summary>{choice}</summary>" in lesson
        assert said in lesson
    assert lesson.count("✓") == 1


def test_an_exercise_says_where_it_is_checked_and_not_the_answer(text):
    lesson = section(text, "lesson-02")
    assert EXERCISES["third-point"].first in lesson
    assert "face3d lessons" in lesson
    assert "0.44" not in lesson


def widget_state(widget):
    """The models of a widget as a notebook keeps them."""
    from ipywidgets.embed import dependency_state

    return dependency_state([widget])


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_of_the_lessons_is_known(name):
    widget = predict(name)
    html = still_widget(widget_state(widget), widget.model_id)
    assert html.count("<details") == len(QUESTIONS[name].choices)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_of_the_lessons_is_shown(name):
    widget = check(name, EXERCISES[name].start)
    assert "Your answer" in still_widget(widget_state(widget), widget.model_id)


def test_other_widgets_are_said_to_need_the_running_lesson():
    import ipywidgets

    slider = ipywidgets.IntSlider()
    assert "face3d lessons" in still_widget(widget_state(slider), slider.model_id)
    other = ipywidgets.RadioButtons(options=["a<b", "c"])
    assert "<li>a&lt;b</li>" in still_widget(widget_state(other), other.model_id)
    assert "face3d lessons" in still_widget({}, "gone")


def test_data_cannot_end_their_element():
    html = json_script({"a": "</script><!--"})
    assert html.count("</script>") == 1
    assert "<!--" not in html
    assert json.loads(html[html.index(">") + 1 : html.rindex("<")]) == {"a": "</script><!--"}
    assert "min-height:300px" in plot({"data": [], "layout": {"height": 300}})


def test_formulas_leave_code_and_plain_text_alone():
    assert with_formulas("costs 5 and `$x$`") == "costs 5 and `$x$`"
    assert with_formulas("```\n$x$\n```") == "```\n$x$\n```"
    assert with_formulas("$x$ or $y$").count("<math") == 2
    assert "\n" not in with_formulas("$$a\n= b$$")


def test_places_are_named_after_numbers():
    assert section_id("02_scale_and_shift.ipynb") == "lesson-02"


def test_a_lesson_that_fails_says_which(tmp_path):
    path = tmp_path / "04_broken.ipynb"
    nbformat.write(notebook([("code", "1 / 0")]), path)
    with pytest.raises(SiteError, match=r"04_broken.ipynb .*ZeroDivisionError.*--no-lessons"):
        run_notebook(path)


def test_a_lesson_without_outputs_is_still_a_section():
    assert "A title" in lesson_section(notebook(CELLS[:1]), "02_tiny.ipynb")


def test_another_page_is_not_written_over(tmp_path, estimator):
    (tmp_path / "index.html").write_text("<p>mine</p>")
    with pytest.raises(SiteError, match="choose another folder"):
        export_site(tmp_path, samples=[], lessons=[], estimator=estimator)
    assert (tmp_path / "index.html").read_text() == "<p>mine</p>"


def test_a_page_of_ours_is_written_anew(tmp_path, estimator):
    for _ in range(2):
        path = export_site(tmp_path, samples=[], lessons=[], estimator=estimator)
    assert "Lessons</a>" not in path.read_text("utf-8")
    with pytest.raises(SiteError, match="no sample 'nobody'"):
        export_site(tmp_path, samples=["nobody"], lessons=[], estimator=estimator)


def test_the_command_writes_it(tmp_path, monkeypatch, capsys):
    from tests.conftest import FakeEstimator

    monkeypatch.setattr("face3d_widgets.session.session.DepthEstimator", FakeEstimator)
    assert cli.main(["export-site", str(tmp_path / "out"), "--no-lessons"]) == 0
    assert "open it in any browser" in capsys.readouterr().out
    text = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert text.count('<article class="result"') == 3
    (tmp_path / "index.html").touch()
    assert cli.main(["export-site", str(tmp_path), "--no-lessons"]) == 1
    assert "another page" in capsys.readouterr().err
