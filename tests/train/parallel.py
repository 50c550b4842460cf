"""Trains alone, or as one of several processes of torchrun.

``parallel.py FOLDER STEPS`` trains the small model, ``parallel.py FOLDER STEPS WORLD`` a whole run on a planted world.
"""

import os
import sys
from pathlib import Path

import torch

from metabam.config import TrainConfig
from metabam.train.folder import RunFolder
from metabam.train.loop import train
from tests.faults.trainer import Small, run_pipeline

if __name__ == "__main__":
    torch.set_num_threads(1)
    out = Path(sys.argv[1])
    if len(sys.argv) > 3:
        run_pipeline({"world": sys.argv[3]}, out, None)
    else:
        folder = RunFolder(out, writable=os.environ.get("RANK", "0") == "0")
        for _ in train(
            Small(n_steps=int(sys.argv[2]), dropout=0.0), folder, TrainConfig(save_every=5, eval_every=7, batch_tasks=4)
        ):
            pass
