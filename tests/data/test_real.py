"""Real worlds: what is held out, which tracks are read, and that supports and queries share nothing."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metabam.data.geometry import BETWEEN, GEOMETRY
from metabam.data.real import chromosome_folds, real_pairs, real_world
from metabam.errors import ConfigError, InputError

LINES = ("A", "B", "C")
CHROMS = ("chr1", "chr2", "chr3", "chr4")
COLUMNS = ["cell_line", "assay", "chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three lines on four chromosomes in two folds; 24 enhancers and 6 promoters a chromosome; C has a second assay."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "pairs").mkdir()
    rng = np.random.default_rng(0)
    elements = [(c, 1_000 * i, 1_000 * i + 400, "E") for c in CHROMS for i in range(1, 25)]
    elements += [(c, 100_000 + 5_000 * i, 102_000 + 5_000 * i, "P") for c in CHROMS for i in range(6)]
    pd.DataFrame(elements, columns=["chrom", "start", "end", "kind"]).to_parquet(folder / "elements_hg19.parquet")
    for line in LINES:
        frames = [pairs_of(rng, line, "HiC", "BENGI/TransEPI", "hg19")]
        if line == "C":
            frames.append(pairs_of(rng, line, "CHiC", "BENGI(gene-level, ...)", "hg19"))
            frames.append(pairs_of(rng, line, "HiC", "BENGI(gene-level, ...)", "hg19"))
            frames.append(pairs_of(rng, line, "CRISPRi", "EPCrispr", "hg38"))
        pd.concat(frames).to_parquet(folder / "pairs" / f"{line}.parquet", index=False)
    tracks = [(line, target) for target in ("CTCF", "DNase", "H3K27ac") for line in LINES]
    text = "".join(f"{i}\t{line}\t{target}\n" for i, (line, target) in enumerate(tracks))
    (folder / "tracks.tsv").write_text("track\tcell_line\ttarget\n" + text)
    bits = rng.integers(0, 2, (len(elements), len(tracks))).astype(np.uint8)
    np.savez(folder / "element_tracks.npz", bits=np.packbits(bits, axis=1), n_tracks=np.array(len(tracks)))
    folds = "".join(f"{chrom}\t{number % 2}\n" for number, chrom in enumerate(CHROMS))
    (folder / "chromosome_folds.tsv").write_text("chrom\tfold\n" + folds)
    return folder


def pairs_of(rng, line, assay, source, build):
    rows = []
    for chrom in CHROMS:
        for enhancer in range(1, 25):
            for promoter in rng.choice(6, 2, replace=False):
                start, tss = 1_000 * enhancer, 100_000 + 5_000 * int(promoter)
                rows.append((line, assay, chrom, start, start + 400, tss, tss + 2_000, int(rng.random() < 0.3)))
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "label"]).astype({"label": "int8"})
    return frame.assign(gene_id="g", source=source, genome_build=build)


def test_folds_hold_out_line_and_chromosomes_together(root):
    folds = list(real_world("W2a", root, components=3, min_pairs=20, full_geometry=False))
    assert [(fold.line, fold.fold) for fold in folds] == [(line, n) for line in LINES for n in (0, 1)]
    for fold in folds:
        assert fold.chromosomes == tuple(CHROMS[fold.fold :: 2])
        table = fold.table
        held = np.concatenate(fold.query_rows)
        assert set(table.cell_line[held]) == {fold.line}
        assert set(table.enhancer_chrom[held]) == set(fold.chromosomes)
        training = np.concatenate(fold.training_rows)
        assert fold.line not in set(table.cell_line[training])
        assert not set(table.enhancer_chrom[training]) & set(fold.chromosomes)
        support = np.concatenate(fold.support_rows)
        assert set(table.cell_line[support]) == {fold.line}
        assert not set(table.enhancer_chrom[support]) & set(fold.chromosomes)
        for one, two in zip(fold.support, fold.query, strict=True):
            assert one.name == two.name
            assert not set(one.enhancer) & set(two.enhancer)
            assert not set(one.promoter) & set(two.promoter)
        for context, rows in zip(fold.training, fold.training_rows, strict=True):
            np.testing.assert_array_equal(context.labels, table.label[rows])


def test_features_are_components_then_distance_standardised_on_training_pairs(root):
    fold = next(real_world("W2a", root, components=3, min_pairs=20, full_geometry=False))
    values = np.concatenate([context.features for context in fold.training])
    assert values.shape[1] == 4 == len(fold.feature_names)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-3)
    np.testing.assert_allclose(np.corrcoef(values[:, 0], values[:, 1])[0, 1], 0, atol=1e-3)
    far = np.log10(fold.table.distance()[np.concatenate(fold.query_rows)])
    found = np.concatenate([context.features[:, -1] for context in fold.query])
    np.testing.assert_allclose(np.corrcoef(far, found)[0, 1], 1, atol=1e-5)


def test_where_elements_lie_is_told_by_bends_of_the_distance_and_promoters_between(root):
    fold = next(real_world("W2a", root, components=3, min_pairs=20, full_geometry=True))
    assert fold.feature_names[3:] == GEOMETRY
    plain = next(real_world("W2a", root, components=3, min_pairs=20, full_geometry=False))
    for full, less in zip(fold.query, plain.query, strict=True):
        np.testing.assert_array_equal(full.features[:, [0, 1, 2, -1]], less.features)
    rows = fold.query_rows[0]
    skipped = (fold.table.promoter_start[rows] - 100_000) // 5_000  # all enhancers lie before the first promoter
    found = fold.query[0].features[:, 3 + GEOMETRY.index(BETWEEN)]
    np.testing.assert_allclose(np.corrcoef(np.log10(1 + skipped), found)[0, 1], 1, atol=1e-5)


def test_the_held_out_lines_own_tracks_change_nothing(root, tmp_path):
    fold = next(real_world("W2a", root, lines=("B",), folds=(1,), components=3, min_pairs=20, full_geometry=False))
    for name in ("elements_hg19.parquet", "tracks.tsv", "chromosome_folds.tsv"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    (tmp_path / "pairs").symlink_to(root / "pairs")
    with np.load(root / "element_tracks.npz") as packed:
        bits = np.unpackbits(packed["bits"], axis=1)[:, :9]
    for own, expected in ((True, True), (False, False)):
        changed = bits.copy()
        columns = [1, 4, 7] if own else [0, 3, 6]
        changed[:, columns] ^= 1
        changed[::2, columns[0]] ^= 1
        np.savez(tmp_path / "element_tracks.npz", bits=np.packbits(changed, axis=1), n_tracks=np.array(9))
        again = next(
            real_world("W2a", tmp_path, lines=("B",), folds=(1,), components=3, min_pairs=20, full_geometry=False)
        )
        same = np.array_equal(again.query[0].features, fold.query[0].features)
        assert same == expected


def test_assays_are_contexts_and_one_source_serves_each(root):
    table = real_pairs("W2b", root)
    assert [name for name in table.contexts() if name[0] == "C"] == [("C", "CHiC"), ("C", "HiC")]
    assert len(table.rows_of(("C", "HiC"))) == 4 * 24 * 2
    assert {assay for _, assay in real_pairs("W2a", root).contexts()} == {"HiC"}
    fold = next(real_world("W2b", root, lines=("C",), folds=(0,), components=2, min_pairs=20, full_geometry=False))
    assert [context.name for context in fold.query] == ["C | CHiC", "C | HiC"]


def test_a_repeated_pair_counts_once_and_a_contradicting_one_not_at_all(root, tmp_path):
    (tmp_path / "pairs").mkdir()
    frame = pd.read_parquet(root / "pairs" / "A.parquet")
    extra = pd.concat([frame, frame.iloc[[0]], frame.iloc[[1]].assign(label=1 - frame.label.iloc[1])])
    extra.to_parquet(tmp_path / "pairs" / "A.parquet", index=False)
    table = real_pairs("W2a", tmp_path)
    assert len(table) == len(frame) - 1
    assert frame.enhancer_start.iloc[0] in table.enhancer_start


@pytest.mark.parametrize(
    ("options", "code"),
    [({"lines": ("D",)}, "unknown-line"), ({"folds": (7,)}, "unknown-fold"), ({"part": "W3"}, "unknown-part")],
)
def test_what_is_not_there_is_refused(root, options, code):
    with pytest.raises(ConfigError, match=code):
        next(real_world(options.pop("part", "W2a"), root, **options))


def test_a_folder_without_pairs_is_refused(tmp_path):
    with pytest.raises(InputError, match="no-pairs"):
        next(real_world("W2a", tmp_path))


@pytest.mark.nightly
@pytest.mark.real
def test_the_real_folder_gives_what_its_readme_says():
    data = os.environ.get("METABAM_DATA")
    if not data or not (Path(data) / "element_tracks.npz").exists():
        pytest.skip("METABAM_DATA names no folder with peak tracks")
    assert sum(map(len, chromosome_folds(Path(data)).values())) == 23
    fold = next(real_world("W2a", Path(data), lines=("IMR90",), folds=(1,)))
    assert [context.cell_line for context in fold.training] == ["GM12878", "HMEC", "HeLa-S3", "K562"]
    assert fold.query[0].features.shape[1] == 40 + len(GEOMETRY)
    assert 0.05 < fold.query[0].prevalence < 0.2
