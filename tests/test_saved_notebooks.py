"""No photo gets into a saved notebook that nobody asked to keep there."""

import base64
import io
import json
import subprocess
import sys

import ipywidgets
import nbclient
import nbformat
import numpy as np
import pytest
from ipywidgets.embed import embed_data
from PIL import Image

from face3d_widgets.cli import main
from face3d_widgets.notebook_file import NotebookError, without_outputs
from face3d_widgets.samples import is_sample, load_sample, sample_bytes
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import GeometryParams, Photo, ViewParams
from face3d_widgets.widgets import Dashboard, FaceViewer, view
from face3d_widgets.widgets import viewer as viewer_module
from face3d_widgets.widgets.jobs import Jobs

NAME = "unmistakable"
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
# A face has tens of thousands of numbers, a photo's thumbnail 2 kB; ours have tables of colours.
LARGEST = 1100


def told(state):
    """All that a saved state has of a person: names, pictures and long lists of numbers."""
    found = []
    for model in state.values():
        values = {k: v for k, v in model["state"].items() if k not in ("_esm", "_css", "_groups")}
        text = json.dumps(values, default=lambda b: base64.b64encode(bytes(b)).decode())
        who = model["state"].get("_anywidget_id", model["model_name"])
        found += [f"{who}: name"] * (NAME in text)
        found += [f"{who}: picture"] * ("data:image" in text)
        for buffer in model.get("buffers", []):
            found += [f"{who}: {buffer['path']}"] * (len(buffer["data"]) > LARGEST)
        for name, value in values.items():
            size = len(json.dumps(value, default=lambda b: base64.b64encode(bytes(b)).decode()))
            if size > LARGEST and name != "options":
                found.append(f"{who}: {name}, {size}")
    return found


@pytest.fixture
def named(photo):
    return Photo(photo.rgb, name=NAME)


@pytest.fixture
def session(named, estimator):
    session = ReconstructionSession(estimator)
    session.open(named)
    return session


@pytest.fixture
def used_dashboard(session, named):
    """A dashboard with an uploaded photo, all pages looked at and something measured."""
    ipywidgets.Widget.close_all()
    page = Dashboard(session, Jobs(threaded=False))
    file = io.BytesIO()
    Image.fromarray(named.rgb).save(file, "PNG")
    page.upload.add(b"no photo", f"{NAME}-broken.jpg")
    page.upload.add(b"no photo either", f"{NAME}-too.jpg", first=False)
    page.upload.add(file.getvalue(), f"{NAME}.png", first=False)
    assert page.result.photo.name == NAME
    page.exports.code_shown = True
    page.measure.mode = "profile"
    page.photo_view._line((40.0, 20.0), (60.0, 70.0))
    page.viewer.params = GeometryParams(relief=1.4)
    for name in ("compare", "lab", "model"):
        page.tabs.value = name
    yield page
    page.close()


@pytest.mark.parametrize("way", ["manager", "embed", "without defaults"])
def test_the_dashboards_state_says_nothing_of_a_person(used_dashboard, way):
    if way == "embed":
        state = embed_data([used_dashboard])["manager_state"]["state"]
    else:
        drop = way == "without defaults"
        state = ipywidgets.Widget.get_manager_state(drop_defaults=drop)["state"]
    assert len(state) > 40
    assert told(state) == []
    assert used_dashboard.upload.items[-1]["title"] == NAME  # the page has it all the same


def test_messages_that_are_kept_say_nothing_of_a_person(session, monkeypatch):
    kept = []

    def send(self, msg, buffers=None):
        if "state" in msg and not {"_esm", "_css"} & msg["state"].keys():
            kept.append((msg, buffers))

    monkeypatch.setattr(ipywidgets.Widget, "_send", send)
    viewer = FaceViewer(session)
    viewer.figure._handle_custom_msg({"type": "unsaved"}, [])  # a page looks on
    viewer.params = GeometryParams(relief=1.5)
    viewer.view = ViewParams(draw_as="points")
    viewer.set_camera("profile")
    assert kept  # the camera's number of edits, for one
    assert all(not buffers for _, buffers in kept)
    assert max(len(json.dumps(msg)) for msg, _ in kept) < 500


def test_a_page_that_asks_gets_what_no_notebook_keeps(session):
    viewer = FaceViewer(session)
    sent = []
    viewer.figure.send = lambda content, buffers=None: sent.append((content, buffers))
    viewer.params = GeometryParams(relief=1.5)
    assert sent == []  # nobody is there
    viewer.figure._handle_custom_msg({"type": "unsaved"}, [])
    [(whole, buffers)] = sent
    assert whole["whole"]
    assert sum(memoryview(b).nbytes for b in buffers) > 1000
    viewer.params = GeometryParams(relief=0.5)
    assert "_py2js_update" in sent[1][0]["values"]
    assert not sent[1][0]["whole"]


# --- asked to keep it --------------------------------------------------------------------------


def mesh_of(still):
    """How much of a still picture is not white."""
    return (np.asarray(Image.open(io.BytesIO(still))) < 240).any(axis=-1).mean()


@pytest.mark.parametrize(("keep", "kept"), [(True, True), (False, False), (None, False)])
def test_a_still_picture_is_kept_where_somebody_asks(session, keep, kept):
    viewer = FaceViewer(session, keep_picture=keep)
    state = viewer.figure.get_state()
    assert bool(state["still"]) is kept
    bundle = viewer._repr_mimebundle_()
    assert VIEW in bundle
    assert ("image/jpeg" in bundle) is kept
    assert "run this cell" in bundle["text/plain"]
    if not kept:
        return
    assert mesh_of(state["still"]) > 0.03
    before = state["still"]
    viewer.set_camera("profile")
    assert viewer.figure.still != before  # as it was seen last


def test_of_the_samples_a_picture_is_kept_and_of_nothing_that_bears_their_name(estimator):
    for name, kept in (("astronaut", True), ("rendered_adult", True)):
        photo = load_sample(name)
        assert is_sample(photo)
        session = ReconstructionSession(estimator)
        session.open(photo)
        assert bool(FaceViewer(session).figure.still) is kept
        disguised = Photo(np.flipud(photo.rgb).copy(), name=name)
        assert not is_sample(disguised)
        session.open(disguised)
        assert not FaceViewer(session).figure.still


def test_another_photo_takes_the_picture_away(estimator, named):
    session = ReconstructionSession(estimator)
    session.open(load_sample("astronaut"))
    viewer = FaceViewer(session)
    assert viewer.figure.still
    session.open(named)
    viewer.redraw()
    assert not viewer.figure.still


def test_view_keeps_what_its_viewer_keeps(session, monkeypatch, named):
    monkeypatch.setattr(viewer_module, "ReconstructionSession", lambda: session)
    assert "image/jpeg" in view(named, keep_picture=True)._repr_mimebundle_()
    assert "image/jpeg" not in view(named)._repr_mimebundle_()


# --- run without a page ------------------------------------------------------------------------

CELLS = [
    "import ipywidgets\nipywidgets.IntSlider(7)",
    "import face3d_widgets\none = face3d_widgets.view('unmistakable.jpg')\none",
    "viewer = one.children[0]\n"
    "viewer.params = face3d_widgets.GeometryParams(relief=1.6)\n"
    "viewer.set_camera('profile')\n"
    "viewer.view = face3d_widgets.ViewParams(draw_as='points')",
    "kept = face3d_widgets.view('unmistakable.jpg', controls=False, keep_picture=True)\nkept",
    "kept.set_camera('profile')",
]


def run_cells(folder, cells=CELLS):
    """A notebook as nbconvert and papermill save it, in a folder with a photo."""
    (folder / f"{NAME}.jpg").write_bytes(sample_bytes("rendered_elder"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=180, resources=resources).execute()
    return notebook


@pytest.fixture(scope="module")
def run_notebook(tmp_path_factory):
    return run_cells(tmp_path_factory.mktemp("run"))


def test_a_notebook_that_was_run_has_only_the_picture_that_was_asked_for(run_notebook):
    state = run_notebook.metadata.widgets[STATE]["state"]
    [told_of] = told(state)
    assert told_of.endswith("FaceFigureWidget: ['still']")
    pictures = [o.data.get("image/jpeg") for c in run_notebook.cells for o in c.outputs]
    assert [bool(one) for one in pictures] == [False, False, True]


def test_every_buffer_of_a_run_notebook_has_its_place(run_notebook):
    for model in run_notebook.metadata.widgets[STATE]["state"].values():
        for buffer in model.get("buffers", []):
            inner = model["state"]
            for key in buffer["path"][:-1]:
                inner = inner[key]  # what browsers do, and fail where something is null
            assert isinstance(inner, dict | list)


# --- face3d clean ------------------------------------------------------------------------------


@pytest.fixture
def old_notebook(tmp_path, run_notebook):
    """A notebook as earlier versions saved it, with the photo in its state; and its checkpoint."""
    notebook = json.loads(nbformat.writes(run_notebook))
    notebook["cells"].insert(0, nbformat.v4.new_markdown_cell(f"# Ä text with {NAME}"))
    state = notebook["metadata"]["widgets"][STATE]["state"]
    next(iter(state.values()))["state"]["_photo_name"] = "secret-name"
    path = tmp_path / "handed in.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "handed in-checkpoint.ipynb").write_bytes(path.read_bytes())
    return path


def test_clean_leaves_text_and_code_alone(old_notebook, capsys):
    before = nbformat.read(old_notebook, as_version=4)
    assert main(["clean", str(old_notebook)]) == 0
    assert "checkpoint" in capsys.readouterr().out
    after = nbformat.read(old_notebook, as_version=4)
    nbformat.validate(after)
    assert [(c.id, c.source) for c in after.cells] == [(c.id, c.source) for c in before.cells]
    assert "widgets" not in after.metadata
    assert after.metadata.kernelspec == before.metadata.kernelspec
    assert all(c.outputs == [] and c.execution_count is None for c in after.cells[1:])
    for file in old_notebook.parent.rglob("*.ipynb"):
        assert b"secret-name" not in file.read_bytes()
        assert b"image/jpeg" not in file.read_bytes()
        assert "Ä text".encode() in file.read_bytes()
    once = old_notebook.read_bytes()
    assert main(["clean", str(old_notebook)]) == 0
    assert old_notebook.read_bytes() == once


def test_clean_can_leave_other_outputs(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    output = nbformat.v4.new_output
    notebook.cells[0].outputs = [
        output("stream", text="said"),
        output("display_data", data={VIEW: {"model_id": "a"}, "image/jpeg": "abcd"}),
        output("execute_result", data={"text/plain": "1"}, execution_count=1),
    ]
    notebook.metadata["widgets"] = {STATE: {"state": {}}}
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert main(["clean", "--widgets-only", str(tmp_path / "a.ipynb")]) == 0
    after = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    assert [o.output_type for o in after.cells[0].outputs] == ["stream", "execute_result"]
    assert "widgets" not in after.metadata


def test_clearing_outputs_alone_leaves_the_state(old_notebook):
    """Why there is a command: what docs/teaching.md says of nbconvert is so."""
    command = [sys.executable, "-m", "nbconvert", "--clear-output", "--inplace"]
    subprocess.run([*command, str(old_notebook)], check=True, capture_output=True)
    assert b"secret-name" in old_notebook.read_bytes()


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"[]", b"3", b"{}", b'{"nbformat": 4, "metadata": {}}', b"[" * 10**5]
)
def test_what_is_no_notebook_stays_as_it_is(tmp_path, capsys, data):
    path = tmp_path / "a.ipynb"
    path.write_bytes(data)
    assert main(["clean", str(path)]) == 1
    assert path.read_bytes() == data
    said = capsys.readouterr().err
    assert said.startswith(f"face3d: {path} ")
    assert said.count("\n") == 1


def test_one_bad_notebook_does_not_stop_the_others(tmp_path, capsys):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "good.ipynb")
    names = [str(tmp_path / name) for name in ("none.ipynb", "good.ipynb")]
    assert main(["clean", *names]) == 1
    said = capsys.readouterr()
    assert "good.ipynb: clean" in said.out
    assert "none.ipynb could not be cleaned" in said.err


def test_an_older_format_is_said():
    with pytest.raises(NotebookError, match="open it in JupyterLab"):
        without_outputs(b'{"nbformat": 3, "metadata": {}, "worksheets": []}')
