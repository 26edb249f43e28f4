"""Group-sequential tests: looking at a study several times, with one error rate for all looks.

The looks are planned before the first one: so many seeds at each. At a look, the two-sided p value of all
seeds so far is held against the nominal level of this look; at most at it, one may stop and claim a
difference. The levels spend alpha by and by, as a spending function of the share of the seeds says.

The levels are exact for means of normal differences whose variance is known. Held against p values of
t-tests they are an approximation (C. Jennison and B. W. Turnbull 2000, section 4.4): with looks at 5, 10 and
20 seeds and alpha = .05, false alarms are .050 (O'Brien-Fleming) and .053 (Pocock) of all studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from assay.errors import UserError, choose

Array = NDArray[np.float64]
FARTHEST = 9.0
"""Standard deviations beyond which a normal density is nothing."""
SMALLEST = 1e-300
"""What a level is at the least: less than this is spent on no look."""


def _obrien_fleming(share: float, alpha: float) -> float:
    """Next to nothing at first: 2 - 2 Phi(z / sqrt(share)) on each side, with half of alpha."""
    return 4 * float(special.ndtr(special.ndtri(alpha / 4) / math.sqrt(share)))


def _pocock(share: float, alpha: float) -> float:
    """About the same level at each look: alpha log(1 + (e - 1) share)."""
    return alpha * math.log1p((math.e - 1) * share)


SPENDING: dict[str, Callable[[float, float], float]] = {
    "obrien_fleming": _obrien_fleming,
    "pocock": _pocock,
}
"""Name → how much of alpha is spent when a share of all seeds is there.

Source: K. K. G. Lan and D. L. DeMets (1983), Discrete sequential boundaries for clinical trials,
Biometrika 70, 659-663.
"""


def nominal_levels(looks: Sequence[int], alpha: float, spending: str) -> list[float]:
    """The nominal two-sided level of each look: reject where p is at most this.

    Source: P. Armitage, C. K. McPherson and B. C. Rowe (1969), Journal of the Royal Statistical Society A
    132, 235-244; Jennison and Turnbull (2000), Group sequential methods, chapter 19.

    Args:
        looks: the number of seeds at each look, growing; the last is all that will be trained.
        alpha: the chance that any look rejects if there is no difference.
        spending: one of SPENDING.

    Raises:
        UserError: the looks do not grow, alpha is not between 0 and 1, or there is no such spending.
    """
    _require(looks, alpha, spending)
    return _levels(looks, alpha, spending, len(looks))


def interval_level(look: int, looks: Sequence[int], alpha: float, spending: str) -> float:
    """The level of a look's repeated confidence interval, which covers with 1 minus it taken alone.

    All intervals of all looks together cover with 1 - alpha, whenever one stops (Jennison and Turnbull
    2000, chapter 9).

    Args:
        look: which look, from 1.
        looks: as for `nominal_levels`.
        alpha: as for `nominal_levels`.
        spending: as for `nominal_levels`.

    Raises:
        UserError: as `nominal_levels`, or there is no such look.
    """
    _require(looks, alpha, spending, look)
    return _levels(looks, alpha, spending, look)[-1]


def sequential_p(p: float, look: int, looks: Sequence[int], spending: str) -> float:
    """The smallest alpha at which a look would reject: a p value that counts all looks, for Holm and others.

    Args:
        p: the two-sided p value of all seeds so far.
        look: which look this is, from 1.
        looks: as for `nominal_levels`.
        spending: as for `nominal_levels`.

    Returns:
        A p value that is never below p; p itself if one look is planned.

    Raises:
        UserError: as `interval_level`.
    """
    _require(looks, 0.5, spending, look)
    if len(looks) == 1 or p <= SMALLEST or p >= 1:
        return p

    def excess(log_alpha: float) -> float:
        return math.log(_levels(looks, math.exp(log_alpha), spending, look)[-1] / p)

    highest = math.log1p(-1e-9)
    if excess(highest) <= 0:
        return 1.0
    low = math.log(p)
    if excess(low) >= 0:
        return p
    return max(p, math.exp(optimize.brentq(excess, low, highest, xtol=1e-10)))


def _levels(looks: Sequence[int], alpha: float, spending: str, last: int) -> list[float]:
    """The nominal levels of the looks up to the `last`, from 1.

    Recursive integration of the Brownian motion's |position| at each look, over paths that have not
    crossed yet. Shares of the seeds are the times.
    """
    shares = [look / looks[-1] for look in looks[:last]]
    spent = [SPENDING[spending](share, alpha) for share in shares]
    levels = [max(spent[0], SMALLEST)]
    places, weights = _grid(_boundary(levels[0], shares[0]), shares)
    density = 2 * weights * _normal(places, math.sqrt(shares[0]))
    for (before, share), (spent_before, spent_now) in zip(pairwise(shares), pairwise(spent), strict=True):
        step = math.sqrt(share - before)
        levels.append(_level(places, density, step, share, max(spent_now - spent_before, SMALLEST)))
        if len(levels) < last:
            new, weights = _grid(_boundary(levels[-1], share), shares)
            apart = new[:, None] - places, new[:, None] + places
            density = weights * ((_normal(apart[0], step) + _normal(apart[1], step)) @ density)
            places = new
    return levels


def _level(places: Array, density: Array, step: float, share: float, spend: float) -> float:
    """The nominal level at which the chance to cross at this look, and not before, is `spend`."""

    def excess(z: float) -> float:
        boundary = z * math.sqrt(share)
        crossing = special.ndtr((places - boundary) / step) + special.ndtr((-places - boundary) / step)
        return math.log(max(float(crossing @ density), SMALLEST) / spend)

    highest = float(-special.ndtri(SMALLEST / 2))
    if excess(0.0) <= 0:
        return 1.0
    if excess(highest) >= 0:
        return SMALLEST
    z = optimize.brentq(excess, 0.0, highest, xtol=1e-12)
    return 2 * float(special.ndtr(-z))


def _boundary(level: float, share: float) -> float:
    """Where |position| is significant at a nominal level."""
    return -float(special.ndtri(level / 2)) * math.sqrt(share)


def _grid(boundary: float, shares: Sequence[float]) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights from 0 to a boundary, close enough for the smallest step."""
    width = min(boundary, FARTHEST)
    step = math.sqrt(min(after - before for before, after in pairwise([0.0, *shares])))
    nodes, weights = special.roots_legendre(min(400, 24 + math.ceil(4 * width / step)))
    return width * (nodes + 1) / 2, width * weights / 2


def _normal(x: Array, sd: float) -> Array:
    found: Array = np.exp(-0.5 * (x / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
    return found


def _require(looks: Sequence[int], alpha: float, spending: str, look: int = 1) -> None:
    if spending not in SPENDING:
        raise UserError(f"spending: {spending!r} is not known; {choose(spending, SPENDING)}")
    if not looks or looks[0] < 1 or any(after <= before for before, after in pairwise(looks)):
        raise UserError(f"looks: must be growing numbers of seeds, not {list(looks)}")
    if not 0 < alpha < 1:
        raise UserError(f"alpha: must lie between 0 and 1, not {alpha}")
    if not 1 <= look <= len(looks):
        raise UserError(f"look: must be from 1 to {len(looks)}, not {look}")
