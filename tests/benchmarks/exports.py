"""Every file of one 512 x 512 result: how long it takes and how large it is."""

import statistics
import time

import numpy as np
from PIL import Image

from face3d_widgets.samples import load_sample
from face3d_widgets.session import FILE_KINDS, ReconstructionSession, make_file, preview_file
from face3d_widgets.types import Photo, ViewParams


def export_rows(runs=3):
    """[kind, file, seconds, MB, told MB, preview ms]: medians, nothing kept from run to run."""
    rgb = Image.fromarray(load_sample("astronaut").rgb).resize((512, 512), Image.Resampling.LANCZOS)
    session = ReconstructionSession()
    session.open(Photo(np.asarray(rgb), name="astronaut"))
    session.view = ViewParams(draw_as="mesh")
    session.save_as("png")  # the drawing browser's start, libraries and all
    session.save_as("glb")
    rows = []
    for kind, known in FILE_KINDS.items():
        seconds, previews = [], []
        for _ in range(runs):
            session._file_geometry = None  # another photo's file would find nothing there
            start = time.perf_counter()
            told = preview_file(kind, session.order())
            previews.append(1000 * (time.perf_counter() - start))
            session._file_geometry = None
            start = time.perf_counter()
            file = make_file(kind, session.order())
            seconds.append(time.perf_counter() - start)
        rows.append(
            [
                known.label,
                known.content + known.suffix,
                f"{statistics.median(seconds):.2f}",
                f"{len(file.data) / 1e6:.2f}",
                "" if told.n_bytes is None else f"{told.n_bytes / 1e6:.2f}",
                f"{statistics.median(previews):.0f}",
            ]
        )
    return rows
