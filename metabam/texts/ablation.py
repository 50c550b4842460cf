"""Strings of the Mechanism ablation page and of its figures."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "ablation.title": ("Mechanism ablation", "机制消融"),
    "ablation.question": (
        "Which atoms carry the prediction, and is the effect more than chance?",
        "哪些原子支撑预测？其效应是否超过偶然？",
    ),
    # ---------------------------------------------------------------- controls
    "ablation.source": ("Pairs of", "元件对来自"),
    "ablation.source_help": (
        "Tables: lines never seen in training, each read under its own labelled pairs. Training lines: read under 64 of their pairs; the others are asked.",
        "表格：训练中未见过的细胞系，各自使用自己的有标签元件对。训练细胞系：使用其中 64 对作支持，其余作查询。",
    ),
    "ablation.source.tables": ("never-seen lines and your table", "未见过的细胞系和您的表格"),
    "ablation.source.training": ("training lines", "训练细胞系"),
    "ablation.lines": ("Lines", "细胞系"),
    "ablation.per_line": ("Pairs per line", "每个细胞系的元件对"),
    "ablation.per_line_help": ("At most so many, drawn with seed 0.", "至多这么多，用种子 0 抽取。"),
    "ablation.replacement": ("An atom is replaced by", "原子替换为"),
    "ablation.replacement_help": (
        "What its gate and evidence weight become. Mean: how the atom is used on average; only what is special to a line is lost. "
        "Another line: its use there. Zero: the atom is gone, the strict test.",
        "替换其门控和证据权重。平均：各细胞系的平均用法，只失去该细胞系特有的部分。另一细胞系：换成那里的用法。零：原子消失，最严格的检验。",
    ),
    "ablation.replacement.mean": ("its mean over lines", "各细胞系的平均"),
    "ablation.replacement.resample": ("another line's", "另一细胞系的"),
    "ablation.replacement.zero": ("zero", "零"),
    "ablation.step": ("In unfolding step", "展开步骤"),
    "ablation.step_help": (
        "Everywhere, or in one step of the unfolding alone: then read-out and evidence keep theirs.",
        "所有步骤，或仅其中一步：此时读出和证据保持不变。",
    ),
    "ablation.step.all": ("all steps", "全部步骤"),
    "ablation.step.one": ("step {t} alone", "仅第 {t} 步"),
    "ablation.go": ("Remove each atom", "逐一移除原子"),
    "ablation.go_help": (
        "Each atom and 200 random directions, once for every pair: about ten seconds for 1,000 pairs, three times that with another line's.",
        "每个原子和 200 个随机方向，对每个元件对各一次：1,000 对约需十秒；替换为另一细胞系时约三倍。",
    ),
    "ablation.no_line": ("No line is chosen.", "未选择细胞系。"),
    "ablation.no_line_do": (
        "Choose at least one; two for a mean or another line's.",
        "请至少选择一个；用平均或另一细胞系时需两个。",
    ),
    "ablation.waiting": ("Nothing has been removed yet with these settings.", "尚未按此设置移除任何原子。"),
    "ablation.waiting_do": (
        "Press **Remove each atom**. The answer is kept: the same question is answered at once the next time.",
        "请点击**逐一移除原子**。结果会保留：下次相同的问题会立即得到回答。",
    ),
    "ablation.working": (
        "Removing every atom, and random directions to compare with",
        "正在逐一移除原子，并移除随机方向作对照",
    ),
    "ablation.progress": ("Removing atoms and random directions", "正在移除原子和随机方向"),
    "ablation.done": ("Removed in {seconds:.1f} s", "用时 {seconds:.1f} 秒"),
    "ablation.sampled": (
        "at most {n} pairs per line, drawn with seed 0; computed in {seconds:.1f} s, the model itself is unchanged",
        "每个细胞系至多 {n} 对，用种子 0 抽取；计算用时 {seconds:.1f} 秒，模型本身未改动",
    ),
    "ablation.training_note": (
        "The model was trained on these lines, so their AUPRC is flattering. The run does not store where their pairs lie: no distance, no Sequence lens.",
        "模型用这些细胞系训练过，因此其 AUPRC 偏高。运行没有存储其元件对的位置：没有距离，也不能在序列透镜中打开。",
    ),
    "ablation.tab.atoms": ("Each atom alone", "逐个原子"),
    "ablation.tab.curve": ("More and more atoms", "越来越多的原子"),
    "ablation.tab.pairs": ("Two atoms together", "两个原子一起"),
    # ---------------------------------------------------------------- slice
    "ablation.metric": ("Measured by", "衡量指标"),
    "ablation.metric_help": (
        "Logit or probability: how far each prediction moves. AUPRC: how much worse pairs are ranked, mean over lines with both labels.",
        "logit 或概率：每个预测移动多少。AUPRC：排序变差多少，对两类标签都有的细胞系取平均。",
    ),
    "ablation.metric.logit": ("logit", "logit"),
    "ablation.metric.probability": ("probability", "概率"),
    "ablation.metric.auprc": ("AUPRC", "AUPRC"),
    "ablation.slice.line": ("Line", "细胞系"),
    "ablation.slice.label": ("Label", "标签"),
    "ablation.slice.distance": ("Distance", "距离"),
    "ablation.slice.distance_help": (
        "Between the midpoints of the two elements; pairs on two chromosomes are left out by any range.",
        "两个元件中点之间的距离；位于两条染色体的元件对不属于任何范围。",
    ),
    "ablation.slice.no_distance": ("No distance is known for these pairs.", "这些元件对没有已知距离。"),
    "ablation.slice.all": ("all", "全部"),
    "ablation.slice.apply": ("Apply", "应用"),
    "ablation.no_pair": ("None of the {n} pairs is left in this slice.", "{n} 个元件对在此切片中一个不剩。"),
    "ablation.no_pair_do": ("Widen one of them and press Apply.", "请放宽其中之一并点击“应用”。"),
    "ablation.removed.line": ("the line filter removed {n} of {total}", "细胞系筛选去掉 {n} / {total}"),
    "ablation.removed.label": ("the label filter removed {n} of {total}", "标签筛选去掉 {n} / {total}"),
    "ablation.removed.distance": ("the distance filter removed {n} of {total}", "距离筛选去掉 {n} / {total}"),
    "ablation.one_class": (
        "AUPRC is undefined here: no line of the slice has labels of both classes.",
        "此处 AUPRC 无定义：切片中没有同时具有两类标签的细胞系。",
    ),
    "ablation.one_class_do": (
        "Choose all labels, or measure by logit.",
        "请选择全部标签，或改用 logit 衡量。",
    ),
    # ---------------------------------------------------------------- one atom
    "ablation.atom": ("Atom", "原子"),
    "ablation.atom_help": (
        "Or click it in the forest or in the map. A link keeps it.",
        "也可在森林图或热图中点击。链接会保留。",
    ),
    "ablation.chance": (
        "Atom {k}: no more than chance (p = {p:.2f}). Removing a random direction of the same norm changes the predictions as "
        "much, so no size is shown, and no label is shown to need it.",
        "原子 {k}：不超过偶然（p = {p:.2f}）。移除同样长度的随机方向对预测的改变也这么大，因此不显示幅度，也未显示标签需要它。",
    ),
    "ablation.small": (
        "Atom {k}: a random mixture of the atoms changes the predictions as much (p = {p:.2f}), so no size is shown. What it "
        "is worth, the labels say.",
        "原子 {k}：随机混合的原子对预测的改变也这么大（p = {p:.2f}），因此不显示幅度。其价值请看标签。",
    ),
    "ablation.kpi.fit": ("Labels lose (nats per {per})", "标签损失（每 {per} 个，nat）"),
    "ablation.fit.needed": (
        "The {n:,} labels need it: without it they are less likely.",
        "{n:,} 个标签需要它：移除后标签的似然降低。",
    ),
    "ablation.fit.harmful": (
        "It misleads here: without it the {n:,} labels are more likely.",
        "它在此误导：移除后 {n:,} 个标签的似然反而升高。",
    ),
    "ablation.fit.open": (
        "The {n:,} labels do not show whether it helps: the interval holds 0.",
        "{n:,} 个标签未显示它是否有用：区间包含 0。",
    ),
    "ablation.fit.none": (
        "No pair of the slice has a label, so nothing here says whether it helps.",
        "切片中没有带标签的元件对，因此无从判断它是否有用。",
    ),
    "ablation.facts": (
        "{n:,} pairs in {groups:,} promoter groups; p = {p:.3f} against 200 random directions.",
        "{n:,} 个元件对，{groups:,} 个启动子组；与 200 个随机方向相比 p = {p:.3f}。",
    ),
    "ablation.kpi.size": ("Mean size of the change ({metric})", "平均变化幅度（{metric}）"),
    "ablation.kpi.effect": ("Mean signed loss ({metric})", "平均有符号损失（{metric}）"),
    "ablation.interval": ("95 %: {low:.3f} to {high:.3f}", "95 %：{low:.3f} 至 {high:.3f}"),
    "ablation.raises": (
        "On the whole the atom raises predictions: they fall without it.",
        "总体上该原子提高预测：移除后预测下降。",
    ),
    "ablation.lowers": (
        "On the whole the atom lowers predictions: they rise without it.",
        "总体上该原子降低预测：移除后预测上升。",
    ),
    "ablation.both": (
        "It raises some pairs and lowers others, so the signed mean says little; read its size.",
        "它提高一部分元件对、降低另一部分，有符号平均值意义不大；请看幅度。",
    ),
    "ablation.follows": ("Planted truth: {name}", "设定的真相：{name}"),
    "ablation.decoy": ("decoy", "诱饵"),
    "ablation.truth": (
        "Beside each atom: the planted mechanism that its potential follows over these pairs, and r; each mechanism is named "
        "once, at the atom that follows it best. {n} atoms are left without one: decoys.",
        "每个原子旁为其势在这些元件对上跟随的设定机制及相关系数 r；每个机制只标一次，标在最接近它的原子旁。{n} 个原子没有对应机制：诱饵。",
    ),
    "ablation.no_truth": (
        "The truth is known by pair name, and these pairs have none of that world.",
        "真相按元件对名称记录，而这些元件对不属于该世界。",
    ),
    "ablation.changed": ("Pairs that change most without atom {k}", "移除原子 {k} 后变化最大的元件对"),
    "ablation.changed_help": (
        "{n} pairs, {flips} of them change sides; those first, then by size.",
        "{n} 个元件对，其中 {flips} 个改变判断；这些在前，其余按幅度排列。",
    ),
    "ablation.changed.alt": (
        "The {n} pairs that change most without atom {k}; {flips} change sides.",
        "移除原子 {k} 后变化最大的 {n} 个元件对；{flips} 个改变判断。",
    ),
    "ablation.col.pair": ("pair", "元件对"),
    "ablation.col.line": ("line", "细胞系"),
    "ablation.col.label": ("label", "标签"),
    "ablation.col.before": ("logit", "logit"),
    "ablation.col.after": ("without it", "移除后"),
    "ablation.col.flips": ("changes sides", "改变判断"),
    "ablation.open": ("Open {pair} in the Sequence lens", "在序列透镜中打开 {pair}"),
    "ablation.no_lens": (
        "Training pairs cannot be opened in the Sequence lens: the run stores their features, not their sequences.",
        "训练元件对不能在序列透镜中打开：运行只存储其特征，不存储序列。",
    ),
    "ablation.table": ("All atoms", "全部原子"),
    "ablation.table_note": (
        "the labels need {needed} of {k}; {inside} move predictions no more than a random direction",
        "{k} 个中标签需要 {needed} 个；{inside} 个对预测的改变不超过随机方向",
    ),
    "ablation.table.alt": (
        "All {k} atoms with size, signed loss, p and what labels lose; {needed} are needed, {inside} move predictions no more than a random direction.",
        "全部 {k} 个原子的幅度、有符号损失、p 与标签损失；{needed} 个被需要，{inside} 个对预测的改变不超过随机方向。",
    ),
    "ablation.col.atom": ("atom", "原子"),
    "ablation.col.size": ("size [95 %]", "变化幅度 [95 %]"),
    "ablation.col.signed": ("signed loss [95 %]", "有符号损失 [95 %]"),
    "ablation.col.p": ("p", "p"),
    "ablation.col.fit": ("labels lose [95 %]", "标签损失 [95 %]"),
    "ablation.col.fit_help": (
        "Log-likelihood that the known labels lose without the atom, in nats per {per} labels.",
        "移除该原子后已知标签损失的对数似然，单位为每 {per} 个标签的 nat。",
    ),
    "ablation.col.verdict": ("verdict", "结论"),
    "ablation.col.follows": ("planted truth", "设定的真相"),
    "ablation.col.chance": ("⚠ as a random one", "⚠ 与随机方向相当"),
    # ---------------------------------------------------------------- many, two
    "ablation.curve_help": (
        "Ranking of pairs while more and more atoms are removed, all pairs of the chosen lines: largest effect first, and in ten random orders. "
        "With the mean over lines as replacement, what is left in the end is the average line; with zero, no atom at all.",
        "移除越来越多的原子时元件对的排序质量，使用所选细胞系的全部元件对：按效应从大到小，以及十种随机次序。"
        "以各细胞系平均作替换时，最后剩下的是平均细胞系；以零替换时，不剩任何原子。",
    ),
    "ablation.curve_go": ("Compute the curve", "计算曲线"),
    "ablation.curve_working": ("Removing more and more atoms", "正在移除越来越多的原子"),
    "ablation.curve_done": ("Curve computed", "曲线已计算"),
    "ablation.curve_waiting": ("The curve has not been computed yet.", "尚未计算曲线。"),
    "ablation.curve_waiting_do": (
        "Press **Compute the curve**. It takes about 20 seconds for 1,000 pairs, can be cancelled, and is kept.",
        "请点击**计算曲线**。1,000 个元件对约需 20 秒，可取消，结果会保留。",
    ),
    "ablation.pairs_atoms": ("Atoms, two to eight", "原子，二至八个"),
    "ablation.pairs_help": ("At first the four with the largest effect.", "默认为效应最大的四个。"),
    "ablation.pairs_go": ("Remove them in pairs", "成对移除"),
    "ablation.pairs_working": ("Removing two atoms at a time", "正在每次移除两个原子"),
    "ablation.pairs_done": ("All pairs of atoms removed", "所有原子对已移除"),
    "ablation.pairs_waiting": ("No two atoms have been removed together yet.", "尚未同时移除任何两个原子。"),
    "ablation.pairs_waiting_do": ("Choose atoms and press **Remove them in pairs**.", "请选择原子并点击**成对移除**。"),
    # ---------------------------------------------------------------- exports
    "ablation.export.long": ("Every pair and atom (CSV)", "每个元件对与原子（CSV）"),
    "ablation.export.long_help": (
        "One row per atom and pair of the slice: what the prediction loses.",
        "切片中每个原子与元件对一行：预测失去多少。",
    ),
    "ablation.export.json": ("Forest with its filters (JSON)", "森林图与筛选（JSON）"),
    # ---------------------------------------------------------------- how to read
    "ablation.forest.how": (
        "One row per atom. **Left**: how far predictions move on average when it is removed, whatever the direction. **Middle**: the "
        "signed mean, positive where predictions fall without the atom. **Right**: how much log-likelihood the known labels lose "
        "without it; above zero the labels need it, below zero they are more likely without it. Bars are 95 % intervals over "
        "promoters; of forty atoms that do nothing, one would pass as needed. Grey: what 95 % of 200 random directions of "
        "the same norm do. A random direction mixes the atoms, so where every atom is a mechanism few single ones move "
        "predictions more: a size inside the grey is not shown, and the labels tell what the atom is worth. Hollow circles are "
        "atoms that neither shows. Click an atom for its pairs.",
        "每行一个原子。**左**：移除后预测平均移动多少，不计方向。**中**：有符号平均值，正值表示移除后预测下降。**右**：移除后已知标签损失多少对数似然；"
        "大于零说明标签需要它，小于零说明移除后标签更可能。横线为按启动子计算的 95 % 区间；毫无作用的原子约四十个中有一个会被误判为需要。"
        "灰色：200 个同长度随机方向中 95 % 的效应。随机方向是原子的混合，若每个原子都是机制，单个原子很少能移动更多："
        "灰带内的幅度不显示，其价值由标签说明。空心圆表示两者都未显示的原子。点击原子可查看其元件对。",
    ),
    "ablation.map.how": (
        "Rows are lines with their number of pairs, columns atoms. Red: predictions fall without the atom; blue: they rise. One atom "
        "red in one line and blue in another acts with opposite sign there. Click a cell to see the atom below.",
        "行为细胞系及其元件对数，列为原子。红色：移除后预测下降；蓝色：上升。同一原子在不同细胞系颜色相反，说明其作用符号相反。点击某格可在下方查看该原子。",
    ),
    "ablation.curve.how": (
        "How well pairs are still ranked after so many atoms are gone. A solid line that falls below the grey range means that the "
        "atoms with large effects matter more than random ones. The dotted line is the share of contacts: ranking by chance.",
        "移除若干原子后元件对的排序质量。实线降到灰色范围以下，说明效应大的原子比随机原子更重要。虚线为接触所占比例：随机排序的水平。",
    ),
    "ablation.pairs.how": (
        "What is lost without both atoms, minus what is lost without each alone. Above zero: they back each other up, and only removing "
        "both shows it. Below zero: they do part of the same work, or one needs the other. Near zero: they add up.",
        "同时移除两个原子的损失减去各自单独移除的损失。大于零：互为备份，只有同时移除才显现。小于零：做了部分相同的工作，或其中一个依赖另一个。接近零：两者相加。",
    ),
    # ---------------------------------------------------------------- figures
    "fig.forest.title": ("What is lost without each atom", "移除每个原子失去多少"),
    "fig.forest.note.labelled": (
        "the labels need {needed} of {k} atoms; {outside} move predictions more than random directions (grey) · {n:,} pairs, {groups:,} promoter groups",
        "标签需要 {k} 个原子中的 {needed} 个；{outside} 个对预测的改变超过随机方向（灰色）· {n:,} 个元件对，{groups:,} 个启动子组",
    ),
    "fig.forest.note.unlabelled": (
        "{outside} of {k} atoms move predictions more than random directions (grey) · no labels · {n:,} pairs, {groups:,} promoter groups",
        "{k} 个原子中 {outside} 个对预测的改变超过随机方向（灰色）· 无标签 · {n:,} 个元件对，{groups:,} 个启动子组",
    ),
    "fig.forest.alt.labelled": (
        "Effect of removing each of {k} atoms: labels need {needed}, {outside} move predictions more than random directions; the largest is atom {top} with {size:.3f}.",
        "移除 {k} 个原子各自的效应：标签需要 {needed} 个，{outside} 个对预测的改变超过随机方向；最大的是原子 {top}，{size:.3f}。",
    ),
    "fig.forest.alt.unlabelled": (
        "Effect of removing each of {k} atoms: {outside} move predictions more than random directions; the largest is atom {top} with {size:.3f}; no label says which are needed.",
        "移除 {k} 个原子各自的效应：{outside} 个对预测的改变超过随机方向；最大的是原子 {top}，{size:.3f}；没有标签说明哪些被需要。",
    ),
    "fig.forest.verdict.needed": ("labels need it", "标签需要"),
    "fig.forest.verdict.harmful": ("it misleads", "误导"),
    "fig.forest.verdict.moves": ("moves predictions, labels open", "改变预测，标签未定"),
    "fig.forest.verdict.chance": ("no more than chance", "不超过偶然"),
    "fig.forest.size": ("mean size of the change ({metric})", "平均变化幅度（{metric}）"),
    "fig.forest.signed": ("mean signed loss ({metric})", "平均有符号损失（{metric}）"),
    "fig.forest.fit": ("labels lose (nats per {n})", "标签损失（每 {n} 个，nat）"),
    "fig.forest.metric.logit": ("logit", "logit"),
    "fig.forest.metric.probability": ("probability", "概率"),
    "fig.forest.metric.auprc": ("AUPRC", "AUPRC"),
    "fig.forest.chance": ("⚠ as a random direction, p = {p:.2f}", "⚠ 与随机方向相当，p = {p:.2f}"),
    "fig.forest.fit_value": (
        "{value:+.2f} [{low:+.2f}, {high:+.2f}] nats",
        "{value:+.2f} [{low:+.2f}, {high:+.2f}] nat",
    ),
    "fig.forest.value": (
        "{value:.3f} [{low:.3f}, {high:.3f}], p = {p:.3f}",
        "{value:.3f} [{low:.3f}, {high:.3f}]，p = {p:.3f}",
    ),
    "fig.forest.hover": ("atom %{{y}}: %{{text}}", "原子 %{{y}}：%{{text}}"),
    "fig.linemap.title": ("Signed loss by line", "各细胞系的有符号损失"),
    "fig.linemap.note": (
        "logits, mean over the pairs of the slice; click a cell",
        "logit，对切片内元件对取平均；可点击格子",
    ),
    "fig.linemap.scale": ("loss", "损失"),
    "fig.linemap.hover": ("%{{y}}, atom %{{x}}: %{{text}}", "%{{y}}，原子 %{{x}}：%{{text}}"),
    "fig.linemap.alt": (
        "Signed loss by line and atom: the largest is {value:+.3f}, atom {atom} in {line}.",
        "各细胞系和原子的有符号损失：最大为 {value:+.3f}（{line} 的原子 {atom}）。",
    ),
    "fig.curve.title": ("Ranking while atoms are removed", "逐步移除原子时的排序质量"),
    "fig.curve.x": ("atoms removed", "已移除的原子数"),
    "fig.curve.range": ("range of {n} random orders", "{n} 种随机次序的范围"),
    "fig.curve.random": ("random orders, mean", "随机次序平均"),
    "fig.curve.effect": ("largest effect first", "效应从大到小"),
    "fig.curve.base": ("base rate {base:.2f}", "基线比例 {base:.2f}"),
    "fig.curve.hover": ("%{{x}} removed: AUPRC %{{y:.3f}}", "移除 %{{x}} 个：AUPRC %{{y:.3f}}"),
    "fig.curve.hover_effect": (
        "%{{x}} removed, the last is atom %{{text}}: AUPRC %{{y:.3f}}",
        "移除 %{{x}} 个，最后为原子 %{{text}}：AUPRC %{{y:.3f}}",
    ),
    "fig.curve.alt": (
        "AUPRC goes from {first:.3f} with all atoms to {last:.3f} without any of {k}; the base rate is {base:.3f}.",
        "AUPRC 从全部原子时的 {first:.3f} 变为 {k} 个原子全部移除后的 {last:.3f}；基线比例为 {base:.3f}。",
    ),
    "fig.synergy.title": ("What two atoms do beyond their sum", "两个原子超出各自之和的作用"),
    "fig.synergy.hover": ("atoms %{{y}} and %{{x}}: %{{z:+.4f}}", "原子 %{{y}} 与 %{{x}}：%{{z:+.4f}}"),
    "fig.synergy.alt": (
        "Synergy of {n} atoms: the largest is {value:+.3f}, between atoms {i} and {j}.",
        "{n} 个原子的协同：最大为 {value:+.3f}，在原子 {i} 与 {j} 之间。",
    ),
}
