"""Every learner on the same episodes of planted worlds' held-out lines: ``metabam bench``, its table beside it.

    python benchmarks/planted.py --world DIR [--world DIR ...] [--run RUN ...] --out planted.parquet

The same as ``metabam bench --world DIR ... --run RUN ... --out planted`` (every other flag is passed on), with the tidy
table copied to ``planted.parquet`` and the report to ``planted.md``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from metabam.cli import main as metabam


def main(words: list[str]) -> int:
    """Run the benchmark in a folder named like the table, then copy table and report out of it."""
    if "--out" not in words[:-1]:
        return metabam(["bench", *words])
    place = words.index("--out") + 1
    out = Path(words[place])
    folder = out.with_suffix("")
    code = metabam(["bench", *words[:place], str(folder), *words[place + 1 :]])
    if code == 0:
        shutil.copyfile(folder / "table.parquet", out.with_suffix(".parquet"))
        shutil.copyfile(folder / "report.md", out.with_suffix(".md"))
    return code


if __name__ == "__main__":
    known = ("--world", "--run", "--out")  # the rest is listed by `metabam bench --help`
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else f"{__doc__}\nneeds {', '.join(known)}")
