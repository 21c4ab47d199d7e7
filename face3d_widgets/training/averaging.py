"""The mean of the weights of runs that began from one another.

Where a later run starts from an earlier one's weights and stays near them, their mean often
does better than either, and sees photographs that neither was taught from more truly. It is
one network, no slower than each.

References
----------
Wortsman, M. et al. (2022). Model soups: averaging weights of multiple fine-tuned models
improves accuracy without increasing inference time. ICML.
https://proceedings.mlr.press/v162/wortsman22a.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from face3d_widgets.training.checkpoints import save_weights

__all__ = ["average_weights"]


def average_weights(files: Sequence[Path], out: Path) -> None:
    """Write the mean of weights as `training.trainer` writes them.

    Parameters
    ----------
    files : sequence of Path
        Weights of one network, each counted alike.
    out : Path
        Its metadata hold those of each file, under "mean_of".

    Raises
    ------
    FileNotFoundError
        When one of the files is not there.
    ValueError
        When there are fewer than two, or they are of different networks.
    """
    from safetensors import safe_open

    if len(files) < 2:
        raise ValueError("a mean needs two files of weights at least; give another")
    weights, facts = [], []
    for path in files:
        with safe_open(path, "pt") as opened:
            weights.append({name: opened.get_tensor(name).float() for name in opened.keys()})  # noqa: SIM118 - no mapping
            facts.append(opened.metadata() or {})
    shapes = [{name: value.shape for name, value in one.items()} for one in weights]
    for path, shape in zip(files, shapes, strict=True):
        if shape != shapes[0]:
            raise ValueError(f"{path} and {files[0]} are of different networks")
    mean = {name: sum(one[name] for one in weights) / len(weights) for name in weights[0]}
    save_weights(out, mean, {"mean_of": json.dumps(facts)})
