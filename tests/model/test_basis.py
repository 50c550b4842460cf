import numpy as np
import pytest
import torch

from metabam.model.basis import MechanismBasis

Q, K, D = 5, 11, 13


def test_dot_potentials_by_hand():
    basis = MechanismBasis(2, 3)
    with torch.no_grad():
        basis.atoms.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, -1.0]]))
        basis.threshold.copy_(torch.tensor([0.5, 0.0]))
        basis.gain.copy_(torch.tensor([0.0, np.log(3.0)]))
    potentials = basis.potentials(torch.tensor([[2.0, 1.0, 4.0]]))
    assert torch.allclose(potentials, torch.tensor([[1.5, 3.0 * (2.0 - 4.0)]]))


def test_cosine_is_blind_to_length_and_dot_is_not():
    torch.manual_seed(0)
    z = torch.randn(Q, D)
    cosine, dot = MechanismBasis(K, D, "cosine"), MechanismBasis(K, D, "dot")
    assert torch.allclose(cosine.potentials(z), cosine.potentials(7.0 * z), atol=1e-5)
    assert not torch.allclose(dot.potentials(z), dot.potentials(7.0 * z), atol=1e-1)
    assert float(cosine.potentials(cosine.atoms)[0, 0].detach()) == pytest.approx(D**0.5, rel=1e-5)


def test_shapes_and_swapped_axes():
    basis = MechanismBasis(K, D)
    assert basis.potentials(torch.zeros(Q, D)).shape == (Q, K)
    with pytest.raises(RuntimeError):
        basis.potentials(torch.zeros(D, Q))


def test_orthogonality_is_zero_for_axes_and_one_for_copies():
    basis = MechanismBasis(3, D)
    assert float(basis.orthogonality().detach()) == 0.0
    with torch.no_grad():
        basis.atoms.copy_(torch.ones(3, D))
    assert float(basis.orthogonality().detach()) == pytest.approx(1.0, abs=1e-6)


def test_turning_an_atom_round_negates_its_potential_exactly():
    torch.manual_seed(1)
    basis, z = MechanismBasis(K, D), torch.randn(Q, D)
    with torch.no_grad():
        basis.threshold.normal_()
    before = basis.potentials(z)
    sign = torch.ones(K)
    sign[3] = -1.0
    basis.flip_(sign)
    assert torch.equal(basis.potentials(z), before * sign)
