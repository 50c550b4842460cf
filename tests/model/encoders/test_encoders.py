"""Encoders behind one interface: features that hold what was planted, tracks, and a stored form that is exact."""

import json

import numpy as np
import pytest

from metabam.config import DiscoveryConfig, EncoderConfig
from metabam.errors import CheckpointError
from metabam.model.encoders import ContextRows, PairEncoder, load_encoder
from metabam.model.encoders.cnn import CnnEncoder
from metabam.model.encoders.motif import MotifEncoder
from metabam.records import PairWindows
from tests.model.discovery.plant import OTHER, STRONG, dna, plant

CONFIG = EncoderConfig(
    discovery=DiscoveryConfig(mask_weight=6, n_features=5, max_motifs=7, min_z=8.0), channels=7, n_features=11, epochs=1
)


def world(seed=0, n_e=311, n_p=211, pairs=1_201):
    """STRONG in enhancers and OTHER in promoters; line 0 wants their product, line 1 its absence."""
    rng = np.random.default_rng(seed)
    enhancers, promoters = dna(rng, n_e, 83), dna(rng, n_p, 71, gc=0.55)
    sharp = [pwm**2 / (pwm**2).sum(axis=1, keepdims=True) for pwm in (STRONG, OTHER)]
    has_e, has_p = plant(rng, enhancers, sharp[0], 0.5), plant(rng, promoters, sharp[1], 0.5)
    e, p = rng.integers(0, n_e, 2 * pairs), rng.integers(0, n_p, 2 * pairs)
    both = has_e[e] & has_p[p]
    contexts = []
    for line, gate in enumerate((3.0, -3.0)):
        rows = np.arange(line * pairs, (line + 1) * pairs)
        chance = 1 / (1 + np.exp(-(gate * (both[rows] - 0.25))))
        contexts.append(ContextRows(f"line{line}", rows, (rng.random(pairs) < chance).astype(np.int8)))
    none = np.zeros(n_e, dtype=np.int64), np.zeros(n_p, dtype=np.int64)
    return PairWindows(enhancers, promoters, e, p, *none), contexts, both


@pytest.fixture(scope="module")
def planted():
    return world()


@pytest.fixture(scope="module")
def motif(planted):
    return MotifEncoder.from_training(planted[0], planted[1], CONFIG, seed=0)


@pytest.fixture(scope="module")
def cnn(planted):
    return CnnEncoder.from_training(planted[0], planted[1], CONFIG, seed=0)


@pytest.fixture(params=["motif", "cnn"])
def encoder(request):
    return request.getfixturevalue(request.param)


def test_the_planted_pair_is_the_first_feature(planted, motif):
    first = motif.features[0]
    assert first.kind == "pair"
    assert first.detail["element"] == "both"
    z = motif.encode(planted[0])
    assert np.corrcoef(z[:, 0], planted[2])[0, 1] > 0.85
    assert len(motif.features) <= 5


def test_features_are_standardised_on_the_training_pairs(planted, encoder):
    z = encoder.encode(planted[0])
    assert isinstance(encoder, PairEncoder)
    assert z.dtype == np.float32
    assert z.shape == (2_402, len(encoder.features))
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-2)


def test_a_pair_is_read_alike_in_any_company(planted, encoder):
    whole = encoder.encode(planted[0])
    rows = np.array([17, 3, 1_999, 3])
    np.testing.assert_allclose(encoder.encode(planted[0].take(rows)), whole[rows], atol=2e-5)


def test_both_strands_read_alike(planted, encoder):
    windows = planted[0]
    turned = PairWindows(
        np.ascontiguousarray(3 - windows.enhancers[:, ::-1]), np.ascontiguousarray(3 - windows.promoters[:, ::-1]),
        windows.enhancer_index, windows.promoter_index, windows.enhancer_padding, windows.promoter_padding,
    )  # fmt: skip
    first, second = encoder.encode(windows), encoder.encode(turned)
    together = [np.corrcoef(a, b)[0, 1] for a, b in zip(first.T, second.T, strict=True)]
    assert min(together) > 0.97


def test_track_has_enhancer_positions_first(planted, encoder):
    some = planted[0].take(np.array([5, 7, 11]))
    track = encoder.track(some)
    assert track.shape[:2] == (3, 21 + 18)
    assert track.dtype == np.float32
    assert track.min() >= 0
    if encoder.kind == "motif":
        e_columns, p_columns = encoder.track_columns
        assert track.shape[2] == len(e_columns) + len(p_columns)
        assert track.max() <= 1
        assert (track[:, 21:, : len(e_columns)] == 0).all()
        assert (track[:, :21, len(e_columns) :] == 0).all()


def test_track_shows_where_the_site_is(planted, motif):
    windows = planted[0]
    codes = np.zeros((1, 83), dtype=np.uint8)
    codes[0, ::2] = 3
    codes[0, 40:49] = STRONG.argmax(axis=1)
    one = PairWindows(
        codes, windows.promoters[:1], np.zeros(1, int), np.zeros(1, int), np.zeros(1, int), np.zeros(1, int)
    )
    track = motif.track(one)[0, :21, 0]
    assert abs(int(track.argmax()) - 10) <= 1
    assert track.max() > 0.5


def test_stored_form_is_exact(planted, encoder):
    tensors, description = encoder.state()
    copied = {name: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for name, a in tensors.items()}
    again = load_encoder(copied, json.loads(json.dumps(description)))
    np.testing.assert_array_equal(again.encode(planted[0]), encoder.encode(planted[0]))
    some = planted[0].take(np.arange(5))
    np.testing.assert_array_equal(again.track(some), encoder.track(some))
    assert again.features == encoder.features


def test_labels_choose_features_but_no_motif(planted, motif):
    windows, contexts, _ = planted
    rng = np.random.default_rng(3)
    shuffled = [context._replace(labels=rng.permutation(context.labels)) for context in contexts]
    other = MotifEncoder.from_training(windows, shuffled, CONFIG, seed=0)
    assert len(other.motifs) == len(motif.motifs)
    for first, second in zip(other.motifs.pwms, motif.motifs.pwms, strict=True):
        np.testing.assert_array_equal(first, second)
    assert other.features[0].detail["gain"] < 0.2 * motif.features[0].detail["gain"]


def test_elements_without_a_known_letter_are_read(planted, encoder):
    nothing = np.full((1, 83), 4, dtype=np.uint8)
    zero = np.zeros(1, dtype=np.int64)
    one = PairWindows(nothing, planted[0].promoters[:1], zero, zero, zero, zero)
    assert np.isfinite(encoder.encode(one)).all()
    assert np.isfinite(encoder.track(one)).all()


def test_a_foreign_or_torn_state_is_refused(encoder):
    tensors, description = encoder.state()
    with pytest.raises(CheckpointError, match="encoder-kind"):
        load_encoder(tensors, {**description, "kind": "oracle"})
    torn = dict(tensors)
    torn.pop(sorted(torn)[0])
    with pytest.raises(CheckpointError, match="encoder-state"):
        load_encoder(torn, description)


def test_training_is_repeatable_and_leaves_the_global_generator_alone(planted, cnn):
    import torch

    before = torch.random.get_rng_state()
    again = CnnEncoder.from_training(planted[0], planted[1], CONFIG, seed=0)
    torch.testing.assert_close(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(again.encode(planted[0]), cnn.encode(planted[0]))


def test_progress_reaches_the_end(planted):
    told = []
    small = planted[0], [c._replace(rows=c.rows[:101], labels=c.labels[:101]) for c in planted[1]]
    config = CONFIG.model_copy(update={"discovery": CONFIG.discovery.model_copy(update={"max_elements": 100})})
    MotifEncoder.from_training(*small, config, progress=lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len({stage for stage, _ in told}) >= 3
