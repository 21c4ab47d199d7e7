"""The choices of the true-error lab: the head, the network, the mistakes."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import traitlets as t

from face3d_widgets.depth import DEFAULT_MODEL, ready_models
from face3d_widgets.image import encode_jpeg, read_photo
from face3d_widgets.samples.rendered import rendered_heads, rendered_photo_bytes
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.mistakes import MistakeSwitches

__all__ = ["LabBar", "LabSwitches"]

_THUMBNAIL = 112  # pixels


class LabBar(FaceWidget, script="lab_bar.js"):
    """The rendered heads to choose from, and the networks that are ready.

    Attributes
    ----------
    heads : list of {"name", "thumbnail"}
    head : str
        The one that is chosen; "" where there are none.
    models : list of [name, title]
    model : str
    about : str
        What is known of the head.
    """

    heads = t.List(t.Dict(), help="What can be chosen.").tag(sync=True, saved=False)
    head = t.Unicode("", help="The head.").tag(sync=True)
    models = t.List(t.List(t.Unicode()), help="The networks that are ready.").tag(sync=True)
    model = t.Unicode(DEFAULT_MODEL, help="The network.").tag(sync=True)
    about = t.Unicode("", help="What is known of the head.").tag(sync=True)

    def refresh(self, model: str) -> None:
        """Look what is here; `model` is chosen where nobody has chosen yet."""
        ready = [[info.name, info.title] for info in ready_models()]
        names = rendered_heads()
        with self.hold_sync():
            if not self.models and model in [name for name, _ in ready]:
                self.model = model
            self.models = ready
            if [item["name"] for item in self.heads] != names:
                self.heads = [{"name": name, "thumbnail": _thumbnail(name)} for name in names]
            if self.head not in names:
                self.head = names[0] if names else ""


class LabSwitches(MistakeSwitches, script="controls.js"):
    """Mistakes made on purpose, and what is looked at.

    Attributes
    ----------
    inverse_as_depth, eight_bit, edges_kept, wrong_fov_on : bool
    wrong_fov : float
        Degrees, 10 to 120.
    color_by : {"photo", "error"}
        What colours the estimate shows.
    map_of : {"place", "direction"}
        Whether the map shows how far points are from their places, or how far the surface
        is turned from its direction.
    """

    wrong_fov = t.Float(60.0, min=10, max=120, help="Degrees, vertical.").tag(sync=True)
    color_by = t.Enum(("photo", "error"), default_value="photo", help="Colours.").tag(sync=True)
    map_of = t.Enum(("place", "direction"), default_value="place", help="Map.").tag(sync=True)
    _groups = t.List(t.Dict(), read_only=True).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.on_msg(self._on_message)

    @t.default("_groups")
    def _default_groups(self) -> list[dict[str, Any]]:
        return _GROUPS

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "reset":
            with self.hold_trait_notifications(), self.hold_sync():
                for name in (*self.MISTAKES, "color_by", "map_of"):
                    setattr(self, name, self.traits()[name].default_value)


def _thumbnail(name: str) -> str:
    photo = read_photo(rendered_photo_bytes(name), name=name)
    return "data:image/jpeg;base64," + b64encode(encode_jpeg(photo, _THUMBNAIL, 80)).decode()


def _check(trait: str, label: str, help: str) -> dict[str, Any]:
    return {"kind": "check", "trait": trait, "label": label, "help": help}


def _choice(trait: str, label: str, **options: str) -> dict[str, Any]:
    return {"kind": "choice", "trait": trait, "label": label, "options": [*options.items()]}


_GROUPS: list[dict[str, Any]] = [
    {
        "title": "Wrong on purpose",
        "controls": [
            _check(
                "inverse_as_depth",
                "Inverse depth used as depth",
                "Every pair changes its order: the face is hollow.",
            ),
            _check(
                "eight_bit",
                "8-bit depth",
                "Places hardly move; directions do. Look at the map of directions.",
            ),
            _check(
                "edges_kept",
                "Edges kept",
                "Curtains hang between head and background; the head itself stays as it is.",
            ),
            _check(
                "wrong_fov_on",
                "Wrong field of view",
                "Depth stays right and points move sideways, the farther out the more.",
            ),
            {
                "kind": "slider",
                "trait": "wrong_fov",
                "label": "Angle taken instead",
                "min": 10,
                "max": 120,
                "step": 1,
                "unit": "°",
                "help": "The true one stands under the heads.",
                "only": {"wrong_fov_on": True},
            },
        ],
    },
    {
        "title": "What is looked at",
        "controls": [
            _choice("color_by", "Colour the estimate by", photo="Photo", error="Error"),
            _choice("map_of", "Map of", place="Places", direction="Directions"),
        ],
    },
]
