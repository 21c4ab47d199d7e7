"""The `face3d` command."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from face3d_widgets import __version__
from face3d_widgets.home import have_home

if TYPE_CHECKING:
    from face3d_widgets.session import FileChoices

__all__ = ["main"]

# What `face3d model` makes, by the end of the file's name.
_KIND_OF = {
    ".glb": "glb",
    ".obj.zip": "obj",
    ".ply": "ply",
    ".stl": "stl",
    ".xyz": "xyz",
    ".png": "png",
    ".webp": "webp",
    ".svg": "svg",
    ".pdf": "pdf",
    ".html": "html",
    ".gif": "gif",
    ".mp4": "mp4",
    ".pfm": "pfm",
    ".npy": "npy",
    ".zip": "all",
}
_SHAPE = ("relief", "fov", "cutoff", "smoothing")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal does not know a letter of a file's name, another stands for it.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    have_home()
    try:
        run: int = arguments.run(arguments)
    except KeyboardInterrupt:
        _complain(arguments.stopped)
        return 130  # as shells have it for Ctrl+C
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="face3d", description="One frontal photograph becomes a 3D face model."
    )
    parser.add_argument("--version", action="version", version=f"face3d {__version__}")
    parser.set_defaults(stopped="stopped.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    dashboard = commands.add_parser("dashboard", help="open the dashboard in the browser")
    dashboard.set_defaults(run=_serve, lessons=False)
    lessons = commands.add_parser("lessons", help="open the lessons in the browser")
    lessons.set_defaults(run=_serve, lessons=True)
    for served in (dashboard, lessons):
        served.add_argument(
            "--port", type=_port, default=8866, help="default: 8866, or the next free"
        )
        served.add_argument(
            "--ip", default="127.0.0.1", help="default: 127.0.0.1, this machine only"
        )
        served.add_argument(
            "--no-browser", action="store_true", help="print the address and open nothing"
        )
        served.add_argument(
            "--host-name",
            action="append",
            default=[],
            metavar="NAME",
            help="a name that browsers call this server by, beside its address; may be repeated",
        )
        served.add_argument(
            "--base-url",
            type=_base_url,
            default="/",
            metavar="/PATH/",
            help="where the pages stand behind a web server or proxy; default: /",
        )
        served.add_argument(
            "--pages",
            type=_positive,
            metavar="N",
            help="pages open at once; default: what the free memory holds",
        )
        served.add_argument(
            "--pages-each",
            type=_positive,
            metavar="N",
            help="of them, those from one address; default: 40",
        )

    depth = commands.add_parser(
        "depth",
        help="estimate the depth of photos",
        description="Beside anna.jpg come anna_depth.png, .npy and .pfm; a depth map that is"
        " given as a photo is passed over, so a folder can be done again.",
    )
    depth.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    depth.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="default: the folder of each photo"
    )
    _add_turn(depth)
    _add_network(depth)
    _add_force(depth)
    depth.set_defaults(run=_depth)

    _add_model(commands)

    site = commands.add_parser(
        "export-site",
        help="write the results and lessons as one page that needs no server",
        description="DIR/index.html opens in any browser, without internet, from a USB stick too.",
    )
    site.add_argument("folder", type=Path, metavar="DIR")
    site.add_argument("--no-lessons", action="store_true", help="the samples' results alone")
    site.set_defaults(run=_export_site)

    clean = commands.add_parser(
        "clean",
        help="take outputs and pictures out of notebooks",
        description="Takes out all outputs and the saved state of widgets, which Clear Outputs "
        "and nbconvert --clear-output leave there; of JupyterLab's checkpoint too.",
    )
    clean.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    clean.add_argument(
        "--widgets-only", action="store_true", help="leave outputs that are no widgets"
    )
    clean.set_defaults(run=_clean)

    models = commands.add_parser("models", help="list the depth networks and their state")
    models.set_defaults(run=_models)

    fetch = commands.add_parser("fetch", help="download official MiDaS weights")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="see: face3d models")
    fetch.add_argument("--all", action="store_true", help="every network, 9 GB in all")
    fetch.set_defaults(
        run=_fetch, stopped="stopped; the next fetch goes on with what has come so far."
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; give a number from 1 to 65535")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few; give 1 or more")
    return number


def _base_url(text: str) -> str:
    if not re.fullmatch(r"/?([\w.~@+-]+/)*([\w.~@+-]+/?)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no path; give one such as /faces/")
    return text


def _add_network(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        default="face_lite",
        metavar="NAME",
        help="default: face_lite; see: face3d models",
    )
    command.add_argument(
        "--weights", type=Path, metavar="FILE", help="official MiDaS weights, or a folder of them"
    )
    command.add_argument(
        "--runtime",
        choices=("auto", "torch", "openvino"),
        default="auto",
        help="default: auto, a GPU where there is one, else OpenVINO",
    )
    command.add_argument(
        "--precision",
        choices=("exact", "fast"),
        help="float32, or fewer bits where the processor has them; default: exact, fast on CUDA",
    )


def _add_force(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--force", action="store_true", help="replace files that face3d did not make, too"
    )


def _add_turn(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--turn",
        type=int,
        choices=(0, 90, 180, 270),
        default=0,
        help="degrees clockwise to turn the photo by, where it lies on its side; default: 0",
    )


def _add_model(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    model = commands.add_parser(
        "model",
        help="make a 3D model, a print, a picture or a film of one photo",
        description="The end of FILE says what is made: " + ", ".join(_KIND_OF) + ". Lengths in"
        " a GLB are metres, in the others millimetres.",
    )
    model.add_argument("photo", type=Path, metavar="PHOTO")
    model.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    _add_turn(model)
    _add_network(model)
    _add_force(model)
    shape = model.add_argument_group("shape")
    shape.add_argument("--relief", type=float, metavar="X", help="depth scale; default: 1")
    shape.add_argument(
        "--fov",
        type=float,
        metavar="DEG",
        help="vertical field of view; default: the photo's, or 50",
    )
    shape.add_argument(
        "--cutoff", type=float, metavar="X", help="background left out, 0 to 1; default: 0.4"
    )
    shape.add_argument("--smoothing", type=float, metavar="X", help="0 to 1; default: 0")
    size = model.add_argument_group("size")
    size.add_argument(
        "--faces", type=int, metavar="N", help="triangles; default: 100000, of a solid 200000"
    )
    size.add_argument(
        "--points", type=int, metavar="N", help="a point cloud of N points, not a surface"
    )
    size.add_argument(
        "--solid",
        choices=("bust", "relief", "lithophane"),
        help="an STL that is closed, for printing; without, an STL is an open sheet",
    )
    size.add_argument(
        "--width-mm",
        type=float,
        metavar="X",
        help="of the whole; default: 80 of a solid, 120 of a picture, of a model life-size",
    )
    size.add_argument(
        "--head-mm",
        type=float,
        metavar="X",
        help="life-size: width of the head with ears and hair; a guess of 165 without",
    )
    size.add_argument(
        "--depth-mm",
        type=float,
        metavar="X",
        help="height of a relief over its plate; default: 12 %% of the width, a bust as it is",
    )
    model.set_defaults(run=_model)


def _serve(arguments: argparse.Namespace) -> int:
    """Serve dashboard and lessons; opens the one that was asked for."""
    from face3d_widgets.server.app import run

    run(
        port=arguments.port,
        open_browser=not arguments.no_browser,
        ip=arguments.ip,
        lessons=arguments.lessons,
        host_names=arguments.host_name,
        base_url=arguments.base_url,
        most_pages=arguments.pages,
        most_pages_from_one=arguments.pages_each,
    )
    return 0


def _export_site(arguments: argparse.Namespace) -> int:
    """Write the page; 1 when it cannot be made."""
    from tqdm import tqdm

    from face3d_widgets.depth import ModelError
    from face3d_widgets.site import SiteError, export_site

    # A bar for terminals alone.
    bar = tqdm(total=1.0, disable=None, leave=False, bar_format="{desc} {percentage:3.0f} %|{bar}|")

    def show(step: str, share: float) -> None:
        bar.set_description_str(step)
        bar.update(share - bar.n)

    try:
        with bar:
            lessons = () if arguments.no_lessons else None
            path = export_site(arguments.folder, lessons=lessons, progress=show)
    except (SiteError, ModelError, OSError) as error:
        return _complain(_what_went_wrong(error))
    _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB; open it in any browser")
    return 0


def _depth(arguments: argparse.Namespace) -> int:
    """Write STEM_depth.png, .npy and .pfm for each photo; 1 when one of them failed."""
    from tqdm import tqdm

    from face3d_widgets.depth import DepthEstimator, ModelError, model_info
    from face3d_widgets.export import (
        depth_to_png16,
        inverse_depth_to_npy,
        inverse_depth_to_pfm,
        is_own_depth,
    )
    from face3d_widgets.image import PhotoError, read_photo_file
    from face3d_widgets.whole_file import write_whole

    own = [path for path in arguments.photos if is_own_depth(path)]
    photos = [path for path in arguments.photos if path not in own]
    if own:
        print(f"passed over what face3d depth made: {', '.join(map(str, own))}")
    if not photos:
        return _complain("these are depth maps that face3d made; name the photos.")
    try:
        model = model_info(arguments.model).name
        _check_weights(arguments)
        estimator = DepthEstimator(arguments.weights, arguments.runtime, arguments.precision)
        if arguments.out is not None:
            _make_folder(arguments.out)
    except (ModelError, OSError) as error:
        return _complain(_what_went_wrong(error))

    # The PNG comes first: it is what the others are known by.
    formats = {
        ".png": depth_to_png16,
        ".npy": inverse_depth_to_npy,
        ".pfm": inverse_depth_to_pfm,
    }
    failures = 0
    # The bar is for terminals, and for more than one photo.
    hidden = None if len(photos) > 1 else True
    named = list(zip(photos, _depth_names(photos, arguments.out), strict=True))
    for path, name in tqdm(named, unit="photo", disable=hidden, leave=False):
        files = {suffix: name.parent / f"{name.name}{suffix}" for suffix in formats}
        try:
            photo = read_photo_file(path, max_side=None).turned(arguments.turn)
            for file in files.values():
                _spare(file, photos, arguments.force or is_own_depth(file))
            estimator.set_photo(photo)
            inverse_depth = estimator.predict(model)
            for suffix, write in formats.items():
                write_whole(files[suffix], write(inverse_depth))
        except (PhotoError, ModelError, OSError) as error:
            with tqdm.external_write_mode(file=sys.stderr):
                failures += _complain(_what_went_wrong(error))
        else:
            size = f"{photo.width} x {photo.height}"
            with tqdm.external_write_mode(file=sys.stdout):
                _say(f"{path}: {size}, saved as {name}.png, .npy and .pfm")
    return 1 if failures else 0


def _model(arguments: argparse.Namespace) -> int:
    """Make one file of one photo; 1 when it cannot be made."""
    kind = _kind_wanted(arguments)
    if trouble := _unfit(arguments, kind):
        return _complain(trouble)

    from tqdm import tqdm

    from face3d_widgets.depth import DepthEstimator, ModelError, model_info
    from face3d_widgets.export import is_own_depth
    from face3d_widgets.figures import FigureError, is_own_picture
    from face3d_widgets.image import PhotoError, read_photo_file
    from face3d_widgets.session import ReconstructionSession, make_file
    from face3d_widgets.types import ViewParams
    from face3d_widgets.whole_file import write_whole

    source, path = arguments.photo, arguments.out
    # A bar for terminals alone.
    bar = tqdm(total=1.0, disable=None, leave=False, bar_format="{desc} {percentage:3.0f} %|{bar}|")

    def show(step: str, share: float) -> None:
        bar.set_description_str(step)
        bar.update(share - bar.n)

    try:
        choices = _file_choices(arguments, kind)
        model = model_info(arguments.model).name
        _check_weights(arguments)
        _make_folder(path.parent)
        if is_own_depth(source):
            raise PhotoError(f"{source} is a depth map that face3d made; name the photo.")
        replaces = path.exists()
        # A picture of that name may be somebody's photo.
        picture = path.suffix.lower() in (".png", ".webp", ".gif")
        ours = is_own_picture(path) or is_own_depth(path)
        _spare(path, [source], arguments.force or not picture or ours)
        session = ReconstructionSession(
            DepthEstimator(arguments.weights, arguments.runtime, arguments.precision)
        )
        session.view = ViewParams(draw_as="mesh" if arguments.points is None else "points")
        shape = _given(
            {name: getattr(arguments, name) for name in _SHAPE} | {"n_points": arguments.points}
        )
        dataclasses.replace(session.params, **shape)  # complains before the slow part
        with bar:
            show("Estimating depth", 0.0)
            session.open(read_photo_file(source), model, arguments.turn)
            session.params = dataclasses.replace(session.params, **shape)
            file = make_file(kind, session.order(choices), show)
        write_whole(path, file.data)
    except (PhotoError, ModelError, FigureError, ValueError, OSError) as error:
        return _complain(_what_went_wrong(error))
    result = session.result
    if result.inverse_depth.subject is not None and not result.geometry.found_subject:
        _complain(
            f"no head was found in {source}, so this is the whole picture; "
            "turn it upright with --turn, or try a frontal portrait."
        )
    if file.note:
        advice = " Add --solid bust, relief or lithophane." if kind == "stl" else ""
        _complain(file.note + advice)
    told = ", ".join(filter(None, [file.facts, f"{len(file.data) / 1e6:.2f} MB"]))
    older = " (an older file was replaced)" if replaces else ""
    _say(f"{path}: {told}{older}")
    return 0


def _kind_wanted(arguments: argparse.Namespace) -> str:
    """The kind of file that the name and the options ask for, or ""."""
    name = arguments.out.name.lower()
    suffix = next((s for s in sorted(_KIND_OF, key=len, reverse=True) if name.endswith(s)), "")
    kind = _KIND_OF.get(suffix, "")
    if kind == "ply" and arguments.points is not None:
        return "points"
    if kind == "stl" and arguments.solid:
        return str(arguments.solid)
    return kind


def _unfit(arguments: argparse.Namespace, kind: str) -> str:
    """One sentence where the options and the file do not go together, else ""."""
    name = arguments.out.name
    if name.lower().endswith(".obj"):
        return f"an OBJ comes with its texture in a zip; call it {name[:-4]}.obj.zip."
    if not kind:
        return f"{name!r} has no known end; choose one of: {', '.join(_KIND_OF)}."
    solid = arguments.solid is not None
    surface = kind in ("glb", "obj", "ply", "stl", "all")
    shape = surface or kind in ("points", "xyz")
    picture = kind in ("png", "webp", "svg", "pdf")
    film = kind in ("html", "gif", "mp4")
    suits = {
        "--solid": (arguments.solid, solid and kind == arguments.solid, ".stl"),
        "--faces": (arguments.faces, surface or solid, ".glb, .obj.zip, .ply, .stl and .zip"),
        "--points": (
            arguments.points,
            kind in ("points", "xyz") or picture or film,
            ".ply, .xyz, pictures, films and .html",
        ),
        "--width-mm": (
            arguments.width_mm,
            solid or picture or shape,
            "models, --solid and pictures",
        ),
        "--head-mm": (
            arguments.head_mm,
            shape and not solid,
            ".glb, .obj.zip, .ply, .stl, .xyz and .zip",
        ),
        "--depth-mm": (arguments.depth_mm, kind in ("bust", "relief"), "a bust and a relief"),
    }
    for option in _SHAPE:
        value = getattr(arguments, option)
        suits[f"--{option}"] = (
            value,
            kind not in ("pfm", "npy", "lithophane"),
            "everything but .pfm, .npy and a lithophane",
        )
    if arguments.faces is not None and arguments.points is not None:
        return "--faces is for a surface and --points for a point cloud; choose one of them."
    if arguments.head_mm is not None and arguments.width_mm is not None:
        return "--head-mm and --width-mm both tell the size; choose one of them."
    for option, (value, fits, where) in suits.items():
        if value is not None and not fits:
            return f"{option} has no part in this file; it is for {where}."
    return ""


def _file_choices(arguments: argparse.Namespace, kind: str) -> FileChoices:
    """The sizes that were given: of a solid, a picture or another model."""
    from face3d_widgets.session import FILE_KINDS, FileChoices
    from face3d_widgets.types import SolidParams

    width = arguments.width_mm
    if arguments.solid:
        sizes = {"n_faces": arguments.faces, "width_mm": width, "depth_mm": arguments.depth_mm}
        return FileChoices(solid=SolidParams(style=kind, **_given(sizes)))
    of_model = FILE_KINDS[kind].group in ("model", "all")
    sizes = {
        "n_faces": arguments.faces,
        "head_mm": arguments.head_mm,
        "model_width_mm" if of_model else "width_mm": width,
    }
    return FileChoices(**_given(sizes))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def _clean(arguments: argparse.Namespace) -> int:
    """Clean notebooks where they lie; 1 when one of them could not be."""
    from face3d_widgets.notebook_file import NotebookError, checkpoint_of, without_outputs
    from face3d_widgets.whole_file import write_whole

    failures = 0
    for path in arguments.notebooks:
        checkpoint = checkpoint_of(path)
        files = [path, checkpoint] if checkpoint.is_file() else [path]
        try:
            for file in (one.resolve() for one in files):
                before = file.read_bytes()
                after = without_outputs(before, arguments.widgets_only)
                if after != before:
                    write_whole(file, after)
        except NotebookError as error:
            failures += _complain(f"{path} {error}.")
        except OSError as error:
            failures += _complain(f"{path} could not be cleaned: {error.strerror or error}.")
        else:
            also = ", and its checkpoint" if len(files) > 1 else ""
            print(f"{path}: clean{also}")
    return 1 if failures else 0


def _models(_: argparse.Namespace) -> int:
    """Print a table of the networks."""
    from face3d_widgets.depth import model_states

    _say(
        f"{'name':<21}{'year':<6}{'weights':>9}{'download':>11}{'memory':>9}{'speed':>9}"
        f"  {'licence':<9}state"
    )
    too_big = []
    for state in model_states():
        info = state.info
        weights, size = f"{info.parameters / 1e6:.1f} M", f"{info.size / 1e6:.0f} MB"
        memory = f"{info.memory / 1e9:.1f} GB"
        speed = "" if state.seconds is None else f"{state.seconds:.2f} s"
        licence = info.licence.partition(";")[0]
        _say(
            f"{info.name:<21}{info.year:<6}{weights:>9}{size:>11}{memory:>9}{speed:>9}"
            f"  {licence:<9}{state.state}"
        )
        too_big += [state.reason] * bool(state.reason)
    if too_big:
        _say(f"\nToo big for this machine now: {too_big[0]}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    """Download the weights that are not there yet; 1 when one of them failed."""
    from face3d_widgets.depth import (
        MODELS,
        ModelError,
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
            if info.checkpoint is None:
                _say(f"{info.name} is in the package")
                continue
            path = find_weights(info.name)
            path = path or _fetch_one(info.name)
            _say(f"{info.name} is in {path}")
        except ModelError as error:
            failures += _complain(str(error))
    return 1 if failures else 0


def _fetch_one(name: str) -> Path:
    """Download, with a bar on a terminal."""
    from tqdm import tqdm

    from face3d_widgets.depth import fetch_weights

    with tqdm(desc=name, unit="B", unit_scale=True, disable=None, leave=False) as bar:

        def show(done: int, whole: int | None) -> None:
            bar.total = whole
            bar.update(done - bar.n)

        return fetch_weights(name, progress=show)


def _check_weights(arguments: argparse.Namespace) -> None:
    """Refuse weights for the network that has its own."""
    from face3d_widgets.depth import ModelError, model_info

    if arguments.weights is not None and model_info(arguments.model).checkpoint is None:
        raise ModelError(
            f"{arguments.model} has its weights in the package; "
            "name the network that --weights are for with --model."
        )


def _make_folder(folder: Path) -> None:
    """Make a folder for what comes, before the slow part."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(f"{folder} is no folder; choose another with -o.") from None


def _spare(file: Path, photos: Sequence[Path], replaceable: bool) -> None:
    """Refuse to write over a photo that was given, and over what is not ours to replace."""
    if not file.exists():
        return
    if any(photo.exists() and file.samefile(photo) for photo in photos):
        raise FileExistsError(f"{file} is a photo itself; choose another place with -o.")
    if not replaceable:
        raise FileExistsError(
            f"{file} would be overwritten, and face3d did not make it; "
            "choose another place with -o, or add --force."
        )


def _depth_names(photos: Sequence[Path], folder: Path | None) -> list[Path]:
    """FOLDER/STEM_depth of each photo, numbered where two would share one."""
    own = {(folder or path.parent) / path.stem for path in photos}
    names: list[Path] = []
    for path in photos:
        name, number = (folder or path.parent) / path.stem, 1
        while name in names or (number > 1 and name in own):
            number += 1
            name = name.parent / f"{path.stem}-{number}"
        names.append(name)
    return [name.parent / f"{name.name}_depth" for name in names]


def _say(text: str) -> None:
    """Print; that nobody can read it makes no file that was made a failure."""
    try:
        print(text, flush=True)
    except OSError:  # `| head`, a full disk
        out = sys.__stdout__
        if out is not None and out is sys.stdout:
            # Python writes what is left once more when it ends, and would complain then.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), out.fileno())


def _what_went_wrong(error: Exception) -> str:
    """One sentence; the system's own errors get the file, and what to do."""
    if not isinstance(error, OSError) or error.errno is None or error.filename is None:
        return str(error)
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
    advice = "make room" if full else "check the permissions there"
    return f"{error.filename} cannot be written ({error.strerror}); {advice}, or write elsewhere."


def _complain(sentence: str) -> int:
    print(f"face3d: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
