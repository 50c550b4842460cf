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
# # A cell line the model never saw
#
# The bundled demo is a run trained on five cell lines of a **planted world**: DNA that was made up, with twelve regulatory
# mechanisms in it that we know. Here the model meets a sixth line. It reads 16 labelled enhancer-promoter pairs, and then says
# for other pairs of that line whether they interact.

# %%
import numpy as np

from metabam import notebook
from metabam.plots.adapting import posterior_figure
from metabam.plots.spectrum import spectrum_figure
from metabam.probe.spectrum import singular_spectrum

demo = notebook.demo()
line = demo.lines[0]
print("trained on", [row["cell_line"] for row in demo.run.lines if row["role"] == "training"])
print("never seen:", demo.lines)

# %% [markdown]
# ## Sixteen labelled pairs
#
# Eight interact, eight do not. Only the DNA of the two elements and the label are used.

# %%
support = demo.support(line)
print(len(support), "pairs,", int(support.label.sum()), "positive, from", line)
fingerprint = demo.predictor.adapt(support)
prior = demo.predictor.prior()

# %% [markdown]
# The posterior of the context, beside the prior: where a bar is shorter, the 16 labels taught the model something.

# %%
figure = posterior_figure(
    fingerprint.mean, fingerprint.std, prior.mean, prior.std, synthetic=demo.run.synthetic
)
notebook.show(figure)

# %% [markdown]
# ## Predictions for pairs that share no element with the support

# %%
queries = demo.queries(line)
before = demo.predictor.score(prior, queries)
after = demo.predictor.score(fingerprint, queries)
shuffled = demo.predictor.score(demo.predictor.adapt(demo.support(line, shuffled=True)), queries)
print("before any label  ", notebook.judged(queries, before))
print("16 labels         ", notebook.judged(queries, after))
print("16 shuffled labels", notebook.judged(queries, shuffled))

# %%
notebook.show(notebook.queries_figure(queries, after, before, synthetic=demo.run.synthetic))

# %% [markdown]
# The same, by hand: choose a line, and how many of its 16 pairs the model may see.

# %%
notebook.adapt_panel(demo)

# %% [markdown]
# ## Are the atoms independent?
#
# Singular values of the mechanism basis V against random matrices of the same size.

# %%
snapshots = demo.run.snapshots()
record = singular_spectrum(snapshots[max(snapshots)])
notebook.show(spectrum_figure(record, synthetic=demo.run.synthetic))
print(f"effective rank {record.effective_rank:.1f} of at most {record.max_rank}")

# %% [markdown]
# ## Against the planted truth
#
# The world knows the true probability of every pair in every line. A model that adapts must come closer to it with 16 labels than
# without, over all example lines, and shuffled labels must not help.

# %%
gains = []
for name in demo.lines:
    table = demo.queries(name)
    truth = demo.planted_probability(name, table)
    closeness = [
        np.corrcoef(demo.predictor.score(item, table)["logit"], np.log(truth / (1 - truth)))[0, 1]
        for item in (prior, demo.predictor.adapt(demo.support(name)))
    ]
    gains.append(closeness[1] - closeness[0])
    print(f"{name}: r with the true logit {closeness[0]:.3f} -> {closeness[1]:.3f}")

assert np.mean(gains) > 0, gains
assert notebook.judged(queries, after)["auroc"] > notebook.judged(queries, shuffled)["auroc"]
