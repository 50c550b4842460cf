"""Names of features and findings in the reader's language."""

import pytest

from metabam.app.wording import feature_name, notice
from metabam.records import FeatureInfo, Problem, Severity

FEATURES = tuple(
    FeatureInfo(name, "any")
    for name in (
        "motif14 in the enhancer",
        "motif01(+) 5 bp motif02(-) in the enhancer x motif07 in the promoter",
        "GC share in the promoter",
        "period 10.5 bp in the enhancer",
        "learned feature 3",
        "my own track",
    )
)


@pytest.mark.parametrize(
    ("place", "english", "chinese", "short"),
    [
        (0, "motif14 in the enhancer", "增强子中的 motif14", "motif14 (E)"),
        (
            1,
            "motif01(+) 5 bp motif02(-) in the enhancer × motif07 in the promoter",
            "增强子中的 motif01(+) 5 bp motif02(-) × 启动子中的 motif07",
            "motif01(+) 5 bp motif02(-) (E) × motif07 (P)",
        ),
        (2, "GC share in the promoter", "启动子中的 GC 含量", "GC 含量 (P)"),
        (3, "period 10.5 bp in the enhancer", "增强子中的 10.5 bp 周期", "10.5 bp 周期 (E)"),
        (4, "learned feature 3", "学得特征 3", "学得特征 3"),
        (5, "my own track", "my own track", "my own track"),
        (6, "feature 7", "特征 7", "特征 7"),
    ],
)
def test_a_feature_is_named_in_both_languages(place, english, chinese, short):
    assert feature_name(FEATURES, place, "en") == english
    assert feature_name(FEATURES, place, "zh") == chinese
    assert feature_name(FEATURES, place, "zh", short=True) == short


def test_a_finding_is_said_in_both_languages_with_its_numbers():
    message = "11 of 16 pairs were seen in training, in other cell lines."
    problem = Problem("seen-in-training", Severity.WARNING, message, "Pairs on held-out chromosomes are safer.")
    assert notice(problem, "en") == (message, problem.remedy)
    assert notice(problem, "zh") == (
        "16 个元件对中有 11 个在训练时见过（在其他细胞系中）。",
        "留出染色体上的元件对更稳妥。",
    )


def test_the_nats_of_inverted_labels_are_those_of_the_message():
    message = "11 of 16 labels are 1; flipped, the labels are likelier by 2.35 nats under the model's prior."
    said, remedy = notice(Problem("labels-inverted", Severity.WARNING, message, "x", None, "label"), "zh")
    assert said == "16 个标签中有 11 个为 1；按模型的先验，翻转后的标签更可能，高出 2.35 nat。"
    assert remedy.endswith("？")


def test_a_finding_without_a_text_stays_as_it_is():
    problem = Problem("never-heard-of", Severity.WARNING, "3 things", "Do it.")
    assert notice(problem, "zh") == ("3 things", "Do it.")
    short = Problem("seen-in-training", Severity.WARNING, "no numbers here", "")
    assert notice(short, "zh") == ("no numbers here", "")
