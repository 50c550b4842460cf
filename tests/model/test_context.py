import pytest
import torch

from metabam.errors import ConfigError
from metabam.model.context import ContextEncoder, ContextPosterior, LearnedPrior, kl_between

S, K, Z, B, H = 7, 11, 2, 5, 17
FORMS = ("bayes", "deepset", "set_transformer")


def _encoder(form):
    torch.manual_seed(0)
    encoder = ContextEncoder(form, K, Z, H).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return encoder


def _support(size=S, seed=1):
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(B, size, K, generator=generator, dtype=torch.float64)
    labels = (torch.rand(B, size, generator=generator) < 0.5).double()
    logits = torch.randn(B, size, generator=generator, dtype=torch.float64)
    return states, labels, logits, torch.ones(B, size, dtype=torch.float64)


@pytest.mark.parametrize("form", FORMS)
def test_no_support_is_the_prior(form):
    posterior = _encoder(form)(*_support(0))
    assert torch.equal(posterior.mean, torch.zeros(B, Z, dtype=torch.float64))
    assert torch.allclose(posterior.covariance, torch.eye(Z, dtype=torch.float64).expand(B, Z, Z))
    assert torch.allclose(posterior.kl_to_prior(), torch.zeros(B, Z, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_order_does_not_matter_and_padding_is_ignored(form):
    encoder = _encoder(form)
    support = _support()
    whole = encoder(*support)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    shuffled = encoder(*(part[:, order] for part in support))
    assert torch.allclose(whole.mean, shuffled.mean, atol=1e-10)
    assert torch.allclose(whole.covariance, shuffled.covariance, atol=1e-10)
    states, labels, logits, mask = support
    padded = encoder(
        torch.cat([states, 9.0 * torch.ones(B, 3, K, dtype=torch.float64)], 1),
        torch.cat([labels, torch.ones(B, 3, dtype=torch.float64)], 1),
        torch.cat([logits, torch.ones(B, 3, dtype=torch.float64)], 1),
        torch.cat([mask, torch.zeros(B, 3, dtype=torch.float64)], 1),
    )
    assert torch.allclose(whole.mean, padded.mean, atol=1e-10)
    assert not torch.allclose(whole.mean, encoder(states, 1.0 - labels, logits, mask).mean, atol=1e-2)


def test_bayes_is_the_newton_step_by_hand():
    encoder = ContextEncoder("bayes", 1, 1, H).double()
    inner = encoder.aggregate
    with torch.no_grad():
        inner.encode.fill_(2.0)
        inner.nuisance.fill_(-30.0)  # base rate known
    states = torch.tensor([[[1.0], [-0.5]]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    logits = torch.zeros(1, 2, dtype=torch.float64)
    posterior = encoder(states, labels, logits, torch.ones(1, 2, dtype=torch.float64))
    precision = 1.0 + 0.25 * (2.0**2 + 1.0**2)
    assert float(posterior.mean.detach()) == pytest.approx((0.5 * 2.0 + 0.5 * 1.0) / precision, rel=1e-9)
    assert float(posterior.std.detach()) == pytest.approx(precision**-0.5, rel=1e-9)


def test_bayes_never_grows_less_certain():
    encoder = _encoder("bayes")
    states, labels, logits, mask = _support()
    before = None
    for size in range(S + 1):
        part = encoder(states[:, :size], labels[:, :size], logits[:, :size], mask[:, :size])
        if before is not None:
            assert bool((part.std <= before + 1e-12).all())
        before = part.std


def test_kl_against_torch_distributions():
    torch.manual_seed(0)

    def gaussian():
        scale = torch.tril(0.3 * torch.randn(Z, Z, dtype=torch.float64)) + torch.eye(Z, dtype=torch.float64)
        return ContextPosterior(torch.randn(Z, dtype=torch.float64), scale)

    first, second = gaussian(), gaussian()
    as_torch = [
        torch.distributions.MultivariateNormal(item.mean, covariance_matrix=item.covariance) for item in (first, second)
    ]
    wanted = torch.distributions.kl_divergence(*as_torch)
    assert torch.allclose(kl_between(first, second), wanted)
    prior = ContextPosterior(torch.zeros(Z, dtype=torch.float64), torch.eye(Z, dtype=torch.float64))
    assert torch.allclose(first.kl_to_prior().sum(), kl_between(first, prior))


def test_unknown_form_is_refused():
    with pytest.raises(ConfigError, match="aggregation"):
        ContextEncoder("mean", K, Z, H)


def test_a_learned_prior_by_hand():
    """In one dimension, evidence of precision 3 and eta 2 about a prior N(1, 4)."""
    prior = LearnedPrior(1).double()
    prior.set_(torch.tensor([1.0]).double(), torch.tensor([[4.0]]).double())
    known = ContextPosterior(torch.tensor([[0.5]]).double(), torch.tensor([[[0.5]]]).double())
    found = prior.update(known)
    assert float(found.variance.detach()) == pytest.approx(1.0 / (0.25 + 3.0))
    assert float(found.mean.detach()) == pytest.approx(1.0 + 2.0 / 3.25)


@pytest.mark.parametrize("form", FORMS)
def test_a_learned_prior_is_exact_at_both_ends(form):
    """No support returns it, N(0, I) as the learned prior changes nothing, and the KL is taken against it."""
    encoder, prior = _encoder(form), LearnedPrior(Z).double()
    standard = encoder(*_support())
    same = prior.update(standard)
    assert torch.allclose(same.mean, standard.mean)
    assert torch.allclose(same.covariance, standard.covariance)
    mean, covariance = torch.tensor([0.3, -2.0]).double(), torch.tensor([[0.5, 0.2], [0.2, 3.0]]).double()
    prior.set_(mean, covariance)
    nothing = prior.update(encoder(*_support(0)))
    assert torch.allclose(nothing.mean, mean.expand(B, Z))
    assert torch.allclose(nothing.covariance, covariance.expand(B, Z, Z))
    some = prior.update(standard)
    whole = ContextPosterior(prior.gaussian().mean.expand(B, Z), prior.gaussian().scale.expand(B, Z, Z))
    assert torch.allclose(prior.whiten(some).kl_to_prior().sum(-1), kl_between(some, whole))
    assert torch.allclose(prior.whiten(nothing).kl_to_prior(), torch.zeros(B, Z).double(), atol=1e-10)
