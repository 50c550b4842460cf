"""Adapt live from end to end: every way in, what is refused and why, what comes out, and who sees it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.app.conftest import ASSETS, words

LIVE = "pages/adapt/live.py"
SUPPORTS = sorted(path.name for path in (ASSETS / "examples").glob("support_*.tsv"))
PLAIN = [name for name in SUPPORTS if not name.endswith("_shuffled.tsv")]


def table(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (ASSETS / "examples" / name).read_text().splitlines()]


def as_bytes(rows: list[list[str]]) -> bytes:
    return ("\n".join("\t".join(row) for row in rows) + "\n").encode()


def press_adapt(at):
    next(button for button in at.button if button.label == "Adapt to these pairs").click()
    return at.run()


def upload(at, name: str, data: bytes):
    at.segmented_control(key="method_support").set_value("upload").run()
    at.file_uploader[0].upload(name, data, "text/plain")
    return at.run()


def test_example_to_predictions(app):
    at = press_adapt(app(LIVE, by_menu=True))
    assert not at.exception
    assert [item.value for item in at.error] == []
    done = at.session_state["adaptation"]
    assert len(done.labels) == 16
    assert done.queries is not None
    assert set(done.queries.others) == {"hierarchical", "prototype"}
    good = done.queries.usable
    assert good.all()
    assert np.all(done.queries.lower[good] <= done.queries.probability[good] + 1e-12)
    assert np.all(done.queries.probability[good] <= done.queries.upper[good] + 1e-12)
    assert done.convergence.std.shape[0] == 20
    assert done.convergence.shots[0] == 1
    assert done.convergence.shots[-1] == 16
    labels = [item.label for item in at.metric]
    assert {"KL to the prior", "Nearest line", "AUPRC"} <= set(labels)
    assert len(at.get("plotly_chart")) == 4


@pytest.mark.parametrize(("place", "figures"), [(1, 4), (2, 3)])
def test_the_other_tabs_draw_their_figures(app, place, figures):
    at = press_adapt(app(LIVE, by_menu=True))
    at.session_state["read_tabs"] = ["Predictions", "What it believes", "Shot by shot"][place]
    at.run()
    assert not at.exception
    assert [item.value for item in at.error] == []
    assert len(at.get("plotly_chart")) == figures


def test_the_same_example_twice_is_bit_equal_and_leaves_the_model_as_it_was(app):
    from metabam.app import cache

    at = press_adapt(app(LIVE, by_menu=True))
    model = cache.model(cache.open_run("demo"))
    before = {name: value.tobytes() for name, value in model.learner.state()[0].items()}
    first = at.session_state["adaptation"]
    second = press_adapt(app(LIVE, by_menu=True)).session_state["adaptation"]
    assert first.queries.probability.tobytes() == second.queries.probability.tobytes()
    assert first.fingerprint.mean.tobytes() == second.fingerprint.mean.tobytes()
    assert {name: value.tobytes() for name, value in model.learner.state()[0].items()} == before


def test_sixteen_good_rows_uploaded_give_the_same_numbers_as_the_example(app):
    example = press_adapt(app(LIVE, by_menu=True)).session_state["adaptation"]
    at = upload(app(LIVE, by_menu=True), "mine.tsv", as_bytes(table(PLAIN[0])))
    assert "This table is accepted" in words(at)
    mine = press_adapt(at).session_state["adaptation"]
    assert mine.fingerprint.mean.tobytes() == example.fingerprint.mean.tobytes()
    assert mine.support_name == "mine.tsv"


def test_one_class_is_refused_and_said(app):
    rows = table(PLAIN[0])
    label = rows[0].index("label")
    one = [rows[0], *(row for row in rows[1:] if row[label] == "1")]
    at = upload(app(LIVE, by_menu=True), "one_class.tsv", as_bytes(one))
    assert not at.exception
    assert "This table is refused" in words(at)
    assert next(button for button in at.button if button.label == "Adapt to these pairs").disabled


def test_png_named_csv_is_refused_by_content(app):
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
    at = upload(app(LIVE, by_menu=True), "picture.csv", data)
    assert not at.exception
    assert "This table is refused" in words(at)
    found = at.dataframe[0].value
    assert any("PNG" in str(value) for value in found["what happened"])


def test_too_big_is_refused_by_python_not_by_the_widget(app):
    at = upload(app(LIVE, by_menu=True), "big.tsv", b"chrom\n" + b"a\n" * (1 << 20))
    assert not at.exception
    assert "This table is refused" in words(at)


def test_a_problem_per_row_with_its_line(app):
    rows = table(PLAIN[0])
    start, label = rows[0].index("enhancer_start"), rows[0].index("label")
    rows[3][start] = "1e6"
    rows[7][label] = "2"
    at = upload(app(LIVE, by_menu=True), "two_bad.tsv", as_bytes(rows))
    found = at.dataframe[0].value
    assert set(found["line"]) >= {"4", "8"}
    assert all(found["what to do"].str.len() > 0)


def preview_of(at, column: str):
    """Return the table of the page that has a column of that name."""
    return next(item.value for item in at.dataframe if column in item.value.columns)


def test_the_check_shows_which_column_became_what(app):
    rows = table(PLAIN[0])
    swapped = {"enhancer_start": "promoter_start", "promoter_start": "enhancer_start"}
    rows[0] = [swapped.get(name, name) for name in rows[0]]
    at = upload(app(LIVE, by_menu=True), "swapped.tsv", as_bytes(rows))
    assert not at.exception
    shown = preview_of(at, "your column").set_index("read as")
    place = rows[0].index("enhancer_start")
    assert shown.loc["enhancer_start", "your column"] == "enhancer_start"
    assert shown.loc["enhancer_start", "first row"] == rows[1][place]
    assert set(shown.index) >= {"chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end", "label"}


def test_the_check_shows_the_first_bases_of_the_first_pair(app):
    at = app(LIVE, by_menu=True)
    loaded = at.session_state["support_state"]
    used = loaded.result.table
    shown = preview_of(at, "first bases")
    assert shown["element"].tolist() == ["enhancer", "promoter"]
    assert shown["place"].tolist() == [
        f"{used.enhancer_chrom[0]}:{used.enhancer_start[0]}-{used.enhancer_end[0]}",
        f"{used.promoter_chrom[0]}:{used.promoter_start[0]}-{used.promoter_end[0]}",
    ]
    assert all(len(bases) == 20 and set(bases) <= set("ACGTN") for bases in shown["first bases"])
    if used.enhancer_seq is not None:
        assert shown["first bases"][0] == used.enhancer_seq[0][:20]


def test_bases_of_a_table_without_sequences_come_from_the_genome(app, tmp_path, monkeypatch):
    letters = "".join(np.random.default_rng(5).choice(list("ACGT"), 30_000))
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">synthetic1\n{letters}\n")
    monkeypatch.setenv("METABAM_GENOME", str(fasta))
    rows = [["chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end", "label"]]
    rows += [["synthetic1", *map(str, (n, n + 400, n + 9000, n + 9400)), str(n % 2)] for n in range(101, 117)]
    at = upload(app(LIVE, by_menu=True), "places.tsv", as_bytes(rows))
    assert not at.exception
    shown = preview_of(at, "first bases")
    assert shown["first bases"].tolist() == [letters[101:121], letters[9101:9121]]
    assert shown["place"].tolist() == ["synthetic1:101-501", "synthetic1:9101-9501"]


def test_a_table_refused_as_a_whole_shows_no_bases(app):
    rows = table(PLAIN[0])
    rows[3][rows[0].index("enhancer_start")] = "-5"
    at = upload(app(LIVE, by_menu=True), "bad.tsv", as_bytes(rows))
    assert "This table is refused" in words(at)
    assert "No bases to show" in words(at)
    assert not any("first bases" in item.value.columns for item in at.dataframe)


def test_hostile_names_are_shown_as_text(app):
    at = upload(app(LIVE, by_menu=True), "<img src=x onerror=alert(1)>$x$.tsv", as_bytes(table(PLAIN[0])))
    assert not at.exception
    at = press_adapt(at)
    for figure in at.get("plotly_chart"):
        assert "<img" not in figure.proto.spec
    for item in at.markdown:
        assert "<img" not in item.value.replace("\\<", "")


def test_paste(app):
    at = app(LIVE, by_menu=True)
    at.segmented_control(key="method_support").set_value("paste").run()
    at.text_area(key="paste_support").input(as_bytes(table(PLAIN[0])).decode())
    at.button(key="use_paste").click().run()
    assert not at.exception
    assert at.session_state["support_state"].origin == "paste"
    assert not at.session_state["support_state"].result.refused


def test_edited_rows_are_read_like_a_new_file(app):
    from metabam.app.checking import edited_bytes

    rows = table(PLAIN[0])
    names = rows[0]
    data = edited_bytes(names, [dict(zip(names, row, strict=True)) for row in rows[1:]], tuple(names))
    assert data == as_bytes(rows)
    hostile = edited_bytes(["a", "b"], [{"a": 'x\ty"z', "b": None}], ("a", "b"))
    assert hostile == b'a\tb\n"x y""z"\t\n'


def test_query_rows_that_cannot_be_used_stay_with_their_status(app):
    queries = f"queries_{PLAIN[0].removeprefix('support_')}"
    rows = table(queries)[:12]
    rows[4][rows[0].index("enhancer_seq")] = "PROTEIN*"
    at = app(LIVE, by_menu=True)
    at.segmented_control(key="method_queries").set_value("upload").run()
    at.file_uploader[0].upload("q.tsv", as_bytes(rows), "text/plain")
    at = press_adapt(at.run())
    assert not at.exception
    done = at.session_state["adaptation"]
    assert len(done.queries.table) == 11
    assert np.flatnonzero(~done.queries.usable).tolist() == [3]
    assert done.queries.status[3] != "ok"


def test_exports_carry_origin_and_repeat_the_numbers(app):
    import csv
    import io

    from metabam.app import adaptation_exports

    at = press_adapt(app(LIVE, by_menu=True))
    done = at.session_state["adaptation"]
    text = adaptation_exports.results_csv(done, "SYNTHETIC; run=demo")
    comment, *rest = text.splitlines()
    assert comment == "# SYNTHETIC; run=demo"
    rows = list(csv.DictReader(io.StringIO("\n".join(rest))))
    assert [float(row["probability"]) for row in rows] == done.queries.probability.tolist()
    values = json.loads(adaptation_exports.session_json(done, None, {"run": "demo"}, True))
    assert values["synthetic"] is True
    assert values["support"]["sha256"] == done.support_sha256
    assert values["seed"] == done.seed


def test_two_sessions_do_not_see_each_other(app):
    first, second = app(LIVE, by_menu=True), app(LIVE, by_menu=True)
    first = upload(first, "secret_line.tsv", as_bytes(table(PLAIN[0])))
    press_adapt(first)
    second = press_adapt(second.run())
    assert "secret" not in words(second)
    assert second.session_state["adaptation"].support_name == PLAIN[0]


def test_forget_my_data(app):
    at = press_adapt(app(LIVE, by_menu=True))
    at.button(key="forget").click().run()
    assert not at.exception
    assert at.session_state["support_state"] is None
    assert "adaptation" not in at.session_state
    assert "No labelled pairs yet" in words(at)


@pytest.mark.skipif(len(PLAIN) == len(SUPPORTS), reason="the bundled tables hold no shuffled example")
def test_shuffled_example_keeps_the_pairs_and_changes_the_labels(app):
    at = app(LIVE, by_menu=True)
    shuffled = next(name for name in SUPPORTS if name.endswith("_shuffled.tsv"))
    own = shuffled.replace("_shuffled", "")
    at.selectbox(key="example_support").set_value(shuffled).run()
    at.button(key="use_example").click().run()
    assert at.session_state["support_state"].name == shuffled
    label = table(own)[0].index("label")
    a, b = table(own), table(shuffled)
    assert [row[:label] for row in a] == [row[:label] for row in b]
    assert sorted(row[label] for row in a) == sorted(row[label] for row in b)
    assert [row[label] for row in a] != [row[label] for row in b]
