"""Settings of a run: frozen, validated, with nothing free-form.

A run is described by one :class:`RunConfig`; presets are functions that return one. Unknown keys are refused with the
nearest known key, ranges are checked before anything is allocated.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from metabam.errors import ConfigError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


_FrozenT = TypeVar("_FrozenT", bound=_Frozen)


class DiscoveryConfig(_Frozen):
    """Stage 0, label-free motif discovery (metabam/MODEL.md)."""

    mask_weight: Annotated[int, Field(ge=5, le=10)] = 8
    max_motifs: Annotated[int, Field(ge=1, le=512)] = 48
    min_z: Annotated[float, Field(gt=0)] = 9.0
    em_starts: Annotated[int, Field(ge=1, le=20)] = 3
    n_features: Annotated[int, Field(ge=2, le=512)] = 24
    max_elements: Annotated[int, Field(ge=100)] = 8_000


class TrackConfig(_Frozen):
    """What is kept of an encoder's position track where ``model.fourier`` or ``model.wavelet`` asks for it.

    ``periods`` in bp; ``levels`` wavelet levels; ``channels`` at most, over both elements; ``letters`` adds G + C and
    AA / TT along the DNA to the encoder's own channels.
    """

    periods: tuple[Annotated[float, Field(gt=2, le=10_000)], ...] = (10.5, 21.0, 42.0, 190.0)
    levels: Annotated[int, Field(ge=1, le=12)] = 5
    channels: Annotated[int, Field(ge=1, le=256)] = 24
    letters: bool = True


class CbatConfig(_Frozen):
    """Cross-boundary attention transformer (metabam/MODEL.md): ``n_features`` wide, with ``channels`` filters."""

    stem: Literal["motif", "random"] = "motif"
    heads: Annotated[int, Field(ge=1, le=64)] = 4
    anchors: Annotated[int, Field(ge=1, le=16)] = 2
    pool: Annotated[int, Field(ge=4, le=256)] = 24
    blocks: Annotated[int, Field(ge=1, le=6)] = 1
    window: Annotated[int, Field(ge=1, le=4096)] = 128
    kernels: tuple[Annotated[int, Field(ge=1, le=127)], ...] = (7, 15, 31)
    expansion: Annotated[int, Field(ge=1, le=8)] = 4
    column_bias: Annotated[float, Field(ge=0, le=10)] = 2.0
    shift: Annotated[int, Field(ge=0, le=64)] = 8
    rate: Annotated[float, Field(gt=0, le=0.1)] = 1e-3
    batch: Annotated[int, Field(ge=2, le=4096)] = 128


EncoderKind = Literal["motif", "cnn", "cbat", "dnabert2", "hyenadna", "enformer", "precomputed"]
FROZEN_KINDS = ("dnabert2", "hyenadna", "enformer")
_MOST_TOKENS = 4_096


class EncoderConfig(_Frozen):
    """Pair encoder: DNA windows -> z_q.

    ``weights`` names the folder of a frozen language model; it is opened only while the command that names it runs,
    never because a stored run says so. ``trust_remote_code`` lets that folder's own Python files run. ``distance``
    appends where the elements lie (metabam.data.geometry) to precomputed features.
    """

    kind: EncoderKind = "motif"
    enhancer_window: Annotated[int, Field(ge=50, le=200_000)] = 400
    promoter_window: Annotated[int, Field(ge=50, le=200_000)] = 400
    discovery: DiscoveryConfig = DiscoveryConfig()
    channels: Annotated[int, Field(ge=4, le=1024)] = 64
    filter_width: Annotated[int, Field(ge=5, le=63)] = 15
    n_features: Annotated[int, Field(ge=2, le=4096)] = 64
    epochs: Annotated[int, Field(ge=1)] = 3
    track_step: Annotated[int, Field(ge=1, le=4)] = 4
    reverse_complement: bool = True
    cbat: CbatConfig = CbatConfig()
    track: TrackConfig = TrackConfig()
    weights: str = ""
    trust_remote_code: bool = False
    distance: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "cbat":
            if self.n_features % (2 * self.cbat.heads):
                raise ValueError(f"n_features must be a multiple of 2 x cbat.heads = {2 * self.cbat.heads}")
            if (self.enhancer_window + self.promoter_window) / self.cbat.pool > _MOST_TOKENS:
                raise ValueError(f"cbat reads at most {_MOST_TOKENS * self.cbat.pool} bp a pair: use shorter windows")
            if not self.cbat.kernels:
                raise ValueError("cbat.kernels must name at least one width")
        if self.trust_remote_code and self.kind not in FROZEN_KINDS:
            raise ValueError(f"trust_remote_code is for {', '.join(FROZEN_KINDS)} alone")
        if self.distance and self.kind != "precomputed":
            raise ValueError("distance is for the precomputed encoder alone: the others read sequence only")
        return self


class ModelConfig(_Frozen):
    """Meta-BAM itself: atoms, context, gate, unfolding, evidence (metabam/MODEL.md).

    ``recall`` (where three training lines share elements) lets it know those elements again. ``robust`` is the prior
    probability that a new line is unlike the training lines. ``n_atoms`` at most: one per feature unless
    ``overcomplete``.
    """

    n_atoms: Annotated[int, Field(ge=1, le=4096)] = 64
    overcomplete: bool = False
    match: Literal["dot", "cosine"] = "dot"
    context_dim: Annotated[int, Field(ge=1, le=256)] = 8
    n_steps: Annotated[int, Field(ge=1, le=32)] = 3
    aggregation: Literal["bayes", "deepset", "set_transformer"] = "bayes"
    prior: Literal["standard", "learned"] = "standard"
    mix: Literal["bilinear", "mlp", "logic", "attention", "ssm", "gating"] = "bilinear"
    mix_rank: Annotated[int, Field(ge=1, le=256)] = 4
    unfolding: Literal["residual", "literal"] = "residual"
    hidden: Annotated[int, Field(ge=4, le=4096)] = 64
    evidence: bool = True
    newton_steps: Annotated[int, Field(ge=1, le=50)] = 6
    draws: Annotated[int, Field(ge=2, le=4096)] = 64
    gates: Literal["shared", "per_step"] = "shared"
    rotation: bool = False
    fourier: bool = False
    fourier_axis: Literal["position", "channel"] = "position"
    wavelet: Literal["off", "haar", "db2"] = "off"
    recall: bool = True
    robust: Annotated[float, Field(ge=0, lt=1)] = 0.05

    @property
    def fourier_track(self) -> bool:
        """Return whether the Fourier match reads the position track."""
        return self.fourier and self.fourier_axis == "position"

    @property
    def reads_track(self) -> bool:
        """Return whether anything of the position track is read."""
        return self.fourier_track or self.wavelet != "off"


class TrainConfig(_Frozen):
    """Training loop, episodes and losses (metabam/MODEL.md)."""

    steps: Annotated[int, Field(ge=1)] = 600
    birth_steps: Annotated[int, Field(ge=1)] = 1_200
    batch_tasks: Annotated[int, Field(ge=1, le=1024)] = 16
    query_size: Annotated[int, Field(ge=2, le=65_536)] = 128
    shots: tuple[int, ...] = (0, 4, 8, 16, 32, 64)
    lr: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-4
    clip_norm: Annotated[float, Field(gt=0)] = 5.0
    virtual_mixture: Annotated[float, Field(ge=0, le=1)] = 0.60
    virtual_exemplar: Annotated[float, Field(ge=0, le=1)] = 0.15
    virtual_flip: Annotated[float, Field(ge=0, le=1)] = 0.10
    beta: Annotated[float, Field(ge=0, le=1)] = 1.0
    context_loss: Annotated[float, Field(ge=0)] = 1.0
    orthogonality: Annotated[float, Field(ge=0)] = 0.0
    support_likelihood: Annotated[float, Field(ge=0)] = 0.0
    consistency: Annotated[float, Field(ge=0)] = 0.0
    adversary: Annotated[float, Field(ge=0)] = 0.0
    reconstruction: Annotated[float, Field(ge=0)] = 0.0
    reconstruction_form: Literal["bernoulli", "squared"] = "bernoulli"
    joint_steps: Annotated[int, Field(ge=0)] = 0
    joint_lr: Annotated[float, Field(gt=0, le=1)] = 1e-4
    eval_every: Annotated[int, Field(ge=1)] = 100
    save_every: Annotated[int, Field(ge=1)] = 50
    leave_one_line_out: bool = True
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    @property
    def real_share(self) -> float:
        """Return the share of episodes with the training lines' own labels."""
        return 1.0 - (self.virtual_mixture + self.virtual_exemplar + self.virtual_flip)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.virtual_mixture + self.virtual_exemplar + self.virtual_flip > 1.0:
            raise ValueError(
                "virtual_mixture + virtual_exemplar + virtual_flip must not exceed 1: what is left are real episodes"
            )
        if self.adversary > 0 and self.real_share < 1e-6:
            raise ValueError("the adversary reads real episodes, and the virtual shares leave none")
        if not self.shots or min(self.shots) < 0:
            raise ValueError("shots must name at least one support size >= 0")
        return self


class ExpertConfig(_Frozen):
    """The expert framework, the second learner (metabam/MODEL.md section 5): sizes, options, losses and its two stages.

    ``virtual`` is the share of stage 2's episodes that come from virtual cell lines; 0 is the framework as written.
    ``penalty_every`` applies the gradient penalty on every n-th step only, n times as strong.
    """

    width: Annotated[int, Field(ge=4, le=1024, multiple_of=2)] = 32
    context_size: Annotated[int, Field(ge=2, le=4096)] = 64
    transform: Literal["film", "gated"] = "film"
    adaptation: Literal["prototype", "maml"] = "prototype"
    decoupling: Literal["none", "beta_vae", "factor_vae"] = "none"
    latent: Annotated[int, Field(ge=2, le=64)] = 8
    decoupling_weight: Annotated[float, Field(ge=0)] = 0.01
    vae_beta: Annotated[float, Field(ge=0)] = 4.0
    total_correlation: Annotated[float, Field(ge=0)] = 6.0
    orthogonality: Annotated[float, Field(ge=0)] = 1e-2
    sparse_features: Annotated[float, Field(ge=0)] = 1e-4
    sparse_weights: Annotated[float, Field(ge=0)] = 1e-5
    gradient_penalty: Annotated[float, Field(ge=0)] = 0.0
    penalty_every: Annotated[int, Field(ge=1, le=1024)] = 16
    inner_rate: Annotated[float, Field(gt=0, le=10)] = 0.3
    second_order: bool = True
    supervised_steps: Annotated[int, Field(ge=0)] = 800
    episodic_steps: Annotated[int, Field(ge=0)] = 600
    batch_tasks: Annotated[int, Field(ge=1, le=1024)] = 16
    query_size: Annotated[int, Field(ge=2, le=65_536)] = 128
    shots: tuple[Annotated[int, Field(ge=0)], ...] = (0, 4, 8, 16, 32, 64)
    virtual: Annotated[float, Field(ge=0, le=1)] = 0.85
    lr: Annotated[float, Field(gt=0, le=1)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-4
    clip_norm: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.shots:
            raise ValueError("shots must name at least one support size >= 0")
        return self


class RefineConfig(_Frozen):
    """Refinement of z_c by gradient after adapting (metabam/MODEL.md): ``noise`` 0 is MAP, 1 Langevin."""

    steps: Annotated[int, Field(ge=1, le=10_000)] = 20
    step_size: Annotated[float, Field(gt=0, le=10)] = 0.1
    noise: Annotated[float, Field(ge=0, le=10)] = 0.0
    chains: Annotated[int, Field(ge=1, le=256)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class PeerConfig(_Frozen):
    """Training of the learned peers in episodes: the same kinds of tasks as Meta-BAM's, drawn once and then cycled."""

    steps: Annotated[int, Field(ge=1)] = 800
    batches: Annotated[int, Field(ge=1)] = 300
    lr: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-3
    clip_norm: Annotated[float, Field(gt=0)] = 5.0
    hidden: Annotated[int, Field(ge=1, le=4096)] = 48
    episodes: TrainConfig = TrainConfig()


class RunConfig(_Frozen):
    """One run, whole: what ``config.json`` of a run directory holds; ``learner`` is a name of ``metabam.learners``."""

    preset: Literal["demo", "full"] = "demo"
    learner: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "metabam"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    holdout: tuple[str, ...] = ()
    holdout_chrom: tuple[str, ...] = ()
    encoder: EncoderConfig = EncoderConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    expert: ExpertConfig = ExpertConfig()

    @model_validator(mode="after")
    def _check(self) -> Self:
        encoder, shortest = self.encoder, min(self.encoder.enhancer_window, self.encoder.promoter_window)
        if self.model.reads_track and encoder.kind == "precomputed":
            raise ValueError("model.fourier and model.wavelet read a position track: encoder.kind precomputed has none")
        if self.model.reads_track and self.learner != "metabam":
            raise ValueError("model.fourier and model.wavelet are of the learner metabam: no other reads a track")
        if self.model.reads_track and self.train.joint_steps:
            raise ValueError("train.joint_steps trains no encoder whose position track model.fourier or wavelet reads")
        if self.model.fourier_track:
            outside = [p for p in encoder.track.periods if not 2 * encoder.track_step < p <= shortest]
            if outside or not encoder.track.periods:
                raise ValueError(
                    f"model.fourier needs encoder.track.periods above {2 * encoder.track_step} bp (two steps of the "
                    f"track) and of at most {shortest} bp (the shorter window), not {outside or 'none'}"
                )
        if self.model.wavelet != "off" and encoder.track_step * 2**encoder.track.levels > shortest:
            raise ValueError(
                f"model.wavelet needs encoder.track.levels of which the broadest fits {shortest} bp: "
                f"{encoder.track_step} * 2^{encoder.track.levels} bp is too long"
            )
        return self


class BenchConfig(_Frozen):
    """One benchmark: what ``bench.json`` of its folder holds, beside the digests of its worlds."""

    shots: tuple[Annotated[int, Field(ge=0, le=4096)], ...] = (0, 4, 16, 64, 256)
    supports: Annotated[int, Field(ge=1, le=1_000)] = 20
    queries: Annotated[int, Field(ge=10, le=1_000_000)] = 2_000
    lines: Annotated[int, Field(ge=1, le=100_000)] = 20
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    learners: tuple[str, ...] = ()
    control_shots: tuple[int, ...] = (16, 64)
    steps: Annotated[int, Field(ge=1)] | None = None
    slow_seconds: Annotated[float, Field(gt=0)] = 1.0
    slow_supports: Annotated[int, Field(ge=1)] = 3
    bootstraps: Annotated[int, Field(ge=20, le=1_000_000)] = 2_000

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.shots or len(set(self.shots)) != len(self.shots):
            raise ValueError("shots must name at least one support size, each once")
        return self


def preset(name: str) -> RunConfig:
    """Return the settings of one named preset.

    ``demo`` reads 400 + 400 bp and trains in minutes on two cores; ``full`` reads 1,000 + 4,000 bp around the element
    centres, looks for more motifs and keeps more atoms.

    Raises
    ------
    ConfigError
        ``unknown-preset``.
    """
    if name == "demo":
        return RunConfig()
    if name == "full":
        return RunConfig(
            preset="full",
            encoder=EncoderConfig(
                enhancer_window=1_000,
                promoter_window=4_000,
                discovery=DiscoveryConfig(max_motifs=128, n_features=48, max_elements=20_000),
            ),
            train=TrainConfig(steps=1_500),
        )
    raise ConfigError("unknown-preset", f"there is no preset {name!r}.", "Choose demo or full.")


def inference_threads() -> int:
    """Return the torch threads for adapting and scoring: ``METABAM_THREADS``, else 1.

    Matrices of 16 pairs gain nothing from a second thread, and beside other processes they lose: on two busy cores an
    adaptation took ten times longer with two threads than with one.

    Raises
    ------
    ConfigError
        ``bad-variable`` where the variable is no whole number from 1 to 256.
    """
    stated = os.environ.get("METABAM_THREADS", "1")
    if not (stated.isascii() and stated.isdigit() and 1 <= int(stated[:4]) <= 256):
        raise ConfigError(
            "bad-variable",
            f"METABAM_THREADS is {stated[:40]!r}, not a whole number from 1 to 256.",
            "Correct it, or unset it.",
        )
    return int(stated)


def build(values: Mapping[str, Any], model: type[_FrozenT]) -> _FrozenT:
    """Return ``values`` as a validated configuration; every wrong field is named, an unknown key with its nearest.

    Raises
    ------
    ConfigError
        ``unknown-key`` (with the nearest known key) or ``bad-setting`` (with the range).
    """
    try:
        return model.model_validate_json(json.dumps(values))
    except ValidationError as error:
        findings = [_finding(item, model) for item in error.errors(include_url=False)]
        unknown = all(item["type"] == "extra_forbidden" for item in error.errors(include_url=False))
        raise ConfigError(
            "unknown-key" if unknown else "bad-setting", "; ".join(findings) + ".", "Mend the settings named."
        ) from error


def _finding(item: Any, model: type[BaseModel]) -> str:
    """Return one sentence on one field that pydantic refused."""
    place = ".".join(str(part) for part in item["loc"]) or "the settings"
    if item["type"] != "extra_forbidden":
        return f"{place}: {item['msg']} (got {item['input']!r:.60})"
    known: type[BaseModel] = model
    for part in item["loc"][:-1]:
        inner = known.model_fields[str(part)].annotation if str(part) in known.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        known = inner
    near = difflib.get_close_matches(str(item["loc"][-1]), list(known.model_fields), n=1)
    return f"{place}: unknown key; " + (f"nearest: {near[0]!r}" if near else f"known: {', '.join(known.model_fields)}")
