"""The flags of every command, and what happens when one is misspelt."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import metabam
from metabam.cli.values import count, names, port, positive, seed, whole
from metabam.errors import ConfigError

PRESETS = ("demo", "full")
ENCODERS = ("motif", "cnn", "cbat", "dnabert2", "hyenadna", "enformer", "precomputed")
FEATURES = ("truth", "motif", "cnn", "cbat")
ROLES = ("training", "support", "query")


class Parser(argparse.ArgumentParser):
    """An argument parser that raises :class:`ConfigError` (exit 2) and never guesses a shortened flag."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments with the line that shows what exists."""
        found = re.match(r"argument \w+: invalid choice: '(.+?)' \(choose from (.+)\)", message)
        if found:
            near = difflib.get_close_matches(found[1], re.findall(r"[\w-]+", found[2]), n=1)
            message = f"{message}; nearest: {near[0]}" if near else message
        raise ConfigError("usage", f"{message}.", f"See `{self.prog} --help`.")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; ``run`` in them is the command's function.

    Raises
    ------
    ConfigError
        ``usage``, ``unknown-flag`` (with the nearest flag) or ``bad-value``.
    """
    parser, commands = _build()
    arguments, rest = parser.parse_known_args(list(words))
    if rest:
        command = commands[" ".join(filter(None, (arguments.command, getattr(arguments, "verb", None))))]
        known = [flag for action in command._actions for flag in action.option_strings if flag.startswith("--")]
        near = difflib.get_close_matches(rest[0].split("=")[0], known, n=1)
        hint = f"nearest: {near[0]}" if near else f"known: {' '.join(known)}"
        raise ConfigError(
            "unknown-flag", f"{command.prog} does not know {rest[0]!r}; {hint}.", f"See `{command.prog} --help`."
        )
    return arguments


def _build() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the program and those of its commands."""
    parser = Parser(
        prog="metabam",
        description="Enhancer-promoter interaction in a cell line never seen, from 16 labelled pairs and DNA alone.",
        epilog="Exit status: 0 done, 2 wrong flag or setting, 3 run in use, 65 unusable input, 70 training stopped, "
        "74 writing failed, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"metabam {metabam.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for add in (_simulate, _train, _draw, _adapt, _score, _bench, _check, _app):
        _json(add(commands))
    verbs = _probe(commands)
    return parser, {**commands.choices, **{f"probe {name}": verb for name, verb in verbs.items()}}


def _command(commands: Any, name: str, help_text: str, module: str) -> Parser:
    """Add one command whose function ``name`` lives in ``metabam.cli.<module>``, imported when it runs."""

    def run(arguments: argparse.Namespace, output: Any) -> Any:
        function: Callable[..., Any] = getattr(import_module(f"metabam.cli.{module}"), name)
        return function(arguments, output)

    command: Parser = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    command.set_defaults(run=run)
    return command


def _simulate(commands: Any) -> Parser:
    command = _command(commands, "simulate", "write a planted world: DNA and pairs with a known truth", "learn")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="new folder: genome.fa, pairs.tsv, motifs.meme, truth.json"
    )
    command.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="whole number from 0 to 4294967295 (default 0)"
    )
    command.add_argument("--training-lines", type=count, metavar="N", help="lines to train on (default 5)")
    command.add_argument("--heldout-lines", type=count, metavar="N", help="lines never trained on (default 20)")
    command.add_argument("--pairs-per-line", type=count, metavar="N", help="labelled pairs of each line (default 6000)")
    command.add_argument("--enhancer-length", type=count, metavar="BP", help="bp (default 400)")
    command.add_argument("--promoter-length", type=count, metavar="BP", help="bp (default 400)")
    return command


def _train(commands: Any) -> Parser:
    command = _command(commands, "train", "train a run on a FASTA and a pair table, some cell lines held out", "learn")
    command.add_argument("--genome", metavar="FA", help="uncompressed FASTA (not needed with --encoder precomputed)")
    command.add_argument("--pairs", required=True, metavar="F", help="labelled pairs: CSV, TSV or Parquet, also .gz")
    command.add_argument(
        "--holdout",
        required=True,
        type=names,
        action="extend",
        metavar="LINE[,LINE]",
        help="cell lines never looked at; 'K56*' stands for all that match",
    )
    command.add_argument("--out", required=True, metavar="RUN", help="run directory, new unless --resume")
    command.add_argument(
        "--holdout-chrom", type=names, action="extend", default=[], metavar="C[,C]", help="chromosomes never looked at"
    )
    command.add_argument("--preset", choices=PRESETS, default="demo", help="settings to start from (default demo)")
    command.add_argument("--learner", metavar="NAME", help="what the run holds: metabam (default), expert")
    command.add_argument("--encoder", choices=ENCODERS, help="pair encoder (default: the preset's, motif)")
    command.add_argument("--distance", action="store_true", help="append distance and promoters between to --features")
    _brought(command)
    command.add_argument("--enhancer-window", type=whole, metavar="N", help="bp read around each enhancer's centre")
    command.add_argument("--promoter-window", type=whole, metavar="N", help="bp read around each promoter's centre")
    command.add_argument("--seed", type=seed, metavar="N", help="whole number from 0 to 4294967295 (default 0)")
    command.add_argument("--steps", type=whole, metavar="N", help="meta-training steps at most")
    command.add_argument(
        "--joint-steps",
        type=whole,
        metavar="N",
        help="then train encoder and model together (--encoder cnn; default 0)",
    )
    command.add_argument("--threads", type=whole, metavar="N", help="torch threads")
    command.add_argument("--device", choices=("cpu", "cuda", "auto"), help="where to train (default cpu)")
    command.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="KEY=VALUE",
        help="any other setting by its name, as model.mix=attention or train.shots=[0,16]; may be repeated",
    )  # fmt: skip
    _base(command)
    again = command.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    again.add_argument("--fresh", action="store_true", help="set the existing run aside and start again from step 0")
    command.add_argument("--map", action="store_true", help="also store a UMAP of the training lines (half a minute)")
    command.add_argument("--other-torch", action="store_true", help="resume under another PyTorch version (recorded)")
    return command


def _draw(commands: Any) -> Parser:
    command = _command(
        commands, "draw", "draw a support of one cell line, and the queries that share no element with it", "apply"
    )
    command.add_argument("--pairs", required=True, metavar="F", help="labelled pairs: CSV, TSV or Parquet, also .gz")
    command.add_argument("--line", required=True, metavar="LINE", help="cell line to draw from")
    command.add_argument(
        "--assay", metavar="NAME", help="assay, where the line has several (default: the one with most pairs)"
    )
    command.add_argument(
        "--shots", type=whole, default=16, metavar="N", help="pairs in the support, 4 to 64 (default 16)"
    )
    command.add_argument("--balanced", action="store_true", help="half positives, not the table's share")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="whole number (default 0)")
    command.add_argument("--support", required=True, metavar="F", help="new table of the support (.tsv)")
    command.add_argument("--queries", required=True, metavar="F", help="new table of the queries (.tsv)")
    _base(command)
    return command


def _adapt(commands: Any) -> Parser:
    command = _command(
        commands, "adapt", "adapt a finished run to a cell line, from a table of labelled pairs", "apply"
    )
    command.add_argument("--run", required=True, dest="run_dir", metavar="RUN", help="directory of a finished run")
    command.add_argument(
        "--genome", metavar="FA", help="uncompressed FASTA (not needed where the table carries sequences)"
    )
    command.add_argument("--support", required=True, metavar="F", help="4 to 64 labelled pairs: CSV or TSV")
    command.add_argument("--out", required=True, metavar="FINGERPRINT.json", help="the fingerprint of the cell line")
    command.add_argument("--allow-one-class", action="store_true", help="accept labels that are all equal (recorded)")
    _learner(command)
    command.add_argument("--refine", type=count, metavar="STEPS", help="gradient steps on z_c afterwards (20 is usual)")
    command.add_argument("--step-size", type=float, metavar="X", help="longest refinement step (default 0.1)")
    command.add_argument("--noise", type=float, metavar="X", help="0: best point (MAP, default), 1: Langevin draws")
    command.add_argument("--chains", type=count, metavar="N", help="chains of the refinement (default 1)")
    command.add_argument("--seed", type=seed, metavar="N", help="of starts and noise of the refinement (default 0)")
    _same_genome(command)
    _brought(command)
    _base(command)
    return command


def _score(commands: Any) -> Parser:
    command = _command(commands, "score", "score query pairs under a fingerprint", "apply")
    command.add_argument("--run", required=True, dest="run_dir", metavar="RUN", help="directory of a finished run")
    command.add_argument(
        "--fingerprint", metavar="FINGERPRINT.json", help="what `metabam adapt` wrote; without it the prior answers"
    )
    command.add_argument(
        "--genome", metavar="FA", help="uncompressed FASTA (not needed where the table carries sequences)"
    )
    command.add_argument("--queries", required=True, metavar="F", help="pairs to score: CSV, TSV or Parquet, also .gz")
    command.add_argument("--out", metavar="SCORES.tsv|.parquet", help="default: TSV on standard output")
    _learner(command)
    _same_genome(command)
    _brought(command)
    _base(command)
    return command


def _bench(commands: Any) -> Parser:
    command = _command(commands, "bench", "run every learner and control on the same episodes of unseen lines", "judge")
    command.add_argument("--list", action="store_true", help="name every learner, encoder and mix, and stop")
    command.add_argument("--world", action="append", default=[], metavar="DIR", help="planted world (repeatable)")
    command.add_argument(
        "--run", action="append", default=[], dest="run_dir", metavar="RUN", help="run of each --world, in order"
    )
    command.add_argument(
        "--features", choices=FEATURES, default="truth", help="features of a world without --run (default truth)"
    )
    command.add_argument("--noise", type=positive, default=1.0, metavar="SD", help="noise of --features truth (1)")
    command.add_argument(
        "--real", action="append", default=[], choices=("W2a", "W2b"), help="real contexts through METABAM_DATA"
    )
    command.add_argument("--folds", type=whole, nargs="+", metavar="N", help="chromosome folds of --real (all five)")
    command.add_argument(
        "--geometry", choices=("distance", "full"), default="full",
        help="what --real says of where elements lie: log10 distance, or its bends and promoters between too (default)",
    )  # fmt: skip
    command.add_argument(
        "--learner", type=names, action="extend", default=[], metavar="NAME[,NAME]", help="which ones (default all)"
    )
    command.add_argument("--shots", type=whole, nargs="+", metavar="N", help="support sizes (0 4 16 64 256)")
    command.add_argument("--supports", type=count, metavar="N", help="supports per line and size (default 20)")
    command.add_argument("--queries", type=count, metavar="N", help="queries per task at most (default 2000)")
    command.add_argument("--lines", type=count, metavar="N", help="held-out lines of a planted world at most (20)")
    command.add_argument("--steps", type=count, metavar="N", help="without a run: Meta-BAM's training steps")
    command.add_argument("--bootstraps", type=count, metavar="N", help="draws of genes (default 2000)")
    command.add_argument("--seed", type=seed, metavar="N", help="whole number (default 0)")
    command.add_argument("--out", metavar="DIR", help="folder of the benchmark, new unless --resume")
    command.add_argument("--resume", action="store_true", help="go on with a benchmark that was stopped")
    return command


def _check(commands: Any) -> Parser:
    command = _command(commands, "check", "list every problem of a pair table, with its row and remedy", "apply")
    command.add_argument("file", metavar="FILE", help="pair table")
    command.add_argument("--role", choices=ROLES, default="training", help="what the table is for (default training)")
    command.add_argument("--genome", metavar="FA", help="check the coordinates against this FASTA")
    _base(command)
    return command


def _app(commands: Any) -> Parser:
    command = _command(commands, "app", "open the app in a browser", "serve")
    command.add_argument("--port", type=port, default=8501, metavar="N", help="TCP port (default 8501)")
    command.add_argument(
        "--share", action="store_true", help="listen on every address of this machine; there is NO password"
    )
    command.add_argument("--runs", metavar="DIR", help="folder with your runs (default: METABAM_RUNS, else ./runs)")
    command.add_argument("--genome", metavar="FA", help="FASTA for uploads that carry coordinates only")
    return command


def _learner(command: Parser) -> None:
    command.add_argument(
        "--learner",
        metavar="NAME",
        help="another learner than the run's own (hierarchical, ...), fitted here on the run's training pairs",
    )


def _probe(commands: Any) -> dict[str, Parser]:
    """Add ``probe`` and return its verbs."""
    text = "ask a finished run one question: spectrum, ablate, swap, convergence, influence, design or map"
    command: Parser = commands.add_parser("probe", help=text, description=text[0].upper() + text[1:] + ".")
    _json(command)
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=Parser)

    def verb(name: str, help_text: str) -> Parser:
        added = _command(verbs, name, help_text, "probing")
        added.add_argument("--run", required=True, dest="run_dir", metavar="RUN", help="directory of a finished run")
        added.add_argument("--out", metavar="F.json", help="write the whole record here, not only the summary")
        added.add_argument("--seed", type=seed, default=0, metavar="N", help="whole number (default 0)")
        _json(added)
        return added

    verb("spectrum", "are the atoms still independent?")
    ablate, swap = (
        verb("ablate", "which atoms carry the predictions, and is it more than chance?"),
        verb("swap", "does one line's fingerprint impose its logic on another line's pairs?"),
    )
    for one in (ablate, swap):
        one.add_argument("--pairs", metavar="F", help="labelled pairs (default: the run's own training lines)")
        one.add_argument("--line", type=names, action="extend", default=[], metavar="LINE[,LINE]", help="lines to use")
        one.add_argument("--shots", type=count, default=16, metavar="N", help="pairs in each support (default 16)")
    ablate.add_argument("--replacement", choices=("mean", "resample", "zero"), default="mean", help="default mean")
    ablate.add_argument("--metric", choices=("logit", "probability", "auprc"), default="logit", help="default logit")
    ablate.add_argument("--step", type=count, metavar="T", help="remove in this unfolding step alone")
    ablate.add_argument("--per-line", type=count, default=200, metavar="N", help="pairs of each line (default 200)")
    ablate.add_argument("--curve", action="store_true", help="also AUPRC after removing 0..K atoms")
    ablate.add_argument("--synergy", action="store_true", help="also the synergy of the 8 largest atoms")
    swap.add_argument("--judged-by", choices=("column", "row"), default="column", help="whose labels (default column)")
    converge, influence = (
        verb("convergence", "how does the belief sharpen from the first label to the last?"),
        verb("influence", "which labels matter, and do they inform the model at all?"),
    )
    for one in (converge, influence):
        one.add_argument("--support", required=True, metavar="F", help="4 to 64 labelled pairs: CSV or TSV")
    converge.add_argument("--orders", type=count, default=20, metavar="N", help="random orders (default 20)")
    influence.add_argument("--queries", metavar="F", help="pairs whose predictions are watched")
    influence.add_argument("--permutations", type=count, default=200, metavar="N", help="of the labels (default 200)")
    _design(design := verb("design", "which pairs to test next, so that their labels teach the model most?"))
    verb("map", "where do its lines lie? stores the map that `train --map` would have (half a minute)")
    for one in (ablate, swap, converge, influence, design):
        one.add_argument("--genome", metavar="FA", help="uncompressed FASTA, unless the tables carry sequences")
        _same_genome(one)
        _brought(one)
        _base(one)
    return dict(verbs.choices)


def _design(command: Parser) -> None:
    command.add_argument("--candidates", required=True, metavar="F", help="pairs to choose from: CSV, TSV or Parquet")
    command.add_argument("--support", metavar="F", help="pairs already tested (never chosen again)")
    command.add_argument("--size", type=count, default=16, metavar="N", help="pairs to choose (default 16)")
    command.add_argument("--draws", type=count, default=512, metavar="M", help="posterior draws (default 512)")
    command.add_argument("--delta", choices=("integrated", "drawn"), default="integrated",
                         help="gain about z_c alone (default), or about z_c and delta together")  # fmt: skip
    command.add_argument("--per-gene", type=count, metavar="N", help="at most N pairs of a gene (or promoter)")
    command.add_argument("--per-enhancer", type=count, metavar="N", help="at most N pairs of an enhancer")
    command.add_argument("--include", type=names, action="extend", default=[], metavar="ID[,ID]", help="must be chosen")
    command.add_argument("--exclude", type=names, action="extend", default=[], metavar="ID[,ID]", help="never chosen")
    command.add_argument("--cost", metavar="COLUMN", help="column of positive costs: gain per cost decides")
    command.add_argument("--sheet", metavar="F.tsv", help="order sheet with an empty label column")


def _json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _brought(command: Parser) -> None:
    """Add what encoders read beside DNA: features by the user, or the weights of a published model."""
    command.add_argument(
        "--features",
        metavar="F",
        help="for --encoder precomputed: Parquet by pair_id, or by chrom, start, end; or a folder of peak tracks",
    )
    command.add_argument(
        "--weights", metavar="DIR", help="for dnabert2, hyenadna, enformer: folder with config.json and .safetensors"
    )
    command.add_argument(
        "--trust-remote-code", action="store_true", help="let Python files in the --weights folder run; read them first"
    )


def _same_genome(command: Parser) -> None:
    command.add_argument(
        "--other-genome", action="store_true", help="accept a genome other than the run's (recorded in the fingerprint)"
    )


def _base(command: Parser) -> None:
    command.add_argument(
        "--base",
        type=int,
        choices=(0, 1),
        default=0,
        help="0: starts are 0-based (default); 1: 1-based, ends inclusive",
    )
