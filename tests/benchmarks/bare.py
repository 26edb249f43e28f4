"""The bare loop: what a PyTorch user writes by hand, on the data, the model and the order of a run of Assay's.

As a program: so many runs, one after another, each saving its state after every epoch.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

BATCH, RATE = 64, 1e-3
MODELS = {"cnn": {}, "mlp": {}, "wide": {"channels": [64, 128, 256]}}
"""Name → settings of Assay's model: `wide` is a `cnn` with more filters."""


@dataclass(frozen=True)
class Data:
    """The training and the validation part."""

    inputs: Tensor
    targets: Tensor
    val_inputs: Tensor
    val_targets: Tensor


def load(folder: Path, device: str = "cpu") -> Data:
    """The prepared data in a folder."""
    import numpy as np

    arrays = {name: np.load(folder / f"{name}.npy") for name in ("inputs", "targets", "train", "validation")}
    found = [
        torch.from_numpy(arrays[name][arrays[part]]).to(device)
        for part in ("train", "validation")
        for name in ("inputs", "targets")
    ]
    return Data(*found)


def network(name: str, data: Data) -> nn.Module:
    """A model of Assay's, with the first weights of seed 0."""
    from assay import streams
    from assay.models.cnn import CNN
    from assay.models.mlp import MLP

    streams.start(0, "initialisation")
    made: nn.Module = (MLP if name == "mlp" else CNN)(tuple(data.inputs.shape[1:]), 10, **MODELS[name])
    return made.to(data.inputs.device)


def adamw(model: nn.Module) -> Optimizer:
    """The optimizer of Assay's defaults."""
    return torch.optim.AdamW(model.parameters(), RATE, fused=True)


def train_epoch(model: nn.Module, optimizer: Optimizer, data: Data, epoch: int) -> float:
    """Train for an epoch; its loss."""
    from assay import streams

    model.train()
    device = data.inputs.device
    order = torch.randperm(len(data.inputs), generator=streams.generator(0, "order", epoch)).to(device)
    total = torch.zeros((), device=device)
    for at in order.split(BATCH):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(data.inputs[at]), data.targets[at])
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(at)
    return float(total) / len(data.inputs)


def loop(name: str, data: Data, epochs: int, folder: Path | None) -> float:
    """Train, validate each epoch, and, with a folder, save the last and the best state; the last val_loss."""
    model = network(name, data)
    optimizer = adamw(model)
    best, value = float("inf"), float("nan")
    for epoch in range(1, epochs + 1):
        train_epoch(model, optimizer, data, epoch)
        model.eval()
        with torch.inference_mode():
            logits = model(data.val_inputs)
            value = float(functional.cross_entropy(logits, data.val_targets))
            float((logits.argmax(1) == data.val_targets).float().mean())
        if folder is not None:
            state: dict[str, Any] = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state, folder / "last.pt")
            if value < best:
                torch.save(state, folder / "best.pt")
        best = min(best, value)
    return value


def train(name: str, epochs: int, runs: int, data: Data) -> None:
    """Train so many runs, one after another, in this process."""
    torch.set_num_threads(1)
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            loop(name, data, epochs, Path(folder))


def main() -> None:
    """Train as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", choices=MODELS)
    options.add_argument("epochs", type=int)
    options.add_argument("runs", type=int)
    options.add_argument("data", type=Path, help="folder of prepared data")
    options.add_argument("--device", default="cpu")
    options.add_argument(
        "--deterministic", action="store_true", help="compute as Assay's defaults do, not as torch's"
    )
    arguments = options.parse_args()
    if arguments.deterministic:
        from assay import numerics
        from assay.settings.training import NumericsSettings

        numerics.configure(NumericsSettings())
    train(arguments.model, arguments.epochs, arguments.runs, load(arguments.data, arguments.device))


if __name__ == "__main__":
    main()
