"""The controls of Fingerprint drift, its matrix, and the scores of the chosen cell."""

from __future__ import annotations

from typing import Final

import streamlit as st

from metabam.app import layout, picks, session, swapping
from metabam.app import lines as known
from metabam.app.layout import Scene
from metabam.app.lines import Line
from metabam.app.swapping import Cell, Settings
from metabam.app.widgets import chart, chart_foot, csv_text, empty, metric, plain
from metabam.plots import drift
from metabam.records import SWAP_SCORES, SwapRecord

A: Final = "env_a"
B: Final = "env_b"
LABELS: Final = {A: ("drift.env_a", "drift.env_a_help"), B: ("drift.env_b", "drift.env_b_help")}
APPLY: Final = "drift_apply"
APPLIED: Final = "drift_applied"
JUMP: Final = "drift_jump"
DRAWN: Final = "drift_drawn_lines"
MOST_LINES: Final = 12
DEFAULT_LINES: Final = 6
SHOTS: Final = (4, 8, 16, 32, 64)


def controls(scene: Scene) -> tuple[dict[str, Line], str, str, Settings]:
    """Draw the two lines and the settings; return all lines by name, A, B, and the settings applied last."""
    lines = {line.name: line for line in known.lines_of(scene)}
    names = list(lines)
    _take_cell()
    missed = [(key, picks.linked(key, names, names[min(place, len(names) - 1)])) for place, key in enumerate((A, B))]
    left, right = st.columns(2, gap="large")
    for key, place in ((A, left), (B, right)):
        place.markdown(f":small[{scene.text(LABELS[key][0])}]", help=scene.text(LABELS[key][1]))
        place.selectbox(
            scene.text(LABELS[key][0]),
            names,
            index=None,
            required=True,
            key=key,
            bind="query-params",
            label_visibility="collapsed",
        )
        chosen = lines[str(session.get(key, names[0]))]
        place.caption(scene.text(f"drift.origin.{chosen.origin}", n=f"{chosen.pairs:,}"))
    for key, asked in missed:
        if asked is not None:
            layout.valid(key, asked, names, names[0], scene)
    first = tuple(line.name for line in lines.values() if line.origin == "training")[:DEFAULT_LINES]
    settings = session.get(APPLIED)
    if not isinstance(settings, Settings) or not set(settings.lines) <= set(names):
        settings = Settings(lines=first)
    _form(scene, names, list(first))
    if session.take(APPLY):
        settings = Settings(
            int(session.get("drift_seed", 0)),
            int(session.get("drift_shots", 16)),
            swapping.DRAWS if session.get("drift_z") == "samples" else 0,
            tuple(session.get("drift_lines") or first),
        )
        session.put(APPLIED, settings)
        layout.guarded(_compute, scene, lines, settings)
    return lines, str(session.get(A, names[0])), str(session.get(B, names[0])), settings


def _take_cell() -> None:
    """Let a clicked cell of the matrix choose A and B, before their controls are drawn."""
    clicked = _clicked() or session.take(JUMP)
    if clicked:
        session.put(A, clicked[0])
        session.put(B, clicked[1])


def _clicked() -> tuple[str, str] | None:
    """Return A and B of a cell that was clicked just now."""
    drawn = session.get(DRAWN, ())
    for found in picks.fresh("chart_drift_matrix")[-1:]:
        parts = found.split(",")
        if len(parts) == 2 and all(part.isdigit() and int(part) < len(drawn) for part in parts):
            return drawn[int(parts[1])], drawn[int(parts[0])]
    return None


def _form(scene: Scene, names: list[str], default: list[str]) -> None:
    """Draw the settings that cost a pass of the model, behind one button."""
    with st.form("drift_form", border=True):
        first, second, third, last = st.columns([0.9, 1.65, 1.5, 1.1], vertical_alignment="bottom", gap="small")
        first.number_input(
            scene.text("drift.seed"), 0, 9999, 0, key="drift_seed", help=scene.text("drift.seed_help"),
            persist_state="session",
        )  # fmt: skip
        second.segmented_control(
            scene.text("drift.shots"), list(SHOTS), default=16, required=True, key="drift_shots",
            persist_state="session",
        )  # fmt: skip
        third.segmented_control(
            scene.text("drift.z"), ["mean", "samples"], default="mean", required=True, key="drift_z",
            format_func=lambda name: scene.text(f"drift.z.{name}"), help=scene.text("drift.z_help"),
            persist_state="session",
        )  # fmt: skip
        last.form_submit_button(
            scene.text("drift.go"), type="primary", icon=":material/grid_on:", width="stretch",
            on_click=session.put, args=(APPLY, True), help=scene.text("drift.go_help"),
        )  # fmt: skip
        st.multiselect(
            scene.text("drift.lines"), names, default=default, key="drift_lines",
            max_selections=MOST_LINES, help=scene.text("drift.lines_help", most=MOST_LINES), persist_state="session",
            placeholder=scene.text("shell.choose"),
        )  # fmt: skip


def _compute(scene: Scene, lines: dict[str, Line], settings: Settings) -> None:
    """Compute the matrix with its progress and a way out; any press reruns the page, which ends this run."""
    cells = len(settings.lines) ** 2
    waiting = st.empty()
    bar, cancel = waiting.container().columns([4, 1], vertical_alignment="center")
    shown = bar.progress(0.0, scene.text("drift.working", n=cells))
    cancel.button(scene.text("drift.cancel"), icon=":material/stop_circle:", key="drift_cancel", width="stretch")
    swapping.compute_matrix(
        scene, lines, settings, lambda share: (shown.progress(share, scene.text("drift.working", n=cells)), None)[1]
    )
    waiting.empty()


# ------------------------------------------------------------------ matrix and scores


@st.fragment
def board(scene: Scene, lines: dict[str, Line], cell: Cell, settings: Settings) -> None:
    """Draw numbers, matrix and the chosen cell's scores; their controls redraw nothing else."""
    layout.guarded(_board, scene, lines, cell, settings)


def _board(scene: Scene, lines: dict[str, Line], cell: Cell, settings: Settings) -> None:
    clicked = _clicked()
    if clicked is not None:
        session.put(JUMP, clicked)
        st.rerun()
    numbers = st.container()
    left, right = st.columns(2, gap="large")
    subset = left.segmented_control(
        scene.text("drift.subset"), ["auroc", "reversal"], default="auroc", required=True, key="drift_subset",
        format_func=lambda name: scene.text(f"drift.subset.{name}"), persist_state="session",
    )  # fmt: skip
    judge = right.segmented_control(
        scene.text("drift.judge"), ["column", "row"], default="column", required=True, key="drift_judge",
        format_func=lambda name: scene.text(f"drift.judge.{name}"), help=scene.text("drift.judge_help"),
        persist_state="session",
    )  # fmt: skip
    matrix = swapping.matrix_of(scene, lines, settings)
    record = cell.column if judge == "column" else cell.row
    with numbers:
        _numbers(scene, cell, record)
    with left:
        if matrix is None:
            empty(scene.text("drift.matrix.none"), scene.text("drift.matrix.none_do", n=len(settings.lines)))
        else:
            _matrix(scene, matrix[0] if judge == "column" else matrix[1], cell, reversals=subset == "reversal")
    with right:
        _scores(scene, cell, record)


def _numbers(scene: Scene, cell: Cell, record: SwapRecord) -> None:
    """Draw the cell's scores with their intervals and counts."""
    cells = st.columns(5)
    named = {"auroc": record.n, "reversal": record.n_reversal}
    for place, name in zip(cells, ("auroc", "other", "shuffled", "prior", "reversal"), strict=True):
        value, low, high = record.score(name, 0, 1)
        n = int(named["reversal" if name == "reversal" else "auroc"][0, 1])
        note = scene.text("drift.kpi.n", n=f"{n:,}")
        if value == value:
            note = (f"{low:.2f} – {high:.2f} · " if low == low else "") + note
        metric(
            place, scene.text(f"drift.kpi.{name}"), f"{value:.3f}" if value == value else "–", note,
            help_text=scene.text(f"drift.kpi.{name}_help"),
        )  # fmt: skip
    kind = "same" if cell.a == cell.b else "swap"
    st.caption(
        ":material/info: "
        + scene.text(f"drift.said.{kind}", a=plain(cell.a), b=plain(cell.b))
        + " "
        + scene.text("drift.shared", n=f"{int(record.n[0, 1]):,}", total=f"{cell.total:,}")
    )


def _matrix(scene: Scene, record: SwapRecord, cell: Cell, *, reversals: bool) -> None:
    """Draw the matrix; a clicked cell chooses A and B on the next run."""
    session.put(DRAWN, record.lines)
    chart(
        drift.matrix_figure(
            record, reversals=reversals, chosen=swapping.cell_in(record, cell.a, cell.b),
            synthetic=scene.synthetic, lang=scene.lang,
        ),
        "drift_matrix",
        scene.lang,
        on_select="rerun",
        footless=True,
    )  # fmt: skip
    chart_foot(
        "drift_matrix",
        scene.lang,
        how="drift.matrix.how",
        csv_of=lambda: csv_text(matrix_rows(record), scene.comment() + f"; judged by the {record.judged_by}'s labels"),
    )


def matrix_rows(record: SwapRecord) -> list[dict[str, object]]:
    """Return every cell of a matrix as one row: lines, counts, and all scores with their intervals."""
    rows: list[dict[str, object]] = []
    for row, sequences in enumerate(record.lines):
        for column, fingerprint in enumerate(record.lines):
            cells: dict[str, object] = {
                "sequences": sequences,
                "fingerprint": fingerprint,
                "judged_by": record.judged_by,
                "n": int(record.n[row, column]),
                "n_shared": int(record.n_shared[row, column]),
                "n_reversal": int(record.n_reversal[row, column]),
            }
            for name in SWAP_SCORES:
                value, low, high = record.score(name, row, column)
                cells |= {name: value, f"{name}_low": low, f"{name}_high": high}
            rows.append(cells)
    return rows


def _scores(scene: Scene, cell: Cell, record: SwapRecord) -> None:
    """Draw the forest of the cell, or say why it has no score."""
    n = int(record.n[0, 1])
    if n < record.min_shared:
        empty(
            scene.text("drift.few", n=n, a=plain(cell.a), b=plain(cell.b), least=record.min_shared),
            scene.text("drift.few_do"),
        )
        return
    chart(
        drift.scores_figure(record, 0, 1, synthetic=scene.synthetic, lang=scene.lang),
        "drift_scores",
        scene.lang,
        how="drift.scores.how",
        provenance=scene.comment(),
    )
