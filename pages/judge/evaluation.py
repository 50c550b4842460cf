import streamlit as st

from metabam.app import evaluation, evaluation_exports, evaluation_panels, judged, layout
from metabam.bench.result import audit_of

scene = layout.begin("evaluation")
result = evaluation.load(scene)
found = audit_of(result)
if found.withheld:
    judged.badges(scene, found)
    evaluation.withheld(scene, found)
    evaluation_panels.audit_table(scene, result, found)
    evaluation_exports.exports(scene, result, None, found)
    layout.footer(scene)
    st.stop()
choice = evaluation.controls(scene, result)
found = audit_of(result, choice.learner)
judged.badges(scene, found)
evaluation.flags(scene, result, found)
layout.guarded(evaluation.numbers, scene, result, choice)
layout.guarded(evaluation.honesty_panel, scene, result, choice, found)
panels = {
    "lines": evaluation_panels.by_line,
    "shots": evaluation_panels.by_shots,
    "cutoff": evaluation_panels.cutoff_panel,
    "slices": evaluation_panels.slices_panel,
}
names = [*panels, "audit"]
tabs = st.tabs([scene.text(f"evaluation.tab.{name}") for name in names], key="bench_tabs", on_change="rerun")
for name, tab in zip(names, tabs, strict=True):
    if tab.open:
        with tab:
            if name == "audit":
                evaluation_panels.audit_table(scene, result, found)
            else:
                layout.guarded(panels[name], scene, result, choice, judged.comment(scene, found))
evaluation_exports.exports(scene, result, choice, found)
layout.footer(scene)
