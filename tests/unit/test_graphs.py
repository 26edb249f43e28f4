"""Graph convolutions against dense matrices in NumPy, the graph found by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from assay.decoders.gnn import GNN as Decoder
from assay.encoders.gnn import GNN as Encoder
from assay.layers.graph import GraphConvolution, closed_sum, grid_shape

GRIDS = [(3, 4), (1, 6), (5, 1), (2, 2), (1, 1)]


def adjacency(height: int, width: int) -> np.ndarray:
    """1 for two different pixels whose rows and columns differ by at most one."""
    nodes = [(row, column) for row in range(height) for column in range(width)]
    return np.array(
        [[float(a != b and abs(a[0] - b[0]) <= 1 and abs(a[1] - b[1]) <= 1) for b in nodes] for a in nodes]
    )


def normalised(height: int, width: int) -> np.ndarray:
    """D^-1/2 (A + I) D^-1/2."""
    closed = adjacency(height, width) + np.eye(height * width)
    scale = np.diag(closed.sum(1) ** -0.5)
    return scale @ closed @ scale


def nodes(values: torch.Tensor) -> np.ndarray:
    """(batch, channels, height, width) → (batch, nodes, channels)."""
    return values.detach().flatten(2).transpose(1, 2).numpy()


def numpy(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


@pytest.mark.parametrize(("height", "width"), GRIDS)
def test_neighbours(height: int, width: int) -> None:
    count = height * width
    sums = closed_sum(torch.eye(count).reshape(count, 1, height, width))
    np.testing.assert_array_equal(sums.flatten(1), adjacency(height, width) + np.eye(count))


@pytest.mark.parametrize(("height", "width"), GRIDS)
def test_convolution(height: int, width: int) -> None:
    torch.manual_seed(0)
    layer = GraphConvolution(3, 2, height, width).double()
    with torch.no_grad():
        layer.bias.normal_()
    inputs = torch.randn(4, 3, height, width).double()
    weight, bias = numpy(layer)["weight.weight"][:, :, 0, 0].T, numpy(layer)["bias"].ravel()
    expected = normalised(height, width) @ nodes(inputs) @ weight + bias
    np.testing.assert_allclose(nodes(layer(inputs)), expected, rtol=1e-6)  # the scale was rounded to float32


@pytest.mark.parametrize(("shape", "grid"), [((2, 3, 4), (2, 3, 4)), ((2, 5), (2, 1, 5)), ((6,), (1, 1, 6))])
def test_encoder_and_decoder(shape: tuple[int, ...], grid: tuple[int, int, int]) -> None:
    assert grid_shape(shape, "test") == grid
    torch.manual_seed(0)
    _, height, width = grid
    smooth = normalised(height, width)

    encoder = Encoder(shape, 4, widths=[3, 5])
    w = numpy(encoder)
    values = torch.randn(6, *shape)
    hidden = nodes(values.reshape(6, *grid))
    for index in (0, 2):
        weight = w[f"layers.{index}.weight.weight"][:, :, 0, 0].T
        hidden = np.maximum(smooth @ hidden @ weight + w[f"layers.{index}.bias"].ravel(), 0)
    expected = hidden.transpose(0, 2, 1).reshape(6, -1) @ w["output.weight"].T + w["output.bias"]
    np.testing.assert_allclose(encoder(values).detach(), expected, rtol=1e-4, atol=1e-6)

    decoder = Decoder(4, shape, widths=[3])
    w = numpy(decoder)
    vectors = torch.randn(6, 4)
    hidden = (vectors.numpy() @ w["input.weight"].T + w["input.bias"]).reshape(6, 3, -1).transpose(0, 2, 1)
    weight = w["layers.0.weight.weight"][:, :, 0, 0].T
    hidden = np.maximum(smooth @ hidden @ weight + w["layers.0.bias"].ravel(), 0)
    expected = hidden @ w["output.weight"][:, :, 0, 0].T + w["output.bias"]
    found = nodes(decoder(vectors).reshape(6, *grid))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
