from metabam.app import layout, sequence

scene = layout.begin("sequence")
layout.finished_model(scene)
layout.guarded(sequence.page, scene)
layout.footer(scene)
