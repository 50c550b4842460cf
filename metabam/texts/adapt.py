"""Strings of Adapt live."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "live.title": ("Adapt live", "实时适应"),
    "live.question": (
        "What does the model believe about MY cell line after 16 pairs?",
        "看过 16 个元件对之后，模型对我的细胞系有何判断？",
    ),
    "live.get": ("1 · Get the pairs", "1 · 取得元件对"),
    "live.check": ("2 · Check", "2 · 检查"),
    "live.adapt": ("3 · Adapt", "3 · 适应"),
    "live.read": ("4 · Read", "4 · 解读"),
    "live.support": ("Labelled pairs of your line", "您的细胞系的有标签元件对"),
    "live.support_help": (
        "4 to 64 pairs with label 1 (contact) or 0 (no contact); 16 is what the model is trained for. CSV, TSV or BEDPE, "
        "plain text, at most 1 MiB, 0-based half-open coordinates.",
        "4 到 64 个元件对，标签 1（接触）或 0（不接触）；模型按 16 个训练。CSV、TSV 或 BEDPE 纯文本，最大 1 MiB，坐标为 0 起半开区间。",
    ),
    "live.queries": ("Pairs to predict", "待预测的元件对"),
    "live.queries_help": (
        "The same columns without label (a label is used only to score the answer). At most 20 MiB and 100,000 rows.",
        "相同的列，无需标签（如有标签仅用于评分）。最大 20 MiB、100,000 行。",
    ),
    "live.method": ("Where from", "来源"),
    "live.method.example": ("example", "示例"),
    "live.method.upload": ("upload", "上传"),
    "live.method.paste": ("paste", "粘贴"),
    "live.method.none": ("none", "不预测"),
    "live.example": ("Example support", "示例支持集"),
    "live.example_queries": ("Example queries", "示例查询"),
    "live.example.line": ("{line} – 16 pairs of a line never seen", "{line} —— 未见过的细胞系的 16 个元件对"),
    "live.example.shuffled": ("{line} – the same pairs, labels shuffled", "{line} —— 相同元件对，标签打乱"),
    "live.example.queries": ("{line} – queries", "{line} —— 查询"),
    "live.use_example": ("Use this example", "使用此示例"),
    "live.upload": ("CSV, TSV or BEDPE, plain text, up to 1 MiB", "CSV、TSV 或 BEDPE 纯文本，最大 1 MiB"),
    "live.upload_queries": ("CSV, TSV or BEDPE, plain text, up to 20 MiB", "CSV、TSV 或 BEDPE 纯文本，最大 20 MiB"),
    "live.paste": ("Paste the table, header first", "粘贴表格（首行为表头）"),
    "live.use_paste": ("Use this text", "使用此文本"),
    "live.template": ("Template (TSV)", "模板（TSV）"),
    "live.no_examples": ("No example tables are bundled with this copy.", "此副本未附带示例表。"),
    "live.other_world": (
        "The examples are from the bundled demo world; this run was trained on something else, so its answers about them "
        "mean nothing.",
        "示例来自自带的演示世界；本次运行在其他数据上训练，因此对示例的回答没有意义。",
    ),
    "live.loaded": ("{name}: {used} of {read} rows used", "{name}：{read} 行中使用 {used} 行"),
    "live.kpi.rows": ("Rows used", "使用行数"),
    "live.kpi.of": ("of {n} read", "共读入 {n} 行"),
    "live.kpi.balance": ("Contacts / no contact", "接触 / 不接触"),
    "live.kpi.findings": ("Findings", "发现的问题"),
    "live.kpi.source": ("Source", "来源"),
    "live.origin.example": ("example", "示例"),
    "live.origin.upload": ("upload", "上传"),
    "live.origin.paste": ("pasted", "粘贴"),
    "live.origin.edit": ("edited here", "在此编辑"),
    "live.refused": (
        "This table is refused. Mend the rows below, here or in your file, and check again.",
        "此表被拒绝。请在下方或在文件中修正这些行，然后再次检查。",
    ),
    "live.accepted": ("This table is accepted.", "此表已接受。"),
    "live.accepted_notes": ("This table is accepted; read the notes below.", "此表已接受；请阅读下方说明。"),
    "live.not_sixteen": (
        "{n} pairs: the model is trained for 16, and uses what it gets.",
        "{n} 个元件对：模型按 16 个训练，现按实际数量使用。",
    ),
    "live.one_class": (
        "Accept one class only (the answer will be close to the prior)",
        "接受只有一类标签（结果将接近先验）",
    ),
    "live.ask.header": (
        "There is no header: read the columns in the order of the template",
        "没有表头：按模板的列顺序读取",
    ),
    "live.ask.score": ("The label column holds scores; contact from", "标签列是分数；达到多少算接触"),
    "live.ask.score_go": ("Read scores of {cutoff} and more as contact", "将 {cutoff} 及以上的分数读作接触"),
    "live.sev.REJ": ("refused", "拒绝"),
    "live.sev.FIX": ("mended", "已修正"),
    "live.sev.WARN": ("note", "注意"),
    "live.sev.ASK": ("question", "待答"),
    "live.find.severity": ("what", "类别"),
    "live.find.line": ("line", "行"),
    "live.find.column": ("column", "列"),
    "live.find.message": ("what happened", "情况"),
    "live.find.remedy": ("what to do", "处理办法"),
    "live.find.code": ("code", "代码"),
    "live.find.file": ("file", "文件"),
    "live.find.alt": (
        "{n} findings about {name}; {bad} refuse it.",
        "关于 {name} 的 {n} 条发现；其中 {bad} 条导致拒绝。",
    ),
    "live.mapping": ("Columns as read", "列的读取方式"),
    "live.mapping_help": (
        "Which column of your table is taken for what. Enhancer and promoter are the two anchors of a pair: if they are "
        "swapped here, they are swapped for the model too.",
        "您的表中哪一列被当作什么。增强子和启动子是元件对的两端：若此处颠倒，模型看到的也会颠倒。",
    ),
    "live.mapping.field": ("read as", "读作"),
    "live.mapping.column": ("your column", "您的列"),
    "live.mapping.first": ("first row", "首行"),
    "live.mapping.alt": ("{n} columns of {name} and what each is read as.", "{name} 的 {n} 列及其读取方式。"),
    "live.first": ("First pair as read", "读入的首个元件对"),
    "live.first_help": (
        "Coordinates are 0-based and half-open: the first base of chr1 is chr1:0-1. Compare these bases with what you "
        "expect there; a table counted from 1, or made on another build, shows here as a shift or as other bases.",
        "坐标从 0 起、左闭右开：chr1 的第一个碱基为 chr1:0-1。请与预期碱基比较：从 1 计数或来自其他基因组版本的表会在此表现为错位或不同的碱基。",
    ),
    "live.first.element": ("element", "元件"),
    "live.first.enhancer": ("enhancer", "增强子"),
    "live.first.promoter": ("promoter", "启动子"),
    "live.first.place": ("place", "位置"),
    "live.first.bases": ("first bases", "起始碱基"),
    "live.first.genome": ("Bases of the genome at these coordinates.", "基因组在这些坐标处的碱基。"),
    "live.first.table": (
        "Bases of the table itself: its sequences are used, so a wrong build cannot shift them.",
        "来自表本身的碱基：使用表中的序列，因此基因组版本有误也不会使其错位。",
    ),
    "live.first.none": (
        "No bases to show: there is no accepted row, or neither the table nor this copy brings the sequence of it.",
        "没有可显示的碱基：没有被接受的行，或表和此副本都不含其序列。",
    ),
    "live.first.alt": ("The first pair begins at {place} with {bases}.", "首个元件对起于 {place}，碱基为 {bases}。"),
    "live.edit": ("See and edit the rows", "查看并编辑各行"),
    "live.edit.status": ("status", "状态"),
    "live.edit.apply": ("Check the edited table", "检查编辑后的表"),
    "live.edit.alt": ("The {n} rows of the table as read, with the status of each.", "读入的 {n} 行及各行状态。"),
    "live.status.ok": ("ok", "正常"),
    "live.nothing": ("No labelled pairs yet.", "还没有有标签的元件对。"),
    "live.nothing_do": ("Choose an example, upload a table, or paste one above.", "请在上方选择示例、上传或粘贴表格。"),
    "live.learners": ("Beside Meta-BAM", "与 Meta-BAM 并列"),
    "live.learners_help": (
        "Meta-BAM always; the others learn from the same training lines and the same pairs, so that you see what the "
        "larger model adds.",
        "始终包含 Meta-BAM；其他学习器使用相同的训练细胞系和元件对，便于看出大模型带来了什么。",
    ),
    "live.learner.metabam": ("Meta-BAM", "Meta-BAM"),
    "live.learner.hierarchical": ("hierarchical regression", "分层回归"),
    "live.learner.prototype": ("prototypes", "原型网络"),
    "live.go": ("Adapt to these pairs", "适应这些元件对"),
    "live.go_help": (
        "No weight of the model changes; nobody else sees your pairs.",
        "模型权重不变；他人看不到您的元件对。",
    ),
    "live.working": ("Adapting", "正在适应"),
    "live.encoding": ("reading {n:,} query pairs", "读取 {n:,} 个待预测元件对"),
    "live.cancel": ("Cancel", "取消"),
    "live.step.learners": ("fitting the other learners", "拟合其他学习器"),
    "live.step.model": ("reading the pairs into features and adapting", "读取元件对特征并适应"),
    "live.done": ("Adapted in {seconds:.1f} s", "适应用时 {seconds:.1f} 秒"),
    "live.privacy": (
        "Tables stay in this browser session, in memory, and vanish with it.",
        "表格只保存在本次浏览器会话的内存中，会话结束即消失。",
    ),
    "live.forget": ("Forget my data", "清除我的数据"),
    "live.stale": (
        "The tables have changed since this result was computed. Adapt again to update it.",
        "计算此结果之后表格已改变。请重新适应以更新。",
    ),
    "live.waiting": ("Nothing is adapted yet.", "尚未适应。"),
    "live.waiting_do": (
        "Check the table above, then press *Adapt to these pairs*.",
        "请检查上方表格，然后点击“适应这些元件对”。",
    ),
    "live.kpi.kl": ("KL to the prior", "与先验的 KL"),
    "live.kpi.nats": ("{value:.2f} nats", "{value:.2f} nat"),
    "live.kpi.kl_help": (
        "How far the labels moved the belief about the line, summed over the dimensions of z.",
        "标签使对细胞系的判断移动了多少，对 z 各维求和。",
    ),
    "live.kpi.nearest": ("Nearest line", "最近的细胞系"),
    "live.kpi.nearest_help": (
        "Of the training lines, by distance in z, in joint standard deviations: {list}",
        "按 z 中的距离（联合标准差）：{list}",
    ),
    "live.kpi.gates": ("Gates off zero", "不为零的门控"),
    "live.kpi.gates_help": ("Gates whose 90 % interval excludes zero.", "90 % 区间不含零的门控数。"),
    "live.kpi.time": ("Seconds used", "用时（秒）"),
    "live.kpi.auprc": ("AUPRC", "AUPRC"),
    "live.kpi.base": ("base rate {value}", "基准率 {value}"),
    "live.kpi.auprc_help": (
        "On the {n} query rows that carry a label. AUPRC equals the base rate when guessing.",
        "基于 {n} 行带标签的查询。随机猜测时 AUPRC 等于基准率。",
    ),
    "live.tab.belief": ("What it believes", "模型的判断"),
    "live.tab.shots": ("Shot by shot", "逐个样本"),
    "live.tab.queries": ("Predictions", "预测"),
    "live.no_queries": ("No query table was given.", "未提供查询表。"),
    "live.no_queries_do": (
        "Choose or upload one under *Pairs to predict*, then adapt again.",
        "请在“待预测的元件对”处选择或上传，然后重新适应。",
    ),
    "live.no_usable": ("None of the {n} query rows could be predicted.", "{n} 行查询均无法预测。"),
    "live.no_usable_do": ("The status column of the table below says why, row by row.", "下表的状态列逐行说明原因。"),
    "live.few_labels": (
        "The query table carries no labels of both classes, so calibration cannot be checked on it.",
        "查询表没有两类标签，无法据此检查校准。",
    ),
    "live.few_labels_do": ("Add a label column to compare predicted with observed.", "添加标签列即可比较预测与观测。"),
    "live.one_learner": ("Only Meta-BAM was chosen.", "只选择了 Meta-BAM。"),
    "live.one_learner_do": ("Add another learner under *Adapt* to compare.", "请在“适应”处添加其他学习器以比较。"),
    "live.lens": ("Open {pair} in the Sequence lens", "在序列透镜中打开 {pair}"),
    "live.lens.this": ("Open in the Sequence lens", "在序列透镜中打开"),
    "live.lens_help": (
        "Shows which bases carry this prediction, read under the fingerprint of this adaptation. Click a marker of the "
        "figure or a row of the table to choose another query pair.",
        "用本次适应的指纹，显示哪些碱基支撑此预测。点击图中的标记或表中的行，可选择其他查询元件对。",
    ),
    "live.lens.changed": (
        "The table has changed since it was adapted, or is no longer loaded: press Adapt again, then open the pair.",
        "表格在适应之后已改变，或已不在：请重新按下“适应”，再打开该元件对。",
    ),
    "live.lens.unusable": ("This pair could not be read ({status}).", "无法读取该元件对（{status}）。"),
    "live.results": ("Predictions, row by row", "逐行预测"),
    "live.results.alt": ("{n} query pairs with probability and 90 % interval.", "{n} 个查询对的概率与 90 % 区间。"),
    "live.col.pair": ("pair", "元件对"),
    "live.col.probability": ("P", "P"),
    "live.col.lower": ("5 %", "5 %"),
    "live.col.upper": ("95 %", "95 %"),
    "live.col.prior": ("prior only", "仅先验"),
    "live.col.nearest": ("nearest line", "最近细胞系"),
    "live.col.distance": ("distance (bp)", "距离（bp）"),
    "live.col.label": ("label", "标签"),
    "live.col.status": ("status", "状态"),
    "live.export.csv": ("Results (CSV)", "结果（CSV）"),
    "live.export.bedpe": ("Results (BEDPE)", "结果（BEDPE）"),
    "live.export.bedpe_help": (
        "Predicted pairs for a genome browser: 0-based half-open, anchor 1 the enhancer, anchor 2 the promoter, score = "
        "P. Rows without a prediction or without coordinates are left out.",
        "供基因组浏览器使用的预测结果：0 起半开坐标，锚点 1 为增强子，锚点 2 为启动子，score = P。没有预测或没有坐标的行不含在内。",
    ),
    "live.export.json": ("Session (JSON)", "会话（JSON）"),
    "live.export.json_help": (
        "Digests of your tables, run, seed and the fingerprint: enough to repeat this result.",
        "表格摘要、运行、种子和指纹：足以重现此结果。",
    ),
    "live.posterior.how": (
        "Grey is what the model believes before any label, teal after yours; both are 90 % intervals. The number is the "
        "ratio of the standard deviations: 1 means that nothing was learned in this dimension.",
        "灰色为看到标签之前的判断，青色为之后；均为 90 % 区间。数字为标准差之比：1 表示该维度没有学到东西。",
    ),
    "live.gates.how": (
        "Each row is one mechanism atom. Right of zero it speaks for contact in your line, left of zero against. Bars "
        "are 90 % intervals over the posterior of z; the tick is the gate before your labels.",
        "每行为一个机制原子。零右侧表示在您的细胞系中支持接触，左侧反对。误差条为 z 后验的 90 % 区间；短线为看到标签之前的门控。",
    ),
    "live.recon.how": (
        "Each row is one of your pairs: the tick is the prediction before your labels, the diamond after. A diamond far "
        "from its label after adapting is worth a second look, but this is not a test of the model.",
        "每行是您的一个元件对：短线为看到标签之前的预测，菱形为之后。适应后仍远离其标签的菱形值得再看一眼，但这不是对模型的检验。",
    ),
    "live.sigma.how": (
        "The model is given 1, 2, … pairs in 20 random orders. The band shows how much the order matters. A flat curve means that the pairs teach nothing.",
        "以 20 种随机次序给模型 1、2、…个元件对。色带表示次序的影响。平坦的曲线意味着元件对没有教会模型什么。",
    ),
    "live.likelihood.how": (
        "How well the model, given the first pairs, explains all labels of your table. Rising is learning; 0 is perfect.",
        "给出前若干元件对后，模型对表中全部标签的解释程度。上升表示在学习；0 为完美。",
    ),
    "live.gateshots.how": (
        "The five gates that end strongest. A gate that settles early is well supported by any subset of your pairs.",
        "最终最强的五个门控。较早稳定的门控得到您的任意子集的支持。",
    ),
    "live.novelty.how": (
        "Each mark is one pair, at its distance to the most similar training pair in the model's own features. Grey: "
        "training pairs, each to the nearest one that shares neither enhancer nor promoter with it. Right of the dashed "
        "line lie 5 % of the training pairs. If many of yours lie there (orange), the model is asked about sequences "
        "unlike those it learned from, and its probabilities are extrapolations. Lying inside does not prove that the "
        "answer is right: the rules of your line can differ on familiar sequences.",
        "每个标记是一个元件对，横坐标为它在模型特征空间中到最相似训练对的距离。灰色：训练对，各自到与其不共享增强子和启动子的最近训练对。"
        "虚线右侧有 5 % 的训练对。若您的元件对多在右侧（橙色），则模型面对的是与训练序列不同的序列，其概率是外推。"
        "落在左侧并不能证明答案正确：在熟悉的序列上，您的细胞系的规则也可能不同。",
    ),
    "live.novelty.outside": (
        "{beyond} of your {n} pairs lie farther from the training pairs than 95 % of training pairs do. Read the "
        "probabilities as extrapolation; see *What it believes*.",
        "您的 {n} 个元件对中有 {beyond} 个离训练对的距离超过 95 % 的训练对。请将概率视为外推；见“模型的判断”。",
    ),
    "live.novelty.none": (
        "How far your pairs lie from the training pairs cannot be told.",
        "无法判断您的元件对离训练对有多远。",
    ),
    "live.novelty.none_do": (
        "The run keeps too few training pairs without a shared element. Adapt with another run.",
        "该运行中不共享元件的训练对太少。请用其他运行进行适应。",
    ),
    "live.recall": (
        "The training lines hold an enhancer or promoter of {known} of your {n} pairs, letter for letter: what their "
        "labels told of it counts here, under your line's gates. A pair of new elements is judged by its DNA alone.",
        "在您的 {n} 个元件对中，有 {known} 个的增强子或启动子与训练细胞系中的序列完全相同：其训练标签提供的信息会按您细胞系的门控计入。"
        "元件全新的元件对仅凭 DNA 判断。",
    ),
    "live.arcs.none": ("No predicted pair has coordinates on one chromosome.", "没有预测对的两端坐标在同一染色体上。"),
    "live.arcs.none_do": ("Give chrom, start and end of both regions.", "请给出两个区域的染色体、起点和终点。"),
    "live.arcs.chrom": ("Chromosome", "染色体"),
    "live.arcs.choice": ("{chrom} ({n} pairs)", "{chrom}（{n} 对）"),
    "live.arcs.least": ("Least probability drawn", "绘制的最小概率"),
    "live.arcs.opacity": ("Opacity", "不透明度"),
    "live.arcs.how": (
        "Each arc joins the midpoint of an enhancer region to the midpoint of a promoter region; it is as high as the "
        "square root of their distance, so that near pairs stay visible. Colour is the known label, which the model never "
        "saw; point at the top of an arc for its pair and probability. At most 300 are drawn, the most likely first.",
        "每条弧连接增强子区域的中点与启动子区域的中点，高度为距离的平方根，使近处的元件对也能看清。颜色为已知标签（模型从未见过）；"
        "指向弧顶可查看元件对及概率。最多绘制 300 条，概率高者优先。",
    ),
    "live.queries.how": (
        "Query pairs from most to least likely, with 90 % intervals over z and the evidence. Grey dashes: what the model "
        "says without your labels. Orange dashes: what it says for the nearest training line. Where all three agree, "
        "your labels changed nothing.",
        "查询对按概率从高到低排列，附对 z 与证据的 90 % 区间。灰色短横：没有您的标签时的预测。橙色短横：最近训练细胞系的预测。"
        "三者一致之处，您的标签没有带来改变。",
    ),
    "live.learners.how": (
        "Each mark is one query pair. On the diagonal both learners say the same.",
        "每个标记是一个查询对。对角线上两种学习器一致。",
    ),
    "live.reliability.how": (
        "Query pairs with known labels in groups of equal size: across, the mean predicted probability; up, the share "
        "truly in contact. On the diagonal a probability can be taken at its word. A balanced support does not change the "
        "base rate that the model assumes.",
        "有已知标签的查询对按等量分组：横轴为平均预测概率，纵轴为真实接触比例。落在对角线上则概率可信。均衡的支持集不会改变模型假定的基准率。",
    ),
}
