"""A training run: its network, optimiser and running mean, and one step of it.

References
----------
Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization.
https://arxiv.org/abs/1711.05101
Polyak, B. and Juditsky, A. (1992). Acceleration of stochastic approximation by
averaging. https://doi.org/10.1137/0330046
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from face3d_widgets.depth.models.face_lite import FaceLite
from face3d_widgets.depth.runtime import has_bfloat16
from face3d_widgets.training.batches import Batch
from face3d_widgets.training.losses import total_loss
from face3d_widgets.training.mixing import mix_looks_after
from face3d_widgets.training.recipe import Budget, Recipe

__all__ = ["Run", "keep_depthwise_exact", "parameter_groups"]

# The encoder's blocks in its stages; the stem goes with the first.
_STAGE_ENDS = (1, 3, 5, 8, 11, 15, 16)
_MIXED_STAGES = 3  # after the last block of each of these, looks are mixed
_MIXING = 3  # what a seed is for, beside what `batches` draws with it


def parameter_groups(network: FaceLite, recipe: Recipe) -> list[dict[str, Any]]:
    """The weights by learning rate (`base`) and by whether they decay; the frozen are frozen."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        rate = recipe.decoder_rate
        if name.startswith("encoder."):
            stage = 0
            if name.startswith("encoder.blocks."):
                block = int(name.split(".")[2])
                stage = sum(block >= end for end in _STAGE_ENDS)
            rate = recipe.encoder_rate * recipe.layer_decay ** (len(_STAGE_ENDS) - 1 - stage)
            if stage < recipe.frozen_stages:
                parameter.requires_grad_(False)
                continue
        # Biases and norms have one dimension and are not pulled to 0.
        groups.setdefault((rate, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": members, "base": rate, "weight_decay": recipe.weight_decay if decays else 0.0}
        for (rate, decays), members in groups.items()
    ]


class Run:
    """Everything that changes while training, and how one step changes it."""

    def __init__(self, recipe: Recipe, budget: Budget, device: str, precision: str) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.budget, self.device = recipe, budget, device
        self.network = FaceLite()
        self.step, self.elapsed = 0, 0.0
        self.log: list[dict[str, Any]] = []
        self.cast, self._dtype = _casting(device, precision)
        self._scaler = torch.amp.GradScaler(device, enabled=self._dtype == torch.float16)

    def place(self) -> None:
        """To the device, with its optimiser and the running mean."""
        layout: dict[str, Any] = {"memory_format": torch.channels_last}
        self.network.to(self.device, **layout)
        self.mean = copy.deepcopy(self.network).eval().requires_grad_(False)
        if self.device == "cpu" and self._dtype == torch.bfloat16:
            keep_depthwise_exact(self.network)
        for end in _STAGE_ENDS[:_MIXED_STAGES]:
            last = self.network.encoder.blocks[end - 1]
            mix_looks_after(last, self.recipe.mixing, lambda: self._mixing)
        groups = parameter_groups(self.network, self.recipe)
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, fused=True)
        self._trained = [p for group in groups for p in group["params"]]

    @property
    def progress(self) -> float:
        """From 0 at the start to 1 at the end."""
        return self.budget.progress(self.step, self.elapsed)

    def size_at(self, step: int) -> int:
        """Side of the samples at a step; with a budget of time, that of now."""
        progress = self.budget.progress(step, self.elapsed)
        return [size for start, size in self.recipe.sizes if progress >= start][-1]

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; what the loss and its parts were."""
        image, relief, weight, labels = (t.to(self.device, non_blocking=True) for t in batch)
        rgb = image.permute(0, 3, 1, 2).float().div_(255)
        rgb = rgb.contiguous(memory_format=torch.channels_last)
        rate = min(1.0, (self.step + 1) / self.recipe.warm_up)
        rate *= 0.5 * (1 + math.cos(math.pi * self.progress)) + 0.01
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * rate
        # From the step alone, so that a run that was stopped goes on alike.
        self._mixing = np.random.default_rng([self.recipe.seed, _MIXING, self.step])
        self.network.train()
        self.network.encoder.eval()  # norms keep ImageNet's statistics
        with self.cast():
            maps = self.network.maps(rgb)
        loss, parts = total_loss(maps, relief, weight, labels)
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimizer)
        norm = nn.utils.clip_grad_norm_(self._trained, self.recipe.clip)
        if self._scaler.is_enabled() or torch.isfinite(norm):
            self._scaler.step(self._optimizer)
        self._scaler.update()
        keep = min(self.recipe.average, 1 - 1 / (self.step / 10 + 2))
        with torch.no_grad():
            means: list[Tensor] = list(self.mean.parameters())
            now: list[Tensor] = list(self.network.parameters())
            torch._foreach_lerp_(means, now, 1 - keep)
        self.step += 1
        return {"loss": float(loss.detach()), **{k: float(v) for k, v in parts.items()}}

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "recipe": asdict(self.recipe),
            "network": self.network.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "elapsed": self.elapsed,
            "log": self.log,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`.

        Raises
        ------
        ValueError
            When it is of another recipe.
        """
        recipe = json.loads(json.dumps(asdict(self.recipe)))
        kept = json.loads(json.dumps(state["recipe"]))
        other = [key for key in recipe if recipe[key] != kept.get(key)]
        if other:
            raise ValueError(
                f"the run that was kept had another {' and '.join(other)}; "
                "give what it had, or start anew without --resume"
            )
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        self.step, self.elapsed, self.log = state["step"], state["elapsed"], state["log"]


def _casting(
    device: str, precision: str
) -> tuple[Callable[[], AbstractContextManager[Any]], torch.dtype]:
    """A context for the forward pass, and its number type."""
    if precision not in ("auto", "float32"):
        raise ValueError(f"there is no precision {precision!r}; choose auto or float32")
    if precision == "float32" or (device == "cpu" and not has_bfloat16()):
        return nullcontext, torch.float32
    half = torch.bfloat16
    if device == "cuda" and not torch.cuda.is_bf16_supported():
        half = torch.float16
    return (lambda: torch.autocast(device, half)), half


def keep_depthwise_exact(network: nn.Module) -> None:
    """Let large or strided depthwise convolutions compute in float32.

    On processors oneDNN has no quick backward pass for them in bfloat16: there they took
    half of the time of a step, four times what they take in float32.
    """
    for module in network.modules():
        if not isinstance(module, nn.Conv2d) or module.groups == 1:
            continue
        if module.kernel_size[0] > 3 or module.stride[0] > 1:
            module.forward = partial(_convolve_exactly, module)  # type: ignore[method-assign]


def _convolve_exactly(module: nn.Conv2d, x: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        y = F.conv2d(
            x.float(), module.weight, None, module.stride, module.padding, 1, module.groups
        )
    return y.to(x.dtype)
