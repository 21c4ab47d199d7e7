"""The page on which estimates are held to the truth."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from face3d_widgets.depth import ModelError, model_info
from face3d_widgets.figures import PhotoPalette, colormap_lut
from face3d_widgets.figures.diverging import difference_bytes, diverging_lut, round_limit
from face3d_widgets.figures.linked_faces import DIFFERENCE, Pane
from face3d_widgets.geometry import Framing
from face3d_widgets.samples.rendered import RenderedHead, load_rendered_head
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.session.lab import LabResult, TrueErrorLab
from face3d_widgets.session.replay_state import LabState
from face3d_widgets.types import Mesh
from face3d_widgets.widgets.badges import mistakes
from face3d_widgets.widgets.base import ClosingBox
from face3d_widgets.widgets.fact_table import FactTable
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.lab_bar import LabBar, LabSwitches
from face3d_widgets.widgets.linked_viewer import LinkedViewer
from face3d_widgets.widgets.map_view import MapView
from face3d_widgets.widgets.pages import set_or_name
from face3d_widgets.widgets.status import StatusLine

__all__ = ["LabPage"]

_KEPT = 4  # estimates
_STEEPEST = 45.0  # degrees at the end of the map of directions
_HANGING = "hangs between head and background"
_NOTE = (
    "RMS: root mean square over the head. Scale and shift come from the truth itself. "
    "Explained is the share of the true inverse depth’s variance, 100 % at best; the order "
    "needs no fit at all, and 50 % is chance."
)


class LabPage(ClosingBox):
    """A rendered head: estimate beside truth, the error as a map and in numbers.

    Nothing runs before `enter`.

    Attributes
    ----------
    bar : LabBar
    switches : LabSwitches
    viewer : LinkedViewer
    map : MapView
    table : FactTable
    result : LabResult or None
        What is on the screen.

    Parameters
    ----------
    session : ReconstructionSession
        Its estimator is used.
    jobs : Jobs
    status : StatusLine
        Told of steps and of what came of them.
    """

    def __init__(self, session: ReconstructionSession, jobs: Jobs, status: StatusLine) -> None:
        self.session, self.jobs, self.status = session, jobs, status
        self.result: LabResult | None = None
        self._right: LabResult | None = None  # without any mistake
        self._lab: TrueErrorLab | None = None
        self._labs: OrderedDict[tuple[str, str], TrueErrorLab] = OrderedDict()
        self._palette: tuple[RenderedHead, PhotoPalette] | None = None
        self._open = False
        self.bar = LabBar()
        self.switches = LabSwitches()
        self.viewer = LinkedViewer()
        self.map = MapView(title="Error")
        self.table = FactTable(caption="How wrong it is", note=_NOTE)
        self._side = ClosingBox([self.bar, self.switches])
        self._side.add_class("f3d-area")
        super().__init__([self._side, self.viewer, self.map, self.table])
        self.add_class("f3d-extra")
        self.add_class("f3d-lab")
        self.bar.observe(lambda _: self.estimate(), ["head", "model"])
        self.switches.observe(lambda _: self.refresh(), [*LabSwitches.MISTAKES])
        self.switches.observe(lambda _: self._show_faces(), "color_by")
        self.switches.observe(lambda _: self._show_map(), "map_of")

    def enter(self) -> None:
        """The page comes to be seen."""
        self._open = True
        self.viewer.set_shown(True)
        has_result = self.session.has_result
        self.bar.refresh(self.session.result.inverse_depth.model if has_result else "")
        self.estimate()  # what was chosen just before leaving was not shown any more

    def leave(self) -> None:
        """Another page is looked at: give the browser's drawing back."""
        self._open = False
        self.viewer.set_shown(False)

    def state(self) -> LabState:
        """The head, the network, the mistakes, and what is shown."""
        bar, switches = self.bar, self.switches
        return LabState(bar.head, bar.model, switches.wrong, switches.color_by, switches.map_of)

    def restore(self, state: LabState, broken: list[str]) -> None:
        """Choose the same again, and add the names of what cannot be had to `broken`."""
        switches, wrong = self.switches, state.wrong
        for name in ("inverse_as_depth", "eight_bit", "edges_kept"):
            set_or_name(switches, name, getattr(wrong, name), "the lab", broken)
        if wrong.fov is not None:
            set_or_name(switches, "wrong_fov", wrong.fov, "the lab’s wrong field of view", broken)
        switches.wrong_fov_on = wrong.fov is not None
        switches.color_by, switches.map_of = state.color_by, state.map_of
        if state.model in [name for name, _ in self.bar.models]:
            self.bar.model = state.model
        else:
            broken.append("the lab’s network")
        if state.head in [item["name"] for item in self.bar.heads]:
            self.bar.head = state.head
        elif state.head:
            broken.append("the lab’s head")

    def on_choice(self, handler: Callable[[object], None]) -> None:
        """Call `handler(change)` when another choice was made."""
        self.bar.observe(handler, ["head", "model"])
        self.switches.observe(handler, [*LabSwitches.MISTAKES, "color_by", "map_of"])

    def estimate(self) -> None:
        """Run the chosen network on the chosen head, beside the page."""
        if not self._open:
            return
        name, model = self.bar.head, self.bar.model
        if not name:
            self.add_class("f3d-nothing")
            self.status.ready("There are no rendered heads here.")
            return
        self.remove_class("f3d-nothing")
        title = model_info(model).title
        self.status.busy(f"Running {title} on {name}", 0.3)

        def work() -> TrueErrorLab:
            known = self._labs.get((name, model))
            return known or TrueErrorLab.estimate(
                load_rendered_head(name), self.session.estimator, model
            )

        def done(lab: TrueErrorLab) -> None:
            self._labs[name, model] = lab
            self._labs.move_to_end((name, model))
            while len(self._labs) > _KEPT:
                self._labs.popitem(last=False)
            self._lab, self._right = lab, None
            self.bar.about = _facts(lab.head)
            self.refresh()

        self.jobs.submit("lab", work, self._if_open(done), self._failed)

    def refresh(self) -> None:
        """Find the errors with the mistakes that are switched on; of many, only the newest."""
        lab, wrong, right = self._lab, self.switches.wrong, self._right
        if lab is None or not self._open:
            return

        def work() -> tuple[TrueErrorLab, LabResult, LabResult, Mesh]:
            first = right or lab.result()
            lab.true_mesh  # noqa: B018 - made here, not on the event loop
            return lab, first, (lab.result(wrong) if wrong else first), lab.mesh(wrong)

        def done(made: tuple[TrueErrorLab, LabResult, LabResult, Mesh]) -> None:
            if made[0] is self._lab:
                _, self._right, self.result, self._mesh = made
                self._show()

        self.jobs.submit("lab-result", work, self._if_open(done), self._failed)

    def _if_open(self, done: Callable[..., None]) -> Callable[..., None]:
        return lambda value: done(value) if self._open else None

    def _show(self) -> None:
        self._show_faces()
        self._show_map()
        self._show_numbers()
        self._tell()

    def _show_faces(self) -> None:
        lab, result = self._lab, self.result
        if lab is None or result is None or self._right is None:
            return
        palette = self._palette_of(lab.head)
        mesh, truth = self._mesh, lab.true_mesh
        framing = _common(lab, result)
        scale: PhotoPalette | str = palette
        colors = palette.indices[mesh.vertices.pixels]
        if self.switches.color_by == "error":
            error = result.point_error.ravel()[mesh.vertices.pixels]
            colors, scale = difference_bytes(error, self._limit()), DIFFERENCE
        true_colors = palette.indices[truth.vertices.pixels]
        self.viewer.show(
            [Pane(mesh, framing, colors, scale), Pane(truth, framing, true_colors, palette)],
            [
                "Estimate, " + ", ".join(mistakes(result.wrong)) if result.wrong else "Estimate",
                "Truth",
            ],
        )

    def _show_map(self) -> None:
        result = self.result
        if result is None or self._right is None:
            return
        if self.switches.map_of == "direction":
            self.map.title = "Error of directions"
            self.map.text = "Angle between the true surface and the estimated one, on the face."
            self.map.show(result.normal_error, (0.0, _STEEPEST), "°", colormap_lut("Inferno"))
        else:
            self.map.title = "Error of places"
            self.map.text = (
                "Distance of each point from its true place: red is too far, blue too near. "
                "The ends of the scale stay while mistakes are switched on."
            )
            limit = self._limit()
            self.map.show(
                result.point_error,
                (-limit, limit),
                " mm",
                diverging_lut(),
                result.hanging,
                _HANGING,
            )

    def _show_numbers(self) -> None:
        lab, now, right = self._lab, self.result, self._right
        if lab is None or now is None or right is None:
            return
        before = _numbers(right)
        after = _numbers(now)
        names = [
            "Error of places, RMS",
            "Error of depth, RMS",
            f"Width of the head (truly {lab.true_width_mm:.0f} mm)",
            "Explained, whole head",
            "Explained, face",
            "Pairs in wrong order, head",
            "Pairs in wrong order, face",
            "Error of directions, median",
            "Pixels that hang, of the head’s",
        ]
        if now.wrong:
            self.table.columns = ["", "As it is", "With the mistake"]
            self.table.rows = [
                [name, a, b if a == b else f"!{b}"]
                for name, a, b in zip(names, before, after, strict=True)
            ]
        else:
            self.table.columns = ["", "As it is"]
            self.table.rows = [[name, a] for name, a in zip(names, before, strict=True)]

    def _tell(self) -> None:
        lab, now = self._lab, self.result
        if lab is None or now is None:
            return
        how = f", with {' and '.join(mistakes(now.wrong))}" if now.wrong else ""
        self.status.ready(
            f"{lab.head.title} by {model_info(lab.inverse_depth.model).title}{how}: "
            f"points are off by {now.rms_point:.1f} mm (RMS)."
        )

    def _failed(self, error: Exception) -> None:
        if not self._open:
            return
        if isinstance(error, ModelError):
            self.status.error(str(error))
        else:
            self.status.error(
                f"This head could not be used ({type(error).__name__}: {error}); choose another."
            )

    def _limit(self) -> float:
        """Millimetres at the ends of the colours: those of the estimate without mistakes."""
        assert self._right is not None
        return round_limit(self._right.point_error, least=5.0)

    def _palette_of(self, head: RenderedHead) -> PhotoPalette:
        if self._palette is None or self._palette[0] is not head:
            self._palette = head, PhotoPalette(head.photo)
        return self._palette[1]


def _numbers(result: LabResult) -> list[str]:
    scores = result.scores
    return [
        f"{result.rms_point:.1f} mm",
        f"{result.rms_depth:.1f} mm",
        f"{result.width_mm:.0f} mm",
        f"{100 * scores.head_r2:.1f} %",
        f"{100 * scores.face_r2:.1f} %",
        f"{100 * scores.head_ord:.1f} %",
        f"{100 * scores.face_ord:.1f} %",
        f"{scores.normal_median:.1f}°",
        f"{100 * result.hanging_share:.1f} %",
    ]


def _common(lab: TrueErrorLab, result: LabResult) -> Framing:
    """The frame that both have room in: a wrong field of view makes the estimate larger."""
    right, now = (lab.geometry.framing(lab.params(w)) for w in (None, result.wrong))
    return Framing(right.center, max(right.radius, now.radius))


def _facts(head: RenderedHead) -> str:
    """The facts of a head, in a line."""
    parts = [head.title, f"{head.photo.width} × {head.photo.height}"]
    parts.append(f"field of view {head.fov:.0f}°")
    middle = float(np.median(head.depth[head.head]))
    parts.append(f"{100 * middle:.0f} cm from the camera")
    return ", ".join(parts) + "."
