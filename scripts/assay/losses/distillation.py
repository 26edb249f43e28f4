"""Distillation: a student learns the targets and a teacher's softened probabilities."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional


class Distillation(nn.Module):
    """(1 - weight) of cross-entropy with the targets plus weight of the divergence from the teacher.

    Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network", section 2. With the
    probabilities of teacher and student at the temperature T, the soft part is T² KL(teacher || student),
    the batch's mean: T² keeps its gradients at the scale of the hard part's. No gradient reaches the teacher.

    Args:
        temperature: T, greater than 0; higher shows more of what the teacher holds for unlikely.
        weight: share of the soft part, from 0 to 1.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: ClassVar[str] = "teacher"

    def __init__(self, *, temperature: float = 2.0, weight: float = 0.5) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be greater than 0, not {temperature}")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight must be from 0 to 1, not {weight}")
        self.temperature, self.weight = temperature, weight

    def forward(self, logits: Tensor, targets: Tensor, teacher_logits: Tensor) -> dict[str, Tensor]:
        """Logits (batch, classes), class indices (batch,), the teacher's logits (batch, classes) → scalars.

        Returns:
            `loss`, and unweighted `hard` (cross-entropy) and `soft` (T² KL).

        Raises:
            ValueError: teacher and student have logits of different shapes.
        """
        if logits.shape != teacher_logits.shape:
            raise ValueError(
                f"the student's logits have the shape {tuple(logits.shape)}, the teacher's "
                f"{tuple(teacher_logits.shape)}; they must be the same"
            )
        hard = functional.cross_entropy(logits, targets)
        student = functional.log_softmax(logits / self.temperature, dim=1)
        teacher = functional.log_softmax(teacher_logits.detach() / self.temperature, dim=1)
        divergence = functional.kl_div(student, teacher, reduction="batchmean", log_target=True)
        soft = self.temperature**2 * divergence
        return {"loss": (1 - self.weight) * hard + self.weight * soft, "hard": hard, "soft": soft}
