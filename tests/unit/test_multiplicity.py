"""Adjustments against published numbers, statsmodels, SciPy, brute force, and what must hold for any tests."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from assay.statistics.multiplicity import benjamini_hochberg, dunnett, holm
from assay.statistics.paired import join, paired_t
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

EXAMPLES = {
    example["name"]: example
    for example in json.loads((Path(__file__).parent / "data/worked_examples.json").read_text())
}
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_published_example() -> None:
    example = EXAMPLES["r_padjust_small"]
    assert holm(example["data"]["p"]) == pytest.approx(example["expected"]["holm"], abs=1e-12)


@pytest.mark.parametrize("seed", range(50))
def test_agrees_with_statsmodels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    p_values = generator.uniform(size=1 + seed % 12) ** 3
    if seed % 3 == 0:
        p_values = p_values.round(1)  # ties
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(p_values.tolist()), expected, rtol=1e-12)


def test_one_test_needs_no_adjustment_and_none_is_fine() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(P_VALUES, st.randoms())
def test_the_order_of_the_tests_makes_no_difference(p_values: list[float], random: Random) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm([p_values[i] for i in order]) == [holm(p_values)[i] for i in order]


@given(P_VALUES)
def test_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert p <= adjusted <= min(1.0, len(p_values) * p)


@given(P_VALUES)
def test_keeps_the_order_of_the_p_values(p_values: list[float]) -> None:
    adjusted = [q for _, q in sorted(zip(p_values, holm(p_values), strict=True))]
    assert adjusted == sorted(adjusted)


def test_benjamini_hochberg_is_as_published_and_as_statsmodels() -> None:
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324]
    published += [0.4262, 0.5719, 0.6528, 0.759, 1.0]  # Benjamini and Hochberg (1995), section 3.1
    assert [p <= 0.05 for p in benjamini_hochberg(published)] == [True] * 4 + [False] * 11
    for seed in range(50):
        p_values = np.random.default_rng(seed).uniform(size=1 + seed % 12) ** 3
        if seed % 3 == 0:
            p_values = p_values.round(1)
        found = benjamini_hochberg(p_values.tolist())
        np.testing.assert_allclose(found, multipletests(p_values, method="fdr_bh")[1], rtol=1e-12)
    assert benjamini_hochberg([]) == []


@given(P_VALUES)
def test_benjamini_hochberg_lies_between_the_p_value_and_holm(p_values: list[float]) -> None:
    for p, adjusted, strict in zip(p_values, benjamini_hochberg(p_values), holm(p_values), strict=True):
        assert p <= adjusted <= strict * (1 + 1e-12)


def differences(correlation: np.ndarray, t: list[float], df: int) -> np.ndarray:
    """Rows of df + 1 differences that have exactly these correlations and values of t."""
    noise = np.random.default_rng(0).normal(size=(df + 1, len(t)))
    orthogonal, _ = np.linalg.qr(noise - noise.mean(axis=0))
    values, vectors = np.linalg.eigh(correlation)
    factor = vectors * np.sqrt(values.clip(0))
    rows: np.ndarray = (orthogonal @ factor.T * np.sqrt(df) + np.array(t) / np.sqrt(df + 1)).T
    return rows


def equal(m: int, correlation: float) -> np.ndarray:
    return np.full((m, m), correlation) + (1 - correlation) * np.eye(m)


@pytest.mark.parametrize(
    ("m", "df", "critical"),  # C. W. Dunnett (1964), Biometrics 20, 482-491, two-sided 5 %
    [(2, 5, 3.03), (2, 10, 2.57), (3, 20, 2.54), (4, 12, 2.81)],
)
def test_dunnett_has_the_published_critical_values(m: int, df: int, critical: float) -> None:
    below, above = (
        dunnett(differences(equal(m, 0.5), [t, *[0.1] * (m - 1)], df).tolist())[0]
        for t in (critical - 0.006, critical + 0.006)  # published with two decimals
    )
    assert above - 1e-4 < 0.05 < below + 1e-4


def test_dunnett_agrees_with_the_multivariate_t_distribution() -> None:
    generator = np.random.default_rng(1)
    for m, n in ((3, 6), (5, 21)):
        rows = generator.normal(0.3, 1, (m, n)) + generator.normal(0, 1, n)
        distribution = stats.multivariate_t(shape=np.corrcoef(rows), df=n - 1)
        t = stats.ttest_1samp(rows, 0, axis=1).statistic
        for found, size in zip(dunnett(rows.tolist()), np.abs(t), strict=True):
            inside = distribution.cdf([size] * m, lower_limit=[-size] * m, random_state=0)
            assert found == pytest.approx(1 - inside, rel=0.01, abs=2e-4)


@pytest.mark.parametrize(("m", "n"), [(6, 4), (9, 10)])
def test_dunnett_by_brute_force_where_there_are_more_comparisons_than_seeds(m: int, n: int) -> None:
    generator = np.random.default_rng(m)
    rows = generator.normal(0.5, 1, (m, n)) + generator.normal(0, 0.5, n)
    values, vectors = np.linalg.eigh(np.corrcoef(rows))
    normal = generator.normal(size=(100_000, m)) @ (vectors * np.sqrt(values.clip(0))).T
    chi = generator.chisquare(n - 1, size=100_000)
    largest = np.abs(normal).max(axis=1) / np.sqrt(chi / (n - 1))
    t = stats.ttest_1samp(rows, 0, axis=1).statistic
    expected = [(largest >= abs(value)).mean() for value in t]
    np.testing.assert_allclose(dunnett(rows.tolist()), expected, atol=0.005)


def test_dunnett_of_one_comparison_or_of_the_same_twice_is_the_t_test() -> None:
    row = [0.3, 0.1, 0.25, -0.02, 0.4]
    p = paired_t(join(dict.fromkeys(range(5), 0.0), dict(enumerate(row)))).p
    assert dunnett([row]) == pytest.approx([p], rel=1e-12)
    assert dunnett([row, row, [10 * value for value in row]]) == pytest.approx([p] * 3, rel=1e-9)
    assert dunnett([row, [-value for value in row]]) == pytest.approx([p] * 2, rel=1e-9)
    assert dunnett([]) == []


def test_dunnett_lies_between_the_p_value_and_bonferroni_and_is_the_same_each_time() -> None:
    generator = np.random.default_rng(4)
    for shift in (0.0, 1.0, 30.0):
        rows = generator.normal(shift, 1, (3, 8)).tolist()
        alone = [dunnett([row])[0] for row in rows]
        found = dunnett(rows)
        assert found == dunnett(rows)
        for p, adjusted in zip(alone, found, strict=True):
            assert p <= adjusted <= min(1.0, 3 * p)
        assert min(found) < min(holm(alone))


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [1.0]], [[1.0], [2.0]], [[1.0, 2.0], [3.0, 3.0]]])
def test_dunnett_refuses_what_has_no_t(rows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="the same number of differences, two or more that vary"):
        dunnett(rows)
