"""From a run's encoder and learner to a fingerprint and a table of scores.

A :class:`Predictor` never changes: adapting returns a fingerprint (Meta-BAM's own, or that of the run's learner),
scoring takes one. Scores come in input order, every input row accounted for: a row that cannot be scored keeps its
place, with its reason in ``status`` and no numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam import __version__
from metabam.config import RefineConfig, RunConfig
from metabam.data.digests import support_digest
from metabam.data.exports import row_chunks
from metabam.data.features import PairFeatures
from metabam.data.overlap import TrainingKeys, label_inversion, pair_keys, seen_in_training
from metabam.errors import ConfigError, GenomeError, InputError
from metabam.learners.base import Learner, Refiner
from metabam.learners.stored import with_fingerprints
from metabam.model.encoders import PairEncoder, layout_of
from metabam.model.encoders.precomputed import PrecomputedEncoder
from metabam.records import (
    BoolArray,
    ContextFingerprint,
    Fingerprint,
    FloatArray,
    LabelledContext,
    PairTable,
    Problem,
    Severity,
    SupportSet,
    TextArray,
)
from metabam.score.reading import read_values, read_windows, ready
from metabam.score.table import NUMBERS, OK, scores_frame

if TYPE_CHECKING:
    from metabam.data.genome import Genome

CHUNK_ROWS = 4_096
FingerprintT = TypeVar("FingerprintT", Fingerprint, ContextFingerprint)


class FinishedRun(Protocol):
    """What a predictor needs of a run directory (``metabam.train.run.Run`` is one)."""

    config: RunConfig

    def load_encoder(self) -> PairEncoder:
        """Return the pair encoder."""
        ...

    def load_learner(self) -> Learner[Any]:
        """Return the trained learner."""
        ...

    def training_contexts(self) -> list[LabelledContext]:
        """Return the training contexts with their cached features."""
        ...

    def provenance(self) -> dict[str, Any]:
        """Return the facts of the manifest that fingerprints name."""
        ...


class Predictor(Generic[FingerprintT]):
    """A finished run, ready to adapt and to score.

    Parameters
    ----------
    encoder, learner
        Of the run; neither is changed.
    genome
        ``None`` where every table brings its own sequences.
    enhancer_window, promoter_window
        Window lengths of the run, bp.
    provenance
        Facts of the run's manifest: ``run_id``, ``weights_sha256``, ``genome_fingerprint``, ``synthetic``, ...
    training
        The training contexts, or the keys of their pairs, to warn of pairs that the model has seen.
    allow_other_genome
        Whether another genome than the run's is accepted; it is then recorded in the fingerprint.
    features
        Of a run that reads precomputed features.
    """

    def __init__(
        self,
        encoder: PairEncoder,
        learner: Learner[FingerprintT],
        genome: Genome | None,
        enhancer_window: int,
        promoter_window: int,
        *,
        provenance: Mapping[str, Any] | None = None,
        training: Sequence[LabelledContext] | TrainingKeys = (),
        allow_other_genome: bool = False,
        features: PairFeatures | None = None,
    ) -> None:
        self.encoder = encoder
        self.learner: Learner[FingerprintT] = learner
        self.genome = genome
        self.enhancer_window = enhancer_window
        self.promoter_window = promoter_window
        self.provenance: Mapping[str, Any] = dict(provenance or {})
        self._training = training
        self._allow_other_genome = allow_other_genome
        self._features = features

    @classmethod
    def of_run(
        cls,
        run: FinishedRun,
        genome: Genome | None,
        *,
        allow_other_genome: bool = False,
        learner: Learner[Any] | None = None,
        features: PairFeatures | None = None,
        weights: Path | None = None,
        trust_remote_code: bool = False,
    ) -> Predictor[Any]:
        """Return the predictor of a finished run: the same one from the command line, the app and a notebook.

        ``learner`` stands in for the run's own: one fitted on the run's training contexts. ``features`` are what a run
        with the ``precomputed`` encoder reads; ``weights`` is the folder of the language model that a run was trained
        on: a run names none that would be opened by itself.
        """
        windows = run.config.encoder
        chosen: Learner[Any] = with_fingerprints(run.load_learner() if learner is None else learner)
        return Predictor(
            ready(run.load_encoder(), weights, trust_remote_code=trust_remote_code),
            chosen,
            genome,
            windows.enhancer_window,
            windows.promoter_window,
            provenance=run.provenance(),
            training=run.training_contexts(),
            allow_other_genome=allow_other_genome,
            features=features,
        )

    # -------------------------------------------------------------- features

    def features(self, table: PairTable, status: TextArray | None = None) -> tuple[FloatArray, TextArray]:
        """Return z_q (B, D) float32 and the status (B,) of each row: ``"ok"``, or why it could not be encoded.

        Rows that are not ok hold zeros. ``status`` is what the reader found; more may be added, nothing is taken back.
        """
        found = self._readable(table, status)
        if isinstance(self.encoder, PrecomputedEncoder):
            values = read_values(self.encoder, self._features, table, found)
        else:
            lengths = self.enhancer_window, self.promoter_window
            values = read_windows(self.encoder, self.genome, table, found, lengths)
        found[(found == OK) & ~np.isfinite(values).all(axis=1)] = "not-finite"
        values[found != OK] = 0.0
        return values, found

    def _readable(self, table: PairTable, status: TextArray | None) -> TextArray:
        found = np.full(len(table), OK, dtype=object) if status is None else status.astype(object, copy=True)
        if found.shape != (len(table),):
            raise InputError("status-shape", f"{len(table)} rows but a status of shape {found.shape}.")
        for side in ("enhancer", "promoter"):
            given = getattr(table, f"{side}_seq")
            bare = np.ones(len(table), dtype=bool) if given is None else ~given.astype(bool)
            start, end = getattr(table, f"{side}_start"), getattr(table, f"{side}_end")
            found[(found == OK) & bare & ((start < 0) | (end <= start))] = "unusable-coordinates"
            if self.genome is not None:
                known = np.isin(getattr(table, f"{side}_chrom").astype(str), list(self.genome.contigs))
                found[(found == OK) & bare & ~known] = "unknown-contig"
        return found

    def support_set(self, table: PairTable) -> SupportSet:
        """Return the encoded support.

        Raises
        ------
        InputError
            A row without a label, or one that cannot be encoded: a support is used whole or not at all.
        """
        if (table.label < 0).any():
            line = int(table.line[np.flatnonzero(table.label < 0)[0]])
            raise InputError("support-label", f"line {line} has no label.", "Label every support pair with 0 or 1.")
        features, status = self.features(table)
        bad = np.flatnonzero(status != OK)
        if len(bad):
            named = ", ".join(f"line {table.line[row]} ({status[row]})" for row in bad[:10])
            raise InputError(
                "support-row", f"{len(bad)} support pairs cannot be read: {named}.", "Mend or remove them."
            )
        return SupportSet(features, table.label.astype(np.int8))

    # -------------------------------------------------------------- adapting

    def adapt(self, table: PairTable, refine: RefineConfig | None = None) -> FingerprintT:
        """Return what the model believes about the cell line of a labelled support, with its provenance.

        With ``refine``, z_c then takes gradient steps; how that went is ``provenance["refinement"]``.

        Raises
        ------
        GenomeError
            ``other-genome``: another genome than the run was trained on, and that was not allowed.
        InputError
            See :meth:`support_set`.
        ConfigError
            ``no-refinement``: this learner has no z_c.
        """
        self._check_genome()
        support = self.support_set(table)
        fingerprint = self.learner.adapt(support)
        if refine is not None:
            fingerprint = self._refined(fingerprint, support, refine)
        return self._signed(fingerprint, table)

    def _refined(self, fingerprint: FingerprintT, support: SupportSet, refine: RefineConfig) -> FingerprintT:
        if not isinstance(self.learner, Refiner) or not isinstance(fingerprint, Fingerprint):
            raise ConfigError("no-refinement", f"{self.learner.name} has no context to refine.", "Use Meta-BAM.")
        return self.learner.refine(fingerprint, support, refine)[0]

    def prior(self) -> FingerprintT:
        """Return the belief before any label: what "not adapted" scores rest on."""
        nothing = SupportSet(np.zeros((0, layout_of(self.encoder).width), np.float32), np.zeros(0, np.int8))
        return self._signed(self.learner.adapt(nothing), None)

    def _signed(self, fingerprint: FingerprintT, table: PairTable | None) -> FingerprintT:
        facts: dict[str, Any] = {**fingerprint.provenance, **self.provenance}
        facts["learner"] = self.learner.name
        facts["encoder"] = self.encoder.kind
        facts["windows"] = [self.enhancer_window, self.promoter_window]
        facts["versions"] = {"metabam": __version__, "numpy": version("numpy"), "torch": version("torch")}
        facts["positives"] = 0 if table is None else int(np.sum(table.label == 1))
        if table is not None:
            facts["support_digest"] = support_digest(table)
            facts["support_pairs"] = [int(key) for key in pair_keys(table)]
            facts["contexts"] = [list(context) for context in table.contexts()]
            facts["support_genome"] = None if self.genome is None else self.genome.fingerprint
            facts["other_genome_allowed"] = self._other_genome()
        return replace(fingerprint, n_support=0 if table is None else len(table), provenance=facts)

    def _other_genome(self) -> bool:
        trained = self.provenance.get("genome_fingerprint")
        return bool(trained) and self.genome is not None and self.genome.fingerprint != trained

    def _check_genome(self) -> None:
        if self._other_genome() and not self._allow_other_genome:
            raise GenomeError(
                "other-genome",
                "this genome (names and lengths of its contigs) is not the one that the run was trained on.",
                "Give the run's own genome, or allow another one explicitly; that is then recorded.",
            )

    def check_fingerprint(self, fingerprint: FingerprintT) -> None:
        """Raise :class:`InputError` ``fingerprint-of-another-run`` unless it was made with these very weights.

        A predictor that knows its weights' hash asks for it; else the run's id is compared where both name one. A
        fingerprint of another learner is refused too (``fingerprint-of-another-learner``).
        """
        maker = fingerprint.provenance.get("learner", self.learner.name)
        if maker != self.learner.name:
            raise InputError(
                "fingerprint-of-another-learner",
                f"the fingerprint was made by {maker!s:.64}, this is {self.learner.name}.",
                "Adapt again with this learner.",
            )
        for fact in ("weights_sha256", "run_id"):
            own, other = self.provenance.get(fact), fingerprint.provenance.get(fact)
            if own is None or (other is None and fact == "run_id"):
                continue
            if own != other:
                raise InputError(
                    "fingerprint-of-another-run",
                    f"the fingerprint was made with {fact} {other!s:.16}, this run has {own!s:.16}.",
                    "Adapt again with this run.",
                )
            return

    def findings(self, fingerprint: FingerprintT, table: PairTable | None = None) -> tuple[Problem, ...]:
        """Return what a reader of the scores must know: Q04, Q07, S20, C22, X28 and pairs seen in training.

        ``table`` is the support that made the fingerprint (labels are then looked at too) or a query table.
        """
        found: list[Problem] = []
        if fingerprint.n_support == 0:
            message = "not adapted: no support was given, these are the model's prior predictions."
            found.append(Problem("not-adapted", Severity.WARNING, message, "Adapt to labelled pairs first."))
        if self._other_genome():
            message = "the genome differs from the one that the run was trained on (names and lengths of contigs)."
            found.append(Problem("other-genome", Severity.WARNING, message, "Use the run's own genome."))
        if dict(fingerprint.provenance.get("refinement") or {}).get("diverged"):
            message = "the refinement of the context diverged; the context is the amortised one."
            found.append(Problem("refinement-diverged", Severity.WARNING, message, "Try a smaller step size."))
        if table is not None and len(table):
            found += self._about(fingerprint, table)
        return tuple(found)

    def _about(self, fingerprint: FingerprintT, table: PairTable) -> tuple[Problem, ...]:
        """Return what the pairs themselves give rise to."""
        found: list[Problem] = []
        if support_digest(table) == fingerprint.provenance.get("support_digest"):
            prior = self.learner.predict(self.prior(), self.support_set(table).features)
            inverted = label_inversion(prior, table)
            found += [] if inverted is None else [inverted]
        else:
            shared = int(np.isin(pair_keys(table), fingerprint.provenance.get("support_pairs", [])).sum())
            if shared:
                message = f"{shared} of {len(table)} query pairs were in the support; leave them out of any metric."
                found.append(Problem("equals-support", Severity.WARNING, message))
        return (*found, *self._seen(table))

    def _seen(self, table: PairTable) -> tuple[Problem, ...]:
        if isinstance(self._training, TrainingKeys):
            return seen_in_training(table, self._training).problems
        if not self._training:
            return ()
        from metabam.data.elements import element_identities

        kind = np.dtype([("enhancer", np.int64), ("promoter", np.int64)])
        asked = np.empty(len(table), dtype=kind)
        asked["enhancer"], asked["promoter"] = element_identities(table)
        shared = np.zeros(len(table), dtype=bool)
        for context in self._training:
            known = np.empty(len(context), dtype=kind)
            known["enhancer"], known["promoter"] = context.enhancer, context.promoter
            shared |= np.isin(asked, known)
        if not shared.any():
            return ()
        message = f"{int(shared.sum())} of {len(table)} pairs were seen in training, in other cell lines."
        return (Problem("seen-in-training", Severity.WARNING, message, "Pairs on held-out chromosomes are safer."),)

    # -------------------------------------------------------------- scoring

    def score(
        self,
        fingerprint: FingerprintT,
        table: PairTable,
        status: TextArray | None = None,
        progress: Callable[[float], None] | None = None,
        *,
        rows: int = CHUNK_ROWS,
    ) -> pd.DataFrame:
        """Return one row per query in input order: pair_id, probability, lower, upper, logit, status.

        Labels, where the queries carry any, are not looked at (Q03). Ids pass through, repeats included (Q06); a
        row without one is called ``row<n>`` by its place, from 1. Interval bounds are NaN for a learner without one.
        """
        frames = list(self.score_chunks(fingerprint, table, status, progress, rows=rows))
        return (
            pd.concat(frames, ignore_index=True) if frames else scores_frame([], np.zeros((0, 4)), np.zeros(0, object))
        )

    def score_chunks(
        self,
        fingerprint: FingerprintT,
        table: PairTable,
        status: TextArray | None = None,
        progress: Callable[[float], None] | None = None,
        *,
        rows: int = CHUNK_ROWS,
    ) -> Iterator[pd.DataFrame]:
        """Yield the scores in pieces of at most ``rows`` rows: memory stays flat, and the caller may stop between."""
        self._check_genome()
        self.check_fingerprint(fingerprint)
        for part in row_chunks(len(table), rows):
            index = np.arange(part.start, part.stop)
            piece = table.take(index)
            features, found = self.features(piece, None if status is None else status[part])
            numbers = self._predict(fingerprint, features, found == OK)
            found[(found == OK) & ~np.isfinite(numbers[:, [0, 3]]).all(axis=1)] = "not-finite"
            numbers[found != OK] = np.nan
            ids = [name or f"row{row + 1}" for name, row in zip(piece.pair_id.tolist(), index.tolist(), strict=True)]
            yield scores_frame(ids, numbers, found)
            if progress is not None:
                progress(part.stop / len(table))

    def _predict(self, fingerprint: FingerprintT, features: FloatArray, usable: BoolArray) -> NDArray[np.float64]:
        numbers = np.full((len(features), len(NUMBERS)), np.nan)
        if usable.any():
            prediction = self.learner.predict(fingerprint, features[usable])
            columns = (prediction.probability, prediction.lower, prediction.upper, prediction.logit)
            for place, values in enumerate(columns):
                if values is not None:
                    numbers[usable, place] = values
        return numbers
