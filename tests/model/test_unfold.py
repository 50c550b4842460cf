import pytest
import torch

from metabam.errors import ConfigError
from metabam.model.gate import SpectrumGate
from metabam.model.heads import MechanismReadout
from metabam.model.unfold import LowRankPair, MechanismUnfolding, PairModulation

Q, K, Z, T, R = 5, 11, 2, 3, 4


def test_unfolding_at_birth_is_the_gated_path():
    torch.manual_seed(0)
    states, alpha = torch.randn(Q, K), torch.rand(K) * 2 - 1
    unfold, readout = MechanismUnfolding(K, R, T), MechanismReadout(K)
    trace = unfold(states, alpha)
    assert len(trace) == T + 1
    assert all(torch.equal(state, states) for state in trace)
    gated = (states * (readout.weight * alpha)).sum(-1) + readout.base
    assert torch.allclose(readout(trace[-1], alpha), gated, atol=1e-5)


def test_one_residual_step_by_hand():
    unfold = MechanismUnfolding(2, 1, 2)
    with torch.no_grad():
        unfold.mix.left.copy_(torch.tensor([[1.0], [0.0]]))
        unfold.mix.right.copy_(torch.tensor([[0.0], [1.0]]))
        unfold.mix.out.copy_(torch.tensor([[0.0, -4.0]]))
    states, alpha = torch.tensor([[1.0, 0.5]]), torch.tensor([1.0, 0.5])
    first = unfold(states, alpha, steps=1)[-1]
    # left reads h_0 = 1, right reads alpha_1 h_1 = 0.25; -4 * 0.25 / T (= 2) lands on atom 1
    assert torch.allclose(first, torch.tensor([[1.0, 0.5 - 0.5]]))


def test_steps_are_bounded_and_each_has_a_tap():
    unfold = MechanismUnfolding(K, R, T)
    assert len(unfold.taps) == T
    assert len(unfold(torch.zeros(Q, K), torch.zeros(K), steps=0)) == 1
    for steps in (-1, T + 1):
        with pytest.raises(ConfigError, match="unfold-steps"):
            unfold(torch.zeros(Q, K), torch.zeros(K), steps=steps)


def test_literal_form_is_normalised():
    torch.manual_seed(0)
    unfold = MechanismUnfolding(K, R, T, "literal")
    last = unfold(torch.randn(Q, K), torch.rand(K))[-1]
    assert torch.allclose(last.mean(-1), torch.zeros(Q), atol=1e-5)
    assert torch.allclose(last.var(-1, unbiased=False), torch.ones(Q), atol=1e-3)


def test_low_rank_pair_is_born_silent_and_bilinear():
    torch.manual_seed(0)
    pair, x, y = LowRankPair(K, R), torch.randn(Q, K), torch.randn(Q, K)
    assert torch.equal(pair(x, y), torch.zeros(Q, K))
    with torch.no_grad():
        pair.out.normal_()
    assert torch.allclose(pair(2 * x, 3 * y), 6 * pair(x, y), rtol=1e-4, atol=1e-4)


def test_modulation_silences_and_spares_the_diagonal():
    modulate = PairModulation(3)
    with torch.no_grad():
        modulate.matrix.fill_(5.0)
        modulate.matrix[:] = torch.diag(torch.tensor([5.0, 5.0, 5.0]))
        modulate.matrix[0, 1] = -2.0  # mechanism 0 silences mechanism 1
    present_both = modulate(torch.tensor([1.0, 1.0, -1.0]))
    only_second = modulate(torch.tensor([-1.0, 1.0, -1.0]))
    assert torch.equal(present_both, torch.tensor([1.0, -1.0, -1.0]))
    assert torch.equal(only_second, torch.tensor([-1.0, 1.0, -1.0]))


def test_gate_is_bounded_and_starts_linear_in_context():
    torch.manual_seed(0)
    gate = SpectrumGate(Z, K, 7)
    with torch.no_grad():
        gate.skip.normal_()
        gate.bias.normal_()
    context = 50.0 * torch.randn(Q, Z)
    alpha = gate(context)
    assert alpha.shape == (Q, K)
    assert bool((alpha.abs() <= 1.0).all())
    small = torch.randn(Q, Z)
    assert torch.allclose(gate(small), torch.tanh(gate.bias + small @ gate.skip.T), atol=1e-6)


def test_readout_weights_are_never_negative():
    readout = MechanismReadout(K)
    wanted = torch.linspace(0.01, 6.0, K)
    readout.set_weight_(wanted)
    assert torch.allclose(readout.weight, wanted, rtol=1e-4)
    with torch.no_grad():
        readout.raw_weight.fill_(-30.0)
    assert bool((readout.weight >= 0).all())
