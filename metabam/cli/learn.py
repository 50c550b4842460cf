"""``metabam simulate`` and ``metabam train``."""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import json
import time
from pathlib import Path
from typing import Any

from metabam import config as settings
from metabam.cli.report import Output, Result
from metabam.cli.tables import open_brought, open_genome, read_table
from metabam.config import RunConfig
from metabam.errors import ConfigError
from metabam.records import LayoutRecord, PairTable, StepRecord


def simulate(arguments: argparse.Namespace, output: Output) -> Result:
    """Write a planted world into a new folder; nothing is ever overwritten."""
    from metabam.data.synthetic import simulate as write_world

    out = Path(arguments.out)
    sizes = ("training_lines", "heldout_lines", "pairs_per_line", "enhancer_length", "promoter_length")
    chosen = {name: getattr(arguments, name) for name in sizes if getattr(arguments, name) is not None}
    progress = output.progress()
    began = time.monotonic()
    try:
        truth = write_world(
            out, arguments.seed, progress=lambda stage, share: progress.update(stage, f"{share:.0%}"), **chosen
        )
    finally:
        progress.close()
    lines = {name: line["role"] for name, line in truth["lines"].items()}
    files = sorted(path.name for path in out.iterdir())
    values = {"out": str(out), "seed": arguments.seed, "seconds": time.monotonic() - began}
    values |= {"files": files, "lines": lines, "mechanisms": [item["name"] for item in truth["mechanisms"]]}
    return Result(values, "\n".join([*(f"{out / name}" for name in files), *(f"{k}\t{v}" for k, v in lines.items())]))


def train(arguments: argparse.Namespace, output: Output) -> Result:
    """Train a run, or go on with one, and say where it stands.

    Raises
    ------
    ConfigError
        A setting is out of range, the held-out line is unknown, or CUDA was asked for and is not there.
    """
    config = run_config(arguments)
    _check_device(config)
    from metabam.train.encoding import check_given
    from metabam.train.pipeline import train_run
    from metabam.train.run import usable_id

    if not usable_id(Path(arguments.out).absolute().name):
        raise ConfigError("run-name", f"{arguments.out!r} cannot name a run.", "Use letters, digits, _ . and -.")
    check_given(config.encoder, genome=arguments.genome is not None, features=arguments.features is not None)
    genome = open_genome(arguments.genome, output)
    table = read_table(arguments.pairs, "training", genome, arguments.base, output).table
    config = named_in(config, table)
    how = {"resume": arguments.resume, "fresh": arguments.fresh, "allow_other_torch": arguments.other_torch}
    brought = open_brought(arguments.features, without_lines=config.holdout)
    out, progress, last = Path(arguments.out), output.progress(), None
    try:
        for record in train_run(config, genome, table, out, features=brought, **how):
            progress.update(record.phase, _standing(record, config))
            last = record
    finally:
        progress.close()
        if genome is not None:
            genome.close()
    if arguments.map and last is not None and last.phase == "done" and not output.quiet:
        store_map(out, config.seed, output)
    seconds = 0.0 if last is None else last.seconds
    values = {"run": str(out), "seed": config.seed, "holdout": list(config.holdout), "seconds": seconds}
    if last is not None:
        values |= {"step": last.step, "phase": last.phase, "metrics": dict(last.metrics)}
    return Result(values, f"{out}\ttrained in {seconds:.0f} s")


def store_map(out: Path, seed: int, output: Output) -> LayoutRecord:
    """Store the training lines' cloud of supports and its UMAP beside the run's files, and return the UMAP."""
    from metabam.probe.manifold import save_map, support_cloud, umap_layout
    from metabam.train.run import RunStore

    folder = out.resolve()
    run = RunStore(folder.parent).open(folder.name)
    output.note("fitting the map of the training lines")
    lines = [line for line in run.training_contexts() if len(line) >= 16]
    cloud = support_cloud(run.load_learner(), lines, judged=True, seed=seed)
    layout = umap_layout(cloud, seed=seed)
    save_map(folder, cloud, layout)
    return layout


def run_config(arguments: argparse.Namespace) -> RunConfig:
    """Return the preset with what the flags change, validated.

    Raises
    ------
    ConfigError
        ``bad-setting``, naming the setting and its range.
    """
    values: dict[str, Any] = json.loads(settings.preset(arguments.preset).model_dump_json())
    values["holdout"] = list(dict.fromkeys(arguments.holdout))
    values["holdout_chrom"] = list(dict.fromkeys(arguments.holdout_chrom))
    flags = {
        ("seed",): arguments.seed,
        ("learner",): arguments.learner,
        ("encoder", "kind"): arguments.encoder,
        ("encoder", "enhancer_window"): arguments.enhancer_window,
        ("encoder", "promoter_window"): arguments.promoter_window,
        ("encoder", "weights"): arguments.weights,
        ("encoder", "trust_remote_code"): arguments.trust_remote_code or None,
        ("encoder", "distance"): arguments.distance or None,
        ("expert", "episodic_steps") if arguments.learner == "expert" else ("train", "steps"): arguments.steps,
        ("train", "joint_steps"): arguments.joint_steps,
        ("train", "threads"): arguments.threads,
        ("train", "device"): arguments.device,
    }
    changes = {place: value for place, value in flags.items() if value is not None}
    for word in arguments.settings:
        place, value = setting(word)
        if place in changes:
            raise ConfigError("set-twice", f"{'.'.join(place)} is set twice.", "Set it once.")
        if place[0] in ("preset", "holdout", "holdout_chrom"):
            flag = f"--{place[0].replace('_', '-')}"
            raise ConfigError("has-a-flag", f"{place[0]} is not set by --set.", f"Use {flag}.")
        changes[place] = value
    for place, value in changes.items():
        inner = values
        for depth, key in enumerate(place[:-1], start=1):
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise ConfigError(
                    "unknown-key", f"{'.'.join(place)}: {'.'.join(place[:depth])} has no parts.", "Set it as a whole."
                )
        if isinstance(inner.get(place[-1]), dict):
            known = ", ".join(inner[place[-1]])
            raise ConfigError("bad-setting", f"{'.'.join(place)} is a group of settings: {known}.", "Set one of them.")
        inner[place[-1]] = value
    return settings.build(values, RunConfig)


def setting(word: str) -> tuple[tuple[str, ...], Any]:
    """Return the place and the typed value of ``KEY=VALUE``: JSON where it is JSON, else text.

    ``1e-3`` is a number and ``true`` a truth value; ``no``, ``08`` and ``NaN`` are text, which no number and no switch
    accepts: nothing is guessed.

    Raises
    ------
    ConfigError
        ``usage`` for a word that is not ``KEY=VALUE``.
    """
    key, equals, text = word.partition("=")
    place = tuple(part.strip() for part in key.split("."))
    if not equals or not all(place):
        raise ConfigError("usage", f"--set {word!r} is not KEY=VALUE.", "Write it as model.mix=attention.")
    try:
        return place, json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return place, text


def _no_constant(name: str) -> Any:
    """Refuse NaN and infinities, which Python's reader of JSON would take."""
    raise ValueError(name)


def named_in(config: RunConfig, table: PairTable) -> RunConfig:
    """Return the settings with every held-out pattern (``unseen*``) replaced by the names in the table that match it.

    Raises
    ------
    ConfigError
        ``unknown-line`` or ``unknown-chrom``, with the nearest names of the table; ``no-training-line``.
    """
    lines = sorted({str(line) for line in table.cell_line})
    chromosomes = sorted({str(chrom) for chrom in (*table.enhancer_chrom, *table.promoter_chrom)})
    holdout = _expand("unknown-line", config.holdout, lines)
    if not set(lines) - set(holdout):
        raise ConfigError("no-training-line", "every line of the table is held out.", "Leave at least one to train on.")
    chroms = _expand("unknown-chrom", config.holdout_chrom, chromosomes)
    return config.model_copy(update={"holdout": holdout, "holdout_chrom": chroms})


def _expand(code: str, asked: tuple[str, ...], known: list[str]) -> tuple[str, ...]:
    """Return the known names that were asked for, by name or by pattern, in the order asked."""
    found: dict[str, None] = {}
    for name in asked:
        matches = [name] if name in known else fnmatch.filter(known, name)
        if not matches:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:8]
            raise ConfigError(code, f"no pair of the table is of {name!r}.", f"Nearest: {', '.join(near)}.")
        found.update(dict.fromkeys(matches))
    return tuple(found)


def _check_device(config: RunConfig) -> None:
    """Refuse CUDA where there is none; nothing falls back in silence."""
    if config.train.device == "cuda":
        from metabam.learners.episodic import training_device

        training_device(config.train.device)


def _standing(record: StepRecord, config: RunConfig) -> str:
    """Return where the run stands, in a few words."""
    of = f"/{config.train.steps}" if record.phase == "meta-train" and config.learner == "metabam" else ""
    numbers = {**record.terms, **record.metrics}
    shown = [f"{name} {value:.3f}" for name, value in numbers.items() if isinstance(value, float)][:4]
    return "  ".join([f"step {record.step}{of}", *shown, f"{record.seconds:.0f} s"])
