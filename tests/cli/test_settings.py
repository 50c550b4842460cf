"""``--set KEY=VALUE``: any setting, typed by the settings themselves, refused with the nearest name."""

import pytest

from metabam.cli import main
from metabam.cli.learn import run_config, setting
from metabam.cli.parser import parse

TRAIN = ("train", "--genome", "g.fa", "--pairs", "p.tsv", "--holdout", "K562", "--out", "run")


def configured(*words):
    return run_config(parse([*TRAIN, *(part for word in words for part in ("--set", word))]))


def test_values_are_typed_and_land_where_they_belong():
    found = configured(
        "model.mix=attention", "train.lr=1e-3", "model.fourier=true", "train.shots=[0,16]",
        "encoder.track.periods=[10.5, 21]", "encoder.discovery.max_motifs=7", "seed=3",
    )  # fmt: skip
    assert (found.model.mix, found.train.lr, found.model.fourier) == ("attention", 1e-3, True)
    assert (found.train.shots, found.encoder.track.periods, found.seed) == ((0, 16), (10.5, 21.0), 3)
    assert found.encoder.discovery.max_motifs == 7
    assert configured() == run_config(parse(TRAIN))


def test_text_is_text_and_numbers_are_numbers():
    assert setting("a.b=08") == (("a", "b"), "08")
    assert setting("a=NaN") == (("a",), "NaN")
    assert setting("a=no") == (("a",), "no")
    assert setting("a=x=1") == (("a",), "x=1")
    assert setting("a=-2") == (("a",), -2)


@pytest.mark.parametrize(
    ("word", "code", "hint"),
    [
        ("train.learing_rate=0.1", "unknown-key", "train.learing_rate: unknown key"),
        ("train.batch_task=3", "unknown-key", "nearest: 'batch_tasks'"),
        ("modle.mix=mlp", "unknown-key", "nearest: 'model'"),
        ("encoder.track.period=[1]", "unknown-key", "nearest: 'periods'"),
        ("seed.x=1", "unknown-key", "seed has no parts"),
        ("model.mix=attenton", "bad-setting", "'attention'"),
        ("train.lr='1e-3'", "bad-setting", "train.lr"),
        ("train.lr=-1", "bad-setting", "greater than 0"),
        ("train.beta=NaN", "bad-setting", "train.beta"),
        ("train.leave_one_line_out=no", "bad-setting", "train.leave_one_line_out"),
        ("model.n_atoms=08", "bad-setting", "model.n_atoms"),
        ("model.n_atoms=0", "bad-setting", "greater than or equal to 1"),
        ("model.n_steps=0", "bad-setting", "model.n_steps"),
        ("model=3", "bad-setting", "group of settings"),
        ("preset=full", "has-a-flag", "--preset"),
        ("holdout=[]", "has-a-flag", "--holdout"),
        ("model.mix", "usage", "KEY=VALUE"),
        ("=3", "usage", "KEY=VALUE"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(word, code, hint, capsys):
    assert main((*TRAIN, "--set", word)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"[{code}]" in said
    assert hint in said


def test_a_setting_is_set_once(capsys):
    assert main((*TRAIN, "--set", "seed=1", "--set", "seed=2")) == 2
    assert "[set-twice]" in capsys.readouterr().err
    assert main((*TRAIN, "--steps", "5", "--set", "train.steps=6")) == 2
    assert "train.steps is set twice" in capsys.readouterr().err
