"""Strings of the Training monitor."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    "training.title": ("Training monitor", "训练监视"),
    "training.question": (
        "Is the run healthy, and did it stop for the right reason?",
        "这次训练健康吗？它停下来的原因合理吗？",
    ),
    "training.axis": ("x axis", "横轴"),
    "training.axis.step": ("step", "步数"),
    "training.axis.clock": ("clock", "时间"),
    "training.axis.epoch": ("epoch", "轮次"),
    "training.axis_help": (
        "An epoch: as many query pairs as the run has training pairs; only phases that train in episodes have them.",
        "一个轮次：所见查询对数等于训练元件对数；仅按情节训练的阶段才有。",
    ),
    "training.axis_title.step": ("training step", "训练步数"),
    "training.axis_title.epoch": ("epochs (query pairs seen / training pairs)", "轮次（所见查询对 / 训练元件对）"),
    "training.axis_title.clock": ("minutes since the start", "开始后的分钟数"),
    "training.phase": ("Phase", "阶段"),
    "training.phase.discover": ("motif discovery", "基序发现"),
    "training.phase.pretrain": ("per-line heads", "各系预训练"),
    "training.phase.select-steps": ("choosing steps", "选择步数"),
    "training.phase.meta-train": ("meta-training", "元训练"),
    "training.phase.joint": ("encoder and model together", "编码器与模型联合训练"),
    "training.phase.done": ("finished", "完成"),
    "training.smooth": ("Smoothing (EMA)", "平滑（EMA）"),
    "training.smooth_help": (
        "0 draws what was logged. Raw values stay visible behind the smoothed line.",
        "0 表示画出原始记录。平滑线后面始终保留原始值。",
    ),
    "training.log": ("log y", "对数纵轴"),
    "training.compare": ("Compare with", "对比运行"),
    "training.compare_none": ("no other run", "无其他运行"),
    "training.compare_help": ("Up to three more runs, drawn on the same axes.", "最多再选三个运行，画在同一坐标上。"),
    "training.live": ("Live", "实时"),
    "training.live_help": (
        "Reads the log every 5 seconds while the run's heartbeat is fresh. Switch it off to zoom in peace.",
        "当运行心跳新鲜时，每 5 秒读取一次日志。需要细看时可关闭。",
    ),
    "training.losses": ("Loss terms and gradient", "损失项与梯度"),
    "training.losses_note": ("Losses in nats; lower is better.", "损失单位为 nat；越低越好。"),
    "training.idle": ("Switched off in this run (always zero): {names}.", "本次运行中关闭（始终为零）：{names}。"),
    "training.health": ("Signs of collapse", "崩溃迹象"),
    "training.health_note": (
        "A model that ignores its support shows the three support curves on top of one another.",
        "忽略支持集的模型，其三条支持集曲线会重合。",
    ),
    "training.leftout": ("Each training line left out in turn", "依次留出每个训练细胞系"),
    "training.leftout_note": (
        "One curve per left-out line, each never scored by its own training; their mean decides the number of steps.",
        "每条曲线对应一个留出的细胞系，其训练从不使用自身评分；均值决定步数。",
    ),
    "training.chosen": ("Chosen: {steps} steps.", "选定：{steps} 步。"),
    "training.chosen_none": (
        "No episodes were run: on left-out training lines none of the tried numbers of steps was clearly better than "
        "the model as born from the lines' own labels. The search is under *choosing steps*.",
        "未进行元训练：在留出的训练细胞系上，尝试过的各步数都没有明显优于由各细胞系标签直接得到的初始模型。"
        "搜索过程见“选择步数”。",
    ),
    "training.truth.loss": ("true generator", "真实生成器"),
    "training.truth.note": (
        "Truth: on the {n} labels of the training lines the generator that made them has a loss of {loss:.3f} nats and an "
        "AUPRC of {auprc:.3f} (base rate {rate:.3f}); labels are drawn by chance, so no model can do better on average. "
        "Task losses of training also count virtual lines, which are not the generator's: read its line as a landmark.",
        "真相：在训练细胞系的 {n} 个标签上，产生这些标签的生成器损失为 {loss:.3f} nat，AUPRC 为 {auprc:.3f}（基准率 {rate:.3f}）；标签带有随机性，"
        "平均而言没有模型能更好。训练的任务损失还包含并非由生成器产生的虚拟细胞系：请把其虚线当作参照。",
    ),
    "training.shown": (
        "{shown} points drawn / {total} logged; long curves are thinned evenly and keep their last point.",
        "画出 {shown} 点 / 记录 {total} 点；较长的曲线均匀抽稀并保留最后一点。",
    ),
    "training.json": ("Curves and filters (JSON)", "曲线与筛选（JSON）"),
    "training.rest": ("Everything else that was logged", "其他记录"),
    "training.chart.auprc": ("AUPRC", "AUPRC"),
    "training.chart.sensitivity": ("AUROC by support", "不同支持集下的 AUROC"),
    "training.chart.auprc_train": ("AUPRC on the training lines", "训练细胞系的 AUPRC"),
    "training.chart.auprc_leftout": ("AUPRC on the left-out line", "留出细胞系的 AUPRC"),
    "training.chart.kl": ("KL per context dimension (nats)", "各语境维度的 KL（nat）"),
    "training.chance": ("1 / lines", "1 / 细胞系数"),
    "training.half_rank": ("half of min(K, D)", "min(K, D) 的一半"),
    "training.kpi.state": ("State", "状态"),
    "training.kpi.phase": ("Phase", "阶段"),
    "training.kpi.step": ("Step", "步数"),
    "training.kpi.time": ("Training time", "训练用时"),
    "training.kpi.heart": ("Last heartbeat", "上次心跳"),
    "training.kpi.seconds": ("{seconds:.0f} s ago", "{seconds:.0f} 秒前"),
    "training.kpi.minutes": ("{minutes:.1f} min", "{minutes:.1f} 分钟"),
    "training.how": (
        "Faint lines are the values as logged, strong lines their moving average. **Loss terms** should fall and "
        "flatten. **AUROC by support**: own above another line's above flipped labels; three equal lines mean that the "
        "labels are not used. **AUPRC on the left-out training line** decides when to stop; the never-seen lines are not "
        "scored here. **KL per dimension** near zero everywhere means an idle context. Click a point to open the atoms "
        "at the nearest checkpoint; Shift and wheel zooms, dragging moves, a double click resets.",
        "浅色线为原始记录，深色线为滑动平均。**损失项**应下降并趋平。**不同支持集下的 AUROC**：自身高于其他细胞系，高于标签翻转；"
        "三线重合意味着标签没有被使用。**留出训练细胞系上的 AUPRC** 决定何时停止；未见过的细胞系不在此评分。**各维度的 KL** 全部接近零"
        "意味着语境闲置。点击某点可打开最近检查点处的原子；Shift 加滚轮缩放，拖动平移，双击复位。",
    ),
    "training.table": ("Numbers", "数值"),
    "training.table.alt": (
        "Last, best, smallest and largest value of {n} curves.",
        "{n} 条曲线的最后、最佳、最小和最大值。",
    ),
    "training.table.run": ("run", "运行"),
    "training.table.name": ("quantity", "指标"),
    "training.table.last": ("last", "最后"),
    "training.table.best": ("best", "最佳"),
    "training.table.best_step": ("at step", "步数"),
    "training.table.min": ("min", "最小"),
    "training.table.max": ("max", "最大"),
    "training.table.n": ("n", "n"),
    "training.csv": ("All scalars (CSV)", "全部标量（CSV）"),
    "training.pick": ("Step {step} chosen.", "已选择第 {step} 步。"),
    "training.pick_go": ("Atoms at step {step}", "查看第 {step} 步的原子"),
    "training.empty": ("The log of {run} holds no step yet.", "{run} 的日志中还没有记录。"),
    "training.empty_do": ("Records appear here once training has begun.", "训练开始后，记录会显示在这里。"),
    "training.empty_phase": ("Nothing was logged in this phase.", "此阶段没有记录。"),
    "training.silent": (
        "The run stopped without saying so: its last heartbeat is {age} old and nobody holds its lock. Resume it with:",
        "运行无声停止：上次心跳在 {age} 前，且无进程持有其锁。可用以下命令继续：",
    ),
    "training.failed": ("The run failed: {reason}", "运行失败：{reason}"),
    "training.bad_lines": ("{n} unreadable lines of the log were skipped.", "跳过了日志中 {n} 行无法读取的内容。"),
    "training.torn": ("The last line of the log was cut off and is not drawn.", "日志最后一行被截断，未画出。"),
    "training.gaps": (
        "{n} values were not finite; the first is {name} at step {step}. Red lines mark where.",
        "{n} 个数值不是有限数；第一个是第 {step} 步的 {name}。红线标出位置。",
    ),
    "training.resumed": ("Resumed at step {steps}.", "在第 {steps} 步恢复。"),
    "training.log_left_out": ("Values that are not positive are left out on a log axis.", "对数轴上不画非正值。"),
    "training.alt": ("{title}: last value {last}.", "{title}：最后值 {last}。"),
}
