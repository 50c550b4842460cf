"""Strings of the card of one atom and of its figures."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "card.who": ("Who it is", "它是谁"),
    "card.atom": ("Atom", "原子"),
    "card.rank": ("Usage rank", "使用排名"),
    "card.density": ("Above threshold", "高于阈值"),
    "card.fact": ("what", "项目"),
    "card.value": ("value", "数值"),
    "card.of": ("of {total}", "共 {total}"),
    "card.pairs": ("of {n} pairs", "共 {n} 对"),
    "card.effect": ("Mean effect (logit)", "平均效应（logit）"),
    "card.interval": (
        "95 % interval {low} to {high}, n = {n} training pairs",
        "95 % 区间 {low} 至 {high}，n = {n} 个训练元件对",
    ),
    "card.nearest": ("Nearest atom", "最近的原子"),
    "card.reads_join": ("; ", "；"),
    "card.reads": ("Reads most: {features}", "主要读取：{features}"),
    "card.dead": (
        "Dead: the potential never exceeds {x} on {n} pairs; the largest is {top}. The atom answers nothing here.",
        "失活：在 {n} 个元件对上势从不超过 {x}，最大为 {top}。该原子在此没有响应。",
    ),
    "card.dense": (
        "Dense: {share} of all pairs lie above the threshold, so the atom says little about any one of them.",
        "过密：{share} 的元件对高于阈值，因此该原子对单个元件对几乎没有说明力。",
    ),
    "card.chance": (
        "Within chance: without the atom a pair's logit moves by {size}; 95 % of random directions of the same length "
        "move it by up to {band} (p = {p}), and the labels are not shown to need it. Its effect alone is no sign of a "
        "mechanism.",
        "在偶然范围内：去掉该原子后 logit 变化 {size}；95 % 的同长度随机方向可变化至 {band}（p = {p}），且未显示标签需要它。"
        "仅凭效应不能说明它代表机制。",
    ),
    "card.needed": (
        "Needed: with the average line's use of this atom in place of each line's own, {per} training labels lose {fit} "
        "nats of log-likelihood ({low} to {high}, {n} labels).",
        "被标签需要：若用平均细胞系的用法替换各系自身的用法，每 {per} 个训练标签的对数似然损失 {fit} nat（{low} 至 {high}，{n} 个标签）。",
    ),
    "card.harmful": (
        "Misleads: with the average line's use of this atom in place of each line's own, the training labels are more "
        "likely ({fit} nats per {per}, {low} to {high}, {n} labels).",
        "误导：若用平均细胞系的用法替换各系自身的用法，训练标签的似然反而更高（每 {per} 个 {fit} nat，{low} 至 {high}，{n} 个标签）。",
    ),
    "card.label": ("Your label", "您的标签"),
    "card.label_help": (
        "A name of your own, kept in this session and in the exports. The app gives no atom a biological name.",
        "您自己起的名字，保存在本次会话和导出文件中。本应用不会给原子起生物学名称。",
    ),
    "card.notes": ("Your notes", "您的笔记"),
    "card.notes_help": (
        "Kept in this session; the JSON below takes them with it.",
        "保存在本次会话；下方 JSON 会一并导出。",
    ),
    "card.histogram": ("How strongly pairs match it", "元件对与它的匹配强度"),
    "card.histogram.how": (
        "How many of the run's distinct training pairs match the atom how strongly, on a log axis. The dotted line at 0 "
        "is the atom's threshold: coloured bars lie above it. The triangle is the current pair.",
        "运行中不同训练元件对与该原子的匹配强度分布（对数纵轴）。0 处虚线为原子阈值：彩色柱高于阈值。三角为当前元件对。",
    ),
    "card.second_r": (
        "The potentials of the two atoms correlate with r = {r} over {n} pairs.",
        "两个原子的势在 {n} 个元件对上的相关为 r = {r}。",
    ),
    "card.examples": ("Pairs that show it", "典型元件对"),
    "card.examples_note": (
        "10 strongest, 10 weakest, 5 at random from each tenth of the range; select rows to pin them for steering",
        "最强 10 个、最弱 10 个、每十分之一区间随机 5 个；选中行可固定用于调节",
    ),
    "card.examples_alt": (
        "Table of {n} example pairs; the strongest is {pair} with a potential of {p:.2f}.",
        "{n} 个典型元件对的表格；最强的是 {pair}，势为 {p:.2f}。",
    ),
    "card.examples.how": (
        "Look at the middle of the range too: an atom that names a mechanism looks alike all the way down. **p**: match "
        "with the atom. **P**: prediction under the fingerprint of the pair's own line, which was made from labels of "
        "that line; these are training pairs, so it says how the model fits, not how well it predicts. **Lost**: logit that is lost when its gate and its evidence are zero.",
        "也请看区间中部：真正代表某机制的原子，各处的元件对都应相似。**p**：与原子的匹配。**P**：在该元件对自身细胞系指纹下的预测，"
        "指纹来自该系标签；这些是训练元件对，因此反映拟合而非预测能力。**损失**：门控与证据置零时损失的 logit。",
    ),
    "card.group.top": ("top 10", "最强 10 个"),
    "card.group.bottom": ("bottom 10", "最弱 10 个"),
    "card.group.bin": ("{low} - {high}, holds {share} %", "{low} - {high}，占 {share} %"),
    "card.col.group": ("part of the range", "所在区间"),
    "card.col.pair": ("pair", "元件对"),
    "card.col.locus": ("enhancer → promoter", "增强子 → 启动子"),
    "card.col.line": ("line", "细胞系"),
    "card.col.label": ("label", "标签"),
    "card.col.potential": ("p", "p"),
    "card.col.probability": ("P", "P"),
    "card.col.lost": ("lost", "损失"),
    "card.col.lost_help": (
        "Logit with the atom minus logit without it (gate and evidence zero).",
        "有该原子的 logit 减去没有时的 logit（门控与证据置零）。",
    ),
    "card.no_places": (
        "The run keeps no coordinates of its training pairs. Bring the table it was trained on to see loci, motifs and arcs.",
        "此运行未保存训练元件对的坐标。请提供训练所用的表格，以查看位点、基序和弧线。",
    ),
    "card.places": ("Table of the run's training pairs", "此运行的训练元件对表格"),
    "card.lens": ("Read {pair} in the sequence lens", "在序列透镜中查看 {pair}"),
    "card.motifs": ("Motifs and k-mers of its top pairs", "强响应元件对的基序与 k-mer"),
    "card.motifs.working": ("Comparing the DNA of the top pairs", "正在比较强响应元件对的 DNA"),
    "card.motifs.source": ("Motifs tested", "检验的基序"),
    "card.motifs.source.run": ("found by this run ({n})", "本运行发现的（{n}）"),
    "card.motifs.source.world": ("of the planted world ({n})", "设定世界的（{n}）"),
    "card.motifs.source.file": ("your file ({n})", "您的文件（{n}）"),
    "card.motifs.file": ("Motif file (MEME)", "基序文件（MEME）"),
    "card.motifs.file_help": (
        "MEME text, for example from JASPAR; at most 5 MB. It stays in this session.",
        "MEME 文本，例如来自 JASPAR；最多 5 MB。仅保留在本次会话中。",
    ),
    "card.motifs.file_kept": ("{name}: {n} motifs", "{name}：{n} 个基序"),
    "card.motifs.file_drop": ("Forget the file", "删除该文件"),
    "card.motifs.no_places": (
        "No DNA to compare: the run keeps no coordinates of its pairs.",
        "没有可比较的 DNA：此运行未保存元件对的坐标。",
    ),
    "card.motifs.no_places_do": (
        "Bring the table it was trained on, under part iii.",
        "请在第 iii 部分提供训练所用的表格。",
    ),
    "card.motifs.no_genome": (
        "No DNA to compare: this server has no genome for the run.",
        "没有可比较的 DNA：服务器上没有该运行的基因组。",
    ),
    "card.motifs.no_genome_do": (
        "Start the app with METABAM_GENOME set to the FASTA file of the run's build.",
        "启动应用时，将 METABAM_GENOME 设为该运行所用版本的 FASTA 文件。",
    ),
    "card.motifs.no_motifs": (
        "There is no motif to test: this encoder keeps none.",
        "没有可检验的基序：此编码器不含基序。",
    ),
    "card.motifs.no_motifs_do": ("Bring a motif file in MEME format.", "请提供 MEME 格式的基序文件。"),
    "card.motifs.note": (
        "{top} top pairs against {background} pairs below the median that are like them. Distinct enhancers {enhancers}, "
        "promoters {promoters}; GC share of enhancers {gc_e}, of promoters {gc_p}; median distance {distance} kb (top / "
        "background). {motifs} motif tests and {kmers} k-mer tests, both sides; only q ≤ 0.05 is shown.",
        "{top} 个强响应元件对，对照 {background} 个低于中位且相似的元件对。不同增强子 {enhancers}，启动子 {promoters}；增强子 GC 比例 {gc_e}，"
        "启动子 {gc_p}；距离中位数 {distance} kb（强响应 / 对照）。共 {motifs} 项基序检验和 {kmers} 项 k-mer 检验（两侧）；仅显示 q ≤ 0.05。",
    ),
    "card.motifs.none": (
        "None of {motifs} motif tests and {kmers} k-mer tests has q of 0.05 or less: nothing to show.",
        "{motifs} 项基序检验和 {kmers} 项 k-mer 检验的 q 均高于 0.05：没有可显示的结果。",
    ),
    "card.motifs.compare": ("Compare with {n} known motifs", "与 {n} 个已知基序比较"),
    "card.motifs.compare_help": (
        "TOMTOM: which of the run's motifs are known ones (your file, else the planted world's). The first time on "
        "this server takes one to two minutes, later ones no time.",
        "TOMTOM：本运行的哪些基序是已知的（您的文件，否则为设定世界的）。此服务器上首次需一到两分钟，之后即时完成。",
    ),
    "card.motifs.comparing": (
        "Comparing motifs; the first time, TOMTOM is compiled (one to two minutes)",
        "正在比较基序；首次需编译 TOMTOM（一到两分钟）",
    ),
    "card.motifs.compared": (
        "{n} matches with q ≤ 0.05 among {tests} comparisons; others are not shown.",
        "{tests} 次比较中有 {n} 个匹配 q ≤ 0.05；其余不显示。",
    ),
    "card.motifs.few": (
        "Fewer than 25 known motifs stand behind these p values, which then depend on the choice of them.",
        "这些 p 值背后的已知基序不足 25 个，因此取决于其选择。",
    ),
    "card.motifs.how": (
        "The motif exactly as it was tested. Height is information in bits, letters by their share. **AUROC**: chance "
        "that the best site of a top element outscores one of the background; **log2 OR**: log odds of holding the "
        "k-mer. Enrichment shows what goes with the atom, not what causes contact.",
        "所检验的基序原样。高度为信息量（比特），字母按比例。**AUROC**：强响应元件的最佳位点得分高于对照的概率；**log2 OR**：含该 k-mer 的对数优势比。"
        "富集说明与原子相伴的特征，并不证明其导致接触。",
    ),
    "card.motifs.csv": ("Enrichment (CSV)", "富集结果（CSV）"),
    "card.motif.kind": ("kind", "类型"),
    "card.motif.kind.motif": ("motif", "基序"),
    "card.motif.kind.kmer": ("k-mer", "k-mer"),
    "card.motif.name": ("name", "名称"),
    "card.motif.side": ("side", "一侧"),
    "card.motif.side.enhancer": ("enhancer", "增强子"),
    "card.motif.side.promoter": ("promoter", "启动子"),
    "card.motif.consensus": ("consensus", "共有序列"),
    "card.motif.effect": ("effect", "效应"),
    "card.motif.q": ("q", "q"),
    "card.motif.known": ("known as", "已知为"),
    "card.motif.logo": ("{name}, as tested", "{name}（所检验的矩阵）"),
    "card.motif.logo_note": ("{side} · {effect} · q = {q}", "{side} · {effect} · q = {q}"),
    "card.motif.alt": (
        "Table of {n} enriched motifs and k-mers; the logo shows {name} with q = {q}.",
        "{n} 个富集的基序和 k-mer 的表格；标识显示 {name}，q = {q}。",
    ),
    "card.gates": ("Where it is on, off or inverted", "在何处开启、关闭或反转"),
    "card.gates.how": (
        "One dot per random support of the line, half of its pairs positive; the large dot is their mean, the bar holds "
        "90 % of them. **alpha**: the gate that z gives the atom in this line. **delta**: what the support adds to it "
        "directly. Left of zero, in the shaded half, the atom represses contact.",
        "每个点为该细胞系的一个随机支持集（一半为阳性）；大点为均值，横线含其中 90 %。**alpha**：z 在该系中给予原子的门控。**delta**：支持集直接附加的量。"
        "零点左侧阴影区表示该原子抑制接触。",
    ),
    "card.track": ("Periods and wavelet bands it uses", "使用的周期与小波频带"),
    "card.track.how": (
        "How the atom's match along the DNA spreads over periods and wavelet bands, times the weight of that match.",
        "原子沿 DNA 的匹配在各周期和小波频带上的分布，乘以该匹配的权重。",
    ),
    "card.track.none": (
        "This run does not read the position track, so no atom uses a period or a wavelet band of it.",
        "此运行不读取位置轨道，因此没有原子使用其周期或小波频带。",
    ),
    "card.track.none_do": (
        "Train with `--set model.fourier=true` or `--set model.wavelet=haar` to let atoms read it.",
        "训练时加 `--set model.fourier=true` 或 `--set model.wavelet=haar`，原子即可读取。",
    ),
    "card.arcs": ("Where its top pairs lie", "强响应元件对的位置"),
    "card.arcs.none": ("No arc can be drawn: the places of the pairs are not known.", "无法绘制弧线：元件对位置未知。"),
    "card.arcs.note": (
        "the {n} pairs of {total} with the largest potential; one chromosome is drawn at a time",
        "{total} 个元件对中势最大的 {n} 个；每次绘制一条染色体",
    ),
    "card.arcs.how": (
        "One arc per pair, from the midpoint of the enhancer to the midpoint of the promoter, as high as the square root "
        "of the distance; coloured by the known label. At most 300 are drawn.",
        "每个元件对一条弧，从增强子中点到启动子中点，高度为距离的平方根；按已知标签着色。最多绘制 300 条。",
    ),
    "card.arcs.table": ("All {n} top pairs", "全部 {n} 个强响应元件对"),
    "card.chrom": ("Chromosome", "染色体"),
    "card.least": ("Least P drawn", "最小 P"),
    "card.opacity": ("Opacity of arcs", "弧线不透明度"),
    "card.steer": ("Steer this atom", "调节此原子"),
    "card.steer.line": ("Under the fingerprint of", "使用的指纹"),
    "card.steer.line_help": (
        "The training line whose gates are used; the pairs keep their DNA.",
        "使用其门控的训练细胞系；元件对的 DNA 不变。",
    ),
    "card.steer.pins": (
        "{n} pairs pinned: those selected in the table of part iii, at most six.",
        "已固定 {n} 个元件对：即第 iii 部分表格中选中的，最多六个。",
    ),
    "card.steer.factor": ("alpha of atom {k} times", "原子 {k} 的 alpha 乘以"),
    "card.steer.box": ("Factor", "倍数"),
    "card.steer.reset": ("Reset", "重置"),
    "card.steer.beyond": (
        "The gate would be {gate}, outside of [-1, 1]: no cell line can reach this.",
        "门控将为 {gate}，超出 [-1, 1]：没有细胞系能达到。",
    ),
    "card.steer.how": (
        "What the model would say if the gate of this one atom were larger, zero or turned round; everything else stays, "
        "delta too. Factor 1 is the answer as it is, 0 switches the gate off, below 0 inverts it. In the grey part the "
        "gate would leave [-1, 1]. A flat curve means that the pair does not depend on the atom's gate.",
        "若这一个原子的门控变大、为零或反转，模型会如何回答；其他一切（包括 delta）不变。倍数 1 为原答案，0 关闭门控，小于 0 则反转。"
        "灰色部分门控会超出 [-1, 1]。曲线平坦说明该元件对不依赖此门控。",
    ),
    "card.truth": ("Truth", "真相"),
    "card.truth.hit": (
        "**{name}** ({kind}, {element}), r = {r}: {sign}.",
        "**{name}**（{kind}，{element}），r = {r}：{sign}。",
    ),
    "card.truth.plus": ("the atom is high where the mechanism is active", "机制活跃处原子取值高"),
    "card.truth.minus": (
        "the atom is low where the mechanism is active, so its gate counts with the opposite sign",
        "机制活跃处原子取值低，因此其门控符号相反",
    ),
    "card.truth.miss": (
        "This atom stands for no planted mechanism. The nearest is **{name}** with r = {r} (|r| of {bar} counts as found); "
        "that one was matched to atom {owner}.",
        "该原子不对应任何设定机制。最接近的是 **{name}**，r = {r}（|r| 达 {bar} 记为找到）；该机制匹配给了原子 {owner}。",
    ),
    "card.truth.named": (
        "Motif comparison names its planted motifs: {motifs}.",
        "基序比较对上了设定的基序：{motifs}。",
    ),
    "card.truth.unnamed": (
        "No match with q of 0.05 or less for {motifs}.",
        "{motifs} 没有 q 不高于 0.05 的匹配。",
    ),
    "card.truth.not_compared": (
        "Its motifs were not compared yet: part iv does it.",
        "其基序尚未比较：请在第 iv 部分进行。",
    ),
    "card.truth.misses": (
        "{n} of {total} planted mechanisms have no atom: {names}",
        "{total} 个设定机制中有 {n} 个没有对应原子：{names}",
    ),
    "card.truth.no_motif": ("No motif was planted for this mechanism.", "该机制没有设定基序。"),
    "card.truth.logos": ("Planted motifs, then those of the run", "设定的基序，其后为本运行的基序"),
    "card.truth.logos_note": (
        "M… were planted; motif… are the run's own behind the feature that weighs most in the atom",
        "M… 为设定基序；motif… 为原子中权重最大特征所含的本运行基序",
    ),
    "card.truth.kind.single": ("one motif", "单一基序"),
    "card.truth.kind.pair": ("a motif on each side", "两侧各一基序"),
    "card.truth.kind.spaced": ("two motifs at a fixed distance", "固定间距的两个基序"),
    "card.truth.kind.periodic": ("a 10.5 bp period", "10.5 bp 周期"),
    "card.truth.kind.composition": ("GC content", "GC 含量"),
    "card.truth.element.enhancer": ("in the enhancer", "在增强子中"),
    "card.truth.element.promoter": ("in the promoter", "在启动子中"),
    "card.truth.element.both": ("on both sides", "在两侧"),
    "card.html": ("Card (HTML, offline)", "卡片（HTML，离线）"),
    "card.html_help": (
        "One file of about 5 MB with every figure of this card; it opens without a network.",
        "一个约 5 MB 的文件，含此卡片的所有图；无需联网即可打开。",
    ),
    "card.json": ("Atom and notes (JSON)", "原子与笔记（JSON）"),
    "card.json_help": (
        "The numbers of this card, your label and notes, and where they come from.",
        "此卡片的数值、您的标签与笔记及其来源。",
    ),
    "fig.card.atom": ("atom {k}", "原子 {k}"),
    "fig.card.current": ("current pair {pair}", "当前元件对 {pair}"),
    "fig.card.histogram": ("Potential of atom {k}", "原子 {k} 的势"),
    "fig.card.histogram_note": (
        "{n} distinct training pairs, {share} % above the threshold",
        "{n} 个不同的训练元件对，{share} % 高于阈值",
    ),
    "fig.card.histogram_alt": (
        "Histogram of the potential of atom {k} over {n} pairs: {share:.1%} lie above its threshold, the largest is {top:.2f}.",
        "原子 {k} 的势在 {n} 个元件对上的直方图：{share:.1%} 高于阈值，最大为 {top:.2f}。",
    ),
    "fig.card.potential": ("potential p (0 = threshold)", "势 p（0 = 阈值）"),
    "fig.card.count": ("pairs (log)", "元件对数（对数）"),
    "fig.card.gates": ("Gate and evidence of atom {k} by line", "原子 {k} 在各细胞系的门控与证据"),
    "fig.card.gates_note": (
        "{n} random supports of {shots} pairs each; bar: central 90 %; shaded: represses",
        "{n} 个随机支持集，各 {shots} 个元件对；横线：中间 90 %；阴影：抑制",
    ),
    "fig.card.gates_alt": (
        "Gates of atom {k}: {on} lines above zero, {off} below; mean gates from {low:.2f} to {high:.2f}.",
        "原子 {k} 的门控：{on} 个细胞系大于零，{off} 个小于零；均值从 {low:.2f} 到 {high:.2f}。",
    ),
    "fig.card.alpha": ("α: gate given by z", "α：由 z 给出的门控"),
    "fig.card.delta": ("δ: evidence of the support", "δ：支持集的证据"),
    "fig.card.gate_axis": ("gate α (−1 represses, +1 activates)", "门控 α（−1 抑制，+1 激活）"),
    "fig.card.delta_axis": ("δ (logit per unit state)", "δ（每单位状态的 logit）"),
    "fig.card.supports": ("atom {k}, supports", "原子 {k}，支持集"),
    "fig.card.planted": ("planted (truth)", "设定值（真相）"),
    "fig.card.steering": ("Answers when atom {k}'s gate is multiplied", "原子 {k} 的门控乘以倍数时的回答"),
    "fig.card.steering_note": (
        "untouched gate {gate}; grey: the gate would leave [−1, 1]",
        "原门控 {gate}；灰色：门控会超出 [−1, 1]",
    ),
    "fig.card.steering_alt": (
        "Response of {n} pairs to the gate of atom {k}: at factor {factor:g} pair {pair} moves most, by {moved:+.2f}.",
        "{n} 个元件对对原子 {k} 门控的响应：倍数 {factor:g} 时，{pair} 变化最大，为 {moved:+.2f}。",
    ),
    "fig.card.factor": ("factor on α", "α 的倍数"),
    "fig.card.track": ("What atom {k} reads along the DNA", "原子 {k} 沿 DNA 读取的内容"),
    "fig.card.track_alt": (
        "Bands that atom {k} reads; the strongest is {label} with {value:.2f}.",
        "原子 {k} 读取的频带；最强的是 {label}，为 {value:.2f}。",
    ),
    "fig.card.track_axis": ("share × |weight|", "比例 × |权重|"),
    "fig.card.track.fourier": ("period", "周期"),
    "fig.card.track.wavelet": ("wavelet", "小波"),
    "fig.card.arcs": ("Top pairs of atom {k} on {chrom}", "{chrom} 上原子 {k} 的强响应元件对"),
    "fig.logo.alt": (
        "{n} sequence logos; {name} reads {bases}, {bits:.1f} bits in all.",
        "{n} 个序列标识；{name} 的共有序列为 {bases}，共 {bits:.1f} 比特。",
    ),
    "fig.logo.column": ("column of the motif", "基序位置"),
    "fig.logo.bits": ("bits", "比特"),
}
