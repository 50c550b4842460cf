"""What each option of the model is worth: trained on one planted world, judged on its held-out lines at 16 shots.

    python benchmarks/model_options.py --world DIR --run RUN [--steps 150] [--cache DIR] [--out options.md]

The run's encoder makes the features; coefficients of its track are added here for the options that read them. Every
option is born and trained with the same seed, episodes and number of steps, chosen for nobody, and judged on the same
tasks. Prints a Markdown table: AUROC at 16 shots and its paired difference to the default (one standard error over
lines), AUROC on reversed pairs (above the median of the line and below that of the mean training line, or the other
way round), numbers trained, and seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from planted_tasks import open_run, read_world

from metabam.bench.encoding import distinct_rows
from metabam.config import ModelConfig, TrainConfig
from metabam.data.elements import windows_of
from metabam.data.episodes import apart_from, contexts_of, draw_support
from metabam.data.genome import Genome
from metabam.data.worldfiles import Truth
from metabam.files import load_tensors, save_tensors
from metabam.learners.birth import give_birth
from metabam.learners.episodic import EpisodeSource
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.selection import run_steps
from metabam.metrics import auroc
from metabam.model.bands import band_energies
from metabam.model.encoders import ContextRows, TrackedEncoder, layout_of, without_recall
from metabam.model.mixes import count_parameters
from metabam.records import FeatureLayout, FloatArray, LabelledContext, PairTable, SupportSet

SHOTS = 16
OPTIONS: dict[str, dict[str, Any]] = {
    "default (mix=bilinear)": {},
    "mix=mlp": {"mix": "mlp"},
    "mix=logic": {"mix": "logic"},
    "mix=attention": {"mix": "attention"},
    "mix=ssm": {"mix": "ssm"},
    "mix=gating": {"mix": "gating"},
    "unfolding=literal": {"unfolding": "literal"},
    "gates=per_step": {"gates": "per_step"},
    "rotation=true": {"rotation": True},
    "robust=0": {"robust": 0.0},
    "overcomplete=true, n_atoms=24": {"overcomplete": True, "n_atoms": 24},
    "fourier=true": {"fourier": True},
    "fourier=true, fourier_axis=channel": {"fourier": True, "fourier_axis": "channel"},
    "wavelet=haar": {"wavelet": "haar"},
    "wavelet=db2": {"wavelet": "db2"},
    "fourier=true, wavelet=haar": {"fourier": True, "wavelet": "haar"},
}


@dataclass(frozen=True)
class Encoded:
    """Features of every row of the table and what their columns are."""

    features: FloatArray
    layout: FeatureLayout


@dataclass(frozen=True)
class Judged:
    """AUROC of each task (lines x supports), all queries and reversed ones, and what the option costs."""

    whole: np.ndarray
    reversed_pairs: np.ndarray
    parameters: int
    born: float
    trained: float
    answer: float


def tracked(table: PairTable, truth: Truth, folder: Path, run: Any, wavelet: Literal["haar", "db2"]) -> Encoded:
    """Return z_q and all coefficients of every row; the training lines choose the channels."""
    first, back = distinct_rows(table)
    encoder, settings = without_recall(run.load_encoder()), run.config.encoder
    teaching = np.array([truth.roles[str(line)] == "training" for line in table.cell_line])
    genome = Genome(folder / "genome.fa")
    windows, _ = windows_of(table.take(first), genome, settings.enhancer_window, settings.promoter_window)
    genome.close()
    rows = [
        ContextRows(line, back[at], table.label[at].astype(np.int8))
        for line, assay in table.contexts()
        if (at := table.rows_of((line, assay)))[teaching[table.rows_of((line, assay))]].size
    ]
    whole = TrackedEncoder.from_training(encoder, windows, rows, settings, fourier=True, wavelet=wavelet)
    parts = [whole.encode(windows.take(np.arange(s, min(s + 4_096, len(first))))) for s in range(0, len(first), 4_096)]
    return Encoded(np.concatenate(parts)[back], layout_of(whole))


def encoded(table: PairTable, truth: Truth, folder: Path, run: Any, wavelet: Any, cache: Path | None) -> Encoded:
    """Return :func:`tracked`, from the cache where it was made before."""
    kept = None if cache is None else cache / f"{folder.name}-{run.id}-{wavelet}.safetensors"
    if kept is not None and kept.exists():
        file = load_tensors(kept, cap=2 << 30)
        return Encoded(np.asarray(file.tensors["features"]), FeatureLayout.of_json(file.description["layout"]))
    found = tracked(table, truth, folder, run, wavelet)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(kept, {"features": found.features}, {"layout": found.layout.as_json()})
    return found


def narrowed(found: Encoded, config: ModelConfig) -> Encoded:
    """Return the columns that a model reads."""
    layout = found.layout
    if not config.reads_track:
        return Encoded(layout.pair_features(found.features), FeatureLayout(layout.n_features))
    parts = [layout.pair_features(found.features)]
    parts += [found.features[:, layout.fourier]] if config.fourier_track else []
    parts += [found.features[:, layout.wavelet]] if config.wavelet != "off" else []
    kept = replace(
        layout,
        periods=layout.periods if config.fourier_track else (),
        bands=layout.bands if config.wavelet != "off" else (),
    )
    return Encoded(np.concatenate(parts, axis=1), kept)


def reversed_rows(table: PairTable, truth: Truth, context: LabelledContext) -> np.ndarray:
    """Return which pairs of a line lie on the other side of the median than in the mean training line, (N,) bool."""
    rows = table.rows_of((context.cell_line, context.assay))
    chosen = truth.rows_of(table.pair_id[rows[table.label[rows] >= 0]])
    training = [at for at, line in enumerate(truth.lines) if truth.roles[line] == "training"]
    usual, own = (
        truth.probability[chosen][:, training].mean(axis=1),
        truth.probability[chosen, truth.lines.index(context.cell_line)],
    )
    return (usual > np.median(usual)) != (own > np.median(own))


def tasks_of(held: list[LabelledContext], supports: int, seed: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield (line, support rows, query rows): the same for every option; no element is shared."""
    for line, context in enumerate(held):
        for repeat in range(supports):
            rng = np.random.default_rng([seed, line, repeat])
            support = draw_support(context.labels, SHOTS, rng, balanced=False)
            yield line, support, rng.permutation(np.flatnonzero(apart_from(context, support)))[:2_000]


def judged(
    config: ModelConfig, contexts: list[LabelledContext], roles: dict[str, str], other: dict[str, np.ndarray], args: Any
) -> Judged:
    """Return how one option does, born and trained on the training lines."""
    training = [c for c in contexts if roles[c.cell_line] == "training"]
    held = [c for c in contexts if roles[c.cell_line] != "training"][: args.lines]
    train = TrainConfig(steps=args.steps, birth_steps=args.birth_steps, leave_one_line_out=False)
    began = time.process_time()
    birth = give_birth(training, config, args.seed, steps=train.birth_steps)
    born = time.process_time()
    for _ in run_steps(birth, EpisodeSource(training, birth, train, args.seed), args.steps):
        pass
    trained = time.process_time()
    learner = MetaBamLearner.of_model(birth.model, train)
    whole: list[list[float]] = [[] for _ in held]
    turned: list[list[float]] = [[] for _ in held]
    for line, support, queries in tasks_of(held, args.supports, args.seed):
        one = held[line]
        fingerprint = learner.adapt(SupportSet(one.features[support], one.labels[support]))
        logit, labels = learner.predict(fingerprint, one.features[queries]).logit, one.labels[queries]
        for rows, into in ((np.ones(len(queries), dtype=bool), whole), (other[one.name][queries], turned)):
            area = auroc(labels[rows], logit[rows])
            into[line] += [] if area is None else [area]
    answered = time.process_time() - trained
    n_tasks = sum(len(row) for row in whole)
    means = [np.array([np.mean(row) for row in rows]) for rows in (whole, turned)]
    return Judged(*means, count_parameters(birth.model), born - began, trained - born, answered / n_tasks)


def cross_terms(table: PairTable, folder: Path, run: Any, wavelet: Any, seed: int) -> str:
    """Return how well single-channel energies stand for the energy of a random sum of channels, band by band."""
    first, _ = distinct_rows(table)
    settings, encoder = run.config.encoder, without_recall(run.load_encoder())
    genome = Genome(folder / "genome.fa")
    windows, _ = windows_of(table.take(first[:600]), genome, settings.enhancer_window, settings.promoter_window)
    genome.close()
    places = -(-settings.enhancer_window // settings.track_step)
    track = encoder.track(windows)[:, :places]
    track = track[:, :, track.std(axis=(0, 1)) > 0]
    levels, rng, rows = settings.track.levels, np.random.default_rng(seed), []
    energies = band_energies(track, wavelet, levels)
    for _ in range(20):
        weights = rng.normal(size=track.shape[2]).astype(np.float32)
        exact = band_energies((track @ weights)[:, :, None], wavelet, levels)[:, 0]
        near = np.einsum("c,ncb->nb", weights**2, energies)
        rows.append([np.corrcoef(exact[:, b], near[:, b])[0, 1] for b in range(levels + 1)])
    return ", ".join(f"{value:.2f}" for value in np.mean(rows, axis=0))


def report(found: dict[str, Judged], note: str) -> str:
    """Return the Markdown table."""
    first = next(iter(found.values()))
    lines = [f"# Options of the model at {SHOTS} shots", "", note, ""]
    heads = ["option", "AUROC", "minus default (1 s.e.)", "reversed pairs", "minus default (1 s.e.)", "parameters"]
    heads += ["birth, training (CPU s)", "adapt + 2,000 queries (CPU ms)"]
    lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, one in found.items():
        cells = [name, f"{one.whole.mean():.4f}", _gap(one.whole, first.whole), f"{np.nanmean(one.reversed_pairs):.4f}"]
        cells += [_gap(one.reversed_pairs, first.reversed_pairs), f"{one.parameters:,}"]
        cells += [f"{one.born:.0f}, {one.trained:.0f}", f"{1000 * one.answer:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _gap(mine: np.ndarray, default: np.ndarray) -> str:
    if mine is default:
        return "-"
    gap = mine - default
    return f"{gap.mean():+.4f} ({gap.std(ddof=1) / np.sqrt(len(gap)):.4f})" if len(gap) > 1 else f"{gap.mean():+.4f}"


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", required=True, help="finished run trained on that world")
    parser.add_argument("--steps", type=int, default=150, help="meta-training steps of every option")
    parser.add_argument("--birth-steps", type=int, default=1_200)
    parser.add_argument("--supports", type=int, default=4, help="supports per line")
    parser.add_argument("--lines", type=int, default=20, help="held-out lines, at most")
    parser.add_argument("--only", nargs="+", choices=list(OPTIONS), help="which options beside the default")
    parser.add_argument("--cache", type=Path, help="folder that keeps the features")
    parser.add_argument("--out", type=Path, help="file for the table")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folder, run = Path(args.world), open_run(args.run)
    table, truth = read_world(folder)
    found, features = {}, {}
    chosen = {name: OPTIONS[name] for name in OPTIONS if not args.only or name in args.only or not OPTIONS[name]}
    for name, option in chosen.items():
        config = run.config.model.model_copy(update=option)
        wavelet = "db2" if config.wavelet == "db2" else "haar"
        if wavelet not in features:
            features[wavelet] = encoded(table, truth, folder, run, wavelet, args.cache)
        mine = narrowed(features[wavelet], config)
        contexts = contexts_of(table, mine.features, mine.layout if config.reads_track else None)
        other = {context.name: reversed_rows(table, truth, context) for context in contexts}
        found[name] = judged(config, contexts, truth.roles, other, args)
        print(f"{name}: {found[name].whole.mean():.4f}", flush=True)
    lines = len(next(iter(found.values())).whole)
    note = (
        f"World {folder.name}, run {run.id}: {lines} held-out lines x {args.supports} natural supports, {args.steps} "
        f"steps, seed {args.seed}. Single-channel energies against the energy of a sum of channels, correlation from "
        f"fine to broad: Haar {cross_terms(table, folder, run, 'haar', args.seed)}."
    )
    text = report(found, note)
    print(text)
    if args.out is not None:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
