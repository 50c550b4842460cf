"""Each named system of the expert framework against an answer that can be worked out by hand."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
import torch
from torch import nn

from metabam.config import ExpertConfig
from metabam.model.expert.decoupling import Halves, SparseDecoupling, sparse_features
from metabam.model.expert.latent import LatentHead, total_correlation
from metabam.model.expert.maml import FastWeights, MamlStep, one_step
from metabam.model.expert.network import ExpertNetwork
from metabam.model.expert.penalty import gradient_penalty, penalty_weight, unit_projection
from metabam.model.expert.pooling import AttentionPooling, attend
from metabam.model.expert.prototypes import PrototypeHead
from metabam.model.expert.terms import ExpertTerms
from metabam.model.expert.theta import ROWS, Theta, ThetaDecoder
from metabam.model.expert.transform import Film, FilmTransform, GatedTransform, modulate

D, WIDTH, N, S, B = 13, 22, 7, 5, 3
HALF = WIDTH // 2


def theta_of(**rows: list[float]) -> Theta:
    """Return Theta_C of width 2 with the rows that are named, the others zero."""
    return Theta(torch.tensor([rows.get(name, [0.0, 0.0]) for name in ROWS]))


# ------------------------------------------------------------------ pooling and Theta_C


@pytest.mark.parametrize("twice", [False, True])
def test_attention_weighs_by_the_inner_product(twice):
    query = torch.tensor([math.log(3.0) * math.sqrt(2.0), 0.0])
    keys = torch.tensor([[1.0, 0.0], [0.0, 5.0], [9.0, 9.0]])
    values = torch.tensor([[4.0, 0.0], [0.0, 8.0], [100.0, 100.0]])
    pooled = attend(query, keys, values, torch.tensor([1.0, 1.0, 0.0]), twice=twice)
    assert pooled.tolist() == pytest.approx([3.0, 2.0])  # weights 3/4 and 1/4, the masked pair nowhere
    assert attend(query, keys, values, torch.zeros(3), twice=twice).tolist() == [0.0, 0.0]


def test_pooling_forgets_the_order_and_the_padding():
    torch.manual_seed(0)
    pool = AttentionPooling(WIDTH)
    lifted, order = torch.randn(B, N, WIDTH), torch.randperm(N)
    padded = torch.cat([lifted[:, order], torch.full((B, 2, WIDTH), 50.0)], dim=1)
    mask = torch.cat([torch.ones(B, N), torch.zeros(B, 2)], dim=1)
    torch.testing.assert_close(pool(padded, mask), pool(lifted, torch.ones(B, N)))


def test_theta_has_five_rows_and_moves_with_the_number_of_pairs():
    torch.manual_seed(0)
    decoder = ThetaDecoder(WIDTH)
    pooled = torch.randn(B, WIDTH)
    born = decoder(pooled, torch.ones(B, 8))
    assert born.rows.shape == (B, 5, WIDTH)
    assert torch.equal(born.rows, decoder.base.expand(B, -1, -1))  # one model for all lines at birth
    with torch.no_grad():
        decoder.decode[2].bias.copy_(torch.arange(5.0).repeat_interleave(WIDTH))
    moved = decoder(pooled, torch.ones(B, 8)).rows - decoder.base
    for at, name in enumerate(ROWS):  # 8 of 8 + 8: half of the decoded row
        torch.testing.assert_close(moved[:, at], torch.full((B, WIDTH), at / 2.0))
        assert torch.equal(decoder(pooled, torch.ones(B, 8)).row(name)[:, 0], (moved + decoder.base)[:, at])
    assert torch.equal(decoder(pooled, torch.zeros(B, 8)).rows, decoder.base.expand(B, -1, -1))


def test_theta_attention_decides_what_the_second_look_pools():
    torch.manual_seed(0)
    network = ExpertNetwork(ExpertConfig(width=WIDTH), D)
    lifted, mask = network.lift(torch.randn(N, D)), torch.ones(N)
    before = network.read_context(lifted, mask)
    with torch.no_grad():
        network.theta.base[ROWS.index("attention")].mul_(-3.0)
    after = network.read_context(lifted, mask)
    assert not torch.allclose(before.pooled, after.pooled)
    with torch.no_grad():
        network.theta.base[ROWS.index("attention")].zero_()
    flat = network.read_context(lifted, mask)
    torch.testing.assert_close(flat.pooled, network.pooling.value(lifted).mean(0))


# ------------------------------------------------------------------ decoupling and transform


def decoupling() -> SparseDecoupling:
    """Return W_c = (1 2), W_s = (3 -1) and U = V = identity."""
    part = SparseDecoupling(2)
    with torch.no_grad():
        part.common.weight.copy_(torch.tensor([[1.0, 2.0]]))
        part.specific.weight.copy_(torch.tensor([[3.0, -1.0]]))
        part.first.weight.copy_(torch.eye(2))
        part.second.weight.copy_(torch.eye(2))
    return part


def test_decoupling_by_hand():
    part = decoupling()
    assert part.orthogonality().item() == pytest.approx((1 * 3 - 2 * 1) ** 2)
    assert part.sparse_weights().item() == pytest.approx(4.0)
    h = torch.tensor([[1.0, 2.0]])
    plain = part(h, theta_of())
    assert (plain.common.item(), plain.specific.item()) == (5.0, 1.0)
    rows = part(h, theta_of(common=[1.0, 0.0], specific=[0.0, -1.0]))
    assert (rows.common.item(), rows.specific.item()) == (1 * 2 + 2 * 2, 3 * 1 - 0)
    met = part(h, theta_of(interaction=[1.0, 0.5]))  # h + theta * h * h = (2, 4)
    assert (met.common.item(), met.specific.item()) == (10.0, 2.0)


def test_orthogonal_maps_cost_nothing():
    part = SparseDecoupling(4)
    with torch.no_grad():
        part.common.weight.copy_(torch.eye(4)[:2])
        part.specific.weight.copy_(torch.eye(4)[2:])
    assert part.orthogonality().item() == 0.0


def test_sparse_features_leave_the_padding_out():
    specific = torch.tensor([[[1.0, -2.0], [0.5, 0.0], [70.0, 70.0]]])
    assert sparse_features(specific, torch.tensor([[1.0, 1.0, 0.0]])).item() == pytest.approx(1.75)


def test_film_by_hand():
    halves = Halves(torch.tensor([[1.0, 2.0]]), torch.tensor([[-1.0, 0.5]]))
    film = Film(torch.tensor([2.0, 3.0]), torch.tensor([1.0, -1.0]))
    assert modulate(halves, film).tolist() == [[3.0, 5.0, -1.0, 0.5]]


def test_film_is_decoded_from_context_and_gate_row():
    transform = FilmTransform(2)
    context, theta = torch.tensor([2.0, 3.0]), theta_of(gate=[5.0, 7.0])
    born = transform.film(context, theta)
    assert (born.gamma.tolist(), born.beta.tolist()) == ([1.0], [0.0])
    with torch.no_grad():
        transform.decode.weight.copy_(torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]))
    film = transform.film(context, theta)
    assert (film.gamma.item(), film.beta.item()) == (1.0 + 2.0 + 7.0, 3.0 + 5.0)


def test_gate_shares_a_pair_out_between_the_halves():
    transform = GatedTransform(2)
    with torch.no_grad():
        transform.gate.weight.copy_(torch.tensor([[0.0, 0.0, 1.0, 0.0]]))
        transform.gate.bias.zero_()
    halves = Halves(torch.tensor([[4.0]]), torch.tensor([[8.0]]))
    shared = transform(torch.zeros(1, 2), halves, theta_of(gate=[math.log(3.0), 0.0]))
    assert (shared.common.item(), shared.specific.item()) == (pytest.approx(3.0), pytest.approx(2.0))
    film = transform.film(torch.zeros(2), theta_of())
    assert (film.gamma.tolist(), film.beta.tolist()) == ([1.0], [0.0])


# ------------------------------------------------------------------ prototypes


def head() -> PrototypeHead:
    """Return prototypes (0, 0) and (2, 0), kappa = (1, 3), t = 2, b = -1, spread 6 and 12."""
    part = PrototypeHead(2)
    with torch.no_grad():
        part.prototypes.copy_(torch.tensor([[0.0, 0.0], [2.0, 0.0]]))
        part.log_strength.copy_(torch.tensor([1.0, 3.0]).log())
        part.log_temperature.fill_(math.log(2.0))
        part.bias.fill_(-1.0)
        part.spread.copy_(torch.tensor([[6.0, 6.0], [12.0, 12.0]]))
    return part


def test_prototypes_by_hand():
    features = torch.tensor([[4.0, 4.0], [6.0, 0.0], [1.0, 1.0]])
    found, variance = head().adapt(features, torch.tensor([1.0, 1.0, 0.0]), torch.ones(3))
    # class 0: (1 * 0 + 1) / 2, (3 * 0 + 1) / 4; class 1: (1 * 2 + 10) / 3, (3 * 0 + 4) / 5
    torch.testing.assert_close(found, torch.tensor([[0.5, 0.25], [4.0, 0.8]]))
    torch.testing.assert_close(variance, torch.tensor([[3.0, 1.5], [4.0, 2.4]]))


def test_without_a_support_the_prototypes_are_the_training_lines():
    part = head()
    found, variance = part.adapt(torch.full((S, 2), 9.0), torch.ones(S), torch.zeros(S))
    assert torch.equal(found, part.prototypes)
    torch.testing.assert_close(variance, part.spread / torch.tensor([1.0, 3.0]))


def test_readout_is_the_difference_of_the_distances():
    part, features = head(), torch.tensor([[4.0, 4.0], [-1.0, 0.0]])
    logits = part.readout(part.prototypes).logits(features)
    # t (|F|^2 - |F - (2, 0)|^2) / 2 + b: 2 (32 - 20) / 2 - 1 and 2 (1 - 9) / 2 - 1
    assert logits.tolist() == pytest.approx([11.0, -9.0])


def test_interval_variance_by_hand():
    part = head()
    variance = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = part.logit_variance(torch.tensor([[1.0, 1.0]]), part.prototypes, variance)
    assert found.item() == pytest.approx(4.0 * ((1 * 1 + 1 * 2) + (1 * 3 + 1 * 4)))
    part.interval_scale.fill_(3.0)
    again = part.logit_variance(torch.tensor([[1.0, 1.0]]), part.prototypes, variance)
    assert again.item() == pytest.approx(9.0 * found.item())


# ------------------------------------------------------------------ MAML


class Fast(NamedTuple):
    """One fast weight."""

    weight: torch.Tensor


def quadratic(fast: Fast) -> torch.Tensor:
    return (fast.weight - 1.0) ** 2


@pytest.mark.parametrize("second_order", [True, False])
def test_one_step_on_a_quadratic_and_its_outer_gradient(second_order):
    start, rate = torch.tensor(3.0, requires_grad=True), torch.tensor(0.1, requires_grad=True)
    moved = one_step(quadratic, Fast(start), (rate,), second_order=second_order).weight
    assert moved.item() == pytest.approx(3.0 - 0.1 * 4.0)
    by_start, by_rate = torch.autograd.grad((moved - 1.0) ** 2, (start, rate))
    through = 1.0 - 0.1 * 2.0 if second_order else 1.0  # d moved / d start
    assert by_start.item() == pytest.approx(2 * 1.6 * through)
    assert by_rate.item() == pytest.approx(2 * 1.6 * -4.0)


def test_maml_step_on_logistic_regression():
    """One positive pair F = (2 | 1) at logit 0: the residual is -1/2, so every gradient is known."""
    step = MamlStep(0.5, strength=1.0)
    fast = FastWeights(
        torch.ones(1, 1), torch.zeros(1, 1), torch.tensor([[1.0, -2.0]]), torch.zeros(1)
    )  # 1 * 2 - 2 * 1 = 0
    halves = Halves(torch.tensor([[[2.0], [70.0]]]), torch.tensor([[[1.0], [70.0]]]))
    labels, mask = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    moved = step(fast, halves, labels, mask, torch.zeros(1))
    pace = 0.5 / (1.0 + 1.0) * 0.5  # rate / (kappa + S) * residual
    assert moved.weight[0].tolist() == pytest.approx([1.0 + pace * 2.0, -2.0 + pace * 1.0])
    assert moved.bias.item() == pytest.approx(pace)
    assert moved.gamma.item() == pytest.approx(1.0 + pace * (1.0 * 2.0 - 2.0 * 1.0))
    assert moved.beta.item() == pytest.approx(pace * (1.0 - 2.0))
    shifted = step(fast, halves, labels, mask, torch.tensor([math.log(3.0)]))  # expected anyway with odds of 3
    assert shifted.bias.item() == pytest.approx(0.5 / 2.0 * 0.25)
    still = step(fast, halves, labels, torch.zeros(1, 2), torch.zeros(1))
    assert all(torch.equal(new, old) for new, old in zip(still, fast, strict=True))


def test_maml_on_many_tasks_is_maml_on_each():
    torch.manual_seed(0)
    step = MamlStep(0.3)
    fast = FastWeights(torch.randn(B, HALF), torch.randn(B, HALF), torch.randn(B, WIDTH), torch.randn(B))
    halves = Halves(torch.randn(B, S, HALF), torch.randn(B, S, HALF))
    labels, mask, offset = (torch.rand(B, S) < 0.5).float(), torch.ones(B, S), torch.randn(B)
    together = step(fast, halves, labels, mask, offset)
    for at in range(B):
        one = slice(at, at + 1)
        part = Halves(halves.common[one], halves.specific[one])
        alone = step(FastWeights(*(value[one] for value in fast)), part, labels[one], mask[one], offset[one])
        for whole, single in zip(together, alone, strict=True):
            torch.testing.assert_close(whole[one], single)


# ------------------------------------------------------------------ gradient penalty


def test_gradient_penalty_of_a_linear_map():
    weight = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]], requires_grad=True)
    projection = torch.tensor([3.0, -1.0])
    found = gradient_penalty(lambda x: x @ weight.T, torch.randn(N, 3), projection)
    assert found.item() == pytest.approx(3.0**2 + 5.0**2 + 1.0**2)  # |W^T r|^2, r^T W = (3, 5, 1)
    (slope,) = torch.autograd.grad(found, weight)
    torch.testing.assert_close(slope, 2.0 * torch.outer(projection, torch.tensor([3.0, 5.0, 1.0])))


def test_gradient_penalty_goes_through_the_attention_twice():
    torch.manual_seed(0)
    network = ExpertNetwork(ExpertConfig(width=WIDTH), D).double()
    with torch.no_grad():
        network.theta.decode[2].weight.normal_(0.0, 0.3)
    features, mask = torch.randn(N, D, dtype=torch.float64), torch.ones(N, dtype=torch.float64)
    projection = unit_projection(HALF, torch.Generator().manual_seed(1)).double()

    def penalty() -> torch.Tensor:
        return gradient_penalty(lambda x: network.common_of(x, mask), features, projection)

    (slope,) = torch.autograd.grad(penalty(), network.pooling.key.weight)
    assert slope.abs().max() > 0
    at = divmod(int(slope.abs().argmax()), WIDTH)
    step = 1e-5
    values = []
    for sign in (1.0, -1.0):
        with torch.no_grad():
            network.pooling.key.weight[at] += sign * step
        values.append(penalty().item())
        with torch.no_grad():
            network.pooling.key.weight[at] -= sign * step
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope[at].item(), rel=1e-4)


def test_projection_has_length_one_and_the_lazy_weight_the_same_mean():
    assert unit_projection(HALF, torch.Generator().manual_seed(2)).norm().item() == pytest.approx(1.0)
    weights = [penalty_weight(0.5, step, 16) for step in range(1, 33)]
    assert [step for step, weight in enumerate(weights, 1) if weight] == [16, 32]
    assert sum(weights) / 32 == pytest.approx(0.5)
    assert [penalty_weight(0.5, step, 1) for step in (1, 2, 3)] == [0.5, 0.5, 0.5]
    assert penalty_weight(0.0, 16, 16) == 0.0


# ------------------------------------------------------------------ decoupling heads


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.9])
def test_total_correlation_has_the_closed_form(correlation):
    first = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
    second = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    mixed = correlation * first + math.sqrt(1.0 - correlation**2) * second
    codes = torch.stack([first, 7.0 * mixed + 3.0], dim=1)
    assert total_correlation(codes).item() == pytest.approx(-0.5 * math.log(1.0 - correlation**2), abs=1e-5)


def test_total_correlation_of_odd_codes():
    first = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
    assert total_correlation(torch.stack([first, torch.ones(4, dtype=torch.float64)], 1)).item() == pytest.approx(0.0)
    twins = total_correlation(torch.stack([first, first], 1)).item()
    assert 5.0 < twins < 10.0


def test_latent_head_by_hand():
    part = LatentHead(WIDTH, 2, D)
    for parameter in part.parameters():
        nn.init.zeros_(parameter)
    features = torch.full((N, D), 2.0)
    found = part(torch.randn(N, WIDTH), features, torch.Generator().manual_seed(0))
    assert found.reconstruction.item() == pytest.approx(0.5 * 4.0 * D)
    assert found.kl.item() == 0.0
    with torch.no_grad():
        part.encode.bias.copy_(torch.tensor([1.0, 3.0, math.log(2.0), 0.0]))
    found = part(torch.randn(N, WIDTH), features, torch.Generator().manual_seed(0))
    assert found.kl.item() == pytest.approx(0.5 * (1 + 9 + (4 - 1)) - math.log(2.0), rel=1e-5)


def test_terms_add_up():
    values = [torch.tensor(2.0**power) for power in range(8)]
    terms = ExpertTerms(*values)
    assert terms.total.item() == 255.0
    assert list(terms.named()) == [*ExpertTerms.__slots__, "total"]
