"""Strings of Adapt live about single labels: influence, the null, what-if, refinement, session files."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "live.not_informed": (
        "NOT informed by your labels: read these as prior predictions.",
        "未从您的标签中获得信息：请将结果视为先验预测。",
    ),
    "live.not_informed.kl": (
        "They moved the model by {kl:.2f} nats only (0.1 are asked for).",
        "标签仅使模型移动 {kl:.2f} nat（要求 0.1）。",
    ),
    "live.not_informed.gain": (
        "They moved the model by {kl:.1f} nats, but shuffled labels of the same pairs do as well: gain {gain:+.2f} nats, "
        "p = {p:.2f} of {n} shuffles.",
        "标签使模型移动了 {kl:.1f} nat，但相同元件对的打乱标签同样有效：增益 {gain:+.2f} nat，{n} 次打乱中 p = {p:.2f}。",
    ),
    "live.not_informed.few": (
        "One class, or fewer than two pairs, cannot be told from chance.",
        "只有一类或不足两个元件对，无法与随机区分。",
    ),
    "live.notice.not-adapted": (
        "Not adapted: no support was given; these are the model's prior predictions.",
        "尚未适应：没有给出支持集；这些是模型的先验预测。",
    ),
    "live.notice.not-adapted.do": ("Adapt to labelled pairs first.", "请先用有标签的元件对适应。"),
    "live.notice.other-genome": (
        "The genome differs from the one that the run was trained on (names and lengths of contigs).",
        "基因组与本次运行训练所用的不同（序列名称和长度）。",
    ),
    "live.notice.other-genome.do": ("Use the run's own genome.", "请使用本次运行的基因组。"),
    "live.notice.refinement-diverged": (
        "The refinement of the context diverged; the context is the amortised one.",
        "语境的细化发散；所用语境为未细化的结果。",
    ),
    "live.notice.refinement-diverged.do": ("Try a smaller step size.", "请尝试更小的步长。"),
    "live.notice.equals-support": (
        "{n0} of {n1} query pairs were in the support; leave them out of any metric.",
        "{n1} 个查询对中有 {n0} 个在支持集中；计算指标时请排除。",
    ),
    "live.notice.labels-inverted": (
        "{n0} of {n1} labels are 1; flipped, the labels are likelier by {n3} nats under the model's prior.",
        "{n1} 个标签中有 {n0} 个为 1；按模型的先验，翻转后的标签更可能，高出 {n3} nat。",
    ),
    "live.notice.labels-inverted.do": (
        "Is 1 really an interaction in this table?",
        "此表中 1 确实表示相互作用吗？",
    ),
    "live.notice.seen-in-training": (
        "{n0} of {n1} pairs were seen in training, in other cell lines.",
        "{n1} 个元件对中有 {n0} 个在训练时见过（在其他细胞系中）。",
    ),
    "live.notice.seen-in-training.do": (
        "Pairs on held-out chromosomes are safer.",
        "留出染色体上的元件对更稳妥。",
    ),
    "live.informed": (
        "Your labels taught the model something: {kl:.1f} nats from the prior, and they foretell one another better than "
        "{n} shuffles of them (gain {gain:+.2f} nats, p = {p:.3f}). It does not show that the predictions are right.",
        "标签教会了模型一些东西：与先验相距 {kl:.1f} nat，且互相预测的能力优于其 {n} 次打乱（增益 {gain:+.2f} nat，p = {p:.3f}）。这并不证明预测正确。",
    ),
    "live.power": (
        "The test has little power with 16 pairs: on the bundled demo, 3 of 24 true supports pass at natural prevalence and 5 "
        "of 24 with 8 contacts and 8 others; of shuffled ones 3 and 2. Not passing does not show that the labels are wrong; "
        "passing is rare enough to mean something only together with the gain.",
        "16 个元件对时此检验功效较低：在自带演示上，自然比例的真实支持集 24 个中有 3 个通过，8 个接触加 8 个不接触的有 5 个；打乱标签的分别为 3 和 2。"
        "未通过并不说明标签有误；通过也须结合增益判断。",
    ),
    "live.tab.labels": ("What your labels taught", "标签教了什么"),
    "live.tab.whatif": ("What if", "假如"),
    "live.kpi.withheld": ("withheld: {n} shared", "不显示：{n} 对共享"),
    "live.kpi.withheld_help": (
        "Query rows that are support pairs withhold the score: the model was told their labels.",
        "查询中含支持集的元件对时不显示分数：模型已知其标签。",
    ),
    "live.influence.how": (
        "Each diamond is one of your pairs, filled if in contact. Across: how much better than the prior the OTHER pairs "
        "foretell its label, in nats; left of 0 they speak against it, which marks a label worth checking. Size: how far the "
        "belief about your line moves when this pair is left out. Click one to open it.",
        "每个菱形是您的一个元件对，实心为接触。横轴：其他元件对对其标签的预测比先验好多少（nat）；在 0 左侧表示与之矛盾，值得复查。"
        "大小：去掉该对时对您细胞系的判断移动多少。点击可打开。",
    ),
    "live.null.how": (
        "How well your labels foretell one another beyond the prior (leave-one-out gain, line), beside the same for shuffles "
        "of the labels over the same pairs (grey). The dashed line holds 95 % of the shuffles. Only right of it have the "
        "labels taught more than their number of contacts.",
        "您的标签互相预测超出先验的程度（留一增益，实线），与相同元件对上打乱标签的结果（灰色）比较。虚线以左包含 95 % 的打乱结果。"
        "仅当位于其右侧时，标签教会的才超出接触数本身。",
    ),
    "live.refine.how": (
        "Each step moves the context uphill on how well it explains your labels, held back by the prior. Rising and then "
        "flat is healthy. A better fit to 16 labels is not a better prediction.",
        "每一步使语境更好地解释您的标签，并受先验约束。先上升后平缓为正常。对 16 个标签拟合更好不等于预测更好。",
    ),
    "live.row": ("Pair {row}: {name}", "第 {row} 对：{name}"),
    "live.row.said": (
        "{label}. The others foretell it {gain:+.2f} nats better than the prior does (below 0 they speak against it); "
        "without it the context moves by {shift:.2f} prior standard deviations.",
        "{label}。其他对对它的预测比先验好 {gain:+.2f} nat（低于 0 表示与之矛盾）；去掉它，语境移动 {shift:.2f} 个先验标准差。",
    ),
    "live.row.without": ("Adapt without pair {row}", "去掉第 {row} 对重新适应"),
    "live.row.without_help": (
        "Takes the pair out of your table in this session and adapts again; it can be put back.",
        "在本次会话中从表里取出该对并重新适应；可以放回。",
    ),
    "live.row.undo": ("Put all pairs back", "放回全部元件对"),
    "live.whatif.lead": (
        "A question, not a change: your table and the result above stay as they are.",
        "这是提问而非修改：您的表和上方结果保持不变。",
    ),
    "live.whatif.flip": ("Flip these labels", "翻转这些标签"),
    "live.whatif.drop": ("Drop these rows", "去掉这些行"),
    "live.whatif.atom": ("Set the gate of", "设置门控"),
    "live.whatif.no_atom": ("no atom", "不设置"),
    "live.whatif.gate": ("to", "为"),
    "live.whatif.go": ("Ask", "提问"),
    "live.whatif.none": ("Nothing asked yet.", "尚未提问。"),
    "live.whatif.none_do": (
        "Flip a label, drop a row or set a gate above, then press *Ask*.",
        "在上方翻转标签、去掉行或设置门控，然后点击“提问”。",
    ),
    "live.whatif.kl": ("Belief moves", "判断移动"),
    "live.whatif.kl_help": (
        "KL between the belief about your line after and before, summed over z. A gate set by hand does not move it.",
        "前后对细胞系判断的 KL，对 z 求和。手动设置门控不改变它。",
    ),
    "live.whatif.mean": ("Mean change of P", "P 的平均变化"),
    "live.whatif.crossed": ("Cross 0.5", "越过 0.5"),
    "live.whatif.of": ("of {n:,} pairs", "共 {n:,} 对"),
    "live.whatif.alt": ("The {n} pairs that change most, by up to {most:.3f}.", "变化最大的 {n} 对，最多 {most:.3f}。"),
    "live.whatif.how": (
        "Each mark is one pair: across, its probability as adapted; up, after the change. On the diagonal nothing changed; "
        "red rose, blue fell.",
        "每个标记是一个元件对：横轴为适应后的概率，纵轴为改变之后。对角线上没有变化；红色上升，蓝色下降。",
    ),
    "live.whatif.gates_how": (
        "The gates that the change moves most: tick before, dot after. A gate that flips its side speaks against contact "
        "where it spoke for it.",
        "变化最大的门控：短线为之前，点为之后。越过零的门控由支持接触变为反对，或相反。",
    ),
    "live.refine": ("Refinement (off by default)", "细化（默认关闭）"),
    "live.refine_lead": (
        "After adapting, move the context by gradient steps towards what explains your labels best. No weight changes.",
        "适应之后，用梯度步骤将语境移向最能解释您标签之处。模型权重不变。",
    ),
    "live.refine.on": ("Refine", "细化"),
    "live.refine.steps": ("Steps", "步数"),
    "live.refine.size": ("Step size", "步长"),
    "live.refine.noise": ("Noise", "噪声"),
    "live.refine.noise_help": (
        "0: to the best point. 1: Langevin, a random walk.",
        "0：移向最优点。1：朗之万随机游走。",
    ),
    "live.session": ("Repeat a session file", "重现会话文件"),
    "live.session_lead": (
        "A session file holds your support, the settings and the result. Given back, it is adapted to anew with the same run "
        "and compared bit for bit.",
        "会话文件包含您的支持集、设置和结果。上传后将用同一运行重新适应，并逐位比较。",
    ),
    "live.session_file": ("A session saved on this page, up to 4 MiB", "在此页保存的会话，最大 4 MiB"),
    "live.session_same": ("{name}: repeated, bit for bit.", "{name}：逐位重现。"),
    "live.session_differs": (
        "{name}: NOT repeated. The versions of metabam or torch, or the number of threads, differ from those it names.",
        "{name}：未能重现。metabam 或 torch 的版本或线程数与文件所载不同。",
    ),
    "fig.influence.title": ("Which labels matter, which are contradicted", "哪些标签重要，哪些受到反驳"),
    "fig.influence.hover": (
        "%{{text}}<br>others say %{{x:+.2f}} nat<br>moves the context by %{{customdata:.2f}} sd",
        "%{{text}}<br>其他对的意见 %{{x:+.2f}} nat<br>移动语境 %{{customdata:.2f}} sd",
    ),
    "fig.influence.alt": (
        "The others speak most against pair {row} ({gain:+.2f} nats); pair {top} moves the context most.",
        "其他对最反对第 {row} 对（{gain:+.2f} nat）；第 {top} 对移动语境最多。",
    ),
    "fig.influence.note": ("size: how far the context moves without the pair", "大小：去掉该对时语境的移动"),
    "fig.influence.x": ("label foretold by the others, beyond the prior (nats)", "其他对对标签的预测超出先验（nat）"),
    "fig.null.title": ("Against shuffled labels", "与打乱标签比较"),
    "fig.null.name": ("{n} shuffles", "{n} 次打乱"),
    "fig.null.own": ("your labels", "您的标签"),
    "fig.null.x": ("leave-one-out gain over the prior (nats)", "相对先验的留一增益（nat）"),
    "fig.null.y": ("shuffles", "打乱次数"),
    "fig.null.note": (
        "gain {gain:+.2f}, 95 % of shuffles below {edge:+.2f}, p = {p:.3f}",
        "增益 {gain:+.2f}，95 % 的打乱低于 {edge:+.2f}，p = {p:.3f}",
    ),
    "fig.null.alt": (
        "Gain {gain:+.2f} nats; 95 % of the shuffles lie below {edge:+.2f}; p = {p:.3f}.",
        "增益 {gain:+.2f} nat；95 % 的打乱低于 {edge:+.2f}；p = {p:.3f}。",
    ),
    "fig.whatif.title": ("Predictions before and after", "改变前后的预测"),
    "fig.whatif.support": ("support pair", "支持对"),
    "fig.whatif.queries": ("query pair", "查询对"),
    "fig.whatif.before": ("before", "之前"),
    "fig.whatif.after": ("after", "之后"),
    "fig.whatif.x": ("P as adapted", "适应后的 P"),
    "fig.whatif.y": ("P after the change", "改变后的 P"),
    "fig.whatif.alt": (
        "{n} pairs change by {mean:.3f} on average; {crossed} cross 0.5.",
        "{n} 对平均变化 {mean:.3f}；{crossed} 对越过 0.5。",
    ),
    "fig.whatif.gates": ("Gates before and after", "改变前后的门控"),
    "fig.whatif.gates_alt": (
        "Atom {atom} moves most, from {before:+.2f} to {after:+.2f}.",
        "原子 {atom} 变化最大，由 {before:+.2f} 到 {after:+.2f}。",
    ),
    "fig.refine.title": ("Refinement, step by step", "逐步细化"),
    "fig.refine.name": ("objective", "目标"),
    "fig.refine.x": ("gradient step", "梯度步"),
    "fig.refine.y": ("log P(S | z) + log p(z), nats", "log P(S | z) + log p(z)，nat"),
    "fig.refine.note": ("gained {gained:.2f} nats", "提高 {gained:.2f} nat"),
    "fig.refine.diverged": ("diverged: the context was left as adapted", "发散：语境保持适应后的值"),
    "fig.refine.alt": ("{n} steps gain {gained:.2f} nats.", "{n} 步提高 {gained:.2f} nat。"),
}
