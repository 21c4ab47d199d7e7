"""Endless batches of training samples, drawn beside the training.

Every sample is drawn from the seed and its place in the run alone, so that the
run is the same with any number of workers, and goes on as it was after a stop.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from face3d_widgets.training.augment import Sample, make_sample
from face3d_widgets.training.shards import TrainingRender

__all__ = ["Batch", "batches", "collate"]

#: Image (n, s, s, 3) uint8, relief and weight (n, s, s) float32, labels (n, s, s) uint8.
Batch = tuple[Tensor, Tensor, Tensor, Tensor]
_Key = tuple[int, int]  # the sample's place in the run, and its size
_own_samples: _Samples  # of a process that draws in turns

_ORDER, _SAMPLE = 1, 2  # what a seed is for
_AHEAD = 3  # batches drawn ahead by each worker


class _Samples(Dataset[Sample]):
    def __init__(self, renders: Sequence[TrainingRender], seed: int) -> None:
        self._renders = renders
        self._seed = seed
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def __getitem__(self, key: _Key) -> Sample:
        place, size = key
        count = len(self._renders)
        epoch, position = divmod(place, count)
        if self._order[0] != epoch:
            rng = np.random.default_rng([self._seed, _ORDER, epoch])
            self._order = epoch, rng.permutation(count)
        rng = np.random.default_rng([self._seed, _SAMPLE, place])
        render = self._renders[self._order[1][position]]
        bystander = self._renders[int(rng.integers(count))]
        return make_sample(render, size, rng, bystander)


class _Places(Sampler[list[_Key]]):
    def __init__(self, first: int, last: int | None, batch: int, size: Callable[[int], int]):
        self._first, self._last, self._batch, self._size = first, last, batch, size

    def __iter__(self) -> Iterator[list[_Key]]:
        step = self._first
        while self._last is None or step < self._last:
            size = self._size(step)
            yield [(step * self._batch + slot, size) for slot in range(self._batch)]
            step += 1


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples of one size as one batch of tensors."""
    return _tensors(_stack(samples))


def _tensors(arrays: Sequence[NDArray[Any]], pin: bool = False) -> Batch:
    made = map(torch.from_numpy, arrays)
    image, relief, weight, labels = (t.pin_memory() if pin else t for t in made)
    return image, relief, weight, labels


def _stack(samples: Sequence[Sample]) -> tuple[NDArray[Any], ...]:
    return (
        np.stack([s.image for s in samples]),
        np.stack([s.relief for s in samples]),
        np.stack([s.weight for s in samples]),
        np.stack([s.labels for s in samples]),
    )


def _drawn_in_turns(
    samples: _Samples, places: Iterator[list[_Key]], workers: int
) -> Iterator[tuple[NDArray[Any], ...]]:
    with get_context("fork").Pool(workers, _set_samples, [samples]) as pool:
        while group := list(islice(places, workers)):
            yield from pool.map(_draw_batch, group, chunksize=1)


def _set_samples(samples: _Samples) -> None:
    global _own_samples
    _one_thread()
    _own_samples = samples


def _draw_batch(keys: list[_Key]) -> tuple[NDArray[Any], ...]:
    return _stack([_own_samples[key] for key in keys])


def _one_thread(worker: int = 0) -> None:
    import cv2

    cv2.setNumThreads(1)


def batches(
    renders: Sequence[TrainingRender],
    seed: int,
    batch: int,
    size: Callable[[int], int],
    first: int = 0,
    last: int | None = None,
    workers: int = 1,
    pin: bool = False,
    turns: bool = False,
) -> Iterator[Batch]:
    """Batches for the steps from `first` on.

    Parameters
    ----------
    renders : sequence of TrainingRender
        Worker processes share their memory (fork); where the system cannot fork,
        the samples are drawn in this process.
    seed, batch : int
    size : callable
        Step to rows and columns of its samples.
    first, last : int
        Steps; without a last one there is no end.
    workers : int
        Processes that draw; 0 draws in this one.
    pin : bool
        Put batches where a GPU fetches them quickly.
    turns : bool
        Draw one batch a worker, then nothing until they are all used up, for training
        on the processors that draw: its threads wait for the slowest of them at every
        layer, so that one busy worker costs as much as a worker on each.
    """
    can_fork = sys.platform == "linux"
    workers = workers if can_fork else 0
    import cv2

    cv2.setNumThreads(1)  # a pool of threads does not outlive a fork
    samples, places = _Samples(renders, seed), _Places(first, last, batch, size)
    if turns and workers:
        yield from map(_tensors, _drawn_in_turns(samples, iter(places), workers))
        return
    loader = DataLoader(
        samples,
        batch_sampler=places,
        num_workers=workers,
        # Arrays come through a pipe; tensors would come through shared memory, of which a
        # container may have too little.
        collate_fn=_stack,
        worker_init_fn=_one_thread,
        multiprocessing_context="fork" if workers else None,
        prefetch_factor=_AHEAD if workers else None,
    )
    for arrays in loader:
        yield _tensors(arrays, pin)
