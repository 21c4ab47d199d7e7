"""The `face3d` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from face3d_widgets import __version__

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit status."""
    arguments = _parser().parse_args(argv)
    run: int = arguments.run(arguments)
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="face3d", description="One frontal photograph becomes a 3D face model."
    )
    parser.add_argument("--version", action="version", version=f"face3d {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    dashboard = commands.add_parser("dashboard", help="open the dashboard in the browser")
    dashboard.add_argument("--port", type=int, default=8866, help="default: 8866, or the next free")
    dashboard.add_argument(
        "--ip", default="127.0.0.1", help="default: 127.0.0.1, this machine only"
    )
    dashboard.add_argument(
        "--no-browser", action="store_true", help="print the address and open nothing"
    )
    dashboard.set_defaults(run=_dashboard)

    depth = commands.add_parser("depth", help="estimate the depth of photos")
    depth.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    depth.add_argument(
        "-o", "--out", type=Path, default=Path(), metavar="DIR", help="default: this folder"
    )
    depth.add_argument(
        "--model",
        default="face_lite",
        metavar="NAME",
        help="default: face_lite; see: face3d models",
    )
    depth.add_argument(
        "--weights", type=Path, metavar="FILE", help="official MiDaS weights, or a folder of them"
    )
    depth.set_defaults(run=_depth)

    models = commands.add_parser("models", help="list the depth networks and their state")
    models.set_defaults(run=_models)

    fetch = commands.add_parser("fetch", help="download official MiDaS weights")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="see: face3d models")
    fetch.add_argument("--all", action="store_true", help="every network, 9 GB in all")
    fetch.set_defaults(run=_fetch)
    return parser


def _dashboard(arguments: argparse.Namespace) -> int:
    from face3d_widgets.server.app import run

    run(port=arguments.port, open_browser=not arguments.no_browser, ip=arguments.ip)
    return 0


def _depth(arguments: argparse.Namespace) -> int:
    """Write STEM.npy and STEM.png for each photo; 1 when one of them failed."""
    import numpy as np

    from face3d_widgets.depth import DepthEstimator, ModelError, model_info
    from face3d_widgets.export import depth_to_png16
    from face3d_widgets.image import PhotoError, read_photo_file

    try:
        model = model_info(arguments.model).name
        arguments.out.mkdir(parents=True, exist_ok=True)
    except (ModelError, OSError) as error:
        return _complain(str(error))

    estimator = DepthEstimator(arguments.weights)
    failures = 0
    for path, stem in zip(arguments.photos, _stems(arguments.photos), strict=True):
        picture = arguments.out / f"{stem}.png"
        try:
            photo = read_photo_file(path, max_side=None)
            if picture.exists() and picture.samefile(path):
                raise FileExistsError(
                    f"{path} would be overwritten; choose another folder with -o."
                )
            estimator.set_photo(photo)
            inverse_depth = estimator.predict(model)
            np.save(arguments.out / f"{stem}.npy", inverse_depth.values)
            picture.write_bytes(depth_to_png16(inverse_depth))
        except (PhotoError, ModelError, OSError) as error:
            failures += _complain(str(error))
        else:
            size = f"{photo.width} x {photo.height}"
            print(f"{path}: {size}, saved as {arguments.out / stem}.npy and .png")
    return 1 if failures else 0


def _models(_: argparse.Namespace) -> int:
    """Print a table of the networks."""
    from face3d_widgets.depth import MODELS, is_ready

    print(f"{'name':<21}{'year':<6}{'weights':>9}{'download':>11}  {'licence':<9}state")
    for info in MODELS.values():
        state = "ready" if is_ready(info.name) else "to fetch"
        weights, size = f"{info.parameters / 1e6:.1f} M", f"{info.size / 1e6:.0f} MB"
        licence = info.licence.partition(";")[0]
        print(f"{info.name:<21}{info.year:<6}{weights:>9}{size:>11}  {licence:<9}{state}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    """Download the weights that are not there yet; 1 when one of them failed."""
    from face3d_widgets.depth import (
        DEFAULT_MODEL,
        MODELS,
        ModelError,
        fetch_weights,
        find_weights,
        model_info,
    )

    names = list(MODELS) if arguments.all else arguments.names
    if not names:
        return _complain("name one or more networks, or --all; face3d models lists them.")
    failures = 0
    for name in names:
        try:
            info = model_info(name)
            if info.name == DEFAULT_MODEL:
                print(f"{info.name} is in the package")
                continue
            path = find_weights(info.name)
            path = path or fetch_weights(info.name, progress=_progress_of(info.name))
            print(f"\r{info.name} is in {path}")
        except ModelError as error:
            failures += _complain(str(error))
    return 1 if failures else 0


def _progress_of(name: str) -> Callable[[int, int | None], None]:
    """A line that counts megabytes, on a terminal only."""

    def show(done: int, whole: int | None) -> None:
        if sys.stderr.isatty():
            of = f" of {whole / 1e6:.0f}" if whole else ""
            print(f"\r{name}: {done / 1e6:.0f}{of} MB ", end="", file=sys.stderr, flush=True)

    return show


def _stems(paths: Sequence[Path]) -> list[str]:
    """Stems of the outputs, numbered where two photos share one."""
    own = {path.stem for path in paths}
    stems: list[str] = []
    for path in paths:
        stem, number = path.stem, 1
        while stem in stems or (number > 1 and stem in own):
            number += 1
            stem = f"{path.stem}-{number}"
        stems.append(stem)
    return stems


def _complain(sentence: str) -> int:
    print(f"face3d: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
