from metabam.app import card, gallery, independence, layout

scene = layout.begin("atoms")
gallery.take_clicks(scene)
chosen = gallery.controls(scene)
spectrum, table, single = gallery.tabs(scene)
if spectrum.open:
    with spectrum:
        layout.guarded(independence.spectrum_tab, scene)
if table.open:
    with table:
        layout.guarded(gallery.gallery_tab, scene, chosen)
if single.open:
    with single:
        layout.guarded(card.card_tab, scene, chosen)
layout.footer(scene)
