"""One network for a process, whatever is made anew."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from face3d_widgets.depth import DepthEstimator, face_lite_family, memory, midas_family
from face3d_widgets.depth import estimator as estimator_module
from face3d_widgets.types import Photo

PHOTO = Photo(np.full((40, 30, 3), 90, np.uint8))


class Runner:
    """A network that says that everybody is there."""

    description, seconds = "a stand-in", 0.0

    def __init__(self, made):
        made.add(self)
        self.running = self.most = 0
        self.closed = False

    def __call__(self, picture):
        self.running += 1
        self.most = max(self.most, self.running)
        time.sleep(0.02)
        self.running -= 1
        return np.stack([picture[0], picture[0] + 4, picture[0] - 9])

    def close(self):
        self.closed = True


@pytest.fixture
def made(monkeypatch):
    """The networks that are in memory."""
    made = weakref.WeakSet()
    monkeypatch.setattr(face_lite_family, "load", lambda spec, path: None)
    monkeypatch.setattr(estimator_module, "_torch_runner", lambda *_: Runner(made))
    return made


def estimator(**options):
    made = DepthEstimator(runtime="torch", **options)
    made.set_photo(PHOTO)
    made.predict()
    return made


def test_estimators_of_the_same_network_have_one_together(made):
    several = [estimator() for _ in range(3)]
    assert len(made) == 1
    assert [one.held_memory for one in several] == [0, 0, 0]  # none could free it alone
    assert all(one.runs_on == "a stand-in" for one in several)
    del several[:2]
    gc.collect()
    assert several[0].held_memory > 0


def test_what_is_made_anew_gets_the_network_of_what_is_gone(made):
    first = weakref.ref(estimator())
    gc.collect()
    assert first() is None
    [network] = made
    estimator()
    assert [*made] == [network]


def test_other_settings_are_another_network_and_the_idle_one_goes(made):
    estimator()
    [first] = made
    kept = estimator(precision="fast")
    assert first.closed
    del first
    gc.collect()
    assert len(made) == 1
    assert kept.runs_on


def test_closing_frees_it_only_with_the_last_one(made):
    one, other = estimator(), estimator()
    one.close()
    one.close()
    assert len(made) == 1
    other.close()
    assert len(made) == 0
    assert (one.runs_on, other.runs_on, other.held_memory) == ("", "", 0)


def test_one_that_changes_its_network_leaves_the_other_to_those_who_have_it(made, monkeypatch):
    monkeypatch.setattr(DepthEstimator, "_weights_of", lambda self, info: None)
    monkeypatch.setattr(midas_family, "checksum", lambda spec, path: "")
    monkeypatch.setattr(midas_family, "load", lambda spec, path: None)
    one, other = estimator(), estimator()
    one.warm_up("midas_v21_384")
    assert len(made) == 2
    del other
    gc.collect()
    assert len(made) == 1


def test_a_loaded_network_costs_no_memory_anew(made, monkeypatch):
    kept = estimator()
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    assert estimator().runs_on == kept.runs_on


def test_two_threads_do_not_run_one_network_at_once(made):
    several = [estimator() for _ in range(3)]
    [network] = made

    def run(one):
        one.set_photo(Photo(PHOTO.rgb.copy()))
        one.predict()

    threads = [threading.Thread(target=run, args=(one,)) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert network.most == 1


def test_two_threads_that_begin_at_once_load_one_network(made, monkeypatch):
    def slow(*_):
        time.sleep(0.1)
        return Runner(made)

    monkeypatch.setattr(estimator_module, "_torch_runner", slow)
    several = [DepthEstimator(runtime="torch") for _ in range(3)]
    threads = [threading.Thread(target=one.warm_up) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
