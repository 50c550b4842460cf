"""What the robust prior is worth: Meta-BAM as born, with and without it, on real lines and on families of planted ones.

    python benchmarks/robust_prior.py --world DIR --run RUN [--families 5] [--share 0 0.05 0.2] [--out robust.md]
    METABAM_DATA=DIR python benchmarks/robust_prior.py --real W2a --folds 0 1 2 3 4 --supports 4

Each unit's model is born once, nothing is recalled; the share of the wider part of delta's prior is set afterwards, so
that nothing else differs. At 4, 16 and 64 shots; the differences to the first share are paired, their intervals are
over families or over real lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from held_tasks import Task, means_of, options_of, tables_over
from scaling import SHOTS

from metabam.config import ModelConfig
from metabam.learners.birth import give_birth
from metabam.learners.metabam import MetaBamLearner
from metabam.metrics import Interval, bootstrap_over_lines
from metabam.records import LabelledContext


def judged(training: Sequence[LabelledContext], tasks: Iterator[Task], shares: list[float]) -> np.ndarray:
    """Return mean worth (shares, shots) of the model that these contexts give birth to."""
    model = give_birth(training, ModelConfig(), 0).model
    values: dict[tuple[int, int], list[float | None]] = {}
    for task in tasks:
        for at, share in enumerate(shares):
            model.evidence.robust = share
            learner = MetaBamLearner.of_model(model)
            value = task.worth(learner.predict(learner.adapt(task.support), task.queries).logit)
            values.setdefault((at, task.shots), []).append(value)
    return means_of(values, len(shares))


def table_of(title: str, worth: np.ndarray, shares: list[float], units: list[str]) -> str:
    """Return the Markdown table of worth (units, shares, shots)."""

    def said(found: Interval, sign: str = "") -> str:
        return f"{found.estimate:{sign}.3f} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"

    names = np.array(units)
    lines = [f"| {title}: share of the wider part | " + " | ".join(f"S = {shots}" for shots in SHOTS)]
    lines[0] += " | largest gain, loss |"
    lines.append("|---" * (len(SHOTS) + 2) + "|")
    for at, share in enumerate(shares):
        if not at:
            cells = [said(bootstrap_over_lines(worth[:, 0, k], names)) for k in range(len(SHOTS))]
            lines.append(f"| {share:g} | " + " | ".join(cells) + " | |")
            continue
        apart = worth[:, at] - worth[:, 0]
        cells = [said(bootstrap_over_lines(apart[:, k], names), "+") for k in range(len(SHOTS))]
        lines.append(f"| {share:g}, minus 0 | " + " | ".join(cells) + f" | {apart.max():+.3f}, {apart.min():+.3f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it and print the tables."""
    parser = options_of(__doc__, 5)
    parser.add_argument(
        "--share", type=float, nargs="+", default=[0.0, 0.05, 0.2, 0.5], help="the first is the reference"
    )
    args = parser.parse_args()
    tables_over(
        args,
        lambda training, tasks: judged(training, tasks, args.share),
        lambda title, worth, units: table_of(title, worth, args.share, units),
    )


if __name__ == "__main__":
    main()
