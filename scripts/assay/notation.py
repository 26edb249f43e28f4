"""How numbers are written for people: proportions in percent, other metrics with three digits.

Nothing here computes a statistic. Signs are typographic (−), and a number that does not exist is –.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MISSING = "–"
_PROPORTIONS = "accuracy|precision|recall|sensitivity|specificity|f1|error_rate|auc|dice|iou"
_PROPORTION = re.compile(rf"(?:^|_)(?:{_PROPORTIONS})(?:_|$)")
_PARTS = {"train": "training", "val": "validation"}
_SHORT = {"auc": "AUC", "f1": "F1", "mae": "MAE", "mse": "MSE", "r2": "R²", "rmse": "RMSE"}


@dataclass(frozen=True)
class Scale:
    """How the values of one metric are written."""

    metric: str
    is_proportion: bool

    @classmethod
    def by_name(cls, metric: str, values: Iterable[float]) -> Scale:
        """A proportion is called like one, and no value lies outside 0 … 1."""
        named = _PROPORTION.search(metric.lower()) is not None
        return cls(metric, named and all(0 <= value <= 1 for value in values))

    @property
    def factor(self) -> int:
        """What values are multiplied by before they are shown."""
        return 100 if self.is_proportion else 1

    @property
    def unit(self) -> str:
        """What differences and standard deviations are in."""
        return "percentage points" if self.is_proportion else f"units of {self.metric}"

    @property
    def axis(self) -> str:
        """Label of an axis of values."""
        label = metric_label(self.metric)
        return f"{label} (%)" if self.is_proportion else label

    def number(self, value: float | None) -> str:
        """A value or a standard deviation, without its unit: `97.12`, `0.123`."""
        if value is None or not math.isfinite(value):
            return MISSING
        return fixed(100 * value) if self.is_proportion else significant(value)

    def value(self, value: float | None) -> str:
        """A value with its unit: `97.12 %`, `0.123`."""
        text = self.number(value)
        return f"{text} %" if self.is_proportion and text != MISSING else text

    def mean_and_sd(self, mean: float | None, sd: float | None) -> str:
        """`97.12 ± 0.31 %`; the mean alone where one run has no standard deviation."""
        spread = self.value(sd)
        return self.value(mean) if spread == MISSING else f"{self.number(mean)} ± {spread}"

    def difference(self, test: Mapping[str, Any]) -> str:
        """A comparison's mean difference, in percentage points for proportions: `+0.81`."""
        return fixed(self._scaled(test["mean_difference"]), self._decimals(test), "+")

    def interval(self, test: Mapping[str, Any]) -> str:
        """A comparison's confidence interval: `[0.32, 1.30]`."""
        if test["ci_low"] is None or test["ci_high"] is None:
            return MISSING
        low, high = (
            fixed(self._scaled(test[bound]), self._decimals(test)) for bound in ("ci_low", "ci_high")
        )
        return f"[{low}, {high}]"

    def _scaled(self, value: float | None) -> float | None:
        return None if value is None else self.factor * value

    def _decimals(self, test: Mapping[str, Any]) -> int:
        """Two significant digits of half the interval's width, as in the comparisons' sentences."""
        if test["ci_low"] is None or test["ci_high"] is None:
            return 2
        half_width = self.factor * (test["ci_high"] - test["ci_low"]) / 2
        return max(2, 1 - math.floor(math.log10(half_width))) if half_width > 0 else 2


def metric_label(name: str) -> str:
    """A metric or a column of a history in words: `validation mean squared error`, `R²`."""
    prefix, _, rest = name.partition("_")
    part = _PARTS.get(prefix, "") if rest else ""
    words = (rest if part else name).split("_")
    return " ".join(filter(None, (part, *(_SHORT.get(word, word) for word in words))))


def percent(part: float) -> str:
    """A fraction that was chosen, such as a confidence, in full: `95 %`."""
    return f"{100 * part:.10g} %"


def fixed(value: float | None, decimals: int = 2, sign: str = "") -> str:
    """A number with so many decimals, never `−0.00`; with `sign="+"`, `+` before 0 and more."""
    if value is None or not math.isfinite(value):
        return MISSING
    plain = decimals <= 6 and abs(value) < 1e7
    return format(value, f"{sign}z.{decimals}f" if plain else f"{sign}.3g").replace("-", "−")


def significant(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits: `0.120`, `12.3`, `4571`, `1.20e−05`."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    text = f"{value:#.{digits}g}".rstrip(".").replace("-", "−")
    return fixed(value, 0) if "e+" in text and abs(value) < 1e7 else text


def probability(p: float | None, alpha: float) -> str:
    """A p value as papers print it, with enough digits to see on which side of alpha it lies."""
    if p is None or not math.isfinite(p):
        return MISSING
    if p < min(0.001, alpha):
        return "< .001"
    if p > max(0.995, alpha):
        return "> .99"
    decimals = 2 if p >= 0.1 else 3
    while (round(p, decimals) <= alpha) != (p <= alpha):
        decimals += 1
    return f"{p:.{decimals}f}".replace("0.", ".", 1)


def equation(p: float | None, alpha: float) -> str:
    """`p = .006`, `p < .001`; empty if there is no p value."""
    text = probability(p, alpha)
    return "" if text == MISSING else f"p {text}" if text[0] in "<>" else f"p = {text}"
