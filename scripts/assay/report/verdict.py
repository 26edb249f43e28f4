"""The answer in words: what the comparisons say, in one sentence and no more than they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.notation import equation
from assay.report.inputs import Inputs
from assay.words import counted, listed

MARKS = {"better": "▲", "worse": "▼", "inconclusive": "◇", "degenerate": "○"}
"""A sign for each verdict, so that none is told by colour alone."""


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
    found = _verdict(inputs)
    if not inputs.settings.smoke or not inputs.compared["comparisons"]:
        return found
    return Headline(f"A quick try, not evidence. {found.text}", "inconclusive", found.detail)


def _verdict(inputs: Inputs) -> Headline:
    comparisons, baseline = inputs.compared["comparisons"], inputs.baseline
    if not comparisons:
        return _alone(inputs)
    found = {mark: [c["variant"] for c in comparisons if c["verdict"] == mark] for mark in MARKS}
    if found["better"]:
        return _victory(inputs, best(inputs), found["better"])
    if found["worse"]:
        are = _is(found["worse"])
        return Headline(f"No variant beats {baseline}; {listed(found['worse'])} {are} worse.", "worse")
    if not found["inconclusive"]:
        return Headline(f"No variant could be tested against {baseline}.", "degenerate")
    return Headline(
        f"No variant could be shown to differ from {baseline}.",
        "inconclusive",
        "This does not show that they are equal: the intervals say how large a difference may be.",
    )


def best(inputs: Inputs) -> str:
    """The variant with the largest gain of those shown to be better; else the baseline."""
    better = [c for c in inputs.compared["comparisons"] if c["verdict"] == "better"]
    if not better:
        return inputs.baseline
    return str(max(better, key=lambda comparison: abs(comparison["mean_difference"]))["variant"])


def level(compared: Mapping[str, Any]) -> str:
    """The confidence of the intervals: `95 %`."""
    return f"{100 * (1 - compared['alpha']):.6g} %"


def tested(compared: Mapping[str, Any]) -> int:
    """How many tests the p values were adjusted for."""
    return sum(comparison["status"] == "ok" for comparison in compared["comparisons"])


def _victory(inputs: Inputs, winner: str, better: Sequence[str]) -> Headline:
    compared, scale = inputs.compared, inputs.scale
    test = next(c for c in compared["comparisons"] if c["variant"] == winner)
    interval = f"{level(compared)} CI {scale.interval(test)}"
    amount = scale.difference(test)
    if scale.is_proportion:
        by = f"by {amount.removeprefix('+')} points of {inputs.metric} ({interval})"
    elif compared["higher_is_better"]:
        by = f"by {amount.removeprefix('+')} in {inputs.metric} ({interval})"
    else:
        by = f"in {inputs.metric}: {amount} (lower is better; {interval})"
    p = equation(test["p_adjusted"], compared["alpha"])
    after = " after Holm" if tested(compared) > 1 else ""
    others = [name for name in better if name != winner]
    detail = (
        f"Also better than {test['baseline']}: {listed(others)}. Of these, {winner} has the largest "
        "gain; they were not tested against each other."
    )
    text = f"Best: {winner} — beats {test['baseline']} {by}, {p}{after}."
    return Headline(text, "better", detail if others else "")


def _alone(inputs: Inputs) -> Headline:
    """One variant: its value, and no verdict."""
    row = inputs.compared["summary"][0]
    if not row["n"]:
        return Headline(f"{row['variant']} has no finished run.", "degenerate")
    text = inputs.scale.mean_and_sd(row["mean"], row["sd"])
    return Headline(
        f"{row['variant']}: {inputs.metric} {text} (mean ± sd over {counted(row['n'], 'seed')}).",
        "degenerate",
        "There is no other variant to compare it with.",
    )


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
