"""Everything that a person has set on the page, as one record, and that as a link or a file.

A link holds the record in its fragment, the part behind "#", which browsers never send to a
server: `#v=1&p=rendered_elder&r=1.5` is the second sample with half as much relief again.
Only what differs from the defaults is written. A photo of one's own is not in the record at
all; the link says that there was one.

A file holds the same as JSON (`face3d_widgets.export.parameters`), so that the
`parameters.json` of a zip is such a file too.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

from face3d_widgets.export import SavedParameters, parameters_from_json
from face3d_widgets.figures.cameras import Viewpoint
from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.session.order import FileChoices
from face3d_widgets.session.replay_keys import KEYS, get, put
from face3d_widgets.session.replay_state import OWN_PHOTO, CompareState, LabState, Replay, Spot
from face3d_widgets.types import GeometryParams, Photo

__all__ = [
    "OpenedLink",
    "SavedSettings",
    "read_link",
    "read_settings",
    "settings_of",
    "to_link",
]

# Counts up when a key or a default comes to mean something else.
VERSION = 1
_LONGEST = 4000  # characters
_MOST_NAMED = 5


@dataclass(frozen=True)
class OpenedLink:
    """The readable part of a link.

    Attributes
    ----------
    replay : Replay
    ignored : tuple of str
        Names of the parts that are unknown or broken; they are left at their defaults.
    newer : bool
        The link comes from a later version of the program.
    """

    replay: Replay
    ignored: tuple[str, ...] = ()
    newer: bool = False


def to_link(replay: Replay) -> str:
    """The fragment of a link, without "#"; "" where nothing differs from the defaults."""
    usual = Replay()
    parts = []
    for key, entry in KEYS.items():
        value = get(replay, entry.path)
        if value != get(usual, entry.path):
            parts.append(f"{key}={quote(entry.write(value), safe=',:')}")
    return "&".join([f"v={VERSION}", *parts]) if parts else ""


def read_link(text: str) -> OpenedLink | None:
    """Read a fragment or a whole address; None where it is none of ours.

    Parameters
    ----------
    text : str
        Anything; what cannot be read is left out and named in `ignored`.
    """
    fragment = text.rpartition("#")[2]
    if not fragment.startswith("v=") or len(fragment) > _LONGEST:
        return None
    try:
        pairs = parse_qsl(fragment, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return None
    try:
        version = int(pairs[0][1])
    except ValueError:
        return None
    replay, ignored = Replay(), []
    for key, value in pairs[1:]:
        entry = KEYS.get(key)
        if entry is None:
            ignored.append(_printable(key))
            continue
        try:
            replay = put(replay, entry.path, entry.read(value))
        except (ValueError, OverflowError):
            ignored.append(entry.name)
    named = tuple(dict.fromkeys(ignored))
    if len(named) > _MOST_NAMED:
        named = (*named[:_MOST_NAMED], "and others")
    return OpenedLink(replay, named, newer=version > VERSION)


def _printable(key: str) -> str:
    """A foreign key, fit to be shown."""
    return "".join(c if c.isprintable() else "?" for c in key[:20]) or "a part without a name"


@dataclass(frozen=True)
class SavedSettings(SavedParameters):
    """`SavedParameters` with what else a person has set; the fields are those of `Replay`."""

    camera: Viewpoint | None = None
    page: str = Replay.page
    spot: Spot = field(default_factory=Spot)
    kind: str = Replay.kind
    choices: FileChoices = field(default_factory=FileChoices)
    compare: CompareState = field(default_factory=CompareState)
    lab: LabState = field(default_factory=LabState)

    @property
    def replay(self) -> Replay:
        """The state that is to be set."""
        photo = self.photo_name if self.is_of_sample else OWN_PHOTO
        return Replay(
            photo=photo,
            turn=self.turn,
            model=self.model,
            page=self.page,
            fov=self.geometry.fov,
            params=self.geometry,
            view=self.view,
            camera=self.camera,
            spot=self.spot,
            kind=self.kind,
            choices=self.choices,
            compare=self.compare,
            lab=self.lab,
        )

    @property
    def is_of_sample(self) -> bool:
        """Tell whether the photo is a sample; an upload may bear the name of one."""
        if self.photo_name not in SAMPLES:
            return False
        sample = load_sample(self.photo_name).turned(self.turn)
        # Decoders differ in the last bit, so another computer's pixels need not be the same.
        return self.is_of(sample) or self.photo_size == (sample.width, sample.height)


def settings_of(replay: Replay, photo: Photo, params: GeometryParams) -> SavedSettings:
    """The record that is saved of a page.

    Parameters
    ----------
    replay : Replay
    photo : Photo
        The one on the page: its name, its size and a checksum are saved, and no pixel.
    params : GeometryParams
        With the scale that is in use.
    """
    base = SavedParameters.of(photo, replay.model, params, replay.view)
    values = {entry.name: getattr(base, entry.name) for entry in dataclasses.fields(base)}
    return SavedSettings(
        **values,
        camera=replay.camera,
        page=replay.page,
        spot=replay.spot,
        kind=replay.kind,
        choices=replay.choices,
        compare=replay.compare,
        lab=replay.lab,
    )


def read_settings(data: bytes | str) -> SavedSettings:
    """Read what `parameters_to_json` made of settings, or the `parameters.json` of a zip.

    Raises
    ------
    ValueError
        When it is no such file, or holds a value that cannot be; the sentence says what to do.
    """
    try:
        saved = parameters_from_json(data, SavedSettings)
        _ = saved.replay  # raises for what no page can show
    except (OverflowError, RecursionError):
        raise ValueError("this is no file of settings; choose one that the page saved") from None
    return saved
