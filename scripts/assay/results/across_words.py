"""What the ranks on several data sets say, in words: one sentence, and notes on what limits it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from assay.notation import equation, probability
from assay.words import counted, listed

Result = Mapping[str, Any]
SHOWN = 6
"""Data sets that a note names at most."""


def sentence(found: Result) -> str:
    """The outcome, with the numbers that carry it.

    Args:
        found: the content of `across.json` but for its words.
    """
    n = len(found["datasets"])
    where = f"In {found['metric']} over {counted(n, 'data set')}"
    if found["status"] == "n_datasets_lt_2":
        order = listed(item["variant"] for item in _by_rank(found))
        return f"There is no test of ranks on one data set, {found['datasets'][0]['dataset']}: {order}."
    if found["status"] == "all_tied":
        return f"{where}, all {len(found['variants'])} variants tie on every one."
    if found["status"] == "two_variants":
        return f"{where}, {_two(found)}."
    best = _by_rank(found)
    ties = [item["variant"] for item in best if item["average_rank"] == best[0]["average_rank"]]
    have = f"{listed(ties)} {'has' if len(ties) == 1 else 'have'}"
    rank = f"the best average rank of {counted(len(best), 'variant')}, {best[0]['average_rank']:.2f}"
    head = f"{where}, {have} {rank}"
    if found["friedman"]["p"] > found["alpha"]:
        return f"{head}, but the ranks differ by no more than chance would make them: {_friedman(found)}."
    return f"{head}; the ranks differ, {_friedman(found)}, {_pairs(found)}."


def notes(found: Result) -> list[str]:
    """What a reader must know besides: what was left out, what failed, what so few data sets can show."""
    told = []
    for item in found["left_out"]:
        reasons = listed(f"{cell['variant']} ({cell['reason']})" for cell in item["missing"])
        told.append(f"{item['dataset']} was left out: it has no {found['metric']} of {reasons}.")
    failed = [
        f"{cell['failed']} of {cell['failed'] + cell['n']} of {cell['variant']} on {row['dataset']}"
        for row in found["datasets"]
        for cell in row["cells"]
        if cell["failed"]
    ]
    if failed:
        more = [counted(len(failed) - SHOWN, "other cell")] if len(failed) > SHOWN else []
        told.append(f"Runs without a value: {listed([*failed[:SHOWN], *more])}; the means are of the others.")
    n, k = len(found["datasets"]), len(found["variants"])
    if n > 1 and (smallest := _smallest_p(n, k)) > found["alpha"]:
        told.append(
            f"{counted(n, 'data set')} with {k} variants cannot show a difference: the smallest p value "
            f"that they could give is {probability(smallest, found['alpha'])}."
        )
    return told


def _smallest_p(n: int, k: int) -> float:
    """Of the exact test, where all data sets rank all variants alike."""
    return 2.0 ** (1 - n) if k == 2 else math.exp(-(n - 1) * math.lgamma(k + 1))


def _by_rank(found: Result) -> list[Mapping[str, Any]]:
    return sorted(found["variants"], key=lambda item: float(item["average_rank"]))


def _friedman(found: Result) -> str:
    test, alpha = found["friedman"], found["alpha"]
    if test["f"] is None:
        return f"every data set ranks the variants alike (Friedman, {equation(test['p'], alpha)}, exact)"
    statistic = f"F({test['df_1']}, {test['df_2']}) = {test['f']:.2f}"
    how = "Friedman, by permutation" if test["method"] == "permutation" else "Friedman"
    return f"{statistic}, {equation(test['p'], alpha)} ({how})"


def _pairs(found: Result) -> str:
    """Which variants can be told apart."""
    told = [test for test in found["comparisons"] if test["verdict"] != "inconclusive"]
    if found["design"] == "baseline":
        better, worse = (
            [test["variant"] for test in told if test["verdict"] == verdict]
            for verdict in ("better", "worse")
        )
        parts = [
            f"{listed(names)} {'ranks' if len(names) == 1 else 'rank'} {word} than {found['baseline']}"
            for names, word in ((better, "better"), (worse, "worse"))
            if names
        ]
        shown = listed(parts) or f"no variant can be told from {found['baseline']}"
        return f"{'and' if parts else 'but'} {shown} (Holm)"
    apart = f"Nemenyi, ranks {found['critical_difference']:.2f} apart"
    if not told:
        return f"but no two variants can be told apart ({apart})"
    best = _by_rank(found)[0]["variant"]
    beaten = [_other(test, best) for test in told if best in (test["baseline"], test["variant"])]
    rest = len(told) - len(beaten)
    if not beaten:
        return f"and {counted(rest, 'pair')} can be told apart, none of them with {best} ({apart})"
    order = [item["variant"] for item in _by_rank(found) if item["variant"] in beaten]
    others = len(found["variants"]) - 1
    than = listed(order)
    if len(order) > 2:
        than = f"all {others} others" if len(order) == others else f"{len(order)} of the {others} others"
    more = f", and {counted(rest, 'other pair')} can be told apart" if rest else ""
    return f"and {best} ranks better than {than}{more} ({apart})"


def _other(test: Mapping[str, Any], name: str) -> str:
    found: str = test["variant"] if test["baseline"] == name else test["baseline"]
    return found


def _two(found: Result) -> str:
    """The outcome of a comparison of two variants."""
    test, alpha = found["two_variants"], found["alpha"]
    n = len(found["datasets"])
    ties = f", with {counted(test['ties'], 'tie')}" if test["ties"] else ""
    if test["p_wilcoxon"] is None:
        return f"{test['variant']} and {test['baseline']} tie on every one"
    wins = f"better on {test['wins']} of {n}{ties}"
    tests = (
        f"{equation(test['p_wilcoxon'], alpha)} by Wilcoxon's signed-rank test, "
        f"{probability(test['p_sign'], alpha)} by the sign test"
    )
    if test["verdict"] == "inconclusive":
        return (
            f"no difference between {test['variant']} and {test['baseline']} could be shown: {wins}; {tests}"
        )
    return f"{test['variant']} is {test['verdict']} than {test['baseline']}: {wins}; {tests}"
