"""One table of every network that the program knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["BEST_FIRST", "DEFAULT_MODEL", "MODELS", "ModelError", "ModelInfo", "model_info"]


class ModelError(ValueError):
    """A network cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of one network before it is loaded.

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
    relief_unit : float or None
        See `InverseDepth.relief_unit`.
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
    relief_unit: float | None = None


DEFAULT_MODEL = "face_lite"


def _midas(
    name: str,
    title: str,
    year: int,
    summary: str,
    parameters: int,
    size: int,
    memory: int,
    side: int,
) -> ModelInfo:
    return ModelInfo(name, title, year, summary, parameters, size, "MIT", memory, side)


MODELS: Mapping[str, ModelInfo] = MappingProxyType(
    {
        info.name: info
        for info in [
            ModelInfo(
                name="face_lite",
                title="Face Lite",
                year=2026,
                summary=(
                    "Ships with the program and is ready at once: relative depth of a head, "
                    "learned from synthetic heads only. It is not a MiDaS network."
                ),
                parameters=4_651_963,
                size=9_416_250,
                licence="MIT; encoder weights Apache-2.0",
                memory=350_000_000,
                input_side=288,
                relief_unit=0.1,
            ),
            _midas(
                "midas_v21_small_256",
                "MiDaS v2.1 small",
                2020,
                "The smallest MiDaS: quick, and rough on faces.",
                21_320_545,
                85_761_505,
                660_000_000,
                256,
            ),
            _midas(
                "midas_v21_384",
                "MiDaS v2.1",
                2020,
                "The last MiDaS of convolutions alone.",
                105_362_945,
                422_509_849,
                1_450_000_000,
                384,
            ),
            _midas(
                "dpt_hybrid_384",
                "DPT Hybrid",
                2021,
                "Convolutions first, then attention; a good middle.",
                123_146_985,
                492_757_791,
                1_730_000_000,
                384,
            ),
            _midas(
                "dpt_large_384",
                "DPT Large",
                2021,
                "The first large MiDaS of attention alone.",
                344_055_465,
                1_376_378_527,
                3_550_000_000,
                384,
            ),
            _midas(
                "dpt_swin2_tiny_256",
                "DPT Swin2 tiny",
                2022,
                "The smallest of MiDaS 3.1 that is good.",
                41_701_331,
                172_200_000,
                1_000_000_000,
                256,
            ),
            _midas(
                "dpt_levit_224",
                "DPT LeViT",
                2022,
                "Made for speed; sees small pictures only.",
                50_630_837,
                204_500_000,
                860_000_000,
                224,
            ),
            _midas(
                "dpt_swin2_base_384",
                "DPT Swin2 base",
                2022,
                "Between tiny and large.",
                102_378_913,
                436_300_000,
                2_600_000_000,
                384,
            ),
            _midas(
                "dpt_beit_base_384",
                "DPT BEiT base",
                2022,
                "The smaller BEiT.",
                111_531_689,
                478_200_000,
                1_800_000_000,
                384,
            ),
            _midas(
                "dpt_swin2_large_384",
                "DPT Swin2 large",
                2022,
                "Nearly as good as BEiT, and quicker.",
                213_411_869,
                880_400_000,
                3_600_000_000,
                384,
            ),
            _midas(
                "dpt_swin_large_384",
                "DPT Swin large",
                2022,
                "Swin of the first version.",
                213_407_453,
                867_500_000,
                2_600_000_000,
                384,
            ),
            _midas(
                "dpt_beit_large_384",
                "DPT BEiT large 384",
                2022,
                "The second best MiDaS.",
                344_338_601,
                1_441_500_000,
                4_200_000_000,
                384,
            ),
            _midas(
                "dpt_beit_large_512",
                "DPT BEiT large 512",
                2022,
                "The best MiDaS, and the slowest.",
                345_014_441,
                1_582_000_000,
                4_450_000_000,
                512,
            ),
        ]
    }
)

#: From the best to the roughest, as their authors found them on six datasets
#: (Birkl, Wofk and Mueller 2023, MiDaS v3.1, https://arxiv.org/abs/2307.14460);
#: the network in the package, which needs the least, comes last.
BEST_FIRST = (
    "dpt_beit_large_512",
    "dpt_beit_large_384",
    "dpt_swin2_large_384",
    "dpt_swin2_base_384",
    "dpt_swin_large_384",
    "dpt_beit_base_384",
    "dpt_large_384",
    "dpt_swin2_tiny_256",
    "dpt_hybrid_384",
    "dpt_levit_224",
    "midas_v21_384",
    "midas_v21_small_256",
    DEFAULT_MODEL,
)


def model_info(name: str) -> ModelInfo:
    """Look a network up, by its name or by the one that it has on PyTorch Hub.

    Raises
    ------
    ModelError
        When there is none of that name.
    """
    from face3d_widgets.depth.networks import canonical_name

    if name in MODELS:
        return MODELS[name]
    try:
        return MODELS[canonical_name(name)]
    except ModelError:
        known = ", ".join(MODELS)
        raise ModelError(f"There is no model called {name!r}; choose one of: {known}.") from None
