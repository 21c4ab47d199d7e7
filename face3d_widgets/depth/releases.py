"""The official weights of the MiDaS networks: what is published, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from face3d_widgets.depth.zoo import ModelError

__all__ = [
    "CHECKPOINTS",
    "RELEASES",
    "Checkpoint",
    "WeightsError",
    "checkpoint_info",
    "get_again",
    "owner",
]

#: Where the authors of MiDaS publish their weights.
RELEASES = "https://github.com/isl-org/MiDaS/releases/download"


class WeightsError(ModelError):
    """Weights cannot be had or used; the text is one sentence for the person."""


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


# Exact sizes and sums are those of the published files; the others follow from the tensors.
CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {
        checkpoint.name: checkpoint
        for checkpoint in [
            Checkpoint(
                "midas_v21_small_256",
                "v2_1",
                85_761_505,
                "70d6b9c891758c67f974a6097fb0c608c7ee67fb81ac3e5588847d5596d56fca",
                ("midas_v21_small-70d6b9c8.pt", "model-small-70d6b9c8.pt"),
            ),
            Checkpoint(
                "midas_v21_384",
                "v2_1",
                422_509_849,
                "f6b980704cfd7259c7cc2b058c2f160159c55e84b3b6c08331b4156a84629f70",
                ("midas_v21-f6b98070.pt", "model-f6b98070.pt"),
            ),
            Checkpoint(
                "dpt_large_384",
                "v3",
                1_376_378_527,
                "2f21e586477d90cb9624c7eef5df7891edca49a1c4795ee2cb631fd4daa6ca69",
                ("dpt_large-midas-2f21e586.pt",),
            ),
            Checkpoint(
                "dpt_hybrid_384",
                "v3",
                492_757_791,
                "501f0c75b3bca7daec6b3682c5054c09b366765aef6fa3a09d03a5cb4b230853",
                ("dpt_hybrid-midas-501f0c75.pt",),
            ),
            Checkpoint("dpt_beit_large_512", "v3_1", 1_582_000_000),
            Checkpoint("dpt_beit_large_384", "v3_1", 1_441_500_000),
            Checkpoint("dpt_beit_base_384", "v3_1", 478_200_000),
            Checkpoint("dpt_swin2_large_384", "v3_1", 880_400_000),
            Checkpoint("dpt_swin2_base_384", "v3_1", 436_300_000),
            Checkpoint("dpt_swin2_tiny_256", "v3_1", 172_200_000),
            Checkpoint("dpt_swin_large_384", "v3_1", 867_500_000),
            Checkpoint("dpt_levit_224", "v3_1", 204_500_000),
        ]
    }
)


def checkpoint_info(name: str) -> Checkpoint:
    """What is known of a network's weights.

    Raises
    ------
    WeightsError
        When no weights of that name are published.
    """
    try:
        return CHECKPOINTS[name]
    except KeyError:
        known = ", ".join(CHECKPOINTS)
        raise WeightsError(
            f"There are no weights to fetch for {name!r}; choose one of: {known}."
        ) from None


def owner(path: Path) -> Checkpoint | None:
    """The checkpoint that a file is by its name."""
    return next((c for c in CHECKPOINTS.values() if path.name in c.files), None)


def get_again(path: Path) -> str:
    """What to do about a file that is no good."""
    official = owner(path)
    if official is None:
        return "choose the official file, or save the network's state_dict() and choose that"
    return f"delete it and run: face3d fetch {official.name}"
