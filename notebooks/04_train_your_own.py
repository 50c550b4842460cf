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
# # Train your own
#
# From nothing to a run: a small planted world is written, a model is trained on five of its lines, and the assets that the app and
# the other notebooks read are built from it in a temporary folder, by the very command that made the bundled ones. The bundled
# assets are not touched. With your own FASTA and pair table, the command in the next section is all you need.
#
# This takes minutes, not seconds.

# %%
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import metabam
from metabam import notebook
from metabam.files import sha256

root = Path(metabam.__file__).resolve().parent.parent
folder = Path(tempfile.mkdtemp())


def shell(*words):
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False)
    print("$", *(getattr(word, "name", word) for word in words))
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


# %% [markdown]
# ## A world is its seed
#
# The same seed writes the same files, byte for byte: two small worlds, one by one compared.

# %%
small = ["--training-lines", 2, "--heldout-lines", 1, "--pairs-per-line", 300]
for name in ("one", "two"):
    shell("-m", "metabam.cli", "simulate", "--out", folder / name, "--seed", 5, *small)
hashes = pd.DataFrame(
    {name: {path.name: sha256(path.read_bytes())[:16] for path in sorted((folder / name).iterdir())} for name in ("one", "two")}
)
hashes

# %% [markdown]
# ## Training is one command
#
# `--holdout` names the lines that are never looked at. `--steps` bounds meta-training; few steps are enough to see it run.

# %%
world = folder / "one"
words = ["--genome", world / "genome.fa", "--pairs", world / "pairs.tsv", "--holdout", "unseen*", "--seed", 0, "--steps", 10]
shell("-m", "metabam.cli", "train", *words, "--out", folder / "run")
sorted(path.name for path in (folder / "run").iterdir())

# %% [markdown]
# ## Rebuild the assets, small
#
# The builder simulates, trains, stores the map, runs the benchmark and draws the example tables. `MANIFEST.json` names every file
# with its SHA-256; here each file is hashed again.

# %%
assets = folder / "assets"
shell(root / "assets" / "build.py", "--out", assets, "--steps", 40, "--pairs-per-line", 1500)
manifest = json.loads((assets / "MANIFEST.json").read_text())
checked = {name: sha256((assets / name).read_bytes()) == entry["sha256"] for name, entry in manifest["files"].items()}
print(len(checked), "files,", f"{manifest['bytes'] / 1e6:.1f} MB,", "all as stated:", all(checked.values()))
pd.Series(manifest["versions"], name="made with").to_frame()

# %% [markdown]
# The bundled assets are checked in the same way.

# %%
bundled = json.loads((root / "assets" / "MANIFEST.json").read_text())
intact = all(sha256((root / "assets" / name).read_bytes()) == entry["sha256"] for name, entry in bundled["files"].items())
print("bundled assets as stated:", intact, "| by", bundled["command"], "| seed", bundled["seed"])

# %% [markdown]
# ## Open what was trained

# %%
mine = notebook.demo(assets)
print(mine.run.summary().state, "| never seen:", mine.lines)
notebook.training_view(mine)

# %%
section = notebook.training(mine, phase=notebook.phases(mine)[-1])
section.show()

# %%
notebook.gallery_table(mine).head(12)

# %%
section = notebook.adaptation(mine, line=mine.lines[0])
section.show()

# %% [markdown]
# ## Against the planted truth
#
# A small world and few steps make a weak model, but not an ignorant one: over the example lines, 16 labels must bring its predictions
# closer to the true probabilities than none do. Files must hash as stated, and the same seed must write the same world.

# %%
prior = mine.predictor.prior()


def closeness(belief, queries, name):
    truth = mine.planted_probability(name, queries)
    return np.corrcoef(mine.predictor.score(belief, queries)["logit"], np.log(truth / (1 - truth)))[0, 1]


rows = []
for name in mine.lines:
    queries, support = mine.queries(name), mine.support(name)
    rows.append((name, closeness(prior, queries, name), closeness(mine.predictor.adapt(support), queries, name)))
result = pd.DataFrame(rows, columns=["line", "before", "16 pairs"]).set_index("line")
recovered = int(notebook.recovery(mine).matched.sum())
print(f"{recovered} of {len(mine.truth.names)} mechanisms have an atom of their own")
result.round(3)

# %%
assert (hashes["one"] == hashes["two"]).all(), hashes
assert all(checked.values()) and intact
assert mine.run.summary().state == "finished"
assert recovered >= 1, recovered
assert (result["16 pairs"] > 0).all(), result
assert (result["16 pairs"] - result["before"]).mean() > 0, result
