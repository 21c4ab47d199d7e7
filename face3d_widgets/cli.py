"""The `face3d` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
    depth.add_argument("--model", default=None, metavar="NAME", help="default: face_lite")
    depth.set_defaults(run=_depth)
    return parser


def _dashboard(arguments: argparse.Namespace) -> int:
    from face3d_widgets.server.app import run

    run(port=arguments.port, open_browser=not arguments.no_browser, ip=arguments.ip)
    return 0


def _depth(arguments: argparse.Namespace) -> int:
    """Write STEM.npy and STEM.png for each photo; 1 when one of them failed."""
    import numpy as np

    from face3d_widgets.depth import DEFAULT_MODEL, DepthEstimator, ModelError, model_info
    from face3d_widgets.export import depth_to_png16
    from face3d_widgets.image import PhotoError, read_photo_file

    try:
        model = model_info(arguments.model or DEFAULT_MODEL).name
        arguments.out.mkdir(parents=True, exist_ok=True)
    except (ModelError, OSError) as error:
        return _complain(str(error))

    estimator = DepthEstimator()
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
