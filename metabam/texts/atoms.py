"""Strings of the Atoms page."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "atoms.title": ("Atoms", "原子"),
    "atoms.question": (
        "Are the atoms still independent, and what does atom k respond to, where is it used, what does it do?",
        "原子是否仍相互独立？原子 k 响应什么、用在何处、起什么作用？",
    ),
    "atoms.tab.spectrum": ("Spectrum", "谱"),
    "atoms.tab.gallery": ("Gallery", "图库"),
    "atoms.step": ("Checkpoint (training step)", "检查点（训练步数）"),
    "atoms.kind": ("Rows of V", "V 的行"),
    "atoms.kind.raw": ("as trained", "训练所得"),
    "atoms.kind.normalised": ("normalised", "归一化"),
    "atoms.threshold": ("Near-duplicate from |cos|", "近似重复阈值 |cos|"),
    "atoms.kpi.effective": ("Effective rank", "有效秩"),
    "atoms.kpi.stable": ("Stable rank", "稳定秩"),
    "atoms.kpi.max": ("Most alike pair, |cos|", "最相似一对 |cos|"),
    "atoms.kpi.mean": ("Mean |cos|", "平均 |cos|"),
    "atoms.kpi.duplicates": ("Near-duplicates", "近似重复"),
    "atoms.kpi.pairs": ("of {n} pairs", "共 {n} 对"),
    "atoms.of": ("of {top}", "上限 {top}"),
    "atoms.bound": (
        "V has {k} atoms in {d} features, so at most {top} directions can be independent; collapse is judged against {top}.",
        "V 有 {k} 个原子、{d} 个特征，最多 {top} 个方向独立；崩溃以 {top} 为准判断。",
    ),
    "atoms.warning": (
        "The effective rank {rank:.1f} is below half of {top}. Atoms repeat one another. This does not prove that the "
        "model fails: look at the support curves on the Training monitor, which do.",
        "有效秩 {rank:.1f} 低于 {top} 的一半，原子相互重复。这并不证明模型失败：请看训练监视页的支持集曲线。",
    ),
    "atoms.healthy": (
        "The effective rank is at least half of {top}. This does not prove that the model works: runs that ignore their "
        "support can look the same.",
        "有效秩不低于 {top} 的一半。这并不证明模型有效：忽略支持集的运行也可能如此。",
    ),
    "atoms.spectrum.how": (
        "Each point is one singular value of V over the largest, on a log axis. A cliff means that some atoms are "
        "mixtures of others. The grey band is what random matrices of the same size show: above it the atoms are spread "
        "more evenly than chance, far below it they have collapsed.",
        "每个点是 V 的一个奇异值与最大值之比（对数轴）。陡降说明部分原子是其他原子的混合。灰带为同尺寸随机矩阵的范围："
        "高于灰带说明原子比随机更分散，远低于则已崩溃。",
    ),
    "atoms.steps.how": (
        "One column per checkpoint, one row per singular value; bright is large. Rows that fade to dark are directions lost in training.",
        "每列一个检查点，每行一个奇异值；越亮越大。逐渐变暗的行是训练中失去的方向。",
    ),
    "atoms.ranks.how": (
        "Effective rank: the exponential of the entropy of the singular values. Stable rank: the squared Frobenius norm "
        "over the squared largest value. Below the dotted line the page warns.",
        "有效秩：奇异值熵的指数。稳定秩：Frobenius 范数平方与最大奇异值平方之比。低于虚线时页面会警告。",
    ),
    "atoms.cosine.how": (
        "How alike two atoms are, by the largest and the mean |cosine| over all pairs. 1 means that two atoms are the same direction.",
        "用所有原子对的最大与平均 |余弦| 表示相似度。1 表示两个原子方向相同。",
    ),
    "atoms.map.how": (
        "Each cell is the cosine of two atoms: red the same direction, blue opposite, white unrelated. Atoms are ordered "
        "so that alike ones stand together. Click a cell to open one atom's card with the other pinned beside it.",
        "每格为两个原子的余弦：红色同向，蓝色反向，白色无关。相似的原子排在一起。点击某格可打开其中一个原子的卡片，并固定另一个作对照。",
    ),
    "atoms.one_checkpoint": (
        "Only one checkpoint is stored, so nothing can be drawn over the steps.",
        "只存有一个检查点，无法画出随步数的变化。",
    ),
    "atoms.one_checkpoint_do": (
        "Runs of more than one save interval store more.",
        "超过一个保存间隔的运行会存有更多检查点。",
    ),
    "atoms.empty": ("The run {run} has no stored checkpoint of its atoms yet.", "运行 {run} 还没有存储原子的检查点。"),
    "atoms.empty_do": ("They appear while meta-training runs.", "元训练进行时会出现。"),
    "atoms.pair": ("Atoms {i} and {j}: cosine {value}", "原子 {i} 与 {j}：余弦 {value}"),
    "atoms.pair_none": (
        "The features that weigh most in the two atoms; (E) enhancer, (P) promoter.",
        "两个原子中权重最大的特征；(E) 增强子，(P) 启动子。",
    ),
    "atoms.pair.feature": ("pair feature", "元件对特征"),
    "atoms.pair.atom": ("atom {k}", "原子 {k}"),
    "atoms.pair.alt": (
        "The {n} features that weigh most in atoms {i} and {j}.",
        "原子 {i} 与 {j} 中权重最大的 {n} 个特征。",
    ),
    "atoms.tab.card": ("Card", "卡片"),
    "atoms.pick": ("Atom", "原子"),
    "atoms.pick_help": (
        "The atom whose card is open. The address keeps it, so that a copied link opens the same card.",
        "当前打开卡片的原子。地址会保留它，复制的链接会打开同一张卡片。",
    ),
    "atoms.pin": ("Pin beside it", "并列固定"),
    "atoms.pin_none": ("no second atom", "无第二个原子"),
    "atoms.pin_help": (
        "A second atom, drawn into the same figures of the card. A click in the cosine map pins one too.",
        "第二个原子，画入卡片的相同图中。点击余弦图中的格子也会固定一个。",
    ),
    "atoms.gallery.working": (
        "Removing each atom in turn, and random directions beside it",
        "正在依次移除每个原子，并以随机方向作对照",
    ),
    "atoms.gallery.note": (
        "final weights of the run; density over {pairs} distinct training pairs, effects over {n} pairs of {lines} "
        "training lines; select a row to open its card",
        "使用运行的最终权重；密度基于 {pairs} 个不同的训练元件对，效应基于 {lines} 个训练细胞系的 {n} 个元件对；选中一行可打开其卡片",
    ),
    "atoms.gallery.verdicts": (
        "{needed} of {total} atoms are needed: the {n} training labels are less likely when each line uses them as the "
        "average line does. {chance} are not shown to be needed and move answers no more than a random direction.",
        "{total} 个原子中有 {needed} 个被标签需要：若各系按平均方式使用它们，{n} 个训练标签的似然更低。{chance} "
        "个未显示被需要，对结果的影响也不超过随机方向。",
    ),
    "atoms.gallery.alt": (
        "Table of {n} atoms; the most used is atom {k}, whose removal moves a pair's logit by {use:.2f} on average.",
        "{n} 个原子的表格；使用最多的是原子 {k}，移除后元件对的 logit 平均变化 {use:.2f}。",
    ),
    "atoms.gallery.none": ("none", "无"),
    "atoms.gallery.how": (
        "One row per atom. **Usage**: how far the logit of a pair moves, on average, when the atom's gate and evidence "
        "are replaced by their mean over the lines; one bar per training line, in the order of the sidebar. **Above "
        "threshold**: share of pairs that the atom responds to. **Effect**: the same movement with its sign. **Gate**: "
        "alpha from -1 (represses) to +1 (activates), one bar per line. **Against random**: size of the effect over the "
        "95 % quantile of random directions; below 1 a random mixture of the atoms does as much. **Labels**: needed where "
        "the labels are less likely without the line's own use of the atom (95 % interval), misleads where they are more "
        "likely; training labels flatter an atom.",
        "每行一个原子。**使用**：把该原子的门控和证据换成各细胞系均值后，元件对 logit 的平均变化幅度；每个训练细胞系一根柱，顺序同侧栏。"
        "**高于阈值**：原子有响应的元件对比例。**效应**：带符号的同一变化。**门控**：alpha 从 -1（抑制）到 +1（激活），每个细胞系一根柱。"
        "**与随机相比**：效应大小除以随机方向的 95 % 分位数；小于 1 时随机混合的原子也能做到。"
        "**标签**：若去掉该系自身的用法后标签似然降低（95 % 区间）则为“需要”，升高则为“误导”；训练标签会高估原子。",
    ),
    "atoms.feature.enhancer": ("{name} in the enhancer", "增强子中的 {name}"),
    "atoms.feature.promoter": ("{name} in the promoter", "启动子中的 {name}"),
    "atoms.feature.gc": ("GC share", "GC 含量"),
    "atoms.feature.cpg": ("CpG observed / expected", "CpG 实测/期望"),
    "atoms.feature.at": ("AT skew", "AT 偏斜"),
    "atoms.feature.period": ("period {n} bp", "{n} bp 周期"),
    "atoms.feature.learned": ("learned feature {n}", "学得特征 {n}"),
    "atoms.feature.component": ("component {n}", "成分 {n}"),
    "atoms.feature.unnamed": ("feature {n}", "特征 {n}"),
    "atoms.col.atom": ("atom", "原子"),
    "atoms.col.label": ("your label", "您的标签"),
    "atoms.col.rank": ("rank", "排名"),
    "atoms.col.usage": ("usage by line", "各系使用"),
    "atoms.col.usage_help": (
        "Mean movement of the logit without the atom, one bar per training line.",
        "去掉该原子后 logit 的平均变化幅度，每个训练细胞系一根柱。",
    ),
    "atoms.col.density": ("above 0", "高于阈值"),
    "atoms.col.density_help": (
        "Share of distinct training pairs whose potential lies above the atom's threshold.",
        "势高于该原子阈值的不同训练元件对的比例。",
    ),
    "atoms.col.effect": ("effect", "效应"),
    "atoms.col.effect_help": (
        "Answer with the atom minus answer without it, mean over pairs; the CSV has the 95 % interval.",
        "有该原子时的结果减去没有时的结果，对元件对取平均；CSV 含 95 % 区间。",
    ),
    "atoms.col.gate": ("gate by line", "各系门控"),
    "atoms.col.gate_help": (
        "alpha in each training line from -1 to +1; below zero the atom represses.",
        "各训练细胞系的 alpha，从 -1 到 +1；小于零表示抑制。",
    ),
    "atoms.col.nearest": ("nearest (cos)", "最近原子 (cos)"),
    "atoms.col.chance": ("vs random", "比随机"),
    "atoms.col.chance_help": (
        "Size of the effect over the 95 % quantile of random directions; below 1: a random mixture does as much.",
        "效应大小与随机方向 95 % 分位数之比；小于 1：随机混合也能做到。",
    ),
    "atoms.col.verdict": ("labels", "标签"),
    "atoms.col.verdict_help": (
        "Needed: the training labels are less likely without the line's own use of the atom (95 % interval). Misleads: "
        "more likely. Open: neither is shown, but answers move more than with a random direction. A dash: none of these.",
        "需要：去掉该系自身的用法后训练标签的似然降低（95 % 区间）。误导：升高。未定：两者都未显示，但对结果的改变超过随机方向。"
        "横线：以上都不是。",
    ),
    "atoms.verdict.needed": ("needed", "需要"),
    "atoms.verdict.harmful": ("misleads", "误导"),
    "atoms.verdict.moves": ("open", "未定"),
    "atoms.verdict.chance": ("–", "–"),
    "atoms.col.planted": ("truth", "真相"),
    "atoms.col.r": ("r", "r"),
    "atoms.col.r_help": (
        "Correlation of the atom's state with the true activity of the mechanism it was matched to.",
        "原子状态与所匹配机制真实活性的相关。",
    ),
    "atoms.truth.head": (
        "Truth: {hits} of {total} planted mechanisms have an atom",
        "真相：{total} 个设定机制中有 {hits} 个找到了原子",
    ),
    "atoms.truth.mechanism": ("planted mechanism", "设定机制"),
    "atoms.truth.atom": ("atom", "原子"),
    "atoms.truth.r": ("r", "r"),
    "atoms.truth.verdict": ("verdict", "结论"),
    "atoms.truth.hit": ("found", "已找到"),
    "atoms.truth.miss": ("missed", "未找到"),
    "atoms.truth.motifs": ("motifs named", "基序对上"),
    "atoms.truth.motifs_help": (
        "Motifs planted for the mechanism that motif comparison (TOMTOM, q of 0.05 or less) finds among those of its atom; "
        "q is the largest of them. – : nothing was planted as a motif.",
        "为该机制设定的基序中，经基序比较（TOMTOM，q 不高于 0.05）在其原子的基序里找到的数目；所列 q 为其中最大者。“–”：该机制没有设定基序。",
    ),
    "atoms.truth.motifs_named": ("{n} of {total}", "{total} 个中的 {n} 个"),
    "atoms.truth.motifs_open": ("not compared", "未比较"),
    "atoms.truth.alt": (
        "Of {total} planted mechanisms, {hits} were found by an atom.",
        "{total} 个设定机制中，{hits} 个被原子找到。",
    ),
    "atoms.truth.note": (
        "One atom per mechanism, so that the sum of |r| is largest, over {n} distinct training pairs; found means "
        "|r| of {bar} or more. The sign of r is free: an atom may stand for the absence of a motif.",
        "每个机制对应一个原子，使 |r| 之和最大，基于 {n} 个不同的训练元件对；|r| 不低于 {bar} 记为找到。r 的符号不限：原子可以表示基序的缺失。",
    ),
}
