"""Strings of Context manifold, its page and its figures."""

from __future__ import annotations

PAGE: dict[str, tuple[str, str]] = {
    "manifold.title": ("Context manifold", "语境流形"),
    "manifold.question": (
        "Where does this environment lie among the training lines?",
        "这个细胞语境位于训练细胞系中的什么位置？",
    ),
    "manifold.stored.broken": (
        "It is not used. Make it again with the command below, or compute a map here.",
        "不予使用。请用下面的命令重新生成，或在此计算。",
    ),
    "manifold.dropped": (
        "{n} of {total} training lines have fewer than {shots} pairs, too few for one support, and are left out.",
        "{total} 个训练细胞系中有 {n} 个少于 {shots} 个元件对，不足一个支持集，已略去。",
    ),
    "manifold.no_lines": (
        "No training line has the {shots} labelled pairs of one support, so there is nothing to place.",
        "没有训练细胞系达到一个支持集所需的 {shots} 个有标签元件对，无可放置。",
    ),
    "manifold.no_lines_do": ("Choose another run in the sidebar.", "请在侧栏选择其他运行。"),
    "manifold.unstored": (
        "This run has no stored map. The command below stores one with a UMAP (half a minute); here you can compute the "
        "cloud without UMAP. New runs store it with metabam train --map.",
        "此运行没有存储的图。下面的命令可存储带 UMAP 的图（约半分钟）；在此可计算不含 UMAP 的点云。新的运行可用 metabam train --map 存储。",
    ),
    "manifold.lines": ("Training lines", "训练细胞系"),
    "manifold.seed": ("Seed", "种子"),
    "manifold.judged": ("Score each support", "为每个支持集计分"),
    "manifold.judged_help": (
        "AUROC of each support on up to 300 other pairs of its line; takes several times longer.",
        "每个支持集在其细胞系最多 300 个其他元件对上的 AUROC；耗时数倍。",
    ),
    "manifold.go": ("Compute", "计算"),
    "manifold.working": ("Adapting to {supports} supports of {n} lines", "正在适应 {n} 个细胞系各 {supports} 个支持集"),
    "manifold.cancel": ("Stop", "停止"),
    "manifold.none": ("The cloud has not been computed yet.", "尚未计算点云。"),
    "manifold.none_do": (
        "Press “Compute”: 200 supports of 16 pairs for each line, some seconds.",
        "请按“计算”：每个细胞系 200 个 16 对的支持集，需数秒。",
    ),
    "manifold.view": ("Map", "图"),
    "manifold.view.pca": ("PCA", "PCA"),
    "manifold.view.umap": ("UMAP", "UMAP"),
    "manifold.view.raw": ("raw z", "原始 z"),
    "manifold.axis": ("z on {axis}", "{axis} 轴的 z"),
    "manifold.small": (
        "{n} supports are fewer than {least}: PCA only.",
        "仅 {n} 个支持集，少于 {least}：只能用 PCA。",
    ),
    "manifold.no_umap": (
        "No UMAP is stored; it is made by the command above, not on a page.",
        "没有存储 UMAP；它由上面的命令生成，不在页面上计算。",
    ),
    "manifold.colour": ("Colour", "颜色"),
    "manifold.clip": ("Cut at both ends (%)", "两端截去（%）"),
    "manifold.clip_help": (
        "Values beyond these percentiles share the last colour, so that a few extremes do not bleach the rest.",
        "超出这些百分位的值使用最末颜色，避免少数极端值使其余变淡。",
    ),
    "manifold.new": ("New lines", "新细胞系"),
    "manifold.new_help": (
        "Bundled lines that the model never saw, each after its 16 example pairs. A table that you adapted to on Adapt live "
        "is added by itself.",
        "模型从未见过的自带细胞系，各用 16 个示例元件对适应。您在“实时适应”页适应的表格会自动加入。",
    ),
    "manifold.how": (
        "Each point is what the model believes about a line after 16 random pairs of it: the width of a cloud is what 16 "
        "pairs leave open. A star is the belief after all pairs; it lies farther out, because few pairs keep a belief near the middle. Ellipses hold 1 and 2 standard deviations of the points. "
        "Crosses are new lines, the dashed ellipse is one standard deviation of their own uncertainty. Draw a lasso to list "
        "supports below.",
        "每个点是模型根据某细胞系随机 16 个元件对得到的认识：点云的宽度就是 16 对未能确定的部分。星号为使用全部元件对后的认识；它离中心更远，因为少量元件对使认识停留在中间附近。"
        "椭圆为点的 1 与 2 个标准差。叉号为新细胞系，虚线椭圆为其自身不确定性的一个标准差。用套索圈选可在下方列出支持集。",
    ),
    "manifold.caption": (
        "{lines} lines are a tiny hull: a new line outside it is the rule. In a UMAP, distances and sizes of clusters mean "
        "nothing; the table below counts in z.",
        "{lines} 个细胞系围成的凸包很小：新细胞系落在其外是常态。UMAP 中的距离与簇的大小没有意义；下表以 z 计算。",
    ),
    "manifold.kpi.supports": ("Supports", "支持集"),
    "manifold.kpi.lines": ("{n} lines, {shots} pairs each", "{n} 系，各 {shots} 对"),
    "manifold.kpi.explained": ("Variance shown", "显示的方差"),
    "manifold.kpi.explained_note": ("of z, on two axes", "z 的方差，两轴合计"),
    "manifold.kpi.explained_help": (
        "How much of the spread of the supports in z the picture can show at all.",
        "此图最多能显示支持集在 z 中多少离散程度。",
    ),
    "manifold.kpi.no_share": ("not defined for UMAP", "UMAP 无此定义"),
    "manifold.kpi.trustworthiness": ("Trustworthiness", "可信度"),
    "manifold.kpi.trustworthiness_help": (
        "1 if every neighbour in the picture is a neighbour in z (15 neighbours).",
        "若图中的邻居都是 z 中的邻居则为 1（15 个邻居）。",
    ),
    "manifold.kpi.overlap": ("Shared neighbours", "15 近邻重合"),
    "manifold.kpi.overlap_help": (
        "Share of the 15 nearest neighbours in z that are among the 15 nearest in the picture.",
        "z 中 15 个最近邻里同时是图中 15 个最近邻的比例。",
    ),
    "manifold.kpi.of_one": ("of 1", "满分 1"),
    "manifold.kpi.hull": ("Inside the hull", "凸包内"),
    "manifold.kpi.hull_note": ("new lines, in all of z", "新细胞系，按全部 z"),
    "manifold.kpi.hull_help": (
        "How many new lines are a mixture of training supports in every dimension of z. Outside does not mean wrong, but the "
        "model extrapolates there.",
        "在 z 的所有维度上可表示为训练支持集混合的新细胞系数。在外面并不等于错误，但模型在那里是外推。",
    ),
    "manifold.nearest": ("Nearest lines, by distance in z", "按 z 中距离的最近细胞系"),
    "manifold.nearest.alt": (
        "{line} lies nearest to {near}, {gap:.2f} away in z.",
        "{line} 最近的是 {near}，在 z 中相距 {gap:.2f}。",
    ),
    "manifold.nearest.yardstick": (
        "Distance to the mean of a line's supports. Yardstick: half of all supports of {shots} pairs lie within {gap} of "
        "their own line.",
        "到某细胞系支持集均值的距离。参照：一半的 {shots} 对支持集距自己的细胞系不超过 {gap}。",
    ),
    "manifold.new.none": ("No new line is placed.", "没有放置新细胞系。"),
    "manifold.new.none_do": (
        "Adapt to 16 pairs on Adapt live, or choose a bundled line above.",
        "请在“实时适应”页用 16 个元件对适应，或在上方选择自带的细胞系。",
    ),
    "manifold.col.line": ("line", "细胞系"),
    "manifold.col.nearest": ("nearest {rank} (distance)", "第 {rank} 近（距离）"),
    "manifold.col.inside": ("in the hull", "凸包内"),
    "manifold.col.sigma": ("mean sigma", "平均 sigma"),
    "manifold.col.truth": ("nearest by planted gates", "按设定的门控最近"),
    "manifold.col.support": ("support", "支持集"),
    "manifold.col.positives": ("positives", "阳性数"),
    "manifold.col.distance": ("distance to its line", "到本细胞系的距离"),
    "manifold.col.auroc": ("AUROC", "AUROC"),
    "manifold.yes": ("yes", "是"),
    "manifold.no": ("no", "否"),
    "manifold.chosen.title": ("Chosen supports", "选中的支持集"),
    "manifold.chosen": ("{n} supports chosen", "已选 {n} 个支持集"),
    "manifold.chosen.means": (
        "Means of the chosen against the rest: share of positives {share_chosen} / {share_rest}, distance to the own line "
        "{distance_chosen} / {distance_rest}, sigma {sigma_chosen} / {sigma_rest}, AUROC {auroc_chosen} / {auroc_rest}.",
        "选中与其余的均值：阳性比例 {share_chosen} / {share_rest}，到本细胞系的距离 {distance_chosen} / {distance_rest}，"
        "sigma {sigma_chosen} / {sigma_rest}，AUROC {auroc_chosen} / {auroc_rest}。",
    ),
    "manifold.chosen.alt": ("The {n} supports inside the lasso.", "套索内的 {n} 个支持集。"),
    "manifold.chosen.none": ("No support is chosen.", "没有选中的支持集。"),
    "manifold.chosen.none_do": (
        "Draw a lasso around points of the map: its supports are listed here, and stay marked when the colour changes.",
        "在图上用套索圈选：支持集将列于此处，换颜色后仍保持标记。",
    ),
    "manifold.export.csv": ("Coordinates (CSV)", "坐标（CSV）"),
    "manifold.export.ids": ("Chosen ids (CSV)", "选中的编号（CSV）"),
    "manifold.export.json": ("This view (JSON)", "此视图（JSON）"),
    "manifold.clear": ("Clear selection", "清除选择"),
    "manifold.gates.title": ("The same map by gate", "按门控着色的同一张图"),
    "manifold.gates": ("Gates (at most 4)", "门控（最多 4 个）"),
    "manifold.gates_help": (
        "At first: the four that differ most between the lines.",
        "初始为细胞系之间差异最大的四个。",
    ),
    "manifold.gates.none": ("No gate is chosen.", "没有选择门控。"),
    "manifold.gates.none_do": ("Choose one to four gates.", "请选择一到四个门控。"),
    "manifold.gates.how": (
        "The map again, once per gate. Red: in supports there the model lets the atom activate; blue: repress. A gate that "
        "changes colour across the map is one by which the lines differ.",
        "同一张图，每个门控一幅。红色：模型在该处的支持集中让该原子激活；蓝色：抑制。颜色在图上变化的门控就是细胞系之间不同的门控。",
    ),
}

FIGURES: dict[str, tuple[str, str]] = {
    "fig.manifold.pca": ("What 16 pairs say about each line: principal axes of z", "16 对对各细胞系的说明：z 的主轴"),
    "fig.manifold.umap": ("What 16 pairs say about each line: UMAP of z", "16 对对各细胞系的说明：z 的 UMAP"),
    "fig.manifold.raw": (
        "What 16 pairs say about each line: two dimensions of z",
        "16 对对各细胞系的说明：z 的两个维度",
    ),
    "fig.manifold.pc": ("PC {i} ({share} of the variance)", "PC {i}（方差的 {share}）"),
    "fig.manifold.z": ("z{i} ({share} of the variance)", "z{i}（方差的 {share}）"),
    "fig.manifold.note": (
        "{shown:,} shown / {total:,} supports of {shots} pairs; star: all pairs; ellipses: 1 and 2 sigma",
        "显示 {shown:,} / 共 {total:,} 个 {shots} 对的支持集；星号：全部元件对；椭圆：1 与 2 sigma",
    ),
    "fig.manifold.alt": (
        "Map of {n} supports of {lines} lines with {new} new lines.",
        "{lines} 个细胞系的 {n} 个支持集与 {new} 个新细胞系的图。",
    ),
    "fig.manifold.supports": ("supports", "支持集"),
    "fig.manifold.full": ("all pairs", "全部元件对"),
    "fig.manifold.new": ("never seen, 16 pairs", "未见过，16 对"),
    "fig.manifold.own": ("your table", "您的表格"),
    "fig.manifold.chosen": ("chosen ({n})", "选中（{n}）"),
    "fig.manifold.gate": ("gate {k}", "门控 {k}"),
    "fig.manifold.colour.line": ("line", "细胞系"),
    "fig.manifold.colour.auroc": ("AUROC", "AUROC"),
    "fig.manifold.colour.sigma": ("mean sigma", "平均 sigma"),
    "fig.manifold.colour.positives": ("positives", "阳性数"),
    "fig.manifold.gates": ("Gates over the map", "图上的门控"),
    "fig.manifold.gates.note": (
        "red: activates, blue: represses; {clip} % cut at both ends",
        "红：激活，蓝：抑制；两端各截 {clip} %",
    ),
    "fig.manifold.gates.alt": ("The map coloured by {n} gates.", "以 {n} 个门控着色的图。"),
}

CATALOGUE: dict[str, tuple[str, str]] = {**PAGE, **FIGURES}
