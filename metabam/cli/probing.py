"""``metabam probe spectrum | ablate | swap | convergence | influence | design | map``: ask a finished run."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metabam import files
from metabam.cli.apply import open_predictor
from metabam.cli.report import Output, Result, plain
from metabam.cli.tables import open_genome, read_table, write_new
from metabam.errors import ConfigError, InputError
from metabam.learners.metabam import MetaBamLearner
from metabam.records import AblationCase, Fingerprint, LabelledContext, PairTable, SupportSet, SwapLine

if TYPE_CHECKING:
    from metabam.score import Predictor

VERDICTS = {
    "needed": "the labels need it",
    "harmful": "the labels are more likely without it",
    "moves": "moves predictions more than a random direction; the labels do not show whether it helps",
    "chance": "no more than a random direction",
}


def spectrum(arguments: argparse.Namespace, output: Output) -> Result:
    """Say how many independent directions the atoms of a run have."""
    from metabam.probe.spectrum import singular_spectrum

    found = singular_spectrum(_learner(_predictor(arguments)).atoms)
    lines = [f"{at}\t{one:.4f}" for at, one in enumerate(found.singular, start=1)]
    head = (
        f"effective rank {found.effective_rank:.1f} of at most {found.max_rank}; largest cosine {found.max_cosine:.2f}"
    )
    return _result(arguments, output, found, [head, "rank\tsingular_value", *lines])


def ablate(arguments: argparse.Namespace, output: Output) -> Result:
    """Say which atoms carry the predictions, against random directions."""
    from metabam.probe.ablate import ablate_atoms, removal_curve, synergy
    from metabam.probe.forest import forest, line_map

    learner = _learner(_predictor(arguments))
    if arguments.step is not None and arguments.step > learner.config.n_steps:
        raise ConfigError("bad-step", f"--step {arguments.step}: the run takes {learner.config.n_steps} steps.")
    rng = np.random.default_rng(arguments.seed)
    cases = [_case(learner, line, arguments, rng) for line in _lines(arguments, output)]
    how = {"replacement": arguments.replacement, "seed": arguments.seed}
    record = _with_progress(
        output, "ablate", lambda tell: ablate_atoms(learner, cases, step=arguments.step, progress=tell, **how)
    )
    found = forest(record, metric=arguments.metric, seed=arguments.seed)
    effect, size = line_map(record)
    values: dict[str, Any] = {"forest": found, "lines": record.lines, "line_effect": effect, "line_size": size}
    if arguments.curve:
        values["curve"] = _with_progress(
            output, "curve", lambda tell: removal_curve(learner, cases, found.size, progress=tell, **how)
        )
    if arguments.synergy:
        values["synergy"] = synergy(learner, cases, np.argsort(-found.size)[:8].tolist(), **how)
    order = np.argsort(-found.size)
    rows = [
        f"{k}\t{found.effect[k]:.4f}\t{found.low[k]:.4f}\t{found.high[k]:.4f}\t{found.size[k]:.4f}\t{found.p[k]:.4f}\t"
        f"{found.fit[k]:.4f}\t{found.fit_low[k]:.4f}\t{found.fit_high[k]:.4f}\t{VERDICTS[found.verdicts[k]]}"
        for k in order.tolist()
    ]
    head = "atom\teffect\tlow\thigh\tsize\tp\tfit\tfit_low\tfit_high\tverdict"
    return _result(arguments, output, values, [head, *rows])


def swap(arguments: argparse.Namespace, output: Output) -> Result:
    """Say how well each line's fingerprint answers on each line's pairs, beside its controls."""
    from metabam.probe.swap import swap_fingerprints

    learner = _learner(_predictor(arguments))
    rng = np.random.default_rng(arguments.seed)
    lines = [
        SwapLine(line, _drawn(line, arguments.shots, rng), _drawn(line, arguments.shots, rng))
        for line in _lines(arguments, output)
    ]
    found = _with_progress(
        output,
        "swap",
        lambda tell: swap_fingerprints(
            learner, lines, judged_by=arguments.judged_by, seed=arguments.seed, progress=tell
        ),
    )
    names = ("auroc", "shuffled", "prior", "other", "reversal")
    rows = [
        f"{found.lines[a]}\t{found.lines[b]}\t{found.n[a, b]}\t"
        + "\t".join(f"{getattr(found, name)[a, b]:.3f}" for name in names)
        for a in range(len(lines))
        for b in range(len(lines))
    ]
    return _result(arguments, output, found, ["sequences\tfingerprint\tn\t" + "\t".join(names), *rows])


def convergence(arguments: argparse.Namespace, output: Output) -> Result:
    """Say how posterior width and support log-likelihood change from the first pair to the last."""
    from metabam.probe.convergence import convergence_curve

    predictor, support, _ = _supported(arguments, output)
    found = _with_progress(
        output,
        "convergence",
        lambda tell: convergence_curve(
            _learner(predictor), support, orders=arguments.orders, seed=arguments.seed, progress=tell
        ),
    )
    width, likelihood = found.std.mean(axis=(0, 2)), found.log_likelihood.mean(axis=0)
    rows = [f"{n}\t{w:.4f}\t{v:.3f}" for n, w, v in zip(found.shots, width, likelihood, strict=True)]
    return _result(arguments, output, found, ["shots\tmean_std\tsupport_log_likelihood_nats", *rows])


def influence(arguments: argparse.Namespace, output: Output) -> Result:
    """Say which labels matter, and whether the support informs the model at all."""
    from metabam.probe.influence import support_influence
    from metabam.probe.informed import informed_by_labels

    predictor, support, table = _supported(arguments, output)
    learner, queries = _learner(predictor), None
    if arguments.queries is not None:
        asked = read_table(arguments.queries, "query", predictor.genome, arguments.base, output)
        values, status = predictor.features(asked.table, asked.status)
        queries = values[status == "ok"]
    found = support_influence(learner, support, queries)
    verdict = informed_by_labels(learner, support, permutations=arguments.permutations, seed=arguments.seed)
    said = "informed by your labels" if verdict.informed else "NOT informed by your labels: read prior predictions"
    rows = [
        f"{line}\t{label}\t{shift:.4f}\t{left:.3f}\t{prior:.3f}"
        for line, label, shift, left, prior in zip(
            table.line, found.labels, found.shift, found.left_out, found.prior, strict=True
        )
    ]
    head = f"{said}; gain {verdict.gain:.3f} nats, p {verdict.p:.3f}, KL {verdict.kl.sum():.3f} nats"
    columns = "line\tlabel\tshift\tleft_out_nats\tprior_nats"
    return _result(arguments, output, {"influence": found, "verdict": verdict}, [head, columns, *rows])


def design(arguments: argparse.Namespace, output: Output) -> Result:
    """Choose the pairs whose labels would teach the model most."""
    from metabam.data.pairs import without_status_rows
    from metabam.learners.posterior import posterior_draws
    from metabam.probe.design import plan_support

    predictor = _predictor(arguments, output)
    if arguments.sheet is not None:
        write_new(Path(arguments.sheet))
    read = read_table(arguments.candidates, "query", predictor.genome, arguments.base, output)
    table = without_status_rows(read)
    features, status = predictor.features(table)
    table, features = table.take(status == "ok"), features[status == "ok"]
    belief, tested = predictor.prior(), None
    if arguments.support is not None:
        tested = read_table(arguments.support, "support", predictor.genome, arguments.base, output).table
        belief = predictor.adapt(tested)
    rules = _rules(arguments, table, tested)
    learner = _learner(predictor)
    found = _with_progress(
        output,
        "design",
        lambda tell: plan_support(
            lambda seed: posterior_draws(learner, belief, features, arguments.draws, seed=seed, delta=arguments.delta),
            rules,
            seed=arguments.seed,
            progress=tell,
        ),
    )
    chosen = table.take(found.chosen)
    if arguments.sheet is not None:
        _write_sheet(Path(arguments.sheet), chosen)
    names = [name or f"row{row + 1}" for name, row in zip(chosen.pair_id.tolist(), found.chosen.tolist(), strict=True)]
    rows = [
        f"{at}\t{name}\t{found.single[row]:.4f}\t{gain:.4f}\t{found.probability[row]:.3f}"
        for at, (name, row, gain) in enumerate(zip(names, found.chosen, found.gain, strict=True), start=1)
    ]
    random = float(found.random_gain[:, -1].mean())
    head = f"{found.gain[-1]:.3f} nats planned, {random:.3f} random; all of one class with p = {found.one_class:.3f}"
    warned = {
        "within 15 % of ln M: raise --draws": found.saturated,
        "this model expects to learn nothing here (all gains below 0.01 nats)": found.nothing_to_learn,
        "all labels may come out one class": found.one_class > 0.05,
    }
    for text, applies in warned.items():
        if applies:
            output.note(text)
    values = {"design": found, "chosen": names, "random_total": random}
    return _result(arguments, output, values, [head, "pick\tpair_id\tsingle\tjoint\tprobability", *rows])


def map(arguments: argparse.Namespace, output: Output) -> Result:
    """Store the map of the training lines beside a finished run, as ``metabam train --map`` does."""
    from metabam.cli.learn import store_map
    from metabam.probe.manifold import MAP_FILE

    _learner(_predictor(arguments))
    layout = store_map(Path(arguments.run_dir), arguments.seed, output)
    values = {
        "file": MAP_FILE,
        "points": len(layout.coordinates),
        "trustworthiness": layout.trustworthiness,
        "overlap": layout.overlap,
    }
    head = f"{MAP_FILE}: {len(layout.coordinates)} supports, trustworthiness {layout.trustworthiness:.2f}"
    return _result(arguments, output, values, [head])


# ------------------------------------------------------------------ inside


def _predictor(arguments: argparse.Namespace, output: Output | None = None) -> Predictor[Any]:
    if arguments.out is not None:
        write_new(Path(arguments.out))
    path = getattr(arguments, "genome", None)
    genome = None if path is None or output is None else open_genome(path, output)
    return open_predictor(arguments, genome)


def _learner(predictor: Predictor[Any]) -> MetaBamLearner:
    if not isinstance(predictor.learner, MetaBamLearner):
        raise ConfigError("learner-kind", f"this run holds {predictor.learner.name!r}.", "Use a run of Meta-BAM.")
    return predictor.learner


def _supported(arguments: argparse.Namespace, output: Output) -> tuple[Predictor[Any], SupportSet, PairTable]:
    predictor = _predictor(arguments, output)
    table = read_table(arguments.support, "support", predictor.genome, arguments.base, output).table
    return predictor, predictor.support_set(table), table


def _lines(arguments: argparse.Namespace, output: Output) -> list[LabelledContext]:
    """Return the lines to probe: those of the run, or of a table of pairs."""
    from metabam.data.episodes import contexts_of
    from metabam.train.run import RunStore

    if arguments.pairs is None:
        place = Path(arguments.run_dir).resolve()
        found = RunStore(place.parent).open(place.name).training_contexts()
        output.note("training lines of the run: the model has seen their labels")
    else:
        genome = None if arguments.genome is None else open_genome(arguments.genome, output)
        table = read_table(arguments.pairs, "training", genome, arguments.base, output).table
        if arguments.line:
            table = table.take(np.isin(table.cell_line.astype(str), arguments.line))
        reader = open_predictor(arguments, genome)
        features, status = reader.features(table)
        found = contexts_of(table.take(status == "ok"), features[status == "ok"])
    known = [line.name for line in found]
    kept = [line for line in found if not arguments.line or {line.name, line.cell_line} & set(arguments.line)]
    if not kept:
        raise ConfigError("unknown-line", f"no line is called {arguments.line}.", f"Known: {', '.join(known[:12])}.")
    return kept


def _drawn(line: LabelledContext, shots: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    from metabam.data.episodes import draw_support

    return draw_support(line.labels, shots, rng, balanced=False)


def _case(
    learner: MetaBamLearner, line: LabelledContext, arguments: argparse.Namespace, rng: np.random.Generator
) -> AblationCase:
    """Return a line with the fingerprint of a drawn support, and pairs that share no element with it."""
    from metabam.data.episodes import apart_from

    support = _drawn(line, arguments.shots, rng)
    belief: Fingerprint = learner.adapt(SupportSet(line.features[support], line.labels[support]))
    rows = np.sort(rng.permutation(np.flatnonzero(apart_from(line, support)))[: arguments.per_line])
    return AblationCase(line.name, belief, line.features[rows], line.labels[rows], line.promoter[rows])


def _rules(arguments: argparse.Namespace, table: PairTable, tested: PairTable | None) -> Any:
    from metabam.data.elements import element_identities
    from metabam.data.overlap import pair_keys
    from metabam.probe.design import Rules

    place = {name: row for row, name in enumerate(table.pair_id.tolist())}
    unknown = [name for name in (*arguments.include, *arguments.exclude) if name not in place]
    if unknown:
        raise InputError("unknown-pair", f"no candidate is called {unknown[0]!r}.", "Give ids of the table.")
    enhancer, promoter = element_identities(table)
    genes = np.unique(table.gene_id.astype(str), return_inverse=True)[1].astype(np.int64)
    barred = {place[name] for name in arguments.exclude}
    if tested is not None:
        barred |= set(np.flatnonzero(np.isin(pair_keys(table), pair_keys(tested))).tolist())
    cost = None
    if arguments.cost is not None:
        if arguments.cost not in table.extra:
            raise InputError("no-cost", f"the table has no column {arguments.cost!r}.", "Name another column.")
        try:
            cost = np.array([float(cell) for cell in table.extra[arguments.cost]])
        except ValueError:
            raise InputError("no-cost", f"{arguments.cost!r} holds text.", "Give a number in every row.") from None
    return Rules(
        size=arguments.size,
        enhancer=enhancer,
        promoter=genes if any(table.gene_id) else promoter,
        per_enhancer=arguments.per_enhancer,
        per_promoter=arguments.per_gene,
        include=tuple(place[name] for name in arguments.include),
        exclude=tuple(sorted(barred)),
        cost=cost,
    )


def _write_sheet(path: Path, chosen: PairTable) -> None:
    """Write an order sheet: the chosen pairs with an empty label column, which ``metabam adapt`` reads once filled."""
    from metabam.data.exports import export_rows, table_columns

    columns = {name: column for name, column in table_columns(chosen).items() if name != "label"}
    files.write_bytes(path, export_rows({**columns, "label": [""] * len(chosen)}))


def _with_progress(output: Output, name: str, work: Callable[[Callable[[float], None]], Any]) -> Any:
    progress = output.progress()
    try:
        return work(lambda share: progress.update(name, f"{share:.0%}"))
    finally:
        progress.close()


def _result(arguments: argparse.Namespace, output: Output, record: Any, lines: Sequence[str]) -> Result:
    """Return a summary for people, the whole record for ``--json``, and write it where ``--out`` says."""
    values = plain(_values(record))
    if arguments.out is not None:
        out = Path(arguments.out)
        files.write_json(out, {"probe": arguments.verb, "run": Path(arguments.run_dir).name, **values})
        output.note(f"the whole record is in {out}")
    return Result({"probe": arguments.verb, **values}, "\n".join(lines))


def _values(record: Any) -> Any:
    """Return records and arrays as plain lists and tables."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {item.name: _values(getattr(record, item.name)) for item in dataclasses.fields(record)}
    if isinstance(record, dict):
        return {str(key): _values(item) for key, item in record.items()}
    if isinstance(record, np.ndarray):
        return record.tolist()
    return record
