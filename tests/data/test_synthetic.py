"""The planted world: what the truth file says is what the DNA holds, and labels follow it."""

from __future__ import annotations

import csv
import io
import json
from itertools import combinations, pairwise

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from metabam.data import planting
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.sequence import gc_fraction, reverse_complement
from metabam.data.synthetic import activities, draw_examples, read_truth, simulate
from metabam.errors import ConfigError, InputError

SMALL = {
    "training_lines": 3,
    "heldout_lines": 2,
    "pairs_per_line": 1_100,
    "enhancer_length": 310,
    "promoter_length": 290,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("world") / "w1"
    simulate(out, 7, **SMALL)
    return out


@pytest.fixture(scope="module")
def truth(folder):
    return read_truth(folder)


@pytest.fixture(scope="module")
def table(folder):
    pairs, report = read_pairs(folder / "pairs.tsv", role="training")
    assert report.problems == ()
    return pairs


@pytest.fixture(scope="module")
def elements(folder, truth, table, tmp_path_factory):
    """DNA of each distinct element by its number, (enhancers, promoters)."""
    with Genome(folder / "genome.fa", tmp_path_factory.mktemp("indexes")) as genome:
        assert genome.synthetic
        assert list(genome.contigs) == [f"synthetic{i}" for i in range(1, 7)]
        windows, problems = windows_of(table, genome, 310, 290)
    assert problems == ()
    rows = truth.rows_of(table.pair_id)
    enhancers = np.full((truth.enhancer.max() + 1, 310), 9, dtype=np.uint8)
    promoters = np.full((truth.promoter.max() + 1, 290), 9, dtype=np.uint8)
    enhancers[truth.enhancer[rows]] = windows.enhancers[windows.enhancer_index]
    promoters[truth.promoter[rows]] = windows.promoters[windows.promoter_index]
    return enhancers, promoters


def sites_of(truth):
    """Yield (side, element, motif, start, strand, log2 odds) of every site of elements in pairs, each element once."""
    for side in ("enhancer", "promoter"):
        seen = set()
        for element, text in zip(getattr(truth, side).tolist(), getattr(truth, f"{side}_sites"), strict=True):
            if element not in seen:
                seen.add(element)
                for item in filter(None, text.split(";")):
                    name, start, strand, score = item.split(":")
                    yield side, element, name, int(start), strand, float(score)


# ------------------------------------------------------------------ parts


def test_every_site_is_in_the_dna_on_its_strand(truth, elements):
    motifs = {motif.name: motif for motif in truth.motifs}
    dna = {"enhancer": elements[0], "promoter": elements[1]}
    wrong, strands, count = [], {"+": 0, "-": 0}, 0
    for side, element, name, start, strand, score in sites_of(truth):
        motif = motifs[name]
        piece = dna[side][element, start : start + motif.width]
        if (dna[side][element] == 9).all():  # of the pool, but drawn by no line
            continue
        letters = piece if strand == "+" else reverse_complement(piece)
        found = float(motif.log_odds(letters[None])[0])
        if abs(found - score) > 0.006 or found < motif.min_log_odds - 1e-9:
            wrong.append((side, element, name))
        strands[strand] += 1
        count += 1
    assert wrong == []
    assert count > 4_000
    assert 0.45 < strands["+"] / count < 0.55


def test_sites_never_overlap(truth):
    width = {motif.name: motif.width for motif in truth.motifs}
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for side, element, name, start, _, _ in sites_of(truth):
        spans.setdefault((side, element), []).append((start, start + width[name]))
    assert max(len(found) for found in spans.values()) > 7
    for found in spans.values():
        found.sort()
        assert found[0][0] >= 0
        assert all(left[1] <= right[0] for left, right in pairwise(found))


def test_activities_are_what_the_sites_say(truth, elements):
    have = {"enhancer": {}, "promoter": {}}
    for side, element, name, start, strand, _ in sites_of(truth):
        have[side].setdefault(element, set()).add((name, start, strand))
    width = {motif.name: motif.width for motif in truth.motifs}

    def single(side, element, name):
        return any(site[0] == name for site in have[side].get(element, ()))

    def spaced(mechanism, side, element):
        (a, b), sites = mechanism["parts"], have[side].get(element, ())
        sign = {1: "+", -1: "-"}
        total = b["offset"] + width[b["motif"]]
        for name, start, strand in sites:
            if name == a["motif"]:
                if strand == sign[a["strand"]]:
                    other = (b["motif"], start + b["offset"], sign[b["strand"]])
                else:
                    end = start + width[name] + a["offset"]
                    other = (b["motif"], end - total, sign[-b["strand"]])
                if other in sites:
                    return True
        return False

    for k, mechanism in enumerate(truth.mechanisms):
        for row in range(0, len(truth.pair_id), 3):
            e, p = int(truth.enhancer[row]), int(truth.promoter[row])
            names = mechanism["motifs"]
            if mechanism["kind"] == "single":
                expected = single("enhancer", e, names[0])
            elif mechanism["kind"] == "pair":
                expected = single("enhancer", e, names[0]) and single("promoter", p, names[1])
            elif mechanism["kind"] == "spaced":
                side = mechanism["element"]
                expected = spaced(mechanism, side, e if side == "enhancer" else p)
            else:
                break
            assert truth.activities[row, k] == float(expected), (mechanism["name"], row)
    gc = gc_fraction(elements[0])[truth.enhancer]
    drawn = (elements[0] < 9).all(axis=1)[truth.enhancer]
    assert np.allclose(truth.activities[drawn, truth.names.index("composition")], gc[drawn])


def test_periodic_elements_have_power_at_the_helical_period(truth, elements):
    weak = np.isin(elements[0], (0, 3)) - 0.5
    power = {period: np.abs(weak @ np.exp(-2j * np.pi * np.arange(310) / period)) ** 2 for period in (10.5, 8.3, 13.7)}
    active = np.zeros(len(weak))
    active[truth.enhancer] = truth.activities[:, truth.names.index("periodic")]
    assert 0.2 < active.mean() < 0.5
    assert roc_auc_score(active, power[10.5]) > 0.9
    assert abs(roc_auc_score(active, power[8.3]) - 0.5) < 0.1
    assert abs(roc_auc_score(active, power[13.7]) - 0.5) < 0.1


def test_twelve_mechanisms_of_five_kinds(truth):
    kinds = [mechanism["kind"] for mechanism in truth.mechanisms]
    assert kinds == ["single"] * 4 + ["pair"] * 3 + ["spaced"] * 3 + ["periodic", "composition"]
    planted = [motif for motif in truth.motifs if motif.name.startswith("M")]
    assert len(planted) == 16
    assert len(truth.motifs) == 22
    used = [name for mechanism in truth.mechanisms for name in mechanism["motifs"]]
    assert sorted(used) == [motif.name for motif in planted]
    assert all(7.99 <= motif.bits <= 14.01 for motif in truth.motifs)
    assert max(planting.similarity(a.pwm, b.pwm) for a, b in combinations(truth.motifs, 2)) < 0.55
    assert all(0.08 < mechanism["share_active"] < 0.6 for mechanism in truth.mechanisms[:-1])


def test_probabilities_follow_from_gates_and_activities(folder, truth):
    lines = json.loads((folder / "truth.json").read_text())["lines"]
    score = activities(truth, effective=True) @ truth.gates.T
    for c, name in enumerate(truth.lines):
        logit = lines[name]["scale"] * score[:, c] + lines[name]["intercept"]
        assert np.allclose(truth.probability[:, c], 1 / (1 + np.exp(-logit)))
    for silencer, target in truth.antagonisms:
        a, b = truth.names.index(silencer), truth.names.index(target)
        both = (truth.activities[:, a] > 0) & (truth.activities[:, b] > 0)
        assert both.sum() > 20
        assert (truth.effective[both, b] == 0).all()
        untouched = truth.activities[:, a] == 0
        assert np.array_equal(truth.effective[untouched, b], truth.activities[untouched, b])
    assert len(truth.antagonisms) == 2


def test_labels_follow_the_bayes_probability(truth, table):
    rows = truth.rows_of(table.pair_id)
    for c, name in enumerate(truth.lines):
        mine = table.rows_of((name, "planted"))
        assert len(mine) == 1_100
        p, y = truth.probability[rows[mine], c], table.label[mine]
        assert truth.bayes_auroc[name] == pytest.approx(0.92, abs=0.002)
        assert planting.expected_auroc(truth.probability[:, c]) == pytest.approx(truth.bayes_auroc[name], abs=1e-9)
        assert roc_auc_score(y, p) == pytest.approx(0.92, abs=0.03)
        assert y.mean() == pytest.approx(0.2, abs=0.04)
        assert abs(float((y - p).sum())) < 4 * float(np.sqrt((p * (1 - p)).sum()))


def test_gates_are_signed_and_in_range(truth):
    assert truth.gates.shape == (5, 12)
    assert np.abs(truth.gates).max() <= 1
    assert (truth.gates.min(axis=1) < 0).all()
    assert (truth.gates.max(axis=1) > 0).all()
    assert truth.latent.shape == (5, 3)
    assert list(truth.roles.values()) == ["training"] * 3 + ["held-out"] * 2


def test_lines_share_pairs_and_reverse_some(truth, table):
    label = {name: {} for name in truth.lines}
    for pair, name, value in zip(table.pair_id, table.cell_line, table.label, strict=True):
        label[name][pair] = int(value)
    for a, b in combinations(truth.lines, 2):
        shared = label[a].keys() & label[b].keys()
        assert 400 < len(shared) < 700
        reversed_pairs = sum(label[a][pair] != label[b][pair] for pair in shared)
        assert 0.05 < reversed_pairs / len(shared) < 0.6
    p = truth.probability
    firm = [np.mean((p[:, i] > 0.5) != (p[:, j] > 0.5)) for i, j in combinations(range(5), 2)]
    assert np.mean(firm) > 0.05


def test_elements_are_shared_within_a_contig_and_genes_follow_promoters(table):
    assert (table.enhancer_chrom == table.promoter_chrom).all()
    assert len(set(table.enhancer_chrom)) == 6
    assert ((table.enhancer_end - table.enhancer_start) == 310).all()
    assert ((table.promoter_end - table.promoter_start) == 290).all()
    partners: dict[str, set] = {}
    genes: dict[str, set] = {}
    for row in range(len(table)):
        e = (table.enhancer_chrom[row], int(table.enhancer_start[row]))
        p = (table.promoter_chrom[row], int(table.promoter_start[row]))
        partners.setdefault(f"e{e}", set()).add(p)
        partners.setdefault(f"p{p}", set()).add(e)
        genes.setdefault(table.gene_id[row], set()).add(p)
    assert np.mean([len(v) for k, v in partners.items() if k[0] == "e"]) > 2
    assert np.mean([len(v) for k, v in partners.items() if k[0] == "p"]) > 4
    assert all(len(promoters) == 1 for promoters in genes.values())


def test_distance_says_nothing_unless_asked_to(table, tmp_path):
    def auroc(pairs):
        return roc_auc_score(pairs.label, -pairs.distance())

    assert abs(auroc(table) - 0.5) < 0.04
    simulate(tmp_path / "far", 7, distance_confound=2.0, **SMALL)
    confounded, _ = read_pairs(tmp_path / "far" / "pairs.tsv", role="training")
    assert auroc(confounded) > 0.65
    assert all(value == pytest.approx(0.92, abs=0.002) for value in read_truth(tmp_path / "far").bayes_auroc.values())


def test_motif_file_is_meme_text_of_the_same_motifs(folder, truth):
    lines = (folder / "motifs.meme").read_text().splitlines()
    assert lines[0] == "MEME version 4"
    names = [line.split()[1] for line in lines if line.startswith("MOTIF ")]
    assert names == [motif.name for motif in truth.motifs]
    at = lines.index("MOTIF M01") + 2
    block = np.array([[float(v) for v in line.split()] for line in lines[at : at + truth.motifs[0].width]])
    assert np.allclose(block, truth.motifs[0].pwm, atol=1e-6)


def test_same_seed_same_bytes_other_seed_other_world(folder, tmp_path):
    simulate(tmp_path / "again", 7, **SMALL)
    simulate(tmp_path / "other", 8, **SMALL)
    names = ["genome.fa", "motifs.meme", "pairs.tsv", "truth.json", "truth_pairs.parquet"]
    assert sorted(item.name for item in folder.iterdir()) == names
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
        assert (tmp_path / "other" / name).read_bytes() != (folder / name).read_bytes()


def test_nothing_is_overwritten_and_nothing_half_written(folder, tmp_path, monkeypatch):
    with pytest.raises(ConfigError) as caught:
        simulate(folder, 7, **SMALL)
    assert caught.value.code == "world-exists"
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError):
        simulate(tmp_path / "file", 7, **SMALL)
    (tmp_path / "empty").mkdir()

    def full(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("metabam.data.worldfiles.sync_folder", full)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path / "cut", 7, **(SMALL | {"pairs_per_line": 60}))
    with monkeypatch.context() as patched:
        patched.setattr("metabam.data.worldfiles.write_bytes", full)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path / "stopped", 7, **(SMALL | {"pairs_per_line": 60}))
    assert len(list((tmp_path / "cut").iterdir())) == 5  # all were there before the rename
    assert not (tmp_path / "stopped").exists()
    assert not [item.name for item in tmp_path.iterdir() if item.name.startswith(".")]
    simulate(tmp_path / "empty", 7, **(SMALL | {"pairs_per_line": 60}))
    assert len(list((tmp_path / "empty").iterdir())) == 5


def test_progress_goes_from_zero_to_one(tmp_path):
    heard: list[tuple[str, float]] = []
    simulate(tmp_path / "w", 7, progress=lambda stage, share: heard.append((stage, share)), pairs_per_line=60)
    shares = [share for _, share in heard]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert {"motifs", "sequence", "pairs", "labels", "files"} <= {stage for stage, _ in heard}


def test_truth_refuses_what_is_no_world(tmp_path, truth):
    with pytest.raises(InputError) as caught:
        read_truth(tmp_path)
    assert caught.value.code == "world-truth"
    with pytest.raises(InputError) as caught:
        truth.rows_of(np.array(["pair000000", "nobody"], dtype=object))
    assert caught.value.code == "world-pair"


def test_activities_are_standardised_and_follow_the_ids(truth):
    standard = activities(truth)
    assert np.allclose(standard.mean(axis=0), 0)
    assert np.allclose(standard.std(axis=0), 1)
    ids = truth.pair_id[[5, 3, 5]]
    assert np.array_equal(activities(truth, ids), standard[[5, 3, 5]])
    assert not np.allclose(activities(truth, effective=True), standard)


# ------------------------------------------------------------------ examples


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


@pytest.mark.parametrize("balanced", [False, True])
def test_examples_are_disjoint_and_shuffled_labels_differ(folder, tmp_path, balanced):
    paths = draw_examples(folder, tmp_path / "x", "unseen01", queries=101, seed=5, balanced=balanced)
    support, shuffled, query, answers = (read(paths[n]) for n in ("support", "shuffled", "query", "query_labelled"))
    assert [len(rows) for rows in (support, shuffled, query, answers)] == [16, 16, 101, 101]
    for side in ("enhancer", "promoter"):
        used = {(row["chrom"], row[f"{side}_start"]) for row in support}
        assert not used & {(row["chrom"], row[f"{side}_start"]) for row in query}
    labels = [row["label"] for row in support]
    assert set(labels) == {"0", "1"}
    assert (labels.count("1") == 8) or not balanced
    other = [row["label"] for row in shuffled]
    assert sorted(other) == sorted(labels)
    assert other != labels
    assert [row["pair_id"] for row in shuffled] == [row["pair_id"] for row in support]
    assert "label" not in query[0]
    assert [row | {"label": "?"} for row in query] == [row | {"label": "?"} for row in answers]
    assert {row["cell_line"] for row in support + query} == {"unseen01"}


def test_examples_are_drawn_the_same_again(folder, tmp_path):
    one = draw_examples(folder, tmp_path / "a", "unseen02", queries=30)
    two = draw_examples(folder, tmp_path / "b", "unseen02", queries=30)
    other = draw_examples(folder, tmp_path / "c", "unseen02", queries=30, seed=1)
    assert [path.read_bytes() for path in one.values()] == [path.read_bytes() for path in two.values()]
    assert one["support"].read_bytes() != other["support"].read_bytes()


def test_example_labels_are_the_worlds(folder, tmp_path, table):
    paths = draw_examples(folder, tmp_path, "train2", queries=50)
    known = {
        (pair, name): int(label) for pair, name, label in zip(table.pair_id, table.cell_line, table.label, strict=True)
    }
    for name in ("support", "query_labelled"):
        assert all(known[row["pair_id"], "train2"] == int(row["label"]) for row in read(paths[name]))


@pytest.mark.parametrize(("line", "shots", "code"), [("nobody", 16, "world-line"), ("train1", 900, "world-small")])
def test_impossible_examples_are_refused(folder, tmp_path, line, shots, code):
    with pytest.raises(InputError) as caught:
        draw_examples(folder, tmp_path / "x", line, shots=shots)
    assert caught.value.code == code
    assert not (tmp_path / "x").exists()
