"""The answer in words: what the comparisons say, in one sentence and no more than they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.notation import equation, metric_label
from assay.report.inputs import Inputs
from assay.report.phrases import adjustment, level
from assay.words import counted, listed

MARKS = {"better": "▲", "worse": "▼", "equivalent": "≈", "inconclusive": "◇", "degenerate": "○"}
"""A sign for each verdict, so that none is told by colour alone."""

_OPEN = "This does not show that they are equal: the interval says how large a difference may be."


@dataclass(frozen=True)
class Headline:
    """The one verdict of a report."""

    text: str
    verdict: str
    """A key of MARKS: how the headline is marked."""
    detail: str = ""
    """What keeps it honest."""


def headline(inputs: Inputs) -> Headline:
    """The verdict on the whole study; of a quick try, it says that it is none."""
    comparisons = inputs.compared["comparisons"]
    found = _verdict(inputs, comparisons)
    if not inputs.settings.smoke or not comparisons:
        return found
    return Headline(f"A quick try, not evidence. {found.text}", "inconclusive", found.detail)


def _verdict(inputs: Inputs, comparisons: Sequence[dict[str, Any]]) -> Headline:
    baseline = inputs.baseline
    if not comparisons:
        return _alone(inputs)
    if len(comparisons) == 1:
        [only] = comparisons
        return Headline(only["sentence"], only["verdict"], _OPEN if only["verdict"] == "inconclusive" else "")
    if inputs.compared["design"] != "baseline":
        return _each_with_each(inputs, comparisons)
    found = {mark: [c["variant"] for c in comparisons if c["verdict"] == mark] for mark in MARKS}
    if found["better"]:
        return _victory(inputs, best(inputs), found["better"])
    if found["worse"]:
        equal = f" {_are(found['equivalent'])} equivalent." if found["equivalent"] else ""
        open_ = " The others leave it open." if found["inconclusive"] else ""
        worse = _are(found["worse"])
        return Headline(f"No variant was shown to beat {baseline}; {worse} worse.{equal}{open_}", "worse")
    if found["equivalent"]:
        rest = "" if len(found["equivalent"]) == len(comparisons) else " The others leave it open."
        label = metric_label(inputs.metric)
        return Headline(
            f"{_are(found['equivalent'])} equivalent to {baseline} in {label}.{rest}", "equivalent"
        )
    if not found["inconclusive"]:
        return Headline(f"No variant could be tested against {baseline}.", "degenerate")
    return Headline(
        f"No variant could be shown to differ from {baseline}.",
        "inconclusive",
        _OPEN,
    )


def best(inputs: Inputs) -> str:
    """The variant with the largest gain of those shown to be better; else the baseline."""
    better = [c for c in inputs.compared["comparisons"] if c["verdict"] == "better"]
    if not better or inputs.compared["design"] != "baseline":
        return inputs.baseline
    return str(max(better, key=lambda comparison: abs(comparison["mean_difference"]))["variant"])


def _each_with_each(inputs: Inputs, comparisons: Sequence[dict[str, Any]]) -> Headline:
    """Of all pairs: the variant that beats every other, or those that none beats."""
    beaten: dict[str, set[str]] = {name: set() for c in comparisons for name in (c["baseline"], c["variant"])}
    for c in comparisons:
        if c["verdict"] in ("better", "worse"):
            winner, loser = (c["variant"], c["baseline"])[:: 1 if c["verdict"] == "better" else -1]
            beaten[winner].add(loser)
    lost = set().union(*beaten.values())
    first = [name for name in beaten if len(beaten[name]) == len(beaten) - 1]
    if first:
        text = f"Best: {first[0]} — beats every other variant in {metric_label(inputs.metric)}."
        return Headline(text, "better")
    verdicts = {c["verdict"] for c in comparisons} - {"degenerate"}
    if verdicts == {"equivalent"}:
        return Headline(f"All variants are equivalent in {metric_label(inputs.metric)}.", "equivalent")
    if not verdicts:
        return Headline("No two variants could be tested against each other.", "degenerate")
    if not lost:
        return Headline(
            "No two variants could be shown to differ.",
            "inconclusive",
            _OPEN,
        )
    left = [name for name in beaten if name not in lost]
    return Headline(f"No variant was shown to beat every other, and none to beat {listed(left)}.", "better")


def _victory(inputs: Inputs, winner: str, better: Sequence[str]) -> Headline:
    compared, scale = inputs.compared, inputs.scale
    test = next(c for c in compared["comparisons"] if c["variant"] == winner)
    interval = f"{level(compared)} CI {scale.interval(test)}"
    amount, label = scale.difference(test), metric_label(inputs.metric)
    if scale.is_proportion:
        by = f"by {amount.removeprefix('+')} points of {label} ({interval})"
    elif compared["higher_is_better"]:
        by = f"by {amount.removeprefix('+')} in {label} ({interval})"
    else:
        by = f"in {label}: {amount} (lower is better; {interval})"
    p = equation(test["p_adjusted"], compared["alpha"])
    after = f" after {adjustment(compared)}" if adjustment(compared) else ""
    others = [name for name in better if name != winner]
    detail = (
        f"Also better than {test['baseline']}: {listed(others)}. Of these, {winner} has the largest "
        "gain; they were not tested against each other."
    )
    text = f"Best: {winner} — beats {test['baseline']} {by}, {p}{after}."
    return Headline(text, "better", detail if others else "")


def _alone(inputs: Inputs) -> Headline:
    """One variant: its value, and no verdict."""
    rows = [row for row in inputs.compared["summary"] if row["metric"] == inputs.metric]
    row = next((row for row in rows if row["variant"] == inputs.baseline), rows[0])
    if not row["n"]:
        return Headline(f"{row['variant']} has no finished run.", "degenerate")
    text = inputs.scale.mean_and_sd(row["mean"], row["sd"])
    label = metric_label(inputs.metric)
    return Headline(
        f"{row['variant']}: {label} {text} (mean ± sd over {counted(row['n'], 'seed')}).",
        "degenerate",
        "There is no other variant to compare it with." if len(inputs.names) == 1 else "",
    )


def _are(names: Sequence[str]) -> str:
    """`a is`, `a and b are`."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"
