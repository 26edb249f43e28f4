"""The tables beside the comparison that decides: effect sizes, other tests, equivalence and power."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assay.notation import MISSING, Scale, fixed, percent
from assay.report.cells import (
    Comparison,
    first_column,
    in_points,
    p_value,
    pair_name,
    plain_interval,
    points,
)
from assay.report.inputs import Inputs
from assay.report.phrases import level
from assay.report.tables import Cell, Column, Table, interval, number, text

Shown = Callable[[Comparison], Cell]


def effects(inputs: Inputs) -> Table:
    """Sizes of the differences that have no unit."""
    lines: list[tuple[Column, Shown]] = [
        (Column("d_z", symbol="d_z"), lambda t: number(fixed(t["d_z"]), t["d_z"])),
        (Column(f"d_z {level(inputs.compared)} CI", "interval", symbol="d_z"),
         lambda t: plain_interval(t["d_z_ci_low"], t["d_z_ci_high"])),
        (Column("g_av", symbol="g_av"), lambda t: number(fixed(t["hedges_g_av"]), t["hedges_g_av"])),
        (Column("P(improvement)"),
         lambda t: number(_share(t["probability_of_improvement"]), t["probability_of_improvement"])),
        (Column("better"), lambda t: number(str(t["wins"]), t["wins"])),
        (Column("equal"), lambda t: number(str(t["ties"]), t["ties"])),
        (Column("worse"), lambda t: number(str(t["losses"]), t["losses"])),
    ]  # fmt: skip
    note = (
        "d_z: mean difference / standard deviation of the differences, its interval from the noncentral t "
        "distribution. g_av: Hedges' g, over the average standard deviation of the two variants. "
        "P(improvement): chance that a run of the variant is better than one of the baseline, whatever their "
        "seeds. Last: pairs in which the variant is better, equal or worse."
    )
    return _of_tested(inputs, "effects", "Effect sizes", lines, note)


def checks(inputs: Inputs) -> Table:
    """Tests that assume less, and whether the differences look normal."""
    alpha = inputs.compared["alpha"]
    exact = {t["sign_flip_exact"] for t in inputs.compared["comparisons"] if t["p_sign_flip"] is not None}
    how = (
        "every pattern of signs" if exact == {True} else "patterns of signs that were drawn with a fixed seed"
    )
    lines: list[tuple[Column, Shown]] = [
        (Column("paired t"), lambda t: p_value(t["p"], alpha)),
        (Column("one-sided"), lambda t: p_value(t["p_better"], alpha)),
        (Column("sign-flip"), lambda t: p_value(t["p_sign_flip"], alpha)),
        (Column("Wilcoxon"), lambda t: p_value(t["p_wilcoxon"], alpha)),
        (Column("Shapiro–Wilk"), lambda t: p_value(t["p_normality"], alpha)),
    ]
    note = (
        "p values of other tests of the same differences, none adjusted; the paired t-test decides. "
        "One-sided: that the variant is better."
    )
    if inputs.compared["resampling"]:
        lines = lines[:2]
        note += " Tests by signs or ranks need independent pairs, which seeds that split the data are not."
    else:
        note += (
            f" Sign-flip: over {how}. Shapiro–Wilk: that the differences are normal, which is a note and "
            "switches nothing."
        )
    return _of_tested(inputs, "checks", "Other tests of the same differences", lines, note)


def planning(inputs: Inputs) -> Table:
    """Equivalence, the Bayesian reading, and what the study could have found."""
    compared, scale = inputs.compared, inputs.scale
    alpha, tests = compared["alpha"], compared["comparisons"]
    share = percent(1 - 2 * alpha)
    lines: list[tuple[Column, Shown]] = []
    if compared["margin"] is not None:
        ends = lambda t: {"ci_low": t["equivalence_low"], "ci_high": t["equivalence_high"]}  # noqa: E731
        lines += [
            (Column(f"{share} CI", "interval"),
             lambda t: interval(scale.interval(ends(t)), t["equivalence_low"], t["equivalence_high"])),
            (Column("p TOST"), lambda t: p_value(t["p_tost"], alpha)),
            (Column("p TOST, Holm"), lambda t: p_value(t["p_tost_adjusted"], alpha)),
        ]  # fmt: skip
    if any(test["bayes"] for test in tests):
        for side in ("worse", "equivalent", "better"):
            lines.append((Column(f"P({side})"), lambda t, side=side: _posterior(t["bayes"], side)))  # type: ignore[misc]
    lines.append(
        (Column("smallest detectable"), lambda t: number(_amount(scale, t["power_mde"]), t["power_mde"]))
    )
    if compared["margin"] is not None:
        lines.append((Column("seeds needed"), lambda t: number(_count(t["seeds_needed"]), t["seeds_needed"])))
    return _of_tested(inputs, "planning", "Equivalence and power", lines, _planning_note(inputs))


def _planning_note(inputs: Inputs) -> str:
    compared, scale = inputs.compared, inputs.scale
    power = percent(compared["power"])
    said = []
    if compared["margin"] is not None:
        margin = _amount(scale, compared["margin"])
        said.append(
            f"Equivalent: two one-sided tests (TOST) against ± {margin}{points(scale)}, the study's margin, "
            "give a p value of at most alpha after Holm; the interval is not adjusted."
        )
    if any(test["bayes"] for test in compared["comparisons"]):
        said.append("P(worse), P(equivalent), P(better): posterior probabilities with that margin.")
    said.append(
        f"Smallest detectable{in_points(scale)}: the true difference that this many pairs would find with "
        f"{power} power."
    )
    if compared["margin"] is not None:
        said.append("Seeds needed: to find a true difference as large as the margin with that power.")
    return " ".join(said)


def _of_tested(
    inputs: Inputs, name: str, caption: str, lines: list[tuple[Column, Shown]], note: str
) -> Table:
    """A row for each comparison that was tested."""
    tests = [test for test in inputs.compared["comparisons"] if test["status"] == "ok"]
    columns = [Column(first_column(inputs), "text"), *(column for column, _ in lines)]
    rows = [[text(pair_name(inputs, test)), *(show(test) for _, show in lines)] for test in tests]
    return Table(name, caption, columns, rows, note)


def _posterior(bayes: Mapping[str, float] | None, side: str) -> Cell:
    return Cell(MISSING, "") if bayes is None else number(_share(bayes[side]), bayes[side])


def _share(value: float | None) -> str:
    return MISSING if value is None else fixed(value)


def _amount(scale: Scale, value: float | None) -> str:
    return scale.number(value)


def _count(value: float | None) -> str:
    return MISSING if value is None else f"{value:,}"
