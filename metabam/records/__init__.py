"""Everything that travels between rooms: frozen records of plain values and NumPy arrays.

Axis letters: ``B`` pairs, ``S`` support pairs, ``Q`` query pairs, ``L`` bp, ``P`` track positions, ``K`` atoms,
``D`` pair features,
``Z`` context width, ``T`` unfolding steps, ``M`` posterior draws, ``E`` contexts. Coordinates are 0-based half-open
bp.
A *context* is a pair (cell line, assay); where a table has no assay the assay is the empty string.
"""

from metabam.records.arrays import BoolArray, ByteArray, FloatArray, IntArray, TextArray
from metabam.records.atoms import (
    Enriched,
    EnrichmentRecord,
    ExamplesRecord,
    GalleryRecord,
    PairPlaces,
    RecoveredRecord,
    SteeringRecord,
    SupportGatesRecord,
)
from metabam.records.facts import PairFacts
from metabam.records.interventions import (
    SWAP_SCORES,
    AblationCase,
    AblationRecord,
    AtomEdit,
    ForestRecord,
    PathRecord,
    RemovalRecord,
    SwapLine,
    SwapPairRecord,
    SwapRecord,
    SynergyRecord,
)
from metabam.records.judging import ClaimRecord, HonestyRecord, LeakageRecord, LineScoreRecord
from metabam.records.layout import FeatureLayout, TrackUse
from metabam.records.learning import (
    AnyFingerprint,
    ContextFingerprint,
    Episode,
    Fingerprint,
    LabelledContext,
    Prediction,
    RefinementPath,
    SupportSet,
)
from metabam.records.pairs import FeatureInfo, MotifSet, PairTable, PairWindows
from metabam.records.probes import ConvergenceRecord, DecodingRecord, NoveltyRecord, SpectrumRecord
from metabam.records.problems import Problem, ProblemReport, Severity
from metabam.records.sequences import (
    AttributionRecord,
    MotifHit,
    MotifHitRecord,
    MotifMatch,
    MotifMatchRecord,
    MutagenesisRecord,
)
from metabam.records.supports import (
    CloudRecord,
    DesignRecord,
    InfluenceRecord,
    InformedRecord,
    LayoutRecord,
    PlacementRecord,
    PosteriorDraws,
    RetrospectRecord,
    WhatIfRecord,
)
from metabam.records.training import History, RunSummary, StepRecord

__all__ = [
    "SWAP_SCORES",
    "AblationCase",
    "AblationRecord",
    "AnyFingerprint",
    "AtomEdit",
    "AttributionRecord",
    "BoolArray",
    "ByteArray",
    "ClaimRecord",
    "CloudRecord",
    "ContextFingerprint",
    "ConvergenceRecord",
    "DecodingRecord",
    "DesignRecord",
    "Enriched",
    "EnrichmentRecord",
    "Episode",
    "ExamplesRecord",
    "FeatureInfo",
    "FeatureLayout",
    "Fingerprint",
    "FloatArray",
    "ForestRecord",
    "GalleryRecord",
    "History",
    "HonestyRecord",
    "InfluenceRecord",
    "InformedRecord",
    "IntArray",
    "LabelledContext",
    "LayoutRecord",
    "LeakageRecord",
    "LineScoreRecord",
    "MotifHit",
    "MotifHitRecord",
    "MotifMatch",
    "MotifMatchRecord",
    "MotifSet",
    "MutagenesisRecord",
    "NoveltyRecord",
    "PairFacts",
    "PairPlaces",
    "PairTable",
    "PairWindows",
    "PathRecord",
    "PlacementRecord",
    "PosteriorDraws",
    "Prediction",
    "Problem",
    "ProblemReport",
    "RecoveredRecord",
    "RefinementPath",
    "RemovalRecord",
    "RetrospectRecord",
    "RunSummary",
    "Severity",
    "SpectrumRecord",
    "SteeringRecord",
    "StepRecord",
    "SupportGatesRecord",
    "SupportSet",
    "SwapLine",
    "SwapPairRecord",
    "SwapRecord",
    "SynergyRecord",
    "TextArray",
    "TrackUse",
    "WhatIfRecord",
]
