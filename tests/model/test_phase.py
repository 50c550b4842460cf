"""Rotating K atoms back is rotating every query: exactly, for dot and cosine; and what a rotation leaves alone."""

import pytest
import torch

from metabam.model.basis import MechanismBasis
from metabam.model.phase import PhaseRotation, rotate

B, Q, K, D, Z = 3, 5, 11, 13, 2


def turned(seed=0):
    torch.manual_seed(seed)
    rotation = PhaseRotation(Z, D, 7)
    with torch.no_grad():
        rotation.outer.weight.normal_(std=2.0)
    return rotation, torch.randn(B, Z)


def test_a_quarter_turn_by_hand():
    quarter = torch.tensor([torch.pi / 2, 0.0])
    found = rotate(torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]]), quarter)
    assert torch.allclose(found, torch.tensor([[-2.0, 1.0, 3.0, 4.0, 5.0]]), atol=1e-6)


def test_it_is_the_product_with_exp_i_theta():
    torch.manual_seed(0)
    z, angles = torch.randn(Q, 2 * Z), torch.randn(Z)
    complex_z = torch.view_as_complex(z.reshape(Q, Z, 2)) * torch.exp(1j * angles)
    assert torch.allclose(rotate(z, angles), torch.view_as_real(complex_z).flatten(-2), atol=1e-6)


def test_norms_and_the_odd_last_channel_stay():
    rotation, context = turned()
    z = torch.randn(B, D)
    found = rotate(z, rotation.angles(context))
    assert not torch.allclose(found, z, atol=0.1)
    assert torch.allclose(found.norm(dim=-1), z.norm(dim=-1), rtol=1e-5)
    assert torch.equal(found[:, -1], z[:, -1])
    assert torch.allclose(rotate(found, -rotation.angles(context)), z, atol=1e-5)


@pytest.mark.parametrize("match", ["dot", "cosine"])
def test_turning_the_atoms_back_is_turning_the_queries(match):
    rotation, context = turned()
    torch.manual_seed(1)
    basis = MechanismBasis(K, D, match)
    with torch.no_grad():
        basis.atoms.normal_()
        basis.threshold.normal_()
    z = torch.randn(B, Q, D)
    queries = basis.potentials(rotate(z, rotation.angles(context).unsqueeze(-2)))
    atoms = basis.potentials(z, rotation.atoms(basis.atoms, context))
    assert rotation.atoms(basis.atoms, context).shape == (B, K, D)
    assert torch.allclose(queries, atoms, atol=1e-4)
    assert not torch.allclose(queries, basis.potentials(z), atol=0.1)


def test_born_as_the_identity_and_none_at_the_pooled_context():
    torch.manual_seed(0)
    born, atoms = PhaseRotation(Z, D, 7), torch.randn(K, D)
    assert torch.equal(born.atoms(atoms, torch.randn(Z)), atoms)
    rotation, context = turned()
    assert torch.equal(rotation.angles(torch.zeros(Z)), torch.zeros(D // 2))
    assert bool((rotation.angles(context).abs() > 1e-3).any())
