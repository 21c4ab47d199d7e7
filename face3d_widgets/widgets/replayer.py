"""Between the page and its replay: what is set becomes a link or a file, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from face3d_widgets.depth import ModelError, model_info
from face3d_widgets.export import parameters_to_json
from face3d_widgets.figures.cameras import Viewpoint, camera
from face3d_widgets.samples import SAMPLES
from face3d_widgets.session import ReconstructionSession, Ruler
from face3d_widgets.session.replay import (
    SavedSettings,
    read_link,
    read_settings,
    settings_of,
    to_link,
)
from face3d_widgets.session.replay_state import (
    OWN_PHOTO,
    Replay,
    Spot,
)
from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.export_panel import CHOICES, ExportPanel
from face3d_widgets.widgets.measure_panel import MeasurePanel
from face3d_widgets.widgets.model_selector import ModelSelector
from face3d_widgets.widgets.pages import Page, set_or_name
from face3d_widgets.widgets.photo_upload import PhotoUpload
from face3d_widgets.widgets.replay_bar import ReplayBar
from face3d_widgets.widgets.resting import OnceAtRest
from face3d_widgets.widgets.tabs import PageTabs
from face3d_widgets.widgets.viewer import FaceViewer

__all__ = ["Replayer"]

_REST = 0.15  # seconds that the hand rests before the address changes
_HOME = Viewpoint.from_plotly(camera("home"))
_OWN_LINK = (
    "This link was made with somebody’s own photo. Photos never travel in a link; everything "
    "else is set as it was. Upload the photo to see the same."
)


class Whole(Protocol):
    """A whole page, with the parts that a link or a file sets; see `Dashboard`."""

    session: ReconstructionSession
    upload: PhotoUpload
    models: ModelSelector
    viewer: FaceViewer
    measure: MeasurePanel
    controls: GeometryControls
    exports: ExportPanel
    tabs: PageTabs

    @property
    def settled(self) -> bool:
        """Tell whether no estimate is under way."""

    def page(self, name: str) -> Page | None:
        """A page beside the model's; None until it was looked at."""

    def one_estimate(self) -> AbstractContextManager[None]:
        """Choose a photo and a network inside; depth is estimated once, afterwards."""

    def observe(self, handler: Callable[[Any], None], names: str) -> None:
        """Call `handler(change)` when its result changes."""


class Replayer:
    """Keeps the bar's link up to date, and sets the page as a link or a file says.

    Parameters
    ----------
    bar : ReplayBar
    page : Whole
        Its parts are read and set.
    """

    def __init__(self, bar: ReplayBar, page: Whole) -> None:
        self.bar, self.page = bar, page
        self._refreshing = OnceAtRest(self._refresh_now, _REST)
        self._pending: tuple[Replay, list[str]] | None = None
        self._for_upload: tuple[Replay, SavedSettings | None] | None = None
        self._watched: set[str] = set()
        bar.on_open(self.open_link)
        bar.on_load(self.load)
        bar.on_save(self.save)
        bar.on_link(self._refresh_now)
        page.controls.observe(self.refresh, [*page.controls.defaults, "colormap"])
        page.upload.observe(self.refresh, ["selected", "turn"])
        page.models.observe(self.refresh, "value")
        page.measure.observe(self.refresh, ["mode", "text", "scaled"])
        page.exports.observe(self.refresh, [*CHOICES])
        page.tabs.observe(self.refresh, "value")
        page.observe(self.refresh, "result")
        page.viewer.on_viewpoint(self.refresh)

    # --- what is set, as a record ---

    def capture(self) -> Replay:
        """Everything that is set on the page now."""
        page, controls = self.page, self.page.controls
        own = self._own_photo
        photo = page.upload.selected.removeprefix("sample:")
        seen = page.viewer.viewpoint
        beside = self._shown_page()
        state = None if beside is None else beside.state()
        shown = {} if state is None else {page.tabs.value: state}
        return Replay(
            photo=OWN_PHOTO if own else photo or Replay.photo,
            turn=page.upload.turn,
            model=page.models.value,
            page=page.tabs.value,
            fov=None if controls.fov == controls.defaults["fov"] else controls.fov,
            params=controls.params,
            view=controls.view,
            camera=None if seen == _HOME else seen,
            spot=Spot() if own else self._spot(),
            kind=page.exports.kind,
            choices=page.exports.choices,
            **shown,
        )

    @property
    def _own_photo(self) -> bool:
        """Tell whether the chosen photo was uploaded."""
        selected = self.page.upload.selected
        return selected != "" and selected.removeprefix("sample:") not in SAMPLES

    def refresh(self, _: object = None) -> None:
        """Bring the link up to date, once the hand rests."""
        name, beside = self.page.tabs.value, self._shown_page()
        if name not in self._watched and beside is not None:
            self._watched.add(name)
            beside.on_choice(self.refresh)
        self._refreshing.ask()

    def _refresh_now(self) -> None:
        if self._pending is not None:
            return  # half of what a link says is not worth a link
        replay = self.capture()
        with self.bar.hold_sync():
            self.bar.link = to_link(replay)
            self.bar.own_photo = replay.photo == OWN_PHOTO

    def _spot(self) -> Spot:
        measure, ruler = self.page.measure, self.page.session.ruler
        places = tuple((round(row, 1), round(column, 1)) for row, column in measure.places)
        if ruler is None:
            return Spot(measure.mode, places)
        ends = [round(n, 1) for n in (*ruler.start, *ruler.end)]
        return Spot(measure.mode, places, (ends[0], ends[1], ends[2], ends[3], ruler.true_mm))

    def _shown_page(self) -> Page | None:
        """The page that is looked at beside the model's."""
        return self.page.page(self.page.tabs.value)

    # --- a link or a file, set ---

    def open_link(self, text: str) -> None:
        """Set the page as a link says; what is none of ours changes nothing."""
        opened = read_link(text)
        if opened is None:
            return
        said = []
        if opened.newer:
            said.append("The link comes from a newer version; what is known of it here is set.")
        if opened.ignored:
            said.append(
                f"Parts of the link are unknown or broken and were left out: "
                f"{', '.join(opened.ignored)}."
            )
        if opened.replay.photo == OWN_PHOTO:
            said.append(_OWN_LINK)
        self._for_upload = None
        if opened.replay.photo == OWN_PHOTO:
            self._for_upload = opened.replay, None
        self.restore(opened.replay, said)

    def load(self, text: str) -> None:
        """Set the page as a file of settings says, or say why not."""
        try:
            saved = read_settings(text)
        except ValueError as error:
            sentence = str(error)
            self.bar.notice = f"These settings were not loaded: {sentence.rstrip('.')}."
            return
        replay, said = saved.replay, []
        self._for_upload = None
        if replay.photo == OWN_PHOTO:
            shown = self.page.upload.photo
            if shown is None or not saved.is_of(shown.turned(replay.turn - shown.turn)):
                self._for_upload = replay, saved
                said.append(
                    f"These settings were saved with the photo “{saved.photo_name}”, which is "
                    "not in the file; everything else is set as it was. Upload the photo to "
                    "see the same."
                )
        self.restore(replay, said)

    def settings(self) -> SavedSettings:
        """Everything that is set on the page now, with the photo that it was set for."""
        session = self.page.session
        # A file is held against the photo when it is loaded, so it has its places too.
        replay = dataclasses.replace(self.capture(), spot=self._spot())
        return settings_of(replay, session.result.photo, session.params)

    def save(self) -> None:
        """Hand the settings to the browser as a file."""
        if not self.page.session.has_result:
            self.bar.notice = "There are no settings to save yet; choose a photo first."
            return
        saved = self.settings()
        model = saved.model.lower().replace("_", "-")
        self.bar.deliver(parameters_to_json(saved), f"{saved.photo_name}_{model}_settings.json")

    def restore(self, replay: Replay, said: list[str] | None = None) -> None:
        """Set the page; what needs the photo's depth follows when that has come.

        Parameters
        ----------
        replay : Replay
        said : list of str, optional
            Sentences for the person, to which more may be added.
        """
        page, said = self.page, [] if said is None else said
        self._pending = replay, said
        with page.one_estimate():
            if replay.photo != OWN_PHOTO:
                page.upload.selected = f"sample:{replay.photo}"
            if replay.photo != OWN_PHOTO or self._for_upload is None:
                page.upload.turn = replay.turn
            try:
                page.models.value = replay.model
            except ModelError as error:
                instead = model_info(page.models.value).title
                said.append(f"{error} {instead} is used meanwhile.")
                page.models.picked = replay.model
        if page.settled and self._pending is not None:
            self.arrived()

    def arrived(self, new_photo: bool = False) -> None:
        """A photo's depth has come, or failed to: set what waited for it."""
        if self._pending is not None:
            replay, said = self._pending
            self._pending = None
            self._set_all(replay, said)
        elif self._for_upload is not None and new_photo and self._own_photo:
            replay, saved = self._for_upload
            if self.page.upload.turn != replay.turn:
                self.page.upload.turn = replay.turn  # and its depth comes anew
                return
            photo = self.page.session.result.photo
            self._for_upload = None
            self.bar.notice = ""
            self._set_shape_of_photo(replay, [])
            if saved is not None and saved.is_of(photo):
                self._set_spot(replay.spot, [])
        self.refresh()

    def _set_all(self, replay: Replay, said: list[str]) -> None:
        page, broken = self.page, list[str]()
        own = replay.photo == OWN_PHOTO and self._for_upload is not None
        self._set_controls(replay, broken)
        self._set_shape_of_photo(replay, broken, own)
        page.viewer.viewpoint = replay.camera or _HOME
        if not own:
            self._set_spot(replay.spot, broken)
        exports = page.exports
        values = {"kind": replay.kind, **exports.traits_of(replay.choices)}
        for name, value in values.items():
            set_or_name(exports, name, value, "choices for files", broken)
        self._set_page(replay, broken)
        if broken:
            names = ", ".join(dict.fromkeys(broken))
            said.append(f"Not everything could be set: {names}.")
        self.bar.notice = " ".join(said)

    def _set_controls(self, replay: Replay, broken: list[str]) -> None:
        controls, params, view = self.page.controls, replay.params, replay.view
        wrong = params.wrong
        values: dict[str, Any] = {
            "relief": params.relief,
            "cutoff": params.cutoff,
            "smoothing": params.smoothing,
            "n_points": min(params.n_points, controls.max_points),
            "edge_angle": params.edge_angle,
            "inverse_as_depth": wrong.inverse_as_depth,
            "eight_bit": wrong.eight_bit,
            "edges_kept": wrong.edges_kept,
            "wrong_fov_on": wrong.fov is not None,
            "wrong_fov": controls.defaults["wrong_fov"] if wrong.fov is None else wrong.fov,
            "draw_as": view.draw_as,
            "shaded": view.shaded,
            "colormap": view.colormap,
            "point_size": view.point_size,
            "opacity": view.opacity,
            "axes": view.axes,
            # Last, as they may begin to measure.
            "color_by": view.color_by,
            "most_unsure": params.most_unsure,
        }
        with controls.hold_trait_notifications(), controls.hold_sync():
            for name, value in values.items():
                set_or_name(controls, name, value, name.replace("_", " "), broken)

    def _set_shape_of_photo(
        self, replay: Replay, broken: list[str], elsewhere: bool = False
    ) -> None:
        """Set what belongs to one photo: its field of view, and the numbers of its estimate."""
        controls = self.page.controls
        fov = controls.defaults["fov"] if replay.fov is None else replay.fov
        set_or_name(controls, "fov", fov, "field of view", broken)
        numbers = replay.params.scale_shift
        if numbers is None or elsewhere:
            controls.scale_shift = None
            return
        controls.set_numbers(*numbers)
        if controls.trouble:
            broken.append("scale and shift")

    def _set_spot(self, spot: Spot, broken: list[str]) -> None:
        ruler = None
        if spot.ruler is not None:
            a, b, c, d, true_mm = spot.ruler
            ruler = Ruler((a, b), (c, d), true_mm)
        if not self.page.measure.restore(spot.mode, spot.places, ruler):
            broken.append("measured places")

    def _set_page(self, replay: Replay, broken: list[str]) -> None:
        """Open a page beside the model's with its choices."""
        page = self.page
        page.tabs.value = replay.page
        made = page.page(replay.page)
        state = getattr(replay, replay.page, None)
        if made is not None and state is not None:
            made.restore(state, broken)
