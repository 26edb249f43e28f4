"""Amounts in words."""

import pytest
from assay import words


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (words.counted(1, "run"), "1 run"),
        (words.counted(0, "run"), "0 runs"),
        (words.counted(1200, "entry"), "1,200 entries"),
        (words.counted(2, "more", "more"), "2 more"),
        (words.listed(["a", "b", "c"]), "a, b and c"),
        (words.listed(["a", "b"]), "a and b"),
        (words.listed(["a"]), "a"),
        (words.listed([]), ""),
        (words.seed_ranges([3, 0, 1, 2, 7, 8, 11]), "0–3, 7, 8, 11"),
        (words.seed_ranges([5, 5]), "5"),
        (words.size_text(999), "999 bytes"),
        (words.size_text(1_200), "1.2 kB"),
        (words.size_text(345_678_901), "346 MB"),
        (words.size_text(2.5e15), "2500.0 TB"),
        (words.duration_text(0.2), "1 s"),
        (words.duration_text(89), "89 s"),
        (words.duration_text(200), "3 min"),
        (words.duration_text(7_800), "2 h 10 min"),
    ],
)
def test_amounts(found: str, expected: str) -> None:
    assert found == expected
