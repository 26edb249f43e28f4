"""The checksums of a trace: of large tensors, too, they depend on every value and on where it is."""

from __future__ import annotations

import pytest
import torch
from assay.training.trace import BLOCK, LARGE, _checksums

SIZE = LARGE // 4 + 3
"""Values of a large tensor whose last block is not whole."""


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [(0, BLOCK // 4, BLOCK // 4), (2, BLOCK // 4 + 2, 2), (2, 6, 2), (0, SIZE - 3, 1), (5, 6, 1)],
    ids=["blocks", "same place of two blocks", "within a block", "with the last block", "neighbours"],
)
def test_values_that_change_places_are_seen(first: int, second: int, length: int) -> None:
    values = torch.randn(SIZE, generator=torch.Generator().manual_seed(0))
    other = values.clone()
    other[first : first + length] = values[second : second + length]
    other[second : second + length] = values[first : first + length]
    assert values.nbytes >= LARGE
    one, two, three = _checksums([values, other, values.clone()])
    assert one == three != two
