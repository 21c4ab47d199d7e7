"""What a cell made goes when the cell is run again; in a real kernel."""

import asyncio
import gc
import json
import weakref

import pytest
from ipywidgets.widgets.widget import _instances
from jupyter_client.manager import start_new_kernel

from face3d_widgets.session import ReconstructionSession
from face3d_widgets.widgets import Dashboard, FaceViewer, viewer
from face3d_widgets.widgets.jobs import Jobs

SETUP = """
import gc, json, threading, weakref
import numpy as np
from face3d_widgets import FaceViewer, Photo, ReconstructionSession
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import InverseDepth
from ipywidgets.widgets.widget import _instances
from tests.conftest import FakeEstimator, drawn_portrait

found = []

def show():
    session = ReconstructionSession(FakeEstimator())
    session.open(Photo(drawn_portrait(60, 48)))
    viewer = FaceViewer(session)
    made = [viewer, viewer.figure, session, session.result.photo, session.result]
    found.extend(map(weakref.ref, made))
    return viewer

def say(viewer, what):
    viewer.figure._handle_custom_msg({"type": what}, [])

def count():
    gc.collect()
    kinds = [type(one()).__name__ for one in found if one() is not None]
    there = kinds.count("FaceViewer")
    print(json.dumps({"there": there, "all": len(kinds), "open": len(_instances)}))
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel):
    """run(code, cell): what is printed by a cell of that id."""

    def run(code, cell="other"):
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = kernel.session.msg("execute_request", content, metadata={"cellId": cell})
        kernel.shell_channel.send(message)
        printed = []
        while True:
            answer = kernel.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "error":
                raise AssertionError("\n".join(content["traceback"]))
            if kind == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(printed)

    run("from IPython import get_ipython; get_ipython().run_line_magic('reset', '-sf')")
    run(SETUP)
    return run


def counted(run):
    return json.loads(run("count()"))


def test_a_cell_that_is_run_again_has_one_viewer_however_often(run):
    run("show()", "one")
    first = counted(run)
    assert first["there"] == 1
    for _ in range(4):
        run("show()", "one")
        assert counted(run) == first


def test_what_is_on_the_page_stays_until_it_leaves_it(run):
    run("shown = show(); shown", "two")
    run("say(shown, 'mounted'); kept = weakref.ref(shown)")
    run("shown = show(); shown", "two")
    assert counted(run)["there"] == 2
    run("kept().params = kept().params")  # it goes on working
    run("say(kept(), 'unmounted')")
    assert counted(run)["there"] == 1


def test_what_somebody_has_a_name_for_stays(run):
    run("mine = [show()]", "three")
    run("mine.append(show())", "three")
    assert counted(run)["there"] == 2
    assert run("print(mine[0].comm is not None)") == "True\n"
    run("mine = []; show()", "three")
    assert counted(run)["there"] == 1


def test_two_cells_do_not_take_each_others_widgets(run):
    run("show()", "four")
    run("show()", "five")
    assert counted(run)["there"] == 2


def test_a_cell_that_makes_none_any_more_leaves_none(run):
    run("show()", "six")
    run("1", "six")
    assert counted(run)["there"] == 0


# --- closing -----------------------------------------------------------------------------------


@pytest.fixture
def opened(photo, estimator):
    session = ReconstructionSession(estimator)
    session.open(photo)
    return session


@pytest.mark.parametrize("kind", ["viewer", "view", "dashboard", "dashboard with pages"])
def test_a_closed_widget_leaves_nothing(kind, opened, estimator, monkeypatch):
    before = set(_instances)
    if kind == "viewer":
        widget = FaceViewer(opened)
        widget.set_shown(False)  # the figure goes all the same
    elif kind == "view":
        monkeypatch.setattr(
            viewer, "ReconstructionSession", lambda: ReconstructionSession(estimator)
        )
        widget = viewer.view(opened.result.photo)
    else:
        widget = Dashboard(opened, Jobs(threaded=False))
        if kind == "dashboard with pages":
            for page in ("compare", "lab"):
                widget.tabs.value = page
    assert set(_instances) != before
    gone = [weakref.ref(_instances[key]) for key in set(_instances) - before]
    widget.close()
    assert set(_instances) == before
    widget.close()
    del widget
    gc.collect()
    assert [type(one()).__name__ for one in gone if one() is not None] == []


def test_a_closed_dashboard_ends_its_thread():
    async def use():
        import threading

        others = threading.enumerate()
        widget = Dashboard(ReconstructionSession(), None)
        thread = next(
            t
            for t in threading.enumerate()
            if t.name.startswith("face3d-worker") and t not in others
        )
        widget.close()
        thread.join(60)
        assert not thread.is_alive()
        widget.jobs.submit("late", lambda: 1 / 0, print, print)  # is not done, and no error

    asyncio.run(use())
