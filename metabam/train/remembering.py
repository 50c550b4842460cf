"""What a run recalls of its elements: learned once the features are there, stored in a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from metabam.config import RunConfig
from metabam.data.elements import element_identities
from metabam.learners.recall import learn_recall
from metabam.model.encoders.recalling import element_memory, memory_state
from metabam.records import LabelledContext, PairTable, PairWindows


def remembered(
    config: RunConfig, contexts: Sequence[LabelledContext], table: PairTable, windows: PairWindows | None
) -> tuple[list[LabelledContext], dict[str, NDArray[Any]] | None]:
    """Return the contexts as Meta-BAM reads them, and the memory's tensors, ``None`` where nothing is recalled.

    Nothing is recalled without DNA to know an element by, by another learner than Meta-BAM, and with joint
    fine-tuning, which moves the features that a displacement is measured in.

    Parameters
    ----------
    contexts, table, windows
        The contexts that teach, all training pairs, and their DNA.
    """
    wanted = config.model.recall and config.learner == "metabam" and not config.train.joint_steps
    recall = learn_recall(contexts) if wanted and windows is not None else None
    if recall is None or windows is None:
        return list(contexts), None
    enhancer, promoter = element_identities(table)
    known = memory_state(
        element_memory(windows.enhancers, windows.enhancer_index, enhancer, recall.enhancer_ids, recall.enhancer),
        element_memory(windows.promoters, windows.promoter_index, promoter, recall.promoter_ids, recall.promoter),
    )
    return recall.widened(contexts), known
