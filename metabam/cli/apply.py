"""``metabam draw``, ``adapt``, ``score`` and ``check``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metabam import files
from metabam.cli.report import Output, Result
from metabam.cli.tables import open_brought, open_genome, read_table, write_new
from metabam.config import inference_threads
from metabam.errors import ConfigError, InputError
from metabam.records import Fingerprint, PairTable

if TYPE_CHECKING:
    import pandas as pd

    from metabam.config import RefineConfig
    from metabam.data.genome import Genome
    from metabam.learners import Learner
    from metabam.score import Predictor
    from metabam.train.run import Run


def draw(arguments: argparse.Namespace, output: Output) -> Result:
    """Draw a support of one cell line, and the queries that share no enhancer and no promoter with it.

    Raises
    ------
    ConfigError
        ``unknown-line``, ``unknown-assay``, ``out-exists`` or ``bad-shots``.
    InputError
        ``too-few-pairs`` or ``no-queries``.
    """
    from metabam.data.elements import element_identities
    from metabam.data.episodes import draw_support
    from metabam.data.exports import export_rows, table_columns

    if not 4 <= arguments.shots <= 64:
        raise ConfigError("bad-shots", f"--shots {arguments.shots} is not from 4 to 64.", "16 is the usual number.")
    for path in (arguments.support, arguments.queries):
        write_new(Path(path))
    table = read_table(arguments.pairs, "training", None, arguments.base, output).table
    table = table.take(_rows_of_line(table, arguments.line, arguments.assay))
    rng = np.random.default_rng(arguments.seed)
    support = draw_support(table.label, arguments.shots, rng, balanced=arguments.balanced)
    enhancer, promoter = element_identities(table)
    apart = ~np.isin(enhancer, enhancer[support]) & ~np.isin(promoter, promoter[support])
    if not apart.any():
        raise InputError("no-queries", "every pair shares an element with the support.", "Draw fewer shots.")
    files.write_bytes(Path(arguments.support), export_rows(table_columns(table.take(support))))
    files.write_bytes(Path(arguments.queries), export_rows(table_columns(table.take(apart))))
    labels, context = table.label[apart], table.contexts()[0]
    values = {
        "support": arguments.support,
        "queries": arguments.queries,
        "cell_line": context[0],
        "assay": context[1],
        "n_support": len(support),
        "support_positives": int(table.label[support].sum()),
        "n_queries": int(apart.sum()),
        "query_prevalence": float(labels.mean()),
    }
    text = (
        f"{arguments.support}\t{len(support)} pairs, {values['support_positives']} positive\n"
        f"{arguments.queries}\t{int(apart.sum())} pairs, prevalence {labels.mean():.3f}"
    )
    return Result(values, text)


def _rows_of_line(table: PairTable, line: str, assay: str | None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the labelled rows of one context: of the line's only assay, of the one asked for, or of the largest."""
    known = [context for context in table.contexts() if context[0] == line]
    if not known:
        lines = sorted({context[0] for context in table.contexts()})
        raise ConfigError("unknown-line", f"no pair is of {line!r}.", f"The table knows {', '.join(lines[:12])}.")
    if assay is not None:
        known = [context for context in known if context[1] == assay]
        if not known:
            found = sorted({context[1] for context in table.contexts() if context[0] == line})
            raise ConfigError("unknown-assay", f"{line} has no assay {assay!r}.", f"It has {', '.join(found)}.")
    rows = max((table.rows_of(context) for context in known), key=len)
    return rows[table.label[rows] >= 0]


def adapt(arguments: argparse.Namespace, output: Output) -> Result:
    """Adapt a finished run to a cell line and write its fingerprint.

    With ``--refine``, z_c takes gradient steps afterwards; their settings and outcome are in the provenance.

    Raises
    ------
    ConfigError
        ``out-exists``, ``refine-flags``, or ``bad-setting`` for a refinement out of range.
    InputError
        What is wrong with the support, all of it; the support needs a genome unless it carries sequences.
    """
    from metabam.score import save_fingerprint

    out = Path(arguments.out)
    write_new(out)
    refine = _refinement(arguments)
    genome = open_genome(arguments.genome, output)
    support = read_table(
        arguments.support, "support", genome, arguments.base, output, allow_one_class=arguments.allow_one_class
    )
    predictor = open_predictor(arguments, genome)
    began = time.perf_counter()
    fingerprint = predictor.adapt(support.table, refine)
    seconds = time.perf_counter() - began
    for finding in predictor.findings(fingerprint, support.table):
        output.note(str(finding))
    save_fingerprint(out, fingerprint)
    values = {"fingerprint": str(out), "n_support": fingerprint.n_support, "seconds": seconds}
    values |= {"positives": support.class_counts[1], "learner": predictor.learner.name}
    if isinstance(fingerprint, Fingerprint):
        values["spectrum"] = fingerprint.spectrum.tolist()
    values |= {"provenance": dict(fingerprint.provenance)}
    return Result(values, f"{out}\tadapted to {fingerprint.n_support} pairs in {seconds:.2f} s")


def _refinement(arguments: argparse.Namespace) -> RefineConfig | None:
    """Return what the flags say of refining; ``None`` without ``--refine``."""
    from metabam.config import RefineConfig, build

    named = ("step_size", "noise", "chains", "seed")
    given = {name: value for name in named if (value := getattr(arguments, name)) is not None}
    if arguments.refine is None:
        if given:
            flags = ", ".join("--" + name.replace("_", "-") for name in given)
            raise ConfigError("refine-flags", f"{flags} without --refine.", "Give --refine STEPS too.")
        return None
    return build({"steps": arguments.refine, **given}, RefineConfig)


def score(arguments: argparse.Namespace, output: Output) -> Result:
    """Score query pairs, in input order, every input row accounted for.

    Where the queries carry labels, AUROC and AUPRC (beside the prevalence) are printed too; labels change no score.
    """
    from metabam.score import load_fingerprint, scores_text, write_scores

    out = None if arguments.out is None else Path(arguments.out)
    if out is not None:
        write_new(out)
        if out.suffix not in {".tsv", ".parquet"}:
            raise ConfigError("out-format", f"{out} ends neither in .tsv nor in .parquet.", "Choose one of the two.")
    genome = open_genome(arguments.genome, output)
    queries = read_table(arguments.queries, "query", genome, arguments.base, output)
    predictor = open_predictor(arguments, genome)
    fingerprint = predictor.prior() if arguments.fingerprint is None else load_fingerprint(Path(arguments.fingerprint))
    for finding in predictor.findings(fingerprint, queries.table):
        output.note(str(finding))
    progress = output.progress()
    began = time.perf_counter()
    scores = predictor.score(fingerprint, queries.table, status=queries.status)
    progress.close()
    seconds = time.perf_counter() - began
    failed = int((scores["status"] != "ok").sum())
    values: dict[str, Any] = {"rows": len(scores), "scored": len(scores) - failed, "seconds": seconds}
    values["metrics"] = label_metrics(queries.table, scores)
    output.note(f"{len(scores)} rows, {failed} without a score, {seconds:.2f} s" + _said(values["metrics"]))
    if out is not None:
        write_scores(scores, out)
        return Result(values | {"out": str(out)}, str(out))
    if output.as_json:
        values["scores"] = scores.to_dict(orient="records")
    return Result(values, scores_text(scores).rstrip("\n"))


def label_metrics(table: PairTable, scores: pd.DataFrame) -> Mapping[str, float | int | None] | None:
    """Return AUROC, AUPRC and prevalence of the labelled rows that were scored; ``None`` without labels."""
    from metabam.metrics import auprc, auroc, prevalence

    chosen = (table.label >= 0) & (scores["status"] == "ok").to_numpy()
    if not chosen.any():
        return None
    truth, value = table.label[chosen], scores["logit"].to_numpy()[chosen]
    return {
        "n": int(chosen.sum()),
        "prevalence": prevalence(truth),
        "auroc": auroc(truth, value),
        "auprc": auprc(truth, value),
    }


def _said(metrics: Mapping[str, float | int | None] | None) -> str:
    if metrics is None:
        return ""
    shown = {key: "undefined" if value is None else f"{value:.3f}" for key, value in metrics.items() if key != "n"}
    return (
        f"; on {metrics['n']} labelled: AUROC {shown['auroc']}, "
        f"AUPRC {shown['auprc']} (prevalence {shown['prevalence']})"
    )


def check(arguments: argparse.Namespace, output: Output) -> Result:
    """List every finding about a table; exit 65 when the table as a whole is refused for its role."""
    from metabam.data import pairs

    genome = open_genome(arguments.genome, output)
    path = Path(arguments.file)
    if not path.is_file():
        raise InputError("no-file", f"there is no file {path}.", "Check the path.")
    result = pairs.read_table(path, role=arguments.role, genome=genome, base=arguments.base)
    table, report, refused = result.table, result.report, result.refused
    contexts = [
        {"cell_line": line, "assay": assay, "pairs": len(rows), "positives": int((table.label[rows] == 1).sum())}
        for line, assay in table.contexts()
        for rows in [table.rows_of((line, assay))]
    ]
    problems = [
        {"severity": str(item.severity), "code": item.code, "line": item.line, "column": item.column}
        | {"message": item.message, "remedy": item.remedy}
        for item in report.problems
    ]
    verdict = f"refused as {arguments.role}" if refused else f"usable as {arguments.role}"
    lines = [str(problem) for problem in report.problems]
    lines += [
        f"{c['cell_line'] or '-'}\t{c['assay'] or '-'}\t{c['pairs']} pairs\t{c['positives']} positive" for c in contexts
    ]
    lines.append(f"{path}: {report.rows_read} rows read, {report.rows_used} used, {len(problems)} findings: {verdict}")
    values = {"file": str(path), "role": arguments.role, "usable": not refused, "rows_read": report.rows_read}
    values |= {"rows_used": report.rows_used, "contexts": contexts, "problems": problems}
    return Result(values, "\n".join(lines), InputError.exit_code if refused else 0)


# ------------------------------------------------------------------ what the commands open


def open_predictor(arguments: argparse.Namespace, genome: Genome | None) -> Predictor[Any]:
    """Return the predictor of a finished run, with its own learner or the one that ``--learner`` names.

    A command that lacks a flag behaves as if it had not been given.

    Raises
    ------
    InputError
        ``no-run`` where there is no such directory.
    ConfigError
        ``bad-variable`` where ``METABAM_THREADS`` is no number of threads; ``unknown-learner``, or
        ``learner-without-fingerprint`` for one whose beliefs cannot be written down.
    """
    threads = inference_threads()
    run_dir = Path(arguments.run_dir)
    if not run_dir.is_dir():
        raise InputError("no-run", f"there is no run directory {run_dir}.", "Give what `metabam train --out` wrote.")
    import torch

    from metabam.score import Predictor
    from metabam.train.run import RunStore

    torch.set_num_threads(threads)
    run = RunStore(run_dir.resolve().parent).open(run_dir.resolve().name)
    asked = {name: getattr(arguments, name, None) for name in ("learner", "features", "weights")}
    other = None if asked["learner"] in (None, run.config.learner) else _fitted_here(run, asked["learner"])
    return Predictor.of_run(
        run,
        genome,
        allow_other_genome=getattr(arguments, "other_genome", False),
        learner=other,
        features=open_brought(asked["features"]),
        weights=None if asked["weights"] is None else Path(asked["weights"]),
        trust_remote_code=getattr(arguments, "trust_remote_code", False),
    )


def _fitted_here(run: Run, name: str) -> Learner[Any]:
    """Return another learner, fitted on the run's training pairs with its seed: the same one each time."""
    from metabam.learners.stored import known, travels

    learner = known(name)
    if not travels(learner):
        raise ConfigError(
            "learner-without-fingerprint",
            f"what {name!r} believes cannot be written down.",
            "Choose another learner, or compare it with `metabam bench`.",
        )
    learner.fit(run.training_contexts(), seed=int(run.manifest["seed"]))
    return learner
