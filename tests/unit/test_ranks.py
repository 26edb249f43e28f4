"""Ranks on several data sets against Demšar's worked example, SciPy, and permutation by brute force."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from assay.statistics import friedman, ranks
from scipy import stats

DEMSAR = [  # Demšar (2006), table 6: the ranks of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets
    *([4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5], [3, 2, 4, 1]),
    *([2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5] * 4, [4, 2.5, 1, 2.5], [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2]),
]


def test_demsar_s_friedman_test() -> None:
    averages = ranks.average_ranks(DEMSAR, higher_is_better=False)
    assert averages == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    found = friedman.friedman(DEMSAR)
    assert (found.df, found.df_1, found.df_2) == (3, 3, 39)
    assert found.chi_square is not None
    plain = found.chi_square * found.tie_correction  # the paper does not correct for ties
    assert plain == pytest.approx(9.28, abs=5e-3)
    assert 13 * plain / (14 * 3 - plain) == pytest.approx(3.69, abs=5e-3)


def test_demsar_s_post_hoc_tests() -> None:
    averages = ranks.average_ranks(DEMSAR, higher_is_better=False)
    assert ranks.critical_difference(14, 4, 0.05) == pytest.approx(1.25, abs=5e-3)
    assert ranks.critical_difference(14, 4, 0.10) == pytest.approx(1.12, abs=5e-3)
    assert ranks.groups(averages, 1.25) == [[3, 1, 2, 0]]
    assert ranks.groups(averages, 1.12) == [[3, 1, 2], [2, 0]]
    tests = ranks.against_control(averages, 14, 0)
    assert [z for z, _, _ in tests] == pytest.approx([2.342, 0.512, 2.416], abs=1e-3)
    assert [p for _, p, _ in tests] == pytest.approx([0.019, 0.607, 0.016], abs=2e-3)
    assert [p <= 0.05 for _, _, p in tests] == [True, False, True]


@pytest.mark.parametrize("seed", range(10))
def test_friedman_agrees_with_scipy(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 5 if seed % 2 else 1000, (4 + seed, 3 + seed % 4)).astype(float)
    found, expected = friedman.friedman(scores.tolist()), stats.friedmanchisquare(*scores.T)
    assert found.chi_square == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_chi_square == pytest.approx(expected.pvalue, rel=1e-9)
    for higher in (True, False):
        expected_ranks = stats.rankdata(-scores if higher else scores, axis=1)
        np.testing.assert_array_equal(ranks.ranks(scores.tolist(), higher), expected_ranks)
    # Iman and Davenport's F is that of an analysis of variance of the ranks
    ranked = stats.rankdata(scores, axis=1)
    between = len(scores) * ((ranked.mean(axis=0) - ranked.mean()) ** 2).sum() / found.df_1
    within = ((ranked - ranked.mean(axis=0)) ** 2).sum() / found.df_2
    assert found.f == pytest.approx(between / within, rel=1e-9)
    assert found.p_f == pytest.approx(stats.f.sf(found.f, found.df_1, found.df_2), rel=1e-9)


@pytest.mark.parametrize(
    "rows", [[[1, 2, 3], [1, 2, 3], [2, 1, 3]], [[1, 1, 2, 3], [1, 2, 3, 4], [2, 1, 3, 3]]]
)
def test_small_tables_are_tested_by_permutation(rows: list[list[float]]) -> None:
    found, ranked = friedman.friedman(rows), stats.rankdata(rows, axis=1)
    every = product(*(permutations(row) for row in ranked))
    sums = np.array([np.sum(table, axis=0) for table in every])
    deviation = ((sums - sums.mean()) ** 2).sum(axis=1)
    exact = (deviation >= deviation[0] - 1e-9).mean()
    assert (found.method, found.p) == ("permutation", pytest.approx(exact, abs=5e-3))
    assert found.p_f is not None and found.p_f < exact, "F is too liberal here"
    assert friedman.friedman(rows) == found


def test_large_tables_are_tested_by_f() -> None:
    scores = np.random.default_rng(2).normal(size=(30, 8))
    scores[:, 0] += 0.5
    found = friedman.friedman(scores.tolist())
    assert (found.method, found.p) == ("f", found.p_f)
    assert found.p == pytest.approx(friedman._permuted(stats.rankdata(scores, axis=1)), rel=0.15, abs=1e-3)


def test_where_f_is_infinite_p_is_exact() -> None:
    found = friedman.friedman([[1, 2, 3]] * 3)
    orders = list(product(permutations((1, 2, 3)), repeat=3))
    assert (found.f, found.method) == (None, "exact")
    assert found.p == pytest.approx(sum(len(set(rows)) == 1 for rows in orders) / len(orders))
    tied = friedman.friedman([[1, 1, 2]] * 3)
    orders = list(product(set(permutations((1, 1, 2))), repeat=3))
    assert tied.p == pytest.approx(sum(len(set(rows)) == 1 for rows in orders) / len(orders))


def test_where_all_tie_there_is_no_test() -> None:
    found = friedman.friedman([[0.5, 0.5, 0.5]] * 3)
    assert {found.chi_square, found.f, found.p, found.p_f, found.p_chi_square, found.method} == {None}


def test_values_that_differ_by_rounding_tie() -> None:
    assert ranks.ranks([[0.1 + 0.2, 0.3, 0.5]], True).tolist() == [[2.5, 2.5, 1.0]]
    assert ranks.ranks([[0.0, 0.0, 1e-300]], False).tolist() == [[1.5, 1.5, 3.0]]


@pytest.mark.parametrize("k", [2, 3, 12])
def test_nemenyi_agrees_with_the_studentized_range(k: int) -> None:
    averages = np.linspace(1, k, k)
    found = np.array(ranks.nemenyi(averages.tolist(), 10))
    scale = np.sqrt(2) / np.sqrt(k * (k + 1) / 60)
    for other in range(1, k):
        expected = stats.studentized_range.sf(scale * (averages[other] - 1), k, np.inf)
        assert found[0, other] == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert (found == found.T).all() and (np.diag(found) == 1).all()
    distance = ranks.critical_difference(10, k, 0.05)
    assert ranks.nemenyi([0.0, distance, *[0.0] * (k - 2)], 10)[0][1] == pytest.approx(0.05, abs=1e-8)
    assert 0 < ranks.nemenyi([1.0, 2.0, 3.0], 10**9)[0][2] < 1e-300


def test_groups_are_the_largest_ones_and_none_of_one() -> None:
    assert ranks.groups([1.0, 5.0, 1.5, 2.2, 4.4], 1.0) == [[0, 2], [2, 3], [4, 1]]
    assert ranks.groups([1.0, 2.0, 3.0], 1.0) == []
    assert ranks.groups([2.0, 2.0, 2.0], 0.5) == [[0, 1, 2]]


def test_sign_test_agrees_with_scipy() -> None:
    for wins, losses in ((0, 5), (7, 2), (4, 4), (1, 0)):
        expected = stats.binomtest(wins, wins + losses).pvalue
        assert ranks.sign_test(wins, losses) == pytest.approx(expected, rel=1e-12)
    assert ranks.sign_test(0, 0) is None
