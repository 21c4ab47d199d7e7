"""Portraits go to disk and come back as training takes them."""

import json

import numpy as np
import pytest

from face3d_widgets.training.shards import (
    BACKGROUND_RELIEF,
    FARTHEST_RELIEF,
    Labels,
    calm_hair,
    metric_relief,
    read_shards,
    shard_path,
    write_shard,
)
from tests.training_scenes import DISTANCE, UNIT, ball_render


def test_one_unit_of_relief_is_a_tenth_of_a_metre_at_the_heads_depth():
    depth = np.array([DISTANCE, DISTANCE - 0.001, DISTANCE + 0.001])
    relief = metric_relief((1 / depth).astype(np.float32), DISTANCE, UNIT)
    np.testing.assert_allclose(relief, [0, 0.01, -0.01], atol=1e-4)


def test_relief_is_affine_in_inverse_depth_and_nobody_is_far_behind():
    inverse = np.array([0, 0.7, 0.8, 0.9], np.float32)
    relief = metric_relief(inverse, 1.25, 0.1)
    assert relief[0] == BACKGROUND_RELIEF
    assert relief[2] - relief[1] == pytest.approx(relief[3] - relief[2], abs=1e-5)
    far = metric_relief(np.array([0.01], np.float32), 1.25, 0.1)[0]
    assert BACKGROUND_RELIEF < far == np.float32(FARTHEST_RELIEF)


def test_strands_are_evened_out_but_the_face_is_kept():
    render = ball_render()
    exact = metric_relief(render.inverse_depth, DISTANCE, UNIT)
    hair = render.labels == Labels.HEAD
    strands = exact + hair * np.where(np.arange(64) % 2, 0.3, -0.3).astype(np.float32)
    calm = calm_hair(strands, render.labels)
    np.testing.assert_array_equal(calm[~hair], exact[~hair])
    pairs = hair[:, 1:] & hair[:, :-1]
    before, after = (np.abs(np.diff(a, axis=1))[pairs].mean() for a in (strands, calm))
    assert after < 0.4 * before


def test_portraits_come_back_in_order_with_their_facts(tmp_path):
    renders = [ball_render(seed=i) for i in range(5)]
    write_shard(tmp_path, 1, renders[3:])
    write_shard(tmp_path, 0, renders[:3])
    found = read_shards(tmp_path)
    assert len(found) == 5
    assert [one.facts["yaw"] for one in found] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found[3].color, renders[3].color)
    np.testing.assert_array_equal(found[-1].labels, renders[4].labels)
    exact = metric_relief(renders[4].inverse_depth, DISTANCE, UNIT)
    wanted = calm_hair(exact, renders[4].labels)
    np.testing.assert_allclose(found[4].relief, wanted, atol=2e-3)
    assert found[4].relief.dtype == np.float16
    assert [one.facts["yaw"] for one in found[1:3]] == [1, 2]


def test_folders_follow_one_another(tmp_path):
    for name, yaws in (("b", (0, 1)), ("a", (2,))):
        write_shard(tmp_path / name, 0, [ball_render(seed=yaw) for yaw in yaws])
    found = read_shards(tmp_path / "b", tmp_path / "a")
    assert [one.facts["yaw"] for one in found] == [0, 1, 2]
    with pytest.raises(FileNotFoundError, match="empty"):
        read_shards(tmp_path / "b", tmp_path / "empty")


def test_reading_stops_once_there_are_enough(tmp_path):
    for number in range(3):
        write_shard(tmp_path, number, [ball_render(seed=number)] * 2)
    assert len(read_shards(tmp_path, most=3)) == 4


def test_writing_leaves_nothing_but_the_shard(tmp_path):
    path = write_shard(tmp_path, 7, [ball_render()])
    assert path == shard_path(tmp_path, 7)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shard-00007.json", "shard-00007.npz"]
    assert json.loads(path.with_suffix(".json").read_text()) == [{"yaw": 0.0, "seed": 7}]


def test_a_failed_write_leaves_no_shard(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        write_shard(tmp_path, 0, [ball_render()])
    assert not list(tmp_path.glob("*.npz"))


def test_the_person_is_told_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="training render"):
        read_shards(tmp_path)
    with pytest.raises(ValueError, match="at least one"):
        write_shard(tmp_path, 0, [])
    with pytest.raises(ValueError, match="one shape"):
        write_shard(tmp_path, 0, [ball_render(64), ball_render(32)])
    path = write_shard(tmp_path, 0, [ball_render()])
    path.with_suffix(".json").write_text("[]")
    with pytest.raises(ValueError, match="render again"):
        read_shards(tmp_path)
    path.write_bytes(b"no npz")
    with pytest.raises(ValueError, match="broken"):
        read_shards(tmp_path)
