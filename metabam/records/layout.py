"""Which columns of a feature matrix are what: z_q first, then track coefficients, then what is recalled of elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class FeatureLayout:
    """Columns of features (..., W): ``n_features`` = D columns of z_q, then two blocks of track coefficients.

    ``channels`` (C) names what runs along the DNA; ``periods`` (F) bp: block ``fourier`` holds real and imaginary part
    of each channel at each period, (C, F, 2); ``bands`` (W_b) the wavelengths from, to in bp: block ``wavelet`` holds
    each channel's mean power in each band, (C, W_b). Without blocks every column is z_q. With ``recall`` the last D
    columns are what the training lines' labels tell of the pair's elements: a displacement of z_q, in its units.
    """

    n_features: int
    channels: tuple[str, ...] = ()
    periods: tuple[float, ...] = ()
    bands: tuple[tuple[float, float], ...] = ()
    recall: bool = False

    @property
    def fourier(self) -> slice:
        """Return the columns of the Fourier block."""
        return slice(self.n_features, self.n_features + 2 * len(self.channels) * len(self.periods))

    @property
    def wavelet(self) -> slice:
        """Return the columns of the wavelet block."""
        start = self.fourier.stop
        return slice(start, start + len(self.channels) * len(self.bands))

    @property
    def recalled(self) -> slice:
        """Return the columns of what is recalled of elements, empty without recall."""
        start = self.wavelet.stop
        return slice(start, start + (self.n_features if self.recall else 0))

    @property
    def width(self) -> int:
        """Return the number of columns in all."""
        return int(self.recalled.stop)

    def pair_features(self, features: FloatArray) -> FloatArray:
        """Return the columns of z_q, (..., D): all that a learner without a track reads."""
        return features if features.shape[-1] == self.n_features else features[..., : self.n_features]

    def as_json(self) -> dict[str, Any]:
        """Return plain values that :meth:`of_json` takes back."""
        values: dict[str, Any] = {
            "n_features": self.n_features,
            "channels": list(self.channels),
            "periods": list(self.periods),
            "bands": [[low, None if np.isinf(high) else high] for low, high in self.bands],
        }
        return {**values, "recall": True} if self.recall else values

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> FeatureLayout:
        """Return the layout behind :meth:`as_json`."""
        return cls(
            int(values["n_features"]),
            tuple(str(name) for name in values["channels"]),
            tuple(float(period) for period in values["periods"]),
            tuple((float(low), np.inf if high is None else float(high)) for low, high in values["bands"]),
            recall=bool(values.get("recall", False)),
        )


@dataclass(frozen=True, slots=True)
class TrackUse:
    """What each of K atoms reads of the position track: one match (``fourier`` or ``wavelet``) of all atoms.

    ``weight`` (K,) is how much the match counts in p_k; ``share`` (K, F) >= 0 with rows summing to 1 how the atom
    spreads over ``labels`` (F), periods or bands in bp; ``channel`` (K, C) in [-1, 1] its weights of ``channels``,
    rows of length 1.
    """

    kind: str
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    weight: NDArray[np.float64]
    share: NDArray[np.float64]
    channel: NDArray[np.float64]
