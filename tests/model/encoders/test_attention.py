"""Attention on toys: rotations worked out by hand, masks that show who sees whom, gates and pools at their limits."""

import math

import pytest
import torch
from torch import nn

from metabam.model.encoders.attention import BoundedGate, ConditionedPool, RotaryAttention, rotate, summary
from metabam.model.encoders.crossing import CbatShape, CrossBlock, Tokens, near, who_sees_whom


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def changed(first, second):
    """Return the rows in which two (1, N, width) tensors differ."""
    return set(torch.nonzero((first - second).abs().amax(dim=2)[0] > 1e-6).flatten().tolist())


def test_a_pair_of_channels_turns_by_its_position_in_radians():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = rotate(x, torch.arange(3))
    expected = [[1, 0], [math.cos(1), math.sin(1)], [-math.sin(2), math.cos(2)]]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))


def test_the_second_pair_turns_more_slowly():
    found = rotate(torch.tensor([[0.0, 0.0, 1.0, 0.0]]), torch.tensor([5]), base=100.0)
    torch.testing.assert_close(found[0, 2:], torch.tensor([math.cos(0.5), math.sin(0.5)]))


@pytest.mark.parametrize("move", [1, 7, 23])
def test_products_depend_on_the_distance_alone(move):
    q, k = torch.randn(5, 6), torch.randn(5, 6)
    place = torch.arange(5)
    here = rotate(q, place) @ rotate(k, place).T
    there = rotate(q, place + move) @ rotate(k, place + move).T
    torch.testing.assert_close(here, there, atol=1e-5, rtol=0)
    torch.testing.assert_close(rotate(q, place).norm(dim=1), q.norm(dim=1))


def test_attention_reads_the_only_token_that_it_sees():
    layer = RotaryAttention(6, 3)
    x = torch.randn(1, 5, 6)
    visible = torch.zeros(1, 5, 5, dtype=torch.bool)
    visible[0, torch.arange(5), torch.tensor([4, 3, 2, 1, 0])] = True
    torch.testing.assert_close(layer(x, visible), layer.out(layer.value(x.flip(1))))


def test_asked_rows_are_the_rows_of_the_whole():
    layer = RotaryAttention(6, 3, column_bias=2.0)
    x, visible = torch.randn(2, 7, 6), torch.rand(2, 7, 7) < 0.7
    visible[:, :, 0] = True
    torch.testing.assert_close(layer(x, visible, slice(3, None)), layer(x, visible)[:, 3:])


def test_a_column_bias_draws_attention_and_never_cuts():
    """Equal keys; the bias of token 2 is +b, of the others -b: their weights are e^b and e^-b, all above 0."""
    layer = RotaryAttention(2, 1, column_bias=2.0)
    with torch.no_grad():
        layer.key.weight.zero_()
        layer.value.weight.copy_(torch.eye(2))
        layer.out.weight.copy_(torch.eye(2))
        layer.out.bias.zero_()
        layer.column.weight.copy_(torch.tensor([[1e6, 0.0]]))
    x = torch.tensor([[[-1.0, 0.0], [-1.0, 0.0], [1.0, 7.0]]])
    found = layer(x, torch.ones(1, 1, 3, dtype=torch.bool))
    share = math.exp(2) / (math.exp(2) + 2 * math.exp(-2))
    torch.testing.assert_close(found[0, :, 1], torch.full((3,), 7 * share))
    assert share < 1


def test_gates_are_born_half_open_and_never_close():
    gate = BoundedGate(5, 3)
    torch.testing.assert_close(gate(torch.randn(2, 5)), torch.full((2, 3), 0.5))
    with torch.no_grad():
        gate.linear.bias.copy_(torch.tensor([1e3, -1e3, 0.0]))
    low = 1 / (1 + math.exp(4))
    torch.testing.assert_close(gate(torch.zeros(1, 5))[0], torch.tensor([1 - low, low, 0.5]))


def test_pooling_asks_the_other_element_what_to_look_for():
    """One token per axis; the other element's summary points along an axis, and its token takes the weight."""
    pool = ConditionedPool(2, 2)
    with torch.no_grad():
        pool.key.weight.copy_(torch.eye(2))
        pool.query.weight.copy_(1e3 * torch.eye(2))
        pool.query.bias.zero_()
        pool.heat.weight.zero_()
        pool.heat.bias.fill_(-50.0)
    x = torch.eye(2)[None].repeat(2, 1, 1)
    found = pool(x, torch.ones(2, 2, dtype=torch.bool), torch.eye(2))
    torch.testing.assert_close(found, torch.eye(2))
    torch.testing.assert_close(pool.temperature(torch.eye(2)), torch.ones(2, 1))
    only_second = pool(x, torch.tensor([[False, True]] * 2), torch.eye(2))
    torch.testing.assert_close(only_second, torch.tensor([[0.0, 1.0]] * 2))


def test_a_summary_is_mean_and_maximum_of_what_is_known():
    x = torch.tensor([[[1.0, 4.0], [3.0, 2.0], [99.0, 99.0]]])
    found = summary(x, torch.tensor([[True, True, False]]))
    torch.testing.assert_close(found, torch.tensor([[2.0, 3.0, 3.0, 4.0]]))


# ------------------------------------------------------------------ who sees whom

N_P, ANCHORS, N_E = 5, 2, 3


def test_the_mask_written_out():
    """P = 2 tokens of which the second is padding, one anchor, E = 2 tokens: five rows by hand."""
    seen = who_sees_whom(torch.tensor([[True, False]]), torch.tensor([[True, True]]), 1)
    hidden_from_p = [True, False, True, True, True]
    hidden_from_e = [True, False, True, False, False]
    assert seen[0].tolist() == [hidden_from_p, hidden_from_p, hidden_from_p, hidden_from_e, hidden_from_e]


def test_a_window_hides_what_is_far_but_no_anchor():
    close = near(3, 1, 3, 1)
    assert close[0].tolist() == [True, True, False, True, False, False, False]
    assert close[6].tolist() == [False, False, False, True, False, True, True]


def tokens(n):
    return Tokens(torch.randn(1, n, 4), torch.ones(1, n, dtype=torch.bool))


def test_a_changed_enhancer_token_is_seen_by_the_promoter_and_the_anchors_but_by_no_enhancer_token():
    layer = RotaryAttention(4, 2, column_bias=1.0)
    x = torch.randn(1, N_P + ANCHORS + N_E, 4)
    seen = who_sees_whom(torch.ones(1, N_P, dtype=torch.bool), torch.ones(1, N_E, dtype=torch.bool), ANCHORS)
    other = x.clone()
    at = N_P + ANCHORS + 1
    other[0, at] += 1.0
    assert changed(layer(x, seen), layer(other, seen)) == {*range(N_P + ANCHORS), at}


def test_a_changed_padding_token_is_seen_by_nobody():
    layer = RotaryAttention(4, 2)
    known = torch.tensor([[True, True, False, True, True]])
    x = torch.randn(1, N_P + ANCHORS + N_E, 4)
    seen = who_sees_whom(known, torch.ones(1, N_E, dtype=torch.bool), ANCHORS)
    other = x.clone()
    other[0, 2] += 1.0
    assert changed(layer(x, seen), layer(other, seen)) == {2}


def block(kernels=(1,)):
    return CrossBlock(CbatShape(7, 5, 4, 2, ANCHORS, 8, 1, 128, kernels, 2, 1.0))


def test_every_enhancer_token_reads_the_anchors_even_where_nothing_else_is_left_to_see():
    """A promoter of one known token: what the block adds can only come from it and the anchors made of it."""
    layer = block()
    with torch.no_grad():
        layer.cross.value.weight.copy_(torch.eye(4))
    own, other = tokens(N_E), tokens(N_P)
    other = other._replace(known=torch.tensor([[True] + [False] * (N_P - 1)]))
    moved = other._replace(x=other.x + torch.tensor([1.0, -1.0, 0.5, 0.0])[None, None])
    assert changed(layer(own, other), layer(own, moved)) == set(range(N_E))
    with torch.no_grad():
        seen = who_sees_whom(torch.zeros(1, N_P, dtype=torch.bool), own.known, ANCHORS)
        x = torch.cat([other.x, layer.anchored(other), own.x], dim=1)
        turned = x.clone()
        turned[0, N_P] += 1.0
        rows = slice(N_P + ANCHORS, None)
        assert changed(layer.cross(x, seen, rows), layer.cross(turned, seen, rows)) == set(range(N_E))


def test_convolutions_stay_on_their_side_of_the_boundary():
    layer = block(kernels=(3,))
    own = tokens(7)
    other = own.x.clone()
    other[0, 3] += 1.0
    assert changed(layer.convolved(own.x, own.known), layer.convolved(other, own.known)) == {2, 3, 4}


def test_one_kernel_does_what_the_parallel_convolutions_do():
    layer = block(kernels=(3, 5, 1))
    x = torch.randn(2, 7, 4)
    parts = [
        nn.functional.conv1d(x.transpose(1, 2), one.weight, one.bias, padding="same", groups=4)
        for one in layer.convolutions
    ]
    expected = nn.functional.gelu(layer.fuse(sum(parts).transpose(1, 2)))
    torch.testing.assert_close(layer.convolved(x, torch.ones(2, 7, dtype=torch.bool)), expected)


def test_padding_changes_no_known_row_of_a_block():
    layer = block(kernels=(3, 5))
    own, other = tokens(N_E), tokens(N_P)
    other = other._replace(known=torch.tensor([[True, True, True, False, False]]))
    moved = other._replace(x=other.x.clone())
    moved.x[0, 3:] += 5.0
    assert changed(layer(own, other), layer(own, moved)) == set()
