"""Strings of the Overview."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "overview.title": ("Overview", "概览"),
    "overview.question": (
        "What can this model say about a cell line it has never seen, and can I trust it today?",
        "对于从未见过的细胞系，这个模型能说些什么？今天我能相信它吗？",
    ),
    "overview.lines": ("Training lines", "训练细胞系"),
    "overview.pairs": ("Labelled pairs", "有标签元件对"),
    "overview.positives": ("Contacts", "接触对"),
    "overview.size": ("Size K × D", "规模 K × D"),
    "overview.size_help": (
        "K × D: K mechanism atoms, each a direction in D pair features.",
        "K × D：K 个机制原子，每个是 D 个元件对特征中的一个方向。",
    ),
    "overview.steps": ("Steps T", "步数 T"),
    "overview.steps_help": (
        "T: how often the gated state is refined before it is read out.",
        "T：读出之前，门控状态被细化的次数。",
    ),
    "overview.rank": ("Effective rank", "有效秩"),
    "overview.rank_help": (
        "exp(entropy of the singular values of V), of at most min(K, D). It shows whether atoms repeat one another; "
        "it does not show that they are right.",
        "V 的奇异值熵的指数，上限 min(K, D)。它说明原子是否重复，并不说明原子是否正确。",
    ),
    "overview.of": ("of {top}", "上限 {top}"),
    "overview.honesty": ("Honesty", "诚实性"),
    "overview.leakage": ("Leakage", "泄漏"),
    "overview.path.how": (
        "Read from left to right. **16 pairs**: filled diamonds are enhancer-promoter pairs in contact, open ones are "
        "not. **q(z|S)**: what those labels say about the cell line, dot and standard deviation, over the grey prior. "
        "**Gates**: how strongly each mechanism atom is switched on (red, +) or against (blue, −) in this line. "
        "**Unfolding**: the mean state of the atoms after each step. **Prediction**: query pairs by rank with 90 % "
        "intervals. The line shown is a training line: the picture explains the model, it does not test it.",
        "从左到右阅读。**16 个元件对**：实心菱形为接触的增强子-启动子对，空心为不接触。**q(z|S)**：这些标签对细胞系的说明，"
        "点与标准差，灰色为先验。**门控**：每个机制原子在该细胞系中被打开（红，+）或反向（蓝，−）的程度。**展开**：每一步之后"
        "原子的平均状态。**预测**：按名次排列的查询对及 90 % 区间。所示为训练细胞系：此图用于解释模型，而不是检验模型。",
    ),
    "overview.go.support": ("Your 16 pairs", "您的元件对"),
    "overview.go.posterior": ("Your line's context", "您的细胞系语境"),
    "overview.go.gates": ("The atoms", "查看原子"),
    "overview.go.unfolding": ("How it was trained", "训练过程"),
    "overview.go.prediction": ("Predict queries", "预测查询"),
    "overview.scores.how": (
        "Each dot is one cell line that took no part in training: the model was given 16 of its pairs and asked about "
        "others. The tick is the base rate, what guessing reaches. Bars are 95 % bootstrap intervals over query pairs. "
        "Beating the base rate is not a verdict: click a dot for the same line beside baselines that need no model.",
        "每个点是一个未参与训练的细胞系：给模型其中 16 个元件对，再询问其他元件对。短线为基准率，即随机猜测能达到的水平。"
        "误差条为按查询对自助抽样的 95 % 区间。高于基准率并非结论：点击一个点可查看该细胞系与无需模型的基线的比较。",
    ),
    "overview.scores.empty": (
        "No labelled queries of a never-seen line are at hand for this run.",
        "本次运行没有未见过细胞系的有标签查询。",
    ),
    "overview.scores.empty_do": (
        "Adapt to a support of the held-out line and score labelled queries on *Adapt live*; AUPRC and base rate are "
        "shown there.",
        "请在“实时适应”页用留出细胞系的支持集适应，并对有标签的查询评分；那里会显示 AUPRC 和基准率。",
    ),
    "overview.lines.head": ("Cell lines of this run", "本次运行的细胞系"),
    "overview.lines.line": ("cell line", "细胞系"),
    "overview.lines.role": ("role", "角色"),
    "overview.lines.training": ("training", "训练"),
    "overview.lines.heldout": ("never seen", "未见过"),
    "overview.lines.pairs": ("pairs", "元件对"),
    "overview.lines.positives": ("contacts", "接触对"),
    "overview.lines.share": ("contacts, %", "接触，%"),
    "overview.lines.alt": (
        "{n} cell lines with their pairs and share of contacts.",
        "{n} 个细胞系及其元件对数和接触比例。",
    ),
    "overview.runs.head": ("All runs", "全部运行"),
    "overview.runs.alt": (
        "{n} runs with their state; {bad} of them cannot be read.",
        "{n} 个运行及其状态；其中 {bad} 个无法读取。",
    ),
    "overview.runs.run": ("run", "运行"),
    "overview.runs.state": ("state", "状态"),
    "overview.runs.reason": ("reason", "原因"),
    "overview.runs.step": ("step", "步数"),
    "overview.runs.created": ("created", "创建时间"),
    "overview.demo": ("Load the demo world", "载入演示世界"),
    "overview.demo_help": ("Switch to the bundled run on a planted world.", "切换到自带的人工世界上的运行。"),
    "overview.card": ("Run card", "运行卡片"),
    "overview.card_md": ("Run card (Markdown)", "运行卡片（Markdown）"),
    "overview.card_json": ("Run card (JSON)", "运行卡片（JSON）"),
}
