"""Backgrounds, camera faults and samples: varied, repeatable, and true to the portrait."""

import numpy as np
import pytest

from face3d_widgets.training import backgrounds, camera_faults, natural
from face3d_widgets.training.augment import WEIGHTS, make_sample
from face3d_widgets.training.backgrounds import draw_background, match_light
from face3d_widgets.training.framing import draw_frame, frame_render, head_box
from face3d_widgets.training.occluders import draw_occluder
from face3d_widgets.training.recolor import recolor_person
from face3d_widgets.training.shards import BACKGROUND_RELIEF, Labels
from tests.training_scenes import ball_render, training_render


@pytest.fixture(scope="module")
def portrait():
    return training_render(ball_render(96))


def rng(*seed):
    return np.random.default_rng(seed)


# --- backgrounds -------------------------------------------------------------------------------


@pytest.mark.parametrize("painter", [p for p, _ in backgrounds._PAINTERS], ids=lambda p: p.__name__)
def test_every_kind_of_background_is_a_picture_behind_the_person(painter):
    for seed in range(4):
        color, nearness = painter(48, rng(seed))
        assert color.shape == (48, 48, 3)
        assert nearness.shape == (48, 48)
        assert color.dtype == nearness.dtype == np.float32
        assert np.isfinite(color).all()
        assert nearness.min() >= 0
        assert nearness.max() < 1


def test_backgrounds_differ_and_the_same_seed_gives_the_same():
    first = [draw_background(32, rng(k)) for k in range(12)]
    again = draw_background(32, rng(5))
    np.testing.assert_array_equal(again.color, first[5].color)
    means = {tuple(np.round(b.color.mean(axis=(0, 1)), 2)) for b in first}
    assert len(means) > 8
    assert all(b.color.min() >= 0 and b.color.max() <= 1 for b in first)


def test_a_background_takes_on_the_persons_light():
    grey = np.full((8, 8, 3), 0.5, np.float32)
    orange = np.array([0.6, 0.4, 0.2], np.float32)
    np.testing.assert_allclose(match_light(grey, orange, 1.0)[0, 0], orange, atol=0.01)
    np.testing.assert_allclose(match_light(grey, orange, 0.0), grey, atol=1e-6)


# --- camera faults -----------------------------------------------------------------------------


def busy_picture():
    """Grain of all colours, with an edge through the middle."""
    picture = rng(3).uniform(0.3, 0.6, (48, 48, 3)).astype(np.float32)
    picture[:, 24:] += 0.3
    return picture


@pytest.mark.parametrize(
    "fault", [f for f, _ in camera_faults.FAULTS], ids=lambda fault: fault.__name__
)
def test_a_fault_changes_the_picture_but_not_its_kind(fault):
    picture = busy_picture()
    before = picture.copy()
    spoiled = [fault(picture, rng(k)) for k in range(5)]
    np.testing.assert_array_equal(picture, before)
    for one in spoiled:
        assert one.shape == picture.shape
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1 + 1e-6
    assert max(np.abs(one - picture).max() for one in spoiled) > 0.01
    np.testing.assert_array_equal(fault(picture, rng(1)), spoiled[1])


def test_black_and_white_has_no_colour_left():
    picture = busy_picture()
    drained = [camera_faults.drain_color(picture, rng(k)) for k in range(8)]
    assert any(np.ptp(one, axis=2).max() < 1e-6 for one in drained)


def test_compression_keeps_red_red():
    red = np.zeros((32, 32, 3), np.float32)
    red[..., 0] = 1
    found = camera_faults.compress(red, rng(0))
    assert found[..., 0].mean() > 0.9
    assert found[..., 2].mean() < 0.1


# --- framing -----------------------------------------------------------------------------------


def test_relief_lands_where_the_frame_puts_it(portrait):
    """Doubled about the middle of the portrait, every place keeps its relief."""
    matrix = np.array([[2.0, 0, -48], [0, 2.0, -48]])
    framed = frame_render(portrait, matrix, 96)
    at = (np.arange(96) + 0.5 + 48) / 2 - 0.5
    low = np.floor(at).astype(int)
    exact = portrait.relief.astype(np.float32)
    for row in (40, 47, 60):
        inside = slice(30, 66)
        lower, upper = exact[low[row], low[inside]], exact[low[row] + 1, low[inside] + 1]
        found = framed.relief[row, inside]
        assert (found >= np.minimum(lower, upper) - 0.05).all()
        assert (found <= np.maximum(lower, upper) + 0.05).all()


def test_turning_a_frame_turns_all_of_it(portrait):
    side = 96.0
    quarter = np.array([[0, -1.0, side], [1.0, 0, 0]])
    framed = frame_render(portrait, quarter, 96)
    np.testing.assert_array_equal(framed.labels, np.rot90(portrait.labels, -1))
    np.testing.assert_allclose(
        framed.relief, np.rot90(portrait.relief.astype(np.float32), -1), atol=0.01
    )
    np.testing.assert_allclose(
        framed.color, np.rot90(portrait.color, -1).astype(np.float32) / 255, atol=0.01
    )


def test_heads_come_in_all_sizes(portrait):
    left, top, right, bottom = head_box(portrait)
    sizes = []
    for k in range(60):
        matrix = draw_frame(portrait, 96, rng(k))
        sizes.append(np.sqrt(abs(np.linalg.det(matrix[:, :2]))) * (bottom - top) / 96)
    assert min(sizes) < 0.4
    assert max(sizes) > 0.85
    assert right > left


def test_nobody_ends_in_mid_air():
    """A person cut by the portrait's lower border reaches the frame's lower border."""
    cut = training_render(ball_render(96))
    assert cut.coverage[-1].any()
    for k in range(30):
        framed = frame_render(cut, draw_frame(cut, 64, rng(k)), 64)
        below = framed.labels[-1] > 0
        columns = np.flatnonzero((framed.labels > 0).any(axis=0))
        if framed.labels.any() and columns.size:
            # Where the person is seen at all, somebody stands on the lower border, or
            # is seen only through a side of the frame.
            assert below.any() or framed.labels[:, [0, -1]].any()


def test_soft_hair_gets_the_depth_of_what_is_beside_it():
    render = ball_render(64)
    coverage, labels = render.coverage.copy(), render.labels
    ring = (labels == 0) & np.roll(labels == Labels.HEAD, 1, axis=1)
    coverage[ring] = 200  # covered, but no ray hit
    soft = training_render(render.__class__(**{**vars(render), "coverage": coverage}))
    framed = frame_render(soft, np.array([[1.0, 0, 0], [0, 1, 0]]), 64)
    assert ring.any()
    assert (framed.labels[ring] == Labels.HEAD).all()
    assert (framed.relief[ring] > -1).all()
    assert (framed.relief[framed.labels == 0] == BACKGROUND_RELIEF).all()


def test_people_far_behind_are_people_but_have_no_depth_to_learn():
    render = ball_render(64)
    inverse, labels = render.inverse_depth.copy(), render.labels.copy()
    inverse[:20, :12], labels[:20, :12] = 0.2, Labels.FACE  # 5 m away
    color, coverage = render.color.copy(), render.coverage.copy()
    color[:20, :12], coverage[:20, :12] = 150, 255
    changed = {"inverse_depth": inverse, "labels": labels, "color": color, "coverage": coverage}
    two = training_render(render.__class__(**{**vars(render), **changed}))
    assert head_box(two) == head_box(training_render(render))
    framed = frame_render(two, np.array([[1.0, 0, 0], [0, 1, 0]]), 64)
    assert (framed.labels[:20, :12] == Labels.FACE).all()
    samples = [make_sample(two, 64, rng(k)) for k in range(8)]
    far = [(s.labels == Labels.FACE) & (s.relief < -3.2) for s in samples]
    assert any(f.any() for f in far)
    assert not any(s.weight[f].any() for s, f in zip(samples, far, strict=True))


# --- samples -----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_sample_and_others_differ(portrait):
    one, same, other = (make_sample(portrait, 64, rng(s), portrait) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.image, same.image)
    np.testing.assert_array_equal(one.relief, same.relief)
    assert np.abs(one.image.astype(int) - other.image).mean() > 5


def test_a_sample_agrees_with_itself(portrait):
    faces = 0
    for k in range(40):
        sample = make_sample(portrait, 64, rng(k), portrait)
        assert sample.image.shape == (64, 64, 3)
        assert (sample.image.dtype, sample.labels.dtype) == (np.uint8, np.uint8)
        assert sample.relief.dtype == sample.weight.dtype == np.float32
        assert np.isfinite(sample.relief).all()
        assert sample.weight.min() >= 0
        assert sample.weight.max() <= WEIGHTS.max()
        assert set(np.unique(sample.labels)) <= {0, 1, 2, 3, Labels.UNKNOWN}
        known = sample.labels != Labels.UNKNOWN
        nobody = (sample.labels == Labels.BACKGROUND) & known
        assert (sample.relief[nobody] == BACKGROUND_RELIEF).all()
        assert not sample.weight[~known].any()
        counted = (sample.labels >= Labels.HEAD) & known & (sample.weight > 0)
        assert (sample.relief[counted] > -1.5).all()
        faces += (sample.labels == Labels.FACE).any()
    assert faces == 40


def test_recolouring_leaves_what_is_not_covered_black(portrait):
    framed = frame_render(portrait, draw_frame(portrait, 64, rng(0)), 64)
    background = draw_background(64, rng(0)).color
    changed = 0
    for k in range(12):
        person = recolor_person(framed, background, rng(k))
        assert (person <= framed.coverage[..., None] + 1e-6).all()
        assert not person[framed.coverage == 0].any()
        changed += np.abs(person - framed.color).max() > 0.02
    assert changed > 5


def test_an_occluder_is_nearer_than_what_it_hides(portrait):
    framed = frame_render(portrait, draw_frame(portrait, 64, rng(1)), 64)
    for k in range(15):
        occluder = draw_occluder(framed, rng(k))
        hidden = (occluder.alpha > 0.5) & (framed.labels > 0)
        assert hidden.any()
        assert (occluder.relief[hidden] > framed.relief[hidden]).all()
        assert 0 <= occluder.alpha.min() <= occluder.alpha.max() <= 1.001


# --- dense textures ----------------------------------------------------------------------------


@pytest.mark.parametrize("painter", [natural.leaves, natural.fibres, natural.grain])
def test_dense_textures_are_dense_and_repeat_with_the_seed(painter):
    first, again = (painter(96, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.float32
    many = [painter(64, np.random.default_rng(seed)) for seed in range(12)]
    assert all(np.isfinite(picture).all() for picture in many)
    # Unlike a wall, hardly any two neighbours are the same.
    changes = [np.abs(np.diff(picture, axis=1)).mean() for picture in many]
    assert np.median(changes) > 0.003


def test_scraps_of_a_person_have_their_colours_and_not_their_shape():
    coverage = np.zeros((64, 64), np.float32)
    coverage[16:48, 24:40] = 1
    person = np.zeros((64, 64, 3), np.float32)
    person[16:32, 24:40] = [0.8, 0.2, 0.1]
    person[32:48, 24:40] = [0.1, 0.2, 0.8]
    heap = natural.shuffled(person, coverage, np.random.default_rng(0))
    assert heap.shape == person.shape
    assert heap.min() >= 0
    assert heap.max() <= 0.81
    np.testing.assert_allclose(heap[..., 1], 0.2, atol=0.01)  # in every colour of the person
    assert heap[..., 0].std() > 0.05
    nobody = natural.shuffled(person * 0, coverage * 0, np.random.default_rng(0))
    assert (nobody == 0).all()
