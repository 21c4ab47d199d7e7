"""The recipe of training, and its budget."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Budget", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """The recipe of training; all of it goes into the weights' metadata.

    Attributes
    ----------
    seed : int
        Of the first weights, the order and every sample.
    batch : int
        Samples in a step.
    sizes : tuple of (float, int)
        From which part of the run on (0 to 1) samples have how many pixels a side,
        multiples of 32.
    decoder_rate, encoder_rate : float
        Highest learning rates; the encoder's is that of its last stage.
    layer_decay : float
        Each earlier stage of the encoder learns this much slower.
    frozen_stages : int
        So many of the encoder's seven stages stay as ImageNet left them.
    weight_decay, clip : float
        Of AdamW; the longest step of all gradients together.
    warm_up : int
        Steps over which the rates rise.
    average : float
        How much of the running mean of weights is kept in a step.
    mixing : float
        In which part of the batches pictures exchange the statistics of their features;
        see `mixing`.
    """

    seed: int = 0
    batch: int = 16
    sizes: tuple[tuple[float, int], ...] = ((0.0, 160), (0.5, 192), (0.8, 224))
    decoder_rate: float = 1.2e-3
    encoder_rate: float = 5e-4
    layer_decay: float = 0.8
    frozen_stages: int = 2
    weight_decay: float = 1e-2
    clip: float = 2.0
    warm_up: int = 100
    average: float = 0.998
    mixing: float = 0.5


@dataclass(frozen=True)
class Budget:
    """The budget of training: so many steps, or so many seconds (of all runs together)."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give a budget of either steps or seconds")

    def progress(self, step: int, elapsed: float) -> float:
        """From 0 at the start to 1 at the end."""
        if self.steps is not None:
            return min(1.0, step / max(self.steps, 1))
        assert self.seconds is not None
        return min(1.0, elapsed / self.seconds)
