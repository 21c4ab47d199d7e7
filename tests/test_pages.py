"""The dashboard's pages beside the model's, driven without a browser."""

import asyncio
import dataclasses
import sys
import threading
from types import SimpleNamespace

import ipywidgets
import pytest
import traitlets as t

from face3d_widgets.depth import MODELS, ModelError, weights
from face3d_widgets.samples.rendered import write_rendered_head
from face3d_widgets.session import ReconstructionSession, replay_state
from face3d_widgets.types import Photo
from face3d_widgets.widgets import Dashboard
from face3d_widgets.widgets import dashboard as dashboard_module
from face3d_widgets.widgets.compare_bar import CompareBar, contestant_of, key_of
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.lab_bar import LabSwitches
from face3d_widgets.widgets.pages import FIRST_PAGE, PAGES, PageSpec
from tests.conftest import drawn_portrait
from tests.rendered import TruthTeller, analytic_head
from tests.test_model_selector import FakeFetch

pytest_plugins = ["tests.dashboards"]
pytestmark = pytest.mark.usefixtures("no_weights")

AT_ONCE = Jobs(threaded=False)
SMALL = "midas_v21_small_256"


@pytest.fixture
def heads(tmp_path):
    """Two heads, and their names."""
    made = [analytic_head(96, 80, name="egg"), analytic_head(120, 90, name="larger-egg")]
    for head in made:
        write_rendered_head(
            tmp_path / "heads",
            head.name,
            head.photo,
            head.depth,
            head.head,
            head.face,
            head.intrinsics,
        )
    return made


@pytest.fixture
def compare(dashboard):
    dashboard.tabs.value = "compare"
    return dashboard.page("compare")


# --- tabs --------------------------------------------------------------------------------------


def test_nothing_of_a_page_is_made_before_it_is_looked_at(dashboard):
    before = dashboard.children
    assert dashboard.page("compare") is None
    assert dashboard.page("lab") is None
    dashboard.tabs.value = "compare"
    assert dashboard.children == (*before, dashboard.page("compare"))
    assert dashboard.page("lab") is None
    with pytest.raises(t.TraitError, match="choose one of: model, compare, lab"):
        dashboard.tabs.value = "elsewhere"


def test_one_page_is_shown_and_one_figure_drawn(dashboard, compare):
    viewer = dashboard.viewer
    assert viewer.figure not in viewer.children
    assert "f3d-elsewhere" in dashboard._dom_classes
    dashboard.tabs.value = "model"
    assert viewer.figure in viewer.children
    assert "f3d-elsewhere" not in dashboard._dom_classes
    assert compare.layout.display == "none"
    assert compare.viewer.figure not in compare.viewer._stage.children
    assert "by Face Lite" in dashboard.status.text
    dashboard.tabs.value = "compare"
    assert compare is dashboard.page("compare")
    assert compare.layout.display is None
    assert compare.viewer.figure in compare.viewer._stage.children


# --- compare -----------------------------------------------------------------------------------


def test_with_face_lite_alone_it_is_compared_with_itself_otherwise(compare):
    assert compare.bar.places == ["face_lite", "face_lite:mirrored", "face_lite:half", ""]
    assert [row[0] for row in compare.table.rows] == [
        "Face Lite",
        "Face Lite, photo mirrored",
        "Face Lite, half its pixels",
    ]
    assert compare.table.rows[0][3] == "reference"
    assert float(compare.table.rows[1][3]) > 0.9
    assert "350 MB" in compare.table.rows[0][2]
    assert compare.viewer._titles.titles == [row[0] for row in compare.table.rows]
    assert compare.map._map["unit"] == " %"
    assert compare.map.title == "Difference: Face Lite, photo mirrored"
    assert not compare.bar.busy
    assert "compared with Face Lite" in compare.status.text


def test_a_place_that_is_filled_is_compared_and_a_freed_one_is_not(compare, estimator):
    runs = estimator.runs
    compare.bar.places = ["face_lite", "face_lite:mirrored", "face_lite:half", "face_lite:grey"]
    assert len(compare.table.rows) == 4
    assert estimator.runs == runs + 1  # the others are known
    compare.bar.shown = "face_lite:grey"
    assert compare.map.title.endswith("photo in grey")
    compare.bar.places = ["face_lite", "face_lite:half", "", ""]
    assert len(compare.table.rows) == 2
    assert compare.bar.shown == "face_lite:half"
    assert estimator.runs == runs + 1


def test_the_same_place_twice_leaves_one_and_says_so(compare):
    compare.bar.places = ["face_lite", "face_lite", "", ""]
    assert "second network" in compare.status.text


def test_colours_can_show_the_difference(compare):
    mesh = compare.viewer.figure.data[2]
    photo_colors = mesh.colorscale
    compare.bar.color_by = "difference"
    assert mesh.colorscale != photo_colors
    assert mesh.lighting.diffuse > 0


def test_another_photo_is_compared_when_one_looks_again(dashboard, compare):
    dashboard.tabs.value = "model"
    other = Photo(drawn_portrait(100, 100), name="bert")
    dashboard.upload.photo = other
    assert compare.comparison.photo is not other
    dashboard.tabs.value = "compare"
    assert compare.comparison.photo is other
    assert compare.bar.photo == "bert"


def test_colours_stay_with_the_photo_that_was_compared(dashboard, compare):
    compare.bar.color_by = "difference"
    dashboard.tabs.value = "model"
    dashboard.upload.photo = Photo(drawn_portrait(60, 60), name="bert")
    colors = compare.viewer.figure.data[2].intensity
    compare.bar.color_by = "photo"
    assert compare.comparison.photo.name != "bert"
    assert len(compare.viewer.figure.data[2].intensity) == len(colors)


def test_what_had_to_be_run_is_let_go_whatever_came_of_it(compare, estimator, monkeypatch):
    rested = []
    monkeypatch.setattr(compare._comparer, "rest", rested.append)
    compare.bar.places = ["face_lite", "face_lite:grey", "", ""]
    assert rested == ["face_lite"]  # the one of the model's page stays
    estimator.error = ModelError("It cannot run; use another.")
    compare.bar.places = ["face_lite", "face_lite:grey", "face_lite:half", "face_lite:mirrored"]
    assert rested == ["face_lite"] * 2


def test_a_network_that_fails_is_told(compare, estimator):
    estimator.error = ModelError("It cannot run; use another.")
    compare.bar.places = ["face_lite", "face_lite:grey", "", ""]
    assert compare.status.state == "error"
    assert compare.status.text == "It cannot run; use another."
    assert not compare.bar.busy
    estimator.error = RuntimeError("boom")
    compare.bar.places = ["face_lite", "face_lite:grey", "face_lite:half", ""]
    assert "RuntimeError: boom" in compare.status.text


def test_a_network_that_is_not_here_is_offered_fetched_and_compared(compare, monkeypatch, tmp_path):
    fetch = FakeFetch(tmp_path / "cache")
    monkeypatch.setattr(weights, "fetch_weights", fetch)
    monkeypatch.setattr(
        "face3d_widgets.depth.states.find_weights",
        lambda name: p if (p := tmp_path / "cache" / f"{name}.pt").exists() else None,
    )
    compare.bar.places = ["face_lite", SMALL, "face_lite:half", ""]
    assert len(compare.table.rows) == 2  # the others, meanwhile
    offer = compare.bar.offer
    assert offer["name"] == SMALL
    assert "85.8 MB" in offer["text"] or "86" in offer["text"]
    compare.bar._handle_custom_msg({"type": "fetch", "name": SMALL}, [])
    assert fetch.names == [SMALL]
    assert compare.bar.offer == {}
    assert compare.bar.fetching == ""
    assert [row[0] for row in compare.table.rows][1] == "MiDaS v2.1 small"


def test_a_fetch_that_fails_says_why(compare, monkeypatch, tmp_path):
    fetch = FakeFetch(tmp_path / "cache")
    fetch.error = ModelError("The server does not answer; try again later.")
    monkeypatch.setattr(weights, "fetch_weights", fetch)
    compare.bar.places = ["face_lite", SMALL, "", ""]
    compare.bar.fetch(SMALL)
    assert compare.bar.offer["bad"]
    assert compare.bar.offer["text"] == "The server does not answer; try again later."
    assert compare.bar.offer["label"] == "Try again"


def test_a_network_that_is_too_big_says_so_and_has_no_button(monkeypatch, estimator):
    least = MODELS["face_lite"].memory + 160_000_000
    monkeypatch.setattr("face3d_widgets.depth.memory.available_memory", lambda: least)
    bar = CompareBar(AT_ONCE)
    bar.begin("face_lite")
    bar.places = ["face_lite", "dpt_beit_large_512", "", ""]
    assert bar.offer["label"] == ""
    assert "memory" in bar.offer["text"]
    assert [one.model for one in bar.contestants] == ["face_lite"]


def test_keys_and_contestants_are_one(compare):
    for option in compare.bar.options:
        assert key_of(contestant_of(option["key"])) == option["key"]
    assert {option["key"] for option in compare.bar.options} >= MODELS.keys()


def test_a_comparison_can_be_cancelled(estimator):
    """The network that runs ends; the next is not begun; the last result stays."""
    gate, begun = threading.Event(), threading.Event()

    async def scenario():
        jobs = Jobs()
        dashboard = Dashboard(ReconstructionSession(estimator), jobs)
        while dashboard.result is None:
            await asyncio.sleep(0.01)
        predict = estimator.predict

        def slow(model):
            begun.set()
            gate.wait(20)
            return predict(model)

        estimator.predict = slow
        dashboard.tabs.value = "compare"
        page = dashboard.page("compare")
        assert page.bar.busy
        while not begun.is_set():
            await asyncio.sleep(0.01)
        page.bar._handle_custom_msg({"type": "cancel"}, [])
        assert page.bar.cancelling
        gate.set()
        while page.bar.busy:
            await asyncio.sleep(0.01)
        assert "cancelled" in page.status.text
        assert page.comparison is None
        dashboard.close()
        jobs.close()

    asyncio.run(asyncio.wait_for(scenario(), 30))


# --- the lab -----------------------------------------------------------------------------------


def test_without_heads_the_lab_says_so(dashboard):
    dashboard.tabs.value = "lab"
    lab = dashboard.page("lab")
    assert lab.bar.heads == []
    assert "f3d-nothing" in lab._dom_classes
    assert "no rendered heads" in lab.status.text


@pytest.fixture
def lab(heads):
    session = ReconstructionSession(TruthTeller(*heads, noise=0.002))
    dashboard = Dashboard(session, AT_ONCE)
    dashboard.tabs.value = "lab"
    yield dashboard.page("lab")
    dashboard.close()


def test_the_lab_shows_estimate_beside_truth(lab):
    assert [item["name"] for item in lab.bar.heads] == ["egg", "larger-egg"]
    assert lab.bar.head == "egg"
    assert lab.viewer._titles.titles == ["Estimate", "Truth"]
    assert lab.table.columns == ["", "As it is"]
    assert lab.map._map["unit"] == " mm"
    assert "points are off by" in lab.status.text
    assert "80 × 96" in lab.bar.about
    assert "24°" in lab.bar.about


def test_each_mistake_changes_its_numbers(lab):
    changed = {}
    for name in ("inverse_as_depth", "eight_bit", "edges_kept", "wrong_fov_on"):
        setattr(lab.switches, name, True)
        assert lab.table.columns == ["", "As it is", "With the mistake"]
        changed[name] = {row[0] for row in lab.table.rows if row[2].startswith("!")}
        setattr(lab.switches, name, False)
    assert "Pairs in wrong order, head" in changed["inverse_as_depth"]
    assert "Error of directions, median" in changed["eight_bit"]
    assert changed["edges_kept"] == {"Pixels that hang, of the head’s"}
    assert "Error of places, RMS" in changed["wrong_fov_on"]
    assert "Error of depth, RMS" not in changed["wrong_fov_on"]
    assert lab.table.columns == ["", "As it is"]


def test_the_scale_of_the_map_stays_and_its_values_do_not(lab):
    right = lab.map._map
    lab.switches.wrong_fov_on = True
    wrong = lab.map._map
    assert (wrong["low"], wrong["high"]) == (right["low"], right["high"])
    assert wrong["values"] != right["values"]
    lab.switches.edges_kept = True
    assert lab.map._map["mark"]
    assert "field of view 60°" in lab.viewer._titles.titles[0]
    lab.switches._handle_custom_msg({"type": "reset"}, [])
    assert not lab.switches.wrong
    assert lab.map._map["values"] == right["values"]


def test_the_map_shows_directions_too(lab):
    lab.switches.map_of = "direction"
    assert lab.map._map["unit"] == "°"
    assert lab.map._map["low"] == 0


def test_another_head_is_estimated_once(lab):
    teller = lab.session.estimator
    runs = teller.runs
    lab.bar.head = "larger-egg"
    assert "Larger-egg" in lab.status.text
    lab.bar.head = "egg"
    lab.bar.head = "larger-egg"
    assert teller.runs == runs + 1


def test_a_head_that_was_chosen_just_before_leaving_is_shown_on_return(lab):
    lab.leave()
    lab.bar.head = "larger-egg"
    assert lab.result is not None
    assert lab.map._map["width"] == 80
    lab.enter()
    assert lab.map._map["width"] == 90


def test_every_switch_of_the_lab_is_one_of_its_traits():
    switches = LabSwitches()
    shown = {c["trait"] for group in switches._groups for c in group["controls"]}
    assert shown == {*LabSwitches.MISTAKES, "color_by", "map_of"}


def test_each_page_is_known_to_links_and_has_a_record():
    assert (FIRST_PAGE[0], *(page.name for page in PAGES)) == replay_state.PAGES
    fields = {field.name for field in dataclasses.fields(replay_state.Replay)}
    assert {page.name for page in PAGES} <= fields


def test_one_row_more_makes_a_page(estimator, monkeypatch):
    class Toy(ipywidgets.Box):
        def __init__(self, session, jobs, status):
            super().__init__()
            self.enter = self.leave = lambda: None
            self.state = lambda: None  # nothing that a link should hold
            self.on_choice = lambda handler: None

    monkeypatch.setitem(sys.modules, "face3d_widgets.widgets.toy", SimpleNamespace(Toy=Toy))
    monkeypatch.setattr(dashboard_module, "PAGES", (*PAGES, PageSpec("toy", "Toy", "toy:Toy")))
    monkeypatch.setattr(replay_state, "PAGES", (*replay_state.PAGES, "toy"))
    dashboard = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    assert dashboard.tabs.pages[-1] == ["toy", "Toy"]
    dashboard.tabs.value = "toy"
    assert isinstance(dashboard.page("toy"), Toy)
    link = dashboard.to_link()
    dashboard.tabs.value = "model"
    dashboard.open_link(link)
    assert dashboard.tabs.value == "toy"
    dashboard.tabs.value = "model"
    assert dashboard.page("toy").layout.display == "none"
    dashboard.close()
