"""The one table of bad inputs for the upload slots: id, how the input is made, where it goes, what must come out.

Ids and outcomes are those of the reliability catalogue (S support, Q queries). A case with several inputs has one row
each. Inputs that need more than one read (a model, two tables, an export) are flows, listed here by name and written
out in ``flows.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults import cases_files, cases_places, cases_rows
from tests.faults.cases import Case

CASES: tuple[Case, ...] = (
    *cases_files.encoding(),
    *cases_files.layout(),
    *cases_files.types(),
    *cases_rows.size(),
    *cases_rows.labels(),
    *cases_rows.sequences(),
    *cases_rows.text(),
    *cases_rows.queries(),
    *cases_places.places(),
)

FLOWS: tuple[str, ...] = (
    "S20-flipped-likelihood",
    "S28-window-across-end",
    "S29-first-pair-shown",
    "S32-swapped-elements",
    "S35-shorter-than-window",
    "S35-longer-than-window",
    "S37-other-build",
    "S38-export-neutral",
    "S49-same-file-twice",
    "S50-rows-permuted",
    "S50-columns-reordered",
    "S57-support-pair-in-query",
    "S58-seen-in-training",
    "S59-replaced-while-adapting",
    "S60-same-name-new-content",
    "Q03-labels-change-nothing",
    "Q04-queries-equal-support",
    "Q05-status-column",
    "Q06-ids-by-row",
    "Q07-not-adapted",
    "Q08-chunks-at-the-limit",
    "Q09-one-cell-of-50001-rows",
    "Q10-one-element-of-500k",
    "Q11-one-class",
    "Q12-export-reimport",
)
"""Cases that need more than one read: each is the function ``flow_<id>_<slug>`` of ``flows.py``."""

OPEN: Mapping[str, str] = {}
"""Id -> why no case covers it yet. An id listed here lowers the printed count."""

IN_PART: Mapping[str, str] = {"Q07": "the page scores nothing before an adaptation; its banner is open"}
"""Id -> what of its row is not tested yet although its cases are built."""
