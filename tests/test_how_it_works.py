"""The steps with their formulas, numbers and lines of Python."""

from xml.etree import ElementTree

import numpy as np
import pytest

import face3d_widgets.geometry as geometry
from face3d_widgets.depth import DepthEstimator
from face3d_widgets.image import read_photo_file
from face3d_widgets.samples import load_sample
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.session.how_it_works import explain
from face3d_widgets.types import GeometryParams, Intrinsics, ViewParams, WrongOnPurpose
from face3d_widgets.widgets import Dashboard
from face3d_widgets.widgets.jobs import Jobs
from tests.rims import rim_of

TITLES = ["Photo", "Inverse depth", "Depth", "3D points", "Surface", "What to doubt"]


@pytest.fixture
def session(estimator):
    session = ReconstructionSession(estimator)
    session.open(load_sample("astronaut"))
    return session


def numbers(session, view=None):
    return {name: value for step in explain(session, view) for name, value in step.numbers}


def test_every_step_has_a_text_and_the_four_of_the_way_a_formula(session):
    steps = explain(session)
    assert [step.title for step in steps] == TITLES
    assert all(step.text for step in steps)
    assert [bool(step.formula) for step in steps] == [False, True, True, True, True, False]
    assert [bool(step.code) for step in steps] == [True] * 5 + [False]


@pytest.mark.parametrize("wrong", [WrongOnPurpose(), WrongOnPurpose(inverse_as_depth=True)])
def test_formulas_are_whole_mathml(session, wrong):
    session.params = GeometryParams(wrong=wrong)
    known = {"math", "mrow", "mi", "mn", "mo", "mfrac", "msub", "all"}
    for step in explain(session):
        tree = ElementTree.fromstring(f"<all>{step.formula}</all>")
        assert {element.tag for element in tree.iter()} <= known
        for fraction in tree.iter("mfrac"):
            assert len(fraction) == 2


@pytest.mark.parametrize(
    ("params", "view"),
    [
        (GeometryParams(n_points=2_000), ViewParams(draw_as="mesh")),
        (
            GeometryParams(n_points=900, relief=1.7, fov=33.3, cutoff=0.2, smoothing=0.5),
            ViewParams(draw_as="points"),
        ),
        (
            GeometryParams(scale_shift=(0.3, 0.9), wrong=WrongOnPurpose(fov=80, eight_bit=True)),
            ViewParams(draw_as="mesh"),
        ),
        (
            GeometryParams(wrong=WrongOnPurpose(inverse_as_depth=True, edges_kept=True)),
            ViewParams(draw_as="points"),
        ),
        (GeometryParams(most_unsure=0.01), ViewParams(draw_as="points")),
    ],
)
def test_the_lines_of_python_run_one_after_the_other_and_give_what_is_shown(
    session, estimator, params, view, monkeypatch
):
    session.params = params
    if params.most_unsure < 1:
        found = session.add_uncertainty()
        monkeypatch.setattr(type(estimator), "uncertainty", lambda *_: found, raising=False)
    names = {
        **{name: getattr(geometry, name) for name in geometry.__all__},
        **{"load_sample": load_sample, "DepthEstimator": lambda: estimator},
        **{"GeometryParams": GeometryParams, "WrongOnPurpose": WrongOnPurpose},
        "Intrinsics": Intrinsics,
    }
    for step in explain(session, view):
        exec(step.code, names)
    np.testing.assert_allclose(names["z"], session.result.geometry.depth(params), rtol=1e-6)
    shape = session.scene(view).shape
    on_pixels = slice(None)
    if view.draw_as == "mesh":
        np.testing.assert_array_equal(names["mesh"].faces, shape.faces)
        # Along the border they lie beside their pixels.
        on_pixels = np.setdiff1d(np.arange(len(shape.vertices)), rim_of(shape.faces))
        shape, made = shape.vertices, names["mesh"].vertices
    else:
        made = names["cloud"]
    np.testing.assert_allclose(made.points, shape.points, rtol=1e-6)
    rows, columns = np.divmod(shape.pixels, 360)
    on_rays, points = names["points"][rows, columns][on_pixels], shape.points[on_pixels]
    np.testing.assert_allclose(
        on_rays[:, :2] / on_rays[:, 2:], points[:, :2] / points[:, 2:], atol=1e-5
    )


def test_the_names_in_the_lines_are_the_packages(session):
    assert callable(read_photo_file)
    assert callable(DepthEstimator)
    code = "\n".join(step.code for step in explain(session))
    for name in ("depth_from_inverse_depth", "back_project", "FaceGeometry"):
        assert name in code
        assert name in geometry.__all__


def test_the_numbers_are_those_in_use(session):
    session.params = GeometryParams(fov=40, relief=2, n_points=1_500)
    now = numbers(session, ViewParams(draw_as="points"))
    assert now["field of view"] == "40°"
    assert now["f"] == f"{400 / 2 / np.tan(np.radians(20)):.1f} pixels"
    assert now["cx, cy"] == "180, 200 pixels"
    assert now["points"] == "1,500"
    assert now["relief"] == "2"
    scale, shift = float(now["scale"]), float(now["shift"])
    middle = float(now["q, middle"])
    z = float(now["z, middle of the head"].split()[0])
    assert z == pytest.approx(1 / (scale * middle + shift), rel=1e-3)
    session.params = GeometryParams(scale_shift=(0.3, 0.9))
    assert numbers(session)["relief"] == "set by the two numbers"


def test_ones_own_photo_is_named_as_a_file(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    assert explain(session)[0].code == "photo = read_photo_file('anna.jpg')  # with its folder"


def test_before_the_first_photo_there_is_nothing_to_explain(estimator):
    with pytest.raises(ValueError, match="open a photo"):
        explain(ReconstructionSession(estimator))


def test_the_panel_is_made_when_it_is_opened_and_follows_the_sliders(estimator):
    dashboard = Dashboard(ReconstructionSession(estimator), Jobs(threaded=False))
    try:
        header = dashboard.children[0]
        dashboard.controls.relief = 2.0
        assert header.steps == []
        header.shown = True
        assert [step["title"] for step in header.steps] == TITLES
        before = header.steps
        dashboard.controls.fov = 30.0
        assert header.steps != before
        assert ("field of view", "30°") in header.steps[3]["numbers"]
        header.shown = False
        before = header.steps
        dashboard.controls.fov = 35.0
        assert header.steps == before
    finally:
        dashboard.close()
