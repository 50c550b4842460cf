"""Trains the small model once, alone or as one of several processes of torchrun: ``parallel.py FOLDER``."""

import os
import sys
from pathlib import Path

import torch

from metabam.config import TrainConfig
from metabam.train.folder import RunFolder
from metabam.train.loop import train
from tests.faults.trainer import Small

if __name__ == "__main__":
    torch.set_num_threads(1)
    first = os.environ.get("RANK", "0") == "0"
    folder = RunFolder(Path(sys.argv[1]), writable=first)
    small = Small(n_steps=int(sys.argv[2]), dropout=0.0)
    for _ in train(small, folder, TrainConfig(save_every=5, eval_every=7, batch_tasks=4)):
        pass
