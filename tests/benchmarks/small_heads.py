"""Heads that are small in their photos: `python -m tests.benchmarks.small_heads [DIR]`.

Rendered heads with true depth (those of the tests, or what a folder of pictures or shards
holds), each in pictures ever larger, seen by `face_lite` with one look and with the closer
look that it takes where the head is small. One table, in one run.
"""

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np

from face3d_widgets.depth import DepthEstimator, estimator
from face3d_widgets.training.cases import read_cases
from tests.rendered import in_a_larger_picture, look

RENDERS = Path(__file__).parents[1] / "data" / "renders"
TIMES = (1, 1.25, 1.5, 2, 3, 4)
MOST = 48


def means(network, cases):
    """Head r2, face r2, face pairs in the wrong order and angle of normals."""
    every = [look(network, case)[1] for case in cases]
    return np.mean([(s.head_r2, s.face_r2, s.face_ord, s.normal_mean) for s in every], axis=0)


def height(truth):
    """The head's, as a part of the picture's."""
    rows = np.flatnonzero(truth.head.any(axis=1))
    return (rows[-1] + 1 - rows[0]) / truth.head.shape[0]


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RENDERS
    cases = list(read_cases(folder, MOST))
    network = DepthEstimator()
    network.warm_up()
    print(f"{len(cases)} heads of {folder}: median height; then means for one look and for two")
    print("| height | head r2 | face r2 | wrong order | normals, degrees |")
    print("| --- | --- | --- | --- | --- |")
    for times in TIMES:
        larger = [in_a_larger_picture(case, times) for case in cases]
        with patch.object(estimator, "head_window", lambda *_: None):
            once = means(network, larger)
        twice = means(network, larger)
        cells = [
            f"{a:.{digits}f} / {b:.{digits}f}"
            for a, b, digits in zip(once, twice, (3, 3, 3, 1), strict=True)
        ]
        part = np.median([height(case.truth) for case in larger])
        print(f"| {part:.2f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
