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
# # Adapting to your own cell line
#
# You have tested 16 enhancer-promoter pairs in a cell line that the model never saw. Here they are written as the table you would
# bring, checked, adapted to, placed among the training lines, and used to plan the next experiment. The result goes into one file
# that repeats it bit for bit.
#
# The bundled demo stands in for your line: its world is **made up**, so the answers can be held against the truth at the end.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from metabam import notebook
from metabam.data.upload import check_table
from metabam.plots.adapting import posterior_figure
from metabam.plots.labels import null_figure
from metabam.probe.informed import informed_by_labels

demo = notebook.demo()
folder = Path(tempfile.mkdtemp())
line = demo.lines[1]
print("never seen:", demo.lines, "| yours:", line)

# %% [markdown]
# ## Your own table
#
# A CSV or TSV with one row per pair: where the two elements lie (0-based, half-open), and a label: 1 it interacts, 0 it does not.
# The two sequences are in it too, because no genome is at hand here; with one, coordinates are enough.

# %%
mine = demo.support(line)
table = pd.DataFrame(
    {
        "pair_id": mine.pair_id,
        "chrom": mine.enhancer_chrom,
        "enhancer_start": mine.enhancer_start,
        "enhancer_end": mine.enhancer_end,
        "promoter_start": mine.promoter_start,
        "promoter_end": mine.promoter_end,
        "enhancer_seq": mine.enhancer_seq,
        "promoter_seq": mine.promoter_seq,
        "label": mine.label,
        "cell_line": "my line",
    }
)
path = folder / "my_pairs.csv"
table.to_csv(path, index=False)
table.assign(enhancer_seq=table["enhancer_seq"].str[:12] + "...", promoter_seq=table["promoter_seq"].str[:12] + "...")

# %% [markdown]
# ## The check
#
# Nothing is dropped in silence: a table with a bad row is refused with the row and the remedy. First yours, then one with three
# faults made on purpose.

# %%
report = check_table(path, role="support")
print("yours:", "refused" if report.rejected else "accepted")

bad = table.copy()
bad.loc[2, "label"] = 7
bad.loc[5, "enhancer_seq"] = "ACGT" * 10 + "N" * 360
bad = pd.concat([bad, bad.iloc[[0]].assign(label=1 - bad["label"][0])])
bad.to_csv(folder / "bad.csv", index=False)
faults = check_table(folder / "bad.csv", role="support")
print("with faults:", "refused" if faults.rejected else "accepted")
pd.DataFrame([(problem.code, problem.severity.name, problem.message) for problem in faults.problems], columns=["code", "severity", "message"])

# %% [markdown]
# ## Adapt
#
# Did the labels teach the model anything, or does it only repeat what it believed before? The gain of the labels is held against
# 200 shuffles of the same labels. With 16 pairs this test has little power: not passing does not show that labels are wrong.

# %%
support = notebook.read_support(path)
fingerprint = demo.predictor.adapt(support)
prior = demo.predictor.prior()
notebook.show(posterior_figure(fingerprint.mean, fingerprint.std, prior.mean, prior.std, synthetic=demo.synthetic))
verdict = informed_by_labels(demo.learner, demo.predictor.support_set(support))
notebook.show(null_figure(verdict, synthetic=demo.synthetic))
print(f"{verdict.kl.sum():.1f} nats from the prior, gain {verdict.gain:+.2f} nats, p = {verdict.p:.3f}")
print("informed by your labels" if verdict.informed else "NOT shown to be informed by your labels: read these as prior predictions")

# %%
notebook.adapt_panel(demo)

# %%
section = notebook.adaptation(demo, line=line)
section.show()

# %% [markdown]
# ## Where does your line lie?
#
# Each point is what the model believes after 16 pairs of a training line; the cross is your line. Five lines span a tiny hull:
# lying outside of it is the rule. Distances in the table are those in z, not in the picture.

# %%
lines = {"my line": fingerprint}
notebook.manifold_view(demo, lines)

# %%
section = notebook.manifold(demo, fingerprints=lines)
section.show()

# %% [markdown]
# ## Which pairs to test next?
#
# A batch is chosen so that its labels together teach the model most about your line, starting from what your 16 pairs taught; the
# same number of random pairs stands beside it. The table is the order sheet: fill in its `label` column.

# %%
notebook.design_panel(demo)

# %%
section = notebook.design(demo, line=line, adapted=True)
section.show()

# %% [markdown]
# ## Keep the result
#
# One JSON file holds the table itself, its digest, the run, its weights and the fingerprint. It can be given to *Adapt live* in the
# app under *Session*, which adapts anew and says whether the same comes out.

# %%
session = notebook.session_json(demo, path, fingerprint)
(folder / "session.json").write_text(session)
same = notebook.repeated(demo, session)
print(f"{len(session):,} characters; repeated bit for bit: {same}")

# %% [markdown]
# ## Against the planted truth
#
# 1. **Predictions.** Over all example lines, do 16 labels bring the predictions closer to the true probabilities?
# 2. **Place.** Are training lines that lie nearer in the model's z also nearer in the planted gates? Ranks over all example lines.
# 3. **Plan.** For each line, 16 planned pairs from nothing and 16 random ones are expected to teach so many nats; and when the
#    world answers the planned pairs, do predictions for the other pairs come closer to the truth than before any label?

# %%
from scipy.stats import spearmanr


def closeness(belief, queries, name):
    truth = demo.planted_probability(name, queries)
    return np.corrcoef(demo.predictor.score(belief, queries)["logit"], np.log(truth / (1 - truth)))[0, 1]


training = [demo.truth.lines.index(context.cell_line) for context in demo.contexts]
centres = np.stack([demo.beliefs[context.name].mean for context in demo.contexts])
rows, near, far = [], [], []
for name in demo.lines:
    queries = demo.queries(name)
    belief = demo.predictor.adapt(demo.support(name))
    plan = notebook.plan(demo, queries, size=16, draws=256)
    rest = queries.take(np.setdiff1d(np.arange(len(queries)), plan.chosen))
    answered = demo.predictor.adapt(queries.take(plan.chosen))
    near.append(np.linalg.norm(centres - belief.mean, axis=1))
    far.append(np.linalg.norm(demo.truth.gates[training] - demo.truth.gates[demo.truth.lines.index(name)], axis=1))
    rows.append(
        {
            "line": name,
            "before": closeness(prior, queries, name),
            "16 pairs": closeness(belief, queries, name),
            "before, rest": closeness(prior, rest, name),
            "16 planned, rest": closeness(answered, rest, name),
            "planned nats": plan.gain[-1],
            "random nats": plan.random_gain[:, -1].mean(),
        }
    )
result = pd.DataFrame(rows).set_index("line")
agreement = spearmanr(np.concatenate(near), np.concatenate(far)).statistic
print(f"rank correlation of distances in z with distances of planted gates: {agreement:+.2f}")
result.round(3)

# %%
assert not report.rejected and faults.rejected
assert same
assert (result["16 pairs"] - result["before"]).mean() > 0, result
assert agreement > 0, agreement
assert (result["planned nats"] > result["random nats"]).all(), result
assert (result["16 planned, rest"] - result["before, rest"]).mean() > 0, result
