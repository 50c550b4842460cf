"""What leaves Design my support: the order sheet, the plan as a table, and what repeats it."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import streamlit as st

from metabam.app import planning
from metabam.app.layout import Scene
from metabam.app.planning import Plan
from metabam.app.widgets import csv_text, json_text


def exports(scene: Scene, plan: Plan, comment: str) -> None:
    """Draw the order sheets and the plan."""
    st.caption(":material/assignment: " + scene.text("design.sheet_note"))
    with st.container(horizontal=True, gap="small"):
        for kind, mime in (("csv", "text/csv"), ("bedpe", "text/tab-separated-values")):
            st.download_button(
                scene.text(f"design.sheet.{kind}"),
                lambda kind=kind: planning.order_sheet(plan, kind),  # type: ignore[misc]  # mypy infers no default
                f"metabam_order.{kind}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"sheet_{kind}",
                help=scene.text("design.sheet_help"),
            )
        st.download_button(
            scene.text("design.export.csv"),
            lambda: csv_text(planning.plan_rows(plan), comment),
            "metabam_plan.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="plan_csv",
        )
        st.download_button(
            scene.text("design.export.json"),
            lambda: plan_json(scene, plan),
            "metabam_plan.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="plan_json",
        )


def plan_json(scene: Scene, plan: Plan) -> str:
    """Return what repeats this plan: digests, run, rules, seed, picks and their gains."""
    wishes = asdict(plan.wishes)
    wishes["farthest"] = None if not np.isfinite(plan.wishes.farthest) else plan.wishes.farthest
    return json_text(
        {
            "format": "metabam-plan",
            "version": 1,
            "synthetic": scene.synthetic,
            "run": plan.run_id,
            "weights_sha256": plan.weights,
            "candidates": {"name": plan.candidates, "sha256": plan.candidates_sha256, "read": plan.pool.read},
            "support": {"name": plan.support, "sha256": plan.support_sha256},
            "rules": wishes,
            "removed": plan.pool.removed,
            "vetoed": list(plan.vetoed),
            "picks": planning.plan_rows(plan),
            "random_gain_nats": plan.record.random_gain[:, -1],
            "one_class": plan.record.one_class,
            "provenance": scene.provenance(),
        }
    )
