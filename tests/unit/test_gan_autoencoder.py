"""The adversarial loop: losses against NumPy, and each optimizer's gradients where they belong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from assay.decoders.gan import GAN as Generator
from assay.encoders.gan import GAN as Discriminator
from assay.tasks.gan_autoencoder import discriminator_loss, generator_loss
from reconstruct import evaluate, make_task, train, weights


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def test_losses() -> None:
    samples, made = np.random.default_rng(0).normal(size=(2, 20, 1)) * 3
    found = discriminator_loss(torch.from_numpy(samples), torch.from_numpy(made)).item()
    expected = (-np.log(sigmoid(samples)) - np.log(1 - sigmoid(made))).mean()
    assert found == pytest.approx(expected, rel=1e-12)
    assert generator_loss(torch.from_numpy(made)).item() == pytest.approx(
        -np.log(sigmoid(made)).mean(), rel=1e-12
    )


def test_losses_of_sure_logits_are_finite() -> None:
    sure = torch.tensor([[200.0]])
    assert discriminator_loss(-sure, sure).item() == pytest.approx(400)
    assert generator_loss(-sure).item() == pytest.approx(200)
    assert discriminator_loss(sure, -sure).item() == 0


def test_optimizers_share_no_parameter_and_miss_none() -> None:
    task = make_task("gan_autoencoder", (1, 4, 4))
    groups = {name: list(parameters) for name, parameters in task.optimized().items()}
    assert list(groups) == ["autoencoder", "discriminator"]
    assert {id(p) for p in groups["autoencoder"]} == {id(p) for p in task.model.parameters()}
    assert {id(p) for p in groups["discriminator"]} == {id(p) for p in task.discriminator.parameters()}
    assert len(list(task.parameters())) == sum(map(len, groups.values()))


def test_gradients_reach_their_own_parameters() -> None:
    task = make_task("gan_autoencoder", (1, 4, 4))
    inputs = torch.randn(6, 1, 4, 4)
    task.training_step((inputs, inputs), "discriminator")[0].backward()
    assert all(p.grad is None for p in task.model.parameters())
    assert all((p.grad != 0).any() for p in task.discriminator.parameters())
    task.zero_grad()
    for parameter in task.discriminator.parameters():  # as the loop does
        parameter.requires_grad_(False)
    task.training_step((inputs, inputs), "autoencoder")[0].backward()
    assert all((p.grad != 0).any() for p in task.model.parameters())
    assert all(p.grad is None for p in task.discriminator.parameters())


def test_the_adversarial_gradient_passes_the_discriminator() -> None:
    task = make_task("gan_autoencoder", (5,), weight=0.3)
    inputs = torch.randn(6, 5)
    task.training_step((inputs, inputs), "autoencoder")[0].backward()
    values = task.model(inputs).values
    squared = (values - inputs).square().mean()
    adversarial = -torch.log(torch.sigmoid(task.discriminator(values))).mean()
    expected = torch.autograd.grad(squared + 0.3 * adversarial, list(task.model.parameters()))
    for parameter, gradient in zip(task.model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_metrics() -> None:
    latent = {"name": "vector_quantised", "parts": 2}
    task = make_task("gan_autoencoder", (1, 4, 4), {"name": "autoencoder", "latent": latent}, weight=0.3)
    inputs = torch.randn(6, 1, 4, 4)
    metrics = evaluate(task, inputs)
    made = task.discriminator(task.reconstruct(inputs).values).detach().numpy()
    real = task.discriminator(inputs).detach().numpy()
    assert metrics["adversarial"] == pytest.approx(-np.log(sigmoid(made)).mean(), rel=1e-5)
    expected = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(made)).mean()
    assert metrics["discriminator"] == pytest.approx(expected, rel=1e-5)
    parts = metrics["reconstruction"] + metrics["latent"] + 0.3 * metrics["adversarial"]
    assert metrics["latent"] > 0
    assert metrics["loss"] == pytest.approx(parts, rel=1e-5)


def test_a_discriminator_that_says_nothing() -> None:
    task = make_task("gan_autoencoder", (5,))
    for parameter in task.discriminator.parameters():
        torch.nn.init.zeros_(parameter)
    metrics = evaluate(task, torch.randn(6, 5))
    assert metrics["adversarial"] == pytest.approx(math.log(2))
    assert metrics["discriminator"] == pytest.approx(2 * math.log(2))


def test_the_discriminator_learns() -> None:
    """An autoencoder that is not trained is told from samples soon."""
    task = make_task("gan_autoencoder", (1, 4, 4), weight=0.0)
    for parameter in task.model.parameters():
        torch.nn.init.zeros_(parameter)
    task.optimized = lambda: {"discriminator": task.discriminator.parameters()}
    batches = train(task, torch.randn(64, 1, 4, 4), steps=100, learning_rate=1e-2)
    assert batches[-1]["discriminator"] / 64 < 0.3 < 1.2 < batches[0]["discriminator"] / 64


@pytest.mark.parametrize("name", ["mlp", "gnn", "diffusion"])
def test_any_encoder_is_a_discriminator(name: str) -> None:
    task = make_task("gan_autoencoder", (1, 4, 4), discriminator={"name": name, "widths": [4]})
    before = [p.clone() for p in task.discriminator.parameters()]
    train(task, torch.randn(8, 1, 4, 4), steps=2, batch_size=8)
    assert not any(map(torch.equal, before, task.discriminator.parameters()))


def test_wrong_weight() -> None:
    with pytest.raises(ValueError, match="weight"):
        make_task("gan_autoencoder", (5,), weight=-0.1)


def test_sizes_of_discriminator_and_generator() -> None:
    """The weights of DCGAN's layers, counted: 8 x 8 is halved to 4 x 4 and 2 x 2, and back."""
    discriminator = Discriminator((1, 8, 8), 1, channels=[3, 5])
    assert weights(discriminator) == (9 * 1 * 3 + 3) + (9 * 3 * 5 + 5) + (5 * 2 * 2 * 1 + 1)
    generator = Generator(6, (1, 8, 8), channels=[5, 3])
    assert weights(generator) == (7 * 5 * 2 * 2) + (9 * 5 * 3 + 3) + (9 * 3 * 1 + 1)
    assert weights(Discriminator((7,), 1, channels=[3])) == (7 * 3 + 3) + (3 + 1)
    assert weights(Generator(6, (7,), channels=[3])) == (6 * 3 + 3) + (3 * 7 + 7)


def test_noise_of_the_generator() -> None:
    """A generator of one linear layer gives noise of covariance noise^2 W W^T in training, none else."""
    torch.manual_seed(0)
    generator = Generator(3, (4,), channels=[], noise=0.2)
    vectors = torch.randn(1, 3).expand(40_000, 3)
    weight = generator.layers[0].weight.detach().numpy()
    made = generator(vectors).detach().numpy()
    expected = 0.04 * weight @ weight.T
    np.testing.assert_allclose(np.cov(made.T), expected, atol=0.03 * np.abs(expected).max())
    generator.eval()
    assert torch.equal(generator(vectors), generator(vectors))
    np.testing.assert_allclose(made.mean(0), generator(vectors)[0].detach(), atol=0.01)
