"""Latent spaces: vector quantisation against brute force and the paper's formulas; the bottleneck's rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from assay.latents.linear import Linear
from assay.latents.none import None_
from assay.latents.vector_quantised import VectorQuantised
from assay.tasks.autoencoder import codebook_metrics
from scipy.stats import entropy


def quantiser(size: int = 6, codes: int = 7, parts: int = 3, commitment: float = 0.25) -> VectorQuantised:
    torch.manual_seed(0)
    return VectorQuantised(size, codes=codes, parts=parts, commitment=commitment).double()


def vectors(size: int = 6) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).normal(size=(20, size))).requires_grad_()


def brute_force(space: VectorQuantised, values: torch.Tensor, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The parts of the vectors, one a row, and the index of the nearest code of each."""
    rows = values.detach().numpy().reshape(len(values) * parts, -1)
    codes = space.codebook.detach().numpy()
    return rows, np.array([min(range(len(codes)), key=lambda k: sum((row - codes[k]) ** 2)) for row in rows])


@pytest.mark.parametrize(("size", "parts"), [(6, 1), (6, 2), (6, 3), (6, 6)])
def test_nearest_codes(size: int, parts: int) -> None:
    space, values = quantiser(size, parts=parts), vectors(size)
    _, nearest = brute_force(space, values, parts)
    coded = space(values)
    expected = space.codebook.detach().numpy()[nearest].reshape(20, size)
    np.testing.assert_allclose(coded.values.detach(), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(coded.counts, np.bincount(nearest, minlength=7))


@pytest.mark.parametrize("commitment", [0.0, 0.25, 2.0])
def test_loss_is_codebook_plus_commitment(commitment: float) -> None:
    space, values = quantiser(commitment=commitment), vectors()
    rows, nearest = brute_force(space, values, 3)
    distance = ((rows - space.codebook.detach().numpy()[nearest]) ** 2).mean()
    assert space(values).loss.item() == pytest.approx((1 + commitment) * distance, rel=1e-12)


def test_gradients_pass_straight_through() -> None:
    space, values = quantiser(), vectors()
    weights = torch.randn(20, 6, dtype=torch.float64)
    to_vectors, to_codes = torch.autograd.grad(
        (space(values).values * weights).sum(), [values, space.codebook], allow_unused=True
    )
    assert torch.equal(to_vectors, weights)
    assert to_codes is None


def test_gradients_of_the_loss() -> None:
    """The codebook learns from the codebook loss alone, the encoder from the commitment loss alone."""
    space, values = quantiser(commitment=0.25), vectors()
    rows, nearest = brute_force(space, values, 3)
    codes = space.codebook.detach().numpy()
    space(values).loss.backward()
    to_codes = np.zeros_like(codes)
    np.add.at(to_codes, nearest, 2 * (codes[nearest] - rows) / rows.size)
    np.testing.assert_allclose(space.codebook.grad, to_codes, rtol=1e-10, atol=1e-15)
    to_vectors = 0.25 * 2 * (rows - codes[nearest]) / rows.size
    np.testing.assert_allclose(values.grad, to_vectors.reshape(20, 6), rtol=1e-10, atol=1e-15)


def test_codes_move_to_their_vectors() -> None:
    """With as many codes as clusters, the codebook loss finds the clusters' means, as k-means does."""
    random = np.random.default_rng(0)
    centres = np.array([[4.0, 0.0], [-4.0, 1.0], [0.0, -5.0]])
    values = torch.from_numpy(np.repeat(centres, 30, 0) + 0.1 * random.normal(size=(90, 2)))
    space = quantiser(2, codes=3, parts=1)
    with torch.no_grad():
        space.codebook.copy_(torch.from_numpy(centres + 1))
    optimizer = torch.optim.SGD([space.codebook], lr=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        space(values).loss.backward()
        optimizer.step()
    means = values.numpy().reshape(3, 30, 2).mean(1)
    np.testing.assert_allclose(space.codebook.detach(), means, atol=1e-9)


@pytest.mark.parametrize("counts", [[5, 5, 5, 5], [20, 0, 0, 0], [3, 0, 11, 6], [1, 0, 0, 1]])
def test_use_and_perplexity(counts: list[int]) -> None:
    metrics = codebook_metrics(torch.tensor(counts, dtype=torch.float32))
    assert metrics["codebook_use"] == sum(count > 0 for count in counts) / 4
    assert metrics["perplexity"] == pytest.approx(np.exp(entropy(counts)), rel=1e-12)


@pytest.mark.parametrize("key", ["codes", "parts", "commitment"])
def test_wrong_settings_of_quantisation(key: str) -> None:
    wrong = {"codes": 0, "parts": 4, "commitment": -1.0}[key]
    with pytest.raises(ValueError, match=key):
        VectorQuantised(6, **{"parts": 3, key: wrong})


@pytest.mark.parametrize(("bottleneck", "rank"), [(None, 3), (1, 1), (2, 2), (5, 5)])
def test_rank_of_the_linear_bottleneck(bottleneck: int | None, rank: int) -> None:
    torch.manual_seed(0)
    space = Linear(5, bottleneck=bottleneck).double()
    outputs = space(torch.cat([torch.zeros(1, 5), torch.eye(5)]).double()).values.detach().numpy()
    assert np.linalg.matrix_rank(outputs[1:] - outputs[0]) == rank
    assert space(torch.zeros(1, 5).double()).loss is None


@pytest.mark.parametrize("bottleneck", [0, 6])
def test_wrong_bottleneck(bottleneck: int) -> None:
    with pytest.raises(ValueError, match="bottleneck"):
        Linear(5, bottleneck=bottleneck)


def test_none_changes_nothing() -> None:
    values = vectors()
    assert None_(6)(values) == (values, None, None)
