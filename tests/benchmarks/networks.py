"""Every network on every runtime: `python -m tests.benchmarks.networks [NAME ...]`.

One table, in one run: milliseconds for a photo of 4:3, seconds from nothing to the
first depth and again when a conversion is kept, the memory that the process grew by
at most, and how far the result is from PyTorch's in float32. Each row is a process
of its own. The weights are numbers made from names, as in the golden tests: they
take as long as the official ones, but make rounding show more than trained
weights do.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from face3d_widgets.depth import NETWORK_NAMES, DepthEstimator, canonical_name
from face3d_widgets.samples import load_sample
from face3d_widgets.types import Photo

CHOICES = [("torch", "exact"), ("torch", "fast"), ("openvino", "exact"), ("openvino", "fast")]
HEADER = [
    "network",
    "runtime",
    "ms",
    "start, s",
    "again, s",
    "peak, MB",
    "max difference",
    "correlation",
]


def portrait():
    """A real photo, cut to 4:3."""
    photo = load_sample("astronaut")
    return Photo(photo.rgb[: photo.width * 3 // 4])


def peak_memory():
    """The most that this process ever held, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("only Linux tells")


def child(name, runtime, precision, folder, out):
    """One row; prints it as JSON."""
    photo = portrait()
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    estimator = DepthEstimator(folder, runtime, precision)
    estimator.set_photo(photo)
    values = estimator.predict(name).values
    first = time.perf_counter() - start
    seconds = []
    for _ in range(3 if first > 8 else 7):
        estimator.set_photo(Photo(photo.rgb.copy()))
        estimator.predict(name)
        seconds.append(estimator.last_seconds)
    np.save(out, values)
    row = {
        "runs_on": estimator.runs_on,
        "ms": 1000 * statistics.median(seconds),
        "first": first,
        "peak": peak_memory() - before,
    }
    print(json.dumps(row))


def write_weights(name, folder):
    """The official file's tensors; in a process of its own, for its memory."""
    code = (
        "import torch; from tests.test_networks import reference_checkpoint; "
        f"torch.save(reference_checkpoint({name!r}), {str(folder / name)!r} + '.pt')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def measured(name, runtime, precision, folder, out):
    command = [sys.executable, "-m", __spec__.name, "--child"]
    arguments = [name, runtime, precision, str(folder), str(out)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"runs_on": done.stderr.strip().splitlines()[-1][:60]}
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(name):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_weights(name, folder)
        expected = None
        for runtime, precision in CHOICES:
            out = folder / "values.npy"
            row = measured(name, runtime, precision, folder, out)
            if "ms" not in row:
                yield [name, f"{runtime} {precision}: {row['runs_on']}", *["-"] * 6]
                continue
            values = np.load(out).ravel().astype(np.float64)
            expected = values if expected is None else expected
            again, peak = "", row["peak"]
            if runtime == "openvino":
                second = measured(name, runtime, precision, folder, out)
                again, peak = f"{second['first']:.1f}", max(peak, second["peak"])
            yield [
                name,
                row["runs_on"],
                f"{row['ms']:.0f}",
                f"{row['first']:.1f}",
                again,
                f"{peak / 1e6:.0f}",
                f"{np.abs(values - expected).max() / np.abs(expected).max():.1e}",
                f"{np.corrcoef(values, expected)[0, 1]:.5f}",
            ]


def main(arguments):
    if arguments[:1] == ["--child"]:
        child(*arguments[1:])
        return
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER), flush=True)
    for name in map(canonical_name, arguments or NETWORK_NAMES):
        for row in rows_of(name):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
