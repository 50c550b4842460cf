# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What did the model learn? Reading its atoms
#
# The model keeps a few dozen **atoms**: directions in what it reads from DNA. Each atom has one gate per cell line, from -1 (it
# represses) to +1 (it activates). Here we ask of the bundled demo: are the atoms independent, what does one of them respond to,
# which bases feed it, and does anything break without it? The demo's world is **made up**, so at the end the answers are held
# against the twelve mechanisms that were planted in it.
#
# Every section has a panel to play with, and below it a static figure and table: a saved notebook keeps those.

# %%
import numpy as np

from metabam import notebook
from metabam.plots.spectrum import cosine_map, spectrum_figure

demo = notebook.demo()
atoms = demo.learner.atoms
print("atoms V (K x D):", atoms.shape, "| trained on", [context.cell_line for context in demo.contexts])

# %% [markdown]
# ## How the training went

# %%
notebook.training_view(demo)

# %%
section = notebook.training(demo, phase=notebook.phases(demo)[-1])
section.table

# %% [markdown]
# ## Are the atoms independent?
#
# Singular values of V over the band of random matrices of the same size. At most min(K, D) directions can be independent, so
# collapse is judged against that number, never against K.

# %%
record = notebook.spectrum(demo)
notebook.show(spectrum_figure(record, synthetic=demo.synthetic))
notebook.show(cosine_map(record, synthetic=demo.synthetic))
print(f"effective rank {record.effective_rank:.1f} of at most {record.max_rank}; largest |cosine| {record.max_cosine:.2f}")

# %% [markdown]
# ## All atoms, the most used first
#
# `effect` is the mean change of the logit without the atom with its 95 % interval, `p` compares the size of that change with
# random directions. `planted` names the mechanism that an atom follows; it is empty for atoms that follow none.

# %%
table = notebook.gallery_table(demo)
table

# %% [markdown]
# ## One atom's card
#
# How strongly pairs match it, its gate in each training line over random supports (the planted gate beside it, where the atom
# follows a mechanism), and what happens to three pairs when its gate is turned up, off, or over.

# %%
top = int(table["atom"][0])
browser = notebook.atom_browser(demo, top)
browser

# %% [markdown]
# A control can also be set from code; here the gate of the open atom is turned over.

# %%
browser.controls["factor"].value = -1.0
assert browser.section.note.startswith(f"Atom {top}:")

# %%
section = notebook.card(demo, atom=top, line=demo.contexts[0].name)
section.show()

# %% [markdown]
# ## Which bases carry a prediction?
#
# The fingerprint of a line that the run never saw is held fixed; only the pair's DNA is explained. The residual says how much of
# the difference to the baseline the bars leave unexplained. Planted sites are outlined.

# %%
notebook.sequence_lens(demo)

# %%
line = demo.lines[0]
section = notebook.sequence_view(demo, line=line, pair=1)
section.show()

# %% [markdown]
# ## What breaks without an atom?
#
# Each atom is replaced by its mean over the lines. An atom inside the grey band moves answers no more than a random direction of
# the same length does. The third panel asks the labels: how much log-likelihood they lose without the atom. An atom that neither
# shows does no more than chance, however large its gate.

# %%
notebook.ablation_panel(demo)

# %%
section = notebook.ablation(demo)
section.show()

# %% [markdown]
# ## One line's fingerprint on another line's DNA
#
# `auroc` is judged by the labels of the line that gave the fingerprint; below it the same with shuffled support labels, with no
# support, and with another support of that line. The `reversal` rows count only pairs whose label differs between the two lines.

# %%
first, second = (context.name for context in demo.contexts[:2])
notebook.drift_panel(demo)

# %%
swap = notebook.drift(demo, a=first, b=second)
swap.show()

# %% [markdown]
# ## Against the planted truth
#
# 1. **Atoms.** How many of the twelve mechanisms have an atom of their own? The misses are printed too.
# 2. **Gates.** For each of these, do the learned gates of the five lines have the planted signs? An atom and its gate may both be
#    turned over, so the planted gate is taken with the sign of r.
# 3. **Bases.** Do bases inside sites of the planted motifs carry more than the rest of the same element?
# 4. **Ablation.** Is every atom that moves answers more than a random direction one that follows a mechanism?
# 5. **Drift.** On pairs that change their label, does the other line's fingerprint do better than no fingerprint?

# %%
found = notebook.recovery(demo)
gates = notebook.gallery(demo).gates
signs, total = 0, 0
for at, name in enumerate(found.names):
    if not found.matched[at]:
        print(f"{name:12s} missed (best own atom r = {found.score(at):+.2f})")
        continue
    planted = np.sign(found.score(at)) * notebook.planted_gates(demo, at)
    learned = gates[:, found.atom[at]]
    clear = np.abs(planted) > 0.3
    signs, total = signs + int((np.sign(planted) == np.sign(learned))[clear].sum()), total + int(clear.sum())
    print(f"{name:12s} atom {found.atom[at] + 1:2d}  r = {found.score(at):+.2f}  planted {planted.round(1)}  learned {learned.round(1)}")
print(f"{int(found.matched.sum())} of {len(found.names)} mechanisms recovered; {signs} of {total} clear gates have the planted sign")

# %%
fingerprint, queries, order = notebook.ranked(demo, line)
ratios = []
for row in order[:3]:
    bases = notebook.attribution(demo, fingerprint, queries, int(row))
    for side in ("enhancer", "promoter"):
        size = np.abs(getattr(bases, side))
        inside = np.zeros(len(size), dtype=bool)
        for site in notebook.planted_sites(demo, queries, int(row)):
            if site.side == side and site.name.startswith("M"):
                inside[max(0, site.start) : max(0, site.end)] = True
        if 0 < inside.sum() < len(size):
            ratios.append(size[inside].mean() / size[~inside].mean())
print("mean |attribution| inside planted sites over outside:", np.round(ratios, 1))

# %%
ablated = notebook.ablation(demo).table
more_than_chance = ablated[~ablated["inside"]]
scores = swap.table.set_index("score")["auroc"]

assert found.matched.sum() >= 6, found.matched
assert signs / total > 0.8, (signs, total)
assert np.exp(np.mean(np.log(ratios))) > 1.5, ratios
assert len(more_than_chance) and (more_than_chance["planted"] != "").all(), more_than_chance
assert scores["reversal"] > scores["reversal_prior"], scores
