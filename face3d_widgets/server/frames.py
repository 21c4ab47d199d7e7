"""Messages between a page and its kernel, as they travel through the web socket.

A frame of the protocol `v1.kernel.websocket.jupyter.org` is a table of offsets and the parts
that it points at, all numbers 64 bits, little endian::

    n | offset_0 ... offset_(n-1) | channel | header | parent header | metadata | content | buffers

The first offset is where the channel begins, which is where the table ends, and the last is
the end of the frame. Frames come from strangers: no number of one is used before it has been
compared with the bytes that are there.

References
----------
Jupyter Server, WebSocket kernel wire protocols.
https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import NamedTuple

__all__ = ["PROTOCOL", "Frame", "FrameError", "message_type", "read_frame"]

#: The only protocol that is spoken.
PROTOCOL = "v1.kernel.websocket.jupyter.org"

_NUMBER = 8  # bytes
_JSON_PARTS = 4  # header, parent header, metadata and content
_MOST_BUFFERS = 1024
_LONGEST_CHANNEL = 16  # bytes
_LONGEST_HEADER = 64 * 2**10  # bytes; a page's has a few hundred


class FrameError(ValueError):
    """A frame that is none."""


class Frame(NamedTuple):
    """A message and where it goes.

    Attributes
    ----------
    channel : str
        Such as "shell".
    parts : list of bytes
        Header, parent header, metadata and content as JSON, then the buffers.
    """

    channel: str
    parts: list[bytes]


def read_frame(data: bytes | str) -> Frame:
    """The message in a frame.

    Raises
    ------
    FrameError
        When it is text, or its numbers do not fit its bytes.
    """
    if not isinstance(data, bytes):
        raise FrameError("the frame is text")
    n_offsets = int.from_bytes(data[:_NUMBER], "little")
    # One for the channel, one for each part, one for the end.
    if not _JSON_PARTS + 2 <= n_offsets <= _JSON_PARTS + 2 + _MOST_BUFFERS:
        raise FrameError("the number of parts is out of range")
    table_end = _NUMBER * (1 + n_offsets)
    if len(data) < table_end:
        raise FrameError("the table of offsets is cut off")
    offsets = [
        int.from_bytes(data[start : start + _NUMBER], "little")
        for start in range(_NUMBER, table_end, _NUMBER)
    ]
    in_order = all(start <= stop for start, stop in pairwise(offsets))
    if offsets[0] != table_end or offsets[-1] != len(data) or not in_order:
        raise FrameError("the offsets do not fit the frame")
    if offsets[1] - offsets[0] > _LONGEST_CHANNEL:
        raise FrameError("the channel's name is too long")
    channel = data[offsets[0] : offsets[1]].decode("ascii", "replace")
    return Frame(channel, [data[start:stop] for start, stop in pairwise(offsets[1:])])


def message_type(header: bytes) -> str:
    """The type that a message's header names.

    Parameters
    ----------
    header : bytes
        JSON.

    Raises
    ------
    FrameError
        When it names none.
    """
    if len(header) > _LONGEST_HEADER:
        raise FrameError("the header is too long")
    try:
        named = json.loads(header)
    except (ValueError, RecursionError):
        raise FrameError("the header is no JSON") from None
    kind = named.get("msg_type") if isinstance(named, dict) else None
    if not isinstance(kind, str):
        raise FrameError("the header names no type of message")
    return kind
