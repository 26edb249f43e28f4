"""The bare loop: what a PyTorch user writes by hand, on the data, the model and the order of a run of Assay's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH, RATE = 64, 1e-3


@dataclass(frozen=True)
class Digits:
    """The training and the validation part."""

    inputs: Tensor
    targets: Tensor
    val_inputs: Tensor
    val_targets: Tensor


def digits(folder: Path) -> Digits:
    """The prepared data in a folder."""
    import numpy as np

    arrays = {name: np.load(folder / f"{name}.npy") for name in ("inputs", "targets", "train", "validation")}
    found = [
        torch.from_numpy(arrays[name][arrays[part]])
        for part in ("train", "validation")
        for name in ("inputs", "targets")
    ]
    return Digits(*found)


def network(kind: str, data: Digits) -> nn.Module:
    """Assay's `cnn` or `mlp`, with the first weights of seed 0."""
    from assay import streams
    from assay.models.cnn import CNN
    from assay.models.mlp import MLP

    streams.start(0, "initialisation")
    return (CNN if kind == "cnn" else MLP)(tuple(data.inputs.shape[1:]), 10)


def loop(kind: str, data: Digits, epochs: int, folder: Path | None) -> float:
    """Train, validate each epoch, and, with a folder, save the last and the best state; the last val_loss."""
    from assay import streams

    model = network(kind, data)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, fused=True)
    best, value = float("inf"), float("nan")
    for epoch in range(1, epochs + 1):
        model.train()
        order = torch.randperm(len(data.inputs), generator=streams.generator(0, "order", epoch))
        total = torch.zeros(())
        for at in order.split(BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(data.inputs[at]), data.targets[at])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(at)
        float(total)
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
