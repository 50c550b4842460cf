"""Six ways of mixing: each by hand, each silent at birth, and only the scan cares for the order of the atoms."""

import math
import typing

import pytest
import torch

from metabam.config import ModelConfig
from metabam.model.heads import MechanismReadout
from metabam.model.mixes import MIXES, LogicMix, count_parameters, make_mix, mix_parameters, reorder_
from metabam.model.unfold import MechanismUnfolding

B, Q, K, T, R = 2, 5, 11, 3, 3
NAMES = tuple(MIXES)


def grown(name, n_atoms=K, rank=R, seed=1):
    """Return a mix whose every number is random, as after training."""
    torch.manual_seed(seed)
    mix = make_mix(name, n_atoms, rank)
    with torch.no_grad():
        for parameter in mix.parameters():
            parameter.normal_(std=0.7)
    return mix


def inputs(n_atoms=K, seed=0):
    torch.manual_seed(seed)
    states, gates = torch.randn(B, Q, n_atoms), torch.rand(B, 1, n_atoms) * 2 - 1
    return states, states * gates, gates


def set_(parameter, values):
    with torch.no_grad():
        parameter.copy_(torch.tensor(values))


def test_the_settings_name_all_six():
    assert typing.get_args(ModelConfig.model_fields["mix"].annotation) == NAMES
    assert len(NAMES) == 6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("per_step", [False, True])
def test_the_read_out_starts_as_the_gated_path(name, per_step):
    torch.manual_seed(0)
    states, alpha = torch.randn(B, Q, K), torch.rand(B, K) * 2 - 1
    gates = torch.rand(T, B, K) if per_step else None
    trace = MechanismUnfolding(K, R, T, mix=name)(states, alpha, per_step=gates)
    assert len(trace) == T + 1
    assert torch.equal(trace[-1], states)
    readout = MechanismReadout(K)
    gated = (states * (readout.weight * alpha).unsqueeze(-2)).sum(-1) + readout.base
    assert torch.allclose(readout(trace[-1], alpha), gated, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_born_silent_and_able_to_learn(name):
    torch.manual_seed(0)
    mix, (states, gated, gates) = make_mix(name, K, R), inputs()
    change = mix(states, gated, gates)
    assert change.shape == (B, Q, K)
    assert torch.equal(change, torch.zeros_like(change))
    (change - torch.randn(B, Q, K)).square().sum().backward()
    assert any(parameter.grad is not None and bool(parameter.grad.abs().max() > 0) for parameter in mix.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_closed_gates_let_nothing_through(name):
    mix, (states, _, gates) = grown(name), inputs()
    silent = mix(states, torch.zeros_like(states), torch.zeros_like(gates))
    assert torch.allclose(silent, torch.zeros_like(silent), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_scan_depends_on_the_order_of_the_atoms(name):
    """Atoms shuffled together with everything that belongs to them: the answer is the same, shuffled. Not for ssm."""
    mix, (states, gated, gates) = grown(name), inputs()
    order = torch.randperm(K, generator=torch.Generator().manual_seed(3))
    before = mix(states, gated, gates)[..., order]
    reorder_(mix, order)
    after = mix(states[..., order], gated[..., order], gates[..., order])
    difference = float((after - before).detach().abs().max() / before.detach().abs().max())
    if name == "ssm":
        assert difference > 0.05
    else:
        assert difference < 1e-5


def test_reordering_twice_is_undone_by_the_inverse():
    mix, order = grown("attention"), torch.randperm(K, generator=torch.Generator().manual_seed(5))
    before = {name: value.clone() for name, value in mix.state_dict().items()}
    reorder_(mix, order)
    assert not torch.equal(mix.query, before["query"])
    reorder_(mix, order.argsort())
    assert all(torch.equal(value, before[name]) for name, value in mix.state_dict().items())


def test_logic_by_hand():
    """Atom 1 waits for both atoms (W = [1, 1]); its gate is -1: 2 (2 sigma(-(0.5 + 1)) - 1) = -2 tanh(0.75)."""
    mix = LogicMix(2, 1)
    set_(mix.weight, [[0.0, 0.0], [1.0, 1.0]])
    set_(mix.scale, [1.0, 2.0])
    states, gates = torch.tensor([[0.5, 1.0]]), torch.tensor([[1.0, -1.0]])
    assert torch.allclose(mix(states, states * gates, gates), torch.tensor([[0.0, -2.0 * math.tanh(0.75)]]))


def test_perceptron_and_gated_linear_unit_by_hand():
    mix = make_mix("mlp", 2, 1)  # four hidden units, one used
    set_(mix.inner, [[3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    set_(mix.out, [[0.0, 2.0]] + [[0.0, 0.0]] * 3)
    states, gates = torch.tensor([[1.0, 7.0]]), torch.tensor([[0.5, 0.0]])
    gelu = 1.5 * 0.5 * (1.0 + math.erf(1.5 / 2**0.5))
    assert torch.allclose(mix(states, states * gates, gates), torch.tensor([[0.0, 2.0 * gelu]]))
    unit = make_mix("gating", 2, 1)
    set_(unit.door, [[0.0], [math.log(3.0) / 7.0]])  # reads atom 1 without its gate: sigma(log 3) = 3/4
    set_(unit.value, [[4.0], [0.0]])
    set_(unit.out, [[0.0, 5.0]])
    assert torch.allclose(unit(states, states * gates, gates), torch.tensor([[0.0, 0.75 * 2.0 * 5.0]]))


def test_attention_by_hand():
    """Likeness is 0: both atoms share equally, each hears the mean of the gated values."""
    mix = make_mix("attention", 2, 1)
    set_(mix.query, [[0.0], [0.0]])
    set_(mix.value, [[1.0], [1.0]])
    set_(mix.out, [[1.0], [-1.0]])
    states, gates = torch.tensor([[2.0, 6.0]]), torch.tensor([[1.0, 0.5]])
    assert torch.allclose(mix(states, states * gates, gates), torch.tensor([[2.5, -2.5]]))
    set_(mix.query, [[20.0], [0.0]])
    set_(mix.key, [[0.0], [1.0]])  # atom 0 now hears atom 1 alone
    assert torch.allclose(mix(states, states * gates, gates), torch.tensor([[3.0, -2.5]]))


def test_scan_by_hand():
    """One state, softplus(d) = 1, rate log 2: s_0 = 3, s_1 = 3 / 2 + 4; the first atom hears nothing of the second."""
    mix = make_mix("ssm", 2, 1)
    set_(mix.rate, [math.log(math.log(2.0))])
    set_(mix.step, [math.log(math.e - 1.0)] * 2)
    set_(mix.inward, [[1.0], [2.0]])
    set_(mix.out, [[1.0], [1.0]])
    states, gates = torch.tensor([[3.0, 2.0]]), torch.tensor([[1.0, 1.0]])
    assert torch.allclose(mix(states, states, gates), torch.tensor([[3.0, 5.5]]))


def test_selection_lets_a_strong_input_erase_the_past():
    mix = make_mix("ssm", 2, 1)
    set_(mix.inward, [[1.0], [0.0]])
    set_(mix.out, [[0.0], [1.0]])
    set_(mix.step_slope, [0.0, 200.0])
    gates = torch.ones(1, 2)
    weak, strong = torch.tensor([[3.0, -1.0]]), torch.tensor([[3.0, 1.0]])
    assert float(mix(weak, weak, gates)[0, 1].detach()) == pytest.approx(3.0 * math.log(2.0), rel=1e-4)
    assert abs(float(mix(strong, strong, gates)[0, 1].detach())) < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_literal_form_works_with_every_mix(name):
    torch.manual_seed(0)
    unfold = MechanismUnfolding(K, R, T, "literal", name)
    unfold.mix.load_state_dict(grown(name).state_dict())
    last = unfold(torch.randn(Q, K), torch.rand(K))[-1]
    assert torch.allclose(last.mean(-1), torch.zeros(Q), atol=1e-5)
    assert torch.allclose(last.var(-1, unbiased=False), torch.ones(Q), atol=1e-3)


def test_gates_of_a_step_act_in_that_step_alone():
    unfold = MechanismUnfolding(2, 1, 2, mix="gating")
    set_(unfold.mix.value, [[1.0], [0.0]])
    set_(unfold.mix.out, [[0.0, 2.0]])
    set_(unfold.mix.door, [[0.0], [0.0]])  # sigma(0) = 1/2: each open step adds 1/2 * h_0 * 2 / T to atom 1
    states, alpha = torch.tensor([[3.0, 0.0]]), torch.tensor([1.0, 1.0])
    trace = unfold(states, alpha, per_step=torch.tensor([[0.0, 1.0], [1.0, 1.0]]))
    assert torch.equal(trace[1], states)
    assert torch.allclose(trace[2], torch.tensor([[3.0, 1.5]]))
    assert torch.allclose(unfold(states, alpha)[2], torch.tensor([[3.0, 3.0]]))


def test_parameters_are_counted():
    found = mix_parameters(K, R)
    assert found == {
        "bilinear": 3 * K * R,
        "mlp": 2 * K * 4 * R + 4 * R,
        "logic": K * K + K,
        "attention": 4 * K * R,
        "ssm": R + 2 * K + 3 * K * R,
        "gating": 3 * K * R + R,
    }
    assert count_parameters(torch.nn.Linear(K, R)) == K * R + R
