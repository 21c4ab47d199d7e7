"""Teach `face_lite` from synthetic portraits, on the CPU or on a GPU.

The recipe is that of MiDaS, with a metric target where synthetic heads give one.

References
----------
Ranftl, R. et al. (2022). Towards robust monocular depth estimation.
https://doi.org/10.1109/TPAMI.2020.3019967
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from face3d_widgets import __version__
from face3d_widgets.depth.models.face_lite import FaceLite
from face3d_widgets.training.batches import batches
from face3d_widgets.training.checkpoints import (
    checkpoint_path,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from face3d_widgets.training.encoder_weights import load_imagenet_encoder
from face3d_widgets.training.held_out import HELD_OUT, draw_held_out, score_held_out
from face3d_widgets.training.recipe import Budget, Recipe
from face3d_widgets.training.run import Run
from face3d_widgets.training.shards import TrainingRender, read_shards
from face3d_widgets.whole_file import write_whole

__all__ = ["train", "train_on"]

_LOG_EVERY = 25  # steps


def train(
    data: Path,
    out: Path,
    budget: Budget,
    recipe: Recipe | None = None,
    resume: bool = False,
    **options: Any,
) -> dict[str, float]:
    """Teach a network from a folder of shards; see `train_on`, which takes the options.

    Raises
    ------
    FileNotFoundError
        When there are no portraits, or no run to go on with.
    ModuleNotFoundError
        When the encoder's first weights are not installed.
    """
    return train_on(read_shards(data), out, budget, recipe, resume, **options)


def train_on(
    renders: Sequence[TrainingRender],
    out: Path,
    budget: Budget,
    recipe: Recipe | None = None,
    resume: bool = False,
    *,
    device: str | None = None,
    precision: str = "auto",
    workers: int | None = None,
    held_out: int = HELD_OUT,
    score_every: float = 600,
    save_every: float = 300,
    imagenet: bool = True,
    start: Path | None = None,
    progress: bool = True,
    stop_after: int | None = None,
) -> dict[str, float]:
    """Teach a network from portraits.

    Parameters
    ----------
    renders : sequence of TrainingRender
        The last `held_out` are scored now and then, never learned from.
    out : Path
        For the weights (safetensors, float16). Beside it lie the state of the run and
        a log in JSON.
    budget : Budget
    recipe : Recipe, optional
    resume : bool
        Go on with the run that was kept, under the same recipe.
    device : str, optional
        "cpu" or "cuda"; CUDA where there is one.
    precision : {"auto", "float32"}
        Auto computes in half precision where the hardware has it.
    workers : int, optional
        Processes that draw samples; as many as cores where left out. They share the
        cores with training in turns, or beside a GPU work ahead of it.
    held_out : int
    score_every, save_every : float
        In seconds.
    imagenet : bool
        Start the encoder from ImageNet, else from chance.
    start : Path, optional
        Weights of an earlier run to start from.
    progress : bool
        Show a progress bar.
    stop_after : int, optional
        Leave after this step as a kill would, but with the state kept.

    Returns
    -------
    dict
        The last scores; see `score_held_out`.

    Raises
    ------
    ValueError
        When there are too few portraits, or the run that was kept is another.
    """
    recipe = recipe or Recipe()
    if len(renders) < held_out + recipe.batch:
        raise ValueError(
            f"{len(renders)} portraits are too few to hold {held_out} out and fill a batch of "
            f"{recipe.batch}; render more"
        )
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    learned, kept_out = renders[: len(renders) - held_out], renders[len(renders) - held_out :]
    run = Run(recipe, budget, device, precision)
    if imagenet and not resume and start is None:
        load_imagenet_encoder(run.network.encoder)
    if start is not None:
        run.network.load_state_dict(_read_start(start, run.network))
    run.place()
    if resume:
        run.restore(load_checkpoint(checkpoint_path(out)))
    out.parent.mkdir(parents=True, exist_ok=True)
    samples = draw_held_out(kept_out, recipe.sizes[-1][1])

    def score() -> dict[str, float]:
        found = score_held_out(run.mean, samples, device)
        run.log.append({"step": run.step, "seconds": round(run.elapsed, 1), "held_out": found})
        return found

    workers = os.cpu_count() or 1 if workers is None else workers
    _loop(run, learned, out, workers, score, score_every, save_every, progress, stop_after)
    if stop_after is not None and run.step >= stop_after and run.progress < 1:
        return {}
    scores = score()
    save_checkpoint(checkpoint_path(out), run.state())
    facts = _metadata(run, renders, held_out, scores)
    save_weights(out, run.mean.state_dict(), facts)
    _write_log(run, out)
    return scores


def _loop(
    run: Run,
    renders: Sequence[TrainingRender],
    out: Path,
    workers: int,
    score: Callable[[], dict[str, float]],
    score_every: float,
    save_every: float,
    progress: bool,
    stop_after: int | None,
) -> None:
    from tqdm import tqdm

    drawn = batches(
        renders,
        run.recipe.seed,
        run.recipe.batch,
        run.size_at,
        first=run.step,
        last=run.budget.steps,
        workers=workers,
        pin=run.device == "cuda",
        turns=run.device == "cpu",
    )
    before, first_step = run.elapsed, run.step
    started = scored = saved = time.monotonic()
    recent: list[dict[str, float]] = []
    bar = tqdm(
        total=1000, bar_format="{percentage:3.0f} %|{bar}| {elapsed} {desc}", disable=not progress
    )
    with bar:
        while run.progress < 1:
            recent.append(run.learn(next(drawn)))
            now = time.monotonic()
            run.elapsed = before + now - started
            bar.update(int(run.progress * 1000) - bar.n)
            if run.step % _LOG_EVERY == 0:
                row = _log_row(run, recent, (run.step - first_step) / (now - started))
                bar.set_description_str(f"step {run.step}, loss {row['loss']:.3f}", refresh=False)
                tqdm.write(json.dumps(row))
                recent = []
            if stop_after is not None and run.step >= stop_after:
                save_checkpoint(checkpoint_path(out), run.state())
                return
            if now - scored > score_every:
                tqdm.write(json.dumps({"step": run.step, "held_out": _rounded(score())}))
                scored = time.monotonic()
            if now - saved > save_every:
                save_checkpoint(checkpoint_path(out), run.state())
                _write_log(run, out)
                saved = time.monotonic()


def _log_row(run: Run, recent: Sequence[dict[str, float]], rate: float) -> dict[str, Any]:
    """Means of the last steps' losses, as they are printed and kept."""
    means = {key: sum(row[key] for row in recent) / len(recent) for key in recent[0]}
    row = {
        "step": run.step,
        "seconds": round(run.elapsed, 1),
        "size": run.size_at(run.step),
        "images_per_second": round(rate * run.recipe.batch, 1),
        **_rounded(means),
    }
    run.log.append(row)
    return row


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in numbers.items()}


def _write_log(run: Run, out: Path) -> None:
    write_whole(out.with_suffix(".log.json"), json.dumps(run.log, indent=0).encode())


def _read_start(path: Path, network: FaceLite) -> dict[str, Tensor]:
    """Weights to start from; those of a network without an overview get one that says nothing."""
    from safetensors.torch import load_file

    weights = {name: value.float() for name, value in load_file(path).items()}
    overview = {f"overview.{name}": value for name, value in network.overview.state_dict().items()}
    return weights if overview.keys() & weights.keys() else weights | overview


def _metadata(
    run: Run, renders: Sequence[TrainingRender], held_out: int, scores: dict[str, float]
) -> dict[str, str]:
    """The metadata of weights, as safetensors keeps it: text by name."""
    versions = {"face3d_widgets": __version__}
    for library in ("torch", "numpy", "opencv-python-headless", "anny"):
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    data = {
        "portraits": len(renders) - held_out,
        "held_out": held_out,
        "size": int(renders[0].labels.shape[0]),
        "seeds": sorted({one.facts["seed"] for one in renders if "seed" in one.facts}),
    }
    facts = {
        "recipe": asdict(run.recipe),
        "steps": run.step,
        "seconds": round(run.elapsed),
        "device": run.device,
        "data": data,
        "held_out_scores": _rounded(scores),
        "versions": versions,
    }
    return {name: json.dumps(value) for name, value in facts.items()}
