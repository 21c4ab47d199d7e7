"""Films of the turning model, read back."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from face3d_widgets.figures import FigureError, camera, turntable
from face3d_widgets.figures.turntable import _eyes, _mp4
from face3d_widgets.types import ViewParams
from tests.scenes import SceneMaker

MESH = ViewParams(draw_as="mesh")
SIZE = (96, 80)


@pytest.fixture(scope="module")
def shown():
    return SceneMaker()("mesh")


@pytest.fixture(scope="module")
def gif(shown):
    return Image.open(io.BytesIO(turntable(shown, MESH, seconds=2, frames=12, size=SIZE)))


def frames_of(gif):
    frames, durations = [], []
    for k in range(gif.n_frames):
        gif.seek(k)
        frames.append(np.asarray(gif.convert("RGB")).astype(int))
        durations.append(gif.info["duration"])
    return np.stack(frames), durations


def read_mp4(data):
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(data)) as container:
        [stream] = container.streams.video
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
        facts = {
            "codec": stream.codec_context.name,
            "pixels": stream.codec_context.pix_fmt,
            "seconds": float(stream.duration * stream.time_base),
        }
    return np.stack(frames).astype(int), facts


def boxes(mp4):
    """The names of an MP4's parts, in their order."""
    at, names = 0, []
    while at < len(mp4):
        size = int.from_bytes(mp4[at : at + 4], "big")
        names.append(mp4[at + 4 : at + 8])
        at += size
    return names


def change(a, b):
    return float(np.abs(a - b).mean())


def test_a_gif_has_its_frames_time_and_size_and_goes_on(gif):
    frames, durations = frames_of(gif)
    assert frames.shape == (12, 80, 96, 3)
    assert sum(durations) == 2000
    assert max(durations) - min(durations) <= 10
    assert gif.info["loop"] == 0  # for ever
    assert gif.info["comment"].startswith(b"face3d_widgets")


def test_the_film_swings_and_ends_where_it_began(gif):
    frames, _ = frames_of(gif)
    steps = [change(frames[k], frames[k - 1]) for k in range(12)]  # the first: from the last
    assert steps[0] < 1.5 * max(steps[1:])
    assert change(frames[3], frames[9]) > max(steps)  # right and left
    # Halfway it looks from the front again, as at the start.
    assert change(frames[0], frames[6]) < 0.4 * max(steps)


def test_a_gif_keeps_colours_and_a_white_ground(gif, shown):
    frames, _ = frames_of(gif)
    assert (frames[:, :4, :4] > 250).all()
    skin = shown.cloud.colors[shown.cloud.inverse_depth > 0.5].astype(int).mean(axis=0)
    middle = frames[0][30:40, 44:52].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(middle, skin, atol=25)


def test_an_mp4_plays_everywhere_while_it_loads(shown):
    data = turntable(shown, MESH, format="mp4", seconds=2, frames=12, size=(97, 81))
    frames, facts = read_mp4(data)
    assert frames.shape == (12, 80, 96, 3)  # even sides
    assert facts == {"codec": "h264", "pixels": "yuv420p", "seconds": pytest.approx(2)}
    names = boxes(data)
    assert names.index(b"moov") < names.index(b"mdat")
    assert (frames[:, :4, :4] > 240).all()
    steps = [change(frames[k], frames[k - 1]) for k in range(12)]
    assert steps[0] < 1.5 * max(steps[1:])


PATCHES = np.uint8(
    [[200, 30, 40], [20, 180, 60], [30, 60, 210], [230, 200, 40], [128] * 3, [210, 160, 130]]
)


@pytest.mark.parametrize("height", [480, 720])
def test_a_film_says_its_colours_and_they_come_back(height):
    """By BT.709 whatever its height, as the tags say; a player that heeds them is right."""
    av = pytest.importorskip("av")
    row = np.repeat(PATCHES[None], 80, axis=1).reshape(1, -1, 3)
    picture = np.ascontiguousarray(np.repeat(row, height, axis=0))
    data = _mp4(iter([picture] * 4), 480, height, 4, 0.5)
    with av.open(io.BytesIO(data)) as film:
        [stream] = film.streams.video
        codec = stream.codec_context
        assert [codec.color_primaries, codec.color_trc, codec.colorspace] == [1, 1, 1]
        assert codec.color_range == 1  # limited
        assert film.metadata["comment"].startswith("face3d_widgets")
        frame = next(film.decode(stream))
        # BT.709's own numbers, not the library's.
        planes = frame.reformat(format="yuv444p").to_ndarray().astype(float)
        y, u, v = (planes - np.reshape([16, 128, 128], (3, 1, 1))) / np.reshape(
            [219, 224, 224], (3, 1, 1)
        )
        rgb = np.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u], axis=-1)
        np.testing.assert_allclose(255 * rgb[height // 2, 40::80], PATCHES, atol=3)
        shown = frame.to_ndarray(format="rgb24")[height // 2, 40::80]
        np.testing.assert_allclose(shown.astype(int), PATCHES, atol=3)
    assert b"colr" in data  # for players that read the container alone


def test_both_formats_show_the_same(shown, gif):
    data = turntable(shown, MESH, format="mp4", seconds=2, frames=12, size=SIZE)
    frames, _ = read_mp4(data)
    for k in (0, 3, 9):
        assert change(frames[k], frames_of(gif)[0][k]) < 6


def test_the_camera_keeps_its_height_and_distance():
    now = {"eye": {"x": 1.2, "y": 0.7, "z": 0.8}}
    for swing in (45.0, None):
        eyes = np.array([[e[a] for a in "xyz"] for e in _eyes(now, 16, swing)])
        np.testing.assert_allclose(np.linalg.norm(eyes, axis=1), np.hypot(np.hypot(1.2, 0.7), 0.8))
        np.testing.assert_allclose(eyes[:, 2], 0.8)
        azimuth = np.degrees(np.arctan2(eyes[:, 0], -eyes[:, 1]))
        if swing:
            assert azimuth.max() == pytest.approx(45)
            assert azimuth.min() == pytest.approx(-45)
        else:
            assert np.ptp(np.diff(np.unwrap(azimuth, period=360))) < 1e-9
        assert azimuth[0] == pytest.approx(0)


def test_progress_is_told_and_a_film_can_be_cancelled(shown):
    shares = []
    turntable(shown, MESH, seconds=1, frames=4, size=(64, 64), progress=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1]
    for format in ("gif", "mp4"):
        asked = iter([False, False, True])
        with pytest.raises(FigureError, match="cancelled"):
            turntable(shown, MESH, format=format, frames=8, cancelled=lambda a=asked: next(a))


def test_the_film_shows_what_the_view_shows(shown):
    near, far = (
        turntable(shown, MESH, {"eye": {"x": 0, "y": -y, "z": 0}}, frames=4, size=(64, 64))
        for y in (1.2, 3.0)
    )
    shaded = ViewParams(draw_as="mesh", shaded=True)
    clay = turntable(shown, shaded, frames=4, size=(64, 64))
    first = [frames_of(Image.open(io.BytesIO(f)))[0][0] for f in (near, far, clay)]
    model = [(frame < 200).any(axis=2).mean() for frame in first[:2]]
    assert model[0] > 2 * model[1]
    assert np.ptp(first[2], axis=2).max() < 40  # grey


@pytest.mark.parametrize("draw_as", ["points", "wireframe"])
def test_points_and_edges_turn_too(draw_as):
    scene = SceneMaker()(draw_as, n_points=500)
    data = turntable(scene, ViewParams(draw_as=draw_as), frames=4, size=(64, 64))
    frames, _ = frames_of(Image.open(io.BytesIO(data)))
    assert len(frames) == 4
    assert (frames < 200).any(axis=3).mean() > 0.005


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "webm"},
        {"seconds": 0.1},
        {"frames": 2},
        {"size": (10, 480)},
        {"size": (4000, 480)},
        {"swing": 0.0},
        {"frames": 1000, "size": (2048, 2048)},
    ],
)
def test_what_is_not_offered_is_said(shown, wrong):
    with pytest.raises(ValueError, match=r"must|choose"):
        turntable(shown, MESH, camera(), **wrong)


def test_without_pyav_there_is_gif(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FigureError, match=r"pip install av.*GIF"):
        turntable(shown, MESH, format="mp4", frames=4, size=(64, 64))
    assert turntable(shown, MESH, frames=4, size=(64, 64)).startswith(b"GIF89a")
