"""Adjustments against published numbers, statsmodels, SciPy, brute force, and what must hold for any tests."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from assay.statistics.multiplicity import benjamini_hochberg, holm
from hypothesis import given
from hypothesis import strategies as st
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
