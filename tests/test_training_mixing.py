"""Pictures of a batch that borrow each other's look inside the network."""

import numpy as np
import pytest
import torch

from face3d_widgets.training.mixing import mix_looks, mix_looks_after


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(3, 4, 12, 10, generator=generator)
    spreads = torch.tensor([1.0, 1.5, 2.0])[:, None, None, None]
    return noise * spreads + torch.tensor([0.0, 2.0, -1.0])[:, None, None, None]


def means(features):
    return features.mean(dim=(2, 3))


def spreads(features):
    return features.var(dim=(2, 3), correction=0).sqrt()


@pytest.mark.parametrize("keep", [0.0, 0.25, 1.0])
def test_statistics_lie_between_a_picture_s_own_and_the_other_s(features, keep):
    other = torch.tensor([1, 2, 0])
    mixed = mix_looks(features, torch.full((3,), keep), other)
    for statistic in (means, spreads):
        own, theirs = statistic(features), statistic(features)[other]
        torch.testing.assert_close(
            statistic(mixed), keep * own + (1 - keep) * theirs, rtol=1e-3, atol=1e-4
        )


def test_what_is_where_stays(features):
    mixed = mix_looks(features, torch.zeros(3), torch.tensor([2, 0, 1]))
    for before, after in zip(features.flatten(0, 1), mixed.flatten(0, 1), strict=True):
        both = torch.stack([before.flatten(), after.flatten()])
        assert torch.corrcoef(both)[0, 1] == pytest.approx(1, abs=1e-5)


def test_a_channel_that_is_the_same_everywhere_is_not_blown_up():
    features = torch.zeros(2, 1, 8, 8)
    features[1] = torch.arange(64.0).reshape(8, 8)
    mixed = mix_looks(features, torch.zeros(2), torch.tensor([1, 0]))
    torch.testing.assert_close(mixed[0], torch.full((1, 8, 8), 31.5))
    assert mixed.isfinite().all()


def test_only_learning_mixes(features):
    module = torch.nn.Identity()
    mix_looks_after(module, 1.0, lambda: np.random.default_rng(0))
    learned = module(features.clone().requires_grad_(True))
    assert not torch.allclose(learned, features)
    with torch.no_grad():
        assert torch.equal(module(features), features)


def test_in_some_batches_nothing_is_mixed(features):
    module = torch.nn.Identity()
    rng = np.random.default_rng(0)
    mix_looks_after(module, 0.5, lambda: rng)
    alike = sum(torch.equal(module(features), features) for _ in range(200))
    assert 70 < alike < 130
