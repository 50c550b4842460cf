from metabam.app import drift, driftcell, driftexport, layout, swapping
from metabam.app.layout import Scene

scene = layout.begin("drift")
layout.finished_model(scene)


def body(scene: Scene) -> None:
    lines, a, b, settings = drift.controls(scene)
    cell = swapping.cell_of(scene, lines, a, b, settings)
    drift.board(scene, lines, cell, settings)
    driftcell.panel(scene, lines, cell, driftexport.foot(scene, lines, cell, settings))


layout.guarded(body, scene)
layout.footer(scene)
