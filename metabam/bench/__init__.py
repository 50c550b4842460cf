"""Every learner on the same episodes, beside what needs no model: splits, runner, honesty, claims, report.

:func:`metabam.bench.runner.run_bench` is the one way in; ``metabam bench`` calls it.
"""
