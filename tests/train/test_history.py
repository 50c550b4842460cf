"""The history of a run as read: torn, glued, odd, repeated and huge logs (ids of the reliability rules)."""

import json
import zlib

from metabam.files import append_record
from metabam.train.folder import RunFolder
from metabam.train.history import HistoryReader
from metabam.train.run import RunStore
from tests.train.test_run import make_run


def test_r07_r08_torn_and_glued_lines(tmp_path):
    folder = make_run(tmp_path)
    log = folder / "history.jsonl"
    with log.open("ab") as out:
        out.write(b'{"crc":"00000000","seq":7,"st')
    run = RunStore(tmp_path).open("r1")
    assert (len(run.history()), run.history().bad_lines, run.history().torn_tail) == (7, 0, True)
    append_record(log, {"kind": "step", "step": 9, "phase": "meta-train"}, 9)  # glued on
    assert (len(run.history()), run.history().bad_lines) == (7, 1)
    append_record(log, {"kind": "step", "step": 10, "phase": "meta-train"}, 10)
    assert (len(run.history()), run.history().bad_lines) == (8, 1)


def line(**values):
    rest = json.dumps(values)[1:].encode()
    return b'{"crc":"%08x",' % zlib.crc32(rest) + rest + b"\n"


def test_r09_r11_r13_r18_r24_odd_records(tmp_path):
    folder = make_run(tmp_path, steps=2)
    odd = [
        line(seq=7, kind="step", step=3, phase="meta-train", terms={"total": float("nan")}, future=[1, {"x": 2}]),
        line(seq=8, kind="step", step=4, phase="meta-train", terms={"total": "text", "kl": 2}, metrics=[1]),
        line(seq=9, kind="comet", step=5, phase="meta-train"),
        line(seq=10, kind="step", step="six", phase="meta-train"),
        line(seq=11, kind="step", step=7, phase="meta-train", metrics={"<b>../😀": 1.5, "list": [1, 2.5]}),
        b"\xff\xfe\n",
        b'{"crc":"x' + b"y" * 10_000_000 + b"\n",
    ]
    with (folder / "history.jsonl").open("ab") as out:
        out.write(b"".join(odd))
    history = RunStore(tmp_path).open("r1").history()
    assert [record.step for record in history] == [1, 2, 3, 4, 7]
    assert history.bad_lines == 3
    assert history.gaps == ((3, "total"),)
    assert dict(history.records[3].terms) == {"kl": 2.0}
    assert dict(history.records[4].metrics) == {"<b>../😀": 1.5, "list": [1.0, 2.5]}


def test_r10_after_a_resume_the_last_record_of_a_step_counts(tmp_path):
    folder = make_run(tmp_path, steps=5)
    log = RunFolder(folder)
    log.mark("resume", "meta-train", 3)
    for step in (4, 5, 6):
        log.record(step, "meta-train", {"total": 70.0 + step})
    history = RunStore(tmp_path).open("r1").history()
    assert history.series("total")[1].tolist() == [1.0, 1 / 2, 1 / 3, 74.0, 75.0, 76.0]
    assert history.resumed_at == (3,)
    seconds = [record.seconds for record in history]
    assert seconds == sorted(seconds)


def test_steps_of_left_out_lines_are_kept_apart(tmp_path):
    log = RunFolder(tmp_path)
    for fold in (0, 1):
        for step in (0, 100):
            log.record(step, "select-steps", metrics={"fold": float(fold), "score": fold + step / 1000})
    log.record(0, "meta-train")
    history = HistoryReader(tmp_path / "history.jsonl").look()
    assert history.series("score", "select-steps")[1].tolist() == [0.0, 0.1, 1.0, 1.1]


def test_r12_a_huge_log_costs_little(tmp_path):
    folder = make_run(tmp_path, steps=1)
    pattern = b"".join(
        line(seq=seq, kind="step", step=seq, phase="meta-train", terms={"total": 1.0, "pad": 0.123456789})
        for seq in range(1, 3001)
    )
    with (folder / "history.jsonl").open("ab") as out:
        for _ in range(300):
            out.write(pattern)
        out.write(line(seq=9999, kind="step", step=9999, phase="meta-train"))
    reader = HistoryReader(folder / "history.jsonl")
    history = reader.look()
    assert history.records[-1].step == 9999
    assert history.bad_lines == 0
    assert reader.look() == history
