"""The choice of the network, and the download of one that is not here yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from face3d_widgets.depth import (
    DEFAULT_MODEL,
    MODELS,
    FetchCancelled,
    ModelError,
    ModelState,
    model_info,
    model_state,
)
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.model_fetch import ModelFetch, bytes_kept, host
from face3d_widgets.widgets.model_options import describe

__all__ = ["ModelSelector"]


class ModelSelector(FaceWidget, script="model_selector.js"):
    """Every network with what a person wants to know of it: ready, to fetch, or too big.

    Picking one that is ready uses it. One that must be fetched is offered with a
    button, so that no click downloads a gigabyte by mistake; one that is too big
    says why, and what to use instead. Until a picked network is here, the one in
    use stays.

    Attributes
    ----------
    value : str
        Name of the network in use. Setting one that is unknown, not on this machine
        or too big raises a `ModelError` that says what to do.
    picked : str
        Name of the network that the person looks at.
    options : list of dict
        What is shown of each network; read only.
    fetching : str
        Name of the network that is being fetched, or ""; read only.
    progress : float
        Share of it that is here, 0 to 1; read only.
    progress_text : str
        The same in words, with the speed and the time left; read only.
    stopping : bool
        The person asked to stop the download and it has not ended yet.
    trouble : str
        What went wrong last, until another network is picked: one sentence that
        says what to do, or ""; read only.

    Parameters
    ----------
    jobs : Jobs, optional
        Where downloads run, on a thread apart.
    held : callable, optional
        Gives the bytes that the network held now would free for the next.

    Examples
    --------
    >>> from face3d_widgets import ModelSelector
    >>> models = ModelSelector()
    >>> models.value
    'face_lite'
    >>> len(models.options)
    13
    """

    value = t.Unicode(DEFAULT_MODEL, help="Name of the network in use.").tag(sync=True)
    picked = t.Unicode(DEFAULT_MODEL, help="Name of the network looked at.").tag(sync=True)
    options = t.List(t.Dict(), read_only=True, help="What is shown of each.").tag(sync=True)
    fetching = t.Unicode("", read_only=True, help="Name of the one that comes.").tag(sync=True)
    progress = t.Float(0.0, read_only=True, help="Share that is here.").tag(sync=True)
    progress_text = t.Unicode("", read_only=True, help="The same in words.").tag(sync=True)
    stopping = t.Bool(False, help="Stop the download.").tag(sync=True)
    trouble = t.Unicode("", read_only=True, help="What went wrong last.")

    def __init__(
        self, jobs: Jobs | None = None, held: Callable[[], int] | None = None, **kwargs: Any
    ) -> None:
        self._held = held or (lambda: 0)
        self._troubles: dict[str, str] = {}
        self._keeps_pick = False  # value and picked change apart from each other
        self._usable_anyway = {DEFAULT_MODEL}  # in use, however full the memory is
        self._fetch = ModelFetch(jobs or Jobs(), self._on_progress, self._on_fetched)
        super().__init__(**kwargs)
        self._usable_anyway = {self.value}
        self.picked = self.value
        self.observe(self._on_value, "value")
        self.observe(self._on_picked, "picked")
        self.observe(self._on_stopping, "stopping")
        self.on_msg(self._on_message)
        self.refresh()

    def refresh(self) -> None:
        """Look again at what is on this machine, what fits, and how long each took."""
        self.set_trait(
            "options",
            [
                describe(
                    state,
                    in_use=state.info.name == self.value,
                    trouble=self._troubles.get(state.info.name, ""),
                    fetching=self.fetching,
                )
                for state in map(self._look, MODELS)
            ],
        )

    def fetch(self, name: str) -> None:
        """Download a network's weights beside the page, and use it when they are here.

        It is picked meanwhile; once the person picks another, it is only made ready.
        What goes wrong is said on the page and in `trouble`. In a plain script, where
        no event loop runs, this returns when all is done.

        Parameters
        ----------
        name : str
            A network; one that is here is used at once.

        Raises
        ------
        ModelError
            When there is no such network, it is too big, or another is being fetched.
        """
        info = model_info(name)
        if self.fetching == info.name:
            return
        if self.fetching:
            raise ModelError(
                f"{MODELS[self.fetching].title} is being fetched; wait for it, or cancel it first."
            )
        state = self._state_of(info.name)
        if state.state != "to fetch":
            self.value = info.name
            return
        self._forget_trouble(info.name)
        self._pick_only(info.name)
        with self.hold_sync():
            self.set_trait("progress", bytes_kept(info.name) / info.size)
            self.set_trait("progress_text", f"Asking {host(info.name)}")
            self.set_trait("fetching", info.name)
            self.refresh()
        self._fetch.start(info.name)

    def cancel(self) -> None:
        """Stop the download, at the latest when the server has been silent too long.

        What came so far is kept, and the next download goes on from there.
        """
        self.stopping = True

    def refuse(self, name: str, why: str, instead: str) -> None:
        """Say that a network could not be used, and go back to another.

        Parameters
        ----------
        name : str
            The network; it stays picked, to be tried again.
        why : str
            A sentence for the person.
        instead : str
            The network in use from now on.
        """
        self._usable_anyway = {self.value, instead}
        self._keeps_pick = True
        try:
            self.value = instead
        finally:
            self._keeps_pick = False
        self._complain(name, why)

    def close(self) -> None:
        """End the download and leave the page."""
        self._fetch.stop()
        super().close()

    # --- what changes ---

    @t.validate("value")
    def _usable(self, proposal: dict[str, Any]) -> str:
        info = model_info(proposal["value"])
        if info.name in self._usable_anyway:
            return info.name
        state = self._state_of(info.name)
        if state.state == "too big":
            raise ModelError(state.reason)
        if state.state == "to fetch":
            raise ModelError(
                f"{info.title} is not on this machine; fetch it with: face3d fetch {info.name}, "
                f"or in Python with fetch({info.name!r}) of the model selector."
            )
        return info.name

    @t.validate("picked")
    def _known(self, proposal: dict[str, Any]) -> str:
        return model_info(proposal["value"]).name

    def _on_value(self, _: object) -> None:
        self._usable_anyway = {self.value}
        self._forget_trouble(self.value)
        if not self._keeps_pick:
            self._pick_only(self.value)
        self.refresh()

    def _on_picked(self, change: dict[str, Any]) -> None:
        self.set_trait("trouble", "")  # it stays beside the network that had it
        if not self._keeps_pick:
            self._use(change["new"])

    def _on_stopping(self, _: object) -> None:
        if not self.fetching:
            self.stopping = False
        elif self.stopping:
            self._fetch.stop()

    def _on_progress(self, share: float, words: str) -> None:
        with self.hold_sync():
            self.set_trait("progress", share)
            self.set_trait("progress_text", words)

    def _on_fetched(self, name: str, error: Exception | None) -> None:
        wanted = self.picked == name and not self.stopping
        with self.hold_sync():  # the page learns at once how it ended and what comes next
            self.set_trait("fetching", "")
            self.set_trait("progress_text", "")
            self.stopping = False
            if error is None and wanted:
                self._use(name)
            elif error is None or isinstance(error, FetchCancelled):
                self.refresh()
            elif isinstance(error, ModelError):
                self._complain(name, str(error))
            else:
                self._complain(
                    name,
                    f"The weights of {MODELS[name].title} were not fetched "
                    f"({type(error).__name__}: {error}); try again, or use {DEFAULT_MODEL}.",
                )

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind, name = message.get("type"), str(message.get("name"))
        if name not in MODELS:
            return
        if kind == "use":
            self._pick_only(name)
            self._use(name)
        elif kind == "fetch":
            try:
                self.fetch(name)
            except ModelError as error:
                self._complain(name, str(error))

    def _use(self, name: str) -> None:
        """Use a network if it is ready; else show what it needs."""
        try:
            if name != self.value and self._state_of(name).state == "ready":
                self.value = name
            else:
                self.refresh()
        except ModelError as error:
            self._complain(name, str(error))

    def _pick_only(self, name: str) -> None:
        """Show a network without using it."""
        keeps, self._keeps_pick = self._keeps_pick, True
        try:
            self.picked = name
        finally:
            self._keeps_pick = keeps

    def _complain(self, name: str, why: str) -> None:
        self._troubles[name] = why
        self.refresh()
        if self.trouble == why:
            self.set_trait("trouble", "")  # so that the same sentence is told again
        self.set_trait("trouble", why)

    def _forget_trouble(self, name: str) -> None:
        self._troubles.pop(name, None)
        self.set_trait("trouble", "")

    def _state_of(self, name: str) -> ModelState:
        """A network's state now; one that cannot be looked for raises a `ModelError`."""
        return model_state(name, self._held())

    def _look(self, name: str) -> ModelState:
        try:
            return self._state_of(name)
        except ModelError as error:  # such as a setting that names no folder
            self._troubles[name] = str(error)
            return ModelState(MODELS[name], "to fetch", "", None)
