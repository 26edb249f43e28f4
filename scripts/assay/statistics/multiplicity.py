"""More than one test: p values adjusted so that false alarms stay as rare as alpha says.

`holm` bounds the chance of any false alarm, `benjamini_hochberg` their share among all alarms.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, which holds whatever the dependence between the tests.

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6, 65-70.

    Args:
        p_values: m p values, each in [0, 1].

    Returns:
        m adjusted p values in the same order; reject where they are at most alpha.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    by_size = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(by_size):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The step-up adjustment that bounds the false discovery rate of independent tests.

    Source: Y. Benjamini and Y. Hochberg (1995), Controlling the false discovery rate, Journal of the
    Royal Statistical Society B 57, 289-300.

    Args:
        p_values: m p values, each in [0, 1].

    Returns:
        m adjusted p values in the same order; reject where they are at most the rate.
    """
    adjusted = [0.0] * len(p_values)
    smallest = 1.0
    by_size = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank in range(len(p_values), 0, -1):
        p = p_values[by_size[rank - 1]]
        smallest = min(smallest, max(p, len(p_values) / rank * p))  # rounding could go below p
        adjusted[by_size[rank - 1]] = smallest
    return adjusted
