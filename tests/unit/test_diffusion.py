"""Diffusion: the schedule, DDIM and the noise prediction loss against the papers' formulas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from assay.decoders.diffusion import Diffusion as Decoder
from assay.encoders.diffusion import Diffusion as Encoder
from assay.layers.diffusion import Schedule, check_steps, embed
from reconstruct import evaluate, make_task

BETAS = np.linspace(1e-4, 0.02, 1000)
"""Ho et al. 2020, section 4."""


def alpha_bar(time: int) -> float:
    return float(np.prod([1 - beta for beta in BETAS[:time]]))


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def schedule(double: None) -> Schedule:
    return Schedule()


def test_schedule(schedule: Schedule) -> None:
    for time in (0, 1, 2, 500, 1000):
        assert schedule.signal[time].item() == pytest.approx(alpha_bar(time), rel=1e-12)
    assert schedule.signal[1000].item() == pytest.approx(4.036e-5, rel=1e-3)


def test_mix_and_split(schedule: Schedule) -> None:
    random = np.random.default_rng(0)
    values, noise = random.normal(size=(2, 3, 4))
    times = [0, 300, 1000]
    a = np.array([[alpha_bar(time)] for time in times])
    mixed = schedule.mix(torch.from_numpy(values), torch.from_numpy(noise), torch.tensor(times))
    np.testing.assert_allclose(mixed, np.sqrt(a) * values + np.sqrt(1 - a) * noise, rtol=1e-10)
    velocity = torch.from_numpy(np.sqrt(a) * noise - np.sqrt(1 - a) * values)
    found = schedule.split(mixed, velocity, torch.tensor(times))
    np.testing.assert_allclose(found[0], values, rtol=1e-9)
    np.testing.assert_allclose(found[1], noise, rtol=1e-9)


@pytest.mark.parametrize(("start", "steps"), [(1000, 4), (1000, 7), (250, 5), (3, 3), (1, 1)])
def test_ddim(schedule: Schedule, start: int, steps: int) -> None:
    """Against equation 12 of Song et al. 2021 with sigma 0, with a denoiser that means nothing."""
    random = np.random.default_rng(0)
    values, weight = random.normal(size=(5, 3)), random.normal(size=(3, 3))
    seen: list[int] = []

    def predict(mixed: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        assert times.shape == (5,)
        seen.append(int(times[0]))
        return torch.tanh(mixed @ torch.from_numpy(weight)) + times[:, None] / 1000

    found = schedule.denoise(torch.from_numpy(values), start, steps, predict)
    times = [round(start * k / steps) for k in range(steps, -1, -1)]
    assert seen == times[:-1]
    assert times[-1] == 0
    for time, following in pairwise(times):
        a, b = alpha_bar(time), alpha_bar(following)
        velocity = np.tanh(values @ weight) + time / 1000
        epsilon = np.sqrt(1 - a) * values + np.sqrt(a) * velocity
        predicted = (values - np.sqrt(1 - a) * epsilon) / np.sqrt(a)
        values = np.sqrt(b) * predicted + np.sqrt(1 - b) * epsilon
    np.testing.assert_allclose(found, values, rtol=1e-8, atol=1e-10)


def test_ddim_with_the_best_denoiser_of_normal_data(schedule: Schedule) -> None:
    """Samples ~ N(m, s^2): their posterior mean is known, and noise x is carried to m + s x."""
    m, s = 1.5, 0.3

    def predict(mixed: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        a = schedule.signal[times][:, None]
        mean = m + s**2 * a.sqrt() / (s**2 * a + 1 - a) * (mixed - a.sqrt() * m)
        return (a.sqrt() * mixed - mean) / (1 - a).sqrt()

    noise = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    found = schedule.denoise(noise, 1000, 500, predict)
    np.testing.assert_allclose(found, m + s * noise, atol=0.02)


@pytest.mark.parametrize(
    ("steps", "start", "key"), [(0, 10, "steps"), (11, 10, "steps"), (1, 0, "start"), (1, 1001, "start")]
)
def test_wrong_steps(steps: int, start: int, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}"):
        check_steps(steps, start)


def test_embedding(double: None) -> None:
    times = np.array([0, 1, 999])
    angles = times[:, None] / 10000 ** (np.arange(16) / 16)
    found = embed(torch.from_numpy(times))
    np.testing.assert_allclose(found, np.concatenate([np.sin(angles), np.cos(angles)], 1), atol=1e-12)


def test_encoder_adds_noise_in_training_only() -> None:
    torch.manual_seed(0)
    encoder = Encoder((1, 2, 3), 4, noise=300)
    inputs = torch.randn(5, 1, 2, 3)
    torch.manual_seed(1)
    found = encoder(inputs)
    torch.manual_seed(1)
    times = torch.randint(301, (5,))
    a = torch.tensor([[alpha_bar(int(time))] for time in times])
    mixed = a.sqrt() * inputs.flatten(1) + (1 - a).sqrt() * torch.randn(5, 6)
    expected = encoder.layers(torch.cat([mixed, embed(times)], 1))
    torch.testing.assert_close(found, expected)
    encoder.eval()
    clean = torch.cat([inputs.flatten(1), embed(torch.zeros(5))], 1)
    torch.testing.assert_close(encoder(inputs), encoder.layers(clean))


def test_decoder_starts_from_noise_and_knows_the_vector() -> None:
    torch.manual_seed(0)
    decoder = Decoder(3, (2, 2), steps=3)
    vectors = torch.randn(4, 3)
    first, second = decoder(vectors), decoder(vectors)
    assert not torch.equal(first, second)
    torch.manual_seed(1)
    first = decoder(vectors)
    torch.manual_seed(1)
    assert not torch.allclose(first, decoder(vectors + 1))
    (gradient,) = torch.autograd.grad(decoder(vectors.requires_grad_()).sum(), vectors)
    assert (gradient != 0).all()


class Zero(torch.nn.Module):
    """A denoiser that says 0 and remembers what it was asked."""

    def forward(self, mixed: torch.Tensor, condition: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        self.asked = (mixed, condition, times)
        return torch.zeros_like(mixed)


def test_denoising_loss() -> None:
    """The squared error of the noise (Ho et al. 2020, equation 14), at times up to the start."""
    task = make_task("diffusion_autoencoder", (1, 3, 3), start=40, steps=2).eval()
    task.denoiser = Zero()
    inputs = torch.randn(200, 1, 3, 3)
    condition = task.reconstruct(inputs).values.flatten(1)
    torch.manual_seed(5)
    loss, sums = task.training_step((inputs, inputs), "model")
    torch.manual_seed(5)
    times = torch.randint(1, 41, (200,))
    noise = torch.randn(200, 9)
    mixed, given, at = task.denoiser.asked
    assert torch.equal(at, times)
    assert set(times.tolist()) == set(range(1, 41))
    torch.testing.assert_close(given, condition)
    a = torch.tensor([[alpha_bar(int(time))] for time in times])
    torch.testing.assert_close(mixed, a.sqrt() * inputs.flatten(1) + (1 - a).sqrt() * noise)
    expected = (noise - (1 - a).sqrt() * mixed).square().mean()
    assert sums["denoising"].item() / 200 == pytest.approx(expected.item(), rel=1e-5)
    assert loss.item() == pytest.approx((sums["denoising"] + sums["reconstruction"]).item() / 200, rel=1e-5)


def test_the_denoiser_teaches_the_autoencoder_nothing() -> None:
    task = make_task("diffusion_autoencoder", (5,))
    inputs = torch.randn(7, 5)
    task.training_step((inputs, inputs), "model")[0].backward()
    expected = torch.autograd.grad(
        (task.model(inputs).values - inputs).square().mean(), list(task.model.parameters())
    )
    for parameter, gradient in zip(task.model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
    assert all((parameter.grad != 0).any() for parameter in task.denoiser.parameters())


def test_refinement_starts_at_the_noisy_reconstruction() -> None:
    """With the true velocity towards a sample, refining gives that sample, whatever the noise."""
    task = make_task("diffusion_autoencoder", (4,), start=250, steps=3)
    sample, values = torch.randn(6, 4), torch.randn(6, 4)
    schedule, asked = task.schedule, []

    class Oracle(torch.nn.Module):
        def forward(self, mixed: torch.Tensor, condition: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
            assert torch.equal(condition, values)
            asked.append(mixed)
            a = schedule.signal[times][:, None]
            return (a.sqrt() * mixed - sample) / (1 - a).sqrt()

    task.denoiser = Oracle()
    torch.manual_seed(2)
    torch.testing.assert_close(task.refine(values), sample, rtol=1e-4, atol=1e-5)
    torch.manual_seed(2)
    a = alpha_bar(250)
    torch.testing.assert_close(asked[0], a**0.5 * values + (1 - a) ** 0.5 * torch.randn(6, 4))


def test_an_evaluation_measures_what_is_refined() -> None:
    task = make_task("diffusion_autoencoder", (4,), start=250, steps=3)
    inputs = torch.randn(6, 4)
    plain = (task.eval().model(inputs).values - inputs).square().mean()

    class Oracle(torch.nn.Module):
        def forward(self, mixed: torch.Tensor, condition: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
            a = task.schedule.signal[times][:, None]
            return (a.sqrt() * mixed - inputs) / (1 - a).sqrt()

    task.denoiser = Oracle()
    metrics = evaluate(task, inputs)
    assert metrics["mean_squared_error"] == pytest.approx(0, abs=1e-6)
    assert metrics["denoising"] == pytest.approx(0, abs=1e-6)
    assert metrics["reconstruction"] == pytest.approx(plain.item(), rel=1e-5)
    assert task.predictions(inputs)["reconstruction_error"] == pytest.approx([0] * 6, abs=1e-6)
