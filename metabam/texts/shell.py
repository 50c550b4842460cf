"""Strings of the shell: menu, sidebar, header, footer, errors."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "shell.section.start": ("Start", "开始"),
    "shell.section.observe": ("Observe", "观察"),
    "shell.section.probe": ("Probe", "探查"),
    "shell.section.adapt": ("Adapt", "适应"),
    "shell.section.judge": ("Judge", "评判"),
    "shell.sidebar.run": ("Run", "运行"),
    "shell.sidebar.run_help": (
        "Runs found in the run folder, newest first, then the bundled demo. A link keeps the choice.",
        "运行目录中的运行（新的在前），最后是自带的演示。链接会保留所选的运行。",
    ),
    "shell.sidebar.language": ("Language", "语言"),
    "shell.sidebar.reset": ("Reset view", "重置视图"),
    "shell.sidebar.reset_help": (
        "Back to the default run, step and controls. Tables that you loaded stay.",
        "恢复默认的运行、步数和控件。已载入的表格保留。",
    ),
    "shell.sidebar.facts": ("This run", "本次运行"),
    "shell.sidebar.state": ("State", "状态"),
    "shell.sidebar.genome": ("Genome", "基因组"),
    "shell.sidebar.lines": ("Training lines", "训练细胞系"),
    "shell.sidebar.holdout": ("Never seen", "未见过"),
    "shell.sidebar.seed": ("Seed", "随机种子"),
    "shell.sidebar.step": ("Step", "步数"),
    "shell.unknown": ("unknown", "未知"),
    "shell.none": ("none", "无"),
    "shell.unknown_run": (
        "The link names a run that is not in the run folder. Shown instead: {run}.",
        "链接中的运行不在运行目录中。改为显示：{run}。",
    ),
    "shell.unknown_value": (
        "The link asks for {name} = {value}, which this run does not have. The default is shown.",
        "链接要求 {name} = {value}，本次运行中没有。已显示默认值。",
    ),
    "shell.badge.real": ("REAL", "真实数据"),
    "shell.badge.synthetic": ("SYNTHETIC", "合成数据"),
    "shell.badge.unknown": ("ORIGIN UNKNOWN", "来源未知"),
    "shell.badge.real_help": ("Trained on measured pairs and a real genome.", "用实测的元件对和真实基因组训练。"),
    "shell.badge.synthetic_help": (
        "Trained on a planted world: sequences and labels were made by a program. Nothing here is biology.",
        "用人工设定的世界训练：序列和标签由程序生成，不是生物学结果。",
    ),
    "shell.badge.unknown_help": (
        "The manifest does not say whether the data are real.",
        "清单没有说明数据是否真实。",
    ),
    "shell.truth": ("Show the truth", "显示真相"),
    "shell.truth_help": (
        "Only for simulated data: what the program planted, beside what the model found. The model never sees it.",
        "仅用于模拟数据：在模型所得结果旁显示程序设定的内容。模型从未看到这些内容。",
    ),
    "shell.truth.unfinished": (
        "The truth cannot be shown: this run has not stored its training pairs yet.",
        "无法显示真相：此运行尚未存储其训练元件对。",
    ),
    "shell.truth.no_world": (
        "The truth cannot be shown: there is no planted world on this server. Put the folder that metabam simulate "
        "wrote into ./worlds, or name its parent folder in METABAM_WORLDS, and reload.",
        "无法显示真相：服务器上没有设定的世界。请将 metabam simulate 写出的文件夹放入 ./worlds，或用 METABAM_WORLDS 指明其上级文件夹，然后重新加载。",
    ),
    "shell.truth.other": (
        "The truth cannot be shown: this run was trained on pairs of another world than those on this server. Put its "
        "world into ./worlds, or name its parent folder in METABAM_WORLDS, and reload.",
        "无法显示真相：此运行所用的元件对不属于服务器上的任何世界。请将其世界放入 ./worlds，或用 METABAM_WORLDS 指明其上级文件夹，然后重新加载。",
    ),
    "shell.state.running": ("running", "运行中"),
    "shell.state.finished": ("finished", "已完成"),
    "shell.state.failed": ("failed", "失败"),
    "shell.state.stopped": ("stopped", "已停止"),
    "shell.state.silent": ("stopped without saying so", "无声停止"),
    "shell.state.broken": ("broken", "已损坏"),
    "shell.state.incomplete": ("incomplete copy", "复制不完整"),
    "shell.head.step": ("step {step}", "第 {step} 步"),
    "shell.head.holdout": ("never seen in training: {lines}", "训练中从未见过：{lines}"),
    "shell.head.holdout_chrom": ("chromosomes left out: {chroms}", "留出染色体：{chroms}"),
    "shell.choose": ("Choose", "请选择"),
    "shell.comma": (", ", "、"),
    "shell.colon": (": ", "："),
    "shell.shown": ("{shown} shown / {total} in total", "显示 {shown} / 共 {total}"),
    "shell.turn": (
        "{n} before you on this server; yours starts by itself.",
        "服务器上还有 {n} 项计算排在前面，轮到时会自动开始。",
    ),
    "shell.how": ("How to read this", "如何阅读"),
    "shell.csv": ("CSV", "CSV"),
    "shell.csv_help": ("The values drawn above, no more and no fewer.", "上图中画出的数值，不多不少。"),
    "shell.honesty": (
        "Honesty of this run against answers that read no DNA: {said}",
        "此运行与不读 DNA 的答案相比的诚实性：{said}",
    ),
    "shell.footer": (
        "run {run} · weights {weights} · config {config} · seed {seed} · split {split} · threads {threads}",
        "运行 {run} · 权重 {weights} · 配置 {config} · 种子 {seed} · 划分 {split} · 线程 {threads}",
    ),
    "shell.versions": (
        "metabam {metabam} · torch {torch} · streamlit {streamlit} · plotly {plotly}",
        "metabam {metabam} · torch {torch} · streamlit {streamlit} · plotly {plotly}",
    ),
    "shell.no_auth": (
        "No login: whoever reaches this address can use the app and see its runs.",
        "没有登录：任何能访问此地址的人都能使用本应用并看到其中的运行。",
    ),
    "shell.error.title": ("This part of the page could not be drawn", "这部分页面无法显示"),
    "shell.error.unexpected": (
        "Something failed that should not have: {kind}. The rest of the app goes on.",
        "发生了意外错误：{kind}。应用的其余部分仍可使用。",
    ),
    "shell.error.try": (
        "Reload the page. If it comes back, the server's log has the details under {code}.",
        "请重新加载页面。如果再次出现，服务器日志中的 {code} 有详情。",
    ),
    "shell.empty.no_runs": ("There is no run to show yet.", "还没有可以显示的运行。"),
    "shell.empty.no_runs_do": (
        "Simulate a small world and train on it; the demo preset takes minutes on two cores:",
        "先模拟一个小世界，再在其上训练；演示预设在两个核上只需几分钟：",
    ),
    "shell.empty.broken": ("The run {run} cannot be read: {reason}", "无法读取运行 {run}：{reason}"),
    "shell.empty.broken_do": (
        "Choose another run in the sidebar. The other runs are not affected.",
        "请在侧栏选择其他运行。其他运行不受影响。",
    ),
    "shell.empty.unfinished": (
        "The run {run} has no finished weights yet, so nothing can be computed with its model.",
        "运行 {run} 还没有完成的权重，无法用其模型计算。",
    ),
    "shell.empty.unfinished_do": (
        "Watch it on the Training monitor, or choose a finished run.",
        "请在训练监视页查看，或选择已完成的运行。",
    ),
}
