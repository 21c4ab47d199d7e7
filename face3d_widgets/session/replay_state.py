"""The record of everything that a person has set on the page."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from face3d_widgets.depth import DEFAULT_MODEL, MODELS
from face3d_widgets.figures import COLORMAPS
from face3d_widgets.figures.cameras import Viewpoint
from face3d_widgets.samples import SAMPLES
from face3d_widgets.session.comparison import INPUTS
from face3d_widgets.session.file_kinds import FILE_KINDS
from face3d_widgets.session.order import FileChoices
from face3d_widgets.types import TURNS, GeometryParams, ViewParams, WrongOnPurpose

__all__ = ["OWN_PHOTO", "PAGES", "CompareState", "LabState", "Replay", "Spot"]

#: Stands for a photo that somebody uploaded.
OWN_PHOTO = "own"
PAGES = ("model", "compare", "lab")

Place = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """The measurement: places in the photo, as (row, column).

    Attributes
    ----------
    mode : {"off", "ruler", "distance", "profile"}
    places : tuple of at most two (row, column)
        Chosen in this mode.
    ruler : (row, column, row, column, true_mm) or None
        Two places whose true distance was set.
    """

    mode: str = "off"
    places: tuple[Place, ...] = ()
    ruler: tuple[float, float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.mode not in ("off", "ruler", "distance", "profile"):
            raise ValueError(f"there is no way to measure called {self.mode!r}")
        if len(self.places) > 2:
            raise ValueError(f"at most two places are measured, not {len(self.places)}")
        numbers = [n for place in self.places for n in place] + [*(self.ruler or ())]
        if not all(math.isfinite(n) and n >= 0 for n in numbers):
            raise ValueError("places in the photo are numbers from 0 on")
        if self.ruler is not None and self.ruler[4] <= 0:
            raise ValueError("a ruler's true distance is above 0")


@dataclass(frozen=True)
class CompareState:
    """The choices on the page Compare; its networks by the keys of its places."""

    places: tuple[str, ...] = ()
    shown: str = ""
    color_by: str = "photo"

    def __post_init__(self) -> None:
        taken = [i for i, key in enumerate(self.places, start=1) if key]
        object.__setattr__(self, "places", self.places[: max(taken, default=0)])
        if len(self.places) > 4:
            raise ValueError(f"at most four networks are compared, not {len(self.places)}")
        for key in (*self.places, self.shown):
            model, _, how = key.partition(":")
            if key and (model not in MODELS or how not in (*INPUTS, "")):
                raise ValueError(f"there is no network {key!r}")
        if self.color_by not in ("photo", "difference"):
            raise ValueError(f"faces cannot be coloured by {self.color_by!r}")


@dataclass(frozen=True)
class LabState:
    """The choices on the page of the true-error lab."""

    head: str = ""
    model: str = DEFAULT_MODEL
    wrong: WrongOnPurpose = field(default_factory=WrongOnPurpose)
    color_by: str = "photo"
    map_of: str = "place"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]*", self.head):
            raise ValueError(f"no head is called {self.head!r}")
        if self.model not in MODELS:
            raise ValueError(f"there is no network {self.model!r}")
        if self.color_by not in ("photo", "error"):
            raise ValueError(f"the estimate cannot be coloured by {self.color_by!r}")
        if self.map_of not in ("place", "direction"):
            raise ValueError(f"there is no map of {self.map_of!r}")


@dataclass(frozen=True)
class Replay:
    """Everything that a person has set on the page.

    Attributes
    ----------
    photo : str
        Name of a sample, or `OWN_PHOTO`.
    turn : {0, 90, 180, 270}
        Degrees clockwise by which the photo was turned.
    model : str
        Name of the network in the zoo.
    page : {"model", "compare", "lab"}
    fov : float or None
        Vertical field of view in degrees; None is the photo's own.
    params : GeometryParams
        Its `fov` is that of this record and its `mm_per_unit` comes from the ruler, so
        both are at their defaults here.
    view : ViewParams
    camera : Viewpoint or None
        None is where one stands at the start.
    spot : Spot
        What is measured.
    kind : str
        The kind of file that is chosen, one of `FILE_KINDS`.
    choices : FileChoices
        What is chosen about files.
    compare : CompareState
    lab : LabState

    Raises
    ------
    ValueError
        For what no page can show.
    """

    photo: str = next(iter(SAMPLES))
    turn: int = 0
    model: str = DEFAULT_MODEL
    page: str = "model"
    fov: float | None = None
    params: GeometryParams = field(default_factory=GeometryParams)
    view: ViewParams = field(default_factory=lambda: ViewParams(draw_as="mesh"))
    camera: Viewpoint | None = None
    spot: Spot = field(default_factory=Spot)
    kind: str = "glb"
    choices: FileChoices = field(default_factory=FileChoices)
    compare: CompareState = field(default_factory=CompareState)
    lab: LabState = field(default_factory=LabState)

    def __post_init__(self) -> None:
        if self.photo not in SAMPLES and self.photo != OWN_PHOTO:
            raise ValueError(f"there is no sample {self.photo!r}; choose one of: {_names(SAMPLES)}")
        if self.turn not in TURNS:
            raise ValueError(f"a photo is turned by one of {TURNS} degrees, not by {self.turn}")
        if self.model not in MODELS:
            raise ValueError(f"there is no network {self.model!r}; choose one of: {_names(MODELS)}")
        if self.page not in PAGES:
            raise ValueError(f"there is no page {self.page!r}; choose one of: {_names(PAGES)}")
        if self.kind not in FILE_KINDS:
            raise ValueError(f"there is no file {self.kind!r}; choose one of: {_names(FILE_KINDS)}")
        if self.view.colormap not in COLORMAPS:
            raise ValueError(
                f"there is no colour map {self.view.colormap!r}; choose one of: {_names(COLORMAPS)}"
            )
        if self.fov is not None:
            GeometryParams(fov=self.fov)  # raises for what is no field of view
        usual = GeometryParams()
        params = dataclasses.replace(self.params, fov=usual.fov, mm_per_unit=usual.mm_per_unit)
        object.__setattr__(self, "params", params)


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
