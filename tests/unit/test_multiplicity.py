"""Holm's adjustment against published numbers, statsmodels, and what must hold for any p values."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from assay.statistics.multiplicity import holm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

EXAMPLES = json.loads((Path(__file__).parent / "worked_examples.json").read_text())
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
