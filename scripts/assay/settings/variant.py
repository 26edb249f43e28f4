"""The complete settings of one variant: the base of a study and what the variant changes."""

from __future__ import annotations

from assay.settings.base import Settings
from assay.settings.component import Loss, Model, Task
from assay.settings.data import DataSettings
from assay.settings.evaluation import EvaluationSettings
from assay.settings.training import NumericsSettings, TrainingSettings


class VariantSettings(Settings):
    """Everything that decides a run, but its seed."""

    data: DataSettings = DataSettings()
    """What is learned from, and how it is divided."""
    task: Task = Task(name="classification")
    """What a batch means."""
    model: Model = Model(name="mlp")
    """What is trained."""
    loss: Loss = Loss(name="cross_entropy")
    """What training minimises."""
    training: TrainingSettings = TrainingSettings()
    """The loop."""
    numerics: NumericsSettings = NumericsSettings()
    """The arithmetic."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """What is measured afterwards."""
