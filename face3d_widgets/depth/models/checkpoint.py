"""The entries of the official checkpoints, and where each of them goes.

An official file names its entries after the code that it was saved from: MiDaS
on timm 0.4 to 0.6. `renamed` says what that name is in the networks of this
package, and `NOT_NEEDED` what the file holds and no network here has use for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.registry import MODELS

__all__ = ["NOT_NEEDED", "CheckpointError", "load", "recognise", "renamed"]


class CheckpointError(ModelError):
    """A checkpoint does not fit a network; the message says why and what to do.

    Attributes
    ----------
    seems_to_be : str or None
        The network that the checkpoint is for, as far as one can tell.
    """

    def __init__(self, message: str, seems_to_be: str | None) -> None:
        super().__init__(message)
        self.seems_to_be = seems_to_be


#: Entries that may be there or not, and why they are not loaded.
NOT_NEEDED: Mapping[str, tuple[str, ...]] = {
    "index tables and masks, which a network works out from its sizes": (
        r"\.relative_position_index$",
        r"\.relative_coords_table$",
        r"\.attn_mask$",
        r"\.attention_bias_idxs$",
    ),
    "the classifier that the encoder was first trained with, after the last tap": (
        r"^pretrained\.model\.(norm|fc_norm|head|head_dist)\.",
    ),
    "the half of the coarsest fusion that would join a coarser answer": (
        r"^scratch\.refinenet4\.resConfUnit1\.",
    ),
}
# LeViT has three grids, so another coarsest fusion, and three blocks after its last tap.
_NOT_NEEDED_BY = {
    "levit": (r"^scratch\.refinenet3\.resConfUnit1\.", r"^pretrained\.model\.blocks\.2[2-7]\.")
}

_Rule = tuple[str, str | Callable[[re.Match[str]], str]]


def _numbered(template: str, group: int = 1, shift: int = -1) -> Callable[[re.Match[str]], str]:
    """`template` with a group of the match, a number, moved by `shift`."""
    return lambda match: template.format(int(match[group]) + shift)


_DECODER: list[_Rule] = [
    (r"^pretrained\.act_postprocess(\d)\.0\.project\.0", _numbered("reassemble.{}.readout")),
    (r"^pretrained\.act_postprocess(\d)\.3", _numbered("reassemble.{}.project")),
    (r"^pretrained\.act_postprocess(\d)\.4", _numbered("reassemble.{}.resample")),
    (r"^scratch\.layer(\d)_rn", _numbered("decoder.reduce.{}")),
    (r"^scratch\.refinenet(\d)", _numbered("decoder.fusions.{}")),
    (r"\.resConfUnit1\.", ".skip."),
    (r"\.resConfUnit2\.", ".refine."),
    (r"\.out_conv\.", ".out."),
    (r"^scratch\.output_conv", "decoder.head"),
]
_TOKENS: list[_Rule] = [
    (r"^pretrained\.model\.patch_embed\.backbone", "encoder"),
    (r"^pretrained\.model\.patch_embed\.proj", "encoder.patch_embed"),
    (
        r"^pretrained\.model\.blocks\.(\d+)\.attn\.relative_position_bias_table",
        r"encoder.bias_tables.\1",
    ),
    (r"^pretrained\.model", "encoder"),
]
_SWIN: list[_Rule] = [
    # timm moved it from the end of a stage to the start of the next one.
    (
        r"^pretrained\.model\.layers\.(\d)\.downsample",
        _numbered("encoder.layers.{}.downsample", shift=1),
    ),
    (r"^pretrained\.model", "encoder"),
]
_EFFICIENT_NET: list[_Rule] = [
    (r"^pretrained\.layer1\.0\.", "encoder.stem."),
    (r"^pretrained\.layer1\.1\.", "encoder.norm."),
    (r"^pretrained\.layer1\.(3|4)", _numbered("encoder.stages.{}", shift=-3)),
    (r"^pretrained\.layer2\.0", "encoder.stages.2"),
    (r"^pretrained\.layer3\.(\d)", _numbered("encoder.stages.{}", shift=3)),
    (r"^pretrained\.layer4\.(\d)", _numbered("encoder.stages.{}", shift=5)),
]
_RESNEXT: list[_Rule] = [
    (r"^pretrained\.layer1\.([01])\.", r"encoder.stem.\1."),
    (r"^pretrained\.layer1\.4", "encoder.stages.0"),
    (r"^pretrained\.layer(\d)", _numbered("encoder.stages.{}")),
]


def _levit_block(match: re.Match[str]) -> str:
    """A place in LeViT's one long list to a place in its stages.

    The list holds attention and MLP of four blocks, then attention and MLP of the
    step to the next stage, and so on.
    """
    stage, at = divmod(int(match[1]) + 2, 10)
    if at < 2:
        part = "attn_downsample" if at == 0 else "mlp"
        return f"encoder.stages.{stage}.downsample.{part}."
    return f"encoder.stages.{stage}.blocks.{at // 2 - 1}.{'mlp' if at % 2 else 'attn'}."


_LEVIT: list[_Rule] = [
    (
        r"^pretrained\.model\.patch_embed\.(\d)\.",
        lambda match: f"encoder.stem.conv{int(match[1]) // 2 + 1}.",
    ),
    (r"^pretrained\.model\.blocks\.(\d+)\.(m\.)?", _levit_block),
    (r"\.mlp\.0\.", ".mlp.ln1."),
    (r"\.mlp\.2\.", ".mlp.ln2."),
    (r"\.(q|proj)\.1\.", r".\1.ln."),
    (r"^(encoder\..*)\.c\.", r"\1.linear."),
    (
        r"^scratch\.stem_transpose\.([02])\.(c|bn)\.",
        lambda match: f"decoder.before_head.{int(match[1]) // 2 * 3 + (match[2] == 'bn')}.",
    ),
]

# For each key map the rules that make an encoder's name in the file one in the network, in order.
_ENCODERS = {
    "efficient_net": _EFFICIENT_NET,
    "levit": _LEVIT,
    "resnext": _RESNEXT,
    "swin": _SWIN,
    "tokens": _TOKENS,
}


def renamed(name: str, key: str) -> str | None:
    """The name here of an entry of `name`'s official checkpoint; None for one not needed."""
    key_map = MODELS[name].key_map
    patterns = [pattern for group in NOT_NEEDED.values() for pattern in group]
    patterns += _NOT_NEEDED_BY.get(key_map, ())
    if any(re.search(pattern, key) for pattern in patterns):
        return None
    for pattern, new in (*_DECODER, *_ENCODERS[key_map]):
        key = re.sub(pattern, new, key)
    return key


def recognise(state_dict: Mapping[str, Any]) -> str | None:
    """The network whose official checkpoint this seems to be, or a part of it."""
    for name, spec in MODELS.items():
        if spec.mark is None:
            continue
        key, shape = spec.mark
        if tuple(getattr(state_dict.get(key), "shape", ())) == shape:
            return name
    return None


def load(network: nn.Module, state_dict: Mapping[str, Any]) -> None:
    """See `networks.load_checkpoint`."""
    name = getattr(network, "name", None)
    if not isinstance(name, str) or name not in MODELS or not MODELS[name].key_map:
        raise ModelError("load_checkpoint fills networks that build_network made; this is none.")
    entries = _entries(state_dict)
    seems_to_be = recognise(entries)
    if seems_to_be not in (None, name):
        raise CheckpointError(
            f"This checkpoint seems to be for {seems_to_be}, not for {name}: build "
            f"{seems_to_be}, or choose the file {name}.pt.",
            seems_to_be,
        )
    wanted = network.state_dict()
    found = {new: key for key in entries if (new := renamed(name, key)) is not None}
    if not wanted.keys() & found.keys():
        raise CheckpointError(
            f"This is not a MiDaS checkpoint that the program knows: none of its {len(entries)} "
            f"entries belongs to {name}. Choose the file {name}.pt.",
            None,
        )
    problems = _problems(name, wanted, found, entries)
    if problems:
        raise CheckpointError(" ".join(problems), seems_to_be)
    network.load_state_dict(
        {new: entries[key].to(wanted[new]) for new, key in found.items()}, assign=True
    )
    network.eval()  # LeViT keeps what it worked out from the old weights until it is told so


def _entries(state_dict: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tensors; a file saved in the middle of training has them one level down."""
    inner = state_dict.get("model") if isinstance(state_dict, Mapping) else None
    entries = inner if isinstance(inner, Mapping) else state_dict
    if not isinstance(entries, Mapping) or not all(isinstance(v, Tensor) for v in entries.values()):
        raise CheckpointError(
            "This is not a checkpoint: one maps the name of each weight to a tensor.", None
        )
    return entries


def _problems(
    name: str, wanted: Mapping[str, Tensor], found: Mapping[str, str], entries: Mapping[str, Any]
) -> list[str]:
    """Sentences about what is missing, unexpected, and of the wrong shape."""
    sentences = []
    missing = [key for key in wanted if key not in found]
    if missing:
        sentences.append(
            f"The checkpoint is incomplete: {len(missing)} of the {len(wanted)} entries that "
            f"{name} needs are missing ({_some(missing)}). The file may have been cut short: "
            "fetch it again."
        )
    unexpected = [key for new, key in found.items() if new not in wanted]
    if unexpected:
        sentences.append(
            f"The checkpoint has {len(unexpected)} entries that {name} does not know "
            f"({_some(unexpected)})."
        )
    misshapen = [
        f"{key} is {_shape(entries[key])} and should be {_shape(wanted[new])}"
        for new, key in found.items()
        if new in wanted and entries[key].shape != wanted[new].shape
    ]
    if misshapen:
        sentences.append(
            f"{len(misshapen)} entries have the wrong shape for {name}: {_some(misshapen, '; ')}."
        )
    return sentences


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"


def _some(texts: Iterable[str], separator: str = ", ") -> str:
    """The first three, and how many more there are."""
    texts = list(texts)
    more = [f"and {len(texts) - 3} more"] if len(texts) > 3 else []
    return separator.join([*texts[:3], *more])
