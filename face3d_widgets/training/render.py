"""Many portraits: as shards, by several processes, resumable, the same for the same seed."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from face3d_widgets.training.shards import PER_SHARD, Labels, Render, shard_path, write_shard

if TYPE_CHECKING:
    from face3d_widgets.training.wardrobe import Wardrobe

__all__ = ["draw_numbered", "render_set"]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: What share of the picture head and face must fill to be of use.
_LEAST_HEAD, _LEAST_FACE = 0.03, 0.008


@cache
def _wardrobe(folder: Path) -> Wardrobe:
    from face3d_widgets.training.wardrobe import Wardrobe

    return Wardrobe(folder)


def draw_numbered(
    seed: int,
    number: int,
    size: int = 256,
    assets: Path | None = None,
    turned: float = 0.2,
) -> Render:
    """Portrait `number` of the set with this seed, whoever draws it and when.

    One in which hardly any face is to be seen is drawn again.
    """
    from face3d_widgets.training.portrait import draw_portrait

    wardrobe = None if assets is None else _wardrobe(assets)
    attempt = 0
    while True:
        rng = np.random.default_rng([seed, number, attempt])
        render = draw_portrait(rng, size, wardrobe, turned)
        head = float((render.labels >= Labels.HEAD).mean())
        face = float((render.labels == Labels.FACE).mean())
        if head >= _LEAST_HEAD and face >= _LEAST_FACE:
            render.facts.update(seed=seed, number=number, attempt=attempt)
            return render
        attempt += 1


def render_set(
    out: Path,
    count: int,
    seed: int = 0,
    size: int = 256,
    workers: int | None = None,
    progress: bool = True,
    assets: Path | None = None,
    turned: float = 0.2,
) -> int:
    """Draw portraits into a folder of shards; shards that are there are left as they are.

    Parameters
    ----------
    out : Path
    count : int
        Portraits in all, numbered from 0.
    seed : int
        The same seed and size give the same portraits, however many workers.
    size : int
        Side of the square pictures in pixels.
    workers : int, optional
        Processes; as many as there are cores.
    progress : bool
        Show a progress bar.
    assets : Path, optional
        A folder that `fetch_assets` filled; without it hair, skin and clothes
        are all the renderer's own.
    turned : float
        The part of the people who are seen from any side up to 80 degrees, from 0 to 0.65.
        The others are seen nearly from the front.

    Returns
    -------
    int
        How many portraits were drawn now.

    Raises
    ------
    ModuleNotFoundError
        With what to install, when anny or embreex is not there.
    ValueError
        For a `turned` outside its range.
    """
    from tqdm import tqdm

    if not 0 <= turned <= 0.65:
        raise ValueError(f"of the people 0 to 0.65 can be turned, not {turned:g}")
    out.mkdir(parents=True, exist_ok=True)
    tasks = [
        (out, shard, seed, range(first, min(first + PER_SHARD, count)), size, assets, turned)
        for shard, first in enumerate(range(0, count, PER_SHARD))
        if not shard_path(out, shard).exists()
    ]
    wanted = sum(len(task[3]) for task in tasks)
    for name in _THREADS:  # one core for each process, read by what they import
        os.environ[name] = "1"
    spawn = multiprocessing.get_context("spawn")
    bar = tqdm(total=count, initial=count - wanted, unit=" portraits", disable=not progress)
    with bar, ProcessPoolExecutor(workers or os.cpu_count(), mp_context=spawn) as pool:
        for done in as_completed([pool.submit(_render_shard, *task) for task in tasks]):
            bar.update(done.result())
    return wanted


def _render_shard(
    out: Path,
    shard: int,
    seed: int,
    numbers: range,
    size: int,
    assets: Path | None,
    turned: float,
) -> int:
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    renders = [draw_numbered(seed, number, size, assets, turned) for number in numbers]
    write_shard(out, shard, renders)
    return len(numbers)
