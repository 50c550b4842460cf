"""Strings of the figures of the Evaluation page."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "fig.evaluation.control.none": ("{learner}: no support", "{learner}：无支持集"),
    "fig.evaluation.control.permuted": ("{learner}: permuted labels", "{learner}：标签置换"),
    "fig.evaluation.control.wrong_line": ("{learner}: another line's support", "{learner}：其他细胞系的支持集"),
    "fig.evaluation.control.flipped": ("{learner}: flipped labels", "{learner}：标签翻转"),
    "fig.evaluation.lines.title": ("{metric} on lines never seen", "未见过细胞系上的 {metric}"),
    "fig.evaluation.lines.alt": (
        "{learner} on {n} held-out lines: mean {mean:.3f}, base rate {base:.3f}.",
        "{learner} 在 {n} 个留出细胞系上：均值 {mean:.3f}，基准率 {base:.3f}。",
    ),
    "fig.evaluation.lines.note": (
        "{shots} labelled pairs, {lines} lines; bars: 95 % over supports",
        "{shots} 个有标签元件对，{lines} 个细胞系；误差条：支持集间 95 %",
    ),
    "fig.evaluation.shots.title": ("{metric} by number of labelled pairs", "{metric} 与有标签元件对数"),
    "fig.evaluation.shots.alt": (
        "From {first:.3f} without labels to {last:.3f} with {shots} labelled pairs.",
        "从无标签的 {first:.3f} 到 {shots} 个有标签元件对的 {last:.3f}。",
    ),
    "fig.evaluation.shots.note": (
        "mean over lines; bars: 95 % for unseen lines",
        "各细胞系均值；误差条：针对未见细胞系的 95 %",
    ),
    "fig.evaluation.honesty.title": ("Against what needs no model", "与无需模型的方法比较"),
    "fig.evaluation.honesty.alt": (
        "{lost} of {n} baselines are not shown to be beaten; the smallest lower bound is {least:+.3f}.",
        "{n} 个基线中有 {lost} 个未能证明胜过；最小下限为 {least:+.3f}。",
    ),
    "fig.evaluation.honesty.note": (
        "{pairs:,} pairs, {genes:,} genes, {dropped} pairs left out because one could not score them",
        "{pairs:,} 个元件对，{genes:,} 个基因，{dropped} 对因无法评分而排除",
    ),
    "fig.evaluation.honesty.axis": ("AUPRC difference, model minus baseline", "AUPRC 差，模型减基线"),
    "fig.evaluation.honesty.lost": ("not shown to beat", "未能证明胜过"),
    "fig.evaluation.honesty.beaten": ("beaten", "已胜过"),
    "fig.evaluation.slices.alt": (
        "Weakest slice: {name}, AUPRC {value:.3f} at base rate {base:.3f}.",
        "最弱的切片：{name}，AUPRC {value:.3f}，基准率 {base:.3f}。",
    ),
    "fig.evaluation.slices.note": (
        "16 labelled pairs; bars: 95 % over genes",
        "16 个有标签元件对；误差条：按基因 95 %",
    ),
    "fig.evaluation.rank.title": ("True gene among its enhancer's candidates", "真基因在其增强子候选中的名次"),
    "fig.evaluation.rank.name": ("false candidates outranked", "胜过的假候选"),
    "fig.evaluation.rank.hover": (
        "true one first: {first:.2f}, chance {chance:.2f}",
        "真者居首：{first:.2f}，随机 {chance:.2f}",
    ),
    "fig.evaluation.rank.alt": (
        "A true gene outranks {value:.2f} of the false candidates of its enhancer ({n} enhancers); chance is 0.5.",
        "真基因胜过其增强子 {value:.2f} 的假候选（{n} 个增强子）；随机为 0.5。",
    ),
    "fig.evaluation.rank.note": (
        "{n} enhancers, {candidates} candidates; a guess puts a true one first in {chance:.2f}",
        "{n} 个增强子，{candidates} 个候选；随机时真者居首的比例为 {chance:.2f}",
    ),
    "fig.evaluation.rank.axis": ("share of false candidates below a true one", "排在真者之下的假候选比例"),
    "fig.cutoff.pr.title": ("Precision and recall", "精确率与召回率"),
    "fig.cutoff.pr.name": ("precision", "精确率"),
    "fig.cutoff.pr.x": ("recall: share of contacts found", "召回率：找到的接触比例"),
    "fig.cutoff.pr.y": ("precision: share of calls that are right", "精确率：判定中正确的比例"),
    "fig.cutoff.pr.note": (
        "AUPRC {area:.3f}, base rate {base:.3f}, n = {n:,}",
        "AUPRC {area:.3f}，基准率 {base:.3f}，n = {n:,}",
    ),
    "fig.cutoff.pr.alt": (
        "AUPRC {area:.3f} at base rate {base:.3f}; at P ≥ {cutoff:.3f} recall {x:.2f}, precision {y:.2f}.",
        "AUPRC {area:.3f}，基准率 {base:.3f}；P ≥ {cutoff:.3f} 时召回率 {x:.2f}，精确率 {y:.2f}。",
    ),
    "fig.cutoff.roc.title": ("ROC", "ROC"),
    "fig.cutoff.roc.name": ("true positive rate", "真阳性率"),
    "fig.cutoff.roc.x": ("false positive rate", "假阳性率"),
    "fig.cutoff.roc.y": ("true positive rate", "真阳性率"),
    "fig.cutoff.roc.note": (
        "AUROC {area:.3f}, base rate {base:.3f}, n = {n:,}",
        "AUROC {area:.3f}，基准率 {base:.3f}，n = {n:,}",
    ),
    "fig.cutoff.roc.alt": (
        "AUROC {area:.3f} at base rate {base:.3f}; at P ≥ {cutoff:.3f} false positive rate {x:.2f}, true positive rate {y:.2f}.",
        "AUROC {area:.3f}，基准率 {base:.3f}；P ≥ {cutoff:.3f} 时假阳性率 {x:.2f}，真阳性率 {y:.2f}。",
    ),
    "fig.cutoff.hover": (
        "P ≥ %{{customdata:.3f}}<br>%{{x:.3f}} · %{{y:.3f}}",
        "P ≥ %{{customdata:.3f}}<br>%{{x:.3f}} · %{{y:.3f}}",
    ),
    "fig.cutoff.chosen": ("P ≥ {cutoff:.3f}", "P ≥ {cutoff:.3f}"),
}
