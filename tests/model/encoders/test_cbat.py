"""The cross-boundary attention transformer: strands, padding, stored form, gradients, its motif start, and learning."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from metabam.config import CbatConfig, EncoderConfig, build
from metabam.errors import CheckpointError, ConfigError
from metabam.model.encoders import ContextRows, PairEncoder, load_encoder
from metabam.model.encoders.cbat import CbatEncoder, shape_of
from metabam.model.encoders.crossing import SIDES, CbatNetwork
from metabam.model.encoders.stem import MotifStem, motif_core
from metabam.model.encoders.training import shifted, turned
from metabam.records import MotifSet, PairWindows
from tests.model.discovery.plant import OTHER, STRONG, dna, plant

SMALL = EncoderConfig(
    kind="cbat", channels=13, filter_width=11, n_features=12, epochs=1,
    cbat=CbatConfig(stem="random", heads=3, pool=8, kernels=(3, 5), shift=3, batch=61),
)  # fmt: skip


def world(n_e=53, n_p=41, pairs=211, seed=0):
    rng = np.random.default_rng(seed)
    enhancers, promoters = dna(rng, n_e, 83), dna(rng, n_p, 71)
    e, p = rng.integers(0, n_e, 2 * pairs), rng.integers(0, n_p, 2 * pairs)
    rows = [np.arange(line * pairs, (line + 1) * pairs) for line in range(2)]
    contexts = [ContextRows(f"line{i}", r, rng.integers(0, 2, pairs).astype(np.int8)) for i, r in enumerate(rows)]
    return PairWindows(enhancers, promoters, e, p, np.zeros(n_e, np.int64), np.zeros(n_p, np.int64)), contexts


@pytest.fixture(scope="module")
def small():
    return world()


@pytest.fixture(scope="module")
def encoder(small):
    return CbatEncoder.from_training(*small, SMALL, seed=0)


def test_features_are_standardised_and_follow_the_interface(small, encoder):
    z = encoder.encode(small[0])
    assert isinstance(encoder, PairEncoder)
    assert (z.dtype, z.shape, len(encoder.features)) == (np.float32, (422, 12), 12)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-2)


def test_both_strands_give_the_same_features(small, encoder):
    windows = small[0]
    other = PairWindows(
        turned(windows.enhancers), turned(windows.promoters), windows.enhancer_index, windows.promoter_index,
        windows.enhancer_padding, windows.promoter_padding,
    )  # fmt: skip
    np.testing.assert_allclose(encoder.encode(other), encoder.encode(windows), atol=1e-4)


def test_a_pair_is_read_alike_in_any_company_and_in_small_chunks(small, encoder, monkeypatch):
    whole = encoder.encode(small[0])
    rows = np.array([17, 3, 401, 3])
    np.testing.assert_allclose(encoder.encode(small[0].take(rows)), whole[rows], atol=1e-4)
    for limit in ("_CHUNK_BYTES", "_KEPT_BYTES", "_ELEMENTS"):
        monkeypatch.setattr(f"metabam.model.encoders.cbat.{limit}", 1)
    np.testing.assert_allclose(encoder.encode(small[0].take(rows)), whole[rows], atol=1e-4)


def test_which_part_of_padding_is_n_does_not_matter(small):
    """Tokens made of N alone are seen by nobody: filling them with other features changes no pair."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = CbatNetwork(shape_of(SMALL)).eval()
    codes = small[0].enhancers[:3].copy()
    codes[:, 40:] = 4
    tokens = network.tokens(codes, "enhancer")
    assert tokens.known.tolist() == [[True] * 5 + [False] * 6] * 3
    promoter = network.tokens(small[0].promoters[:3], "promoter")
    other = tokens._replace(x=tokens.x.clone())
    other.x[:, 5:] += 9.0
    torch.testing.assert_close(network(other, promoter), network(tokens, promoter))


def test_an_element_without_a_known_letter_is_read(small, encoder):
    nothing, zero = np.full((1, 83), 4, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    one = PairWindows(nothing, small[0].promoters[:1], zero, zero, zero, zero)
    assert np.isfinite(encoder.encode(one)).all()
    assert np.isfinite(encoder.track(one)).all()


def test_track_is_the_stem_before_its_pool(small, encoder):
    some = small[0].take(np.array([5, 7, 11]))
    track = encoder.track(some)
    assert track.shape == (3, 21 + 18, 13)
    stem = encoder.network.sides["enhancer"].stem
    activity = stem.activity(small[0].enhancers[[some.enhancer_index[1]]])[0].numpy()
    np.testing.assert_allclose(track[1, 3], activity[:, 12:16].max(axis=1), atol=1e-6)


def test_stored_form_is_exact_and_a_torn_one_is_refused(small, encoder):
    tensors, description = encoder.state()
    copied = {name: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for name, a in tensors.items()}
    again = load_encoder(copied, json.loads(json.dumps(description)))
    np.testing.assert_array_equal(again.encode(small[0]), encoder.encode(small[0]))
    assert again.features == encoder.features
    assert len(tensors) <= 512
    copied.pop("network.merge.linear.bias")
    with pytest.raises(CheckpointError, match="encoder-state"):
        load_encoder(copied, description)


def test_training_is_repeatable_tells_its_progress_and_leaves_the_global_generator_alone(small, encoder):
    before, told = torch.random.get_rng_state(), []
    again = CbatEncoder.from_training(*small, SMALL, seed=0, progress=lambda stage, share: told.append(share))
    torch.testing.assert_close(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(again.encode(small[0]), encoder.encode(small[0]))
    assert told == sorted(told)
    assert told[-1] == 1.0
    other = CbatEncoder.from_training(*small, SMALL, seed=1)
    assert not np.array_equal(other.encode(small[0]), encoder.encode(small[0]))


def test_every_parameter_feels_the_loss(small):
    config = SMALL.model_copy(update={"cbat": SMALL.cbat.model_copy(update={"blocks": 2})})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CbatNetwork(shape_of(config))
        head = nn.Linear(12, 1)
    z = network(
        network.tokens(small[0].enhancers[:19], "enhancer"), network.tokens(small[0].promoters[:19], "promoter")
    )
    labels = (torch.arange(19) % 3 == 0).float()
    nn.functional.binary_cross_entropy_with_logits(head(z).squeeze(1), labels).backward()
    silent = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum()]
    assert silent == []


def test_every_batch_is_of_one_line(small, monkeypatch):
    seen = []
    own = PairWindows.take
    monkeypatch.setattr(PairWindows, "take", lambda self, rows: seen.append(rows) or own(self, rows))
    CbatEncoder.from_training(*small, SMALL, seed=0)
    batches = [rows for rows in seen if len(rows) <= 61 and len(rows) < 422][:8]
    assert len(batches) == 8
    assert {len({int(row) // 211 for row in rows}) for rows in batches} == {1}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"n_features": 10, "cbat": {"heads": 3}}, "multiple of 2 x cbat.heads"),
        ({"enhancer_window": 90_000, "promoter_window": 90_000}, "shorter windows"),
        ({"cbat": {"kernels": []}}, "at least one width"),
        ({"trust_remote_code": True}, "trust_remote_code is for"),
        ({"distance": True}, "sequence only"),
    ],
)
def test_settings_that_cannot_be_built_are_refused(change, word):
    with pytest.raises(ConfigError, match=word):
        build({"kind": "cbat", **change}, EncoderConfig)


# ------------------------------------------------------------------ the stem


def test_a_shift_moves_letters_and_brings_n():
    codes = np.array([[0, 1, 2, 3]], dtype=np.uint8)
    assert shifted(codes, 1).tolist() == [[4, 0, 1, 2]]
    assert shifted(codes, -2).tolist() == [[2, 3, 4, 4]]
    assert shifted(codes, 0) is codes


def test_the_core_of_a_wide_motif_is_where_its_information_is():
    flat, sharp = np.full((4, 4), 0.25), np.eye(4)[[0, 1, 2]]
    np.testing.assert_array_equal(motif_core(np.concatenate([flat, sharp, flat]), 3), sharp)
    np.testing.assert_array_equal(motif_core(sharp, 5), sharp)


def test_a_motif_start_answers_to_its_site_on_either_strand_and_to_little_else():
    rng = np.random.default_rng(0)
    background = dna(rng, 301, 83)
    stem = MotifStem(8, 11, 8)
    kept = stem.scan.weight[6:].clone()
    assert stem.start_from([STRONG, OTHER, STRONG[::-1], OTHER[::-1]], background) == 6
    torch.testing.assert_close(stem.scan.weight[6:], kept)
    site = background[:1].copy()
    site[0, 40 : 40 + len(STRONG)] = STRONG.argmax(axis=1)
    with torch.no_grad():
        here, there = stem.activity(site)[0], stem.activity(turned(site))[0]
        quiet = stem.activity(background)[:, 0]
    assert here[0].max() > 1.5
    torch.testing.assert_close(here[0].max(), there[1].max())
    assert (quiet > 0.5).float().mean() < 0.01


def test_motifs_given_start_the_filters_of_both_sides_and_the_pair_is_learned():
    """STRONG in the enhancer AND OTHER in the promoter; started from both motifs, z says where both are."""
    rng = np.random.default_rng(3)
    n_e, n_p, pairs = 211, 151, 1_201
    enhancers, promoters = dna(rng, n_e, 83), dna(rng, n_p, 71)
    sharp = [pwm**2 / (pwm**2).sum(axis=1, keepdims=True) for pwm in (STRONG, OTHER)]
    has_e, has_p = plant(rng, enhancers, sharp[0], 0.5), plant(rng, promoters, sharp[1], 0.5)
    e, p = rng.integers(0, n_e, pairs), rng.integers(0, n_p, pairs)
    both = has_e[e] & has_p[p]
    zero = np.zeros(n_e, np.int64), np.zeros(n_p, np.int64)
    windows = PairWindows(enhancers, promoters, e, p, *zero)
    config = SMALL.model_copy(
        update={"epochs": 6, "cbat": SMALL.cbat.model_copy(update={"stem": "motif", "rate": 3e-3})}
    )
    context = ContextRows("line", np.arange(1_000), both[:1_000].astype(np.int8))
    known = MotifSet(("a", "b"), (sharp[0], sharp[1]))
    encoder = CbatEncoder.from_training(windows, [context], config, seed=0, known=known)
    for side in SIDES:
        assert encoder.network.sides[side].stem.scan.weight.shape == (13, 4, 11)
    z = encoder.encode(windows)
    weights = np.linalg.lstsq(np.c_[z[:1_000], np.ones(1_000)], both[:1_000], rcond=None)[0]
    found = np.c_[z[1_000:], np.ones(201)] @ weights
    assert np.corrcoef(found, both[1_000:])[0, 1] > 0.6
