"""Deterministic stand-in weights for checking a MiDaS implementation.

Every floating-point tensor of a checkpoint is generated from its own name, so
two implementations that hold the same tensors hold the same numbers, in any
order and on any machine.  Only NumPy is needed.
"""

import zlib

import numpy as np

KEPT_AS_BUILT = (
    "attn_mask",
    "relative_position_index",
    "attention_bias_idxs",
    "relative_coords_table",
    "num_batches_tracked",
)


def reference_tensor(name: str, shape: tuple[int, ...], seed: int = 7) -> np.ndarray:
    """Return the float32 tensor that stands for checkpoint entry `name`.

    `name` is the key as `checkpoint_manifest.json.gz` lists it.  Entries whose
    last name part is in KEPT_AS_BUILT are index tables or masks: leave them as
    the network builds them.
    """
    key = zlib.crc32(f"{seed}:{name}".encode())
    normal = (
        np.random.Generator(np.random.Philox(key=key)).standard_normal(shape).astype(np.float32)
    )
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "running_var":
        return 1 + 0.2 * np.tanh(normal)
    if leaf == "running_mean":
        return 0.05 * normal
    if leaf in ("gamma_1", "gamma_2"):
        return 0.3 + 0.05 * normal
    if leaf == "logit_scale":
        return 2.0 + 0.1 * normal
    if leaf in ("pos_embed", "cls_token"):
        return 0.2 * normal
    if leaf in ("relative_position_bias_table", "attention_biases"):
        return 0.1 * normal
    if leaf in ("q_bias", "v_bias", "bias"):
        return 0.05 * normal
    if leaf == "weight" and len(shape) == 1:
        return 1 + 0.1 * normal
    fan_in = int(np.prod(shape[1:])) or 1
    return normal * np.float32(np.sqrt(1.6 / fan_in))


def reference_input(height: int, width: int, seed: int = 7) -> np.ndarray:
    """Return the (1, 3, height, width) float32 network input of the golden run."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = []
    for _ in range(3):
        a = rng.uniform(0.5, 4, 4)
        planes.append(
            np.sin(a[0] * 2 * np.pi * x / width + a[1])
            * np.cos(a[2] * 2 * np.pi * y / height + a[3])
        )
    return np.stack(planes)[None].astype(np.float32)
