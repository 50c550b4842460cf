"""Recursive mechanism unfolding (Plan 34 s2.3, s3.2.1): T steps in which gated mechanisms help and silence one another.

Default: ``h <- h + mix(h, h * alpha) / T`` with ``mix`` born at zero and no LayerNorm, so that the read-out starts
as the gated path. The seed's literal form, ``h <- LayerNorm(h + mix(h * alpha))``, is kept as an option: trained
from scratch it ignores the support.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from metabam.errors import ConfigError
from metabam.model.mixes import LowRankPair, make_mix

__all__ = ["LowRankPair", "MechanismUnfolding", "PairModulation"]


class PairModulation(nn.Module):
    """Context-free synergy and antagonism: ``h_k + s_k sum_j M_jk s_j`` with presence s = (1 + h) / 2 and M_kk = 0.

    M_jk = -2 silences mechanism k wherever j is present; an atom keeps its identity, for without its own presence
    nothing is added. Born at zero, kept sparse by an L1 term while the atoms are learned.
    """

    def __init__(self, n_atoms: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.zeros(n_atoms, n_atoms))

    def coupling(self) -> Tensor:
        """Return M (K, K) with a zero diagonal, rows act on columns."""
        return self.matrix - torch.diag(self.matrix.diagonal())

    def forward(self, states: Tensor) -> Tensor:
        """Return modulated states (..., K) of states (..., K)."""
        presence = 0.5 * (1.0 + states)
        return states + presence * (presence @ self.coupling())


class MechanismUnfolding(nn.Module):
    """Unfolds mechanism states under a spectrum; one ``nn.Identity`` tap per step for attribution.

    Parameters
    ----------
    n_atoms, rank
        ``K`` and the rank of the mixing.
    n_steps
        ``T``.
    form
        ``"residual"`` or ``"literal"``.
    mix
        One of :data:`metabam.model.mixes.MIXES`.
    """

    def __init__(
        self,
        n_atoms: int,
        rank: int,
        n_steps: int,
        form: Literal["residual", "literal"] = "residual",
        mix: str = "bilinear",
    ) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.form = form
        self.mix = make_mix(mix, n_atoms, rank)
        self.norm = nn.LayerNorm(n_atoms) if form == "literal" else nn.Identity()
        self.taps = nn.ModuleList(nn.Identity() for _ in range(n_steps))

    def forward(
        self, states: Tensor, alpha: Tensor, steps: int | None = None, per_step: Tensor | None = None
    ) -> list[Tensor]:
        """Return h^(0) ... h^(T), each (..., Q, K).

        Parameters
        ----------
        states
            h^(0), (..., Q, K).
        alpha
            Gates, (..., K); shared by the Q pairs.
        steps
            How many of the T steps to take; all by default. The step size stays 1 / T.
        per_step
            G_1 ... G_T, (T, ..., K), where each step has gates of its own; ``alpha`` at every step by default.

        Raises
        ------
        ConfigError
            When ``steps`` is outside [0, T] (``unfold-steps``).
        """
        wanted = self.n_steps if steps is None else steps
        if not 0 <= wanted <= self.n_steps:
            raise ConfigError(
                "unfold-steps", f"{wanted} unfolding steps were asked for.", f"Choose between 0 and {self.n_steps}."
            )
        trace = [states]
        for at, tap in enumerate(list(self.taps)[:wanted]):
            state = trace[-1]
            gates = (alpha if per_step is None else per_step[at]).unsqueeze(-2)
            gated = state * gates
            if self.form == "literal":
                step = self.norm(state + self.mix(gated, gated, gates))
            else:
                step = state + self.mix(state, gated, gates) / self.n_steps
            trace.append(tap(step))
        return trace
