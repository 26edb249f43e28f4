"""Regression: predicted numbers against measured ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from assay.errors import UserError
from assay.tasks import Batch, Sums, Task, loss_parts, means, part_sums


class Regression(Task):
    """One or more numbers a sample. Metrics are unweighted means over the outputs.

    `rmse` (root of the mean squared error) and `mae` (mean absolute error) are in the targets' units. `r2`
    is 1 - Σ (target - prediction)² / Σ (target - mean)², the mean that of the part that is measured; 0 of
    an output whose targets are all equal there.

    Args:
        standardize: train on (target - mean) / scale, both of the training part, which suits the usual
            first weights and learning rates. The loss is in these units then, as are its settings;
            predictions and the other metrics are in the targets' own.
    """

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "rmse": "minimize",
        "mae": "minimize",
        "r2": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = ("loss", "rmse", "mae")
    targets: ClassVar[str] = "values"
    loss_kind: ClassVar[str] = "values"
    families: ClassVar[dict[str, tuple[str, ...]]] = {"errors": ("rmse", "mae"), "r2": ("r2",)}

    mean: Tensor
    scale: Tensor

    def __init__(
        self, meta: Mapping[str, Any], model: nn.Module, loss: nn.Module, *, standardize: bool = True
    ) -> None:
        super().__init__(meta, model, loss)
        self.standardize = standardize
        # saved with the run: what its weights mean depends on them
        for name in ("mean", "scale"):
            values = torch.tensor(meta[f"target_{name}"], dtype=torch.get_default_dtype())
            self.register_buffer(name, values)
        trial = torch.zeros(2, self.outputs(meta))
        with torch.no_grad():
            loss(trial, trial)  # a loss that does not fit the outputs says so before training

    @classmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """One output a target column."""
        return len(meta["outputs"])

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss, and the sums of loss, its parts and the errors of each output."""
        inputs, targets = batch
        outputs = self._forward(inputs)
        parts = self._compare(outputs, targets)
        return parts["loss"], part_sums(parts, len(targets)) | self._errors(outputs.detach(), targets)

    def evaluation_step(self, batch: Batch) -> Sums:
        """The same sums, and those that the targets' variance is made of."""
        inputs, targets = batch
        outputs = self._forward(inputs)
        # near 0, so that the difference of the two sums keeps its digits
        centred = (_columns(targets, _widest(targets)) - self.mean) / self.scale
        return {
            **part_sums(self._compare(outputs, targets), len(targets)),
            **self._errors(outputs, targets),
            "target": centred.sum(0),
            "target_squared": centred.square().sum(0),
        }

    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Mean loss, RMSE and MAE; of an evaluation also R²."""
        outputs = self._per_output(sums)
        return means(sums) | {name: float(values.mean()) for name, values in outputs.items()}

    def report(self, sums: Mapping[str, Any]) -> dict[str, Any]:
        """The table of outputs."""
        columns = {name: values.tolist() for name, values in self._per_output(sums).items()}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        named = zip(self.meta["outputs"], rows, strict=True)
        return {"per_output": [{"output": name, **row} for name, row in named]}

    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """The predicted values in the targets' units: `prediction`, or `prediction_<name>` of several."""
        values, names = self._in_units(self._forward(inputs)), self.meta["outputs"]
        if len(names) == 1:
            return {"prediction": values[:, 0].tolist()}
        return {f"prediction_{name}": values[:, index].tolist() for index, name in enumerate(names)}

    def _forward(self, inputs: Tensor) -> Tensor:
        """What the model makes of the inputs, (batch, outputs)."""
        made: Tensor = self.model(inputs)
        expected = (len(inputs), len(self.meta["outputs"]))
        if made.shape != expected:
            raise UserError(
                f"the model's output has the shape {tuple(made.shape)}; regression needs "
                f"(batch, outputs), here {expected}"
            )
        return made

    def _compare(self, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The loss and its parts, in the units that the model is trained in."""
        wanted = _columns(targets, self.mean.dtype)
        if self.standardize:
            wanted = (wanted - self.mean) / self.scale
        return loss_parts(self.loss(outputs, wanted))

    def _in_units(self, outputs: Tensor) -> Tensor:
        """Outputs in the targets' units, in double precision where the device has it."""
        values = outputs.to(_widest(outputs))
        return values * self.scale + self.mean if self.standardize else values

    def _errors(self, outputs: Tensor, targets: Tensor) -> Sums:
        """Sums of absolute and squared errors, (outputs,), in the targets' units."""
        error = self._in_units(outputs) - _columns(targets, _widest(targets))
        return {"absolute_error": error.abs().sum(0), "squared_error": error.square().sum(0)}

    def _per_output(self, sums: Mapping[str, Any]) -> dict[str, Tensor]:
        """Metrics of each output, (outputs,)."""
        count = float(sums["count"])
        found = {"rmse": (sums["squared_error"] / count).sqrt(), "mae": sums["absolute_error"] / count}
        if "target" in sums:
            variance = sums["target_squared"] / count - (sums["target"] / count).square()
            varies = variance > 1e-12 * sums["target_squared"] / count  # less is rounding
            of_mean = variance * self.scale.cpu().double().square()
            ratio = (sums["squared_error"] / count) / torch.where(varies, of_mean, 1)
            found["r2"] = torch.where(varies, 1 - ratio, 0)
        return found


def _columns(targets: Tensor, kind: torch.dtype) -> Tensor:
    """Targets (batch,) or (batch, outputs) → (batch, outputs) of that type."""
    return targets.reshape(len(targets), -1).to(kind)


def _widest(values: Tensor) -> torch.dtype:
    """Float64 where the device has it: Apple's GPUs have not."""
    return torch.float32 if values.device.type == "mps" else torch.float64
