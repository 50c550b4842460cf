"""Are the atoms still independent? Singular values of V against chance."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metabam.errors import InputError
from metabam.metrics import effective_rank
from metabam.records import SpectrumRecord

Array = NDArray[np.float64]

NULL_DRAWS = 200


def singular_spectrum(atoms: ArrayLike, step: int = -1, *, null_draws: int = NULL_DRAWS) -> SpectrumRecord:
    """Return the singular values of the atoms, their ranks and cosines, and a Gaussian band of the same shape.

    ``effective_rank = exp(-sum_i q_i ln q_i)`` with ``q_i = sigma_i / sum_j sigma_j`` (Roy & Vetterli, EUSIPCO 2007);
    ``stable_rank = |V|_F^2 / |V|_2^2`` (the orthogonality check of Plan 34). At most min(K, D) directions can be
    independent, so collapse is judged against ``max_rank``, never against K.

    Parameters
    ----------
    atoms
        V (K, D), finite.
    step
        Training step that V belongs to; -1 for the end of training.
    null_draws
        Gaussian matrices behind the 5 to 95 % band.

    Raises
    ------
    InputError
        V is no matrix, empty, or not finite.

    Notes
    -----
    A zero matrix has effective rank 0. An all-zero atom keeps zero cosines and a zero row when rows are normalised.

    Examples
    --------
    >>> singular_spectrum([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).effective_rank
    2.0
    """
    values = np.asarray(atoms, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise InputError("atoms-shape", f"atoms have shape {values.shape}, not (K, D).", "Give the K x D matrix V.")
    if not np.isfinite(values).all():
        raise InputError("atoms-not-finite", "atoms hold NaN or infinity.", "Read an earlier step of this run.")
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(length > 0, length, 1.0)
    singular = np.asarray(np.linalg.svd(values, compute_uv=False), dtype=np.float64)
    normalised = np.asarray(np.linalg.svd(unit, compute_uv=False), dtype=np.float64)
    low, high = _null_band(values.shape[0], values.shape[1], null_draws)
    cosines = unit @ unit.T
    apart = np.abs(cosines[~np.eye(len(cosines), dtype=bool)])
    return SpectrumRecord(
        singular=singular,
        singular_normalised=normalised,
        null_low=low,
        null_high=high,
        null_draws=null_draws,
        effective_rank=effective_rank(singular),
        effective_rank_normalised=effective_rank(normalised),
        stable_rank=float(np.sum(singular**2) / singular[0] ** 2) if singular[0] > 0 else 0.0,
        max_rank=min(values.shape),
        cosines=cosines,
        max_cosine=float(apart.max()) if len(apart) else 0.0,
        mean_cosine=float(apart.mean()) if len(apart) else 0.0,
        step=step,
    )


@lru_cache(maxsize=64)
def _null_band(n_atoms: int, width: int, draws: int) -> tuple[Array, Array]:
    """Return the 5 and 95 % quantiles of sigma_i / sigma_1 over Gaussian matrices, (min(K, D),) each; seed fixed."""
    rng = np.random.default_rng(0)
    ratios = np.empty((draws, min(n_atoms, width)))
    for draw in range(draws):
        sigma = np.linalg.svd(rng.standard_normal((n_atoms, width)), compute_uv=False)
        ratios[draw] = sigma / sigma[0]
    low, high = np.quantile(ratios, [0.05, 0.95], axis=0)
    low.setflags(write=False)
    high.setflags(write=False)
    return low, high
