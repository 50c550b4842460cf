"""The pairs of a planted world as a table: names and places, nothing of what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from metabam.errors import InputError
from metabam.files import read_json
from metabam.records import PairTable

_CAP = 64 << 20


def world_table(folder: Path) -> PairTable:
    """Return the distinct pairs of the world in a folder, without labels.

    Raises
    ------
    InputError
        ``world-truth`` when the folder holds no readable world.
    """
    import pyarrow.parquet as pq

    try:
        settings = read_json(folder / "truth.json", _CAP)["settings"]
        names = ["pair_id", "chrom", "enhancer_start", "promoter_start"]
        found = pq.read_table(folder / "truth_pairs.parquet", columns=names)
        lengths = int(settings["enhancer_length"]), int(settings["promoter_length"])
        pair_id, chrom, enhancer, promoter = (np.asarray(found.column(name).to_numpy()) for name in names)
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "world-truth", f"no planted world is readable there ({error}).", "Simulate it again."
        ) from None
    blank = np.full(len(pair_id), "", dtype=object)
    place = chrom.astype(object)
    return PairTable(
        pair_id=pair_id.astype(object),
        enhancer_chrom=place,
        enhancer_start=enhancer.astype(np.int64),
        enhancer_end=enhancer.astype(np.int64) + lengths[0],
        promoter_chrom=place,
        promoter_start=promoter.astype(np.int64),
        promoter_end=promoter.astype(np.int64) + lengths[1],
        label=np.full(len(pair_id), -1, dtype=np.int8),
        cell_line=blank,
        assay=blank,
        gene_id=blank,
        line=np.arange(1, len(pair_id) + 1, dtype=np.int64),
    )
