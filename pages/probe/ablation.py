from metabam.app import ablation, layout

scene = layout.begin("ablation")
layout.finished_model(scene)
layout.guarded(ablation.page, scene)
layout.footer(scene)
