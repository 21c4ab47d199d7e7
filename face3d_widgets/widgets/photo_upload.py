"""Choose a photo: upload by click or drop, a gallery, samples."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import numpy as np
import traitlets as t

from face3d_widgets.image import (
    ACCEPT,
    FORMATS,
    MAX_BYTES,
    MAX_PIXELS,
    PhotoError,
    encode_jpeg,
    read_photo,
    safe_stem,
)
from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.types import TURNS, Photo
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.jobs import Jobs

__all__ = ["PhotoUpload"]

# Uploaded photos kept for another look; the oldest goes first.
GALLERY_KEPT = 24
_THUMBNAIL_SIDE = 112
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


class PhotoUpload(FaceWidget, script="photo_upload.js"):
    """A drop zone, a gallery of what was dropped, and sample portraits.

    The browser sends a file in pieces of half a megabyte, each answered before
    the next, so that no server's limit on message size is met and the page can
    show how far it is. Files are decoded on a worker thread and stay in memory.

    Attributes
    ----------
    photo : Photo or None
        The chosen photo; observe it or link to it.
    errors : list of str
        One sentence for each file of the last upload that could not be read.
    items : list of dict
        The gallery, `{"id", "title", "thumbnail"}`; samples first.
    selected : str
        The `id` of the chosen item; setting it chooses.
    turn : {0, 90, 180, 270}
        Degrees clockwise by which the chosen photo is turned; setting it turns. Every photo
        of the gallery keeps its own.
    reading : str
        Name of the file that is being read, or "".

    Parameters
    ----------
    samples : bool
        Offer the sample portraits and choose the first.
    jobs : Jobs, optional
        The worker to share with other widgets.
    """

    photo = t.Instance(Photo, allow_none=True, help="The chosen photo.")
    errors = t.List(t.Unicode(), help="What went wrong in the last upload.").tag(
        sync=True, saved=False
    )
    items = t.List(t.Dict(), help="The gallery.").tag(sync=True, saved=False)
    selected = t.Unicode("", help="The chosen item.").tag(sync=True)
    turn = t.Enum(TURNS, default_value=0, help="Degrees clockwise.")
    reading = t.Unicode("", help="The file being read.").tag(sync=True, saved=False)
    accept = t.Unicode(ACCEPT, read_only=True).tag(sync=True)
    max_bytes = t.Int(MAX_BYTES, read_only=True).tag(sync=True)
    hint = t.Unicode(
        f"{FORMATS}; up to {MAX_BYTES >> 20} MB and {MAX_PIXELS // 10**6} megapixels",
        read_only=True,
    ).tag(sync=True)

    def __init__(self, samples: bool = True, jobs: Jobs | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._jobs = jobs or Jobs()
        self._own_jobs = jobs is None
        self._kept: dict[str, tuple[Photo, bytes]] = {}
        self._as_it_came: Photo | None = None  # the chosen one, before it was turned
        self._turns: dict[str, int] = {}
        self._incoming: dict[str, bytearray] = {}
        self._count = 0
        self._awaiting_first = False  # the upload under way has no photo chosen yet
        self.on_msg(self._on_message)
        self.observe(self._on_selected, "selected")
        self.observe(self._on_turn, "turn")
        if samples:
            self.items = [_item(f"sample:{name}", load_sample(name)) for name in SAMPLES]
            self.selected = self.items[0]["id"]

    def add(self, data: bytes, name: str, first: bool = True) -> None:
        """Read a file as if it had been dropped.

        Parameters
        ----------
        data : bytes
            The file's contents.
        name : str
            The file's name; shown in errors, its stem names downloads.
        first : bool
            Choose it and forget earlier errors; False for the later files of
            one upload, which join the gallery only.
        """
        if first:
            self.errors = []
        self.reading = name

        def done(result: tuple[Photo, dict[str, str], bytes]) -> None:
            photo, item, kept = result
            self.reading = ""
            self._keep(photo, item, kept)
            if first:
                self._awaiting_first = True
            if self._awaiting_first:
                self._awaiting_first = False
                self.selected = item["id"]

        def failed(error: Exception) -> None:
            self.reading = ""
            self._refuse(error, name, first)

        self._count += 1
        key = f"photo:{self._count}"
        self._jobs.submit(key, lambda: _read(data, name, key), done, failed)

    def turn_right(self) -> None:
        """Turn the chosen photo by 90 degrees, clockwise."""
        self.turn = (self.turn + 90) % 360

    def close(self) -> None:
        """Leave the page, and forget the photos."""
        if self.comm is not None:
            if self._own_jobs:
                self._jobs.close()
            super().close()

    def _keep(self, photo: Photo, item: dict[str, str], encoded: bytes) -> None:
        # Encoded, a photo takes a tenth of the memory; the newest is kept whole
        # until it has been chosen.
        self._kept[item["id"]] = photo, encoded
        self.items = [*self.items, item]
        uploaded = [i["id"] for i in self.items if not i["id"].startswith("sample:")]
        for oldest in uploaded[:-GALLERY_KEPT]:
            del self._kept[oldest]
            self._turns.pop(oldest, None)
            self.items = [i for i in self.items if i["id"] != oldest]

    def _refuse(self, error: Exception, name: str, first: bool) -> None:
        self._awaiting_first |= first
        sentence = (
            str(error)
            if isinstance(error, PhotoError)
            else f"{name} could not be read; try to save it as JPEG first."
        )
        self.errors = [*self.errors, sentence]

    def _on_selected(self, change: dict[str, Any]) -> None:
        key = change["new"]
        if key.removeprefix("sample:") in SAMPLES:
            self._show(load_sample(key.removeprefix("sample:")))
        elif key in self._kept:
            photo, encoded = self._kept[key]
            title = next(i["title"] for i in self.items if i["id"] == key)
            self._show(
                photo
                if photo.rgb.size
                else dataclasses.replace(photo, rgb=read_photo(encoded, title).rgb)
            )
            self._kept[key] = dataclasses.replace(photo, rgb=_NO_PIXELS), encoded

    def _show(self, photo: Photo) -> None:
        self._as_it_came = photo
        self.turn = self._turns.get(self.selected, 0)
        self.photo = photo.turned(self.turn)

    def _on_turn(self, change: dict[str, Any]) -> None:
        """Turn the chosen photo, and its picture in the gallery."""
        if self._as_it_came is None or change["new"] == self._turns.get(self.selected, 0):
            return
        self._turns[self.selected] = change["new"]
        photo = self._as_it_came.turned(change["new"])
        self.items = [
            _item(item["id"], photo) if item["id"] == self.selected else item for item in self.items
        ]
        self.photo = photo

    def _on_message(self, _: Any, message: dict[str, Any], buffers: list[memoryview]) -> None:
        kind, key = message.get("type"), str(message.get("id"))
        name, first = str(message.get("name", "photo")), bool(message.get("first"))
        if kind == "too-large":
            if first:
                self.errors = []
            self._refuse(_too_large(name, int(message.get("size", 0))), name, first)
        elif kind == "piece":
            received = self._incoming.setdefault(key, bytearray())
            for buffer in buffers:
                received += buffer
            if len(received) > MAX_BYTES:
                del self._incoming[key]
                if first:
                    self.errors = []
                self._refuse(_too_large(name, len(received)), name, first)
                self.send({"type": "stop", "id": key})
                return
            if message.get("last"):
                del self._incoming[key]
                self.add(bytes(received), name, first=first)
            self.send({"type": "received", "id": key, "bytes": len(received)})
        elif kind == "cancel":
            self._incoming.pop(key, None)


def _too_large(name: str, size: int) -> PhotoError:
    return PhotoError(
        f"{name} is {size / 2**20:.0f} MB large, but a photo may have at most "
        f"{MAX_BYTES >> 20} MB; save it smaller and try again."
    )


def _read(data: bytes, name: str, key: str) -> tuple[Photo, dict[str, str], bytes]:
    photo = read_photo(data, name)
    encoded = encode_jpeg(photo, quality=95)
    # What comes back when it is chosen again must be the very same pixels, by which
    # settings and measured places know their photo.
    photo = dataclasses.replace(photo, rgb=read_photo(encoded, name).rgb)
    return photo, _item(key, photo), encoded


def _item(key: str, photo: Photo) -> dict[str, str]:
    thumbnail = base64.b64encode(encode_jpeg(photo, _THUMBNAIL_SIDE, 80)).decode()
    title = SAMPLES.get(key.removeprefix("sample:"), safe_stem(photo.name))
    return {"id": key, "title": title, "thumbnail": f"data:image/jpeg;base64,{thumbnail}"}
