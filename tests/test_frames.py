"""Frames of the web socket: right ones are read, and no number of a wrong one is believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from face3d_widgets.server.frames import FrameError, message_type, read_frame

PARTS = [b'{"msg_type": "comm_msg"}', b"{}", b"{}", b'{"data": {}}']


def numbers(*values):
    return b"".join(value.to_bytes(8, "little") for value in values)


@pytest.mark.parametrize("buffers", [[], [b"abc"], [b"", b"x" * 1000, b"\x00"]])
@pytest.mark.parametrize("channel", ["shell", "control"])
def test_what_jupyter_writes_is_read(channel, buffers):
    data = serialize_msg_to_ws_v1([*PARTS, *buffers], channel)
    assert read_frame(data) == (channel, [*PARTS, *buffers])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{}", "text"),
        (b"", "number of parts"),
        (b"\x06", "cut off"),
        (numbers(5, *[48] * 5), "number of parts"),
        (numbers(1031, *[8 * 1032] * 1031), "number of parts"),
        (numbers(6, *[56] * 5), "cut off"),
        (numbers(6, *[57] * 6), "do not fit"),
        (numbers(6, 56, 61, 60, 60, 60, 61) + b"shell", "do not fit"),
        (numbers(6, 56, 61, 61, 61, 61, 62) + b"shell", "do not fit"),
        (numbers(6, 56, 73, 73, 73, 73, 73) + b"s" * 17, "channel"),
    ],
)
def test_a_frame_whose_numbers_do_not_fit_is_none(data, reason):
    with pytest.raises(FrameError, match=reason):
        read_frame(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        frame = read_frame(data)
    except FrameError:
        return
    assert len(frame.channel) + sum(map(len, frame.parts)) < len(data)


def test_the_type_stands_in_the_header():
    assert message_type(PARTS[0]) == "comm_msg"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{}",
        b'{"msg_type": 3}',
        b"\xff",
        json.dumps({"msg_type": "comm_msg", "x": "y" * 70_000}).encode(),
    ],
)
def test_a_header_that_names_no_type_is_refused(header):
    with pytest.raises(FrameError):
        message_type(header)
