"""Coefficients of the track behind z_q: what they hold, which channels are kept, and a stored form that is exact."""

import json

import numpy as np
import pytest

from metabam.config import EncoderConfig, ModelConfig, RunConfig, TrackConfig, build
from metabam.errors import CheckpointError, ConfigError
from metabam.model.bands import band_energies, fourier_coefficients
from metabam.model.encoders import ContextRows, PairEncoder, TrackedEncoder, layout_of, load_encoder
from metabam.model.encoders.cnn import CnnEncoder, PairNetwork
from metabam.model.encoders.tracked import letter_track
from metabam.records import FeatureLayout, PairWindows

D, STEP, L_E, L_P = 5, 4, 83, 62
CONFIG = EncoderConfig(
    kind="cnn", track_step=STEP, track=TrackConfig(periods=(10.5, 33.0), levels=2, channels=4, letters=True)
)


def world(n_e=31, n_p=29, pairs=401):
    """Half of the enhancers hold AA every 11 bp; line 0 wants it, line 1 does not."""
    rng = np.random.default_rng(0)
    enhancers = rng.integers(0, 4, (n_e, L_E)).astype(np.uint8)
    promoters = rng.integers(0, 4, (n_p, L_P)).astype(np.uint8)
    periodic = np.arange(n_e) % 2 == 0
    enhancers[periodic, ::11], enhancers[periodic, 1::11] = 0, 0
    e, p = rng.integers(0, n_e, 2 * pairs), rng.integers(0, n_p, 2 * pairs)
    labels = np.concatenate([periodic[e[:pairs]], ~periodic[e[pairs:]]]).astype(np.int8)
    contexts = [ContextRows(f"line{at}", np.arange(at * pairs, (at + 1) * pairs), part)
                for at, part in enumerate(np.split(labels, 2))]  # fmt: skip
    return PairWindows(enhancers, promoters, e, p, np.zeros(n_e, np.int64), np.zeros(n_p, np.int64)), contexts


@pytest.fixture(scope="module")
def planted():
    return world()


@pytest.fixture(scope="module")
def inner():
    settings = {"channels": 3, "width": 7, "n_features": D}
    return CnnEncoder(PairNetwork(**settings), np.zeros(D, np.float32), np.ones(D, np.float32), STEP, settings)


@pytest.fixture(scope="module")
def tracked(planted, inner):
    return TrackedEncoder.from_training(inner, *planted, CONFIG, fourier=True, wavelet="haar")


def test_z_comes_first_and_the_blocks_are_what_the_track_says(planted, inner, tracked):
    windows = planted[0].take(np.array([17, 3, 801, 3]))
    found, layout = tracked.encode(windows), tracked.layout
    assert isinstance(tracked, PairEncoder)
    assert (found.shape, found.dtype) == ((4, layout.width), np.float32)
    assert np.array_equal(layout.pair_features(found), inner.encode(windows))
    assert tracked.features == inner.features
    places = -(-L_E // STEP)
    whole = inner.track(windows)
    for at, (side, channel) in enumerate(tracked.chosen.tolist()):
        part = whole[:, places:] if side else whole[:, :places]
        codes = windows.promoters[windows.promoter_index] if side else windows.enhancers[windows.enhancer_index]
        track = np.concatenate([part, letter_track(codes, STEP)], axis=2)[:, :, channel : channel + 1]
        waves = found[:, layout.fourier].reshape(4, -1, 2, 2)[:, at]
        np.testing.assert_allclose(waves, fourier_coefficients(track, (10.5, 33.0), STEP)[:, 0], atol=1e-4)
        powers = found[:, layout.wavelet].reshape(4, -1, 3)[:, at]
        np.testing.assert_allclose(powers, band_energies(track, "haar", 2)[:, 0], atol=1e-5)


def test_the_channel_that_tells_labels_apart_is_kept(tracked):
    assert len(tracked.chosen) == 4
    assert "AA / TT in the enhancer" in tracked.layout.channels


def test_letters_by_hand():
    codes = np.array([[0, 0, 1, 2, 3, 3, 4, 0, 0]], dtype=np.uint8)  # A A C G T T N A A
    np.testing.assert_allclose(letter_track(codes, 4)[0], [[0.5, 0.25], [0.0, 0.5], [0.0, 0.0]])


def test_stored_and_read_again_it_is_the_same(planted, tracked):
    tensors, description = tracked.state()
    again = load_encoder(tensors, json.loads(json.dumps(description)))
    assert layout_of(again) == tracked.layout
    windows = planted[0].take(np.arange(5))
    assert np.array_equal(again.encode(windows), tracked.encode(windows))
    assert again.encode(windows.take(np.zeros(0, dtype=np.int64))).shape == (0, tracked.layout.width)
    broken = {**description, "track": {"periods": [10.5]}}
    with pytest.raises(CheckpointError, match="encoder-state"):
        load_encoder(tensors, broken)


def test_one_block_alone_and_an_encoder_without_any(planted, inner):
    waves = TrackedEncoder.from_training(inner, *planted, CONFIG, fourier=True, wavelet="off")
    assert (waves.layout.bands, waves.layout.width) == ((), D + 4 * 2 * 2)
    bands = TrackedEncoder.from_training(inner, *planted, CONFIG, fourier=False, wavelet="db2")
    assert (bands.layout.periods, bands.layout.width) == ((), D + 4 * 3)
    assert layout_of(inner) == FeatureLayout(D)


def test_a_wrong_step_is_refused(planted, inner):
    with pytest.raises(ConfigError, match="track-step"):
        TrackedEncoder.from_training(
            inner, *planted, CONFIG.model_copy(update={"track_step": 3}), fourier=True, wavelet="off"
        )


def test_settings_that_no_window_can_hold_are_refused():
    def run(model, track=None, **encoder):
        extra = {} if track is None else {"track": track}
        return build({"model": model, "encoder": {**encoder, **extra}}, RunConfig)

    assert run({"fourier": True}).model.reads_track
    assert not run({"fourier": True, "fourier_axis": "channel"}).model.reads_track
    assert ModelConfig().reads_track is False
    with pytest.raises(ConfigError, match="above 8 bp"):
        run({"fourier": True}, {"periods": [7.0]})
    with pytest.raises(ConfigError, match="shorter window"):
        run({"fourier": True}, enhancer_window=150)
    with pytest.raises(ConfigError, match="too long"):
        run({"wavelet": "haar"}, {"levels": 9})
    assert run({}, enhancer_window=60).encoder.enhancer_window == 60
