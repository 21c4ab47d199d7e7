"""Networks on OpenVINO and PyTorch, within memory, with the same numbers."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from face3d_widgets.cli import main
from face3d_widgets.depth import (
    MODELS,
    DepthEstimator,
    ModelError,
    build_network,
    converted,
    estimator,
    load_checkpoint,
    memory,
    midas_family,
    model_state,
    runtime,
    speeds,
)
from face3d_widgets.depth.midas_preprocess import input_rule, network_input
from face3d_widgets.depth.preprocess import resize_map
from face3d_widgets.depth.shared import forget_networks
from face3d_widgets.image import read_photo_file
from face3d_widgets.types import Photo
from tests.data.midas.reference_weights import reference_input
from tests.test_networks import SMALL, golden, golden_sizes, reference_checkpoint

torch = pytest.importorskip("torch")

GIGABYTE = 10**9
BOTH = pytest.mark.parametrize("which", ["torch", "openvino"])


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with the official file of the smallest network, numbers made from names."""
    folder = tmp_path_factory.mktemp("weights")
    torch.save(reference_checkpoint(SMALL), folder / f"{SMALL}.pt")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "face3d_widgets"


@pytest.fixture(scope="module")
def reference(weights):
    """What PyTorch makes of the grey picture, straight from the network."""
    network = build_network(SMALL)
    load_checkpoint(network, reference_checkpoint(SMALL))

    def values(photo):
        seen = torch.from_numpy(network_input(photo.rgb, input_rule(SMALL)))[None]
        with torch.inference_mode():
            raw = network(seen)[0].numpy()
        return resize_map(raw, photo.height, photo.width)

    return values


def predicted(photo, weights, *choices):
    """What a program that was just started makes of a photo."""
    forget_networks()
    predictor = DepthEstimator(weights, *choices)
    predictor.set_photo(photo)
    return predictor.predict(SMALL).values, predictor


def distance(found, expected):
    """Largest difference as a share of the largest value."""
    return np.abs(found - expected).max() / np.abs(expected).max()


# --- the same numbers --------------------------------------------------------------------------


@BOTH
def test_the_command_gives_the_golden_depth(which, weights, photo, tmp_path, cache, reference):
    from PIL import Image

    Image.fromarray(photo.rgb).save(tmp_path / "anna.png")
    options = ["--model", "MiDaS_small", "--weights", str(weights), "--runtime", which]
    out = tmp_path / which
    assert main(["depth", str(tmp_path / "anna.png"), *options, "-o", str(out)]) == 0
    found = np.load(out / "anna_depth.npy")
    expected = reference(read_photo_file(tmp_path / "anna.png"))
    assert found.shape == (120, 96)
    assert distance(found, expected) < 1e-3


@BOTH
@pytest.mark.parametrize("name", [SMALL, "dpt_swin2_tiny_256", "dpt_levit_224"])
def test_a_runner_gives_the_official_numbers(which, name):
    network = build_network(name)
    load_checkpoint(network, reference_checkpoint(name))
    if which == "torch":
        run = runtime.TorchRunner(network, device="cpu")
    else:
        side = 64 if input_rule(name).keep_aspect_ratio else input_rule(name).net_size
        run = converted.OpenVinoRunner(converted.convert(network, side, side), per_size=True)
    for height, width in golden_sizes(name):
        expected = golden()[f"{name}/{height}x{width}"]
        found = run(reference_input(height, width)[0])
        assert found.dtype == np.float32
        assert distance(found[::8, ::8], expected) < 1e-3
    assert run.seconds > 0


@pytest.mark.slow
def test_a_transformer_compiled_once_takes_every_size():
    network = build_network("dpt_hybrid_384")
    load_checkpoint(network, reference_checkpoint("dpt_hybrid_384"))
    run = converted.OpenVinoRunner(converted.convert(network, 64, 64))
    for height, width in golden_sizes("dpt_hybrid_384"):
        expected = golden()[f"dpt_hybrid_384/{height}x{width}"]
        assert distance(run(reference_input(height, width)[0])[::8, ::8], expected) < 1e-3
    for height, width in [(384, 32), (32, 384)]:  # photos of a lamp post
        image = reference_input(height, width)
        with torch.inference_mode():
            expected = network(torch.from_numpy(image))[0].numpy()
        assert distance(run(image[0]), expected) < 1e-3
    run.close()
    memory.give_memory_back()


@BOTH
def test_fast_is_near_exact_and_says_what_it_computes_in(which, weights, photo, cache):
    exact, predictor = predicted(photo, weights, which, "exact")
    assert predictor.runs_on.endswith("float32")
    fast, predictor = predicted(photo, weights, which, "fast")
    if "bfloat16" not in predictor.runs_on:
        assert "float32" in predictor.runs_on
        assert distance(fast, exact) < 1e-3
    else:
        assert 0 < distance(fast, exact) < 0.2
        assert np.corrcoef(fast.ravel(), exact.ravel())[0, 1] > 0.98


def test_the_packaged_network_gives_the_same_on_both(photo, cache):
    results = {}
    for which in ("auto", "torch"):
        predictor = DepthEstimator(runtime=which)
        predictor.set_photo(photo)
        results[which] = predictor.predict()
        assert predictor.runs_on.startswith("OpenVINO" if which == "auto" else "PyTorch")
    assert distance(results["torch"].values, results["auto"].values) < 1e-3
    assert np.mean(results["torch"].subject != results["auto"].subject) < 1e-3


def test_no_session_needs_pytorch_for_the_packaged_network(cache):
    code = (
        "import sys; from face3d_widgets.depth import DepthEstimator;"
        "from face3d_widgets.samples import load_sample; estimator = DepthEstimator();"
        "estimator.set_photo(load_sample('astronaut')); estimator.predict();"
        "print('torch' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    said = [subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in "ab"]
    assert [line.strip() for line in said] == ["False", "False"]
    assert len(list((cache / "converted").glob("face_lite-*"))) == 1  # another process made it


# --- the choice --------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", [("tensorrt",), ("auto", "sloppy")])
def test_an_unknown_choice_names_the_known(choice):
    with pytest.raises(ModelError, match=r"choose one of: (auto, torch|exact, fast)"):
        DepthEstimator(None, *choice)


def test_without_openvino_auto_is_pytorch_and_openvino_is_an_error(
    weights, photo, monkeypatch, cache
):
    monkeypatch.setitem(sys.modules, "openvino", None)
    values, predictor = predicted(photo, weights, "auto")
    assert predictor.runs_on.startswith("PyTorch")
    assert values.shape == (120, 96)
    with pytest.raises(ModelError, match="pip install openvino"):
        predicted(photo, weights, "openvino")


def test_a_network_that_openvino_does_not_take_runs_in_pytorch(weights, photo, monkeypatch, cache):
    def refuse(*_):
        raise RuntimeError("no such operation")

    monkeypatch.setattr(converted, "convert", refuse)
    assert predicted(photo, weights, "auto")[1].runs_on.startswith("PyTorch")
    with pytest.raises(ModelError, match=r"no such operation.*use the runtime torch"):
        predicted(photo, weights, "openvino")


@pytest.mark.parametrize(("device", "on"), [("cuda", "torch"), ("cpu", "openvino")])
def test_a_gpu_is_preferred(device, on, monkeypatch):
    monkeypatch.setattr(runtime, "choose_device", lambda: device)
    assert runtime.pick_runtime("auto") == on
    assert runtime.pick_runtime("auto", small=True) == "openvino"
    assert runtime.pick_runtime("torch") == "torch"
    assert runtime.pick_runtime("openvino") == "openvino"


def test_a_full_gpu_is_one_sentence():
    class Full(torch.nn.Module):
        def forward(self, batch):
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(ModelError, match="choose a smaller network"):
        runtime.TorchRunner(Full(), device="cpu")(np.zeros((3, 32, 32), np.float32))


def test_openvino_is_loaded_without_the_part_that_calls_home():
    code = (
        "import sys\n"
        "from face3d_widgets.depth.openvino_import import import_openvino\n"
        "ov = import_openvino()\n"
        "assert import_openvino() is ov\n"
        "assert callable(ov.convert_model)\n"
        "assert not any(m.startswith('openvino_telemetry.') for m in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- kept conversions --------------------------------------------------------------------------


def kept(cache):
    return sorted((cache / "converted").glob(f"{SMALL}-*"))


def count_conversions(monkeypatch):
    made = []
    convert = converted.convert
    monkeypatch.setattr(converted, "convert", lambda *a: made.append(1) or convert(*a))
    return made


def test_a_conversion_is_kept_and_used_again(weights, photo, monkeypatch, cache):
    made = count_conversions(monkeypatch)
    first, _ = predicted(photo, weights, "openvino")
    assert len(kept(cache)) == len(made) == 1

    def no_pytorch(*_):
        raise AssertionError("the network was built again")

    monkeypatch.setattr(midas_family, "build_network", no_pytorch)
    second, _ = predicted(photo, weights, "openvino")
    assert np.array_equal(first, second)
    assert len(made) == 1


@pytest.mark.parametrize("harm", ["cut", "no size", "not xml"])
def test_a_damaged_conversion_is_made_again(harm, weights, photo, monkeypatch, cache):
    made = count_conversions(monkeypatch)
    first, _ = predicted(photo, weights, "openvino")
    (folder,) = kept(cache)
    if harm == "cut":
        with (folder / "network.bin").open("r+b") as file:
            file.truncate(1000)
    elif harm == "no size":
        (folder / "size").unlink()
    else:
        (folder / "network.xml").write_text("nothing")
    second, _ = predicted(photo, weights, "openvino")
    assert np.array_equal(first, second)
    assert len(made) == 2


def test_other_weights_are_another_conversion_and_the_older_goes(
    weights, photo, tmp_path, monkeypatch, cache
):
    made = count_conversions(monkeypatch)
    first, _ = predicted(photo, weights, "openvino")
    (before,) = kept(cache)
    checkpoint = reference_checkpoint(SMALL)
    checkpoint["scratch.output_conv.4.bias"] += 100
    torch.save(checkpoint, tmp_path / f"{SMALL}.pt")
    second, _ = predicted(photo, tmp_path, "openvino")
    assert second.mean() > first.mean() + 50
    assert len(made) == 2
    (after,) = kept(cache)
    assert after != before


def test_where_nothing_can_be_written_it_runs_all_the_same(weights, photo, monkeypatch, cache):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    values, _ = predicted(photo, weights, "openvino")
    assert values.shape == (120, 96)


# --- what PyTorch leaves behind ----------------------------------------------------------------

_PREDICT = """
import sys
from face3d_widgets.depth import DepthEstimator
from face3d_widgets.samples import load_sample
estimator = DepthEstimator(sys.argv[1], sys.argv[2])
for model in ("face_lite", "MiDaS_small"):
    estimator.set_photo(load_sample("astronaut"))
    values = estimator.predict(model).values
print("torch" in sys.modules, f"{values.mean():.4f}")
"""


def test_a_session_converts_and_runs_networks_without_loading_pytorch(weights, cache):
    command = [sys.executable, "-c", _PREDICT, str(weights)]
    runs = [
        subprocess.run([*command, which], capture_output=True, text=True, check=True).stdout.split()
        for which in ("openvino", "openvino", "torch")
    ]
    assert len(kept(cache)) == 1
    assert [loaded for loaded, _ in runs] == ["False", "False", "True"]
    first, again, reference = (float(mean) for _, mean in runs)
    assert first == again == pytest.approx(reference, rel=1e-3)


def test_where_no_other_process_can_start_it_is_converted_here(weights, cache):
    nowhere = f"import sys; sys.executable = '/nowhere'\n{_PREDICT}"
    command = [sys.executable, "-c", nowhere, str(weights), "openvino"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True ")
    assert len(kept(cache)) == 1


def test_nobody_converts_what_could_not_be_kept(monkeypatch, cache):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    monkeypatch.setattr(converted, "sys", SimpleNamespace(modules={}))
    monkeypatch.setattr(converted, "convert", lambda network, *size: f"{network}, made here")
    asked = []
    arguments = SMALL, "0" * 64, lambda: "a network", (64, 64)
    assert converted.make_or_find(*arguments, lambda: asked.append(1)) == "a network, made here"
    assert asked == []
    cache.unlink()
    monkeypatch.setattr(converted, "_keep", lambda *_: None)
    converted.make_or_find(*arguments, lambda: asked.append(1))
    assert asked == [1]


def test_a_conversion_that_fills_the_memory_is_said(weights, photo, monkeypatch, cache):
    monkeypatch.delitem(sys.modules, "torch")
    killed = SimpleNamespace(wait=lambda: -9)
    monkeypatch.setattr(estimator, "python_apart", lambda *_, **__: killed)
    with pytest.raises(ModelError, match="memory was full before MiDaS"):
        predicted(photo, weights, "openvino")


@pytest.mark.parametrize("has_driver", [True, False])
def test_pytorch_is_asked_for_a_gpu_only_where_there_is_a_driver(has_driver, monkeypatch):
    names, asked = [], []

    def library(name):
        names.append(name)
        if not has_driver:
            raise OSError(name)

    fake_sys = SimpleNamespace(modules={}, platform="linux")
    monkeypatch.setattr(runtime, "sys", fake_sys)
    monkeypatch.setattr(runtime, "ctypes", SimpleNamespace(CDLL=library))
    monkeypatch.setattr(runtime.os.path, "exists", lambda path: False)
    monkeypatch.setattr(runtime, "choose_device", lambda: asked.append(1) or "cuda")
    assert runtime.pick_runtime("auto") == ("torch" if has_driver else "openvino")
    assert len(asked) == has_driver
    assert names == ["libcuda.so.1"]
    fake_sys.platform = "darwin"
    assert runtime.pick_runtime("auto") == "torch"


def test_an_estimator_at_rest_keeps_one_network_and_no_photo(weights, photo, cache):
    own = Photo(photo.rgb.copy())
    values, held = predicted(own, weights, "openvino")
    runner = weakref.ref(held._network)
    gone = [weakref.ref(held._results[SMALL]), weakref.ref(own)]
    del own, values
    held.rest(SMALL)
    gc.collect()
    assert [ref() for ref in gone] == [None, None]
    assert held.runs_on
    held.rest("face_lite")
    gc.collect()
    assert runner() is None
    assert held.runs_on == ""
    held.set_photo(photo)
    assert held.predict(SMALL).values.shape == (120, 96)


# --- memory ------------------------------------------------------------------------------------


def control_groups(folder, monkeypatch, own, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "own").write_text(own)
    monkeypatch.setattr(memory, "_CGROUPS", folder)
    monkeypatch.setattr(memory, "_OWN_GROUPS", folder / "own")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=16 * GIGABYTE))


def test_a_container_of_version_2_limits_memory_on_every_level(tmp_path, monkeypatch):
    files = {
        "pod/memory.max": "4000000000\n",
        "pod/memory.current": "1000000000\n",
        "pod/memory.stat": "anon 5\ninactive_file 500000000\n",
        "pod/app/memory.max": "max\n",
        "pod/app/memory.current": "900000000\n",
    }
    control_groups(tmp_path, monkeypatch, "0::/pod/app\n", files)
    assert memory.available_memory() == 3_500_000_000


def test_a_container_of_version_1_limits_memory(tmp_path, monkeypatch):
    files = {
        "memory/memory.limit_in_bytes": "2000000000\n",
        "memory/memory.usage_in_bytes": "900000000\n",
        "memory/memory.stat": "cache 7\ntotal_inactive_file 100000000\n",
    }
    # Inside the container the group's own path is not there.
    control_groups(tmp_path, monkeypatch, "5:cpu:/x\n4:memory:/docker/abc\n0::/\n", files)
    assert memory.available_memory() == 1_200_000_000


def test_without_limits_the_machine_counts(tmp_path, monkeypatch):
    control_groups(
        tmp_path,
        monkeypatch,
        "4:memory:/\n",
        {"memory/memory.limit_in_bytes": f"{2**63 - 4096}\n", "memory/memory.usage_in_bytes": "5"},
    )
    assert memory.available_memory() == 16 * GIGABYTE


def test_what_does_not_fit_is_refused_with_what_does(weights, photo, monkeypatch, cache):
    monkeypatch.setattr(memory, "available_memory", lambda: 2 * GIGABYTE)
    best = memory.best_that_fits()
    assert best.memory < 2 * GIGABYTE
    with pytest.raises(ModelError) as caught:
        memory.check_memory("DPT_BEiT_L_512")
    assert "DPT BEiT large 512 needs about" in str(caught.value)
    assert f"use {best.title} ({best.name})" in str(caught.value)
    state = model_state("DPT_BEiT_L_512")
    assert (state.state, state.reason) == ("too big", str(caught.value))

    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    with pytest.raises(ModelError, match="close other programs"):
        predicted(photo, weights)
    assert memory.best_that_fits() is None


def test_a_refused_network_leaves_the_one_before(weights, photo, monkeypatch, cache):
    _, predictor = predicted(photo, weights, "torch")
    (weights / "dpt_large_384.pt").touch()
    try:
        monkeypatch.setattr(memory, "available_memory", lambda: 2 * GIGABYTE)
        with pytest.raises(ModelError, match="GB are free"):
            predictor.predict("dpt_large_384")
    finally:
        (weights / "dpt_large_384.pt").unlink()
    assert predictor.runs_on.startswith("PyTorch")


def test_every_network_says_what_memory_it_needs():
    for info in MODELS.values():
        assert info.size < info.memory < 6 * GIGABYTE, info.name


@BOTH
def test_switching_and_closing_free_the_network(which, weights, photo, cache):
    _, predictor = predicted(photo, weights, which)
    held = predictor._network._runner
    part = held._network if which == "torch" else held._core
    gone = weakref.ref(part)
    del held, part
    predictor.predict()  # the packaged network takes its place
    gc.collect()
    assert gone() is None
    assert predictor.runs_on.startswith("PyTorch") or which == "openvino"
    predictor.close()
    assert predictor.runs_on == ""
    assert predictor.held_memory == 0


@pytest.mark.slow
@pytest.mark.parametrize(("which", "many"), [("torch", 30), ("openvino", 100)])
def test_many_photos_take_no_more_memory_than_ten(which, many, weights, cache):
    predictor = DepthEstimator(weights, which)
    random = np.random.default_rng(3)
    process = psutil.Process()

    def run(count):
        for _ in range(count):
            height, width = random.integers(60, 400, 2)
            photo = Photo(random.integers(0, 255, (height, width, 3), np.uint8))
            predictor.set_photo(photo)
            predictor.predict(SMALL)
        memory.give_memory_back()
        return process.memory_info().rss

    after_ten = run(10)
    assert run(many - 10) - after_ten < 60 * 2**20


# --- speed -------------------------------------------------------------------------------------


def test_the_speed_is_known_after_a_run(weights, photo, cache):
    assert model_state(SMALL).seconds is None
    predicted(photo, weights, "torch")
    assert 0 < model_state("MiDaS_small").seconds < 60
    assert Path(cache / "speeds.json").is_file()


def test_the_slow_first_run_of_a_start_does_not_replace_a_known_speed(weights, photo, cache):
    speeds.record_seconds(SMALL, 0.001)
    _, predictor = predicted(photo, weights, "torch")
    assert speeds.measured_seconds(SMALL) == 0.001
    predictor.set_photo(Photo(photo.rgb.copy()))
    predictor.predict(SMALL)
    assert speeds.measured_seconds(SMALL) > 0.002


def test_a_damaged_record_of_speeds_is_no_record(cache):
    speeds.record_seconds(SMALL, 2.0)
    assert speeds.measured_seconds(SMALL) == 2.0
    speeds.record_seconds(SMALL, 2.1)
    assert speeds.measured_seconds(SMALL) == 2.0, "a tenth is noise"
    for text in ("nonsense", "[1]", '{"midas_v21_small_256": "fast"}'):
        (cache / "speeds.json").write_text(text)
        assert speeds.measured_seconds(SMALL) is None
    speeds.record_seconds(SMALL, 3.0)
    assert speeds.measured_seconds(SMALL) == 3.0
