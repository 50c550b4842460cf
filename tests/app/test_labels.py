"""Adapt live, label by label: influence, the null, what-if, refinement, and a session that is repeated bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from metabam.app import model as models
from metabam.data.upload import read_queries, read_support
from metabam.probe.informed import informed_by_labels
from metabam.records import SupportSet
from tests.app.conftest import ASSETS, words
from tests.app.test_live import LIVE, PLAIN, as_bytes, press_adapt, table, upload

LABELS, WHAT_IF = "What your labels taught", "What if"


def opened(at, tab: str):
    at.session_state["read_tabs"] = tab
    return at.run()


@pytest.fixture(scope="module")
def subject(demo_present):
    """Return the demo's learner, what encodes a table, and two held-out lines: features and labels."""
    from metabam.app import cache
    from metabam.score import Predictor

    model = models.load(cache.open_run("demo"))
    reader = Predictor(model.encoder, model.learner, None, model.enhancer_window, model.promoter_window)
    lines = []
    for name in ("queries_unseen01.tsv", "queries_unseen04.tsv"):
        read = read_queries((ASSETS / "examples" / name).read_bytes(), name).table
        lines.append((reader.features(read)[0], read.label))
    return model.learner, lambda table: reader.features(table)[0], lines


def shuffled(lines, count: int):
    for number in range(count):
        features, labels = lines[number % len(lines)]
        rng = np.random.default_rng(number)
        rows = models.balanced_rows(labels, 16, rng)
        yield SupportSet(features[rows], rng.permutation(labels[rows]).astype(np.int8))


def test_of_a_hundred_shuffled_supports_at_most_ten_escape(subject):
    learner, _, lines = subject
    escaped = sum(
        informed_by_labels(learner, support, permutations=39, seed=number).informed
        for number, support in enumerate(shuffled(lines, 100))
    )
    assert escaped <= 10


@pytest.mark.parametrize(("name", "informed"), [("unseen01", True), ("unseen03", True), ("unseen01_shuffled", False)])
def test_labels_that_teach_are_told_from_shuffled_ones(subject, name, informed):
    learner, encoded, _ = subject
    given = read_support((ASSETS / "examples" / f"support_{name}.tsv").read_bytes(), name).table
    found = informed_by_labels(learner, SupportSet(encoded(given), given.label), permutations=99)
    assert found.informed is informed
    assert found.kl.sum() > 0.1, "the belief moved either way: only the shuffles tell"


def test_shuffled_example_is_not_informed(app):
    at = app(LIVE, by_menu=True)
    at.selectbox(key="example_support").set_value("support_unseen01_shuffled.tsv").run()
    at.button(key="use_example").click().run()
    at = press_adapt(at)
    assert not at.exception
    assert "NOT informed by your labels" in at.error[0].value
    assert at.session_state["adaptation"].verdict.informed is False
    assert len(at.session_state["adaptation"].verdict.null) == 200


def test_a_support_pair_in_the_query_withholds_the_score(app):
    rows = table(PLAIN[0])
    queries = table(f"queries_{PLAIN[0].removeprefix('support_')}")[:40]
    place = {name: queries[0].index(name) for name in queries[0]}
    told = [rows[3][rows[0].index(name)] if name in rows[0] else "" for name in queries[0]]
    at = app(LIVE, by_menu=True)
    at.segmented_control(key="method_queries").set_value("upload").run()
    at.file_uploader[0].upload("q.tsv", as_bytes([*queries, told]), "text/plain")
    at = press_adapt(at.run())
    assert not at.exception
    assert at.session_state["adaptation"].shared == 1
    score = next(item for item in at.metric if item.label == "AUPRC")
    assert score.value == "–"
    assert "1 shared" in str(score.delta)
    assert place["enhancer_start"] >= 0


def test_influence_is_leaving_one_out_and_a_click_adapts_without_it(app):
    at = opened(press_adapt(app(LIVE, by_menu=True)), LABELS)
    assert not at.exception
    assert len(at.get("plotly_chart")) == 2
    first = at.session_state["adaptation"]
    at.session_state["chart_influence"] = {"selection": {"points": [{"id": "row4"}], "box": [], "lasso": []}}
    at.run()
    assert "Pair 5: " in words(at)
    at.button(key="without_row").click().run()
    assert not at.exception
    second = at.session_state["adaptation"]
    assert len(second.labels) == 15
    assert second.names == (*first.names[:4], *first.names[5:])
    wanted = np.delete(first.given.features, 4, axis=0)
    assert np.array_equal(second.given.features, wanted)
    at.button(key="undo_row").click().run()
    third = at.session_state["adaptation"]
    assert third.fingerprint.mean.tobytes() == first.fingerprint.mean.tobytes()


def test_what_if_answers_and_changes_nothing(app):
    at = opened(press_adapt(app(LIVE, by_menu=True)), WHAT_IF)
    done = at.session_state["adaptation"]
    at.multiselect(key="what_if_flip").set_value([2])
    at.multiselect(key="what_if_drop").set_value([7])
    at.selectbox(key="what_if_atom").set_value(3)
    at.slider(key="what_if_gate").set_value(-0.5)
    next(button for button in at.button if button.label == "Ask").click()
    at.run()
    assert not at.exception
    asked = at.session_state["what_if"]
    assert (asked.flip, asked.drop, asked.gates) == ((2,), (7,), {3: -0.5})
    assert asked.record.after.spectrum[3] == pytest.approx(-0.5)
    assert asked.record.before.mean.tobytes() == done.fingerprint.mean.tobytes()
    assert len(asked.record.probability_after) == int(done.queries.usable.sum())
    assert at.session_state["adaptation"] is done
    assert len(at.get("plotly_chart")) == 2


def test_refinement_is_off_unless_asked_for(app):
    plain = press_adapt(app(LIVE, by_menu=True)).session_state["adaptation"]
    assert plain.path is None
    at = app(LIVE, by_menu=True)
    at.toggle(key="refine_on").set_value(True)
    at.number_input(key="refine_steps").set_value(7)
    at = opened(press_adapt(at), LABELS)
    assert not at.exception
    done = at.session_state["adaptation"]
    assert done.path.objective.shape[0] == 8
    assert done.path.objective[-1, 0] >= done.path.objective[0, 0]
    assert done.fingerprint.mean.tobytes() != plain.fingerprint.mean.tobytes()
    assert len(at.get("plotly_chart")) == 3


def test_a_session_file_repeats_its_result_bit_for_bit(app):
    from metabam.app.adaptation_exports import session_json

    at = app(LIVE, by_menu=True)
    at.toggle(key="refine_on").set_value(True)
    at = press_adapt(at)
    done = at.session_state["adaptation"]
    text = session_json(done, at.session_state["support_state"], {}, True)
    other = app(LIVE, by_menu=True)
    other = upload(other, "mine.tsv", as_bytes(table(PLAIN[1])))
    other.toggle(key="repeat_session").set_value(True).run()
    other.file_uploader[-1].upload("session.json", text.encode(), "application/json")
    other.run()
    assert not other.exception
    assert "session.json: repeated, bit for bit" in words(other).replace("\\", "")
    again = other.session_state["adaptation"]
    assert again.fingerprint.mean.tobytes() == done.fingerprint.mean.tobytes()
    assert again.fingerprint.evidence_cov.tobytes() == done.fingerprint.evidence_cov.tobytes()
    assert other.session_state["support_state"].data == at.session_state["support_state"].data


def test_a_session_file_that_is_none_is_said(app):
    from metabam.app.adaptation_exports import session_json

    at = press_adapt(app(LIVE, by_menu=True))
    text = session_json(at.session_state["adaptation"], at.session_state["support_state"], {}, True)
    at.toggle(key="repeat_session").set_value(True).run()
    wanted = {"png": "bad.json", "run": "other weights", "touched": "no session file", "fingerprint": "NOT repeated"}
    for number, (fault, said) in enumerate(wanted.items()):
        values = json.loads(text)
        if fault == "run":
            values["weights_sha256"] = "0" * 64
        if fault == "touched":
            values["support"]["sha256"] = "0" * 64
        if fault == "fingerprint":
            values["fingerprint"]["mean"][0] += 0.25
        data = b"\x89PNG\r\n\x1a\n" if fault == "png" else json.dumps(values).encode() + b" " * number
        at.file_uploader[-1].set_value(("bad.json", data, "application/json"))
        at.run()
        assert not at.exception
        assert said in "\n".join(item.value for item in at.error).replace("\\", ""), fault
