"""Score a network on heads whose depth is known, and draw what it makes of photographs.

`python -m face3d_widgets.training evaluate --model FILE --data DIR` prints the means and
medians of `face3d_widgets.geometry.score_inverse_depth`, over all pictures and by group, and
writes them with sheets of pictures. Numbers alone mislead: look at the reliefs too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from face3d_widgets.depth import DEFAULT_MODEL, DepthEstimator, ModelError, ModelSpec, model_info
from face3d_widgets.depth.runtime import Runner, TorchRunner
from face3d_widgets.geometry import (
    FaceGeometry,
    Scores,
    align_to_truth,
    depth_error,
    score_inverse_depth,
)
from face3d_widgets.training.cases import Case, Truth, read_cases, read_photos
from face3d_widgets.training.groups import Row, groups_of
from face3d_widgets.training.pictures import (
    error_picture,
    map_picture,
    relief_picture,
    sheet,
)
from face3d_widgets.types import GeometryParams, InverseDepth

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Evaluation", "Row", "add_arguments", "evaluate", "main", "open_estimator"]

#: What is averaged, in the order of the table, and its digits behind the point.
COLUMNS = {
    "head_r2": 3,
    "head_ssi_rmse": 3,
    "head_ord": 3,
    "face_r2": 3,
    "face_ssi_rmse": 3,
    "face_ord": 3,
    "normal_mean": 1,
    "normal_median": 1,
}
_PERSONS_ON_A_SHEET = 6
# The error's full colours, in percent of the head's depth range.
_ERROR_LIMIT = 15.0


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Attributes
    ----------
    model : str
    rows : tuple of Row
    groups : dict of str to dict of str to tuple of Row
        Kind of group, such as "yaw", then the group, then whose scores are in it.
    left_out : tuple of str
        Pictures that could not be scored, each with the reason.
    """

    model: str
    rows: tuple[Row, ...]
    groups: dict[str, dict[str, tuple[Row, ...]]]
    left_out: tuple[str, ...] = ()

    def table(self) -> str:
        """Means and medians over all pictures and over each group, as lines of text."""
        lines = [" " * 36 + "    n  " + " ".join(f"{name:>13}" for name in COLUMNS)]
        lines.append(_line("all (mean/median)", self.rows))
        for kind, groups in self.groups.items():
            lines += [_line(f"{kind}: {name}", rows) for name, rows in groups.items()]
        lines += [f"left out: {reason}" for reason in self.left_out]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """All numbers, for a file."""
        return {
            "model": self.model,
            "summary": _summary(self.rows),
            "groups": {
                kind: {name: _summary(rows) for name, rows in groups.items()}
                for kind, groups in self.groups.items()
            },
            "images": [
                {"id": row.name, **asdict(row.scores), "face_lightness": row.face_lightness}
                for row in self.rows
            ],
            "left_out": list(self.left_out),
        }


def evaluate(
    model: str | Path,
    data: Path | None,
    out: Path | None = None,
    photos: Path | None = None,
    most: int | None = None,
    sheets: int = 4,
) -> Evaluation:
    """Score a network, and draw sheets of pictures.

    Parameters
    ----------
    model : str or Path
        A file of `face_lite`'s weights (safetensors), or a name from the zoo.
    data : Path or None
        Pictures with true depth; see `face3d_widgets.training.cases.read_cases`.
    out : Path, optional
        Folder for `scores.json`, `sheet-*.png` and, of photos, `photos-*.png`.
    photos : Path, optional
        A folder of photographs to draw; nothing is scored on them.
    most : int, optional
        No more than so many pictures of each folder.
    sheets : int
        At most so many sheets of the scored pictures, six persons on each. The worst face
        is always on the first.

    Raises
    ------
    ModelError
        When there is no such model, or the file holds none.
    FileNotFoundError
        When a folder holds no pictures.
    """
    estimator, name = open_estimator(model)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    left_out: list[str] = []
    drawn: list[tuple[Case, InverseDepth, Scores]] = []
    for case in read_cases(data, most) if data is not None else ():
        assert case.truth is not None
        estimate = _estimate(estimator, name, case)
        try:
            scores = _score(estimate, case, case.truth)
        except ValueError as error:  # a head that is hidden or outside the picture
            left_out.append(f"{case.photo.name}: {error}")
            continue
        rows.append(Row(case.photo.name, scores, case.facts, _lightness(case, case.truth)))
        if out is not None:
            drawn.append((case, estimate, scores))
            drawn = _worth_drawing(drawn, sheets * _PERSONS_ON_A_SHEET)
    if data is not None and not rows:
        raise ValueError(f"no picture of {data} could be scored: {'; '.join(left_out[:3])}")
    result = Evaluation(str(model), tuple(rows), groups_of(rows), tuple(left_out))
    if out is not None and rows:
        content = json.dumps(result.as_json(), indent=1)
        (out / "scores.json").write_text(content + "\n", "utf-8")
        _write_sheets(out, "sheet", _TRUTH_TITLES, (_truth_row(*one) for one in drawn))
    if out is not None and photos is not None:
        cases = read_photos(photos, most)
        rows_drawn = (_photo_row(case, _estimate(estimator, name, case)) for case in cases)
        _write_sheets(out, "photos", _PHOTO_TITLES, rows_drawn)
    estimator.close()
    return result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate` on the command line."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="a file of weights (safetensors) or a network's name; %(default)s where left out",
    )
    parser.add_argument("--data", type=Path, help="a folder of pictures with true depth")
    parser.add_argument("--photos", type=Path, help="a folder of photographs to draw only")
    parser.add_argument("--out", type=Path, help="a folder for scores.json and the pictures")
    parser.add_argument("--most", type=int, help="no more than so many pictures of each folder")
    parser.add_argument(
        "--sheets", type=int, default=4, help="sheets of scored pictures (%(default)s)"
    )


def main(args: argparse.Namespace) -> int:
    """Run `evaluate` as the command line says; 0 where it worked, 2 where it was asked wrongly."""
    if args.data is None and (args.photos is None or args.out is None):
        print("evaluate needs --data, or --photos together with --out", file=sys.stderr)
        return 2
    try:
        found = evaluate(args.model, args.data, args.out, args.photos, args.most, args.sheets)
    except (FileNotFoundError, ModelError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if found.rows:
        print(found.table())
    if args.out is not None:
        print(f"pictures and numbers are in {args.out}")
    return 0


def open_estimator(model: str | Path) -> tuple[DepthEstimator, str]:
    """An estimator for a network from the zoo or for a file of `face_lite`'s weights.

    Returns
    -------
    estimator : DepthEstimator
    name : str
        What its `predict` is to be called with.

    Raises
    ------
    ModelError
        When there is no such file and no such name.
    """
    path = Path(model)
    if path.is_file():
        return _FileEstimator(path), DEFAULT_MODEL
    if path.suffix or path.parent != Path("."):
        raise ModelError(f"There is no file {path}; give another, or a network's name.")
    return DepthEstimator(), model_info(str(model)).name


class _FileEstimator(DepthEstimator):
    """A `DepthEstimator` whose `face_lite` has the weights of a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(runtime="torch", precision="exact")
        self._file = path

    def _key_of(self, info: ModelSpec, path: Path | None) -> Hashable:
        return super()._key_of(info, self._file)

    def _runner_of(self, info: ModelSpec, path: Path | None) -> Runner:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from face3d_widgets.depth.models.face_lite import AllMaps, face_lite_from_weights

        try:
            return TorchRunner(AllMaps(face_lite_from_weights(load_file(self._file))))
        except (SafetensorError, RuntimeError) as error:  # PyTorch's names every layer
            raise ModelError(
                f"{self._file} holds no weights of {DEFAULT_MODEL}; give the file that train wrote."
            ) from error


def _estimate(estimator: DepthEstimator, name: str, case: Case) -> InverseDepth:
    estimator.set_photo(case.photo)
    return estimator.predict(name)


def _score(estimate: InverseDepth, case: Case, truth: Truth) -> Scores:
    return score_inverse_depth(
        estimate.values, truth.depth, truth.head, truth.face, truth.camera, case.photo.name
    )


def _lightness(case: Case, truth: Truth) -> float:
    """Median CIE L* of the face in the picture, 0 to 100."""
    import cv2

    rgb = case.photo.rgb[truth.face][None].astype(np.float32) / 255
    return float(np.median(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 0]))


def _worth_drawing(
    drawn: list[tuple[Case, InverseDepth, Scores]], room: int
) -> list[tuple[Case, InverseDepth, Scores]]:
    """The first pictures, with the worst face of all before them."""
    if not drawn or not room:
        return []
    worst = min(range(len(drawn)), key=lambda i: drawn[i][2].face_r2)
    ordered = [drawn[worst], *drawn[:worst], *drawn[worst + 1 :]]
    return ordered[:room]


# --- pictures ----------------------------------------------------------------------------------

_TRUTH_TITLES = (
    "input",
    "estimate, aligned on the face",
    "truth",
    f"error: red too far, +-{_ERROR_LIMIT:g} % of range",
    "estimate, front",
    "estimate, three-quarter",
    "truth, front",
    "truth, three-quarter",
)
_PHOTO_TITLES = ("input", "inverse depth", "front", "from the right", "from the left")


def _truth_row(
    case: Case, estimate: InverseDepth, scores: Scores
) -> tuple[str, list[NDArray[np.uint8]]]:
    truth = case.truth
    assert truth is not None
    aligned = align_to_truth(estimate.values, truth.depth, truth.head, truth.face)
    true = 1 / truth.depth.astype(np.float64)
    low, high = (float(q) for q in np.quantile(true[truth.head], [0.01, 0.99]))
    shown = truth.person
    views = [
        relief_picture(depth, shown, truth.camera, azimuth=azimuth, framed=truth.head)
        for depth in (1 / aligned, truth.depth)
        for azimuth in (0.0, 40.0)
    ]
    error = depth_error(aligned, truth.depth, truth.head, percent=True)
    caption = (
        f"{case.photo.name}   head r2 {scores.head_r2:.3f}   face r2 {scores.face_r2:.3f}   "
        f"face ord {scores.face_ord:.3f}   normals {scores.normal_mean:.1f} deg"
    )
    return caption, [
        case.photo.rgb,
        map_picture(aligned, (low, high)),
        map_picture(true, (low, high), shown),
        error_picture(error, _ERROR_LIMIT),
        *views,
    ]


def _photo_row(case: Case, estimate: InverseDepth) -> tuple[str, list[NDArray[np.uint8]]]:
    geometry = FaceGeometry(case.photo, estimate)
    params = GeometryParams()
    depth, shown = geometry.surface_depth(params)
    camera = geometry.camera(params)
    views = [
        relief_picture(depth, shown, camera, azimuth=azimuth) for azimuth in (0.0, 40.0, -40.0)
    ]
    span = (geometry.stats.far, geometry.stats.near)
    return case.photo.name, [case.photo.rgb, map_picture(estimate.values, span), *views]


def _write_sheets(
    out: Path,
    stem: str,
    titles: tuple[str, ...],
    rows: Iterable[tuple[str, list[NDArray[np.uint8]]]],
) -> None:
    remaining: Iterator[tuple[str, list[NDArray[np.uint8]]]] = iter(rows)
    number = 0
    while some := list(islice(remaining, _PERSONS_ON_A_SHEET)):
        sheet(some, titles).save(out / f"{stem}-{number:02d}.png", optimize=True)
        number += 1


# --- numbers -----------------------------------------------------------------------------------


def _summary(rows: tuple[Row, ...]) -> dict[str, Any]:
    """Mean and median of each score; how many there are, and which has the worst face."""
    values = {name: [getattr(row.scores, name) for row in rows] for name in COLUMNS}
    return {
        **{
            name: {"mean": float(np.mean(of)), "median": float(np.median(of))}
            for name, of in values.items()
        },
        "n": len(rows),
        "worst_face_r2": min(rows, key=lambda row: row.scores.face_r2).name,
        "inverted": sum(row.scores.inverted for row in rows),
        "nonfinite": sum(row.scores.nonfinite > 0 for row in rows),
    }


def _line(name: str, rows: tuple[Row, ...]) -> str:
    found = _summary(rows)
    cells = (
        f"{found[key]['mean']:.{digits}f}/{found[key]['median']:.{digits}f}".rjust(13)
        for key, digits in COLUMNS.items()
    )
    return f"{name:36.36} {len(rows):4}  " + " ".join(cells)
