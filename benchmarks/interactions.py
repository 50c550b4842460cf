"""Seconds of what a visitor waits for, on the bundled demo: the interaction table of the app.

    python benchmarks/interactions.py [--repeats 5] [--only NAME,...] [--json]

``import metabam`` and the cold start are new processes. What only a browser can measure (first paint, warm page, lasso)
is measured in Chromium, from the act until the page has settled; it is left out, and said, where there is none. All
other rows are the server's part, from the act until the page's script has ended, in Streamlit's test harness: what the
browser draws afterwards comes on top. A row whose first time differs from later ones (caches) is measured on fresh
inputs. Prints a Markdown table: p50, p95 and n beside the budget.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
EXAMPLES = ROOT / "assets" / "examples"
BUDGETS = {
    "import": ("`import metabam`, a new process", None),
    "widget": ("widget -> figure at 2,000 pairs, no model call", 0.2),
    "cold": ("cold start to first paint: the page's title (browser)", 6.0),
    "whole": ("cold start to the page's last chart (browser)", None),
    "warm": ("warm page (browser)", 1.5),
    "gallery": ("atom gallery, first", 2.0),
    "card": ("one atom's card, first", 2.5),
    "lasso": ("lasso of 1,000 supports (browser)", 2.5),
    "adapt": ("adapt 16 + 1,000 queries", 5.0),
    "lens": ("sequence lens, one pair, IG, 10 shuffles", 3.0),
    "mutagenesis": ("200 bp mutagenesis", 8.0),
    "ablation": ("ablation, all atoms x 1,000 pairs, first", 20.0),
    "cached": ("the same, cached", 0.5),
    "design": ("design 16 of 1,600", 8.0),
    "manifold": ("manifold, stored coordinates", 1.0),
    "pca": ("manifold, another projection", 1.0),
}


def timed(act: Callable[[], object]) -> float:
    since = time.perf_counter()
    act()
    return time.perf_counter() - since


class Visitor:
    """One session of the app in the test harness."""

    def __init__(self, page: str) -> None:
        from streamlit.testing.v1 import AppTest

        self.at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()
        self.open(page)

    def open(self, page: str) -> None:
        self.at.switch_page(page).run()
        self.clean()

    def clean(self) -> None:
        if self.at.exception or self.at.error:
            raise RuntimeError([item.value for item in (*self.at.exception, *self.at.error)])

    def press(self, label: str) -> float:
        button = next((item for item in self.at.button if item.label == label), None)
        if button is None:
            said = [item.value for kind in (self.at.warning, self.at.info, self.at.error) for item in kind]
            raise LookupError(f"no button {label!r}; there are {[item.label for item in self.at.button]}; said: {said}")
        took = timed(lambda: button.click().run())
        self.clean()
        return took

    def choice(self, kind: str, key: str, value: str) -> Callable[[], object]:
        """Return what sets a widget of this kind to a value."""
        return lambda: getattr(self.at, kind)(key=key).set_value(value)

    def act(self, change: Callable[[], object]) -> float:
        change()
        took = timed(self.at.run)
        self.clean()
        return took


def fresh() -> None:
    """Forget what pages have computed; what a server reads once (run, model, truth) is read again on the next visit."""
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()


def warmed(page: str) -> Visitor:
    """Return a visitor on a page whose run and model are read, with nothing else computed."""
    from metabam.app import cache

    fresh()
    cache.model(cache.open_run("demo"))
    return Visitor(page)


def tables(prefix: str) -> tuple[bytes, int]:
    """Return all bundled tables of one kind as one, and its number of rows."""
    files = sorted(EXAMPLES.glob(f"{prefix}_*.tsv"))
    head = files[0].read_text().splitlines()[0]
    rows = [row for file in files for row in file.read_text().splitlines()[1:]]
    seen = dict.fromkeys(row.split("\t")[0] for row in rows)
    kept = {row.split("\t")[0]: row for row in rows}
    return ("\n".join([head, *(kept[name] for name in seen)]) + "\n").encode(), len(seen)


# ------------------------------------------------------------------ the rows


def imports(n: int) -> Iterator[float]:
    for _ in range(n):
        yield timed(lambda: subprocess.run([sys.executable, "-c", "import metabam"], check=True, cwd=ROOT))


def widget(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/drift.py")
    for turn in range(2 * n):
        choice = ("shuffled", "own")[turn % 2]
        yield visitor.act(visitor.choice("segmented_control", "drift_which", choice))


def gallery(n: int) -> Iterator[float]:
    for _ in range(n):
        visitor = warmed("pages/observe/atoms.py")
        yield visitor.act(partial(visitor.at.session_state.__setitem__, "atoms_tab", "Gallery"))


def card(n: int) -> Iterator[float]:
    visitor = Visitor("pages/observe/atoms.py")
    visitor.act(lambda: visitor.at.session_state.__setitem__("atoms_tab", "Gallery"))
    visitor.act(lambda: visitor.at.session_state.__setitem__("atoms_tab", "Card"))
    for atom in range(2, n + 2):
        yield visitor.act(visitor.choice("selectbox", "atom", str(atom)))


def adapt(n: int) -> Iterator[float]:
    from metabam.app import adaptation

    head, *rows = tables("queries")[0].decode().splitlines()
    for turn in range(n):
        visitor = Visitor("pages/adapt/live.py")
        chosen = rows[turn : turn + 1_000]
        data = "\n".join([head, *chosen]).encode()
        visitor.at.session_state["query_state"] = adaptation.read_queries(data, f"{turn}.tsv", "upload", None)
        visitor.at.run()
        yield visitor.press("Adapt to these pairs")


def lens(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/sequence.py")
    for _, pair in zip(range(n), list(visitor.at.selectbox(key="pair").options)[1:], strict=False):
        name = pair.split(" ")[0]
        visitor.at.selectbox(key="pair").set_value(name)
        yield visitor.press("Show the bases")


def mutagenesis(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/sequence.py")
    visitor.press("Show the bases")
    for start in range(n):
        visitor.at.number_input(key="lens_start").set_value(start)
        visitor.at.number_input(key="lens_end").set_value(start + 200)
        yield visitor.press("Try every substitution")


def ablation(n: int) -> Iterator[float]:
    for _ in range(min(n, 3)):
        yield warmed("pages/probe/ablation.py").press("Remove each atom")


def cached(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/ablation.py")
    visitor.press("Remove each atom")
    for _ in range(n):
        yield visitor.press("Remove each atom")


def design(n: int) -> Iterator[float]:
    from metabam.app import adaptation

    data, _ = tables("queries")
    visitor = Visitor("pages/adapt/design.py")
    visitor.at.session_state["candidate_state"] = adaptation.read_queries(data, "all.tsv", "upload", None)
    visitor.at.run()
    for _ in range(n):
        yield visitor.press("Plan the batch")


def manifold(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/manifold.py")
    for _ in range(n):
        yield timed(visitor.at.run)


def pca(n: int) -> Iterator[float]:
    visitor = Visitor("pages/probe/manifold.py")
    views = list(visitor.at.segmented_control(key="manifold_view").options)
    values = ("raw", "pca")[: len(views)]
    for turn in range(n):
        yield visitor.act(visitor.choice("segmented_control", "manifold_view", values[turn % len(values)]))


def browsed(n: int) -> dict[str, list[float]]:
    """Return what only a browser measures: a cold start, a warm page, a lasso."""
    from playwright.sync_api import sync_playwright

    from tests.app.browser import CHROMIUM, FLAGS, fresh_server, open_page
    from tests.app.tour import Tour

    took: dict[str, list[float]] = {"cold": [], "whole": [], "warm": [], "lasso": []}
    if not CHROMIUM.is_file():
        return took
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        (Path(folder) / "runs").mkdir()
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        for turn in range(min(n, 3)):
            visit = Tour(browser.new_page(viewport={"width": 1280, "height": 1100}))
            visit.page.set_default_timeout(180_000)
            since = time.perf_counter()
            with fresh_server(Path(folder) / "runs", Path(folder) / f"cache{turn}") as address:
                visit.page.goto(address)
                visit.page.locator("h1").first.wait_for()
                took["cold"].append(time.perf_counter() - since)
                visit.chart("never_seen")
                took["whole"].append(time.perf_counter() - since)
                if turn == 0:
                    for stem in ("manifold", "overview"):  # each page once, so that it is warm
                        visit.go(stem)
                    for _ in range(n):
                        took["warm"].append(_shown(visit, address))
                    open_page(visit.page, f"{address}/manifold")
                    for _ in range(n):
                        took["lasso"].append(_lasso(visit))
            visit.page.close()
        browser.close()
    return took


def _shown(visit: Any, address: str) -> float:
    since = time.perf_counter()
    visit.page.goto(address)
    visit.chart("never_seen")
    return time.perf_counter() - since


def _lasso(visit: Any) -> float:
    since = time.perf_counter()
    visit.lasso("map", left=0.01, right=0.99, top=0.01, bottom=0.99)
    visit.page.get_by_text("supports chosen").first.wait_for()
    took = time.perf_counter() - since - 1.5 - 0.6  # less the two waits of the hand itself
    visit.press("manifold.clear")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    rows = {
        "import": imports, "widget": widget, "gallery": gallery, "card": card, "adapt": adapt, "lens": lens,
        "mutagenesis": mutagenesis, "ablation": ablation, "cached": cached, "design": design, "manifold": manifold,
        "pca": pca,
    }  # fmt: skip
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "runs").mkdir()
        os.environ |= {"METABAM_RUNS": f"{folder}/runs", "METABAM_CACHE": f"{folder}/cache"}
        if not only or only & {"cold", "whole", "warm", "lasso"}:
            took |= browsed(asked.repeats)
        for name, measure in rows.items():
            if not only or name in only:
                took[name] = list(measure(asked.repeats))
                print(name, [round(value, 2) for value in took[name]], file=sys.stderr, flush=True)
    if asked.json:
        print(json.dumps(took))
        return
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| interaction | p50, s | p95, s | n | budget, s |\n|---|---|---|---|---|")
    for name, (told, budget) in BUDGETS.items():
        values = took.get(name)
        if values is None:
            continue
        middle, high = (f"{np.percentile(values, q):.2f}" if values else "not measured" for q in (50, 95))
        print(f"| {told} | {middle} | {high} | {len(values)} | {'–' if budget is None else f'{budget:g}'} |")


if __name__ == "__main__":
    main()
