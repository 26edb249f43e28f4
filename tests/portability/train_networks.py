"""Trains small networks as Assay does and prints what their bits depend on: a program, not a test.

    python tests/portability/train_networks.py [--portable true|false|any] [name ...]

The first line describes the processor, the second has its fingerprint; then one line a network: its name,
and the digest of its weights and of what it gives when evaluated. A digest is followed by `wrong` if that
output is far from the same network's in double precision: then the machine, an emulated one, computes
something else than it should.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable

from assay import numerics
from assay.portability import fingerprint
from assay.settings.training import NumericsSettings

STEPS, BATCH, CLASSES = 4, 24, 5


def main() -> None:
    """Numerics, then torch, then one network after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--portable", choices=("true", "false", "any"), default="true")
    arguments = parser.parse_args()
    settings = NumericsSettings(portable={"true": True, "false": False}.get(arguments.portable, "any"))
    numerics.set_environment(settings)  # before torch, hence the imports inside functions
    import torch

    numerics.configure(settings)
    capability, found = torch.backends.cpu.get_cpu_capability(), torch.cpu.get_capabilities()
    print(
        f"processor: {found['cpu_name']}; AVX-512: {found['avx512_f']}; torch uses {capability}", flush=True
    )
    print("fingerprint", fingerprint(), flush=True)
    networks = make_networks()
    for name in arguments.names or networks:
        print(name, *train(*networks[name]), flush=True)


def make_networks() -> dict[str, tuple[Callable, tuple[int, ...]]]:
    """Each network's factory and the shape of its samples. All settings that add an operation are on."""
    from functools import partial

    from assay import construct
    from torch import nn

    model = partial(construct.load, "models")
    table, signal, image = (20,), (3, 16), (2, 12, 12)

    def mixed() -> nn.Module:
        """Layers that the others lack."""
        return nn.Sequential(
            nn.Conv1d(3, 8, 5, stride=2, padding=2),
            nn.GELU(),
            nn.ConvTranspose1d(8, 6, 4, stride=2, padding=1),
            nn.GroupNorm(2, 6),
            nn.SiLU(),
            nn.Conv1d(6, 6, 3, padding=2, dilation=2, groups=6),
            nn.Flatten(),
            nn.Linear(6 * 16, 33),
            nn.LayerNorm(33),
            nn.Tanh(),
            nn.Linear(33, 70),
            nn.Softplus(),
            nn.Dropout(0.1),
            nn.Linear(70, CLASSES),
        )

    def recurrent() -> nn.Module:
        """A GRU over a signal, its last state."""

        class Recurrent(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = nn.GRU(3, 24, batch_first=True)
                self.head = nn.Linear(24, CLASSES)

            def forward(self, inputs):
                return self.head(self.layers(inputs.transpose(1, 2))[1][-1])

        return Recurrent()

    return {
        "mlp": (partial(model("mlp"), table, CLASSES, dropout=0.2), table),
        "cnn": (partial(model("cnn"), image, CLASSES, batch_norm=True, dropout=0.2), image),
        "transformer": (partial(model("transformer"), signal, CLASSES, positions="learned"), signal),
        "lstm": (partial(model("lstm"), signal, CLASSES, layers=2, bidirectional=True, dropout=0.2), signal),
        "gru": (recurrent, signal),
        "mixed": (mixed, signal),
        "autoencoder": (partial(model("autoencoder"), image, 2 * 12 * 12), image),
    }


def train(make: Callable, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The digest after a few steps of AdamW, and a word if the output is wrong."""
    import torch
    from assay import construct, streams
    from assay.digest import tensors_digest
    from torch.nn import functional

    streams.start(1, "initialisation")
    model = make()
    inputs = torch.randn(BATCH, *shape, generator=streams.generator(1, "data"))
    targets = torch.arange(BATCH) % CLASSES
    optimizer = construct.load("optimizers", "adamw")(model.parameters(), 3e-3, weight_decay=0.02)

    def output(model: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        found = model(inputs)
        return getattr(found, "values", found) if isinstance(found, tuple) else found

    for step in range(STEPS):
        streams.start(1, "forward", 1, step)
        found = output(model, inputs)
        if found.shape == inputs.shape:
            loss = functional.mse_loss(found, inputs)
        else:
            loss = functional.cross_entropy(found, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        found = output(model, inputs)
        exact = output(copy.deepcopy(model).double(), inputs.double())
    digest = tensors_digest(model.state_dict() | {"output": found})
    return (digest,) if torch.allclose(found.double(), exact, atol=1e-3) else (digest, "wrong")


if __name__ == "__main__":
    main()
