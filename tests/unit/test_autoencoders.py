"""Every loop trains every encoder, decoder and latent space; metrics mean what they say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from assay import components, construct
from assay.errors import UserError
from assay.losses.cross_entropy import CrossEntropy
from assay.losses.focal import Focal
from assay.losses.label_smoothing import LabelSmoothing
from reconstruct import TASKS, digits, evaluate, make_task, train
from torch import Tensor, nn

SMALL = {
    "encoders": {
        "mlp": {"widths": [12]},
        "gnn": {"widths": [6]},
        "gan": {"channels": [8, 8]},
        "diffusion": {"widths": [12]},
    },
    "decoders": {
        "mlp": {"widths": [12]},
        "gnn": {"widths": [6]},
        "gan": {"channels": [8, 8]},
        "diffusion": {"width": 8, "depth": 1, "steps": 2},
    },
    "latents": {"none": {}, "linear": {}, "vector_quantised": {"codes": 5, "parts": 2}},
}
SHAPES = [(1, 8, 8), (7,)]
CODES = {"codebook_use", "perplexity"}


def small(group: str, name: str) -> dict[str, object]:
    return {"name": name, **SMALL[group][name]}


def test_every_component_is_here() -> None:
    assert {group: set(names) for group, names in SMALL.items()} == {
        group: set(components.names(group)) for group in SMALL
    }


@pytest.mark.parametrize("shape", SHAPES, ids=["image", "table"])
@pytest.mark.parametrize("latent", SMALL["latents"])
@pytest.mark.parametrize("decoder", SMALL["decoders"])
@pytest.mark.parametrize("encoder", SMALL["encoders"])
@pytest.mark.parametrize("name", TASKS)
def test_every_combination_trains(
    name: str, encoder: str, decoder: str, latent: str, shape: tuple[int, ...]
) -> None:
    model = {
        "name": "autoencoder",
        "encoder": small("encoders", encoder),
        "decoder": small("decoders", decoder),
        "latent": small("latents", latent),
        "latent_size": 8,
    }
    task = make_task(name, shape, model)
    inputs = torch.randn(9, *shape)
    before = {key: value.clone() for key, value in task.named_parameters()}
    sums = train(task, inputs, steps=3, batch_size=9)[-1]
    same = [key for key, value in task.named_parameters() if torch.equal(value, before[key])]
    assert not same
    absent = set() if latent == "vector_quantised" else CODES
    assert set(task.summarize(sums)) == set(task.training_metrics) - absent
    metrics = evaluate(task, inputs)
    assert set(metrics) == set(task.metrics) - absent
    assert all(np.isfinite(value) for value in metrics.values())
    assert task.reconstruct(inputs).values.shape == inputs.shape


@pytest.mark.parametrize(("name", "shape"), list(product(TASKS, SHAPES)))
def test_any_model_with_as_many_outputs(name: str, shape: tuple[int, ...]) -> None:
    task = make_task(name, shape, {"name": "mlp", "widths": [6]})
    inputs = torch.randn(9, *shape)
    first = train(task, inputs, 1, 9)[0]["reconstruction"]
    assert train(task, inputs, 60, 9, learning_rate=1e-2)[-1]["reconstruction"] < 0.8 * first
    assert len(task.predictions(inputs)["reconstruction_error"]) == 9


@pytest.mark.parametrize("shape", [(2, 7, 5), (1, 1, 3), (3, 9), (1, 2, 1), (1,)])
@pytest.mark.parametrize("name", SMALL["encoders"])
def test_shapes(name: str, shape: tuple[int, ...]) -> None:
    encoder = construct.make("encoders", small("encoders", name), shape, 6)
    decoder = construct.make("decoders", small("decoders", name), 6, shape)
    vectors = encoder(torch.randn(4, *shape))
    assert vectors.shape == (4, 6)
    assert decoder(vectors).shape == (4, *shape)


@pytest.mark.parametrize("name", ["gnn", "gan"])
def test_shapes_that_are_no_grid(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        construct.make("encoders", name, (2, 3, 4, 5), 6)
    with pytest.raises(ValueError, match=name):
        construct.make("decoders", name, 6, (2, 3, 4, 5))


@pytest.mark.parametrize(
    ("group", "settings", "arguments"),
    [
        ("encoders", {"name": "diffusion", "noise": 1001}, ((4,), 2)),
        ("encoders", {"name": "gan", "kernel_size": 2}, ((4,), 2)),
        ("decoders", {"name": "gan", "kernel_size": 2}, (2, (4,))),
        ("decoders", {"name": "gan", "noise": -0.1}, (2, (4,))),
        ("decoders", {"name": "diffusion", "steps": 0}, (2, (4,))),
        ("decoders", {"name": "diffusion", "depth": 0}, (2, (4,))),
        ("models", {"name": "autoencoder", "latent_size": 0}, ((4,), 4)),
    ],
)
def test_wrong_settings(group: str, settings: dict[str, object], arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=list(settings)[-1]):
        construct.make(group, settings, *arguments)


def test_an_autoencoder_is_no_classifier() -> None:
    with pytest.raises(ValueError, match="reconstructs"):
        construct.make("models", "autoencoder", (4,), 3)


@pytest.mark.parametrize(("name", "loss"), list(product(TASKS, [CrossEntropy(), Focal(), LabelSmoothing()])))
def test_losses_of_classes_are_refused(name: str, loss: nn.Module) -> None:
    with pytest.raises(UserError, match="mean_squared_error"):
        make_task(name, (4,), loss=loss)


def test_a_model_with_other_outputs_is_refused() -> None:
    task = make_task("autoencoder", (4,))
    task.model = nn.Linear(4, 3)
    with pytest.raises(UserError, match=r"\(5, 3\).*4 values for each of 5"):
        task.reconstruct(torch.randn(5, 4))
    task.model = nn.Flatten(0)  # as many values in all, without a batch
    with pytest.raises(UserError, match=r"\(20,\)"):
        task.reconstruct(torch.randn(5, 4))


class Parts(nn.Module):
    """A loss that is not the squared error, and says what it is made of."""

    def forward(self, values: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        absolute = (values - inputs).abs().mean()
        bias = (values - inputs).mean().square()
        return {"loss": absolute + 3 * bias, "absolute": absolute, "bias": bias}


def test_metrics_are_those_of_numpy() -> None:
    latent = {"name": "vector_quantised", "codes": 6, "parts": 2}
    task = make_task("autoencoder", (1, 3, 3), {"name": "autoencoder", "latent": latent}, Parts())
    inputs = torch.randn(11, 1, 3, 3)
    task.eval()
    coded = task.reconstruct(inputs)
    difference = (coded.values - inputs).detach().numpy()
    counts = coded.counts.numpy() / coded.counts.numpy().sum()
    used = counts[counts > 0]
    metrics = evaluate(task, inputs)
    latent_loss = coded.loss.item()
    expected = {
        "mean_squared_error": (difference**2).mean(),
        "absolute": np.abs(difference).mean(),
        "bias": difference.mean() ** 2,
        "reconstruction": np.abs(difference).mean() + 3 * difference.mean() ** 2,
        "latent": latent_loss,
        "loss": np.abs(difference).mean() + 3 * difference.mean() ** 2 + latent_loss,
        "codebook_use": len(used) / 6,
        "perplexity": np.exp(-(used * np.log(used)).sum()),
    }
    assert metrics == pytest.approx(expected, rel=1e-5)
    errors = task.predictions(inputs)["reconstruction_error"]
    assert errors == pytest.approx((difference**2).reshape(11, -1).mean(1), rel=1e-5)


def test_a_short_last_batch_counts_its_samples() -> None:
    latent = {"name": "vector_quantised", "codes": 6, "parts": 2}
    task = make_task("gan_autoencoder", (5,), {"name": "autoencoder", "latent": latent})
    inputs = torch.randn(11, 5)
    assert evaluate(task, inputs, (8, 3)) == pytest.approx(evaluate(task, inputs), rel=1e-5)


def test_training_and_evaluation_measure_the_same() -> None:
    task = make_task("autoencoder", (5,))
    inputs = torch.randn(11, 5)
    _, sums = task.training_step((inputs, inputs), "model")
    assert task.summarize(sums | {"count": torch.tensor(11)}) == pytest.approx(evaluate(task, inputs))


def test_pictures() -> None:
    images = torch.randn(3, 1, 4, 4)
    rows = make_task("autoencoder", (1, 4, 4)).pictures((images, images))
    assert list(rows) == ["input", "reconstruction"]
    rows = make_task("diffusion_autoencoder", (1, 4, 4)).pictures((images, images))
    assert list(rows) == ["input", "reconstruction", "refined"]
    assert all(row.shape == images.shape for row in rows.values())
    assert not torch.equal(rows["refined"], rows["reconstruction"])
    table = torch.randn(3, 4)
    assert make_task("diffusion_autoencoder", (4,)).pictures((table, table)) == {}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("autoencoder", {}),
        ("autoencoder", {"latent": "vector_quantised"}),
        ("autoencoder", {"encoder": "gnn", "decoder": "gnn"}),
        ("gan_autoencoder", {"encoder": "gan", "decoder": "gan"}),
        ("autoencoder", {"decoder": "diffusion"}),
        ("diffusion_autoencoder", {"encoder": "diffusion"}),
    ],
)
def test_digits_are_learned(name: str, model: dict[str, object]) -> None:
    inputs, held_out = digits()
    mean_image = float((held_out - inputs.mean(0)).square().mean())
    task = make_task(name, (1, 8, 8), {"name": "autoencoder", **model})
    train(task, inputs, steps=250, batch_size=32, learning_rate=4e-3)
    metrics = evaluate(task, held_out)
    assert metrics["reconstruction"] < 0.5 * mean_image
    assert metrics["mean_squared_error"] < mean_image  # refined, it is a sample: up to twice as high
