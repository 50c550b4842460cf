"""Sources of pair features: by pair, by element, from peak tracks; what is unknown, missing, repeated or no number."""

import io

import numpy as np
import pandas as pd
import pytest

from metabam.data.elements import element_identities
from metabam.data.features import geometry_names, open_features, read_chosen
from metabam.data.geometry import BENDS, BETWEEN, DISTANCE, GEOMETRY
from metabam.data.peaks import read_peaks
from metabam.errors import InputError
from metabam.records import PairTable


def texts(*values):
    return np.array(values, dtype=object)


def table():
    """Three pairs; the second shares its enhancer with the first, the third lies on two chromosomes."""
    return PairTable(
        pair_id=texts("one", "two", "three"),
        enhancer_chrom=texts("chr1", "chr1", "chr1"),
        enhancer_start=np.array([100, 100, 300]),
        enhancer_end=np.array([200, 200, 400]),
        promoter_chrom=texts("chr1", "chr1", "chr2"),
        promoter_start=np.array([1_100, 5_100, 700]),
        promoter_end=np.array([1_200, 5_200, 800]),
        label=np.array([1, 0, 1], dtype=np.int8),
        cell_line=texts("A", "A", "B"),
        assay=texts("", "", ""),
        gene_id=texts("", "", ""),
        line=np.array([2, 3, 4]),
    )


ELEMENTS = pd.DataFrame(
    {
        "chrom": ["chr1", "chr1", "chr1", "chr1", "chr2"],
        "start": [100, 300, 1_100, 5_100, 700],
        "end": [200, 400, 1_200, 5_200, 800],
        "atac": [1.0, 3.0, 11.0, 51.0, 7.0],
        "gc": [0.1, 0.3, 0.5, 0.7, 0.9],
    }
)


def written(path, frame):
    frame.to_parquet(path, index=False)
    return path


def test_by_pair_a_pair_without_a_row_is_unknown(tmp_path):
    frame = pd.DataFrame({"pair_id": ["two", "one"], "x": [2, 1], "y": [0.2, 0.1]})
    source = open_features(written(tmp_path / "f.parquet", frame))
    assert source.names == ("x", "y")
    values, known = read_chosen(source, table(), ("y", "x"))
    np.testing.assert_allclose(values, [[0.1, 1], [0.2, 2], [0, 0]], atol=1e-7)
    assert known.tolist() == [True, True, False]


def test_by_element_a_pair_has_the_enhancers_columns_and_the_promoters(tmp_path):
    source = open_features(written(tmp_path / "f.parquet", ELEMENTS))
    assert source.names == ("enhancer: atac", "enhancer: gc", "promoter: atac", "promoter: gc")
    values, known = read_chosen(source, table(), ("promoter: atac", "enhancer: atac", "enhancer: gc"))
    np.testing.assert_allclose(values, [[11, 1, 0.1], [51, 1, 0.1], [7, 3, 0.3]], atol=1e-6)
    assert known.all()
    fewer = open_features(written(tmp_path / "g.parquet", ELEMENTS[:3]))
    assert read_chosen(fewer, table(), fewer.names)[1].tolist() == [True, False, False]


def test_distance_is_log10_of_the_midpoints_and_unknown_across_chromosomes(tmp_path):
    source = open_features(written(tmp_path / "f.parquet", ELEMENTS))
    values, known = read_chosen(source, table(), ("enhancer: gc", DISTANCE))
    np.testing.assert_allclose(values[:2, 1], [3.0, np.log10(5_000)], atol=1e-6)
    assert known.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (pd.DataFrame({"pair_id": ["a", "a"], "x": [1, 2]}), "features-repeated"),
        (pd.DataFrame({"pair_id": ["a"], "x": ["many"]}), "features-columns"),
        (pd.DataFrame({"pair_id": ["a"]}), "features-columns"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [1], "x": [1.0]}), "features-columns"),
        (pd.DataFrame({"pair_id": ["a"], DISTANCE: [1.0]}), "features-columns"),
    ],
)
def test_a_table_that_cannot_serve_is_refused(tmp_path, frame, code):
    with pytest.raises(InputError, match=code):
        open_features(written(tmp_path / "f.parquet", frame))


def test_what_is_no_parquet_or_lacks_a_column_is_refused(tmp_path):
    (tmp_path / "f.parquet").write_bytes(b"pair_id,x\n")
    with pytest.raises(InputError, match="features-file"):
        open_features(tmp_path / "f.parquet")
    source = open_features(written(tmp_path / "g.parquet", ELEMENTS))
    with pytest.raises(InputError, match="promoter: dnase"):
        read_chosen(source, table(), ("promoter: dnase",))


# ------------------------------------------------------------------ peak tracks

TRACKS = [
    ("A", "CTCF"),
    ("B", "CTCF"),
    ("A", "DNase"),
    ("C", "DNase"),
    ("A", "CTCF"),
    *[("C", f"T{i}") for i in range(4)],
]


def folder_of_peaks(root, bits, **columns):
    kinds = {"kind": ["E", "E", "P", "P", "P"], **columns}
    ELEMENTS[["chrom", "start", "end"]].assign(**kinds).to_parquet(root / "elements_hg19.parquet", index=False)
    lines = "".join(f"{i}\t{line}\t{target}\n" for i, (line, target) in enumerate(TRACKS))
    (root / "tracks.tsv").write_text("track\tcell_line\ttarget\n" + lines)
    buffer = io.BytesIO()
    np.savez(buffer, bits=np.packbits(bits, axis=1), n_tracks=np.array(bits.shape[1]))
    (root / "element_tracks.npz").write_bytes(buffer.getvalue())
    return root


@pytest.fixture
def bits():
    return np.random.default_rng(0).integers(0, 2, (len(ELEMENTS), len(TRACKS))).astype(np.uint8)


def test_peaks_unpack_to_what_was_packed(tmp_path, bits):
    peaks = read_peaks(folder_of_peaks(tmp_path, bits))
    assert peaks.names[:5] == ("CTCF in A", "CTCF in B", "DNase in A", "DNase in C", "CTCF in A (2)")
    enhancer, _ = element_identities(table())
    at, known = peaks.places(enhancer)
    assert known.all()
    np.testing.assert_array_equal(peaks.read(at, np.array([8, 0, 3])), bits[[0, 0, 1]][:, [8, 0, 3]])
    assert peaks.places(np.array([1]))[1].tolist() == [False]


def test_tracks_of_a_held_out_line_are_not_on_offer(tmp_path, bits):
    source = open_features(folder_of_peaks(tmp_path, bits), without_lines=("A",))
    assert len(source.names) == 2 * (len(TRACKS) - 3)
    assert not any(name.endswith("in A") for name in source.names)
    values, known = read_chosen(source, table(), ("promoter: T3 in C", "enhancer: CTCF in B"))
    np.testing.assert_array_equal(values, np.stack([bits[[2, 3, 4], 8], bits[[0, 0, 1], 1]], axis=1))
    assert known.all()


def test_where_elements_lie_stands_among_the_tracks_in_the_order_asked_for(tmp_path, bits):
    source = open_features(folder_of_peaks(tmp_path, bits))
    assert geometry_names(source) == GEOMETRY
    values, known = read_chosen(source, table(), (DISTANCE, "promoter: T3 in C", BETWEEN, BENDS[0]))
    np.testing.assert_allclose(values[0], [3.0, bits[2, 8], 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(values[1], [np.log10(5_000), bits[3, 8], np.log10(2.0), 0.0], atol=1e-6)
    assert known.tolist() == [True, True, False]
    assert np.isfinite(values).all()


def test_without_a_list_of_promoters_distance_alone_is_on_offer(tmp_path, bits):
    by_element = open_features(written(tmp_path / "f.parquet", ELEMENTS))
    assert geometry_names(by_element) == (*BENDS, DISTANCE)
    with pytest.raises(InputError, match="folder of peak tracks"):
        read_chosen(by_element, table(), (BETWEEN,))
    folder_of_peaks(tmp_path, bits)
    ELEMENTS[["chrom", "start", "end"]].to_parquet(tmp_path / "elements_hg19.parquet", index=False)
    assert open_features(tmp_path).promoters is None


def test_files_that_do_not_fit_together_are_refused(tmp_path, bits):
    folder_of_peaks(tmp_path, bits[:-1])
    with pytest.raises(InputError, match="peak-files"):
        read_peaks(tmp_path)
