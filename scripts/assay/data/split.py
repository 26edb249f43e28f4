"""Which samples train, validate and test: seeded, stratified by class or kept together by group."""

from __future__ import annotations

import numpy as np

from assay.data.samples import Samples
from assay.errors import UserError
from assay.settings.data import SplitSettings
from assay.streams import stream_seed

PARTS = ("train", "validation", "test")


def split(samples: Samples, settings: SplitSettings, seed: int) -> dict[str, np.ndarray]:
    """Divide samples at random.

    Args:
        samples: what is divided; its groups, if it has any, are kept whole.
        settings: fractions and whether classes are balanced, which values never are.
        seed: the split's seed.

    Returns:
        Part → sorted sample indices. The parts are disjoint and cover all samples.

    Raises:
        UserError: a part would be empty, or a class is too small to stand in each part.
    """
    everything = np.arange(len(samples.targets))
    rest, test = _divide(samples, everything, settings.test, settings, seed, "test")
    fraction = settings.validation / (1 - settings.test)
    train, validation = _divide(samples, rest, fraction, settings, seed, "validation")
    return {"train": np.sort(train), "validation": np.sort(validation), "test": np.sort(test)}


def _divide(
    samples: Samples,
    indices: np.ndarray,
    fraction: float,
    settings: SplitSettings,
    seed: int,
    part: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Take a fraction of the indices away: (what is left, what was taken)."""
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    random_state = stream_seed(seed, f"split/{part}") % 2**32
    stratify = settings.stratify and samples.kind == "classes"
    try:
        if samples.groups is not None:
            splitter = GroupShuffleSplit(1, test_size=fraction, random_state=random_state)
            left, taken = next(splitter.split(indices, groups=samples.groups[indices]))
            return indices[left], indices[taken]
        left, taken = train_test_split(
            indices,
            test_size=fraction,
            random_state=random_state,
            stratify=samples.targets[indices] if stratify else None,
        )
        return left, taken
    except ValueError as error:
        raise UserError(f"data.split: {part}: {error}") from error
