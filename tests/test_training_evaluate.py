"""Scores over folders of pictures: read, grouped, written, drawn."""

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from face3d_widgets.depth import DEFAULT_MODEL, ModelError
from face3d_widgets.geometry import Scores, score_inverse_depth
from face3d_widgets.training import evaluate as module
from face3d_widgets.training.cases import read_cases, read_photos
from face3d_widgets.training.evaluate import add_arguments, evaluate, main, open_estimator
from face3d_widgets.training.groups import groups_of
from face3d_widgets.training.pictures import error_picture, map_picture, relief_picture, sheet
from face3d_widgets.training.shards import Labels, Render, write_shard
from face3d_widgets.types import Intrinsics, InverseDepth
from tests.analytic import FOV, sphere

SIZE = 64
CAMERA = Intrinsics.from_fov(FOV, SIZE, SIZE)


def ball(radius=0.5):
    """Depth of a ball (NaN elsewhere), head, and face."""
    inverse, head, _ = sphere(SIZE, SIZE, radius=radius)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    depth = np.where(head, 1 / inverse, np.nan).astype(np.float32)
    return depth, head, head & (np.hypot(x, y) < 0.7 * np.sqrt(head.sum() / np.pi))


@pytest.fixture
def eval_folder(tmp_path):
    """Three pictures with true depth; the camera's pixel centres are at integers."""
    items = []
    for i, yaw in enumerate((3.0, -20.0, 60.0)):
        depth, head, face = ball(0.4 + 0.05 * i)
        np.savez(tmp_path / f"{i}.npz", depth=depth, head=head, face=face)
        rgb = np.where(head[..., None], 90 + 50 * i, 20).repeat(3, axis=2).astype(np.uint8)
        Image.fromarray(rgb).save(tmp_path / f"{i}.png")
        camera = {"fx": CAMERA.fx, "fy": CAMERA.fy, "cx": CAMERA.cx - 0.5, "cy": CAMERA.cy - 0.5}
        items.append({"id": f"p{i}", "image": f"{i}.png", "gt": f"{i}.npz", "yaw": yaw, **camera})
    (tmp_path / "meta.json").write_text(json.dumps({"items": items}))
    return tmp_path


def portrait(**facts):
    depth, head, face = ball()
    labels = np.where(face, Labels.FACE, np.where(head, Labels.HEAD, Labels.BACKGROUND))
    labels[-4:, 20:40] = Labels.PERSON
    inverse = np.where(head, 1 / depth, 0)
    inverse[-4:, 20:40] = 0.4
    there = inverse > 0
    return Render(
        color=np.where(there[..., None], np.uint8(200), np.uint8(0)).repeat(3, axis=2),
        coverage=np.where(there, 255, 0).astype(np.uint8),
        inverse_depth=inverse.astype(np.float32),
        labels=labels.astype(np.uint8),
        landmarks=np.zeros((5, 2), np.float32),
        distance=2.0,
        unit=0.1,
        facts={"fov": FOV, "yaw": 5.0, **facts},
    )


class TruthTeller:
    """Says for every picture what the fixtures know, scaled and shifted; or its opposite."""

    def __init__(self, folder, sign=1):
        truths = {case.photo.name: case.truth for case in read_cases(folder)}
        self.values = {
            name: sign * np.nan_to_num(7 / truth.depth, nan=1.0) - 2
            for name, truth in truths.items()
        }
        self.closed = False

    def set_photo(self, photo):
        self.photo = photo

    def predict(self, name):
        values = self.values.get(self.photo.name)
        if values is None:
            values = np.linspace(0, 1, self.photo.height)[:, None].repeat(self.photo.width, 1)
        return InverseDepth(values.astype(np.float32), None, name)

    def close(self):
        self.closed = True


@pytest.fixture
def told(monkeypatch, eval_folder):
    teller = TruthTeller(eval_folder)
    monkeypatch.setattr(module, "open_estimator", lambda model: (teller, str(model)))
    return teller


# --- reading -----------------------------------------------------------------------------------


def test_a_folder_s_camera_comes_to_pixel_centres_at_a_half(eval_folder):
    case = next(read_cases(eval_folder))
    assert case.photo.name == "p0"
    assert case.truth.camera == CAMERA
    assert case.facts["yaw"] == 3.0
    assert (case.truth.person == case.truth.head).all()


def test_of_many_some_evenly_spread_are_taken(eval_folder):
    assert [case.photo.name for case in read_cases(eval_folder, 2)] == ["p0", "p1"]
    assert [case.photo.name for case in read_cases(eval_folder, 1)] == ["p0"]


def test_a_render_stands_before_a_background_and_has_its_true_depth(tmp_path):
    write_shard(tmp_path, 0, [portrait(), portrait(focal=100.0, cx=30.0, cy=35.0)])
    write_shard(tmp_path, 1, [portrait()])
    cases = list(read_cases(tmp_path))
    assert [case.photo.name for case in cases] == ["00000-00", "00000-01", "00001-00"]
    one = cases[0]
    depth, head, face = ball()
    assert (one.truth.head == head).all()
    assert (one.truth.face == face).all()
    np.testing.assert_allclose(one.truth.depth[head], depth[head], rtol=1e-6)
    np.testing.assert_allclose(one.truth.depth[-1, 30], 2.5)  # a shoulder
    assert (one.photo.rgb[head] == 200).all()
    assert one.photo.rgb[0].std() > 0 or one.photo.rgb[0].max() > 0  # not black as in the shard
    assert not np.array_equal(one.photo.rgb, cases[2].photo.rgb)  # each its own background
    assert one.truth.camera == CAMERA
    assert cases[1].truth.camera == Intrinsics(100.0, 100.0, 30.0, 35.0)
    again = next(read_cases(tmp_path))
    assert np.array_equal(again.photo.rgb, one.photo.rgb)
    assert [case.photo.name for case in read_cases(tmp_path, 2)] == ["00000-00", "00000-01"]


def test_a_folder_without_pictures_says_how_to_make_some(tmp_path):
    with pytest.raises(FileNotFoundError, match="training render --count"):
        list(read_cases(tmp_path))
    with pytest.raises(FileNotFoundError, match="no photo"):
        list(read_photos(tmp_path))
    with pytest.raises(FileNotFoundError, match="no folder"):
        list(read_photos(tmp_path / "nowhere"))


def test_files_that_are_no_photos_are_passed_over(tmp_path):
    Image.new("RGB", (1000, 500)).save(tmp_path / "b.jpg")
    (tmp_path / "a.txt").write_text("no photo")
    (case,) = read_photos(tmp_path)
    assert (case.photo.width, case.photo.height) == (640, 320)
    assert case.truth is None


# --- scoring -----------------------------------------------------------------------------------


def test_an_estimate_that_is_the_truth_is_scored_so(told, eval_folder):
    found = evaluate("anything", eval_folder)
    assert [row.name for row in found.rows] == ["p0", "p1", "p2"]
    numbers = found.as_json()
    assert numbers["summary"]["n"] == 3
    assert numbers["summary"]["face_r2"]["mean"] == pytest.approx(1, abs=1e-6)
    assert numbers["summary"]["head_ord"] == {"mean": 0, "median": 0}
    assert list(found.groups["yaw"]) == ["0 to 10", "10 to 25", "45 and more"]
    assert told.closed


def test_the_table_has_means_over_all_and_over_each_group(told, eval_folder):
    del told.values["p2"]  # what is said of it is a slope
    found = evaluate("anything", eval_folder)
    scores = {row.name: row.scores for row in found.rows}
    assert scores["p0"].face_r2 > 0.999 > scores["p2"].face_r2
    mean = np.mean([s.face_r2 for s in scores.values()])
    median = np.median([s.face_r2 for s in scores.values()])
    lines = found.table().splitlines()
    assert f"{mean:.3f}/{median:.3f}" in lines[1]
    (turned,) = (line for line in lines if line.startswith("yaw: 45 and more"))
    assert f"{scores['p2'].face_r2:.3f}/{scores['p2'].face_r2:.3f}" in turned
    assert found.as_json()["summary"]["worst_face_r2"] == "p2"


def test_far_for_near_is_counted(monkeypatch, eval_folder):
    teller = TruthTeller(eval_folder, sign=-1)
    monkeypatch.setattr(module, "open_estimator", lambda model: (teller, str(model)))
    assert evaluate("anything", eval_folder).as_json()["summary"]["inverted"] == 3


def test_a_hidden_head_is_left_out_and_named(monkeypatch, tmp_path):
    hidden = portrait()
    hidden.labels[hidden.labels > Labels.PERSON] = Labels.PERSON
    write_shard(tmp_path, 0, [portrait(), hidden])
    teller = TruthTeller(tmp_path)
    monkeypatch.setattr(module, "open_estimator", lambda model: (teller, str(model)))
    found = evaluate("anything", tmp_path)
    assert [row.name for row in found.rows] == ["00000-00"]
    (reason,) = found.left_out
    assert reason.startswith("00000-01: there is no head")
    assert "left out: 00000-01" in found.table()


# --- groups ------------------------------------------------------------------------------------


def row(name, lightness=50.0, **facts):
    scores = Scores(*[0.5] * 8)
    return SimpleNamespace(name=name, scores=scores, facts=facts, face_lightness=lightness)


def names_of(groups):
    return {name: [r.name for r in rows] for name, rows in groups.items()}


def test_groups_tell_who_is_served_badly():
    rows = [
        row("a", yaw=-9.9, age=0.4, glasses=True, head_wear="scarf", before="none"),
        row("b", yaw=10.0, age=0.6, glasses=False, head_wear="none", before="hand"),
        row("c", yaw=-44.0, age=0.9, glasses=False, head_wear="none", before="none"),
        row("d", yaw=80.0),
    ]
    found = {kind: names_of(groups) for kind, groups in groups_of(rows).items()}
    assert found == {
        "yaw": {"0 to 10": ["a"], "10 to 25": ["b"], "25 to 45": ["c"], "45 and more": ["d"]},
        "age": {"child or teenager": ["a"], "adult": ["b"], "elder": ["c"]},
        "glasses": {"no": ["b", "c"], "yes": ["a"]},
        "head_wear": {"none": ["b", "c"], "scarf": ["a"]},
        "before": {"hand": ["b"], "none": ["a", "c"]},
    }


def test_thirds_by_skin_by_light_and_by_both():
    rows = [row(str(i), lightness=10 * (i % 3), skin_lightness=i / 9) for i in range(9)]
    found = {kind: names_of(groups) for kind, groups in groups_of(rows).items()}
    assert found["skin"]["darkest third"] == ["0", "1", "2"]
    assert found["skin"]["lightest third"] == ["6", "7", "8"]
    assert found["face in the picture"]["darkest third"] == ["0", "3", "6"]
    assert found["skin and picture"] == {"both darkest": ["0"]}
    assert groups_of(rows[:8]) == {}  # too few to divide


# --- models ------------------------------------------------------------------------------------


def test_a_file_of_weights_runs_as_the_network_in_the_package_does(photo):
    from importlib.resources import as_file, files

    with as_file(files("face3d_widgets.depth") / "data" / "face_lite.safetensors") as path:
        estimator, name = open_estimator(path)
        estimator.set_photo(photo)
        from_file = estimator.predict(name)
    packaged, same_name = open_estimator(DEFAULT_MODEL)
    assert name == same_name == DEFAULT_MODEL
    packaged.set_photo(photo)
    # Two runtimes round differently, most at an outline; 0.001 is a tenth of a millimetre.
    np.testing.assert_allclose(from_file.values, packaged.predict(name).values, atol=1e-3)


def test_a_file_that_holds_no_such_network_is_said(tmp_path, photo):
    from safetensors.numpy import save_file

    path = tmp_path / "other.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, path)
    (tmp_path / "text.safetensors").write_text("nothing")
    for file in (path, tmp_path / "text.safetensors"):
        estimator, name = open_estimator(file)
        estimator.set_photo(photo)
        with pytest.raises(ModelError, match="holds no weights"):
            estimator.predict(name)
    with pytest.raises(ModelError, match="no file"):
        open_estimator(tmp_path / "missing.safetensors")
    with pytest.raises(ModelError, match="no model"):
        open_estimator("nothing")


# --- pictures ----------------------------------------------------------------------------------


def test_a_relief_s_light_comes_from_the_upper_left():
    depth, head, _ = ball()
    picture = relief_picture(depth, head, CAMERA, size=80, azimuth=0).astype(int)
    shown = picture.min(axis=2) < 255
    assert 0.45 < shown.mean() < 0.8  # the ball fills the picture
    level = picture.mean(axis=2)
    assert level[30:36, 25:31].mean() > level[48:54, 50:56].mean() + 20
    for axis in (0, 1):  # a disc in the middle
        assert np.flatnonzero(shown.any(axis=1 - axis)).mean() == pytest.approx(39.5, abs=2)


def test_from_the_side_a_nose_stands_out():
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    nose = 0.5 * np.exp(-(x**2 + y**2) / 80)
    mask = np.hypot(x, y) < 28

    def width(depth, azimuth):
        return (relief_picture(depth, mask, CAMERA, 80, azimuth)[40] < 255).any(axis=1).sum()

    flat, with_nose = np.full((SIZE, SIZE), 2.0), 2 - nose
    assert width(flat, 0) == pytest.approx(width(with_nose, 0), abs=8)
    assert 5 < width(flat, 80) < 20
    assert width(with_nose, 80) > width(flat, 80) + 10


def test_no_curtain_hangs_at_a_depth_edge():
    depth, head, _ = ball(0.4)
    behind = np.where(head, depth, 6).astype(np.float32)
    everywhere = np.ones_like(head)
    picture = relief_picture(behind, everywhere, CAMERA, 80, azimuth=40, framed=head)
    around = (picture.min(axis=2) == 255).mean()
    assert around > 0.1  # between the ball and the wall nothing is drawn


def test_of_two_heads_the_larger_fills_the_picture():
    depth = np.full((SIZE, SIZE), 2.0, np.float32)
    y, x = np.mgrid[:SIZE, :SIZE]
    large, small = np.hypot(x - 20, y - 30) < 12, np.hypot(x - 55, y - 30) < 5
    alone = relief_picture(depth, large, CAMERA, 80, azimuth=0)
    both = relief_picture(depth, large | small, CAMERA, 80, azimuth=0, framed=large | small)
    assert np.array_equal(alone[:, :60], both[:, :60])


def test_an_empty_relief_is_a_white_picture():
    nothing = np.full((9, 9), np.nan)
    assert (relief_picture(nothing, np.ones((9, 9), bool), CAMERA, 20) == 255).all()


def test_errors_have_the_colours_of_their_sign():
    picture = error_picture(np.array([[-9.0, 0, 4.5, 9, 99, np.nan]]), 9).astype(int)[0]
    too_near, none, half, too_far, more, unknown = picture
    assert too_near[2] > too_near[0] + 100
    assert np.ptp(none) == 0
    assert none[0] > 240
    assert too_far[0] > too_far[2] + 100
    assert (more == too_far).all()
    assert too_far[1] < half[1] < none[1]
    assert (unknown == 225).all()


def test_maps_run_over_their_limits_and_leave_gaps_white():
    values = np.array([[0.0, 1, 2, np.nan]])
    low, middle, high, gap = map_picture(values, (0, 2), colormap="Greys")[0]
    assert (low.tolist(), high.tolist(), gap.tolist()) == ([0] * 3, [255] * 3, [255] * 3)
    assert 126 <= middle[0] <= 129
    masked = map_picture(values, (0, 2), np.array([[False, True, True, True]]), "Greys")
    assert masked[0, 0, 0] == 255


def test_a_sheet_keeps_the_shapes_of_its_pictures():
    red = np.zeros((20, 40, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    image = np.asarray(sheet([("one", [red, red]), ("two", [red])], ["a", "b"], size=100))
    is_red = (image[..., 0] == 255) & (image[..., 1] < 10)
    assert is_red.sum() == pytest.approx(3 * 100 * 50, rel=0.02)
    assert image.shape[1] >= 200


# --- files and the command line ----------------------------------------------------------------


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(list(map(str, words)))


def test_numbers_and_pictures_are_written(told, eval_folder, tmp_path, capsys):
    out, photos = tmp_path / "out", tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (60, 80), (90, 70, 50)).save(photos / "someone.png")
    words = ("--model", "m", "--data", eval_folder, "--out", out, "--photos", photos)
    assert main(arguments(*words)) == 0
    assert "all (mean/median)" in capsys.readouterr().out
    numbers = json.loads((out / "scores.json").read_text())
    assert [image["id"] for image in numbers["images"]] == ["p0", "p1", "p2"]
    case = next(read_cases(eval_folder))
    expected = score_inverse_depth(
        told.values["p0"].astype(np.float32),
        *(case.truth.depth, case.truth.head, case.truth.face, case.truth.camera),
        "p0",
    )
    assert numbers["images"][0]["normal_mean"] == pytest.approx(expected.normal_mean)
    with Image.open(out / "sheet-00.png") as picture:
        assert picture.width > 8 * 256
    assert (out / "photos-00.png").is_file()
    assert {path.name for path in out.iterdir()} == {"scores.json", "sheet-00.png", "photos-00.png"}


def test_a_wrong_request_is_answered_in_a_sentence(tmp_path, capsys):
    assert main(arguments("--photos", tmp_path)) == 2
    assert "--out" in capsys.readouterr().err
    assert main(arguments("--data", tmp_path)) == 2
    assert "neither a meta.json nor shards" in capsys.readouterr().err
    assert main(arguments("--model", "nobody", "--data", tmp_path)) == 2
    assert "no model" in capsys.readouterr().err
