"""Strings of Fingerprint drift, its page and its figures."""

from __future__ import annotations

PAGE: dict[str, tuple[str, str]] = {
    "drift.title": ("Fingerprint drift", "指纹漂移"),
    "drift.question": (
        "Does line A's fingerprint impose A's logic on B's sequences?",
        "把细胞系 A 的指纹用在 B 的序列上，会让 A 的调控逻辑生效吗？",
    ),
    "drift.env_a": ("A: fingerprint of", "A：指纹来自"),
    "drift.env_a_help": (
        "What the model believes about this line after a small support; it is handed to B's sequences.",
        "模型根据小支持集对该细胞系的认识；将用于 B 的序列。",
    ),
    "drift.env_b": ("B: sequences of", "B：序列来自"),
    "drift.env_b_help": (
        "The pairs that are asked about. A and B may be the same line: nothing is swapped then.",
        "被询问的元件对。A 与 B 可以相同，此时不发生交换。",
    ),
    "drift.origin.training": ("training line, {n} labelled pairs", "训练细胞系，{n} 个有标签元件对"),
    "drift.origin.example": ("never seen in training, {n} labelled pairs", "训练中从未见过，{n} 个有标签元件对"),
    "drift.origin.own": ("your table of this session, {n} labelled pairs", "您本次会话的表格，{n} 个有标签元件对"),
    "drift.seed": ("Support seed", "支持集种子"),
    "drift.seed_help": (
        "Which pairs are drawn as supports. Another seed is another experiment: scores that change with it are noise.",
        "决定抽取哪些元件对作支持集。换种子等于换一次实验：随之改变的得分是噪声。",
    ),
    "drift.shots": ("Pairs in each support", "每个支持集的元件对数"),
    "drift.z": ("Fingerprint read as", "指纹取法"),
    "drift.z.mean": ("mean of z", "z 的均值"),
    "drift.z.samples": ("64 samples of z", "z 的 64 个样本"),
    "drift.z_help": (
        "The mean is the best guess. Samples average the prediction over everything the support leaves open; slower.",
        "均值是最佳猜测。样本对支持集未能确定的部分求平均，较慢。",
    ),
    "drift.go": ("Compute the matrix", "计算矩阵"),
    "drift.go_help": (
        "Applies the settings and fills every cell; a progress bar lets you stop.",
        "应用设置并计算每一格；可通过进度条中止。",
    ),
    "drift.lines": ("Lines in the matrix", "矩阵中的细胞系"),
    "drift.lines_help": ("At most {most}; the time grows with their square.", "最多 {most} 个；用时随数量的平方增长。"),
    "drift.working": ("Swapping fingerprints in {n} cells", "正在 {n} 个格中交换指纹"),
    "drift.cancel": ("Stop", "停止"),
    "drift.subset": ("Pairs that are scored", "计分的元件对"),
    "drift.subset.auroc": ("all shared pairs", "全部共有元件对"),
    "drift.subset.reversal": ("reversed pairs only", "仅反转元件对"),
    "drift.judge": ("Judged by the labels of", "以谁的标签为准"),
    "drift.judge.column": ("A, the fingerprint's line", "A（指纹的细胞系）"),
    "drift.judge.row": ("B, the sequences' own line", "B（序列自己的细胞系）"),
    "drift.judge_help": (
        "By A's labels: does the model answer as A would? By B's labels: how much of B's own logic is left?",
        "以 A 的标签：模型是否像 A 那样回答？以 B 的标签：B 自己的逻辑还剩多少？",
    ),
    "drift.kpi.auroc": ("AUROC, A on B", "AUROC，A 用于 B"),
    "drift.kpi.auroc_help": (
        "A's fingerprint on pairs that both lines label; 0.5 is chance. Pairs of one promoter count once in the interval.",
        "A 的指纹在两系都有标签的元件对上的表现；0.5 为随机。区间中同一启动子的元件对只计一次。",
    ),
    "drift.kpi.other": ("Other support of A", "A 的另一支持集"),
    "drift.kpi.other_help": (
        "The same line from other pairs: the noise floor. A difference smaller than this one means nothing.",
        "同一细胞系的另一支持集：噪声水平。小于此差异的变化没有意义。",
    ),
    "drift.kpi.shuffled": ("Shuffled labels", "打乱标签"),
    "drift.kpi.shuffled_help": (
        "A's support with permuted labels, mean of 5 and their range: what a fingerprint without information scores.",
        "打乱 A 支持集的标签，5 次的均值与范围：没有信息的指纹的得分。",
    ),
    "drift.kpi.prior": ("Prior mean", "先验均值"),
    "drift.kpi.prior_help": ("No support at all: what all lines share.", "完全没有支持集：所有细胞系共有的部分。"),
    "drift.kpi.reversal": ("Reversed pairs", "反转元件对"),
    "drift.kpi.reversal_help": (
        "Only pairs whose label differs between A and B: here nothing but a change of logic can help.",
        "仅限在 A 与 B 中标签不同的元件对：只有逻辑改变才能得分。",
    ),
    "drift.kpi.n": ("n = {n}", "n = {n}"),
    "drift.said.swap": ("A = {a} on the sequences of B = {b}.", "A = {a} 的指纹用于 B = {b} 的序列。"),
    "drift.said.same": (
        "A and B are both {a}: nothing is swapped, this is the model's own answer.",
        "A 与 B 同为 {a}：未交换，这是模型本来的回答。",
    ),
    "drift.shared": (
        "{n} shown / {total} pairs that both lines label and that share no element with a support of A, thinned evenly.",
        "显示 {n} / 共 {total} 对：两系都有标签且不与 A 的支持集共享元件，均匀抽取。",
    ),
    "drift.matrix.none": ("The matrix has not been computed with these settings.", "尚未用这些设置计算矩阵。"),
    "drift.matrix.none_do": (
        "Press “Compute the matrix” above: {n} × {n} cells, some seconds. The chosen cell is already scored beside this.",
        "请按上方“计算矩阵”：{n} × {n} 格，需数秒。所选格的得分已在右侧。",
    ),
    "drift.matrix.how": (
        "One row per line whose sequences are asked about, one column per line whose fingerprint is used. The diagonal is "
        "the model's own answer. Red is better than chance, white is chance, blue is the opposite logic. Click a cell to "
        "see its pairs below. Cells with fewer than 50 shared pairs show their number and no score.",
        "每行是被询问序列的细胞系，每列是所用指纹的细胞系。对角线是模型本来的回答。红色优于随机，白色为随机，蓝色为相反的逻辑。"
        "点击某格可在下方查看其元件对。共有元件对少于 50 的格只显示数量，不计分。",
    ),
    "drift.few": (
        "{n} pairs are labelled in both {a} and {b} and free of supports; below {least} there is no score.",
        "在 {a} 与 {b} 中都有标签且不涉及支持集的元件对有 {n} 对；少于 {least} 不计分。",
    ),
    "drift.few_do": (
        "Choose two training lines, which share more pairs, or fewer pairs in each support.",
        "请选择共有元件对更多的两个训练细胞系，或减小支持集。",
    ),
    "drift.scores.how": (
        "The dot is A's fingerprint, the diamonds are its controls on the very same pairs. Only what stands clear of the "
        "shuffled labels and of the prior was learned from A's support; the gap to the other support is noise. Bars are 95 % "
        "intervals in which the pairs of one promoter count as one.",
        "圆点为 A 的指纹，菱形为同一批元件对上的对照。只有明显高于打乱标签和先验的部分才来自 A 的支持集；与另一支持集之差是噪声。"
        "横条为 95 % 区间，同一启动子的元件对只计一次。",
    ),
    "drift.pairs": ("Pairs of the chosen cell", "所选格的元件对"),
    "drift.pairs.none": ("The two lines have no pair in common.", "两个细胞系没有共有的元件对。"),
    "drift.pairs.how": (
        "Each point is one of B's pairs: across, its logit under B's own fingerprint; up, under the fingerprint chosen above. "
        "On the dotted diagonal the swap changed nothing. Blue pairs are positive only in A and should rise, orange ones only "
        "in B and should sink. The corner numbers count pairs; the red ones changed their verdict. Click a point to pin it.",
        "每个点是 B 的一个元件对：横轴为 B 自己指纹下的 logit，纵轴为上方所选指纹下的 logit。在虚线上表示交换没有影响。"
        "蓝色仅在 A 中为正，应上升；橙色仅在 B 中为正，应下降。四角数字为元件对数，红色者判断改变。点击某点可固定它。",
    ),
    "drift.which": ("Vertical axis: fingerprint", "纵轴：指纹"),
    "drift.which.own": ("A", "A"),
    "drift.which.other": ("A, other support", "A，另一支持集"),
    "drift.which.prior": ("prior", "先验"),
    "drift.which.shuffled": ("A, labels shuffled", "A，标签打乱"),
    "drift.which.native": ("B, nothing swapped", "B，未交换"),
    "drift.which_help": (
        "Switch to the controls: a real change of logic disappears when the labels are shuffled.",
        "切换到对照：真正的逻辑改变在打乱标签后会消失。",
    ),
    "drift.pinned": ("Pinned pairs (at most 5)", "固定的元件对（最多 5 对）"),
    "drift.pinned_help": (
        "Click points in the figure, or choose here. At first: the reversed pairs that moved farthest as labelled.",
        "点击图中的点或在此选择。初始为按标签方向移动最远的反转元件对。",
    ),
    "drift.pinned.none": ("No pair is pinned.", "没有固定的元件对。"),
    "drift.pinned.none_do": ("Click a point in the figure of pairs.", "请点击元件对图中的一个点。"),
    "drift.pinned.alt": ("The {n} pinned pairs with labels and logits.", "固定的 {n} 个元件对的标签与 logit。"),
    "drift.sides": ("Reversed pairs on A's side", "位于 A 一侧的反转元件对"),
    "drift.sides_help": (
        "The pairs with another label in A than in B are split at their median logit: those positive in A belong above, the "
        "others below. A fingerprint that knows nothing gets half of them right. Counts with 95 % intervals.",
        "将 A 与 B 中标签不同的元件对按其 logit 中位数分开：在 A 中为正的应在上方，其余在下方。一无所知的指纹只对一半。计数附 95 % 区间。",
    ),
    "drift.sides.alt": (
        "{right} of {n} reversed pairs lie on A's side under A's fingerprint.",
        "在 A 的指纹下，{n} 个反转元件对中有 {right} 个位于 A 一侧。",
    ),
    "drift.col.fingerprint": ("fingerprint", "指纹"),
    "drift.col.measured": ("by measured labels", "按测得标签"),
    "drift.col.planted": ("of them planted", "其中为设定"),
    "drift.col.pair": ("pair", "元件对"),
    "drift.col.locus": ("enhancer / promoter", "增强子 / 启动子"),
    "drift.col.label_a": ("label in A", "A 中标签"),
    "drift.col.label_b": ("label in B", "B 中标签"),
    "drift.col.native": ("logit, own", "logit（自己）"),
    "drift.col.swapped": ("logit, A", "logit（A）"),
    "drift.col.p_a": ("true P in A", "A 中真实 P"),
    "drift.col.p_b": ("true P in B", "B 中真实 P"),
    "drift.col.right": ("on A's side", "在 A 一侧"),
    "drift.yes": ("yes", "是"),
    "drift.no": ("missed", "未命中"),
    "drift.truth": (
        "Planted here: {n} of these pairs are true reversals (P on opposite sides of 0.5). A's fingerprint puts {hits} of them "
        "on A's side and misses {missed}; with shuffled labels {shuffled} lie there.",
        "设定的真相：其中 {n} 对是真正的反转（P 在 0.5 两侧）。A 的指纹使 {hits} 对位于 A 一侧，{missed} 对未命中；打乱标签后为 {shuffled} 对。",
    ),
    "drift.truth.alt": (
        "The widest of {n} planted reversals; {hits} lie on the side of A.",
        "{n} 个设定反转中差异最大者；{hits} 个位于 A 一侧。",
    ),
    "drift.turning": ("What turns between A and B", "A 与 B 之间改变了什么"),
    "drift.same": ("A and B are the same line, so no gate moves.", "A 与 B 相同，没有门控改变。"),
    "drift.same_do": ("Choose two different lines.", "请选择两个不同的细胞系。"),
    "drift.gates.how": (
        "The 15 gates that differ most, A minus B. A gate says how much an atom counts in a line, from -1 (represses) to 1 "
        "(activates). Whiskers are 90 % intervals over what both supports leave open: where one crosses zero the gates may be "
        "the same.",
        "差异最大的 15 个门控，A 减 B。门控表示原子在细胞系中的作用，从 -1（抑制）到 1（激活）。须线为两个支持集未确定部分的 90 % 区间："
        "跨过零时两门控可能相同。",
    ),
    "drift.path.how": (
        "Eleven steps on the straight line from z of A to z of B; at both ends stand the fingerprints themselves. Each line is "
        "one pinned pair of B. A star marks the first step at which the logit has changed its sign.",
        "从 A 的 z 到 B 的 z 的直线上取 11 步；两端就是两个指纹本身。每条线是 B 的一个固定元件对。星号为 logit 首次变号之处。",
    ),
    "drift.trace": ("Unfolding of pair", "展开的元件对"),
    "drift.trace.how": (
        "How the model thinks about this pair, round by round. Each colour is an atom; solid under A, dashed under B. What is "
        "drawn is gate times state: above zero the atom speaks for contact, below zero against it. The six atoms that differ "
        "most are shown.",
        "模型对该元件对逐轮的判断。每种颜色是一个原子；实线为 A，虚线为 B。所画为门控乘以状态：大于零支持接触，小于零反对。显示差异最大的六个原子。",
    ),
    "drift.export.bedpe": ("Reversed pairs (BEDPE)", "反转元件对（BEDPE）"),
    "drift.export.bedpe_help": (
        "{placed} of {n} reversed pairs have known coordinates. 0-based half-open; score is swapped minus own logit.",
        "{n} 个反转元件对中 {placed} 个坐标已知。0 起始半开区间；得分为交换后减自己的 logit。",
    ),
    "drift.export.csv": ("Reversed pairs (CSV)", "反转元件对（CSV）"),
    "drift.export.json": ("This view (JSON)", "此视图（JSON）"),
    "drift.export.json_help": (
        "Lines, seed, settings, every score with its interval, pinned pairs and provenance.",
        "细胞系、种子、设置、所有得分及区间、固定的元件对与来源。",
    ),
    "drift.places": (
        "A run keeps identities of elements, not coordinates: {placed} of {n} reversed pairs can be placed. Give the table of "
        "pairs that the run was trained on, and names and coordinates appear; labels in it are not used.",
        "运行只保存元件身份而非坐标：{n} 个反转元件对中 {placed} 个可定位。提供训练所用的元件对表格即可显示名称与坐标；其中标签不会被使用。",
    ),
    "drift.places.upload": ("Table with coordinates (this session only)", "含坐标的表格（仅本次会话）"),
    "drift.places.refused": (
        "That table could not be read. It needs chrom, enhancer_start, enhancer_end, promoter_start and promoter_end.",
        "无法读取该表格。需要 chrom、enhancer_start、enhancer_end、promoter_start、promoter_end 列。",
    ),
}

FIGURES: dict[str, tuple[str, str]] = {
    "fig.drift.matrix": ("Whose logic do the answers follow?", "回答遵循谁的逻辑？"),
    "fig.drift.matrix.column": ("AUROC by the labels of the fingerprint's line", "AUROC，以指纹细胞系的标签为准"),
    "fig.drift.matrix.row": ("AUROC by the labels of the sequences' own line", "AUROC，以序列自己细胞系的标签为准"),
    "fig.drift.matrix.column_reversals": (
        "AUROC on reversed pairs, by the labels of the fingerprint's line",
        "反转元件对上的 AUROC，以指纹细胞系的标签为准",
    ),
    "fig.drift.matrix.row_reversals": (
        "AUROC on reversed pairs, by the labels of the sequences' own line",
        "反转元件对上的 AUROC，以序列自己细胞系的标签为准",
    ),
    "fig.drift.matrix.alt": (
        "Matrix of {n} lines; mean AUROC of swapped fingerprints {mean:.2f}.",
        "{n} 个细胞系的矩阵；交换指纹的平均 AUROC 为 {mean:.2f}。",
    ),
    "fig.drift.matrix.hover": (
        "fingerprint {column}<br>sequences {row}<br>AUROC {value} [{low:.3f}, {high:.3f}], n = {n}",
        "指纹 {column}<br>序列 {row}<br>AUROC {value} [{low:.3f}, {high:.3f}]，n = {n}",
    ),
    "fig.drift.matrix.none": (
        "fingerprint {column}<br>sequences {row}<br>n = {n}: no score",
        "指纹 {column}<br>序列 {row}<br>n = {n}：不计分",
    ),
    "fig.drift.columns": ("fingerprint from", "指纹来自"),
    "fig.drift.rows": ("sequences from", "序列来自"),
    "fig.drift.scores": ("The swap and its controls", "交换及其对照"),
    "fig.drift.scores.column": ("Judged by A's labels; dotted: chance", "以 A 的标签为准；虚线：随机"),
    "fig.drift.scores.row": ("Judged by B's labels; dotted: chance", "以 B 的标签为准；虚线：随机"),
    "fig.drift.scores.alt": (
        "AUROC of A's fingerprint on B's sequences {value:.2f} ({low:.2f} to {high:.2f}); with shuffled labels {control:.2f}.",
        "A 的指纹在 B 的序列上 AUROC 为 {value:.2f}（{low:.2f} 至 {high:.2f}）；打乱标签为 {control:.2f}。",
    ),
    "fig.drift.score.own": ("A's fingerprint", "A 的指纹"),
    "fig.drift.score.other": ("A, other support", "A，另一支持集"),
    "fig.drift.score.prior": ("prior mean", "先验均值"),
    "fig.drift.score.shuffled": ("A, labels shuffled", "A，标签打乱"),
    "fig.drift.auroc": ("all shared pairs", "全部共有元件对"),
    "fig.drift.reversal": ("reversed pairs", "反转元件对"),
    "fig.drift.change.00": ("0 in B, 0 in A", "B 0，A 0"),
    "fig.drift.change.11": ("1 in B, 1 in A", "B 1，A 1"),
    "fig.drift.change.01": ("0 in B, 1 in A", "B 0，A 1"),
    "fig.drift.change.10": ("1 in B, 0 in A", "B 1，A 0"),
    "fig.drift.listed": ("planted reversal", "设定的反转"),
    "fig.drift.pairs.own": ("Pairs of B under A's fingerprint", "B 的元件对在 A 的指纹下"),
    "fig.drift.pairs.other": ("Control: A from another support", "对照：A 的另一支持集"),
    "fig.drift.pairs.prior": ("Control: no support at all", "对照：没有支持集"),
    "fig.drift.pairs.shuffled": ("Control: A with shuffled labels", "对照：A 打乱标签"),
    "fig.drift.pairs.note": (
        "{n:,} shown / {total:,} in total; {crossed:,} change their verdict",
        "显示 {n:,} / 共 {total:,}；{crossed:,} 对判断改变",
    ),
    "fig.drift.pairs.alt": (
        "{crossed} of {n} pairs change their verdict under the other fingerprint.",
        "在另一指纹下，{n} 个元件对中有 {crossed} 个判断改变。",
    ),
    "fig.drift.native": ("logit under {b}'s own fingerprint", "{b} 自己指纹下的 logit"),
    "fig.drift.swapped.own": ("logit under {a}'s fingerprint", "{a} 指纹下的 logit"),
    "fig.drift.swapped.other": ("logit under {a}, other support", "{a} 另一支持集下的 logit"),
    "fig.drift.swapped.prior": ("logit under the prior", "先验下的 logit"),
    "fig.drift.swapped.shuffled": ("logit under {a}, labels shuffled", "{a} 打乱标签下的 logit"),
    "fig.drift.atom": ("atom {k}", "原子 {k}"),
    "fig.drift.gates": ("Gates that moved", "改变的门控"),
    "fig.drift.gates.axis": ("gate in A minus gate in B", "A 的门控减 B 的门控"),
    "fig.drift.gates.note": ("90 % intervals; {sure} of {n} clear of zero", "90 % 区间；{n} 个中 {sure} 个不含零"),
    "fig.drift.gates.alt": (
        "Of the {n} gates that differ most, {sure} clearly differ; the largest change is {top}.",
        "差异最大的 {n} 个门控中 {sure} 个明确不同；变化最大的是{top}。",
    ),
    "fig.drift.path": ("From A's fingerprint to B's", "从 A 的指纹到 B 的指纹"),
    "fig.drift.path.axis": ("place on the way from A to B", "从 A 到 B 的位置"),
    "fig.drift.path.note": (
        "{turned} of {n} pinned pairs change sign (star)",
        "{n} 个固定元件对中 {turned} 个变号（星号）",
    ),
    "fig.drift.path.alt": (
        "{turned} of {n} pinned pairs change the sign of their logit between the two fingerprints.",
        "{n} 个固定元件对中有 {turned} 个在两个指纹之间变号。",
    ),
    "fig.drift.logit": ("logit", "logit"),
    "fig.drift.trace": ("Unfolding h(t) of {name}", "{name} 的展开 h(t)"),
    "fig.drift.trace.axis": ("unfolding step t", "展开步 t"),
    "fig.drift.trace.note": (
        "solid: {a}, dashed: {b}; {turned} of {n} atoms change sides",
        "实线：{a}，虚线：{b}；{n} 个原子中 {turned} 个换边",
    ),
    "fig.drift.trace.alt": (
        "{turned} of the {n} atoms that differ most change sides between A and B.",
        "差异最大的 {n} 个原子中有 {turned} 个在 A 与 B 之间换边。",
    ),
}

CATALOGUE: dict[str, tuple[str, str]] = {**PAGE, **FIGURES}
