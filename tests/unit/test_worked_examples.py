"""Every worked example of `data/worked_examples.json`: numbers that were published or counted by hand.

The published examples give x minus y: x is the variant, y the baseline.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assay.statistics import effect_size, multiplicity, permutation, power, robust, wilcoxon
from assay.statistics.paired import Pairs, Seed, join, mean, paired_t

EXAMPLES = json.loads((Path(__file__).parent / "data" / "worked_examples.json").read_text())
Found = dict[str, Any]
NOT_COMPUTED = {"bonferroni", "median_x"}
"""What the examples also give, and nothing here computes; the same holds for keys with `wrong_`."""


def by_position(data: Any) -> Pairs:
    return join(dict(enumerate(data["y"])), dict(enumerate(data["x"])))


def by_seed(data: Any) -> Pairs:
    arms: list[dict[Seed, float | None]] = [
        {int(seed): value for seed, value in data[arm].items()} for arm in ("y", "x")
    ]
    return join(*arms)


def t_test(data: Any, pairs: Pairs | None = None) -> Found:
    found = paired_t(pairs or by_position(data))
    return {
        **{key: getattr(found, key) for key in ("t", "df", "p", "ci_low", "ci_high", "status")},
        "mean_diff": found.mean_difference,
    }


def effect(data: Any) -> Found:
    pairs = by_position(data)
    d_z = paired_t(pairs).d_z
    assert d_z is not None
    low, high = effect_size.d_z_interval(d_z, len(pairs.seeds))
    g_z = d_z * effect_size.small_sample_correction(len(pairs.seeds) - 1)
    return {"d_z": d_z, "ci_low": low, "ci_high": high, "hedges_g_z_exactJ": g_z}


def sign_flip(data: Any) -> Found:
    differences = data["diff"] if "diff" in data else by_position(data).differences
    found = permutation.sign_flip(differences)
    assert found.p is not None and found.exact
    return {"p": found.p, "n_total": found.patterns, "n_extreme": found.p * found.patterns}


def smallest_sign_flip(data: Any) -> Found:
    return {"min_p": [permutation.sign_flip([1.0] * n).p for n in data["n"]]}


def normal_wilcoxon(data: Any) -> Found:
    found = wilcoxon.signed_rank(by_position(data).differences, "normal")
    return {"V": found.statistic, "p": found.p}


def exact_wilcoxon(data: Any) -> Found:
    found = wilcoxon.signed_rank(by_position(data).differences, "exact", "greater")
    return {"stat": found.statistic, "p": found.p}


def planning(data: Any) -> Found:
    solved = []
    for case in data["cases"]:
        rest = case["alpha"], case["alt"]
        if case["solve"] == "n":
            solved.append(power.fractional_seeds(case["d"], case["power"], *rest))
        elif case["solve"] == "d":
            solved.append(power.detectable_effect(case["n"], case["power"], *rest))
        else:
            solved.append(power.power(case["d"], case["n"], *rest))
    first = data["cases"][0]
    return {"values": solved, "n_rounded_up": power.seeds_needed(first["d"], first["power"], first["alpha"])}


def adjusted(data: Any) -> Found:
    return {
        "holm": multiplicity.holm(data["p"]),
        "bh": multiplicity.benjamini_hochberg(data["p"]),
    }


def corrected(data: Any) -> Found:
    """baycomp takes y minus x, and folds that share their data with all others."""
    found: dict[str, list[float | None]] = {"mean": [], "var": [], "df": []}
    for case in data["cases"]:
        pairs = by_position({"x": case["y"], "y": case["x"]})
        folds = len(case["x"]) // case["runs"]
        test = paired_t(pairs, resampling=1 / (folds - 1))
        assert test.standard_error is not None
        found["mean"].append(test.mean_difference)
        found["var"].append(test.standard_error**2)
        found["df"].append(test.df)
    return found


def of_runs_and_tasks(data: Any) -> Found:
    x, y = ([value for run in data[arm] for value in run] for arm in ("x", "y"))
    tasks = zip(zip(*data["y"], strict=True), zip(*data["x"], strict=True), strict=True)
    improvements = [effect_size.probability_of_improvement(*task) for task in tasks]
    return {
        "iqm_x": robust.interquartile_mean(x),
        "iqm_y": robust.interquartile_mean(y),
        "mean_x": mean(x),
        "prob_improvement_x_over_y": sum(found or 0.0 for found in improvements) / len(improvements),
    }


def joined(data: Any) -> Found:
    pairs = by_seed(data)
    return {
        **t_test(data, pairs),
        "differences_by_seed": list(pairs.differences),
        "paired_seeds": list(pairs.seeds),
        "only_x": [seed for seed in pairs.unpaired if str(seed) in data["x"]],
        "only_y": [seed for seed in pairs.unpaired if str(seed) in data["y"]],
    }


COMPUTED_BY: dict[str, Callable[[Any], Found]] = {
    "r_sleep_paired_t": t_test,
    "r_sleep_cohen_dz_ci": effect,
    "r_sleep_signflip_exact": sign_flip,
    "r_sleep_wilcoxon_normal_cc": normal_wilcoxon,
    "signflip_hand_enumerated": sign_flip,
    "signflip_min_p": smallest_sign_flip,
    "power_paired_t": planning,
    "power_large_effect_nan_trap": lambda data: {"power": power.power(data["d"], data["n"], data["alpha"])},
    "r_padjust_small": adjusted,
    "baycomp_nadeau_bengio_variance": corrected,
    "rliable_iqm_poi": of_runs_and_tasks,
    "scipy_wilcoxon_roundoff": exact_wilcoxon,
    "zero_variance_differences": t_test,
    "identical_arms": t_test,
    "single_seed": t_test,
    "seed_alignment": joined,
    "unequal_seed_sets": joined,
}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_example(example: dict[str, Any]) -> None:
    found = COMPUTED_BY[example["name"]](example["data"])
    checked = 0
    for key, expected in example["expected"].items():
        if key in NOT_COMPUTED or key.startswith("wrong_"):
            continue
        tolerance = example["tolerance"]
        if isinstance(tolerance, dict):
            tolerance = tolerance[key]
        if expected is None or isinstance(expected, str):
            assert found[key] == expected, key
        else:
            assert found[key] == pytest.approx(expected, abs=tolerance, rel=0), key
        checked += 1
    assert checked
    for key, exact in example.get("exact", {}).items():
        assert found[key] == pytest.approx(exact, rel=1e-11), key
