"""Strings of the Sequence lens and of its figures."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "sequence.title": ("Sequence lens", "序列透镜"),
    "sequence.question": (
        "Which bases of this enhancer and this promoter carry the prediction, or feed one atom?",
        "这个增强子和这个启动子的哪些碱基支撑预测，或为某个原子提供输入？",
    ),
    # ---------------------------------------------------------------- controls
    "sequence.line": ("Pairs of", "元件对来自"),
    "sequence.line_help": (
        "Bundled tables hold lines that the model never saw in training. Your own table is the one loaded on Adapt live.",
        "自带表格中的细胞系在训练中从未出现。您自己的表格是在“实时适应”页载入的那一个。",
    ),
    "sequence.line.yours": ("your table from Adapt live", "您在“实时适应”页载入的表格"),
    "sequence.line.labelled": ("your labelled pairs from Adapt live", "您在“实时适应”页载入的有标签元件对"),
    "sequence.line.bundled": ("{line} (bundled, never seen in training)", "{line}（自带，训练中未见过）"),
    "sequence.line.atom": ("atom {atom}: the training pairs of its card", "原子 {atom}：其卡片上的训练元件对"),
    "sequence.order.atom": (
        "most likely first, as read under the prior: these pairs come from several lines",
        "按先验所得预测，从高到低：这些元件对来自多个细胞系",
    ),
    "sequence.order.labelled": (
        "most likely first, as read under these very pairs: the model was told their labels, so P tests nothing",
        "按这些元件对自身所得预测，从高到低：模型已知其标签，因此 P 不构成检验",
    ),
    "sequence.order": (
        "most likely first, as read under the line's own 16 pairs",
        "按该细胞系自己的 16 对所得预测，从高到低",
    ),
    "sequence.pair": ("Pair", "元件对"),
    "sequence.pair_help": (
        "Type a pair id to find it. P is the prediction under the line's own labelled pairs. A link keeps the pair.",
        "输入元件对编号即可查找。P 是用该细胞系自己的有标签元件对得到的预测。链接会保留所选元件对。",
    ),
    "sequence.unlabelled": ("no label", "无标签"),
    "sequence.belief": ("Read under the fingerprint of", "使用的指纹"),
    "sequence.belief_help": (
        "The fingerprint is held fixed: only the sequence of the pair is attributed, not the labelled pairs behind it.",
        "指纹保持不变：只归因元件对的序列，不归因其背后的有标签元件对。",
    ),
    "sequence.belief.support": ("this line's labelled pairs", "该细胞系的有标签元件对"),
    "sequence.belief.live": ("your last run on Adapt live", "您最近一次“实时适应”的结果"),
    "sequence.belief.prior": ("no labels at all (prior)", "没有任何标签（先验）"),
    "sequence.belief.line": ("training line {line}", "训练细胞系 {line}"),
    "sequence.target": ("Explain", "解释对象"),
    "sequence.target_help": (
        "The prediction as a logit; or p, how strongly the pair matches one atom; or h(T), that atom's state after the last unfolding step.",
        "预测的 logit；或 p，即元件对与某个原子的匹配强度；或 h(T)，该原子在最后一步展开后的状态。",
    ),
    "sequence.target.logit": ("prediction", "预测"),
    "sequence.target.potential": ("atom p", "原子 p"),
    "sequence.target.state": ("atom h(T)", "原子 h(T)"),
    "sequence.atom": ("Atom", "原子"),
    "sequence.atom_help": ("Used where an atom is explained; counted from 1.", "仅在解释原子时使用；从 1 起计数。"),
    "sequence.method": ("Method", "方法"),
    "sequence.method_help": (
        "Integrated gradients: 100 steps from the baseline to the sequence. Feature ablation: 10 bp at a time are replaced by the baseline.",
        "积分梯度：从基线到序列走 100 步。特征消融：每次把 10 bp 换成基线。",
    ),
    "sequence.method.integrated_gradients": ("Integrated gradients", "积分梯度"),
    "sequence.method.feature_ablation": ("Feature ablation", "特征消融"),
    "sequence.baseline": ("Baseline", "基线"),
    "sequence.baseline_help": (
        "What the sequence is compared with. Shuffles keep all dinucleotide counts of the element.",
        "序列与什么相比。打乱序列会保留元件的全部二核苷酸计数。",
    ),
    "sequence.baseline.shuffle": ("10 dinucleotide shuffles", "10 个二核苷酸打乱序列"),
    "sequence.baseline.uniform": ("0.25 for each letter", "每个碱基 0.25"),
    "sequence.baseline.zeros": ("zeros", "全零"),
    "sequence.go": ("Show the bases", "显示碱基"),
    "sequence.go_help": ("Takes about three seconds.", "约需三秒。"),
    "sequence.working": ("Reading the pair base by base", "正在逐碱基读取元件对"),
    "sequence.done": ("Read in {seconds:.1f} s", "用时 {seconds:.1f} 秒"),
    # ---------------------------------------------------------------- empty
    "sequence.no_pairs": ("There is no pair with a sequence to look at.", "没有带序列的元件对可看。"),
    "sequence.no_pairs_do": (
        "Load a query table on Adapt live: with sequences in it, or with coordinates where the server has a genome.",
        "请在“实时适应”页载入查询表：表中带序列，或在服务器有基因组时带坐标。",
    ),
    "sequence.elsewhere": (
        "This link names a pair of a table that somebody brought to Adapt live. Such a table stays in the browser "
        "session that brought it and is never stored on the server; this session does not have that pair.",
        "此链接指向某人在“实时适应”页载入的表格中的元件对。这类表格只留在载入它的浏览器会话中，从不存到服务器；本次会话没有该元件对。",
    ),
    "sequence.elsewhere_do": (
        "Load the same table on Adapt live, press Adapt, and open the pair from there. A link that others can open needs "
        "a pair of a bundled table.",
        "请在“实时适应”页载入同一张表格，按下“适应”，再从那里打开该元件对。若要他人也能打开链接，请选用自带表格中的元件对。",
    ),
    "sequence.elsewhere_go": ("Go to Adapt live", "前往“实时适应”"),
    "sequence.no_usable": ("None of the {n} pairs can be read.", "{n} 个元件对都无法读取。"),
    "sequence.no_usable_do": (
        "Each needs both sequences, or coordinates inside the genome. Mend the table on Adapt live.",
        "每一对都需要两条序列，或位于基因组内的坐标。请在“实时适应”页修改表格。",
    ),
    "sequence.precomputed": (
        "This run reads features that were computed elsewhere, not DNA, so no base can be attributed.",
        "此运行读取的是预先计算的特征而非 DNA，因此无法归因到碱基。",
    ),
    "sequence.precomputed_do": ("Choose a run whose encoder reads sequences.", "请选择编码器读取序列的运行。"),
    "sequence.waiting": ("No pair has been read yet.", "尚未读取任何元件对。"),
    "sequence.waiting_do": (
        "Choose a pair above and press **Show the bases**.",
        "请在上方选择元件对，然后点击**显示碱基**。",
    ),
    "sequence.stale": (
        "The controls have changed. What is drawn is still {pair}: press Show the bases to read again.",
        "控件已更改。图中仍是 {pair}：请点击“显示碱基”重新读取。",
    ),
    # ---------------------------------------------------------------- answer
    "sequence.shown": ("{pair}", "{pair}"),
    "sequence.told": (
        "Attributed: {target}, under the fingerprint of {belief}. {method} against {baseline}. Computed in {seconds:.1f} s.",
        "归因对象：{target}；指纹：{belief}。方法：{method}；基线：{baseline}。计算用时 {seconds:.1f} 秒。",
    ),
    "sequence.told.logit": ("the logit of the prediction", "预测的 logit"),
    "sequence.told.potential": ("p of atom {atom}", "原子 {atom} 的 p"),
    "sequence.told.state": ("h(T) of atom {atom}", "原子 {atom} 的 h(T)"),
    "sequence.kpi.value": ("f(pair)", "f(元件对)"),
    "sequence.kpi.value_help": ("The explained value for the pair as it is.", "元件对原样的被解释值。"),
    "sequence.kpi.gap": ("Difference", "差值"),
    "sequence.kpi.gap_help": (
        "f(pair) − f(baseline): what the bars have to add up to.",
        "f(元件对) − f(基线)：各条之和应等于它。",
    ),
    "sequence.kpi.total": ("Sum of bars", "条形之和"),
    "sequence.kpi.total_help": ("Over all bases of both elements.", "两个元件的全部碱基之和。"),
    "sequence.kpi.residual": ("Residual", "残差"),
    "sequence.kpi.residual_help": (
        "How far the sum misses the difference, relative to it. Above 5 % do not trust the bars.",
        "归因之和与差值之间的相对误差。超过 5 % 时不要相信这些条形。",
    ),
    "sequence.kpi.share": ("E / P share", "E / P 份额"),
    "sequence.kpi.share_help": (
        "Enhancer and promoter: shares of the summed |attribution|.",
        "增强子与启动子在 |归因| 总和中各占的份额。",
    ),
    "sequence.kpi.null": ("Chance", "偶然范围"),
    "sequence.kpi.null_help": (
        "95 % of the bases of a shuffled pair lie inside this range: smaller bars mean nothing. It is the grey band.",
        "打乱后的元件对有 95 % 的碱基落在此范围内：更小的条形没有意义。图中为灰带。",
    ),
    "sequence.residual.gradients": (
        "The attributions miss the difference by {residual}. Do not read single bars of this pair.",
        "归因之和与差值相差 {residual}。请勿解读此元件对的单个条形。",
    ),
    "sequence.residual.ablation": (
        "The attributions miss the difference by {residual}: blocks act together, so their separate losses do not add up. "
        "Read this as a ranking, or use integrated gradients.",
        "归因之和与差值相差 {residual}：各区段共同起作用，单独的损失不能相加。请只看排序，或改用积分梯度。",
    ),
    "sequence.off_simplex": (
        "At each position the mean gradient over A, C, G and T is removed, because DNA can change its letters but not their "
        "sum; that took {value:+.4f} off the total.",
        "每个位置都减去了 A、C、G、T 梯度的平均值，因为 DNA 只能更换碱基而不能改变其总和；这使总和减少 {value:+.4f}。",
    ),
    "sequence.no_truth": (
        "Nothing is known of what was planted in this pair: it is not one of the world's own.",
        "此元件对不属于该设定世界，无从得知其中设定了什么。",
    ),
    # ---------------------------------------------------------------- motifs
    "sequence.motifs": ("Motif file", "基序文件"),
    "sequence.motifs_help": (
        "Without a file the track shows the run's own motifs. A MEME text file, such as one exported from JASPAR, shows yours "
        "instead; it stays in your session.",
        "没有文件时，轨道显示此运行自己的基序。上传 MEME 文本文件（例如从 JASPAR 导出）即可改为显示您的基序；文件只留在您的会话中。",
    ),
    "sequence.motifs_file": ("MEME text, at most 5 MiB and 2,000 motifs", "MEME 文本，至多 5 MiB、2,000 个基序"),
    "sequence.motifs_from": ("Motifs from", "基序来源"),
    "sequence.motifs_from.file": ("your file ({n} motifs)", "您的文件（{n} 个基序）"),
    "sequence.motifs_from.run": ("the run's own motifs", "此运行自己的基序"),
    "sequence.no_dictionary": ("This run has no motifs of its own.", "此运行没有自己的基序。"),
    "sequence.no_dictionary_do": (
        "Add a MEME file above, and its motifs are looked for in both elements.",
        "请在上方添加 MEME 文件，即可在两个元件中查找其中的基序。",
    ),
    "sequence.hits": (
        "{n} sites at q ≤ 0.05, of {tested} windows tested with {source}; nothing weaker is drawn.",
        "共 {n} 个位点 q ≤ 0.05；用{source}检验了 {tested} 个窗口；更弱的不画。",
    ),
    "sequence.hits_click": ("Click a box for the atoms that read it.", "点击方框可查看读取它的原子。"),
    "sequence.no_hits": (
        "No site of {source} reaches q ≤ 0.05 in {tested} windows; the best has q = {q:.2g}.",
        "在 {tested} 个窗口中，{source}没有位点达到 q ≤ 0.05；最好的 q = {q:.2g}。",
    ),
    "sequence.no_hits_file": (
        "Short motifs alone seldom stand out of 800 bp. A file with fewer motifs tests less and finds more.",
        "短基序在 800 bp 中很难单独显著。基序更少的文件检验更少，更容易发现。",
    ),
    "sequence.no_hits_run": (
        "A motif file can be added above.",
        "可在上方添加基序文件。",
    ),
    "sequence.hit": (
        "**{name}** in the {side}, bases {start}–{end}, strand {strand}, q = {q:.2g}",
        "**{name}**，位于{side}，碱基 {start}–{end}，链 {strand}，q = {q:.2g}",
    ),
    "sequence.hit_file": (
        "This motif is your file's. Its likeness to the run's motifs is judged on the atom cards.",
        "此基序来自您的文件。它与此运行基序的相似性在原子卡片上判断。",
    ),
    "sequence.hit_unused": (
        "No feature of this run uses this motif, so no atom reads it.",
        "此运行没有特征使用该基序，因此没有原子读取它。",
    ),
    "sequence.hit_atoms": ("Atoms in which a feature of this motif weighs most:", "该基序的特征权重最大的原子："),
    "sequence.hit_atom": ("atom {k}: {feature} ({weight:+.2f})", "原子 {k}：{feature}（{weight:+.2f}）"),
    # ---------------------------------------------------------------- window
    "sequence.window": ("Base by base", "逐碱基"),
    "sequence.window_help": (
        "Drag over a track above, or type a window of at most {most} bp: the letters show it, and each substitution can be tried in it.",
        "在上方轨道上拖动，或输入至多 {most} bp 的窗口：字母会显示该窗口，并可逐一尝试其中的替换。",
    ),
    "sequence.side": ("Element", "元件"),
    "sequence.start": ("From base", "起始碱基"),
    "sequence.end": ("To base (not included)", "结束碱基（不含）"),
    "sequence.mutate": ("Try every substitution", "尝试所有替换"),
    "sequence.mutate_help": (
        "In-silico mutagenesis: the encoder itself reads every mutated element. 200 bp take one to four seconds.",
        "计算机诱变：由编码器读取每个突变后的元件。200 bp 需一到四秒。",
    ),
    "sequence.mutating": ("Reading {n} mutated elements", "正在读取 {n} 个突变元件"),
    "sequence.mutated": ("All substitutions read", "所有替换已读取"),
    "sequence.not_mutated": ("No substitution has been tried in this window.", "此窗口尚未尝试任何替换。"),
    "sequence.not_mutated_do": (
        "Press **Try every substitution**. It needs no gradient, so it checks the bars independently.",
        "请点击**尝试所有替换**。它不需要梯度，因此可独立检验这些条形。",
    ),
    "sequence.kpi.agreement": ("Rank correlation with mutagenesis", "与诱变的秩相关"),
    "sequence.kpi.agreement_help": (
        "Spearman's rho over the bases of the window, attribution against minus the mean effect of the three substitutions.",
        "窗口内各碱基的 Spearman ρ：归因与三种替换平均效应的负值之间。",
    ),
    "sequence.kpi.bases": ("{n} bases", "{n} 个碱基"),
    "sequence.flat": (
        "Nothing changes in this window, so there is no correlation.",
        "此窗口内没有任何变化，因此没有相关性。",
    ),
    "sequence.disagree": (
        "The two disagree (ρ = {rho:.2f}, below 0.3). Trust the mutagenesis: it asks the model directly.",
        "两者不一致（ρ = {rho:.2f}，低于 0.3）。请相信诱变结果：它直接询问模型。",
    ),
    "sequence.agree": ("The two agree (ρ = {rho:.2f}).", "两者一致（ρ = {rho:.2f}）。"),
    # ---------------------------------------------------------------- how to read
    "sequence.tracks.how": (
        "One bar per base: red raises the explained value, blue lowers it, against the baseline. Bars inside the grey band are "
        "as large in a shuffled pair. Boxes below are motif sites; only those with q ≤ 0.05 are drawn. Yellow outlines, with the "
        "truth shown, are the sites that the program planted. Positions count from 0 at the left end of the window.",
        "每个碱基一条：红色表示相对基线提高被解释值，蓝色表示降低。灰带内的条形在打乱的元件对中也同样大。下方方框为基序位点，"
        "只画 q ≤ 0.05 的。显示真相时，黄框为程序设定的位点。位置从窗口左端的 0 起计数。",
    ),
    "sequence.letters.how": (
        "The same attributions as letters: height is size, letters below the line lower the value. Hover for the position and, "
        "once they have been tried, the effect of each substitution.",
        "同样的归因用字母表示：高度为大小，线下的字母降低该值。悬停可看位置，以及（尝试之后）每种替换的效应。",
    ),
    "sequence.mutagenesis.how": (
        "Each cell is the change of the explained value when that base becomes that letter: red raises it, blue lowers it. The "
        "dot is the base that is there.",
        "每格为该碱基换成对应字母后被解释值的变化：红色提高，蓝色降低。圆点为原有碱基。",
    ),
    "sequence.agreement.how": (
        "One point per base of the window. Across: minus the mean change by its three substitutions. Up: its attribution. Points "
        "along a rising line mean that both methods tell the same story.",
        "窗口内每个碱基一个点。横轴：三种替换平均变化的负值。纵轴：归因。点沿上升直线分布表示两种方法一致。",
    ),
    # ---------------------------------------------------------------- exports
    "sequence.export.csv": ("Bases (CSV)", "碱基（CSV）"),
    "sequence.export.bedgraph_enhancer": ("Enhancer (bedGraph)", "增强子（bedGraph）"),
    "sequence.export.bedgraph_enhancer_none": (
        "The table has no genome coordinates for this enhancer.",
        "表格中没有该增强子的基因组坐标。",
    ),
    "sequence.export.bedgraph_promoter": ("Promoter (bedGraph)", "启动子（bedGraph）"),
    "sequence.export.bedgraph_promoter_none": (
        "The table has no genome coordinates for this promoter.",
        "表格中没有该启动子的基因组坐标。",
    ),
    "sequence.export.mutagenesis": ("Mutagenesis (CSV)", "诱变（CSV）"),
    "sequence.export.mutagenesis_none": ("Try every substitution first.", "请先尝试所有替换。"),
    "sequence.export.bed": ("Motif sites (BED)", "基序位点（BED）"),
    "sequence.export.bed_none": ("There is no site at q ≤ 0.05.", "没有 q ≤ 0.05 的位点。"),
    "sequence.export.json": ("All as JSON", "全部（JSON）"),
    # ---------------------------------------------------------------- figures
    "fig.seq.title": ("What each base adds", "每个碱基的贡献"),
    "fig.seq.note": (
        "Drag over a track to choose a window. Grey band ± {null:.3f}: a shuffled pair.",
        "在轨道上拖动以选择窗口。灰带 ± {null:.3f}：打乱的元件对。",
    ),
    "fig.seq.alt": (
        "Attribution of each base: the strongest lies in the {side} at base {at}; the enhancer holds {share:.0%} of the total size; {hits} motif sites.",
        "各碱基的归因：最强者位于{side}第 {at} 个碱基；增强子占总量的 {share:.0%}；{hits} 个基序位点。",
    ),
    "fig.seq.enhancer": ("enhancer", "增强子"),
    "fig.seq.promoter": ("promoter", "启动子"),
    "fig.seq.motif": ("motif site", "基序位点"),
    "fig.seq.axis.enhancer": ("base of the enhancer, from 0", "增强子的碱基（从 0 起）"),
    "fig.seq.axis.promoter": ("base of the promoter, from 0", "启动子的碱基（从 0 起）"),
    "fig.seq.axis.value": ("attribution", "归因"),
    "fig.seq.hover": ("base %{{x}}, %{{text}}: %{{y:+.4f}}", "碱基 %{{x}}，%{{text}}：%{{y:+.4f}}"),
    "fig.seq.no_substitutions": ("substitutions not tried yet", "尚未尝试替换"),
    "fig.letters.title": ("The window of the {side} in letters", "{side}窗口的字母视图"),
    "fig.letters.alt": (
        "Letters by attribution: the largest is {letter} at base {at} with {value:+.3f}.",
        "按归因绘制的字母：最大者为第 {at} 个碱基的 {letter}，{value:+.3f}。",
    ),
    "fig.ism.title": ("Every substitution in the {side}", "{side}中的每种替换"),
    "fig.ism.scale": ("change", "变化"),
    "fig.ism.axis": ("to", "换成"),
    "fig.ism.hover": ("base %{{x}} → %{{y}}: %{{z:+.4f}}", "碱基 %{{x}} → %{{y}}：%{{z:+.4f}}"),
    "fig.ism.alt": (
        "Change by each substitution at {n} bases: the largest is {value:+.3f}, base {at} to {letter}.",
        "{n} 个碱基处每种替换的变化：最大者为第 {at} 个碱基换成 {letter}，{value:+.3f}。",
    ),
    "fig.agree.title": ("Attribution against mutagenesis", "归因与诱变对照"),
    "fig.agree.base": ("base", "碱基"),
    "fig.agree.x": ("minus the mean change by substitution", "替换平均变化的负值"),
    "fig.agree.y": ("attribution", "归因"),
    "fig.agree.note": ("Spearman ρ = {rho:.2f} over {n} bases", "Spearman ρ = {rho:.2f}（{n} 个碱基）"),
    "fig.agree.alt": (
        "Attribution against mutagenesis for {n} bases: rank correlation {rho:.2f}.",
        "{n} 个碱基的归因与诱变对照：秩相关 {rho:.2f}。",
    ),
}
