"""The choice of networks to compare, and the download of one that is not here yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from face3d_widgets.depth import DEFAULT_MODEL, MODELS, FetchCancelled, ModelError, model_state
from face3d_widgets.depth.download import megabytes
from face3d_widgets.session.comparison import INPUTS, Contestant
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.model_fetch import ModelFetch, host

__all__ = ["CompareBar", "contestant_of", "key_of"]

PLACES = 4
_GROUPS = {"ready": "Networks", "to fetch": "To fetch", "too big": "Too big for this machine"}


class CompareBar(FaceWidget, script="compare_bar.js"):
    """Up to four places, each with a network and what it is shown.

    Attributes
    ----------
    places : list of str
        Keys from `key_of`, "" for a place that stays free. The first is what the others
        are held to.
    shown : str
        Key of the one whose difference the map shows.
    color_by : {"photo", "difference"}
        What colours the faces show.
    busy : bool
        A comparison is being made.
    cancelling : bool
        The person asked to stop it, or the download, and it has not ended yet.
    fetching : str
        The network that is being fetched, or "".

    Parameters
    ----------
    jobs : Jobs
    held : callable, optional
        Gives the bytes that the network held now would free for the next.
    """

    places = t.List(t.Unicode(), [""] * PLACES, minlen=PLACES, maxlen=PLACES).tag(sync=True)
    shown = t.Unicode("", help="Whose difference is mapped.").tag(sync=True)
    color_by = t.Enum(("photo", "difference"), default_value="photo").tag(sync=True)
    busy = t.Bool(False, help="A comparison is being made.").tag(sync=True)
    cancelling = t.Bool(False, help="It shall stop.").tag(sync=True)
    fetching = t.Unicode("", help="What is being fetched.").tag(sync=True)
    progress = t.Float(0.0, help="Share of it that is here.").tag(sync=True)
    progress_text = t.Unicode("", help="The same in words.").tag(sync=True)
    photo = t.Unicode("", help="The photo's name.").tag(sync=True, saved=False)
    options = t.List(t.Dict(), help="What can be chosen.").tag(sync=True)
    mapped = t.List(t.List(t.Unicode()), help="What can be mapped.").tag(sync=True)
    offer = t.Dict({}, help="What to say of a network that is not here.").tag(sync=True)

    def __init__(self, jobs: Jobs, held: Callable[[], int] | None = None) -> None:
        self._held = held or (lambda: 0)
        self._troubles: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._on_cancel: Callable[[], None] = lambda: None
        self._on_here: Callable[[], None] = lambda: None
        self._fetch = ModelFetch(jobs, self._on_progress, self._on_fetched)
        super().__init__()
        self.observe(self._tell_offer, "places")
        self.on_msg(self._on_message)

    @property
    def contestants(self) -> list[Contestant]:
        """Those chosen that can run now, each once, in order."""
        keys = dict.fromkeys(key for key in self.places if key)
        return [one for one in map(contestant_of, keys) if self._states.get(one.model) == "ready"]

    def on_cancel(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the comparison shall stop."""
        self._on_cancel = handler

    def on_here(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when a network that was chosen has come."""
        self._on_here = handler

    def begin(self, model: str) -> None:
        """Choose what is compared at first: the network in use, and what is near at hand."""
        self.refresh()
        keys = [key_of(Contestant(model))]
        if model != DEFAULT_MODEL:
            keys.append(key_of(Contestant(DEFAULT_MODEL)))
        else:
            keys += [key_of(Contestant(model, "mirrored")), key_of(Contestant(model, "half"))]
        self.places = [*keys, *[""] * (PLACES - len(keys))]

    def refresh(self) -> None:
        """Look again at which networks are here and which fit."""
        options = []
        for name, info in MODELS.items():
            try:
                state, reason = (s := model_state(name, self._held())).state, s.reason
            except ModelError as error:  # such as a setting that names no folder
                state, reason = "to fetch", str(error)
                self._troubles[name] = reason
            self._states[name] = state
            label = f"{info.title}, {megabytes(info.size)}" if state == "to fetch" else info.title
            options.append({"key": name, "label": label, "group": _GROUPS[state]})
            if state == "ready":
                options += [
                    {
                        "key": key_of(Contestant(name, how)),
                        "label": f"{info.title}, {title}",
                        "group": "Networks, the photo changed",
                    }
                    for how, title in INPUTS.items()
                    if title
                ]
            elif state == "too big":
                self._troubles[name] = reason
        order = [_GROUPS["ready"], "Networks, the photo changed", *list(_GROUPS.values())[1:]]
        self.options = sorted(options, key=lambda option: order.index(option["group"]))
        self._tell_offer()

    def fetch(self, name: str) -> None:
        """Download a network's weights beside the page; it is compared when they are here."""
        if self.fetching or self._states.get(name) != "to fetch":
            return
        self._troubles.pop(name, None)
        with self.hold_sync():
            self.fetching, self.progress = name, 0.0
            self.progress_text = f"Asking {host(name)}"
            self.cancelling = False
            self._tell_offer()
        self._fetch.start(name)

    def close(self) -> None:
        """End the download and leave the page."""
        self._fetch.stop()
        super().close()

    def _tell_offer(self, _: object = None) -> None:
        """Tell of the first network that was chosen and cannot run."""
        self.offer = next(filter(None, map(self._offer_of, self.places)), {})

    def _offer_of(self, key: str) -> dict[str, Any]:
        name = contestant_of(key).model if key else ""
        state = self._states.get(name)
        if not name or state == "ready" or self.fetching == name:
            return {}
        info, trouble = MODELS[name], self._troubles.get(name, "")
        if state == "too big":
            return {"text": trouble, "bad": True, "name": "", "label": ""}
        if self.fetching:
            other = MODELS[self.fetching].title
            text = (
                f"{info.title} can be fetched once {other} is here, or its download is cancelled."
            )
            return {"text": text, "bad": False, "name": "", "label": ""}
        text = trouble or (
            f"{info.title} is not here yet: {megabytes(info.size)} from {host(name)}. "
            "The others are compared meanwhile."
        )
        label = "Try again" if trouble else f"Fetch {info.title}"
        return {"text": text, "bad": bool(trouble), "name": name, "label": label}

    def _on_progress(self, share: float, words: str) -> None:
        with self.hold_sync():
            self.progress, self.progress_text = share, words

    def _on_fetched(self, name: str, error: Exception | None) -> None:
        if error is not None and not isinstance(error, FetchCancelled):
            self._troubles[name] = (
                str(error)
                if isinstance(error, ModelError)
                else f"The weights of {MODELS[name].title} were not fetched "
                f"({type(error).__name__}: {error}); try again."
            )
        with self.hold_sync():
            self.fetching, self.progress_text, self.cancelling = "", "", False
            self.refresh()
        if error is None and any(key and contestant_of(key).model == name for key in self.places):
            self._on_here()

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind = message.get("type")
        if kind == "fetch" and message.get("name") in MODELS:
            self.fetch(message["name"])
        elif kind == "stop-fetch" and self.fetching:
            self.cancelling = True
            self._fetch.stop()
        elif kind == "cancel" and self.busy:
            self._on_cancel()


def key_of(one: Contestant) -> str:
    """A contestant as a short text."""
    return one.model if one.input == "photo" else f"{one.model}:{one.input}"


def contestant_of(key: str) -> Contestant:
    """The contestant of a text from `key_of`."""
    model, _, how = key.partition(":")
    return Contestant(model, how or "photo")
