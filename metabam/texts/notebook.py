"""Strings of the notebook panels."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "notebook.failed": (
        "This could not be drawn ({kind}); the last good view stays.",
        "无法绘制（{kind}）；保留上一个有效视图。",
    ),
    "notebook.versions": ("Blank figures? Compare versions: {found}.", "图为空白？请核对版本：{found}。"),
    "notebook.control.line": ("Cell line", "细胞系"),
    "notebook.control.shots": ("Pairs", "元件对数"),
    "notebook.control.shuffled": ("Shuffled labels", "打乱标签"),
    "notebook.control.atom": ("Atom", "原子"),
    "notebook.control.factor": ("Gate times", "门控乘以"),
    "notebook.control.pair": ("Pair (by rank)", "元件对（按名次）"),
    "notebook.control.target": ("Explain", "解释"),
    "notebook.control.method": ("Method", "方法"),
    "notebook.control.baseline": ("Against", "基线"),
    "notebook.control.replacement": ("Replace by", "替换为"),
    "notebook.control.step": ("Step (0: all)", "步（0：全部）"),
    "notebook.control.pairs": ("Pairs per line", "每系元件对数"),
    "notebook.control.metric": ("Metric", "指标"),
    "notebook.control.a": ("Fingerprint of", "指纹来自"),
    "notebook.control.b": ("Sequences of", "序列来自"),
    "notebook.control.seed": ("Seed", "随机种子"),
    "notebook.control.view": ("Map", "图"),
    "notebook.control.colour": ("Colour", "颜色"),
    "notebook.control.size": ("Batch size", "批次大小"),
    "notebook.control.adapted": ("After 16 pairs", "已有 16 对之后"),
    "notebook.control.phase": ("Phase", "阶段"),
    "notebook.control.axis": ("x axis", "横轴"),
    "notebook.control.smooth": ("Smoothing", "平滑"),
    "notebook.control.log": ("Log y", "对数纵轴"),
    "notebook.target.logit": ("the prediction (logit)", "预测（logit）"),
    "notebook.target.potential": ("the match with the atom, p_k", "与原子的匹配 p_k"),
    "notebook.target.state": ("the atom's final state, h_k", "原子的最终状态 h_k"),
    "notebook.method.integrated_gradients": ("integrated gradients", "积分梯度"),
    "notebook.method.feature_ablation": ("10 bp left out in turn", "依次去除 10 bp"),
    "notebook.baseline.shuffle": ("10 dinucleotide shuffles", "10 次二核苷酸打乱"),
    "notebook.baseline.uniform": ("every base equally likely", "各碱基等概率"),
    "notebook.baseline.zeros": ("no base at all", "无碱基"),
    "notebook.replacement.mean": ("its mean over lines", "各细胞系的均值"),
    "notebook.replacement.resample": ("another line's", "另一细胞系的值"),
    "notebook.replacement.zero": ("nothing (strict)", "零（严格）"),
    "notebook.metric.logit": ("logit", "logit"),
    "notebook.metric.probability": ("probability", "概率"),
    "notebook.metric.auprc": ("AUPRC", "AUPRC"),
    "notebook.view.pca": ("PCA", "PCA"),
    "notebook.view.umap": ("UMAP (stored)", "UMAP（已存）"),
    "notebook.view.raw": ("first two dimensions of z", "z 的前两维"),
    "notebook.colour.line": ("cell line", "细胞系"),
    "notebook.colour.sigma": ("mean sigma", "平均 sigma"),
    "notebook.colour.positives": ("positives in the support", "支持集中的阳性数"),
    "notebook.colour.auroc": ("AUROC", "AUROC"),
    "notebook.group.top": ("top", "最高"),
    "notebook.group.bottom": ("bottom", "最低"),
    "notebook.judged": (
        "{n} queries: AUROC {auroc:.3f}, AUPRC {auprc:.3f} over a base rate of {prevalence:.3f}.",
        "{n} 个查询：AUROC {auroc:.3f}，AUPRC {auprc:.3f}（基线比例 {prevalence:.3f}）。",
    ),
    "notebook.atom": (
        "Atom {atom}: rank {rank} of {total} by use; {density:.0%} of pairs above its threshold; removing it changes the "
        "logit by {effect:+.2f} [{low:+.2f}, {high:+.2f}] on {n} pairs, p = {p:.3f} against random directions.",
        "原子 {atom}：使用排名 {rank}/{total}；{density:.0%} 的元件对高于其阈值；去除它使 {n} 个元件对的 logit 改变 "
        "{effect:+.2f} [{low:+.2f}, {high:+.2f}]，相对随机方向 p = {p:.3f}。",
    ),
    "notebook.atom.planted": (
        "It follows the planted mechanism {name} (r = {r:+.2f}).",
        "它对应植入机制 {name}（r = {r:+.2f}）。",
    ),
    "notebook.lens": (
        "{pair}: attributions sum to {total:+.2f}, f(x) - f(baseline) is {gap:+.2f}, residual {residual:.1%} (above 5 % do "
        "not trust the bars); enhancer share {share:.0%}; rank correlation with mutagenesis {agreement:+.2f}.",
        "{pair}：归因之和 {total:+.2f}，f(x) - f(基线) 为 {gap:+.2f}，残差 {residual:.1%}（高于 5 % 时不可信）；"
        "增强子占比 {share:.0%}；与突变分析的秩相关 {agreement:+.2f}。",
    ),
    "notebook.ablation": (
        "{n} pairs: their labels need {needed} of {total} atoms (less likely without them), and {outside} move answers more "
        "than 95 % of {random} random directions do, {band:.3f}.",
        "{n} 个元件对：其标签需要 {total} 个原子中的 {needed} 个（移除后标签的似然更低）；{outside} 个对结果的改变超过 {random} "
        "个随机方向中的 95 %（{band:.3f}）。",
    ),
    "notebook.drift": (
        "{n} pairs (of {total}) that both lines label and no support touches; {reversed} of them change their label.",
        "两系均有标签且与支持集无关的元件对 {n} 个（共 {total}）；其中 {reversed} 个标签不同。",
    ),
    "notebook.manifold": (
        "{n} supports of {lines} lines; trustworthiness {trust:.2f}, neighbours kept {overlap:.0%}. {inside} of {total} new "
        "lines lie inside the training hull: so few lines make a tiny one.",
        "{lines} 个细胞系的 {n} 个支持集；可信度 {trust:.2f}，近邻保留 {overlap:.0%}。{total} 个新细胞系中有 {inside} 个位于训练凸包内：细胞系很少，凸包很小。",
    ),
    "notebook.design": (
        "{size} of {n} pairs are expected to teach {gain:.2f} nats, random ones {random:.2f}; {positives:.1f} positives "
        "expected; all of one class with probability {one_class:.1%}.",
        "{n} 对中选 {size} 对，预期获得 {gain:.2f} nat，随机选择为 {random:.2f}；预期阳性 {positives:.1f} 个；全为一类的概率 {one_class:.1%}。",
    ),
    "notebook.design.saturated": (
        "This is close to what so many draws can measure: raise their number.",
        "已接近抽样数所能测量的上限：请增加抽样数。",
    ),
    "notebook.training": (
        "{shown} of {total} quantities drawn, up to step {step:,}; {minutes:.1f} minutes into the run.",
        "绘出 {total} 个量中的 {shown} 个，至第 {step:,} 步；运行 {minutes:.1f} 分钟。",
    ),
}
