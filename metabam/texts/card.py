"""Strings of the gallery of atoms, of the card of one atom, and of their figures."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "fig.logo.alt": (
        "{n} sequence logos; {name} reads {bases}, {bits:.1f} bits in all.",
        "{n} 个序列标识；{name} 的共有序列为 {bases}，共 {bits:.1f} 比特。",
    ),
    "fig.logo.column": ("column of the motif", "基序位置"),
    "fig.logo.bits": ("bits", "比特"),
}
