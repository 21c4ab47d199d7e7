"""The table of networks, sizes, the shipped network, and the estimator that runs it."""

import math
import sys
from importlib.resources import files

import numpy as np
import pytest

from face3d_widgets.depth import (
    DEFAULT_MODEL,
    MODELS,
    NETWORK_NAMES,
    DepthEstimator,
    ModelError,
    build_network,
    face_lite_family,
    load_checkpoint,
    model_info,
    ready_models,
)
from face3d_widgets.depth.midas_preprocess import input_rule, network_input
from face3d_widgets.depth.preprocess import (
    enlarge_with_outline,
    input_size,
    pad_to_multiple,
    resize_map,
    resize_to_input,
)
from face3d_widgets.depth.releases import CHECKPOINTS
from face3d_widgets.types import Photo

# What face_lite says of the drawn portrait; to be recorded anew with new weights.
MEAN, STD = -1.761, 1.934
GRID = [
    [-3.490, -3.490, -3.490, -3.490],
    [-3.490, 0.680, 0.624, -3.490],
    [-3.492, 0.520, 0.314, -3.490],
    [0.185, 0.470, 0.422, -0.090],
]


@pytest.fixture(scope="session")
def real_estimator():
    return DepthEstimator()


# --- the zoo -----------------------------------------------------------------------------------


def test_the_zoo_is_in_order():
    assert DEFAULT_MODEL in MODELS
    for name, info in MODELS.items():
        assert info.name == name
        assert info.summary.endswith(".")
        assert info.licence
        assert info.input_side % 32 == 0
        assert 2020 <= info.year <= 2026
    assert set(MODELS) == {DEFAULT_MODEL, *NETWORK_NAMES}
    assert {n: CHECKPOINTS[n].size for n in NETWORK_NAMES} == {
        n: MODELS[n].size for n in NETWORK_NAMES
    }


def test_a_name_from_pytorch_hub_will_do():
    assert model_info("DPT_Hybrid") is MODELS["dpt_hybrid_384"]


def test_an_unknown_model_is_one_sentence_that_names_the_known():
    with pytest.raises(ModelError) as caught:
        model_info("midas_v9")
    text = str(caught.value)
    assert "'midas_v9'" in text
    assert all(name in text for name in MODELS)
    assert text.endswith(".")
    assert "\n" not in text


def test_the_zoo_cannot_be_changed():
    with pytest.raises(TypeError):
        MODELS["mine"] = MODELS[DEFAULT_MODEL]


# --- sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("photo", "network"),
    [
        ((400, 400), (192, 192)),
        ((400, 300), (192, 144)),  # a phone's photo keeps its shape
        ((300, 400), (144, 192)),
        ((1280, 160), (192, 24)),
        ((16, 128), (24, 192)),
    ],
)
def test_input_size(photo, network):
    assert input_size(*photo, 192) == network


@pytest.mark.parametrize("size", [(192, 192), (192, 144), (33, 192), (1, 31)])
def test_padding_continues_the_edges_and_remembers_the_picture(size):
    picture = np.random.default_rng(0).random((3, *size), np.float32)
    padded, inside = pad_to_multiple(picture)
    assert all(n % 32 == 0 and 0 <= n - m < 32 for n, m in zip(padded.shape[1:], size, strict=True))
    np.testing.assert_array_equal(padded[:, *inside], picture)
    np.testing.assert_array_equal(padded[:, 0, inside[1]], picture[:, 0])
    np.testing.assert_array_equal(padded[:, inside[0], -1], picture[:, :, -1])


def test_resize_to_input_averages_areas():
    rgb = np.zeros((64, 128, 3), np.uint8)
    rgb[:, ::2] = 255  # stripes, finer than the result can show
    batch = resize_to_input(rgb, (32, 64))
    assert batch.shape == (3, 32, 64)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, 0.5, atol=0.003)


SLOPE = np.tile(np.linspace(0, 0.5, 32, dtype=np.float32), (32, 1))


def test_resize_map():
    large = resize_map(SLOPE, 100, 200)
    assert large.shape == (100, 200)
    assert large.dtype == np.float32
    np.testing.assert_allclose(large, large[:1].repeat(100, 0), atol=1e-6)
    np.testing.assert_allclose(large[0, [20, 180]], [0.044, 0.456], atol=0.01)


def test_an_enlarged_slope_has_no_terraces():
    steps = np.diff(resize_map(SLOPE, 100, 200)[50, 20:180])
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.05)


# --- a clean outline ---------------------------------------------------------------------------


THRESHOLDS = (-1.75, -1.2)


def blurred_disc(side=48, radius=14):
    """Inverse depth as a network draws it: its edge is a ramp a few cells wide."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    ramp = np.clip((radius - np.hypot(x, y)) / 2 + 0.5, 0, 1)
    return (-3.5 + 4 * ramp).astype(np.float32)


@pytest.mark.parametrize("size", [(192, 192), (400, 300), (48, 48), (31, 50)])
def test_nothing_lies_between_subject_and_background(size):
    values, subject = enlarge_with_outline(blurred_disc(), THRESHOLDS, *size)
    assert values.shape == subject.shape == size
    assert values.dtype == np.float32
    front = values > -1.5
    np.testing.assert_allclose(values[front], 0.5, atol=0.05)
    np.testing.assert_allclose(values[~front], -3.5, atol=0.05)
    # The subject is the front but for a rim of about a cell that is not sure.
    assert (front >= subject).all()
    assert front.mean() == pytest.approx(math.pi * 14**2 / 48**2, rel=0.06)
    assert 0.7 * front.sum() < subject.sum() < front.sum()


@pytest.mark.parametrize(("level", "share"), [(0.5, 1), (-3.5, 0)])
def test_all_subject_or_none(level, share):
    values, subject = enlarge_with_outline(SLOPE + np.float32(level), THRESHOLDS, 80, 60)
    assert subject.mean() == share
    np.testing.assert_array_equal(values, resize_map(SLOPE + np.float32(level), 80, 60))


def test_a_subject_too_thin_for_a_margin_is_still_there():
    thin = np.full((32, 32), -3.5, np.float32)
    thin[8:24, 15:17] = 0.5
    values, subject = enlarge_with_outline(thin, THRESHOLDS, 64, 64)
    assert np.isfinite(values).all()
    assert 0.01 < subject.mean() < 0.1


def test_small_regions_beside_the_subject_are_background():
    values = blurred_disc()
    values[2:6, 2:6] = 0.5
    _, subject = enlarge_with_outline(values, THRESHOLDS, 192, 192)
    assert subject[96, 96]
    assert not subject[:32, :32].any()
    values[2:30, 2:9] = 0.5  # large enough for a second person
    _, subject = enlarge_with_outline(values, THRESHOLDS, 192, 192)
    assert subject[20:100, 14:30].all()


def test_the_outline_is_where_the_presence_says():
    # The values know nothing of an edge; the presence does.
    flat = np.full((48, 48), 0.5, np.float32)
    values, subject = enlarge_with_outline(flat, (0.0, 1.1), 192, 192, blurred_disc() + 1.5)
    np.testing.assert_allclose(values, 0.5, atol=1e-5)
    expected = math.pi * 14**2 / 48**2
    assert 0.7 * expected < subject.mean() < expected
    assert subject[96, 96]
    assert not subject[:20].any()


# --- the network that ships --------------------------------------------------------------------


def test_face_lite_is_what_the_zoo_says():
    from face3d_widgets.depth.models.face_lite import load_face_lite

    network = load_face_lite()
    info = MODELS["face_lite"]
    assert sum(p.numel() for p in network.parameters()) == info.parameters
    weights = files("face3d_widgets.depth") / "data" / "face_lite.safetensors"
    assert len(weights.read_bytes()) == info.size
    assert not network.training


def test_face_lite_says_today_what_it_said_when_it_was_packed(photo, inverse_depth, real_estimator):
    real_estimator.set_photo(photo)
    found = real_estimator.predict("face_lite")
    values, subject = found.values, found.subject
    assert values.mean() == pytest.approx(MEAN, abs=0.01)
    assert values.std() == pytest.approx(STD, abs=0.01)
    np.testing.assert_allclose(values[15::30, 12::24], GRID, atol=0.03)
    # What was drawn is found.
    both = (subject & inverse_depth.subject).sum() / (subject | inverse_depth.subject).sum()
    assert both > 0.9


def test_the_astronaut_stands_before_the_background(astronaut, real_estimator):
    real_estimator.set_photo(astronaut)
    found = real_estimator.predict()
    assert (found.model, found.relief_unit) == ("face_lite", 0.1)
    assert found.values.shape == found.subject.shape == astronaut.rgb.shape[:2]
    assert found.values.dtype == np.float32
    assert 0.4 < found.subject.mean() < 0.8
    assert found.subject[60:140, 150:210].all()  # the face
    assert not found.subject[:160, :90].any()
    assert np.median(found.values[~found.subject]) == pytest.approx(-3.5, abs=0.1)
    # The nose is nearer than the hair beside it.
    assert found.values[110:150, 170:200].max() > found.values[60:120, 118:128].max() + 0.3


# --- the estimator -----------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """An estimator whose network is a grey picture; and how often it was built and run."""
    import torch

    count = {"built": 0, "run": 0}

    class Grey(torch.nn.Module):
        def forward(self, batch):
            count["run"] += 1
            assert batch.shape[0] == 1
            # Relief, and that everybody is surely there.
            grey = batch.mean(dim=1)
            return torch.stack([grey, grey * 0 + 4, grey * 0 + 4], dim=1)

    def build(spec, path):
        count["built"] += 1
        return Grey()

    monkeypatch.setattr(face_lite_family, "load", build)
    assert torch.is_grad_enabled()
    # Not through OpenVINO, which would keep the grey picture for the next test.
    return DepthEstimator(runtime="torch"), count


def grey(level, size=(40, 30)):
    return Photo(np.full((*size, 3), level, np.uint8))


def test_a_photo_runs_once_and_the_network_is_built_once(counted):
    predictor, count = counted
    first, second = grey(100), grey(200)
    predictor.set_photo(first)
    assert count == {"built": 0, "run": 0}
    kept = predictor.predict()
    predictor.set_photo(first)
    assert predictor.predict() is kept
    assert count == {"built": 1, "run": 1}

    predictor.set_photo(second)
    assert predictor.predict().values.mean() == pytest.approx(200 / 255, abs=0.01)
    assert kept.values.mean() == pytest.approx(100 / 255, abs=0.01)
    predictor.set_photo(first)
    assert predictor.predict() is not kept  # one photo at a time
    assert count == {"built": 1, "run": 3}


def test_warm_up_builds_and_runs_nothing(counted):
    predictor, count = counted
    predictor.warm_up()
    predictor.set_photo(grey(5))
    predictor.predict()
    assert count == {"built": 1, "run": 1}


def test_a_photo_comes_first():
    with pytest.raises(ValueError, match="set_photo"):
        DepthEstimator().predict()


def test_an_unknown_model_leaves_the_rest_as_it_was(counted):
    predictor, count = counted
    predictor.set_photo(grey(5))
    kept = predictor.predict()
    for call in (predictor.predict, predictor.warm_up):
        with pytest.raises(ModelError, match="no model"):
            call("nothing")
    assert predictor.predict() is kept
    assert count["built"] == 1


def test_after_a_network_failed_it_may_be_tried_again(counted, monkeypatch):
    predictor, _ = counted
    build = face_lite_family.load

    def fail(spec, path):
        raise MemoryError

    monkeypatch.setattr(face_lite_family, "load", fail)
    predictor.set_photo(grey(5))
    with pytest.raises(ModelError, match="close other programs"):
        predictor.predict()
    monkeypatch.setattr(face_lite_family, "load", build)
    assert predictor.predict().values.shape == (40, 30)


def test_without_torch_the_person_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing is converted yet
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "face3d_widgets.depth.models.face_lite", raising=False)
    predictor = DepthEstimator()
    predictor.set_photo(grey(5))
    with pytest.raises(ModelError, match="PyTorch"):
        predictor.predict()


# --- official weights --------------------------------------------------------------------------


def test_official_weights_in_a_file_give_what_the_network_gives(photo, tmp_path):
    import torch

    from tests.test_networks import SMALL, reference_checkpoint

    file = tmp_path / f"{SMALL}.pt"
    torch.save(reference_checkpoint(SMALL), file)
    predictor = DepthEstimator(weights=file)
    predictor.set_photo(photo)
    found = predictor.predict("MiDaS_small")
    assert (found.model, found.subject, found.relief_unit) == (SMALL, None, None)
    assert found.values.shape == photo.rgb.shape[:2]

    network = build_network(SMALL)
    load_checkpoint(network, reference_checkpoint(SMALL))
    seen = torch.from_numpy(network_input(photo.rgb, input_rule(SMALL)))[None]
    with torch.inference_mode():
        expected = network(seen)[0].numpy()
    np.testing.assert_allclose(
        found.values, resize_map(expected, photo.height, photo.width), rtol=1e-4, atol=1e-3
    )


def test_weights_that_are_not_there_are_told_with_the_way_to_get_them(photo, tmp_path, monkeypatch):
    monkeypatch.delenv("FACE3D_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("face3d_widgets.depth.weights.cache_folder", lambda: tmp_path)
    predictor = DepthEstimator()
    predictor.set_photo(photo)
    with pytest.raises(ModelError, match="face3d fetch dpt_large_384"):
        predictor.predict("DPT_Large")
    assert [info.name for info in ready_models()] == [DEFAULT_MODEL]
