"""One row for each network that the program knows: all that is particular to it.

To add one, write its row here. A network of another kind than those that are here brings a
family, too: how its weights are loaded, what it is shown, and what its answer means.
This module is read without PyTorch; what a row names is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "RELEASES",
    "Checkpoint",
    "InputRule",
    "ModelFamily",
    "ModelSpec",
    "Run",
    "best_first",
    "model_info",
    "named",
    "registered",
]

#: The network that is chosen first.
DEFAULT_MODEL = "face_lite"

# Networks that take every size are followed on a small picture, which is quick.
_TRACED_SIDE = 64

#: Where the authors of MiDaS publish their weights.
RELEASES = "https://github.com/isl-org/MiDaS/releases/download"

Run = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
"""A loaded network: its input to its maps, without the dimension of a batch."""


class ModelFamily(Protocol):
    """A kind of networks that are loaded, and looked at photos with, in one way."""

    def checksum(self, spec: ModelSpec, path: Path | None) -> str:
        """SHA-256 of the weights, in hexadecimal; `WeightsError` where they are not sound."""

    def load(self, spec: ModelSpec, path: Path | None) -> Any:
        """The network in PyTorch, a Module with its weights."""

    def predict(self, spec: ModelSpec, run: Run, photo: Photo) -> InverseDepth:
        """A photo's inverse depth; `run` is the loaded network, and may be run several times.

        A family that needs no network, such as the depth that came with a photo, never runs it.
        """


@dataclass(frozen=True)
class InputRule:
    """The preprocessing of one network: how a photo becomes its input.

    Attributes
    ----------
    net_size : int
        Side, in pixels, of the pictures that it was trained on.
    resize_method : "upper_bound" or "minimal"
        With the shape kept, `upper_bound` fits the photo into the square of
        `net_size`; `minimal` takes the side that has to change less to it.
    keep_aspect_ratio : bool
        Whether the photo's shape is kept at all.
    mean, std : (red, green, blue)
        Taken off, and divided by, with colours from 0 to 1.
    """

    net_size: int
    resize_method: Literal["upper_bound", "minimal"]
    keep_aspect_ratio: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Checkpoint:
    """One file of official weights.

    Attributes
    ----------
    name : str
        The network, as in `MODELS`.
    release : str
        The release of MiDaS that holds the file.
    size : int
        Bytes; exact where `sha256` is known, else to a thousandth.
    sha256 : str or None
        Of the file, in hexadecimal, where it is known.
    older : tuple of str
        Names that the same file had before; they carry the first digits of its SHA-256.
    """

    name: str
    release: str
    size: int
    sha256: str | None = None
    older: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.pt"

    @property
    def files(self) -> tuple[str, ...]:
        """Every name that the file is known by, today's first."""
        return self.file, *self.older

    @property
    def at_most(self) -> int:
        """Bytes that no file of these weights passes."""
        return self.size if self.sha256 is not None else round(1.01 * self.size)

    @property
    def url(self) -> str:
        """The official address."""
        return f"{RELEASES}/{self.release}/{self.file}"


@dataclass(frozen=True)
class ModelSpec:
    """All that is particular to one network.

    Attributes
    ----------
    name : str
        The name used in Python, in file names and on the command line.
    title : str
        The name shown to people.
    year : int
        Of its release.
    summary : str
        One sentence for the model selector.
    parameters : int
        Number of weights.
    size : int
        Bytes of the weights file.
    licence : str
    memory : int
        Bytes that the process grows by, at most, while the network is loaded from
        its weights and run on a photo of 4:3, in float32 on the CPU; measured by
        `tests.benchmarks.networks`.
    input_side : int
        Longer side, in pixels, of the picture the network sees.
    family : str or ModelFamily
        How it is loaded and run: a module's name, or an object.
    rank : int
        Its place when the best come first.
    relief_unit : float or None
        See `InverseDepth.relief_unit`.
    runs_network : bool
        False where there is nothing to load: the depth is known already.
    looks_closer : bool
        Whether a small head is looked at a second time, from nearer.
    small : bool
        Too small to gain from a GPU.
    per_size : bool
        Whether OpenVINO compiles it for each size of picture anew, which is worth it for
        purely convolutional networks, and needed where one size alone is taken.
    checkpoint : Checkpoint or None
        The weights to fetch; None where they are in the package or none are needed.
    hub_name : str
        The name on PyTorch Hub, or "".
    input_rule : InputRule or None
        Of a MiDaS network.
    builder : str
        "module:function" in `depth.models`, called with the name and `builder_options`.
    builder_options : mapping
    key_map : str
        Of `depth.models.checkpoint`: how the checkpoint's entries are called here.
    mark : (str, tuple of int) or None
        An entry of its checkpoint that no other has in that shape.
    """

    name: str
    title: str
    year: int
    summary: str
    parameters: int
    size: int
    licence: str
    memory: int
    input_side: int
    family: str | ModelFamily
    rank: int
    relief_unit: float | None = None
    runs_network: bool = True
    looks_closer: bool = False
    small: bool = False
    per_size: bool = False
    checkpoint: Checkpoint | None = None
    hub_name: str = ""
    input_rule: InputRule | None = None
    builder: str = ""
    builder_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    key_map: str = ""
    mark: tuple[str, tuple[int, ...]] | None = None

    @property
    def traced_size(self) -> tuple[int, int]:
        """Height and width of the input on which it is followed for a conversion."""
        rule = self.input_rule
        side = _TRACED_SIDE if rule is None or rule.keep_aspect_ratio else rule.net_size
        return side, side

    def the_family(self) -> ModelFamily:
        """Its family, imported now where the row names a module."""
        if isinstance(self.family, str):
            return cast(ModelFamily, import_module(f"{__package__}.{self.family}"))
        return self.family


def _v21_input(side: int) -> InputRule:
    # Their encoders come from ImageNet, and so do its mean colour and spread.
    return InputRule(side, "upper_bound", True, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def _dpt_input(side: int, any_shape: bool = True) -> InputRule:
    return InputRule(side, "minimal", any_shape, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _square_input(side: int) -> InputRule:
    # Swin and LeViT look through windows that fit one size only.
    return _dpt_input(side, any_shape=False)


def _midas(
    name: str,
    title: str,
    year: int,
    summary: str,
    *,
    size: int,
    input_rule: InputRule,
    release: str,
    sha256: str | None = None,
    older: tuple[str, ...] = (),
    **more: Any,
) -> ModelSpec:
    return ModelSpec(
        name,
        title,
        year,
        summary,
        size=size,
        licence="MIT",
        input_side=input_rule.net_size,
        input_rule=input_rule,
        family="midas_family",
        checkpoint=Checkpoint(name, release, size, sha256, older),
        **more,
    )


# Exact sizes and sums are those of the published files; the others follow from the tensors.
# The ranks are those of their authors on six datasets (Birkl, Wofk and Mueller 2023,
# MiDaS v3.1, https://arxiv.org/abs/2307.14460); the network in the package, which needs the
# least, comes last.
# fmt: off
_ROWS = [
    ModelSpec(
        "face_lite", "Face Lite", 2026,
        "Ships with the program and is ready at once: relative depth of a head, "
        "learned from synthetic heads only. It is not a MiDaS network.",
        parameters=4_651_963, size=9_416_250, memory=350_000_000, rank=12,
        licence="MIT; encoder weights Apache-2.0",
        input_side=288, relief_unit=0.1, family="face_lite_family",
        looks_closer=True, small=True, per_size=True,
    ),
    _midas(
        "midas_v21_small_256", "MiDaS v2.1 small", 2020,
        "The smallest MiDaS: quick, and rough on faces.",
        parameters=21_320_545, size=85_761_505, memory=660_000_000, rank=11,
        release="v2_1", sha256="70d6b9c891758c67f974a6097fb0c608c7ee67fb81ac3e5588847d5596d56fca",
        older=("midas_v21_small-70d6b9c8.pt", "model-small-70d6b9c8.pt"),
        hub_name="MiDaS_small", input_rule=_v21_input(256),
        builder="midas_v2:midas_v21_small_256",
        key_map="efficient_net", mark=("pretrained.layer1.3.0.conv_dw.weight", (32, 1, 3, 3)),
        per_size=True,
    ),
    _midas(
        "midas_v21_384", "MiDaS v2.1", 2020, "The last MiDaS of convolutions alone.",
        parameters=105_362_945, size=422_509_849, memory=1_450_000_000, rank=10,
        release="v2_1", sha256="f6b980704cfd7259c7cc2b058c2f160159c55e84b3b6c08331b4156a84629f70",
        older=("midas_v21-f6b98070.pt", "model-f6b98070.pt"),
        hub_name="MiDaS", input_rule=_v21_input(384),
        builder="midas_v2:midas_v21_384",
        key_map="resnext", mark=("pretrained.layer1.4.0.conv1.weight", (256, 64, 1, 1)),
        per_size=True,
    ),
    _midas(
        "dpt_hybrid_384", "DPT Hybrid", 2021, "Convolutions first, then attention; a good middle.",
        parameters=123_146_985, size=492_757_791, memory=1_730_000_000, rank=8,
        release="v3", sha256="501f0c75b3bca7daec6b3682c5054c09b366765aef6fa3a09d03a5cb4b230853",
        older=("dpt_hybrid-midas-501f0c75.pt",),
        hub_name="DPT_Hybrid", input_rule=_dpt_input(384),
        builder="builders:hybrid",
        key_map="tokens", mark=("pretrained.model.pos_embed", (1, 577, 768)),
    ),
    _midas(
        "dpt_large_384", "DPT Large", 2021, "The first large MiDaS of attention alone.",
        parameters=344_055_465, size=1_376_378_527, memory=3_550_000_000, rank=6,
        release="v3", sha256="2f21e586477d90cb9624c7eef5df7891edca49a1c4795ee2cb631fd4daa6ca69",
        older=("dpt_large-midas-2f21e586.pt",),
        hub_name="DPT_Large", input_rule=_dpt_input(384),
        builder="builders:vit_large",
        key_map="tokens", mark=("pretrained.model.pos_embed", (1, 577, 1024)),
    ),
    _midas(
        "dpt_swin2_tiny_256", "DPT Swin2 tiny", 2022, "The smallest of MiDaS 3.1 that is good.",
        parameters=41_701_331, size=172_200_000, memory=1_000_000_000, rank=7,
        release="v3_1",
        hub_name="DPT_SwinV2_T_256", input_rule=_square_input(256),
        builder="builders:swin",
        builder_options={"timm_name": "swinv2_tiny_window16_256", "channels": 96},
        key_map="swin", mark=("pretrained.model.layers.0.blocks.0.attn.logit_scale", (3, 1, 1)),
        per_size=True,
    ),
    _midas(
        "dpt_levit_224", "DPT LeViT", 2022, "Made for speed; sees small pictures only.",
        parameters=50_630_837, size=204_500_000, memory=860_000_000, rank=9,
        release="v3_1",
        hub_name="DPT_LeViT_224", input_rule=_square_input(224),
        builder="builders:levit",
        key_map="levit", mark=("pretrained.model.patch_embed.0.c.weight", (48, 3, 3, 3)),
        per_size=True,
    ),
    _midas(
        "dpt_swin2_base_384", "DPT Swin2 base", 2022, "Between tiny and large.",
        parameters=102_378_913, size=436_300_000, memory=2_600_000_000, rank=3,
        release="v3_1",
        hub_name="DPT_SwinV2_B_384", input_rule=_square_input(384),
        builder="builders:swin",
        builder_options={"timm_name": "swinv2_base_window12to24_192to384", "channels": 128},
        key_map="swin", mark=("pretrained.model.layers.0.blocks.0.attn.logit_scale", (4, 1, 1)),
        per_size=True,
    ),
    _midas(
        "dpt_beit_base_384", "DPT BEiT base", 2022, "The smaller BEiT.",
        parameters=111_531_689, size=478_200_000, memory=1_800_000_000, rank=5,
        release="v3_1",
        hub_name="DPT_BEiT_B_384", input_rule=_dpt_input(384),
        builder="builders:beit_base",
        key_map="tokens",
        mark=("pretrained.model.blocks.0.attn.relative_position_bias_table", (2212, 12)),
    ),
    _midas(
        "dpt_swin2_large_384", "DPT Swin2 large", 2022, "Nearly as good as BEiT, and quicker.",
        parameters=213_411_869, size=880_400_000, memory=3_600_000_000, rank=2,
        release="v3_1",
        hub_name="DPT_SwinV2_L_384", input_rule=_square_input(384),
        builder="builders:swin",
        builder_options={"timm_name": "swinv2_large_window12to24_192to384", "channels": 192},
        key_map="swin", mark=("pretrained.model.layers.0.blocks.0.attn.logit_scale", (6, 1, 1)),
        per_size=True,
    ),
    _midas(
        "dpt_swin_large_384", "DPT Swin large", 2022, "Swin of the first version.",
        parameters=213_407_453, size=867_500_000, memory=2_600_000_000, rank=4,
        release="v3_1",
        hub_name="DPT_Swin_L_384", input_rule=_square_input(384),
        builder="builders:swin",
        builder_options={"timm_name": "swin_large_patch4_window12_384", "channels": 192,
                         "weight_init": "skip"},
        key_map="swin",
        mark=("pretrained.model.layers.0.blocks.0.attn.relative_position_bias_table", (529, 6)),
        per_size=True,
    ),
    _midas(
        "dpt_beit_large_384", "DPT BEiT large 384", 2022, "The second best MiDaS.",
        parameters=344_338_601, size=1_441_500_000, memory=4_200_000_000, rank=1,
        release="v3_1",
        hub_name="DPT_BEiT_L_384", input_rule=_dpt_input(384),
        builder="builders:beit_large", builder_options={"side": 24},
        key_map="tokens",
        mark=("pretrained.model.blocks.0.attn.relative_position_bias_table", (2212, 16)),
    ),
    _midas(
        "dpt_beit_large_512", "DPT BEiT large 512", 2022, "The best MiDaS, and the slowest.",
        parameters=345_014_441, size=1_582_000_000, memory=4_450_000_000, rank=0,
        release="v3_1",
        hub_name="DPT_BEiT_L_512", input_rule=_dpt_input(512),
        builder="builders:beit_large", builder_options={"side": 32},
        key_map="tokens",
        mark=("pretrained.model.blocks.0.attn.relative_position_bias_table", (3972, 16)),
    ),
]
# fmt: on

_specs = {spec.name: spec for spec in _ROWS}

#: Every network by its name, those that `registered` adds too.
MODELS: Mapping[str, ModelSpec] = MappingProxyType(_specs)


@contextmanager
def registered(spec: ModelSpec) -> Iterator[None]:
    """Let the program know one network more for a while."""
    if spec.name in _specs:
        raise ModelError(f"There is a network called {spec.name} already; choose another name.")
    _specs[spec.name] = spec
    try:
        yield
    finally:
        del _specs[spec.name]


def best_first() -> list[ModelSpec]:
    """Every network, from the best to the roughest."""
    return sorted(MODELS.values(), key=lambda spec: spec.rank)


def named(name: str) -> ModelSpec | None:
    """The network of that name or with that name on PyTorch Hub; capitals do not count."""
    wanted = name.lower()
    for spec in MODELS.values():
        if wanted and wanted in (spec.name.lower(), spec.hub_name.lower()):
            return spec
    return None


def model_info(name: str) -> ModelSpec:
    """Look a network up, by its name or by the one that it has on PyTorch Hub.

    Raises
    ------
    ModelError
        When there is none of that name.
    """
    spec = MODELS.get(name) or named(name)
    if spec is None:
        known = ", ".join(MODELS)
        raise ModelError(f"There is no model called {name!r}; choose one of: {known}.")
    return spec
