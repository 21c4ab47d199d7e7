"""Exchange the look of pictures within a batch, inside the network.

The mean and spread of each channel of early features say more of light, camera and
material than of shape. Where pictures borrow them from one another, a network meets looks
that no renderer drew, and learns to rely on them less.

References
----------
Zhou, K., Yang, Y., Qiao, Y. and Xiang, T. (2021). Domain generalization with MixStyle.
https://arxiv.org/abs/2104.02008
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["mix_looks", "mix_looks_after"]

_SHAPE = 0.3  # of the beta distribution: most pictures keep nearly all or nearly nothing
_GAINS = (0.3, 3.0)


def mix_looks(features: Tensor, own: Tensor, other: Tensor) -> Tensor:
    """Features whose channels have means and spreads between a picture's and another's.

    Parameters
    ----------
    features : (n, c, h, w) Tensor
    own : (n,) Tensor
        From 0 to 1: how much each picture keeps of its own.
    other : (n,) int Tensor
        Which picture of the batch each one borrows from.
    """
    with torch.no_grad():
        values = features.float()
        mean = values.mean(dim=(2, 3), keepdim=True)
        spread = (values.var(dim=(2, 3), keepdim=True, correction=0) + 1e-5).sqrt()
        keep = own.to(values)[:, None, None, None]
        gain = (torch.lerp(spread[other], spread, keep) / spread).clamp(*_GAINS)
        target = torch.lerp(mean[other], mean, keep).to(features.dtype)
        mean = mean.to(features.dtype)
    return (features - mean) * gain.to(features.dtype) + target


def mix_looks_after(
    module: nn.Module, chance: float, rng: Callable[[], np.random.Generator]
) -> None:
    """Let what comes out of a module be mixed in this part of the batches, while it learns.

    Whether and how is drawn from what `rng()` gives.
    """

    def mixed(module: nn.Module, inputs: tuple[Any, ...], features: Tensor) -> Tensor:
        if not torch.is_grad_enabled() or (draw := rng()).random() >= chance:
            return features
        count, device = features.shape[0], features.device
        own = torch.from_numpy(draw.beta(_SHAPE, _SHAPE, count)).to(device)
        return mix_looks(features, own, torch.from_numpy(draw.permutation(count)).to(device))

    module.register_forward_hook(mixed)
