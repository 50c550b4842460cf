"""Strings of the Evaluation page."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "evaluation.title": ("Evaluation", "评估"),
    "evaluation.question": (
        "How good is it on a cell line it never saw, and does it beat what needs no model?",
        "在从未见过的细胞系上它有多好？能胜过无需模型的方法吗？",
    ),
    "evaluation.none": ("This run has not been compared with anything yet.", "本次运行尚未与任何方法比较。"),
    "evaluation.none_do": (
        "One command runs every learner and baseline on the same pairs of held-out lines; its folder belongs inside the run:",
        "用一条命令在留出细胞系的相同元件对上运行所有学习器和基线；结果目录放在运行目录内：",
    ),
    "evaluation.unreadable_do": ("Then run it again into an empty folder:", "然后在空目录中重新运行："),
    "evaluation.withheld": (
        "Score withheld: {reason}. A score computed on pairs that the model has already seen says nothing.",
        "不显示分数：{reason}。在模型已见过的元件对上计算的分数没有意义。",
    ),
    "evaluation.withheld.line": (
        "the held-out line {line} is among the lines that were trained on",
        "留出细胞系 {line} 在训练细胞系之中",
    ),
    "evaluation.withheld.pair": (
        "{shared} of the judged pairs of {line} are in their own support",
        "{line} 有 {shared} 个被评估的元件对在其自身的支持集中",
    ),
    "evaluation.withheld_do": (
        "Train with this line held out, or draw supports and queries apart, then run the benchmark again.",
        "请在留出该细胞系的情况下训练，或分开抽取支持集与查询，然后重新运行基准测试。",
    ),
    "evaluation.not_own": (
        "This benchmark trained every learner anew; it does not judge the weights of this run.",
        "此基准测试重新训练了每个学习器；并不评估本次运行的权重。",
    ),
    "evaluation.learners": ("Judged learner", "被评估的学习器"),
    "evaluation.beside": ("Beside it", "并列显示"),
    "evaluation.learners_help": (
        "The honesty panel, the cutoff and the calibration are about this one.",
        "诚实性面板、阈值和校准针对此学习器。",
    ),
    "evaluation.lines": ("Held-out lines", "留出细胞系"),
    "evaluation.lines_all": ("all lines", "全部细胞系"),
    "evaluation.lines_help": ("None chosen means all.", "不选表示全部。"),
    "evaluation.shots": ("Labelled pairs (shots)", "有标签元件对数"),
    "evaluation.metric": ("Metric", "指标"),
    "evaluation.metric.auprc": ("AUPRC", "AUPRC"),
    "evaluation.metric.auroc": ("AUROC", "AUROC"),
    "evaluation.metric.brier": ("Brier score (0 is best)", "Brier 分数（0 最好）"),
    "evaluation.metric.log_loss": ("log loss, nats (0 is best)", "对数损失，nat（0 最好）"),
    "evaluation.metric.reversal_auroc": ("AUROC on reversal pairs", "反转对上的 AUROC"),
    "evaluation.kpi.of_base": ("base rate {base:.3f} · ×{ratio:.2f}", "基准率 {base:.3f} · ×{ratio:.2f}"),
    "evaluation.kpi.interval": ("95 % {low:.3f} to {high:.3f}", "95 %：{low:.3f} 至 {high:.3f}"),
    "evaluation.kpi.gain": ("Gain over no labels", "相对无标签的增益"),
    "evaluation.kpi.gain_help": (
        "AUPRC with the labelled pairs minus AUPRC without any, on the very same queries.",
        "有标签元件对时的 AUPRC 减去没有时的，查询完全相同。",
    ),
    "evaluation.kpi.ece": ("Calibration error", "校准误差"),
    "evaluation.kpi.ece_help": (
        "ECE: mean gap between probability and share of positives, pooled over the supports of a line.",
        "ECE：概率与阳性比例的平均差距，合并同一细胞系的各支持集。",
    ),
    "evaluation.kpi.brier": ("Brier score", "Brier 分数"),
    "evaluation.kpi.gap": ("Generalisation gap", "泛化差距"),
    "evaluation.kpi.gap_help": (
        "AUROC on training lines minus AUROC on lines never seen, both at 16 pairs.",
        "训练细胞系的 AUROC 减去未见过细胞系的 AUROC，均为 16 个元件对。",
    ),
    "evaluation.kpi.efficiency": ("Per labelled pair", "每个标签的收益"),
    "evaluation.kpi.efficiency_help": (
        "Adaptation efficiency: AUPRC gained per labelled pair at this number of shots. Compare at equal shots only.",
        "适应效率：在此样本数下每个有标签元件对带来的 AUPRC。仅可在相同样本数下比较。",
    ),
    "evaluation.kpi.dci": ("Disentanglement (DCI)", "解缠度（DCI）"),
    "evaluation.kpi.dci_help": (
        "How far single context dimensions stand for single planted factors, 0 to 1. A dash: this benchmark did not "
        "measure it.",
        "语境的单个维度在多大程度上对应单个设定因子，0 到 1。短横：此基准测试未测量。",
    ),
    "evaluation.kpi.note": (
        "Means over {lines} held-out lines and {n} supports; intervals are for lines not judged here. F1 is not shown: "
        "at one positive per negative, calling everything positive already gives 0.667.",
        "为 {lines} 个留出细胞系、{n} 个支持集的均值；区间针对此处未评估的细胞系。不显示 F1：在 1:1 时全判为阳性即可得 0.667。",
    ),
    "evaluation.honesty.head": ("Honesty panel", "诚实性面板"),
    "evaluation.honesty.lead": (
        "Six answers that need no model, on the very same pairs. A difference counts only when its lower bound is above 0.",
        "六种无需模型的答案，元件对完全相同。仅当差值下限大于 0 时才算数。",
    ),
    "evaluation.honesty.flag": ("NOT shown to beat {baseline}", "未能证明胜过{baseline}"),
    "evaluation.honesty.all": (
        "Shown to beat all six baselines on these pairs. That is about these lines; it does not show that the model is right.",
        "在这些元件对上胜过全部六个基线。这只涉及这些细胞系，并不证明模型正确。",
    ),
    "evaluation.honesty.unknown": (
        "Not audited: this benchmark has no paired comparison of {learner} with a baseline at 16 pairs.",
        "未审核：此基准测试没有 {learner} 与基线在 16 个元件对下的配对比较。",
    ),
    "evaluation.honesty.column.baseline": ("baseline", "基线"),
    "evaluation.honesty.column.knows": ("what it knows", "它知道什么"),
    "evaluation.honesty.column.needs": ("what it needs", "它需要什么"),
    "evaluation.honesty.column.difference": ("AUPRC gap", "AUPRC 差"),
    "evaluation.honesty.column.low": ("lower 95 %", "95 % 下限"),
    "evaluation.honesty.column.high": ("upper 95 %", "95 % 上限"),
    "evaluation.honesty.column.verdict": ("verdict", "结论"),
    "evaluation.honesty.beaten_row": ("beaten", "已胜过"),
    "evaluation.honesty.lost_row": ("NOT shown to beat", "未能证明胜过"),
    "evaluation.honesty.missing_row": ("did not run: {command}", "未运行：{command}"),
    "evaluation.honesty.table_alt": (
        "{learner} against six baselines: {lost} not shown to be beaten, {missing} did not run.",
        "{learner} 与六个基线：{lost} 个未能证明胜过，{missing} 个未运行。",
    ),
    "evaluation.honesty.not_audited": (
        "not audited (not yet compared with answers that read no DNA)",
        "未审核（尚未与不读 DNA 的答案比较）",
    ),
    "evaluation.honesty.withheld": (
        "not audited (score withheld: judged pairs were known in training or support)",
        "未审核（不显示分数：被评估元件对在训练或支持集中已知）",
    ),
    "evaluation.honesty.not_beaten": ("NOT shown to beat {missed}", "未能证明胜过{missed}"),
    "evaluation.honesty.partial": (
        "beats the baselines that ran; not run: {missing}",
        "胜过已运行的基线；未运行：{missing}",
    ),
    "evaluation.honesty.beaten": ("shown to beat all six baselines", "胜过全部六个基线"),
    "evaluation.honesty_help": (
        "Whether the paired AUPRC difference to answers that need no model is above 0 (2,000 bootstraps by gene). "
        "See Evaluation.",
        "与无需模型的答案相比，配对 AUPRC 差是否大于 0（按基因 2,000 次自助抽样）。见“评估”页。",
    ),
    "evaluation.leakage_help": (
        "What training, support and judged pairs have in common. See the leakage audit on Evaluation.",
        "训练、支持集与被评估元件对的共同之处。见“评估”页的泄漏审核。",
    ),
    "evaluation.leakage.not_audited": ("not audited", "未审核"),
    "evaluation.leakage.refused": ("score withheld ({lines})", "不显示分数（{lines}）"),
    "evaluation.leakage.flagged": ("shared with training or support: {shared}", "与训练或支持集共享：{shared}"),
    "evaluation.leakage.clear": ("nothing shared", "无共享"),
    "evaluation.relation.line": ("line", "细胞系"),
    "evaluation.relation.chromosome": ("chromosome", "染色体"),
    "evaluation.relation.gene": ("gene", "基因"),
    "evaluation.relation.promoter": ("promoter", "启动子"),
    "evaluation.relation.enhancer": ("enhancer", "增强子"),
    "evaluation.relation.window": ("enhancer window (half or more)", "增强子窗口（一半以上）"),
    "evaluation.relation.pair": ("pair", "元件对"),
    "evaluation.relation.sequence": ("identical sequence", "相同序列"),
    "evaluation.between.training-support": ("training – support", "训练 – 支持集"),
    "evaluation.between.training-query": ("training – judged pairs", "训练 – 被评估元件对"),
    "evaluation.between.support-query": ("support – judged pairs", "支持集 – 被评估元件对"),
    "evaluation.verdict.refused": ("score withheld", "不显示分数"),
    "evaluation.verdict.flagged": ("shared", "共享"),
    "evaluation.verdict.clear": ("none", "无"),
    "evaluation.audit.lead": (
        "Of the judged pairs of the worst line, how many have something in common with training or support. Shared pairs "
        "or genes do not forbid a score; they are why gene propensity and the pair look-up are in the honesty panel.",
        "在最差的细胞系中，被评估元件对与训练或支持集有共同之处的比例。共享元件对或基因并不禁止给出分数，因此诚实性面板包含基因倾向和元件对查表。",
    ),
    "evaluation.audit.between": ("between", "之间"),
    "evaluation.audit.relation": ("shared", "共享"),
    "evaluation.audit.line": ("worst line", "最差细胞系"),
    "evaluation.audit.pairs": ("pairs", "元件对"),
    "evaluation.audit.share": ("share, %", "比例，%"),
    "evaluation.audit.verdict": ("verdict", "结论"),
    "evaluation.audit.alt": (
        "{n} relations audited; {refused} withhold the score, {flagged} are shared.",
        "审核 {n} 种关系；{refused} 种导致不显示分数，{flagged} 种存在共享。",
    ),
    "evaluation.audit.none": ("This benchmark kept no audit of its splits.", "此基准测试没有保存划分的审核。"),
    "evaluation.tab.lines": ("By line", "按细胞系"),
    "evaluation.tab.shots": ("By shots", "按样本数"),
    "evaluation.tab.cutoff": ("Cutoff", "阈值"),
    "evaluation.tab.slices": ("Slices", "切片"),
    "evaluation.tab.audit": ("Leakage audit", "泄漏审核"),
    "evaluation.controls": ("Show controls", "显示对照"),
    "evaluation.controls_help": (
        "The judged learner with no support, permuted labels, another line's support, flipped labels, on the same queries.",
        "被评估的学习器在无支持集、标签置换、其他细胞系支持集、标签翻转时的结果，查询相同。",
    ),
    "evaluation.lines.none": (
        "No score of this metric at {shots} pairs for the chosen learners and lines.",
        "所选学习器和细胞系在 {shots} 个元件对下没有此指标。",
    ),
    "evaluation.lines.none_do": (
        "Choose another number of shots, or run the benchmark with it.",
        "请选择其他样本数，或在基准测试中加入。",
    ),
    "evaluation.lines.how": (
        "One row per cell line that was never trained on. Each mark is the mean over supports of that line, its bar the "
        "95 % interval over supports; the long tick is the base rate, what guessing reaches. Open marks are controls of "
        "the judged learner on the very same queries: if permuted labels or another line's support do as well as the own "
        "one, the labels were not read.",
        "每行是一个从未训练过的细胞系。每个标记是该细胞系各支持集的均值，误差条为支持集间的 95 % 区间；长短线为基准率，即猜测的水平。"
        "空心标记是被评估的学习器在完全相同查询上的对照：若标签置换或其他细胞系的支持集同样好，说明标签没有被利用。",
    ),
    "evaluation.shots.how": (
        "Each curve is one learner's mean over held-out lines against the number of labelled pairs it was given. Bars are "
        "95 % intervals for lines not judged here (lines and supports redrawn). The dotted line is the base rate. Sizes "
        "are evenly spaced, not to scale.",
        "每条曲线是一个学习器在各留出细胞系上的均值，横轴为给出的有标签元件对数。误差条为针对未评估细胞系的 95 % 区间（重抽细胞系和支持集）。"
        "虚线为基准率。横轴等距，不按比例。",
    ),
    "evaluation.cutoff": ("Cutoff on P", "P 的阈值"),
    "evaluation.cutoff_line": ("Line", "细胞系"),
    "evaluation.cutoff_all": ("all chosen lines", "全部所选细胞系"),
    "evaluation.cutoff.predicted": ("called contact", "判为接触"),
    "evaluation.cutoff.not_predicted": ("called no contact", "判为不接触"),
    "evaluation.cutoff.row": ("truth", "真实"),
    "evaluation.cutoff.alt": (
        "At P ≥ {cutoff:.3f}: {tp} contacts found, {fp} false alarms, {fn} missed, {tn} rightly left.",
        "P ≥ {cutoff:.3f}：找到 {tp} 个接触，误报 {fp}，漏掉 {fn}，正确排除 {tn}。",
    ),
    "evaluation.cutoff.precision": ("Precision", "精确率"),
    "evaluation.cutoff.recall": ("Recall", "召回率"),
    "evaluation.cutoff.flagged": ("Called contact", "判为接触"),
    "evaluation.cutoff.of": ("of {n:,} pairs", "共 {n:,} 对"),
    "evaluation.cutoff.wilson_help": (
        "95 % interval below (Wilson), n = {n}.",
        "下方为 95 % 区间（Wilson），n = {n}。",
    ),
    "evaluation.cutoff.wilson": ("{low:.2f} – {high:.2f}", "{low:.2f} – {high:.2f}"),
    "evaluation.cutoff.how": (
        "Both curves describe the same pairs (16 labelled pairs, {supports} supports pooled). Move the cutoff, or click a "
        "point of either curve: the diamond, the table and the numbers follow together. Precision beside the base rate: "
        "below it, a coin is better.",
        "两条曲线描述相同的元件对（16 个有标签元件对，合并 {supports} 个支持集）。移动阈值，或点击任一曲线上的点：菱形、表格和数字一起变化。"
        "精确率应与基准率比较：低于基准率则不如随机。",
    ),
    "evaluation.pairs.none": (
        "This benchmark kept no predictions, pair by pair, of {learner} on the chosen lines.",
        "此基准测试没有保存 {learner} 在所选细胞系上的逐对预测。",
    ),
    "evaluation.pairs.none_do": (
        "Predictions are kept at 16 pairs, for the first three supports of each line. Choose another learner or line.",
        "预测仅在 16 个元件对时、每个细胞系的前三个支持集上保存。请选择其他学习器或细胞系。",
    ),
    "evaluation.pairs.head": ("The pairs behind these numbers", "这些数字背后的元件对"),
    "evaluation.pairs.which": ("Show", "显示"),
    "evaluation.pairs.tp": ("contacts found", "找到的接触"),
    "evaluation.pairs.fp": ("false alarms", "误报"),
    "evaluation.pairs.fn": ("contacts missed", "漏掉的接触"),
    "evaluation.pairs.tn": ("rightly left", "正确排除"),
    "evaluation.pairs.pair": ("pair", "元件对"),
    "evaluation.pairs.line": ("line", "细胞系"),
    "evaluation.pairs.support": ("support", "支持集"),
    "evaluation.pairs.label": ("label", "标签"),
    "evaluation.pairs.distance": ("distance (bp)", "距离（bp）"),
    "evaluation.pairs.bayes": ("planted P", "设定的 P"),
    "evaluation.pairs.alt": (
        "{shown} of {total} pairs: {which}, the most certain first.",
        "{total} 对中的 {shown} 对：{which}，最确定的在前。",
    ),
    "evaluation.slices.distance": ("By distance", "按距离"),
    "evaluation.slices.noise": ("By label noise", "按标签噪声"),
    "evaluation.slices.reversal": ("Function reversal", "功能反转"),
    "evaluation.slice.0": ("< 50 kb", "< 50 kb"),
    "evaluation.slice.50000": ("50–200 kb", "50–200 kb"),
    "evaluation.slice.200000": ("0.2–1 Mb", "0.2–1 Mb"),
    "evaluation.slice.1000000": ("≥ 1 Mb", "≥ 1 Mb"),
    "evaluation.slice.clean": ("label as expected", "标签符合预期"),
    "evaluation.slice.noisy": ("label against truth", "标签与真值相反"),
    "evaluation.slice.reversed": ("reversed in the other line", "在另一细胞系中相反"),
    "evaluation.slice.same": ("same in the other line", "在另一细胞系中相同"),
    "evaluation.slices.missing": (
        "This benchmark did not keep what the slices need.",
        "此基准测试没有保存切片所需的内容。",
    ),
    "evaluation.slices.missing_do": ("Run it again with this version:", "请用此版本重新运行："),
    "evaluation.slices.no_truth": (
        "Label noise is known only where the truth was planted.",
        "标签噪声只有在真值为人工设定时才已知。",
    ),
    "evaluation.slices.how": (
        "AUPRC among the pairs of one slice, with 95 % intervals over genes; the bar across is the slice's own base rate, "
        "so a slice is judged against its own chance. *Label against truth*: pairs whose label came out against the planted "
        "probability; a good model is BELOW the base rate there. *Reversed*: pairs whose label differs in another line.",
        "单个切片内元件对的 AUPRC，附按基因的 95 % 区间；横线为该切片自身的基准率，因此按其自身的随机水平判断。"
        "“标签与真值相反”：标签与设定概率相反的元件对，好的模型在此应低于基准率。“相反”：在另一细胞系中标签不同的元件对。",
    ),
    "evaluation.rank.none": (
        "No enhancer has both a true and a false candidate gene among the judged pairs.",
        "被评估元件对中没有增强子同时拥有真假候选基因。",
    ),
    "evaluation.rank.none_do": ("Run the benchmark with more queries.", "请用更多查询运行基准测试。"),
    "evaluation.rank.how": (
        "Among the judged candidate genes of one enhancer, how many false ones stand below a true one; 1/2 is chance. Only "
        "candidates that were judged count, so most enhancers have two or three.",
        "在同一增强子被评估的候选基因中，有多少假候选排在真候选之下；1/2 为随机。仅计入被评估的候选，因此多数增强子只有两三个。",
    ),
    "evaluation.honesty.how": (
        "One row per baseline: AUPRC of the model minus AUPRC of the baseline on the very same pairs, with the 95 % interval "
        "of 2,000 bootstraps in which whole genes are redrawn. Right of 0 the model is better. Where the interval touches "
        "0 or lies left of it, the row is red: the model is not shown to beat what needs no model.",
        "每行一个基线：在完全相同的元件对上，模型的 AUPRC 减去基线的 AUPRC，附 2,000 次自助抽样（按整个基因重抽）的 95 % 区间。"
        "0 右侧表示模型更好。区间触及或位于 0 左侧时该行为红色：未能证明模型胜过无需模型的方法。",
    ),
    "evaluation.reliability.how": (
        "Judged pairs in groups of equal size: across, the mean predicted probability; up, the share truly in contact, "
        "with Wilson 95 % intervals. On the diagonal a probability can be taken at its word.",
        "被评估元件对按等量分组：横轴为平均预测概率，纵轴为真实接触比例及 Wilson 95 % 区间。落在对角线上则概率可信。",
    ),
    "evaluation.export.csv": ("All rows (tidy CSV)", "全部行（整洁 CSV）"),
    "evaluation.export.md": ("Table (Markdown)", "表格（Markdown）"),
    "evaluation.export.tex": ("Table (LaTeX)", "表格（LaTeX）"),
    "evaluation.export.json": ("Audit (JSON)", "审核（JSON）"),
    "evaluation.export_help": (
        "Carries the honesty flag, the leakage verdict and the provenance.",
        "附带诚实性标记、泄漏结论和来源信息。",
    ),
    "evaluation.knows.distance": ("– log distance", "– 对数距离"),
    "evaluation.knows.tss_count": ("annotated starts of the gene", "该基因的注释转录起点数"),
    "evaluation.knows.gene_propensity": (
        "the gene's mean label in training, shrunk",
        "该基因在训练中的平均标签（收缩）",
    ),
    "evaluation.knows.pair_lookup": ("gene, enhancer and exact pair in training", "训练中的基因、增强子和元件对"),
    "evaluation.knows.kmer_prototype": ("class centroids of the 16 supports", "16 个支持对的类中心"),
    "evaluation.knows.support_prevalence": ("share of positives in the support", "支持集中的阳性比例"),
    "evaluation.needs.distance": ("coordinates", "坐标"),
    "evaluation.needs.tss_count": ("gene table", "基因表"),
    "evaluation.needs.gene_propensity": ("gene id", "基因编号"),
    "evaluation.needs.pair_lookup": ("ids", "编号"),
    "evaluation.needs.kmer_prototype": ("sequences", "序列"),
    "evaluation.needs.support_prevalence": ("labels", "标签"),
    "evaluation.learner.metabam": ("Meta-BAM", "Meta-BAM"),
    "evaluation.learner.metabam_context": ("Meta-BAM, context only", "Meta-BAM（仅语境）"),
    "evaluation.learner.hierarchical": ("hierarchical regression", "分层回归"),
    "evaluation.learner.pooled": ("pooled regression", "合并回归"),
    "evaluation.learner.per_task": ("per-line regression", "单细胞系回归"),
    "evaluation.learner.prototype": ("prototypes", "原型网络"),
    "evaluation.learner.expert": ("expert framework", "专家框架"),
    "evaluation.learner.truth_knower": ("truth-knower (planted P)", "知真者（设定的 P）"),
    "evaluation.learner.distance": ("distance", "距离"),
    "evaluation.learner.tss_count": ("TSS count", "转录起点数"),
    "evaluation.learner.gene_propensity": ("gene propensity", "基因倾向"),
    "evaluation.learner.pair_lookup": ("pair look-up", "元件对查表"),
    "evaluation.learner.kmer_prototype": ("k-mer prototype", "k-mer 原型"),
    "evaluation.learner.support_prevalence": ("support prevalence", "支持集阳性率"),
}
