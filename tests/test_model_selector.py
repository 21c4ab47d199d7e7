"""Choosing a network, and fetching one that is not here yet; the download is a fake."""

import asyncio
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from face3d_widgets.depth import MODELS, FetchCancelled, ModelError, WeightsError, weights
from face3d_widgets.depth.download import part_of
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.widgets import Dashboard, ModelSelector, model_fetch
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.model_fetch import ModelFetch, Pace, amount

AT_ONCE = Jobs(threaded=False)
TINY, LEVIT, LARGE = "dpt_swin2_tiny_256", "dpt_levit_224", "dpt_beit_large_512"
ONLY_LITE = MODELS["face_lite"].memory + 160_000_000  # bytes in which nothing else fits
UP_TO_TINY = MODELS[TINY].memory + 160_000_000
PATIENCE = 30  # seconds; only a broken test waits so long


class FakeFetch:
    """Brings a file in four steps; `during` is called at each, `error` raised at the last."""

    def __init__(self, folder):
        self.folder = folder
        self.names = []
        self.error = None
        self.during = lambda: None

    def __call__(self, name, progress, cancelled):
        self.names.append(name)
        size = MODELS[name].size
        target = self.folder / f"{name}.pt"
        target.parent.mkdir(parents=True, exist_ok=True)
        for quarter in range(1, 5):
            with part_of(target).open("wb") as part:
                part.truncate(size * quarter // 4)
            progress(size * quarter // 4, size if quarter > 1 else None)
            self.during()
            if cancelled():
                raise FetchCancelled(f"The download of {name} was stopped; it goes on from there.")
        if self.error is not None:
            raise self.error
        part_of(target).unlink()
        target.write_bytes(b"weights")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty cache folder on a machine with much memory."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(model_fetch, "_TELL", 0.0)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("FACE3D_WEIGHTS", "FACE3D_WEIGHTS_URL", "FACE3D_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    set_memory(monkeypatch, 64e9)
    return tmp_path / "cache"


@pytest.fixture
def fetch(folder, monkeypatch):
    fake = FakeFetch(folder)
    monkeypatch.setattr(weights, "fetch_weights", fake)
    return fake


@pytest.fixture
def models():
    return ModelSelector(jobs=AT_ONCE)


@pytest.fixture
def dashboard(estimator):
    return Dashboard(ReconstructionSession(estimator), AT_ONCE)


def set_memory(monkeypatch, n_bytes):
    monkeypatch.setattr("face3d_widgets.depth.memory.available_memory", lambda: int(n_bytes))


def put(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pt").write_bytes(b"weights")


def shown(models, name=None):
    """What the page says of a network, by default of the picked one."""
    return next(o for o in models.options if o["name"] == (name or models.picked))


def pick(models, name):
    """As the browser does."""
    models.set_state({"picked": name})


def press(models):
    """Press the button that stands there."""
    button = shown(models)["button"]
    message = {"type": button["type"], "name": button["name"]}
    models._handle_custom_msg(message, [])


# --- what is listed ----------------------------------------------------------------------------


def test_every_network_is_listed_with_its_facts(models):
    assert [option["name"] for option in models.options] == list(MODELS)
    for option in models.options:
        info, facts = MODELS[option["name"]], dict(option["facts"])
        assert option["title"] == info.title
        assert option["summary"] == info.summary
        assert facts["Year"] == str(info.year)
        assert facts["Parameters"] == f"{info.parameters / 1e6:.1f} M"
        assert facts["Licence"] == info.licence
        assert facts["Memory"].startswith("about ")
        assert facts["Memory"].endswith(("MB", "GB"))
        assert facts["Speed"] == "not measured yet"
    assert shown(models, "face_lite")["state"] == "ready"
    tiny = shown(models, TINY)
    assert tiny["state"] == "to fetch"
    assert tiny["label"] == "DPT Swin2 tiny, 172 MB"
    assert dict(tiny["facts"])["Download"] == "172 MB"


def test_states_are_those_of_this_machine(folder, monkeypatch):
    put(folder, TINY)
    set_memory(monkeypatch, MODELS[LARGE].memory)
    models = ModelSelector(jobs=AT_ONCE)
    states = {option["name"]: option["state"] for option in models.options}
    assert states["face_lite"] == states[TINY] == "ready"
    assert states[LEVIT] == "to fetch"
    assert states[LARGE] == "too big"


def test_memory_that_the_held_network_would_free_counts(monkeypatch):
    set_memory(monkeypatch, MODELS[LARGE].memory)
    held = [0]
    models = ModelSelector(jobs=AT_ONCE, held=lambda: held[0])
    assert shown(models, LARGE)["state"] == "too big"
    held[0] = 200_000_000
    models.refresh()
    assert shown(models, LARGE)["state"] == "to fetch"


def test_the_measured_speed_is_shown_after_a_run(folder, dashboard, estimator, monkeypatch):
    speeds = {}
    monkeypatch.setattr(
        "face3d_widgets.depth.states.measured_seconds", lambda name: speeds.get(name)
    )
    predict = estimator.predict

    def measured(model):
        speeds[model] = {TINY: 0.1849, "face_lite": 1.34}[model]
        return predict(model)

    estimator.predict = measured
    put(folder, TINY)
    pick(dashboard.models, TINY)
    assert ["Speed", "0.18 s on this machine"] in shown(dashboard.models)["facts"]
    pick(dashboard.models, "face_lite")
    assert ["Speed", "1.3 s on this machine"] in shown(dashboard.models)["facts"]


def test_a_setting_that_names_nothing_is_said_and_the_page_is_there(
    estimator, monkeypatch, tmp_path
):
    monkeypatch.setenv("FACE3D_WEIGHTS", str(tmp_path / "gone"))
    dashboard = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    models = dashboard.models
    pick(models, TINY)
    assert "FACE3D_WEIGHTS names" in shown(models)["note"]
    assert shown(models)["bad"]
    for _ in range(2):  # the same trouble is told again
        press(models)
        assert "FACE3D_WEIGHTS names" in models.trouble
        assert dashboard.status.text == models.trouble
        dashboard.status.ready("Something else.")
    assert (models.value, models.fetching) == ("face_lite", "")


# --- setting it from Python --------------------------------------------------------------------


def test_only_what_can_run_may_be_set(folder, models, monkeypatch):
    with pytest.raises(ModelError, match="no model called 'nothing'"):
        models.value = "nothing"
    with pytest.raises(ModelError, match=f"face3d fetch {TINY}"):
        models.value = "DPT_SwinV2_T_256"
    set_memory(monkeypatch, 1e9)
    with pytest.raises(ModelError, match=r"needs about \d\.\d GB of memory .*; use "):
        models.value = LARGE
    assert (models.value, models.picked) == ("face_lite", "face_lite")
    for name in ("nothing", TINY):
        with pytest.raises(ModelError):
            ModelSelector(jobs=AT_ONCE, value=name)
    with pytest.raises(ModelError, match="no model called 'nothing'"):
        models.picked = "nothing"


def test_what_is_set_is_picked(folder):
    put(folder, TINY)
    models = ModelSelector(jobs=AT_ONCE, value="DPT_SwinV2_T_256")
    assert (models.value, models.picked) == (TINY, TINY)
    models.value = "face_lite"
    assert models.picked == "face_lite"


def test_what_is_in_use_stays_usable_when_the_memory_is_full(models, monkeypatch):
    set_memory(monkeypatch, 0)
    models.refresh()
    assert shown(models)["state"] == "ready"
    models.value = models.value
    assert shown(models, TINY)["state"] == "too big"


# --- picking -----------------------------------------------------------------------------------


def test_a_ready_one_is_used(folder, dashboard, estimator):
    put(folder, TINY)
    pick(dashboard.models, TINY)
    assert dashboard.models.value == TINY
    assert dashboard.result.inverse_depth.model == TINY
    assert shown(dashboard.models)["note"] == ""
    assert shown(dashboard.models)["button"] is None
    assert estimator.runs == 2


def test_one_to_fetch_is_offered_and_not_fetched(dashboard, fetch, estimator):
    pick(dashboard.models, TINY)
    option = shown(dashboard.models)
    assert option["note"] == "To fetch: 172 MB from github.com."
    assert option["button"] == {"type": "fetch", "name": TINY, "label": "Fetch"}
    assert not option["bad"]
    assert (dashboard.models.value, fetch.names, estimator.runs) == ("face_lite", [], 1)
    assert dashboard.status.state == "ready"


def test_the_offer_names_the_server_that_is_set(models, monkeypatch):
    monkeypatch.setenv("FACE3D_WEIGHTS_URL", "http://weights.school.example:8000/midas")
    pick(models, TINY)
    assert shown(models)["note"] == "To fetch: 172 MB from weights.school.example."


def test_one_that_came_meanwhile_is_used(folder, models):
    put(folder, TINY)  # by another page, after this one looked
    assert shown(models, TINY)["state"] == "to fetch"
    pick(models, TINY)
    assert models.value == TINY
    assert shown(models)["state"] == "ready"


def test_one_that_is_too_big_says_why_and_what_to_use(folder, dashboard, monkeypatch):
    put(folder, TINY)
    set_memory(monkeypatch, UP_TO_TINY)
    models = dashboard.models
    pick(models, LARGE)
    option = shown(models)
    assert option["note"].startswith("DPT BEiT large 512 needs about ")
    assert " GB of memory and " in option["note"]
    assert option["note"].endswith(f"use DPT Swin2 tiny ({TINY}).")
    assert option["button"] == {"type": "use", "name": TINY, "label": "Use DPT Swin2 tiny"}
    assert (models.value, models.picked) == ("face_lite", LARGE)

    press(models)
    assert (models.value, models.picked) == (TINY, TINY)
    assert dashboard.result.inverse_depth.model == TINY


def test_what_to_use_instead_may_be_what_is_in_use(models, monkeypatch):
    set_memory(monkeypatch, ONLY_LITE)
    pick(models, LARGE)
    assert shown(models)["button"]["label"] == "Use Face Lite"
    press(models)
    assert (models.value, models.picked) == ("face_lite", "face_lite")


def test_what_to_use_instead_may_have_to_be_fetched(models, fetch, monkeypatch):
    set_memory(monkeypatch, UP_TO_TINY)
    pick(models, LARGE)
    assert shown(models)["button"]["label"] == "Choose DPT Swin2 tiny"
    press(models)
    assert (models.value, models.picked) == ("face_lite", TINY)
    assert shown(models)["button"]["label"] == "Fetch"
    assert fetch.names == []


def test_without_any_that_fits_there_is_no_button(models, monkeypatch):
    set_memory(monkeypatch, 0)
    pick(models, LARGE)
    assert shown(models)["note"].endswith("close other programs.")
    assert shown(models)["button"] is None


def test_a_browser_that_sends_nonsense_changes_nothing(models, fetch):
    for message in (
        {"type": "fetch", "name": "nothing"},
        {"type": "fetch"},
        {"type": "use", "name": ["face_lite"]},
        {"type": "dance", "name": TINY},
        {},
    ):
        models._handle_custom_msg(message, [])
    assert (models.value, models.picked, fetch.names) == ("face_lite", "face_lite", [])


# --- fetching ----------------------------------------------------------------------------------


def test_a_fetched_network_is_used_and_until_then_the_result_stays(dashboard, fetch):
    models, first, seen = dashboard.models, dashboard.result, []

    def look():
        seen.append((models.fetching, models.progress, models.progress_text))
        assert models.value == "face_lite"
        assert models.picked == TINY
        assert dashboard.result is first
        assert dashboard.status.state == "ready"
        assert shown(models)["note"] == ""
        assert shown(models)["button"] is None

    fetch.during = look
    pick(models, TINY)
    press(models)
    assert [name for name, _, _ in seen] == [TINY] * 4
    assert [share for _, share, _ in seen] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert [words for _, _, words in seen] == [
        "43 of 172 MB",
        "86 of 172 MB",
        "129 of 172 MB",
        "172 MB came; checking the file",
    ]
    assert (models.fetching, models.progress_text, models.stopping) == ("", "", False)
    assert models.value == models.picked == TINY
    assert shown(models)["state"] == "ready"
    assert dashboard.result.inverse_depth.model == TINY
    assert dashboard.status.state == "ready"
    assert "by DPT Swin2 tiny" in dashboard.status.text


def test_fetch_from_python(models, fetch):
    models.fetch("DPT_SwinV2_T_256")
    assert fetch.names == [TINY]
    assert models.value == models.picked == TINY
    models.value = "face_lite"
    models.fetch(TINY)  # it is here
    assert fetch.names == [TINY]
    assert models.value == TINY


def test_what_cannot_be_fetched(models, fetch, monkeypatch):
    with pytest.raises(ModelError, match="no model called 'nothing'"):
        models.fetch("nothing")
    set_memory(monkeypatch, 1e9)
    with pytest.raises(ModelError, match="needs about"):
        models.fetch(LARGE)
    assert fetch.names == []


def test_cancel_keeps_what_came_and_the_next_goes_on(dashboard, fetch):
    models, first = dashboard.models, dashboard.result
    says = dashboard.status.text

    def stop():
        models.set_state({"stopping": True})  # as the browser does
        assert models.stopping
        assert models.fetching == TINY

    fetch.during = stop
    pick(models, TINY)
    press(models)
    assert (models.fetching, models.stopping) == ("", False)
    assert (models.value, models.picked) == ("face_lite", TINY)
    assert shown(models)["note"] == ("To fetch: 172 MB from github.com; 43 of 172 MB are here.")
    assert shown(models)["button"]["label"] == "Go on fetching"
    assert not shown(models)["bad"]
    assert models.trouble == ""
    assert dashboard.result is first
    assert (dashboard.status.state, dashboard.status.text) == ("ready", says)

    fetch.during = lambda: None
    press(models)
    assert models.value == TINY
    assert dashboard.result.inverse_depth.model == TINY


def test_a_resumed_download_begins_where_it_ended(models, fetch, folder, monkeypatch):
    folder.mkdir()
    with part_of(folder / f"{TINY}.pt").open("wb") as part:
        part.truncate(MODELS[TINY].size // 2)
    seen = []
    monkeypatch.setattr(
        weights, "fetch_weights", lambda *_: seen.append((models.progress, models.progress_text))
    )
    models.fetch(TINY)
    assert seen == [(pytest.approx(0.5), "Asking github.com")]


def test_cancel_from_python_and_without_a_download(models, fetch):
    models.cancel()
    assert not models.stopping
    fetch.during = models.cancel
    models.fetch(TINY)
    assert (models.fetching, models.stopping, models.value) == ("", False, "face_lite")


def test_a_cancel_that_comes_too_late_leaves_it_ready_but_unused(models, monkeypatch, folder):
    def whole(name, progress, cancelled):
        models.cancel()
        put(folder, name)

    monkeypatch.setattr(weights, "fetch_weights", whole)
    models.fetch(TINY)
    assert (models.value, models.picked) == ("face_lite", TINY)
    assert shown(models)["state"] == "ready"
    assert shown(models)["button"]["label"] == "Use DPT Swin2 tiny"
    press(models)
    assert models.value == TINY


REFUSED = "The weights of dpt_swin2_tiny_256 were not fetched: github.com refused it; try another."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (WeightsError(REFUSED), REFUSED),
        (
            RuntimeError("boom"),
            "The weights of DPT Swin2 tiny were not fetched (RuntimeError: boom)",
        ),
    ],
)
def test_a_failed_download_is_said_twice_and_can_be_tried_again(dashboard, fetch, error, sentence):
    models, first = dashboard.models, dashboard.result
    fetch.error = error
    pick(models, TINY)
    for tries in (1, 2):  # the same trouble again is told again
        press(models)
        assert len(fetch.names) == tries
        assert shown(models)["note"].startswith(sentence)
        assert shown(models)["bad"]
        assert shown(models)["button"] == {"type": "fetch", "name": TINY, "label": "Try again"}
        assert dashboard.status.state == "error"
        assert dashboard.status.text == shown(models)["note"] == models.trouble
        assert (models.value, models.fetching) == ("face_lite", "")
        assert dashboard.result is first
        dashboard.status.ready("Something else.")

    fetch.error = None
    press(models)
    assert models.value == TINY
    assert dashboard.status.state == "ready"
    assert models.trouble == ""
    assert not any(option["bad"] for option in models.options)


def test_a_trouble_stays_with_its_network(dashboard, fetch):
    models = dashboard.models
    fetch.error = WeightsError(REFUSED)
    models.fetch(TINY)
    pick(models, LEVIT)
    assert shown(models)["button"]["label"] == "Fetch"
    assert models.trouble == ""
    assert dashboard.status.state == "ready"
    assert dashboard.status.text == "astronaut, 360 × 400, by Face Lite."
    pick(models, TINY)
    assert shown(models)["note"] == REFUSED


def test_trying_again_takes_the_trouble_from_the_page(dashboard, fetch):
    models, seen = dashboard.models, []
    fetch.error = WeightsError(REFUSED)
    models.fetch(TINY)
    fetch.during = lambda: seen.append((dashboard.status.state, models.trouble))
    press(models)
    assert {*seen} == {("ready", "")}
    assert dashboard.status.text == REFUSED


def test_offline_is_said_at_once(dashboard, monkeypatch):
    monkeypatch.setenv("FACE3D_OFFLINE", "1")
    pick(dashboard.models, TINY)
    press(dashboard.models)
    assert "FACE3D_OFFLINE forbids" in shown(dashboard.models)["note"]
    assert dashboard.status.text == shown(dashboard.models)["note"]
    assert dashboard.models.value == "face_lite"


def test_another_is_looked_at_meanwhile(dashboard, fetch):
    models, seen = dashboard.models, []

    def look():
        pick(models, LEVIT)
        seen.append(shown(models))
        with pytest.raises(ModelError, match="DPT Swin2 tiny is being fetched; wait for it, or"):
            models.fetch(LEVIT)
        models.fetch(TINY)  # that is under way
        pick(models, LEVIT)

    fetch.during = look
    models.fetch(TINY)
    for option in seen:
        assert "once DPT Swin2 tiny is here, or its download is cancelled" in option["note"]
        assert option["button"] is None
    assert fetch.names == [TINY]
    # It came, and is not used in the place of what is looked at now.
    assert (models.value, models.picked) == ("face_lite", LEVIT)
    assert shown(models, TINY)["state"] == "ready"
    assert shown(models)["button"]["label"] == "Fetch"
    assert dashboard.status.text == "DPT Swin2 tiny is here; pick it to use it."


def test_a_ready_one_is_used_meanwhile(dashboard, fetch, folder):
    put(folder, LEVIT)
    models = dashboard.models
    fetch.during = lambda: pick(models, LEVIT)
    models.fetch(TINY)
    assert (models.value, models.picked) == (LEVIT, LEVIT)
    assert dashboard.result.inverse_depth.model == LEVIT
    assert shown(models, TINY)["state"] == "ready"


def test_what_grew_too_big_meanwhile_is_refused(models, fetch, monkeypatch):
    fetch.during = lambda: set_memory(monkeypatch, ONLY_LITE)
    models.fetch(TINY)
    assert (models.value, models.picked) == ("face_lite", TINY)
    assert "needs about" in shown(models)["note"]


# --- a network that is here and fails ----------------------------------------------------------


@pytest.mark.parametrize("error", [ModelError("Its file is damaged."), RuntimeError("boom")])
def test_a_network_that_fails_gives_way_to_the_last_good_one(dashboard, estimator, folder, error):
    put(folder, TINY)
    models, first = dashboard.models, dashboard.result
    estimator.error = error
    pick(models, TINY)
    assert (models.value, models.picked) == ("face_lite", TINY)
    assert dashboard.result is first
    assert dashboard.status.state == "error"
    assert str(error) in dashboard.status.text
    assert shown(models)["note"] == dashboard.status.text
    assert shown(models)["button"]["label"] == "Try again"
    assert not dashboard.photo_view.pending

    estimator.error = None
    press(models)
    assert models.value == TINY
    assert dashboard.result.inverse_depth.model == TINY
    assert dashboard.status.state == "ready"


@pytest.fixture
def only_lite(estimator, monkeypatch):
    """Every other network fails."""
    predict = estimator.predict

    def choosy(model):
        if model != "face_lite":
            raise ModelError("Its file is damaged.")
        return predict(model)

    monkeypatch.setattr(estimator, "predict", choosy)


def test_going_back_to_the_last_good_one_runs_nothing_and_hides_no_sentence(
    dashboard, estimator, folder, only_lite
):
    put(folder, TINY)
    runs = estimator.runs
    pick(dashboard.models, TINY)
    assert dashboard.models.value == "face_lite"
    assert estimator.runs == runs
    assert (dashboard.status.state, dashboard.status.text) == ("error", "Its file is damaged.")


def test_a_photo_chosen_meanwhile_is_not_lost_with_the_network(dashboard, folder, photo, only_lite):
    put(folder, TINY)
    with dashboard.upload.hold_trait_notifications():
        dashboard.upload.photo = photo
        dashboard.models.value = TINY
    assert dashboard.result.photo is photo
    assert dashboard.result.inverse_depth.model == dashboard.models.value == "face_lite"
    assert shown(dashboard.models, TINY)["note"] == "Its file is damaged."


def test_the_last_good_one_is_gone_back_to_however_full_the_memory_is(
    dashboard, estimator, folder, monkeypatch
):
    put(folder, TINY)

    def full(model):
        set_memory(monkeypatch, 0)
        raise ModelError("The memory was full.")

    estimator.predict = full
    pick(dashboard.models, TINY)
    assert dashboard.models.value == "face_lite"
    assert dashboard.status.text == "The memory was full."


# --- beside the page ---------------------------------------------------------------------------


class SlowFetch:
    """A download that waits until it is let go or cancelled."""

    def __init__(self, folder):
        self.folder = folder
        self.begun, self.released = threading.Event(), threading.Event()
        self.ended = threading.Event()

    def __call__(self, name, progress, cancelled):
        try:
            progress(MODELS[name].size // 3, None)
            self.begun.set()
            until = time.monotonic() + PATIENCE
            while not self.released.wait(0.01):
                if cancelled():
                    raise FetchCancelled("It was stopped.")
                assert time.monotonic() < until
            put(self.folder, name)
        finally:
            self.ended.set()


@pytest.fixture
def slow(folder, monkeypatch):
    fake = SlowFetch(folder)
    monkeypatch.setattr(weights, "fetch_weights", fake)
    return fake


def on_a_loop(scenario, estimator):
    """Run `await scenario(dashboard, until)` with worker threads, as in a kernel."""

    async def main():
        dashboard = Dashboard(ReconstructionSession(estimator))

        async def until(condition):
            while not condition():
                await asyncio.sleep(0.005)

        try:
            await asyncio.wait_for(scenario(dashboard, until), PATIENCE)
        finally:
            dashboard.close()

    asyncio.run(main())


def test_another_photo_is_estimated_during_a_download(estimator, slow, photo):
    async def scenario(dashboard, until):
        await until(lambda: dashboard.status.state == "ready")
        dashboard.models.fetch(TINY)
        await until(lambda: dashboard.models.progress > 0.3)
        dashboard.upload.photo = photo
        await until(lambda: dashboard.result.photo is photo)
        assert dashboard.result.inverse_depth.model == "face_lite"
        assert dashboard.models.fetching == TINY
        slow.released.set()
        await until(lambda: dashboard.result.inverse_depth.model == TINY)
        assert dashboard.result.photo is photo
        assert dashboard.models.fetching == ""

    on_a_loop(scenario, estimator)


def test_cancel_is_shown_at_once_and_ends_the_download(estimator, slow):
    async def scenario(dashboard, until):
        dashboard.models.fetch(TINY)
        await until(slow.begun.is_set)
        dashboard.models.cancel()
        assert dashboard.models.stopping
        assert dashboard.models.fetching == TINY
        await until(lambda: dashboard.models.fetching == "")
        assert not dashboard.models.stopping
        assert slow.ended.is_set()

    on_a_loop(scenario, estimator)


@pytest.mark.parametrize("what", ["page", "selector", "jobs"])
def test_closing_ends_the_download(estimator, slow, what):
    async def scenario(dashboard, until):
        dashboard.models.fetch(TINY)
        await until(slow.begun.is_set)
        {"page": dashboard, "selector": dashboard.models, "jobs": dashboard.jobs}[what].close()
        await until(slow.ended.is_set)

    on_a_loop(scenario, estimator)


def test_a_page_ends_its_download_and_not_the_jobs_of_others(estimator, slow):
    async def main():
        jobs = Jobs()
        dashboard = Dashboard(ReconstructionSession(estimator), jobs)
        dashboard.models.fetch(TINY)
        await asyncio.to_thread(slow.begun.wait, PATIENCE)
        dashboard.close()
        assert await asyncio.to_thread(slow.ended.wait, PATIENCE / 3)
        assert not jobs.closed
        jobs.close()

    asyncio.run(main())


def test_a_download_that_outlives_its_loop_ends_quietly(slow, monkeypatch):
    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)

    async def main():
        jobs = Jobs()
        ModelSelector(jobs=jobs).fetch(TINY)
        await asyncio.to_thread(slow.begun.wait, PATIENCE)
        return jobs

    jobs = asyncio.run(main())
    jobs.close()
    assert slow.ended.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name.startswith("face3d-fetch"):
            thread.join(PATIENCE)
    assert failures == []


def test_the_end_of_the_program_does_not_wait_for_a_download():
    code = """
import asyncio, threading
from face3d_widgets.depth import weights
from face3d_widgets.widgets import ModelSelector

begun = threading.Event()

def deaf(name, progress, cancelled):
    begun.set()
    threading.Event().wait(60)  # a server that is silent, up to the timeout

weights.fetch_weights = deaf

async def main():
    ModelSelector().fetch("dpt_swin2_tiny_256")
    await asyncio.to_thread(begun.wait, 30)

asyncio.run(main())
print("end")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=45)
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)


# --- the words for a download ------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(model_fetch.time, "monotonic", lambda: Clock.now)
    return Clock


def test_speed_and_time_left_are_those_of_the_last_seconds(clock):
    pace, words = Pace(), []
    for second, done in enumerate([40, 40.5, 44, 48, 52, 56, 60, 64, 66, 68, 70, 72, 74, 76]):
        clock.now = 100.0 + second
        words.append(pace.words(round(done * 1e6), 172_000_000))
    assert words[0] == "40 of 172 MB"
    assert words[1] == "40 of 172 MB, 0.5 MB/s, about 4 min left"
    assert words[7] == "64 of 172 MB, 3.9 MB/s, about 30 s left"  # the slow start is forgotten
    assert words[-1] == "76 of 172 MB, 2.0 MB/s, about 50 s left"
    assert pace.words(172_000_000, 172_000_000) == "172 MB came; checking the file"


def test_a_resumed_part_is_no_speed(clock):
    pace = Pace()
    pace.words(100_000_000, 172_000_000)
    clock.now += 2
    assert pace.words(104_000_000, 172_000_000) == "104 of 172 MB, 2.0 MB/s, about 35 s left"
    clock.now += 2  # the server began anew
    assert pace.words(1_000_000, 172_000_000) == "1 of 172 MB"
    clock.now += 2
    assert pace.words(21_000_000, 172_000_000) == "21 of 172 MB, 10 MB/s, about 15 s left"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (4, "a few seconds left"),
        (58, "about 60 s left"),
        (61, "about 1 min left"),
        (150, "about 2 min left"),
        (7300, "about 2 h left"),
    ],
)
def test_time_left_in_words(clock, left, words):
    pace = Pace()
    pace.words(0, 1000 + 1000 * left)
    clock.now += 1
    assert pace.words(1000, 1000 + 1000 * left).endswith(words)


def test_amounts_have_one_unit():
    assert amount(0, 172_200_000) == "0 of 172 MB"
    assert amount(34_600_000, 172_200_000) == "35 of 172 MB"
    assert amount(340_000_000, 1_376_378_527) == "0.34 of 1.38 GB"


def test_reports_are_few(monkeypatch):
    monkeypatch.setattr(model_fetch, "_TELL", 60.0)
    size = MODELS[TINY].size

    def quick(name, progress, cancelled):
        for i in range(1000):
            progress(i, size)
        progress(size, size)

    monkeypatch.setattr(weights, "fetch_weights", quick)
    told, ended = [], []
    fetch = ModelFetch(AT_ONCE, lambda *words: told.append(words), lambda *end: ended.append(end))
    fetch.start(TINY)
    assert [share for share, _ in told] == [0.0, 1.0]
    assert ended == [(TINY, None)]
    assert fetch.name == ""


def test_one_download_at_a_time(monkeypatch):
    caught = []

    def again(name, progress, cancelled):
        with pytest.raises(RuntimeError, match="one download at a time") as error:
            fetch.start(LEVIT)
        caught.append(error)

    monkeypatch.setattr(weights, "fetch_weights", again)
    fetch = ModelFetch(AT_ONCE, print, lambda *_: None)
    fetch.start(TINY)
    assert caught


def test_numbers_stay_numbers(models):
    assert np.isscalar(models.progress)
    assert len(str(models.options)) < 12_000  # sent whole with every change
