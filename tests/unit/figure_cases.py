"""What figures are drawn of, made up: numbers of runs, and comparisons as SciPy computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from assay.report.histories import History, read_histories
from scipy import stats


@dataclass
class Case:
    """A study with a result a variant and seed."""

    effects: Mapping[str, float]
    """Variant → effect; the first is the baseline."""
    seeds: int = 10
    metric: str = "accuracy"
    higher_is_better: bool = True
    level: float = 0.95
    noise: float = 0.004
    steps: int = 0
    """Values are whole numbers of such parts, as accuracies of few samples are."""
    margin: float | None = None
    design: str = "baseline"
    lost: Mapping[str, int] = field(default_factory=dict)
    """Variant → how many of its first seeds have no result."""

    @property
    def baseline(self) -> str:
        return next(iter(self.effects))

    def values(self) -> dict[str, dict[int, float]]:
        """Variant → seed → value."""
        random = np.random.default_rng(3)
        shared = random.normal(0, self.noise, self.seeds)
        found = {}
        for name, effect in self.effects.items():
            column = self.level + effect + shared + random.normal(0, self.noise, self.seeds)
            if self.steps:
                column = np.round(column * self.steps) / self.steps
            lost = self.lost.get(name, 0)
            found[name] = {seed: float(column[seed]) for seed in range(lost, self.seeds)}
        return found

    def compared(self, alpha: float = 0.05) -> dict[str, Any]:
        """As in `comparisons.json`, as far as figures read it."""
        names = list(self.effects)
        pairs = [(self.baseline, name) for name in names[1:]]
        if self.design == "all_pairs":
            pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
        values = self.values()
        tests = [self._test(a, b, values, alpha, len(pairs)) for a, b in pairs]
        return {
            "metric": self.metric, "higher_is_better": self.higher_is_better, "baseline": self.baseline,
            "alpha": alpha, "design": self.design, "adjustment": "holm", "margin": self.margin,
            "comparisons": tests,
        }  # fmt: skip

    def _test(
        self, baseline: str, variant: str, values: dict[str, dict[int, float]], alpha: float, tests: int
    ) -> dict[str, Any]:
        a, b = values[baseline], values[variant]
        gains = np.array([b[seed] - a[seed] for seed in a if seed in b])
        n = len(gains)
        found: dict[str, Any] = {
            "baseline": baseline, "variant": variant, "n": n, "differences": gains.tolist(),
            "mean_difference": float(gains.mean()) if n else None, "verdict": "degenerate",
            "status": "n_lt_2" if n < 2 else "identical",
        }  # fmt: skip
        keys = ("ci_low", "ci_high", "p_adjusted", "equivalence_low", "equivalence_high")
        found |= dict.fromkeys(keys)
        if n < 2 or np.ptp(gains) == 0:
            return found
        t = stats.ttest_1samp(gains, 0)
        outer, inner = t.confidence_interval(1 - alpha), t.confidence_interval(1 - 2 * alpha)
        p = min(1.0, float(t.pvalue) * tests)
        better = (gains.mean() > 0) == self.higher_is_better
        verdict = "inconclusive" if p > alpha else "better" if better else "worse"
        if self.margin is not None and -self.margin < inner.low and inner.high < self.margin:
            verdict = "equivalent"
            found["p_tost_adjusted"] = 0.003
        ends = [outer.low, outer.high, p, inner.low, inner.high]
        return found | {"status": "ok", "verdict": verdict} | dict(zip(keys, map(float, ends), strict=True))

    def histories(self, epochs: int = 20, stop: Mapping[str, int] | None = None) -> pd.DataFrame:
        """A row an epoch of each run; of variants in `stop`, seed s ends s epochs before the last."""
        random = np.random.default_rng(5)
        rows = []
        for place, (name, arm) in enumerate(self.values().items()):
            for seed, value in arm.items():
                wobble = random.normal(0, self.noise, epochs)
                for epoch in range(1, epochs - (seed if name in (stop or {}) else 0) + 1):
                    left = float(np.exp(-epoch / (epochs / 7 + place)))
                    rows.append(
                        {"variant": name, "seed": seed, "epoch": epoch,
                         f"val_{self.metric}": min(1, value - 0.6 * left + wobble[epoch - 1]),
                         "val_loss": 2 * left + 0.1 + abs(wobble[epoch - 1])}
                    )  # fmt: skip
        return pd.DataFrame(rows)


def read(histories: pd.DataFrame) -> list[History]:
    """The same as the report reads them."""
    return read_histories(histories.to_csv(index=False))
