"""Augmentations: what they do, and that a sample is changed the same way whatever comes with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from assay import components, construct, streams
from assay.errors import UserError
from assay.training.augment import augment
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

MASK = (1 << 64) - 1


def split_mix_64(state: int, count: int) -> list[int]:
    """The generator as its authors wrote it, in Python's integers."""
    found = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        value = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
        found.append(value ^ (value >> 31))
    return found


def test_the_reference_gives_the_published_numbers() -> None:
    """Of rosettacode.org, "Pseudo-random numbers/Splitmix64", seed 1234567."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert split_mix_64(1234567, 4) == expected


@given(st.integers(0, 2**40), st.integers(0, 2**31), st.integers(1, 1000))
def test_uniform_numbers_are_those_of_the_generator(seed: int, sample: int, epoch: int) -> None:
    key = streams.stream_seed(seed, "augmentation/0", epoch)
    state = sample ^ key
    value = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    expected = [number >> 40 for number in split_mix_64(value ^ (value >> 31), 5)]
    found = streams.uniform(seed, "augmentation/0", epoch, torch.tensor([sample]), 5)
    assert found.dtype is torch.float32 and (found * 2**24).long().tolist() == [expected]


def test_uniform_numbers_are_uniform_and_independent() -> None:
    found = streams.uniform(0, "augmentation/0", 1, torch.arange(20_000), 3).double().numpy()
    assert found.min() >= 0 and found.max() < 1
    for column in found.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    correlations = np.corrcoef(np.concatenate([found[:-1], found[1:]], 1).T) - np.eye(6)
    assert np.abs(correlations).max() < 0.03  # four standard errors
    others = [
        streams.uniform(seed, f"augmentation/{n}", epoch, torch.arange(20_000), 1).numpy()[:, 0]
        for seed, n, epoch in ((0, 0, 1), (1, 0, 1), (0, 1, 1), (0, 0, 2))
    ]
    assert np.abs(np.corrcoef(others) - np.eye(4)).max() < 0.03


def changed(
    name: str, inputs: torch.Tensor, samples: list[int], epoch: int = 1, **given: object
) -> torch.Tensor:
    change = construct.make("augmentations", {"name": name, **given})
    return augment([change], inputs, 7, epoch, torch.tensor(samples))


@pytest.mark.parametrize("name", components.names("augmentations"))
def test_a_sample_is_changed_alike_whatever_comes_with_it(name: str) -> None:
    images = torch.randn(6, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    whole = changed(name, images, [0, 1, 2, 3, 4, 5])
    order = [4, 0, 5]
    assert torch.equal(changed(name, images[order], order), whole[order])
    assert whole.shape == images.shape and whole.dtype == images.dtype
    torch.rand(9)
    assert torch.equal(changed(name, images, [0, 1, 2, 3, 4, 5]), whole)
    assert not torch.equal(changed(name, images, [0, 1, 2, 3, 4, 5], epoch=2), whole)
    assert not torch.equal(whole, images)


def test_flip_mirrors_its_share_of_the_samples() -> None:
    images = torch.randn(4000, 1, 3, 4)
    for axis, dimension in (("horizontal", 3), ("vertical", 2)):
        found = changed("flip", images, list(range(4000)), probability=0.3, axis=axis)
        mirrored = (found == images.flip(dimension)).all((1, 2, 3))
        same = (found == images).all((1, 2, 3))
        assert bool((mirrored ^ same).all())
        assert abs(mirrored.double().mean().item() - 0.3) < 0.03
    signals = torch.randn(5, 2, 6)
    assert torch.equal(changed("flip", signals, [0] * 5, probability=1.0), signals.flip(2))


def test_shift_moves_each_sample_by_whole_steps_and_fills_with_zeros() -> None:
    images = torch.rand(200, 1, 5, 6) + 1
    found = changed("shift", images, list(range(200)), pixels=2)
    seen = set()
    for image, moved in zip(images[:, 0].numpy(), found[:, 0].numpy(), strict=True):
        matches = []
        for down in range(-2, 3):
            for right in range(-2, 3):
                expected = np.zeros_like(image)
                for row in range(5):
                    for column in range(6):
                        if 0 <= row - down < 5 and 0 <= column - right < 6:
                            expected[row, column] = image[row - down, column - right]
                if np.array_equal(expected, moved):
                    matches.append((down, right))
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 25


def test_noise_is_normal() -> None:
    found = changed("noise", torch.zeros(500, 1, 8, 8), list(range(500)), scale=0.5).numpy().ravel()
    assert stats.kstest(found / 0.5, "norm").pvalue > 1e-4


def test_colour_jitter_stretches_and_shifts_each_channel() -> None:
    images = torch.randn(300, 2, 4, 4, dtype=torch.float64)
    found = changed("colour_jitter", images, list(range(300)), brightness=0.3, contrast=0.4)
    slopes, shifts = [], []
    for before, after in zip(images.reshape(600, 16).numpy(), found.reshape(600, 16).numpy(), strict=True):
        slope, intercept = np.polyfit(before, after, 1)
        assert np.allclose(slope * before + intercept, after, atol=1e-6)
        slopes.append(slope)
        shifts.append((after - before).mean())
    assert min(slopes) > 0.6 - 1e-6 and max(slopes) < 1.4 + 1e-6 and np.ptp(slopes) > 0.7
    assert max(map(abs, shifts)) < 0.3 + 1e-6 and np.ptp(shifts) > 0.5


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("flip", {"probability": 1.1}),
        ("shift", {"pixels": 0}),
        ("noise", {"scale": 0.0}),
        ("colour_jitter", {"contrast": 1.0}),
        ("colour_jitter", {"brightness": -0.1}),
    ],
)
def test_wrong_settings_are_refused(name: str, given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=name):
        construct.make("augmentations", {"name": name, **given})


@pytest.mark.parametrize("name", ["flip", "shift", "colour_jitter"])
def test_tables_have_no_space(name: str) -> None:
    with pytest.raises(UserError, match=r"augmentation \w+: needs"):
        changed(name, torch.zeros(3, 4), [0, 1, 2], **({"axis": "vertical"} if name == "flip" else {}))
