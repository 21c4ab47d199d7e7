"""What the network is told about its answers is right."""

import numpy as np
import pytest
import torch

from face3d_widgets.training.losses import (
    binary_cross_entropy,
    bust,
    gradient_matching,
    metric_error,
    scale_and_shift_invariant_error,
    slope_error,
    total_loss,
    unexplained_variance,
)
from face3d_widgets.training.shards import Labels


@pytest.fixture
def truth():
    """(2, 24, 24): a dome and a ramp."""
    at = torch.linspace(-1, 1, 24)
    dome = 1 - at[None] ** 2 - at[:, None] ** 2
    return torch.stack([dome, at[None] + 0.3 * at[:, None]])


@pytest.fixture
def disc():
    at = torch.linspace(-1, 1, 24)
    return ((at[None] ** 2 + at[:, None] ** 2) < 0.8).expand(2, 24, 24)


def noisy(truth, seed=0):
    return truth + 0.3 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))


def test_every_loss_is_zero_at_the_truth(truth, disc):
    weight = disc.float()
    assert metric_error(truth, truth, weight) == 0
    assert scale_and_shift_invariant_error(truth, truth, disc) == 0
    assert unexplained_variance(truth, truth, disc).abs() < 1e-6
    assert gradient_matching(truth, truth, weight) == 0
    assert slope_error(truth, truth, disc).abs() < 1e-6


def test_scale_and_shift_change_nothing(truth, disc):
    said = noisy(truth)
    plain = float(scale_and_shift_invariant_error(said, truth, disc))
    assert plain > 0.05
    for scale, shift in ((3.0, 0.0), (0.2, -5.0), (40.0, 7.0)):
        moved = scale_and_shift_invariant_error(scale * said + shift, truth, disc)
        assert float(moved) == pytest.approx(plain, rel=1e-4)
        assert scale_and_shift_invariant_error(scale * truth + shift, truth, disc) < 1e-5


def test_what_is_left_unexplained_is_what_a_straight_line_cannot_fit(truth, disc):
    said = noisy(truth)
    expected = []
    for one, other in zip(said, truth, strict=True):
        p, t = one[disc[0]].double().numpy(), other[disc[0]].double().numpy()
        scale, shift = np.polyfit(p, t, 1)
        expected.append(np.mean((scale * p + shift - t) ** 2) / t.var())
    assert 0.02 < np.mean(expected) < 0.98
    for scale, shift in ((1.0, 0.0), (0.2, -5.0), (40.0, 7.0)):
        left = unexplained_variance(scale * said + shift, truth, disc)
        assert float(left) == pytest.approx(np.mean(expected), rel=1e-3)


def test_an_inverted_face_is_wrong(truth, disc):
    assert scale_and_shift_invariant_error(-truth, truth, disc) > 0.5
    assert float(unexplained_variance(-truth, truth, disc)) == pytest.approx(2, abs=1e-4)


def test_a_missing_nose_costs_though_it_is_few_pixels(truth, disc):
    """The untrimmed part weighs what trimming leaves out."""
    said = truth.clone()
    said[:, 9:13, 9:13] -= 1.0  # the nose is missing: 16 of about 360 pixels
    assert scale_and_shift_invariant_error(said, truth, disc, trim=0.2) < 1e-5
    assert unexplained_variance(said, truth, disc) > 0.05


def test_a_few_wrong_pixels_are_left_out(truth, disc):
    said = truth.clone()
    said[:, 10:12, 10:13] += 0.5  # 6 of about 360
    assert scale_and_shift_invariant_error(said, truth, disc, trim=0.0) > 0.01
    assert scale_and_shift_invariant_error(said, truth, disc, trim=0.2) < 1e-5


def test_masks_are_respected(truth, disc):
    weight = disc.float()
    outside = torch.where(disc, truth, 99.0)
    assert metric_error(outside, truth, weight) == 0
    assert scale_and_shift_invariant_error(outside, truth, disc) == 0
    assert unexplained_variance(outside, truth, disc).abs() < 1e-6
    assert gradient_matching(outside, truth, weight) == 0
    assert slope_error(outside, truth, disc).abs() < 1e-6


def test_nobody_in_the_mask_gives_zero_and_a_gradient(truth):
    none = torch.zeros(truth.shape, dtype=torch.bool)
    said = noisy(truth).requires_grad_()
    loss = scale_and_shift_invariant_error(said, truth, none) + slope_error(said, truth, none)
    loss = loss + gradient_matching(said, truth, none.float())
    loss = loss + unexplained_variance(said, truth, none)
    loss.backward()
    assert loss == 0
    assert not said.grad.abs().any()


def test_a_shift_has_no_slope(truth, disc):
    assert gradient_matching(truth + 3, truth, disc.float()) < 1e-5
    assert slope_error(truth + 3, truth, disc).abs() < 1e-5
    assert float(metric_error(truth + 3, truth, disc.float())) == pytest.approx(2.95, abs=1e-4)


def test_a_slope_off_by_45_degrees_is_that_far_off():
    flat, mask = torch.zeros(1, 30, 30), torch.ones(1, 30, 30, dtype=torch.bool)
    # The mask is 30 wide, which counts as 1.5 units: 20 pixels make one unit.
    steep = (torch.arange(30.0) / 20).expand(1, 30, 30)
    assert float(slope_error(steep, flat, mask)) == pytest.approx(1 - 0.5**0.5, abs=1e-5)


def test_coarse_scales_see_what_fine_ones_hardly_do():
    at = torch.linspace(0, 6.3, 64)
    wave = torch.sin(at)[None, None].expand(1, 64, 64)
    ones = torch.ones(1, 64, 64)
    fine = gradient_matching(wave, wave * 0, ones, scales=1)
    assert gradient_matching(wave, wave * 0, ones, scales=4) > 8 * fine


def test_masks_are_learned_where_they_are_known():
    logits = torch.tensor([[[9.0, -9.0, 9.0]]])
    person = torch.tensor([[[True, False, False]]])
    known = torch.tensor([[[True, True, False]]])
    assert binary_cross_entropy(logits, person, known) < 1e-3
    assert float(binary_cross_entropy(logits, person, ~known)) == pytest.approx(9, abs=0.01)


def test_the_total_pulls_every_output_and_faces_hardest(truth, disc):
    labels = torch.full(truth.shape, Labels.PERSON, dtype=torch.uint8)
    labels[disc] = Labels.FACE
    labels[:, :3] = Labels.BACKGROUND
    labels[:, :, :3] = Labels.UNKNOWN
    weight = torch.where(disc, 3.0, 0.5)
    maps = torch.stack([noisy(truth), *([torch.zeros_like(truth)] * 2)], dim=1).requires_grad_()
    loss, parts = total_loss(maps, truth, weight, labels)
    loss.backward()
    assert set(parts) == {
        *("metric", "head", "face", "head_variance", "bust_variance", "face_variance"),
        *("gradient", "slope", "person_mask", "head_mask"),
    }
    pull = maps.grad.abs()
    assert pull[:, 0][disc].mean() > 3 * pull[:, 0][labels == Labels.PERSON].mean()
    assert (pull[:, 1:, 3:, 3:] > 0).all()
    assert not pull[:, 1:, :, :3].any()  # unknown
    sure = [200.0 * (labels >= label) - 100 for label in (Labels.PERSON, Labels.HEAD)]
    perfect = torch.stack([truth, *sure], dim=1)
    assert total_loss(perfect, truth, weight, labels)[0] < 1e-5


def test_the_bust_is_the_person_near_the_head():
    head, person = torch.zeros(2, 1, 100, 100, dtype=torch.bool)
    head[:, 20:50, 40:60] = True
    person[:, 20:100, 40:90] = True
    found = bust(head, person)
    assert found[head & person].all()
    assert not (found & ~person).any()
    assert found[0, [57, 30], [50, 67]].all()
    assert not found[0, [59, 30], [50, 69]].any()
