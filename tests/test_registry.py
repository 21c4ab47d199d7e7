"""One row more makes a network known everywhere."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from face3d_widgets.cli import main
from face3d_widgets.depth import MODELS, DepthEstimator, ModelError, converted, model_info
from face3d_widgets.depth.memory import best_that_fits
from face3d_widgets.depth.registry import ModelSpec, best_first, registered
from face3d_widgets.samples import sample_bytes
from face3d_widgets.types import InverseDepth
from face3d_widgets.widgets import ModelSelector
from face3d_widgets.widgets.compare_bar import CompareBar
from face3d_widgets.widgets.jobs import Jobs


@pytest.fixture
def toy():
    """A network that takes red for near; there is nothing to load."""

    def predict(spec, run, photo):
        values = photo.rgb[..., 0].astype(np.float32)
        return InverseDepth(values, None, spec.name, spec.relief_unit)

    spec = ModelSpec(
        *("red", "Red is near", 2026, "Takes what is red for near."),
        **{"parameters": 1, "size": 4, "licence": "MIT", "memory": 1, "input_side": 32},
        family=SimpleNamespace(predict=predict),
        rank=-1,
        runs_network=False,
    )
    with registered(spec):
        yield spec
    assert spec.name not in MODELS


def test_it_is_run(toy, photo):
    estimator = DepthEstimator()
    estimator.set_photo(photo)
    estimator.warm_up("red")
    np.testing.assert_array_equal(estimator.predict("red").values, photo.rgb[..., 0])
    assert estimator.predict("Red").model == "red"
    assert estimator.uncertainty("red").shape == photo.rgb.shape[:2]
    assert estimator.runs_on == ""


def test_it_is_offered_on_the_page(toy):
    selector = ModelSelector()
    assert "Red is near" in json.dumps(selector.options)
    selector.value = "red"
    bar = CompareBar(Jobs(threaded=False))
    bar.begin("red")
    assert "Red is near" in json.dumps(bar.options)
    assert "red" in bar.places


def test_it_is_known_to_the_terminal(toy, tmp_path, capsys):
    assert main(["models"]) == 0
    assert "red" in capsys.readouterr().out.split()
    photo = tmp_path / "astronaut.jpg"
    photo.write_bytes(sample_bytes("astronaut"))
    assert main(["depth", str(photo), "--model", "red", "-o", str(tmp_path / "out")]) == 0
    assert list((tmp_path / "out").iterdir())
    assert main(["fetch", "red"]) == 0


def test_the_best_that_fits_follows_the_ranks(toy):
    assert best_first()[0] is toy
    assert best_that_fits() is toy


def test_a_name_stands_for_one_network(toy):
    with pytest.raises(ModelError, match="already"), registered(toy):
        pass
    assert model_info("red") is toy


def test_another_row_makes_another_conversion(monkeypatch):
    name = "dpt_beit_large_512"
    key = converted._key(name, "0" * 64)
    assert converted._key(name, "0" * 64) == key
    for change in ({"builder": "builders:swin"}, {"builder_options": {"side": 24}}):
        changed = dataclasses.replace(MODELS[name], **change)
        monkeypatch.setattr(converted, "MODELS", {name: changed})
        assert converted._key(name, "0" * 64) != key
        monkeypatch.undo()


def test_a_row_is_whole():
    names = [spec.hub_name for spec in MODELS.values() if spec.hub_name]
    assert len(set(names)) == len(names)
    assert sorted(spec.rank for spec in MODELS.values()) == list(range(len(MODELS)))
    for spec in MODELS.values():
        family = spec.the_family()
        assert all(hasattr(family, part) for part in ("checksum", "load", "predict"))
        assert (spec.mark is None) == (spec.key_map == "") == (spec.builder == "")
        side, other = spec.traced_size
        assert side == other
