"""Several estimates of one photo: how long each took, and how far they agree.

An estimate is known up to scale and shift, so before two are compared one is brought to
the other's scale (`geometry.align_maps`). What is left is a difference of shape. It is
given in percent of the head's width, a length that everybody can see in the photo.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.depth import MODELS, DepthEstimator, ModelError, model_info
from face3d_widgets.geometry import (
    FaceGeometry,
    MapAlignment,
    SubjectStats,
    align_maps,
    nearness,
    subject_stats,
)
from face3d_widgets.geometry.ranks import rank_correlation
from face3d_widgets.geometry.relief import finds_subject
from face3d_widgets.session.estimator import Estimator
from face3d_widgets.session.order import Progress
from face3d_widgets.types import GeometryParams, InverseDepth, Photo

__all__ = [
    "INPUTS",
    "Agreement",
    "Comparer",
    "Comparison",
    "ComparisonCancelled",
    "Contestant",
    "Estimate",
    "compare_estimates",
]

#: What a network may be shown instead of the photo as it is: name to title.
INPUTS: Mapping[str, str] = MappingProxyType(
    {
        "photo": "",
        "mirrored": "photo mirrored",
        "half": "half its pixels",
        "grey": "photo in grey",
    }
)

# A first run makes ready what later ones find; where it is short, the second is timed.
_TIMED_TWICE = 3.0  # seconds
_ORDERED = 20_000  # pixels whose order is compared
_MOST = 4
_KEPT = 8  # estimates


class ComparisonCancelled(Exception):
    """The person does not want the comparison any more."""


@dataclass(frozen=True)
class Contestant:
    """A network, and what it is shown.

    Attributes
    ----------
    model : str
    input : str
        One of `INPUTS`. What comes of a changed photo is brought back to the photo as it
        is, so that it can be compared pixel by pixel.
    """

    model: str
    input: str = "photo"

    def __post_init__(self) -> None:
        if self.input not in INPUTS:
            raise ValueError(
                f"there is no input {self.input!r}; choose one of: {', '.join(INPUTS)}"
            )

    @property
    def title(self) -> str:
        """Its name for people."""
        name, how = model_info(self.model).title, INPUTS[self.input]
        return f"{name}, {how}" if how else name


@dataclass(frozen=True, eq=False)
class Estimate:
    """The estimate of one contestant.

    Attributes
    ----------
    contestant : Contestant
    inverse_depth : InverseDepth
        At the photo's size, on the network's own scale.
    seconds : float
        That the network took, loading not counted.
    """

    contestant: Contestant
    inverse_depth: InverseDepth
    seconds: float

    @property
    def memory(self) -> int:
        """Bytes that the process grows by while the network runs, as was measured for it."""
        return MODELS[self.contestant.model].memory


@dataclass(frozen=True, eq=False)
class Agreement:
    """One estimate held to the first.

    Attributes
    ----------
    estimate : Estimate
    alignment : MapAlignment
        From the estimate's scale to the first one's.
    rank_correlation : float
        Spearman's, over the head: 1 is the same order of near and far.
    difference : (h, w) float32
        After alignment, percent of the head's width; above 0 it is nearer than the first.
        NaN outside the head.
    """

    estimate: Estimate
    alignment: MapAlignment
    rank_correlation: float
    difference: NDArray[np.float32]

    @cached_property
    def typical(self) -> float:
        """Half of the head's pixels differ by less, percent of the head's width."""
        return float(np.nanmedian(np.abs(self.difference)))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two to four estimates of one photo; all others are held to the first.

    Attributes
    ----------
    photo : Photo
    head : (h, w) bool
        Where they are compared.
    stats : SubjectStats
        Of the first.
    agreements : tuple of Agreement
        The first with itself, then the others.
    """

    photo: Photo
    head: NDArray[np.bool_]
    stats: SubjectStats
    agreements: tuple[Agreement, ...]

    @property
    def first(self) -> Estimate:
        """The estimate that the others are held to."""
        return self.agreements[0].estimate

    @property
    def geometries(self) -> Iterator[FaceGeometry]:
        """Each estimate on the scale of the first, for meshes of one size and place.

        They come one after the other and are not kept: each takes five times what it is of.
        """
        first = self.first.inverse_depth
        for one in self.agreements:
            values = one.alignment.apply(one.estimate.inverse_depth.values)
            model = one.estimate.contestant.model
            yield FaceGeometry(
                self.photo, InverseDepth(values, self.head, model, first.relief_unit)
            )


class Comparer:
    """Runs contestants on one photo; keeps what the latest said until another photo comes.

    Parameters
    ----------
    estimator : Estimator
        Its photo is another one afterwards; `set_photo` brings it back.
    """

    def __init__(self, estimator: Estimator) -> None:
        self.estimator = estimator
        self._photo: Photo | None = None
        self._known: dict[Contestant, Estimate] = {}
        self._warm = ""

    def knows(self, photo: Photo, contestant: Contestant) -> bool:
        """Tell whether a contestant need not run again."""
        return photo is self._photo and contestant in self._known

    def compare(
        self,
        photo: Photo,
        contestants: Sequence[Contestant],
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Comparison:
        """Estimate what is not known yet, and compare; a worker thread may call it.

        Parameters
        ----------
        photo : Photo
        contestants : sequence of Contestant
            Two to four different ones; the others are held to the first.
        progress : callable, optional
            Told the step and the share that is done.
        cancelled : callable, optional
            Asked before each network; True ends the work, and what was estimated is kept.

        Raises
        ------
        ComparisonCancelled
        ModelError
            When a network cannot run.
        ValueError
            When the number of contestants is another, two are the same, or an estimate is
            the same everywhere on the head.
        """
        if not 2 <= len(set(contestants)) == len(contestants) <= _MOST:
            raise ValueError(
                f"two to {_MOST} different networks can be compared, not {len(contestants)}; "
                "choose others"
            )
        if photo is not self._photo:
            self._photo, self._known = photo, {}
        report = progress or (lambda step, share: None)
        for i, one in enumerate(contestants):
            if cancelled is not None and cancelled():
                raise ComparisonCancelled("The comparison was cancelled.")
            if one not in self._known:
                report(f"Running {one.title}", (i + 0.3) / (len(contestants) + 1))
                self._known[one] = self._run(photo, one)
        for one in contestants:
            self._known[one] = self._known.pop(one)  # the latest come last
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        report("Comparing", len(contestants) / (len(contestants) + 1))
        return compare_estimates(photo, [self._known[one] for one in contestants])

    def rest(self, model: str) -> None:
        """Free the network that ran last, unless it is `model`; what was said is kept."""
        if isinstance(self.estimator, DepthEstimator):
            self.estimator.rest(model)
            if self._warm != model:
                self._warm = ""

    def _run(self, photo: Photo, one: Contestant) -> Estimate:
        model = model_info(one.model).name
        changed = _shown(photo, one)
        inverse_depth, seconds = self._timed(changed, model)
        if self._warm != model and seconds < _TIMED_TWICE:
            inverse_depth, seconds = self._timed(changed, model)
        self._warm = model
        return Estimate(one, _brought_back(inverse_depth, photo, one), seconds)

    def _timed(self, photo: Photo, model: str) -> tuple[InverseDepth, float]:
        self.estimator.set_photo(dataclasses.replace(photo))  # a copy, or a kept result would do
        start = time.perf_counter()
        inverse_depth = self.estimator.predict(model)
        seconds = time.perf_counter() - start
        return inverse_depth, float(getattr(self.estimator, "last_seconds", 0.0)) or seconds


def compare_estimates(photo: Photo, estimates: Sequence[Estimate]) -> Comparison:
    """Hold estimates of one photo to the first of them.

    They are compared on the head: where the first network that tells the person finds one,
    else where the first has the nearer part of its range.

    Raises
    ------
    ModelError
        When an estimate says the same everywhere on the head.
    """
    first = estimates[0].inverse_depth
    head = _head([one.inverse_depth for one in estimates])
    # The first on the same head, or its own range would be measured elsewhere.
    on_head = InverseDepth(first.values, head, first.model, first.relief_unit)
    stats = subject_stats(on_head, nearness(on_head))
    agreements = []
    for one in estimates:
        values = one.inverse_depth.values
        try:
            alignment = align_maps(values, first.values, head)
            correlation = _rank_correlation(values, first.values, head)
        except ValueError as error:
            raise ModelError(
                f"{one.contestant.title} says nothing of this head ({error}); "
                "compare others, or take another photo."
            ) from error
        gain = np.float32(100 * stats.natural_gain / stats.head_width)
        difference = (alignment.apply(values) - first.values) * gain
        difference = np.where(head, difference, np.float32(np.nan))
        agreements.append(Agreement(one, alignment, correlation, difference))
    return Comparison(photo, head, stats, tuple(agreements))


def _head(estimates: Sequence[InverseDepth]) -> NDArray[np.bool_]:
    for one in estimates:
        if one.subject is not None and finds_subject(one):
            return one.subject
    return nearness(estimates[0]) >= GeometryParams().cutoff


def _rank_correlation(a: NDArray, b: NDArray, head: NDArray[np.bool_]) -> float:
    x, y = a[head], b[head]
    every = max(1, len(x) // _ORDERED)
    return rank_correlation(x[::every], y[::every])


def _shown(photo: Photo, one: Contestant) -> Photo:
    """The photo as a contestant is shown it."""
    rgb = photo.rgb
    if one.input == "mirrored":
        rgb = rgb[:, ::-1]
    elif one.input == "half":
        side = MODELS[one.model].input_side / 2
        share = min(1.0, side / max(rgb.shape[:2]))
        size = [max(1, round(share * n)) for n in (photo.width, photo.height)]
        rgb = np.asarray(Image.fromarray(rgb).resize((size[0], size[1]), Image.Resampling.BOX))
    elif one.input == "grey":
        rgb = np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, axis=2)
    return Photo(rgb, photo.name, photo.original_size, photo.focal_length_35mm)


def _brought_back(estimate: InverseDepth, photo: Photo, one: Contestant) -> InverseDepth:
    """The estimate for the changed photo, as a map over the photo as it is."""
    values, subject = estimate.values, estimate.subject
    if one.input == "mirrored":
        values = values[:, ::-1]
        subject = None if subject is None else np.ascontiguousarray(subject[:, ::-1])
    elif values.shape != photo.rgb.shape[:2]:
        size = photo.width, photo.height
        bilinear = Image.Resampling.BILINEAR
        values = np.asarray(Image.fromarray(np.array(values)).resize(size, bilinear))
        if subject is not None:
            subject = np.asarray(Image.fromarray(np.array(subject)).resize(size)) > 0
    return InverseDepth(values, subject, estimate.model, estimate.relief_unit)
