"""How far the answers for one photo, shown in several ways, lie apart."""

import numpy as np
import pytest

from face3d_widgets.depth import DepthEstimator, ModelError, face_lite_family
from face3d_widgets.depth import estimator as estimator_module
from face3d_widgets.depth.uncertainty import (
    VARIANTS,
    UncertaintyCancelled,
    Variant,
    measure_uncertainty,
)
from face3d_widgets.types import InverseDepth, Photo

HEIGHT, WIDTH = 120, 96
MIRROR = (Variant("mirrored", mirrored=True),)


def smooth_photo(height=HEIGHT, width=WIDTH):
    """A bright hill before black: its red is what `read_red` takes for nearness."""
    y, x = np.mgrid[:height, :width] + 0.5
    u, v = (x - 0.55 * width) / height, (y - 0.5 * height) / height
    hill = 200 * np.exp(-((u / 0.15) ** 2) - (v / 0.2) ** 2)
    rgb = np.repeat(hill[..., None], 3, axis=2).astype(np.uint8)
    return Photo(rgb)


def read_red(photo, gain=1.0, offset=0.0):
    """A network that is exactly equivariant: it reads each pixel's own colour."""
    red = photo.rgb[..., 0].astype(np.float32)
    return InverseDepth(gain * red + offset, red > 30, "reader")


def test_a_network_that_goes_with_the_photo_is_sure():
    found = measure_uncertainty(smooth_photo(), read_red)
    assert found.shape == (HEIGHT, WIDTH)
    assert found.dtype == np.float32
    assert found.max() < 0.02  # colours come in 256 steps, and shrinking them rounds
    moved = tuple(v for v in VARIANTS if v.size == 1)
    assert len(moved) == 5
    assert measure_uncertainty(smooth_photo(), read_red, variants=moved).max() < 1e-4


def test_scale_and_shift_that_change_from_run_to_run_are_no_uncertainty():
    rng = np.random.default_rng(0)

    def moody(photo):
        return read_red(photo, gain=rng.uniform(0.3, 5), offset=rng.uniform(-900, 900))

    moved = tuple(v for v in VARIANTS if v.size == 1)
    assert measure_uncertainty(smooth_photo(), moody, variants=moved).max() < 1e-4


def test_a_mistake_that_has_a_side_is_found_where_it_is():
    def one_sided(photo):
        answer = read_red(photo)
        values = answer.values.copy()
        values[50:70, 20:30] += 60  # always in this place, whatever the photo shows
        return InverseDepth(values, answer.subject, "one-sided")

    found = measure_uncertainty(smooth_photo(), one_sided, variants=MIRROR)
    span = np.ptp(np.quantile(read_red(smooth_photo()).values[one_sided_subject()], [0.05, 0.95]))
    # Two answers that differ by 60 lie 30 from their mean: on either side, and nowhere else.
    for columns in (slice(20, 30), slice(WIDTH - 30, WIDTH - 20)):
        np.testing.assert_allclose(found[50:70, columns], 30 / span, rtol=0.05)
    elsewhere = np.ones_like(found, bool)
    elsewhere[50:70, 20:30] = elsewhere[50:70, WIDTH - 30 : WIDTH - 20] = False
    assert found[elsewhere].max() < 0.02


def one_sided_subject():
    return read_red(smooth_photo()).subject


def test_the_unit_is_the_relief_so_the_network_s_own_unit_does_not_matter():
    def jumpy(gain):
        calls = []

        def run(photo):
            calls.append(photo)
            values = read_red(photo).values.copy()
            values[60:64, 48:52] += 40 * (len(calls) % 2)
            return InverseDepth(gain * values, read_red(photo).subject, "jumpy")

        return run

    one, thousand = (measure_uncertainty(smooth_photo(), jumpy(gain)) for gain in (1, 1000))
    assert one[62, 50] > 0.05
    np.testing.assert_allclose(one, thousand, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (97, 141)])
def test_every_variant_finds_its_way_back(variant, size):
    shown = []

    def keep(photo):
        shown.append(photo.rgb)
        return read_red(photo)

    photo = smooth_photo(*size)
    found = measure_uncertainty(photo, keep, variants=(variant,))
    assert found.max() < (1e-4 if variant.size == 1 else 0.02)
    assert shown[1].shape == photo.rgb.shape
    assert np.abs(shown[1].astype(int) - shown[0]).max() > 20  # it is another picture


def test_a_large_photo_is_measured_small_and_told_at_its_own_size():
    seen = []

    def run(photo):
        seen.append(max(photo.rgb.shape))
        return read_red(photo)

    found = measure_uncertainty(smooth_photo(900, 700), run)
    assert found.shape == (900, 700)
    assert max(seen) <= 512
    assert found.max() < 0.02


def test_a_network_that_does_not_tell_the_subject_is_measured_too():
    found = measure_uncertainty(
        smooth_photo(), lambda photo: InverseDepth(read_red(photo).values, None, "plain")
    )
    assert found.max() < 0.02


def test_an_estimate_without_relief_is_nowhere_unsure():
    def flat(photo):
        return InverseDepth(np.ones(photo.rgb.shape[:2], np.float32), None, "flat")

    assert not measure_uncertainty(smooth_photo(), flat).any()
    calls = []

    def flat_when_mirrored(photo):
        calls.append(photo)
        return read_red(photo) if len(calls) == 1 else flat(photo)

    assert np.isfinite(measure_uncertainty(smooth_photo(), flat_when_mirrored)).all()


def test_progress_is_told_and_cancelling_is_heard():
    told, runs = [], []

    def run(photo):
        runs.append(photo)
        return read_red(photo)

    measure_uncertainty(smooth_photo(), run, lambda step, share: told.append((step, share)))
    assert [step for step, _ in told] == ["as it is", *(v.name for v in VARIANTS), "done"]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    runs.clear()
    with pytest.raises(UncertaintyCancelled, match="cancelled"):
        measure_uncertainty(smooth_photo(), run, cancelled=lambda: len(runs) == 3)
    assert len(runs) == 3


# --- in the estimator --------------------------------------------------------------------------


@pytest.fixture
def reader(monkeypatch):
    """An estimator whose network reads red, and how often it ran."""
    runs = []

    class Runner:
        description, seconds = "a reader", 0.0

        def __call__(self, picture):
            runs.append(picture.shape)
            relief = picture[0] * 8 - 3.5
            person = (relief + 1.75) * 2
            no_head = np.full_like(person, -1)  # or it would be looked at once more
            return np.stack([relief, person, no_head])

        def close(self):
            pass

    monkeypatch.setattr(face_lite_family, "load", lambda spec, path: None)
    monkeypatch.setattr(estimator_module, "_torch_runner", lambda network, precision: Runner())
    return DepthEstimator(runtime="torch"), runs


def test_the_estimator_keeps_the_answer_for_each_photo(reader):
    estimator, runs = reader
    with pytest.raises(ValueError, match="set_photo"):
        estimator.uncertainty()
    photo = smooth_photo()
    estimator.set_photo(photo)
    found = estimator.uncertainty()
    assert found.shape == (HEIGHT, WIDTH)
    assert not found.flags.writeable
    assert len(runs) == 1 + len(VARIANTS)
    assert estimator.uncertainty() is found
    estimator.set_photo(photo)
    assert estimator.uncertainty() is found
    assert len(runs) == 1 + len(VARIANTS)
    estimator.set_photo(smooth_photo())
    assert estimator.uncertainty() is not found


def test_an_estimate_stays_after_a_cancelled_measurement(reader):
    estimator, runs = reader
    estimator.set_photo(smooth_photo())
    kept = estimator.predict()
    with pytest.raises(UncertaintyCancelled):
        estimator.uncertainty(cancelled=lambda: len(runs) >= 4)
    assert estimator.predict() is kept
    assert estimator.uncertainty().shape == (HEIGHT, WIDTH)  # begun anew


def test_an_unknown_network_has_no_uncertainty(reader):
    estimator, _ = reader
    estimator.set_photo(smooth_photo())
    with pytest.raises(ModelError, match="no model"):
        estimator.uncertainty("nothing")
