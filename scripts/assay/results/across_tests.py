"""The tests of ranks on several data sets: which of them there is, and what it says of each pair of variants.

ok                three variants or more: Friedman, then Nemenyi (all pairs) or Holm (the baseline)
two_variants      Wilcoxon's signed-rank test decides, the sign test stands beside it
n_datasets_lt_2   one data set: ranks, but no test of them
all_tied          every data set ties all variants
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from assay.statistics import ranks
from assay.statistics.friedman import friedman
from assay.statistics.wilcoxon import signed_rank

Found = dict[str, Any]


@dataclass(frozen=True)
class Ranking:
    """Variants, best or worst by their average rank, and what is to be tested."""

    names: Sequence[str]
    scores: Sequence[Sequence[float]]
    """A row a data set, a column a variant: the mean of its runs."""
    baseline: str
    design: str
    """`all_pairs` or `baseline`."""
    alpha: float
    higher_is_better: bool

    @property
    def ranks(self) -> list[list[float]]:
        """A row a data set, a column a variant."""
        found: list[list[float]] = ranks.ranks(self.scores, self.higher_is_better).tolist()
        return found

    @property
    def averages(self) -> dict[str, float]:
        """Variant → average rank."""
        found = ranks.average_ranks(self.scores, self.higher_is_better)
        return dict(zip(self.names, found, strict=True))


def tests(ranking: Ranking) -> Found:
    """Status, Friedman's test or that of two variants, comparisons, critical difference and groups."""
    n, k = len(ranking.scores), len(ranking.names)
    found: Found = {"status": "ok", "friedman": None, "two_variants": None, "critical_difference": None}
    found |= {"comparisons": [], "groups": []}
    if n < 2:
        return found | {"status": "n_datasets_lt_2"}
    if k == 2:
        return found | {"status": "two_variants"} | _two(ranking)
    test = friedman(ranking.scores)
    if test.p is None:
        return found | {"status": "all_tied", "groups": [list(ranking.names)]}
    found["friedman"] = asdict(test)
    averages = list(ranking.averages.values())
    if ranking.design == "baseline":
        others = [name for name in ranking.names if name != ranking.baseline]
        pairs = [(ranking.baseline, other) for other in others]
        control = ranks.against_control(averages, n, ranking.names.index(ranking.baseline))
        p_values = [(p, adjusted) for _, p, adjusted in control]
    else:
        found["critical_difference"] = ranks.critical_difference(n, k, ranking.alpha)
        pairs = list(combinations(ranking.names, 2))
        adjusted_p = ranks.nemenyi(averages, n)
        p_values = [
            (ranks.z_test(averages[j] - averages[i], n, k)[1], adjusted_p[i][j])
            for i, j in combinations(range(k), 2)
        ]
    differ = test.p <= ranking.alpha  # else no test of pairs is to follow it
    found["comparisons"] = [
        _comparison(ranking, pair, p, adjusted, differ)
        for pair, (p, adjusted) in zip(pairs, p_values, strict=True)
    ]
    return found | {"groups": _groups(ranking, found, differ)}


def _comparison(ranking: Ranking, pair: tuple[str, str], p: float, p_adjusted: float, differ: bool) -> Found:
    baseline, variant = pair
    difference = ranking.averages[variant] - ranking.averages[baseline]
    verdict = "inconclusive"
    if differ and p_adjusted <= ranking.alpha:
        verdict = "better" if difference < 0 else "worse"
    return {
        "baseline": baseline,
        "variant": variant,
        "rank_difference": difference,
        "p": p,
        "p_adjusted": p_adjusted,
        "verdict": verdict,
    }


def _groups(ranking: Ranking, found: Found, differ: bool) -> list[list[str]]:
    """The largest sets of variants that cannot be told apart, each from its best."""
    averages = ranking.averages
    by_rank = sorted(ranking.names, key=averages.__getitem__)
    if not differ:
        return [by_rank]
    if ranking.design == "all_pairs":
        sets = ranks.groups(list(averages.values()), found["critical_difference"])
        return [[ranking.names[place] for place in places] for places in sets]
    alike = {test["variant"] for test in found["comparisons"] if test["verdict"] == "inconclusive"}
    return [[name for name in by_rank if name in alike or name == ranking.baseline]] if alike else []


def _two(ranking: Ranking) -> Found:
    """Two variants."""
    [other] = [name for name in ranking.names if name != ranking.baseline]
    base, place = ranking.names.index(ranking.baseline), ranking.names.index(other)
    wins = sum(row[place] < row[base] for row in ranking.ranks)
    losses = sum(row[place] > row[base] for row in ranking.ranks)
    sign = 1 if ranking.higher_is_better else -1
    differences = [  # those that tie but for rounding are no differences
        sign * (row[place] - row[base]) if ranked[place] != ranked[base] else 0.0
        for row, ranked in zip(ranking.scores, ranking.ranks, strict=True)
    ]
    found = signed_rank(differences)
    differ = found.p is not None and found.p <= ranking.alpha
    test = {
        "baseline": ranking.baseline,
        "variant": other,
        "wins": wins,
        "losses": losses,
        "ties": len(differences) - wins - losses,
        "p_wilcoxon": found.p,
        "p_sign": ranks.sign_test(wins, losses),
        "verdict": "inconclusive",
    }
    if differ and found.statistic is not None:
        test["verdict"] = "better" if found.statistic > found.n * (found.n + 1) / 4 else "worse"
    by_rank = sorted(ranking.names, key=ranking.averages.__getitem__)
    return {"two_variants": test, "groups": [] if differ else [by_rank]}
