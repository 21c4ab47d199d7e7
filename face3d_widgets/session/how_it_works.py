"""The steps of a photo: formulas, the numbers now in use, the lines of Python.

Formulas are MathML, which browsers draw by themselves.

References
----------
W3C (2025). MathML Core. https://www.w3.org/TR/mathml-core/
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from face3d_widgets.depth import MODELS, model_info
from face3d_widgets.geometry import DepthCurve
from face3d_widgets.samples import SAMPLES
from face3d_widgets.session.python_code import constructor, is_sample
from face3d_widgets.session.session import Reconstruction, ReconstructionSession
from face3d_widgets.types import GeometryParams, Mesh, ViewParams

__all__ = ["Step", "explain"]


@dataclass(frozen=True)
class Step:
    """One step on the way from a photo to a surface.

    Attributes
    ----------
    title, text : str
    formula : str
        MathML, or "" where the step has none.
    numbers : tuple of (name, value)
        Those in use now, as texts.
    code : str
        The line of Python, or ""; each runs after those of the steps before it.
    """

    title: str
    text: str
    formula: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    code: str = ""


def explain(session: ReconstructionSession, view: ViewParams | None = None) -> list[Step]:
    """The steps from the session's photo to what is drawn, with the present parameters.

    Parameters
    ----------
    session : ReconstructionSession
    view : ViewParams, optional
        The session's own where none is given.

    Raises
    ------
    ValueError
        Before the first photo.
    """
    result, params = session.result, session.params
    view = view or session.view
    return [
        _photo(result),
        _network(result),
        _depth(result, params),
        _points(result, params),
        _surface(session, result, params, view),
        _DOUBT,
    ]


def _photo(result: Reconstruction) -> Step:
    photo = result.photo
    width, height = photo.original_size
    code = (
        f'photo = load_sample("{photo.name}")'
        if photo.name in SAMPLES and is_sample(photo)
        else f"photo = read_photo_file({photo.name + '.jpg'!r})  # with its folder"
    )
    if photo.turn:
        code += f"\nphoto = photo.turned({photo.turn})"
    return Step(
        "Photo",
        "The picture is turned upright and made smaller. It stays in this server's memory: it "
        "is never written to disk and never sent elsewhere.",
        numbers=(
            ("size", f"{width} × {height}"),
            ("used", f"{photo.width} × {photo.height} pixels"),
        ),
        code=code,
    )


def _network(result: Reconstruction) -> Step:
    model, stats = result.inverse_depth.model, result.geometry.stats
    numbers = [
        ("network", model_info(model).title if model in MODELS else model),
        ("q, far side of the head", _short(stats.far)),
        ("q, middle", _short(stats.middle)),
        ("q, near side", _short(stats.near)),
        ("time", f"{result.seconds:.1f} s"),
    ]
    if result.uncertainty is not None:
        typical = float(np.median(result.uncertainty[result.geometry.nearness >= 0.5]))
        numbers.append(("moves, typically", f"{100 * typical:.1f} % of the relief"))
    return Step(
        "Inverse depth",
        "A neural network guesses, for every pixel, how near it is. It knows the order of near "
        "and far, but not the scale: two numbers, scale and shift, stay unknown. The depth map "
        "shows its guess q; brighter is nearer."
        + (_CLOSER if model_info(model).looks_closer else ""),
        _NETWORK,
        tuple(numbers),
        f"estimator = DepthEstimator(); estimator.set_photo(photo)\n"
        f"inverse_depth = estimator.predict({model!r})",
    )


def _depth(result: Reconstruction, params: GeometryParams) -> Step:
    curve: DepthCurve = result.geometry.curve(params)
    by_hand = params.scale_shift is not None
    plain = not (params.smoothing or params.wrong.eight_bit or params.wrong.inverse_as_depth)
    code = (
        f"z = depth_from_inverse_depth(inverse_depth.values, {_exact(curve.scale)}, "
        f"{_exact(curve.shift)}, farthest={_exact(curve.farthest)})"
        if plain
        else f"z = FaceGeometry(photo, inverse_depth).depth({_params(params)})"
    )
    return Step(
        "Depth",
        "Inverse depth is taken for depth, on purpose: near and far change places."
        if params.wrong.inverse_as_depth
        else "The relief slider sets the scale; 1 gives a head its natural depth, as far as "
        "that can be known, and the shift keeps its middle where it is.",
        _HOLLOW if params.wrong.inverse_as_depth else _DEPTH,
        (
            ("relief", "set by the two numbers" if by_hand else _short(params.relief)),
            ("scale", _short(curve.scale)),
            ("shift", _short(curve.shift)),
            ("z, middle of the head", f"{_short(curve.subject_depth)} picture heights"),
        ),
        code,
    )


def _points(result: Reconstruction, params: GeometryParams) -> Step:
    camera = result.geometry.camera(params)
    fov = params.fov if params.wrong.fov is None else params.wrong.fov
    return Step(
        "3D points",
        "A pinhole camera: each pixel u, v lies on a ray through the lens, and its depth says "
        "how far along. The field of view sets how much the rays spread.",
        _BACK_PROJECTION,
        (
            ("field of view", f"{fov:g}°"),
            ("f", f"{camera.fy:.1f} pixels"),
            ("cx, cy", f"{camera.cx:g}, {camera.cy:g} pixels"),
            ("height", f"{result.photo.height} pixels"),
        ),
        f"points = back_project(z, Intrinsics({_exact(camera.fx)}, {_exact(camera.fy)}, "
        f"{_exact(camera.cx)}, {_exact(camera.cy)}))",
    )


def _surface(
    session: ReconstructionSession, result: Reconstruction, params: GeometryParams, view: ViewParams
) -> Step:
    shape = session.scene(view).shape
    kept = int(np.count_nonzero(result.geometry.maps.kept(params)))
    numbers = [
        ("cut-off", f"nearness of {params.cutoff:g} and more"),
        ("steepest", f"{params.edge_angle:g}°" if not params.wrong.edges_kept else "any"),
        ("pixels kept", f"{kept:,} of {result.inverse_depth.values.size:,}"),
    ]
    if params.most_unsure < 1 and result.uncertainty is not None:
        numbers.append(("moves by at most", f"{100 * params.most_unsure:g} % of the relief"))
    uncertainty = ""
    if params.most_unsure < 1 and result.uncertainty is not None:
        uncertainty = ", estimator.uncertainty(inverse_depth.model)"
    geometry = f"FaceGeometry(photo, inverse_depth{uncertainty})"
    if isinstance(shape, Mesh):
        numbers.append(("corners", f"{len(shape.vertices):,}"))
        numbers.append(("triangles", f"{len(shape.faces):,}"))
        code = f"mesh = {geometry}.mesh({_params(params)})"
    else:
        numbers.append(("points", f"{len(shape):,}"))
        code = f"cloud = {geometry}.point_cloud({_params(params)})"
    return Step(
        "Surface",
        "What is far is left out, and so is every pixel where q falls off too steeply: there "
        "one thing ends before another. Neighbouring pixels that stay are joined, two triangles "
        "to a square; the nodes along the border then move a little, so that it is smooth.",
        _EDGES,
        tuple(numbers),
        code,
    )


_DOUBT = Step(
    "What to doubt",
    "One photo never shows the back or what hair and hands hide. Read the result as a relief of "
    "what the camera saw. “Measure” gives millimetres only after one true length, and they are a "
    "guess all the same; “Wrong on purpose” shows what careless programs spoil.",
)


def _params(params: GeometryParams) -> str:
    return constructor(params, GeometryParams())


def _short(value: float) -> str:
    return f"{value:.4g}"


def _exact(value: float) -> str:
    """As exact as the arrays are, which hold seven digits."""
    return f"{value:.8g}"


# --- formulas ---


def _i(name: str, index: str = "") -> str:
    return f"<msub><mi>{name}</mi><mi>{index}</mi></msub>" if index else f"<mi>{name}</mi>"


def _o(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _over(above: str, below: str) -> str:
    return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"


def _math(*lines: str) -> str:
    return "".join(f'<math display="block">{line}</math>' for line in lines)


_TAN_HALF = f"<mn>2</mn>{_i('tan')}{_o('(')}{_i('angle')}{_o('/')}<mn>2</mn>{_o(')')}"
_CLOSER = " A head that is small in the photo it looks at once more, from nearer."
_NETWORK = _math(_i("q") + _o("=") + _i("network") + _o("(") + _i("photo") + _o(")"))
_DEPTH = _math(
    _i("z") + _o("=") + _over("<mn>1</mn>", _i("scale") + _o("·") + _i("q") + _o("+") + _i("shift"))
)
_HOLLOW = _math(
    _i("z") + _o("=") + _i("a") + _o("·") + _i("q") + _o("+") + _i("b"),
)
_BACK_PROJECTION = _math(
    *(
        _i(axis) + _o("=") + _over(_i(pixel) + _o("−") + _i("c", axis), _i("f")) + _o("·") + _i("z")
        for axis, pixel in (("x", "u"), ("y", "v"))
    ),
    _i("f") + _o("=") + _over(_i("height"), _TAN_HALF),
)
_EDGES = _math(
    _o("|")
    + _o("∇")
    + _i("q")
    + _o("|")
    + _o("≤")
    + _over(
        _i("tan") + _o("(") + _i("steepest") + _o(")"),
        _i("height") + _o("·") + _i("gain"),
    )
)
