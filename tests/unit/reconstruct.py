"""Small tasks that reconstruct, and a loop that trains them, for the tests of autoencoders."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from assay import construct
from assay.tasks import Task
from sklearn.datasets import load_digits
from torch import Tensor, nn

TASKS = ("autoencoder", "gan_autoencoder", "diffusion_autoencoder")


def make_task(
    name: str,
    shape: Sequence[int],
    model: str | dict[str, Any] = "autoencoder",
    loss: nn.Module | None = None,
    seed: int = 0,
    **settings: Any,
) -> Any:
    """A task for samples of that shape, its model and weights drawn with the seed."""
    torch.manual_seed(seed)
    task = construct.load("tasks", name)
    meta = {"input_shape": list(shape)}
    made = construct.make("models", model, tuple(shape), task.outputs(meta))
    return task(meta, made, nn.MSELoss() if loss is None else loss, **settings)


def train(
    task: Task, inputs: Tensor, steps: int, batch_size: int = 64, learning_rate: float = 2e-3
) -> list[Any]:
    """Train on random batches as the loop does: each optimizer alone, the others' parameters frozen."""
    parameters = {name: list(group) for name, group in task.optimized().items()}
    optimizers = {name: torch.optim.Adam(group, learning_rate) for name, group in parameters.items()}
    task.train()
    batches = []
    for _ in range(steps):
        chosen = inputs[torch.randperm(len(inputs))[:batch_size]]
        sums = {}
        for name, optimizer in optimizers.items():
            for other, group in parameters.items():
                for parameter in group:
                    parameter.requires_grad_(other == name)
            loss, part = task.training_step((chosen, torch.zeros(len(chosen))), name)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sums |= part
        batches.append(sums | {"count": torch.tensor(len(chosen))})
    return batches


@torch.inference_mode()
def evaluate(task: Task, inputs: Tensor, sizes: Sequence[int] = (), seed: int = 0) -> dict[str, float]:
    """The metrics of the inputs, in batches of those sizes (one batch if there are none)."""
    torch.manual_seed(seed)
    task.eval()
    sums: dict[str, Any] = {"count": torch.tensor(len(inputs))}
    for batch in inputs.split(list(sizes) or [len(inputs)]):
        for name, value in task.evaluation_step((batch, torch.zeros(len(batch)))).items():
            sums[name] = sums.get(name, 0) + value.double()
    return task.summarize(sums)


def weights(values: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(math.prod(parameter.shape) for parameter in values.parameters())


@functools.cache
def digits() -> tuple[Tensor, Tensor]:
    """Standardised digits (n, 1, 8, 8): to train with, and held out."""
    images = torch.tensor(load_digits().images, dtype=torch.float32).reshape(-1, 1, 8, 8)
    images = (images - images.mean()) / images.std()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[:1200]], images[order[1200:]]
