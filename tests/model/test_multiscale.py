"""Coefficients and matches of a position track, against answers that can be worked out by hand."""

import numpy as np
import pytest
import torch

from metabam.config import ModelConfig
from metabam.errors import ConfigError
from metabam.model.bands import LOW_PASS, band_coefficients, band_edges, band_energies, fourier_coefficients
from metabam.model.multiscale import ChannelMatch, FourierMatch, MultiscaleMatch, WaveletMatch, half_spectrum
from metabam.records import FeatureLayout

N, P, C, F, K, D = 5, 64, 3, 2, 11, 13
STEP = 4


def wave(period, phase=0.0, size=P):
    return np.cos(2 * np.pi * STEP * np.arange(size) / period + phase)


# ------------------------------------------------------------------ coefficients


def test_a_wave_is_seen_at_its_period_alone_whatever_its_phase():
    period = STEP * P / 24  # 10.67 bp, 24 turns in the window
    track = np.stack([np.stack([wave(period, phase), 0 * wave(period)], axis=1) for phase in (0.0, 1.0, 2.5)])
    found = fourier_coefficients(track.astype(np.float32), (period, STEP * P / 7), STEP)
    assert found.shape == (3, 2, 2, 2)
    amplitude = np.hypot(found[..., 0], found[..., 1])
    # sum of cos^2 over P is P / 2, divided by sqrt(P)
    np.testing.assert_allclose(amplitude[:, 0, 0], P**0.5 / 2, rtol=1e-4)
    np.testing.assert_allclose(amplitude[:, 0, 1], 0.0, atol=1e-4)
    np.testing.assert_allclose(amplitude[:, 1], 0.0, atol=1e-6)
    # X = sqrt(P) / 2 exp(i phase)
    np.testing.assert_allclose(found[1, 0, 0], P**0.5 / 2 * np.array([np.cos(1.0), np.sin(1.0)]), rtol=1e-3)


def test_coefficients_are_linear_and_blind_to_a_constant():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, N, P, C)).astype(np.float32)
    periods = (10.5, 31.0)
    one = fourier_coefficients(x, periods, STEP) + 2 * fourier_coefficients(y, periods, STEP)
    np.testing.assert_allclose(fourier_coefficients(x + 2 * y, periods, STEP), one, atol=1e-4)
    np.testing.assert_allclose(
        fourier_coefficients(x + 7, periods, STEP), fourier_coefficients(x, periods, STEP), atol=1e-4
    )


def test_haar_bands_by_hand():
    track = np.array([4.0, 2.0, 5.0, 5.0]).reshape(1, 4, 1).astype(np.float32)
    fine, broad, smooth = (band[0, :, 0] for band in band_coefficients(track, "haar", 2))
    np.testing.assert_allclose(fine, [2 / 2**0.5, 0.0], atol=1e-6)
    np.testing.assert_allclose(broad, [(6 - 10) / 2], rtol=1e-6)
    np.testing.assert_allclose(smooth, [16 / 2], rtol=1e-6)
    np.testing.assert_allclose(band_energies(track, "haar", 2)[0, 0], np.array([2.0, 4.0, 64.0]) / 4, rtol=1e-6)


def test_db2_taps_are_those_of_the_book_and_kill_a_ramp():
    root = 3**0.5
    taps = np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * 2**0.5)
    np.testing.assert_allclose(LOW_PASS["db2"], taps)
    np.testing.assert_allclose(
        [taps.sum(), (taps**2).sum(), taps[0] * taps[2] + taps[1] * taps[3]], [2**0.5, 1, 0], atol=1e-9
    )
    ramp = np.arange(P, dtype=np.float32).reshape(1, P, 1)
    fine = band_coefficients(ramp, "db2", 1)[0][0, :, 0]
    np.testing.assert_allclose(fine[:-1], 0.0, atol=1e-4)  # two vanishing moments, but where the ring closes
    assert abs(fine[-1]) > 1
    assert np.abs(band_coefficients(ramp, "haar", 1)[0][0, :, 0]).min() > 0.5  # Haar has one


@pytest.mark.parametrize("wavelet", ["haar", "db2"])
def test_energies_sum_to_the_mean_square_and_find_their_scale(wavelet):
    rng = np.random.default_rng(1)
    track = rng.normal(size=(N, 53, C)).astype(np.float32)
    energies = band_energies(track, wavelet, 3)
    assert energies.shape == (N, C, 4)
    np.testing.assert_allclose(energies.sum(axis=2), np.square(track).mean(axis=1), rtol=1e-4)
    sharp, broad = np.zeros((2, 1, P, 1), dtype=np.float32)
    sharp[0, 20], broad[0, 16:48] = 1.0, 1.0
    assert band_energies(sharp, wavelet, 5)[0, 0].argmax() == 0
    assert band_energies(broad, wavelet, 5)[0, 0].argmax() >= 4
    assert band_edges(2, STEP) == ((8.0, 16.0), (16.0, 32.0), (32.0, np.inf))


def test_single_channel_energies_are_enough_for_one_channel_and_near_for_sparse_sums():
    """The energy of a sum of channels has cross terms; sites of different motifs seldom share a fine band."""
    rng = np.random.default_rng(2)

    def agreement(density):
        track = ((rng.random((401, P, 7)) < density) * rng.uniform(0.5, 1, (401, P, 7))).astype(np.float32)
        energies, mixture = band_energies(track, "haar", 4), rng.normal(size=7).astype(np.float32)
        alone = band_energies(track[:, :, 3:4], "haar", 4)[:, 0]
        np.testing.assert_allclose(alone, energies[:, 3], atol=1e-6)
        exact = band_energies((track @ mixture)[:, :, None], "haar", 4)[:, 0]
        near = np.einsum("c,ncb->nb", mixture**2, energies)
        return [np.corrcoef(exact[:, band], near[:, band])[0, 1] for band in range(5)]

    sparse, dense = agreement(0.004), agreement(0.1)
    assert min(sparse[:3]) > 0.95
    assert sparse[0] > sparse[-1]  # the broadest band sums all sites: there the cross terms count
    assert all(few > many for few, many in zip(sparse[:3], dense[:3], strict=True))


# ------------------------------------------------------------------ matches


def test_fourier_match_by_hand():
    match = FourierMatch(1, 2, 2)
    with torch.no_grad():
        match.channel.copy_(torch.tensor([[1.0, -1.0]]))
        match.template.copy_(torch.tensor([[np.log(3.0), 0.0]]))
        match.weight.fill_(2.0)
    # channel 0 minus channel 1: 3 - 0 = 3 and 4 - 0 = 4 i -> amplitude 5; second period: 1 - 1 = 0
    x = torch.tensor([[[[3.0, 4.0], [1.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]]])
    # unit power in both channels, uncorrelated: the mean square of their difference is 2
    mean, sd = (np.pi / 4) ** 0.5, (1 - np.pi / 4) ** 0.5
    wanted = 2.0 * (0.75 * (5 / 2**0.5 - mean) / sd + 0.25 * (0 - mean) / sd)
    assert float(match(x).detach()) == pytest.approx(wanted, rel=1e-3)


def test_fourier_match_of_random_phases_is_one_feature_large_and_blind_to_phase():
    torch.manual_seed(0)
    match, x = FourierMatch(K, C, F), 5.0 * torch.randn(4_001, C, F, 2)
    match.fit_(x)
    with torch.no_grad():
        match.template[:, 0] = 50.0  # one period alone
        match.weight.fill_(1.0)
        values = match(x)
        angle = torch.tensor(1.1)
        real, imaginary = x[..., 0], x[..., 1]
        turned = torch.stack(
            [
                torch.cos(angle) * real - torch.sin(angle) * imaginary,
                torch.sin(angle) * real + torch.cos(angle) * imaginary,
            ],
            -1,
        )
        assert torch.allclose(match(turned), values, atol=1e-3)
    assert values.shape == (4_001, K)
    assert torch.allclose(values.mean(0), torch.zeros(K), atol=0.1)
    assert torch.allclose(values.std(0), torch.ones(K), atol=0.1)


def test_wavelet_match_by_hand():
    match = WaveletMatch(1, 2, 2)
    energies = torch.tensor([[[1.0, 4.0], [5.0, 0.0]], [[9.0, 4.0], [5.0, 4.0]]])
    match.fit_(energies)
    with torch.no_grad():
        match.channel.copy_(torch.tensor([[3.0, 4.0]]))
        match.template.copy_(torch.tensor([[0.0, np.log(4.0)]]))
        match.weight.fill_(10.0)
    # standardised amplitudes of the first pair: channel 0 (-1, constant), channel 1 (constant, -1), over sqrt 2
    wanted = 10.0 * (0.6 * 0.2 * -1.0 + 0.8 * 0.8 * -1.0) / 2**0.5
    assert torch.allclose(match(energies)[:, 0], torch.tensor([wanted, -wanted]), rtol=1e-4)


def test_channel_form_compares_amplitude_spectra():
    torch.manual_seed(0)
    match, atoms = ChannelMatch(K), torch.randn(K, D)
    with torch.no_grad():
        match.weight.fill_(1.0)
    z = torch.randn(N, D)
    full = torch.fft.fft(z).abs() @ torch.fft.fft(atoms).abs().T
    full = full / torch.outer(torch.fft.fft(z).abs().norm(dim=1), torch.fft.fft(atoms).abs().norm(dim=1))
    assert torch.allclose(match(z, atoms), full * D**0.5, atol=1e-4)
    assert torch.allclose(match(z.roll(4, dims=1), atoms), match(z, atoms), atol=1e-4)  # a shift is all phase
    even = torch.randn(2, 6)
    wanted = torch.fft.fft(even).abs()
    wanted = wanted / wanted.norm(dim=1, keepdim=True)
    assert torch.allclose(half_spectrum(even) @ half_spectrum(even).T, wanted @ wanted.T, atol=1e-5)


def test_complex_spectra_would_only_repeat_the_dot_product():
    """Why amplitudes: Parseval."""
    torch.manual_seed(0)
    z, v = torch.randn(D), torch.randn(D)
    product = (torch.fft.fft(z) * torch.fft.fft(v).conj()).sum().real / D
    assert torch.allclose(product, z @ v, atol=1e-4)


# ------------------------------------------------------------------ together


def layout():
    return FeatureLayout(D, ("a", "b", "c"), (10.5, 42.0), band_edges(2, STEP))


def test_layout_names_every_column_and_survives_its_own_text():
    found = layout()
    assert (found.fourier, found.wavelet) == (slice(D, D + 12), slice(D + 12, D + 21))
    assert found.width == D + 21
    assert FeatureLayout.of_json(found.as_json()) == found
    features = np.arange(2.0 * found.width, dtype=np.float32).reshape(2, -1)
    assert np.array_equal(found.pair_features(features), features[:, :D])
    plain = FeatureLayout(D)
    assert plain.width == D
    assert plain.pair_features(features[:, :D]).shape == (2, D)


def test_all_matches_are_born_at_zero_and_say_what_they_read():
    torch.manual_seed(0)
    config = ModelConfig(n_atoms=K, fourier=True, wavelet="haar")
    module, features = MultiscaleMatch(config, layout()), torch.rand(N, layout().width)
    module.fit_(features)
    z, atoms = torch.randn(N, D), torch.randn(K, D)
    assert torch.equal(module(features, z, atoms), torch.zeros(N, K))
    with torch.no_grad():
        module.fourier.weight[7] = 0.5
        module.fourier.template[7, 1] = 9.0
        module.fourier.channel[7] = torch.tensor([0.0, 0.0, -2.0])
    assert bool((module(features, z, atoms)[:, 7] != 0).all())
    assert bool((module(features, z, atoms)[:, :7] == 0).all())
    fourier, wavelet = module.uses()
    assert (fourier.kind, wavelet.kind) == ("fourier", "wavelet")
    assert fourier.labels[int(fourier.share[7].argmax())] == "42 bp"
    assert fourier.channels[int(np.abs(fourier.channel[7]).argmax())] == "c"
    assert (float(fourier.weight[7]), float(fourier.channel[7, 2])) == (0.5, -1.0)
    assert wavelet.labels == ("8-16 bp", "16-32 bp", "over 32 bp")
    np.testing.assert_allclose(wavelet.share.sum(axis=1), 1.0, rtol=1e-6)


def test_features_without_a_track_are_refused():
    for settings in ({"fourier": True}, {"wavelet": "db2"}):
        with pytest.raises(ConfigError, match="no-track"):
            MultiscaleMatch(ModelConfig(n_atoms=K, **settings), FeatureLayout(D))
    alone = MultiscaleMatch(ModelConfig(n_atoms=K, fourier=True, fourier_axis="channel"), FeatureLayout(D))
    assert alone.uses() == ()
    assert alone(torch.zeros(N, D), torch.zeros(N, D), torch.randn(K, D)).shape == (N, K)
