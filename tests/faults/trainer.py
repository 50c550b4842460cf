"""A small real trainer to be killed: the real loop, locks, log and checkpoints around a model of two layers.

Run as a program it is a server: one interpreter pays for importing PyTorch and then forks one real process per request,
which is killed, starved of disk or stripped of its rights like any other process.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
import torch
from torch import nn

from metabam.config import RunConfig, TrainConfig, build
from metabam.errors import MetaBamError
from metabam.files import save_tensors
from metabam.train import loop
from metabam.train.folder import RunFolder
from metabam.train.lock import hold
from metabam.train.loop import train

D, HIDDEN, ROWS, BATCH = 13, 11, 97, 28


class Loss:
    def __init__(self, total, penalty):
        self.task, self.penalty = total, penalty
        self.total = total + penalty

    def named(self):
        return {"task": self.task, "penalty": self.penalty}


class Small:
    """Two layers with dropout (the global random state matters), AdamW (so does the optimizer's) and a schedule."""

    def __init__(self, seed=0, n_steps=40, dropout=0.3, poison=0):
        self.seed, self.n_steps, self.poison = seed, n_steps, poison
        draw = np.random.default_rng(seed)
        self.x = torch.from_numpy(draw.normal(size=(ROWS, D)).astype(np.float32))
        self.y = (self.x[:, 0] - self.x[:, 1] > 0).float()
        torch.manual_seed(seed)
        layers = [nn.Linear(D, HIDDEN), nn.Tanh(), nn.Dropout(dropout), nn.Linear(HIDDEN, 1)]
        self.module = nn.Sequential(*layers)
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=0.02)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda s: 0.5 + 0.5 * math.cos(math.pi * s / n_steps)
        )

    def rows(self, step, rank, size):
        chosen = np.random.default_rng([self.seed, step]).permutation(ROWS)[:BATCH]
        return chosen[rank * BATCH // size : (rank + 1) * BATCH // size]

    def loss(self, step, rank, world_size):
        rows = self.rows(step, rank, world_size)
        logit = self.module(self.x[rows])[:, 0]
        penalty = 1e-3 * (self.module[0].weight ** 2).sum()
        if step == self.poison:
            penalty = penalty * math.nan
        return Loss(nn.functional.binary_cross_entropy_with_logits(logit, self.y[rows]), penalty)

    def evaluate(self, step):
        torch.rand(step % 3)  # draws that must not disturb training
        accuracy = float(((self.module(self.x)[:, 0] > 0) == (self.y > 0)).float().mean())
        return {"score": accuracy, "empty": math.nan}

    def snapshot(self):
        return {"atoms": self.module[0].weight.detach().numpy()}

    def batch_ids(self, step, rank, world_size):
        return [str(row) for row in self.rows(step, rank, world_size)]


class Trap:
    """Ends this process with SIGKILL at the n-th call of one function of ``os``; before, inside or after it.

    ``write-half`` puts down half the bytes first, which is what a kill inside ``write(2)`` leaves.
    """

    def __init__(self, call, count, moment, match=""):
        self.call, self.left, self.moment, self.match = call, count, moment, match
        self.real = getattr(os, call)
        setattr(os, call, self)

    def __call__(self, *args, **kwargs):
        place = args[0] if args else ""
        if isinstance(place, int):
            place = Path(f"/proc/self/fd/{place}").readlink()
        if self.match not in str(place):
            return self.real(*args, **kwargs)
        self.left -= 1
        if self.left == 0:
            if self.moment == "half":
                self.real(args[0], bytes(args[1])[: len(args[1]) // 2])
            elif self.moment == "after":
                self.real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return self.real(*args, **kwargs)


class Tracer:
    """Writes the order of file-changing calls: our own calls into ``os``, and the interpreter's audit events."""

    def __init__(self):
        self.lines = []
        for call in ("open", "write", "fsync", "replace", "ftruncate"):
            setattr(os, call, self.wrapped(call, getattr(os, call)))
        sys.addaudithook(self.audit)

    def wrapped(self, call, real):
        def traced(*args, **kwargs):
            place = args[0]
            if isinstance(place, int):
                place = Path(f"/proc/self/fd/{place}").readlink()
            result = real(*args, **kwargs)
            self.lines.append([call, str(place)])
            return result

        return traced

    def audit(self, event, args):
        if event == "os.rename":
            self.lines.append(["audit:rename", str(args[0]), str(args[1])])


def run(request):
    """Train once as asked, in this process; return its exit status."""
    folder = Path(request["folder"])
    step_action = request.get("at_step")
    if request.get("user"):
        os.setgroups([])
        os.setgid(request["user"])
        os.setuid(request["user"])
    if request.get("file_limit"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_limit"], request["file_limit"]))
    if request.get("no_new_files"):
        step_action = [request["no_new_files"], "exhaust"]
    if request.get("forget_random"):
        loop.set_random_state = lambda state: None
    if request.get("trap"):
        Trap(*request["trap"])
    if request.get("world"):
        return run_pipeline(request, folder, step_action)
    tracer = Tracer() if request.get("trace") else None
    small = Small(n_steps=request.get("steps", 40), poison=request.get("poison", 0))
    config = TrainConfig(save_every=request.get("save_every", 5), eval_every=7, batch_tasks=4)
    with hold(folder):
        out = RunFolder(folder, interval=request.get("interval", 0.05))
        for record in train(small, out, config):
            if request.get("pause"):
                time.sleep(request["pause"])
            if step_action and record.step == step_action[0]:
                action(step_action[1:], folder)
        save_tensors(folder / "final.safetensors", {k: v.numpy() for k, v in small.module.state_dict().items()})
        out.heartbeat.close("finished", small.n_steps, small.n_steps)
    if tracer is not None:
        (folder / "trace.json").write_text(json.dumps(tracer.lines))
    return 0


SETTINGS = {
    "seed": 3,
    "holdout": ["unseen01"],
    "encoder": {"discovery": {"max_motifs": 3, "em_starts": 1, "n_features": 5, "max_elements": 200}},
    "model": {"n_atoms": 3, "context_dim": 2},
    "train": {"steps": 11, "batch_tasks": 4, "query_size": 32, "eval_every": 4, "save_every": 3, "threads": 1},
}


def settings(**changes):
    """Return the small settings of the pipeline's tests, with top-level fields replaced."""
    return build({**SETTINGS, **changes}, RunConfig)


def run_pipeline(request, folder, step_action):
    """Train a whole run on a small planted world; ``at_step`` names phase, fold, step and what to do there."""
    from metabam.data.genome import Genome
    from metabam.data.pairs import read_pairs
    from metabam.train.pipeline import train_run

    world = Path(request["world"])
    with Genome(world / "genome.fa") as genome:
        table, _ = read_pairs(world / "pairs.tsv", role="training", genome=genome)
        for record in train_run(settings(), genome, table, folder, resume=True):
            place = [record.phase, record.metrics.get("fold", -1.0), record.step]
            if step_action and place == step_action[:3]:
                action(step_action[3:], folder)
    return 0


def action(what, folder):
    if what[0] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    elif what[0] == "signal":
        for number in what[1:]:
            os.kill(os.getpid(), number)
    elif what[0] == "chmod":
        for path in [*folder.rglob("*"), folder]:
            if path.is_dir():
                path.chmod(0o500)
    elif what[0] == "exhaust":  # no further descriptor can be had, so no file can be made
        limit = 0
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    elif what[0] == "hold":
        time.sleep(600)


def child(request):
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        return run(request)
    except MetaBamError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except SystemExit as error:
        return int(error.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1


def serve():
    torch.set_num_threads(1)
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with tempfile.TemporaryDirectory() as warm:  # whatever is imported late is imported now, once
        run({"folder": warm, "steps": 7})
    if "--pipeline" in sys.argv:
        import metabam.learners.metabam
        import metabam.model.encoders.motif
        import metabam.train.pipeline  # noqa: F401 - imported once, before the forks
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            for number in (signal.SIGTERM, signal.SIGUSR1):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = child(request)
            sys.stdout.flush()
            os._exit(code)
        print(pid, flush=True)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(status, flush=True)


if __name__ == "__main__":
    serve()
