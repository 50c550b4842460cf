"""Strings of the Atoms page."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "atoms.title": ("Atoms", "原子"),
    "atoms.question": (
        "Are the mechanism atoms still independent of one another?",
        "机制原子之间仍然相互独立吗？",
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
        "so that alike ones stand together. Click a cell to compare the two.",
        "每格为两个原子的余弦：红色同向，蓝色反向，白色无关。相似的原子排在一起。点击某格可比较两者。",
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
        "The most alike pair, or the one you click in the map, by the features that weigh most in it.",
        "最相似的一对，或您在图中点击的一对，按权重最大的特征比较。",
    ),
    "atoms.pair.feature": ("pair feature", "元件对特征"),
    "atoms.pair.atom": ("atom {k}", "原子 {k}"),
    "atoms.pair.alt": (
        "The {n} features that weigh most in atoms {i} and {j}.",
        "原子 {i} 与 {j} 中权重最大的 {n} 个特征。",
    ),
    "atoms.gallery.none": ("The gallery of atoms is not built yet.", "原子图库尚未建成。"),
    "atoms.gallery.none_do": (
        "It will show what each atom responds to and where it is used. Until then the map compares any two atoms by the "
        "features they read.",
        "它将展示每个原子响应什么、用在何处。在此之前，可用余弦图按所读特征比较任意两个原子。",
    ),
}
