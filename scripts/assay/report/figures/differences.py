"""The figure of the comparisons: a forest plot of paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from assay.notation import Scale, equation, metric_label
from assay.report.figures.rows import Rows, limits
from assay.report.phrases import adjustment, level
from assay.report.style import BAND, Look
from assay.report.verdict import MARKS


def differences(compared: Mapping[str, Any], scale: Scale, looks: Mapping[str, Look]) -> Figure:
    """A row a comparison: each seed's paired difference, their mean and its interval.

    Where the study has a margin of equivalence, it is a band behind them, and the interval that decides on
    equivalence is the thick part of the bar.

    Args:
        compared: as in `comparisons.json`, with one comparison or more.
    """
    comparisons, factor = compared["comparisons"], scale.factor
    margin = factor * compared["margin"] if compared.get("margin") else None
    counts = {comparison["n"] for comparison in comparisons}
    rows = Rows(
        [_name(comparison, compared, len(counts) > 1) for comparison in comparisons],
        [[factor * value for value in comparison["differences"]] for comparison in comparisons],
        [_estimates(compared, scale), _verdicts(compared)],
        _limits(comparisons, factor, margin),
        [looks[comparison["variant"]] for comparison in comparisons],
    )
    axes = rows.axes
    if margin is not None:
        axes.axvspan(-margin, margin, color=BAND, linewidth=0, zorder=0.5)
    paired = {p: found for p, found in enumerate(comparisons) if found["mean_difference"] is not None}
    means = {place: factor * found["mean_difference"] for place, found in paired.items()}
    rows.means(means, _intervals(paired, "ci", factor))
    if margin is not None:
        rows.inner(_intervals(paired, "equivalence", factor))
    label = _axis_label(scale, compared["higher_is_better"])
    added = [f"n = {counts.pop()} seeds"] if len(counts) == 1 else []
    if margin is not None:
        added.append(f"shaded: equivalence, within ± {_plain(margin)}")
    axes.set_xlabel("\n".join([label, *([", ".join(added)] if added else [])]))
    same = {comparison["baseline"] for comparison in comparisons} == {compared["baseline"]}
    rows.mark(0, f"{compared['baseline']} (baseline)" if same else "no difference")
    return rows.figure


def _name(comparison: Mapping[str, Any], compared: Mapping[str, Any], with_n: bool) -> str:
    """What a row compares: the variant, and with what unless all rows are against the baseline."""
    name = str(comparison["variant"])
    if compared.get("design") == "all_pairs":
        name = f"{name} − {comparison['baseline']}"
    return f"{name} (n = {comparison['n']})" if with_n else name


def _estimates(compared: Mapping[str, Any], scale: Scale) -> list[str]:
    """The column of mean differences and their intervals."""
    found = [f"mean\n[{level(compared)} CI]"]
    for comparison in compared["comparisons"]:
        if comparison["mean_difference"] is None:
            found.append("no pair")
        elif comparison["ci_low"] is None:
            found.append(scale.difference(comparison))
        else:
            found.append(f"{scale.difference(comparison)}\n{scale.interval(comparison)}")
    return found


def _verdicts(compared: Mapping[str, Any]) -> list[str]:
    """The column of verdicts and adjusted p values."""
    method = adjustment(compared)
    found = [f"verdict\np ({method})" if method else "verdict\np"]
    for comparison in compared["comparisons"]:
        verdict = f"{MARKS[comparison['verdict']]} {comparison['verdict']}"
        if comparison["verdict"] == "equivalent":
            p = f"TOST {equation(comparison['p_tost_adjusted'], compared['alpha'])}"
        else:
            p = equation(comparison["p_adjusted"], compared["alpha"])
        found.append(f"{verdict}\n{p}" if p else verdict)
    return found


def _intervals(comparisons: Mapping[int, Any], of: str, factor: int) -> dict[int, tuple[float, float]]:
    """Row → ends, where a comparison has them."""
    found = {place: _ends(comparison, of, factor) for place, comparison in comparisons.items()}
    return {place: ends for place, ends in found.items() if ends is not None}


def _ends(comparison: Mapping[str, Any], of: str, factor: int) -> tuple[float, float] | None:
    low, high = comparison.get(f"{of}_low"), comparison.get(f"{of}_high")
    return None if low is None or high is None else (factor * low, factor * high)


def _limits(comparisons: list[Any], factor: int, margin: float | None) -> tuple[float, float]:
    core = [factor * value for comparison in comparisons for value in comparison["differences"]]
    ends = [end for comparison in comparisons for end in _ends(comparison, "ci", factor) or ()]
    return limits([0.0, *core, *([-margin, margin] if margin is not None else [])], ends)


def _axis_label(scale: Scale, higher_is_better: bool) -> str:
    unit = " (percentage points)" if scale.is_proportion else ""
    text = f"difference in {metric_label(scale.metric)}{unit}"
    gap = 3 * "\N{NO-BREAK SPACE}"
    return f"{text}{gap}better →" if higher_is_better else f"← better{gap}{text}"


def _plain(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
