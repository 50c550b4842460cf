"""Strings of Design my support."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "design.title": ("Design my support", "设计支持集"),
    "design.question": (
        "Which pairs should I test next, so that 16 labels teach the model most about my line?",
        "接下来应检测哪些元件对，才能让 16 个标签教给模型最多？",
    ),
    "design.get": ("1 · Candidates", "1 · 候选元件对"),
    "design.ask": ("2 · What the batch must keep to", "2 · 批次的要求"),
    "design.read": ("3 · The plan", "3 · 方案"),
    "design.example": ("Pairs of a held-out line", "留出细胞系的元件对"),
    "design.start": ("Where planning starts", "规划的起点"),
    "design.start_help": (
        "Without labels, planning starts from what training lines are like (the prior). With a support on Adapt live, it "
        "can start from what that support already taught.",
        "没有标签时，规划从训练细胞系的共性（先验）出发。若“实时适应”页已有支持集，可从它已教会的内容出发。",
    ),
    "design.start.prior": (
        "No support on Adapt live: nothing is tested yet.",
        "“实时适应”页没有支持集：尚未检测任何元件对。",
    ),
    "design.start.support": (
        "Support on Adapt live: {name}, {n} pairs; its pairs are not offered again.",
        "“实时适应”页的支持集：{name}，{n} 个元件对；不会再次推荐。",
    ),
    "design.start.use": ("Start from what this support taught", "从该支持集已教会的内容出发"),
    "design.no_candidates": ("No candidates yet.", "还没有候选元件对。"),
    "design.no_candidates_do": (
        "Choose the pairs of a held-out line, or upload a table of pairs that you could test (no labels needed).",
        "选择留出细胞系的元件对，或上传您可以检测的元件对表（无需标签）。",
    ),
    "design.size": ("Pairs in the batch", "批次中的元件对数"),
    "design.per_enhancer": ("Per enhancer", "每个增强子"),
    "design.per_gene": ("Per gene", "每个基因"),
    "design.limit_help": ("At most so many; 0 means no limit.", "最多数量；0 表示不限。"),
    "design.nearest": ("From, kb", "距离从（kb）"),
    "design.farthest": ("To, kb", "到（kb）"),
    "design.farthest_help": ("0 means no limit.", "0 表示不限。"),
    "design.region": ("Only in this region", "仅此区域"),
    "design.include": ("Must include", "必须包含"),
    "design.cost": ("Cost column", "成本列"),
    "design.cost.none": ("none", "无"),
    "design.cost_help": (
        "A column of your table with positive numbers: pairs are then chosen by gain per cost.",
        "表中含正数的一列：此时按单位成本的增益选择。",
    ),
    "design.draws": ("Draws M", "抽样数 M"),
    "design.draws_help": (
        "Imagined lines that the plan tells apart. No gain can exceed ln M; more draws take longer.",
        "方案所区分的假想细胞系数。增益不超过 ln M；抽样越多越慢。",
    ),
    "design.exclude": ("Leave out pairs already tested", "排除已检测的元件对"),
    "design.delta": ("Learn about", "想了解的内容"),
    "design.delta.integrated": ("z_c (the context path)", "z_c（语境路径）"),
    "design.delta.drawn": ("z_c and the evidence δ together", "z_c 与证据 δ 一起"),
    "design.delta_help": (
        "z_c says which mechanisms the line uses; δ is what single atoms weigh beyond that. Planning about z_c on the full "
        "path would find next to nothing, because there the evidence takes back most of what z_c says.",
        "z_c 表示细胞系使用哪些机制；δ 是单个原子在此之外的权重。在完整路径上针对 z_c 规划几乎得不到增益，因为证据会抵消 z_c 的大部分作用。",
    ),
    "design.go": ("Plan the batch", "规划批次"),
    "design.encoding": ("reading candidates into features", "读取候选元件对的特征"),
    "design.planning": ("choosing pairs", "选择元件对"),
    "design.waiting": ("No plan yet.", "还没有方案。"),
    "design.waiting_do": (
        "Choose candidates above, then press *Plan the batch*.",
        "请在上方选择候选，然后点击“规划批次”。",
    ),
    "design.unchecked": (
        "Not checked yet whether planning beats choosing at random with this run: see the check at the bottom.",
        "尚未检验本次运行中规划是否优于随机选择：见页面底部的检验。",
    ),
    "design.loses": (
        "Planning does NOT beat random choice here: AUROC {gap:+.3f} (95 % {low:+.3f} to {high:+.3f}) over {n} rounds on "
        "{lines}. Choose pairs by other reasons.",
        "规划在此并不优于随机选择：AUROC {gap:+.3f}（95 %：{low:+.3f} 至 {high:+.3f}），{lines}，共 {n} 轮。请按其他理由选择元件对。",
    ),
    "design.wins": (
        "Planned supports beat random ones where labels are known: AUROC {gap:+.3f} (95 % {low:+.3f} to {high:+.3f}) over "
        "{n} rounds on {lines}.",
        "在标签已知处，规划的支持集优于随机：AUROC {gap:+.3f}（95 %：{low:+.3f} 至 {high:+.3f}），{lines}，共 {n} 轮。",
    ),
    "design.wins_worth": (
        "{planned:.0f} planned pairs do as well as {shots} random ones.",
        "{planned:.0f} 个规划的元件对相当于 {shots} 个随机的。",
    ),
    "design.wins_unknown": (
        "How many planned pairs equal a random batch was not reached.",
        "未能确定多少个规划的元件对相当于一个随机批次。",
    ),
    "design.nothing": (
        "This model expects to learn nothing here: no candidate alone teaches 0.01 nats.",
        "模型预计在此学不到东西：没有单个候选能带来 0.01 nat。",
    ),
    "design.saturated": (
        "The gain is within 15 % of what these draws can show (ln M = {ceiling:.2f}): raise M.",
        "增益已接近此抽样数所能显示的上限（ln M = {ceiling:.2f}）的 15 % 以内：请增大 M。",
    ),
    "design.one_class": (
        "With probability {p:.2f} all {n} labels come out the same; a support of one class teaches little. Allow more "
        "pairs, or include one that you expect to be in contact.",
        "全部 {n} 个标签相同的概率为 {p:.2f}；只有一类的支持集教不了多少。请放宽条件，或加入一个您预计接触的元件对。",
    ),
    "design.outside": (
        "{outside} of {n} picks lie outside the range of the training pairs (crosses): what they teach is extrapolation.",
        "{n} 个选择中有 {outside} 个在训练对范围之外（叉号）：其教益属于外推。",
    ),
    "design.kpi.gain": ("Expected gain", "期望增益"),
    "design.kpi.random": ("random: {value:.2f}", "随机：{value:.2f}"),
    "design.kpi.gain_help": (
        "Information that the batch's labels are expected to give about the line, in nats; re-estimated on draws that the "
        "search never saw. It cannot exceed ln M = {ceiling:.2f}.",
        "批次标签预计提供的关于细胞系的信息（nat），在搜索未见过的抽样上重新估计。不超过 ln M = {ceiling:.2f}。",
    ),
    "design.kpi.per_pick": ("Per pick", "每个元件对"),
    "design.kpi.of_ln2": ("at most 0.69", "最多 0.69"),
    "design.kpi.positives": ("Expected contacts", "预期接触数"),
    "design.kpi.of": ("of {n}", "共 {n}"),
    "design.kpi.one_class": ("All one class", "全为一类"),
    "design.kpi.candidates": ("{n:,} candidates", "{n:,} 个候选"),
    "design.path": (
        "Gains are about z_c on the context path: what the evidence posterior δ would add is integrated out. On the full "
        "path the same gains are about 0, because the evidence takes back most of what z_c says.",
        "增益针对语境路径上的 z_c：证据后验 δ 的作用已积分消去。在完整路径上同样的增益约为 0，因为证据会抵消 z_c 的大部分作用。",
    ),
    "design.path_joint": (
        "Gains are about z_c and the evidence δ together, on the full path: they say how much the labels teach, not how "
        "much of it is about the context.",
        "增益针对完整路径上的 z_c 与证据 δ：表示标签的总教益，而非其中关于语境的部分。",
    ),
    "design.removed.unusable": ("{n} unreadable", "{n} 个无法读取"),
    "design.removed.distance": ("{n} outside the distance range", "{n} 个超出距离范围"),
    "design.removed.region": ("{n} outside the region", "{n} 个在区域之外"),
    "design.removed.tested": ("{n} already tested", "{n} 个已检测"),
    "design.vetoed": ("{n} vetoed by you", "{n} 个被您否决"),
    "design.pick": ("Pick {pick}: {name}", "第 {pick} 个：{name}"),
    "design.veto": ("Veto and choose again", "否决并重新选择"),
    "design.veto_help": (
        "Leaves this pair out and plans the whole batch anew: the others may change too.",
        "排除此元件对并重新规划整个批次：其他选择也可能改变。",
    ),
    "design.batch": ("The batch, in the order picked", "批次（按选择顺序）"),
    "design.batch.alt": ("{n} pairs, together {gain:.2f} nats.", "{n} 个元件对，共 {gain:.2f} nat。"),
    "design.col.pick": ("pick", "次序"),
    "design.col.pair": ("pair", "元件对"),
    "design.col.gain_nats": ("adds (nats)", "增加（nat）"),
    "design.col.joint_gain_nats": ("together (nats)", "累计（nat）"),
    "design.col.probability": ("P", "P"),
    "design.col.distance_bp": ("distance (bp)", "距离（bp）"),
    "design.col.gene": ("gene", "基因"),
    "design.col.outside_training": ("outside training range", "超出训练范围"),
    "design.check": ("Does planning win where labels are known?", "在标签已知处，规划能赢吗？"),
    "design.check_lead": (
        "{rounds} rounds per line: candidates are drawn, a batch is planned without looking at a label, then the labels are "
        "revealed and both supports, planned and random, are judged on the same other pairs.",
        "每个细胞系 {rounds} 轮：抽取候选，不看标签规划批次，然后揭示标签，并在相同的其他元件对上评估规划与随机的支持集。",
    ),
    "design.check_go": ("Check it (about half a minute)", "检验（约半分钟）"),
    "design.checking": ("planning and judging, round by round", "逐轮规划与评估"),
    "design.check_none": ("The check could not be run.", "无法进行检验。"),
    "design.check_unlabelled": (
        "The candidates carry no labels of both classes from one line. Upload a labelled table of a held-out line.",
        "候选元件对没有同一细胞系的两类标签。请上传留出细胞系的有标签表。",
    ),
    "design.candidates.how": (
        "Each mark is one candidate: across, the distance between its two elements; up, how much its label alone would "
        "teach (nats, at most 0.69). Diamonds are the batch, numbered in the order picked: a pick is chosen for what it adds "
        "to those before it, so it need not be the highest. Crosses lie outside the training range. Click a diamond for "
        "what it would decide.",
        "每个标记是一个候选：横轴为两元件的距离，纵轴为其标签单独的教益（nat，最多 0.69）。菱形为批次，按选择顺序编号：选择依据是它在已选之上"
        "增加多少，因此不一定最高。叉号在训练范围之外。点击菱形查看它能决定什么。",
    ),
    "design.gain.how": (
        "What the labels of the first picks are expected to teach together, re-estimated on fresh draws. Grey: 20 random "
        "batches under the same rules, with their 5 to 95 % band. *Most uncertain* takes pairs with P nearest 1/2, "
        "*balanced* the surest contacts and non-contacts in turn.",
        "前若干选择的标签合计的期望教益，在新抽样上重新估计。灰色：相同规则下的 20 个随机批次及其 5–95 % 带。“最不确定”选 P 最接近 1/2 者，"
        "“均衡”交替选最确定的接触与不接触。",
    ),
    "design.spread.how": (
        "Ticks: how uncertain each dimension of the line's context is now. Dots: how uncertain it is expected to be once the "
        "batch is labelled. A dot on its tick means that the batch teaches nothing about it.",
        "短线：目前细胞系语境每一维的不确定性。点：批次检测后的期望不确定性。点与短线重合表示批次对此维没有教益。",
    ),
    "design.decides.how": (
        "For the open pick: the mean gate of each atom if this pair turns out to be in contact, minus if it does not. Long "
        "bars are the mechanisms that this one label would decide.",
        "对所选元件对：若其接触与若不接触时各原子平均门控之差。长条为这一个标签能决定的机制。",
    ),
    "design.answers.how": (
        "The candidates whose prediction this one label would move most: open diamond if it comes out without contact, "
        "filled if in contact.",
        "这一个标签最能改变其预测的候选：空心菱形为不接触时，实心为接触时。",
    ),
    "design.arcs.how": (
        "The batch on one chromosome: each arc joins the midpoints of the two regions, height by the square root of the "
        "distance.",
        "一条染色体上的批次：每条弧连接两区域的中点，高度为距离的平方根。",
    ),
    "design.check.how": (
        "AUROC on other pairs of a line whose labels are known, after supports of growing size, mean over rounds. Solid: the "
        "first picks of each plan; dotted: as many random pairs of the same candidates. Where solid reaches the dotted end, "
        "that many planned pairs are worth the whole random batch.",
        "在标签已知的细胞系的其他元件对上的 AUROC，支持集逐渐增大，取各轮均值。实线：各方案的前若干选择；虚线：相同候选中同样多的随机元件对。"
        "实线达到虚线终点处的数量，即相当于整个随机批次。",
    ),
    "design.sheet_note": (
        "The order sheet has an empty label column: fill in 1 or 0 after the experiment, and Adapt live reads it as it is.",
        "订单表含空的标签列：实验后填入 1 或 0，“实时适应”页即可直接读取。",
    ),
    "design.sheet.csv": ("Order sheet (CSV)", "订单表（CSV）"),
    "design.sheet.bedpe": ("Order sheet (BEDPE)", "订单表（BEDPE）"),
    "design.sheet_help": (
        "0-based half-open coordinates; anchor 1 the enhancer, anchor 2 the promoter.",
        "0 起半开坐标；锚点 1 为增强子，锚点 2 为启动子。",
    ),
    "design.export.csv": ("Plan (CSV)", "方案（CSV）"),
    "design.export.json": ("Plan (JSON)", "方案（JSON）"),
    "fig.design.candidates.title": ("What each candidate would teach", "每个候选的教益"),
    "fig.design.candidates.inside": ("candidate", "候选"),
    "fig.design.candidates.outside": ("outside training range", "超出训练范围"),
    "fig.design.candidates.chosen": ("chosen", "已选"),
    "fig.design.candidates.x": ("distance (kb)", "距离（kb）"),
    "fig.design.candidates.y": ("gain of this label alone (nats)", "单个标签的增益（nat）"),
    "fig.design.candidates.alt": (
        "{n} candidates; the best alone teaches {best:.2f} nats, the {b} chosen {mean:.2f} on average.",
        "{n} 个候选；最好的单个教益 {best:.2f} nat，已选 {b} 个平均 {mean:.2f}。",
    ),
    "fig.design.gain.title": ("How the batch adds up", "批次的累计增益"),
    "fig.design.gain.planned": ("planned", "规划"),
    "fig.design.gain.random": ("{n} random batches", "{n} 个随机批次"),
    "fig.design.gain.uncertain": ("most uncertain", "最不确定"),
    "fig.design.gain.balanced": ("balanced", "均衡"),
    "fig.design.gain.x": ("labelled pairs", "有标签元件对"),
    "fig.design.gain.y": ("joint gain (nats)", "累计增益（nat）"),
    "fig.design.gain.alt": (
        "{n} planned pairs teach {gain:.2f} nats, random ones {random:.2f}.",
        "{n} 个规划的元件对教益 {gain:.2f} nat，随机的 {random:.2f}。",
    ),
    "fig.design.gain.note": ("on fresh draws; at most ln M = {ceiling:.2f}", "新抽样上估计；上限 ln M = {ceiling:.2f}"),
    "fig.design.spread.title": ("Uncertainty before and after", "前后的不确定性"),
    "fig.design.spread.before": ("now", "目前"),
    "fig.design.spread.after": ("expected after the batch", "批次之后（期望）"),
    "fig.design.spread.x": ("standard deviation of z_c", "z_c 的标准差"),
    "fig.design.spread.alt": (
        "The standard deviation is expected to shrink to {ratio:.2f} of its value on average; most in z{least}.",
        "标准差预计平均缩小到 {ratio:.2f} 倍；z{least} 缩小最多。",
    ),
    "fig.design.decides.title": ("Gates that pick {pick} would decide", "第 {pick} 个能决定的门控"),
    "fig.design.decides.name": ("gate if 1 minus gate if 0", "为 1 时减为 0 时"),
    "fig.design.decides.x": ("gate if contact minus gate if none", "接触时的门控减不接触时"),
    "fig.design.decides.alt": (
        "Pick {pick} would move atom {atom} most, by {value:+.2f}.",
        "第 {pick} 个对原子 {atom} 影响最大：{value:+.2f}。",
    ),
    "fig.design.answers.title": ("Predictions that pick {pick} would move", "第 {pick} 个会改变的预测"),
    "fig.design.answers.0": ("if no contact", "若不接触"),
    "fig.design.answers.1": ("if contact", "若接触"),
    "fig.design.answers.alt": (
        "The label of pick {pick} moves another candidate by up to {most:.2f}.",
        "第 {pick} 个的标签最多使另一候选改变 {most:.2f}。",
    ),
    "fig.design.check.title": ("Planned against random, labels known", "规划与随机（标签已知）"),
    "fig.design.check.planned": ("{line}: planned", "{line}：规划"),
    "fig.design.check.random": ("{line}: random", "{line}：随机"),
    "fig.design.check.note": (
        "mean over {n} rounds; queries share no element with the supports",
        "{n} 轮均值；查询与支持集不共享元件",
    ),
    "fig.design.check.alt": (
        "Planned supports are {gap:+.3f} AUROC above random ones over {n} rounds.",
        "规划的支持集比随机高 {gap:+.3f} AUROC（{n} 轮）。",
    ),
}
