"""The twelve MiDaS networks: the official tensors, the official numbers, plain words.

`data/midas/` holds facts recorded from the official code: every checkpoint's entries,
and outputs for weights that are made from the entries' names. Only three networks
are quick; the others take up to a minute and 3.5 GB each and are marked slow.
"""

import gzip
import json
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import pytest

from face3d_widgets.depth import (
    ALIASES,
    NETWORK_NAMES,
    ModelError,
    build_network,
    canonical_name,
    load_checkpoint,
)
from face3d_widgets.depth.memory import available_memory, give_memory_back
from face3d_widgets.depth.midas_preprocess import (
    INPUT_RULES,
    input_rule,
    network_input,
    network_input_size,
)

torch = pytest.importorskip("torch")

from face3d_widgets.depth.models.checkpoint import CheckpointError, recognise  # noqa: E402
from tests.data.midas.reference_weights import (  # noqa: E402
    KEPT_AS_BUILT,
    reference_input,
    reference_tensor,
)

DATA = Path(__file__).parent / "data" / "midas"
QUICK = ("midas_v21_small_256", "dpt_levit_224", "dpt_swin2_tiny_256")
SMALL = "midas_v21_small_256"


@cache
def manifest():
    return json.loads(gzip.decompress((DATA / "checkpoint_manifest.json.gz").read_bytes()))


@cache
def golden():
    with np.load(DATA / "golden_outputs.npz") as file:
        return dict(file)


def golden_sizes(name):
    keys = (key.split("/") for key in golden())
    return [tuple(map(int, key[1].split("x"))) for key in keys if key[0] == name and len(key) == 2]


def shapes_only(name):
    """An official checkpoint's entries without numbers."""
    return {
        key: torch.empty(shape, dtype=getattr(torch, dtype), device="meta")
        for key, shape, dtype in manifest()[name]
    }


def reference_checkpoint(name):
    """An official checkpoint's entries with the numbers made from their names."""

    def entry(key, shape, dtype):
        if key.rpartition(".")[2] in KEPT_AS_BUILT:
            return torch.zeros(shape, dtype=getattr(torch, dtype))
        return torch.from_numpy(np.asarray(reference_tensor(key, tuple(shape)), np.float32))

    return {key: entry(key, shape, dtype) for key, shape, dtype in manifest()[name]}


def outline_of(name):
    """A network that takes no memory and cannot run."""
    with torch.device("meta"):
        return build_network(name)


def run(network, image):
    with torch.inference_mode():
        return network(torch.from_numpy(image)).numpy()


# --- the official numbers ----------------------------------------------------------------------


@pytest.fixture(
    scope="module",
    params=[n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NETWORK_NAMES],
)
def loaded(request):
    """Each network in turn, with the reference numbers; one in memory at a time."""
    name = request.param
    numbers = sum(int(np.prod(shape)) for _, shape, _ in manifest()[name])
    needed = 8 * numbers + 600 * 2**20  # the weights, room to make them, and the run
    if available_memory() < needed:
        pytest.skip(
            f"{name} needs about {needed / 1e9:.1f} GB of memory and "
            f"{available_memory() / 1e9:.1f} GB are free"
        )
    network = build_network(name)
    load_checkpoint(network, reference_checkpoint(name))
    yield network
    network.to("meta")  # pytest holds on to it for a while, and need not hold the weights
    give_memory_back()


def test_it_computes_what_the_official_network_computes(loaded):
    sizes = golden_sizes(loaded.name)
    assert sizes
    for height, width in sizes:
        expected = golden()[f"{loaded.name}/{height}x{width}"]
        mean, std, low, high = golden()[f"{loaded.name}/{height}x{width}/stats"]
        inverse_depth = run(loaded, reference_input(height, width))
        assert inverse_depth.shape == (1, height, width)
        assert inverse_depth.dtype == np.float32
        within = 1e-3 * expected.max()
        np.testing.assert_allclose(inverse_depth[0, ::8, ::8], expected, rtol=0, atol=within)
        found = [f(inverse_depth) for f in (np.mean, np.std, np.min, np.max)]
        np.testing.assert_allclose(found, [mean, std, low, high], rtol=0, atol=within)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_its_trace_computes_the_same_at_other_sizes_too(loaded):
    if input_rule(loaded.name).keep_aspect_ratio:
        traced_at, sizes = (64, 64), [(64, 64), (96, 160)]
    elif loaded.name in QUICK:
        traced_at = (input_rule(loaded.name).net_size,) * 2
        sizes = [traced_at]
    else:
        pytest.skip("the same code as dpt_swin2_tiny_256, at many times the cost")
    with torch.no_grad():
        traced = torch.jit.trace(
            loaded, torch.from_numpy(reference_input(*traced_at)), check_trace=False
        )
    for size in sizes:
        image = reference_input(*size, seed=8)
        expected = run(loaded, image)
        np.testing.assert_allclose(run(traced, image), expected, rtol=0, atol=1e-5 * expected.max())


# --- names and building ------------------------------------------------------------------------


def test_the_twelve_released_networks_are_there():
    assert set(NETWORK_NAMES) == manifest().keys() == INPUT_RULES.keys()
    assert set(ALIASES.values()) == set(NETWORK_NAMES)


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_a_name_from_pytorch_hub_is_an_alias(alias, name):
    assert canonical_name(alias) == canonical_name(alias.lower()) == name
    assert canonical_name(name) == name


def test_a_network_can_be_built_by_its_alias():
    assert outline_of("MiDaS_small").name == SMALL


def test_an_unknown_network_is_one_sentence_that_names_the_known():
    with pytest.raises(ModelError) as caught:
        build_network("DPT_Huge")
    assert "'DPT_Huge'" in str(caught.value)
    assert all(name in str(caught.value) for name in NETWORK_NAMES)


def test_building_reads_nothing_and_draws_nothing_at_random(monkeypatch):
    def no_network(*args, **options):
        raise AssertionError("build_network went to the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    before = torch.random.get_rng_state()
    network = build_network(SMALL)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(module.training for module in network.modules())
    assert not network.encoder.stem.weight.any()
    assert run(network, reference_input(32, 64)).shape == (1, 32, 64)


@pytest.mark.parametrize("name", ["dpt_beit_large_512", "dpt_large_384", "dpt_swin_large_384"])
def test_building_takes_no_memory_for_weights_to_come(name):
    build_network(SMALL)  # imports
    give_memory_back()
    before = psutil.Process().memory_info().rss
    network = build_network(name)
    weights = sum(p.nbytes for p in network.parameters())
    assert psutil.Process().memory_info().rss - before < weights / 4


@pytest.mark.parametrize("missing", ["timm", "face3d_widgets.depth.models.builders"])
def test_a_missing_library_is_said_in_a_sentence(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match="pip install torch torchvision timm"):
        build_network(SMALL)


# --- checkpoints -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_an_official_checkpoint_loads_with_nothing_missing_and_nothing_unexpected(name):
    checkpoint = shapes_only(name)
    assert recognise(checkpoint) == name
    network = outline_of(name)
    load_checkpoint(network, checkpoint)

    other = NETWORK_NAMES[NETWORK_NAMES.index(name) - 1]
    with pytest.raises(CheckpointError, match=f"seems to be for {other}, not for {name}") as caught:
        load_checkpoint(network, shapes_only(other))
    assert caught.value.seems_to_be == other


def test_index_tables_may_be_missing_or_there():
    network = outline_of("dpt_swin2_tiny_256")
    checkpoint = shapes_only("dpt_swin2_tiny_256")
    tables = [key for key in checkpoint if key.endswith("attn_mask")]
    assert tables
    load_checkpoint(network, {k: v for k, v in checkpoint.items() if k not in tables})


def test_a_checkpoint_cut_short_is_told_apart_from_a_foreign_one():
    entries = list(shapes_only("dpt_hybrid_384").items())
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(outline_of("dpt_hybrid_384"), dict(entries[:-10]))
    assert "incomplete: 10 of the" in str(caught.value)
    assert "and 7 more" in str(caught.value)
    assert "seems to be for" not in str(caught.value)
    assert caught.value.seems_to_be == "dpt_hybrid_384"


def test_a_wrong_shape_and_an_unexpected_entry_are_named():
    checkpoint = shapes_only(SMALL)
    checkpoint["scratch.output_conv.2.weight"] = torch.zeros(32, 64, 3, 3)
    checkpoint["scratch.output_conv.6.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(outline_of(SMALL), checkpoint)
    text = str(caught.value)
    assert "scratch.output_conv.2.weight is 32 x 64 x 3 x 3 and should be 32 x 32 x 3 x 3" in text
    assert f"1 entries that {SMALL} does not know (scratch.output_conv.6.bias)" in text


@pytest.mark.parametrize(
    ("checkpoint", "says"),
    [
        ({}, "not a MiDaS checkpoint"),
        ({"fc.weight": torch.zeros(3)}, "none of its 1 entries belongs to midas_v21_small_256"),
        ({"epoch": 3}, "not a checkpoint"),
        (torch.zeros(3), "not a checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_said_to_be_none(checkpoint, says):
    with pytest.raises(CheckpointError, match=says):
        load_checkpoint(outline_of(SMALL), checkpoint)


def test_only_networks_of_this_package_are_filled():
    with pytest.raises(ModelError, match="build_network"):
        load_checkpoint(torch.nn.Linear(2, 2), shapes_only(SMALL))


def test_a_refused_checkpoint_leaves_the_network_as_it_was():
    network, checkpoint = build_network(SMALL), reference_checkpoint(SMALL)
    checkpoint.popitem()
    with pytest.raises(CheckpointError):
        load_checkpoint(network, checkpoint)
    assert not network.encoder.stem.weight.any()


def test_tensors_are_taken_over_or_converted():
    network, checkpoint = build_network(SMALL), reference_checkpoint(SMALL)
    key = "pretrained.layer1.0.weight"
    load_checkpoint(network, checkpoint)
    assert network.encoder.stem.weight.data_ptr() == checkpoint[key].data_ptr()

    half = {k: v.half() if v.is_floating_point() else v for k, v in checkpoint.items()}
    load_checkpoint(network, {"model": half, "optimizer": {"step": 3}})
    assert network.encoder.stem.weight.dtype == torch.float32
    assert torch.equal(network.encoder.stem.weight, checkpoint[key].half().float())


def test_levit_forgets_what_it_worked_out_from_the_weights_before():
    network, image = build_network("dpt_levit_224"), reference_input(224, 224)
    run(network, image)
    load_checkpoint(network, reference_checkpoint("dpt_levit_224"))
    expected = golden()["dpt_levit_224/224x224"]
    found = run(network, image)[0, ::8, ::8]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * expected.max())


# --- preprocessing -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_the_input_is_what_the_official_code_makes_of_a_photo(name):
    facts = json.loads((DATA / "preprocess.json").read_text())[name]
    rule = input_rule(name)
    for fact in ("net_size", "resize_method", "keep_aspect_ratio"):
        assert getattr(rule, fact) == facts[fact]
    assert [*rule.mean, *rule.std] == [*facts["mean"], *facts["std"]]
    for size, expected in facts["input_hw"].items():
        height, width = map(int, size.split("x"))
        assert network_input_size(rule, height, width) == tuple(expected)


@pytest.mark.parametrize("name", NETWORK_NAMES)
@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 7)])
def test_the_narrowest_photo_has_one_multiple_at_least(name, size):
    rule = input_rule(name)
    for side in network_input_size(rule, *size):
        assert side >= 32
        assert side % 32 == 0


def test_colours_are_normalised_and_channels_come_first():
    photo = np.full((480, 640, 3), (0, 51, 255), np.uint8)
    image = network_input(photo, input_rule("DPT_Large"))
    assert image.shape == (3, 384, 512)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image[:, 100, 100], [-1, -0.6, 1], atol=1e-6)
    image = network_input(photo, input_rule("MiDaS_small"))
    expected = (np.array([0, 0.2, 1]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(image[:, 100, 100], expected, rtol=1e-5)


# --- timm where torchvision does not fit -------------------------------------------------------


def test_timm_is_imported_where_torchvision_does_not_fit_pytorch(tmp_path):
    torchvision, timm = tmp_path / "torchvision", tmp_path / "timm"
    for package in (torchvision, timm):
        package.mkdir()
    (torchvision / "__init__.py").write_text(
        "import torch\n"
        "torch.library.register_fake('torchvision::nms')(lambda *args: args[0])\n"
        "torch.library.register_fake('torchvision::qnms')(lambda *args: args[0])\n"
    )
    (timm / "__init__.py").write_text("import torchvision\nfrom timm import models\n")
    (timm / "models.py").write_text("")
    code = (
        "import sys, pytest\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from face3d_widgets.depth.timm_import import import_timm\n"
        "with pytest.raises(RuntimeError, match='torchvision::nms does not exist'):\n"
        "    import timm\n"
        "assert import_timm() is import_timm() is sys.modules['timm']\n"
        f"assert import_timm().models.__file__.startswith({str(tmp_path)!r})\n"
        # An error of another kind is not hidden.
        "del sys.modules['timm']\n"
        f"open({str(timm / '__init__.py')!r}, 'a').write('raise RuntimeError(\"other\")')\n"
        "import importlib; importlib.invalidate_caches(); sys.dont_write_bytecode = True\n"
        "with pytest.raises(RuntimeError, match='other'):\n"
        "    import_timm()\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
