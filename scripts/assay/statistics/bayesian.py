"""The Bayesian reading of paired differences: how probable is worse, as good as equal, better."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from assay.statistics.paired import Pairs, paired_t


@dataclass(frozen=True)
class Bayes:
    """Posterior probabilities of where the true mean difference lies; they sum to 1."""

    left: float
    """Below the region of practical equivalence: the variant has the smaller values."""
    rope: float
    """In the region: no difference that matters."""
    right: float
    """Above it: the variant has the larger values."""


def correlated_t(pairs: Pairs, rope: float, correlation: float = 0.0) -> Bayes | None:
    """The correlated Bayesian t-test, with a prior that says nothing.

    The posterior of the mean difference is a Student t distribution with n - 1 degrees of freedom,
    about the observed mean, of scale sd * √(1 / n + correlation / (1 - correlation)).

    Source: G. Corani and A. Benavoli (2015), A Bayesian approach for comparing cross-validated
    algorithms on multiple data sets, Machine Learning 100, 285-304; A. Benavoli et al. (2017), Time for a
    change: a tutorial for comparing multiple classifiers through Bayesian analysis, Journal of Machine
    Learning Research 18, 77; both: the Bayesian correlated t-test.

    Args:
        pairs: n pairs.
        rope: half the width of the region of practical equivalence, in units of the metric; it is
            centered on zero.
        correlation: between differences of different seeds; the test split's share of a data set that
            each seed splits anew, 0 with one split for all.

    Returns:
        None where there is no paired t-test: fewer than two pairs, or differences that do not vary.

    Raises:
        ValueError: the rope is negative or not finite, or the correlation does not lie in [0, 1).
    """
    if not 0 <= rope < math.inf:
        raise ValueError(f"rope: must be a finite number of at least 0, not {rope}")
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation: must be at least 0 and below 1, not {correlation}")
    test = paired_t(pairs, resampling=correlation / (1 - correlation))
    if test.status != "ok":
        return None
    assert test.mean_difference is not None and test.standard_error is not None and test.df is not None
    left = float(special.stdtr(test.df, (-rope - test.mean_difference) / test.standard_error))
    right = float(special.stdtr(test.df, (test.mean_difference - rope) / test.standard_error))
    return Bayes(left=left, rope=max(0.0, 1 - left - right), right=right)
