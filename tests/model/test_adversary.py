"""The line adversary's reversed gradient and the support decoder, each against what can be worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from metabam.losses import minus_elbo, reversal_strength
from metabam.model.adversary import CellLineDiscriminator, GradientReversal
from metabam.model.decoder import SupportDecoder

B, S, K, Z, E, H = 5, 7, 11, 2, 3, 13


def test_reversal_is_the_identity_forwards_and_flips_the_gradient_exactly():
    z = torch.randn(B, Z, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    weight = torch.randn(B, Z, generator=torch.Generator().manual_seed(1))
    for strength in (0.0, 0.25, 1.0):
        out = GradientReversal()(z, strength)
        assert torch.equal(out, z)
        assert torch.equal(torch.autograd.grad((out * weight).sum(), z)[0], -strength * weight)


def test_the_discriminator_learns_while_the_context_unlearns():
    torch.manual_seed(0)
    discriminator = CellLineDiscriminator(Z, E, H)
    lines = torch.tensor([0, 1, 2, 0, 1])

    def gradients(reverse):
        z = torch.linspace(-1.0, 1.0, B * Z).view(B, Z).requires_grad_(True)
        if reverse:
            scores = discriminator(z, 0.5)
        else:
            scores = discriminator.outer(torch.nn.functional.gelu(discriminator.inner(z)))
        loss = torch.nn.functional.cross_entropy(scores, lines)
        return torch.autograd.grad(loss, [z, *discriminator.parameters()])

    (away, *own), (towards, *plain) = gradients(True), gradients(False)
    assert torch.equal(away, -0.5 * towards)
    assert away.abs().sum() > 0
    assert all(torch.equal(one, two) for one, two in zip(own, plain, strict=True))


def test_the_ramp_is_a_function_of_the_step():
    assert reversal_strength(0, 600) == 0.0
    assert reversal_strength(600, 600) == pytest.approx(2.0 / (1.0 + math.exp(-10.0)) - 1.0)
    rising = [reversal_strength(step, 600) for step in range(0, 601, 50)]
    assert rising == sorted(rising)
    assert reversal_strength(0, 0) == 0.0


def test_minus_elbo_has_the_sign_of_a_loss():
    fits, kl = torch.tensor([-2.0, -4.0]), torch.tensor([1.0, 3.0])
    assert float(minus_elbo(fits, kl, likelihood=1.0, beta=1.0)) == pytest.approx(3.0 + 2.0)
    assert float(minus_elbo(fits + 1.0, kl, likelihood=1.0, beta=1.0)) == pytest.approx(4.0)
    assert float(minus_elbo(fits, kl, likelihood=0.0, beta=0.5)) == 1.0


def test_reconstruction_losses_by_hand():
    logits, labels = torch.tensor([[0.0, 2.0, 9.0], [5.0, 5.0, 5.0]]), torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    bernoulli = float(SupportDecoder.loss(logits, labels, mask, "bernoulli"))
    assert bernoulli == pytest.approx(0.5 * 0.5 * (math.log(2.0) + math.log1p(math.exp(2.0))))
    p = 1.0 / (1.0 + math.exp(-2.0))
    assert float(SupportDecoder.loss(logits, labels, mask, "squared")) == pytest.approx(0.25 * (0.25 + p * p))


def test_the_decoder_reads_context_and_pair_and_adds_the_offset():
    torch.manual_seed(0)
    decoder = SupportDecoder(K, Z, H)
    states, z = torch.randn(B, S, K), torch.randn(B, Z)
    plain = decoder(z, states, torch.zeros(B, 1))
    assert plain.shape == (B, S)
    assert torch.allclose(decoder(z, states, torch.full((B, 1), 0.7)), plain + 0.7)
    order = torch.randperm(S)
    assert torch.allclose(decoder(z, states[:, order], torch.zeros(B, 1)), plain[:, order])
    assert not torch.allclose(decoder(z + 1.0, states, torch.zeros(B, 1)), plain, atol=1e-3)
