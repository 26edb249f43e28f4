"""How one run is trained, and with what arithmetic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assay.settings.base import Settings, either
from assay.settings.component import Augmentation, Callback, Optimizer, Scheduler

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class TrainingSettings(Settings):
    """The train stage's loop."""

    epochs: PositiveInt = 20
    """Passes over the training part."""
    batch_size: PositiveInt = 64
    """Samples a batch; the last batch of an epoch may be smaller."""
    accumulate: PositiveInt = 1
    """Batches a step: gradients are summed over so many, as if they were one batch, then the weights are
    stepped. The last step of an epoch takes what is left, each sample with its right weight. A loss that
    compares the samples of a batch with each other sees one batch at a time."""
    learning_rate: PositiveFloat = 1e-3
    """Learning rate at the start; the scheduler changes it."""
    optimizer: Optimizer = Optimizer(name="adamw")
    """How weights are stepped: `adamw`, `adam`, `sgd`, with their settings (`weight_decay`, …)."""
    scheduler: Scheduler = Scheduler(name="constant")
    """How the learning rate changes from epoch to epoch."""
    warmup_epochs: NotNegative = 0.0
    """Epochs (fractions allowed) in which the learning rate rises step by step from 0, in equal parts;
    the scheduler begins in the first whole epoch after them."""
    clip_norm: PositiveFloat | None = None
    """Scale a step's gradients down to this norm where they exceed it, before the step."""
    gradient_norm: bool = False
    """Note each epoch's mean gradient norm, before clipping, in the history (also done with `clip_norm`)."""
    augmentations: list[Augmentation] = []
    """Random changes of training samples, in this order; each a function of seed, epoch and sample."""
    callbacks: list[Callback] = []
    """What is called while a run is trained, in this order: `[{name: early_stopping, patience: 5}]`."""
    processes: PositiveInt = 1
    """Processes that share every batch, one a GPU where there are several. `batch_size` stays the whole
    batch. Another number gives other bits, and a loss that compares the samples of a batch with each other
    sees one process's share."""
    monitor: str = "val_loss"
    """The history's column that chooses the best epoch."""
    mode: Literal["min", "max"] = "min"
    """Whether less or more of `monitor` is better."""
    keep_every: PositiveInt | None = None
    """Also keep `epoch-NNN.pt` every so many epochs."""
    save_artifacts: bool = True
    """Keep checkpoints. `false` is for a throw-away run, which cannot be evaluated."""


class NumericsSettings(Settings):
    """The arithmetic of a run: it decides bits, so it is part of the address."""

    threads: PositiveInt = 1
    """CPU threads a run computes with. Another number gives other bits; the number of cores that
    Snakemake has does not."""
    deterministic: bool = True
    """Use deterministic algorithms only; an operation that has none fails with its name. `false` may
    be faster on a GPU, and then two runs with one seed may differ."""
    tf32: bool = False
    """Let NVIDIA GPUs round the factors of float32 products to TF32: faster, three digits less."""
    dtype: Literal["float32", "float64"] = "float32"
    """Type of weights and activations."""
    mixed_precision: Literal["off", "bf16", "fp16"] = "off"
    """Compute the forward pass in bfloat16 or float16 where that is safe (autocast); float16 with a
    gradient scaler. Weights stay as `dtype` says."""
    portable: Annotated[bool | Literal["any"], either("true, false or `any`")] = True
    """Cap the CPU's instruction set at AVX2 (x86), so that all Intel CPUs since about 2013 give the same
    bits, at no measurable cost. `any` makes AMD's give them, too: matrix products then take up to five
    times as long. Has no effect on processors that are not x86."""
