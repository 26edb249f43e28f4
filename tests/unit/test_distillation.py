"""A student and its teacher: what the addresses hold, what is refused, what the student learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small
import torch
from assay import single
from assay.configuration import configure
from assay.errors import UserError
from assay.plan import StudyPlan, load_plan
from assay.receipt import write_receipt
from assay.training import checkpoint
from assay.training.read import read_models
from torch.nn import functional

BASE: dict[str, Any] = {
    "base": {"model": {"name": "mlp", "widths": [4]}},
    "variants": {
        "taught": {"task": {"name": "distillation", "teacher": "large"}, "loss": "distillation"},
        "large": {"model.widths": [9]},
        "other": {"model.widths": [7]},
    },
    "seeds": 1,
}


def plan(folder: Path, monkeypatch: pytest.MonkeyPatch, **variants: Any) -> StudyPlan:
    import yaml

    monkeypatch.setenv("ASSAY_RESULTS", str(folder / "results"))
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(BASE | {"variants": BASE["variants"] | variants}, sort_keys=False))
    return load_plan(study=str(path)).studies[0]


def addresses(study: StudyPlan) -> dict[str, str]:
    return {variant.variant.name: variant.train.address for variant in study.variants}


def test_the_teacher_s_address_is_part_of_the_student_s_its_name_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = plan(tmp_path, monkeypatch)
    assert [variant.variant.name for variant in study.variants] == ["taught", "large", "other"]
    first = addresses(study)
    student = study.variants[0].train
    assert student.upstream["teacher"] == first["large"]
    assert "assay.models.mlp" in student.code
    task = {"name": "distillation", "teacher": "huge"}
    renamed = plan(
        tmp_path,
        monkeypatch,
        huge={"model.widths": [9]},
        large={"model.widths": [8]},
        taught={"task": task, "loss": "distillation"},
    )
    assert addresses(renamed)["taught"] == first["taught"]
    wider = plan(tmp_path, monkeypatch, large={"model.widths": [10]})
    assert addresses(wider)["taught"] != first["taught"]


def test_two_students_of_two_teachers_are_two_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"name": "distillation", "teacher": "other"}
    study = plan(tmp_path, monkeypatch, second={"task": task, "loss": "distillation"})
    assert addresses(study)["second"] != addresses(study)["taught"]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ({"taught": {"task": {"name": "distillation", "teacher": "lrge"}, "loss": "distillation"}}, "did you mean 'large'"),
        ({"taught": {"task": {"name": "distillation", "teacher": "taught"}, "loss": "distillation"}}, "is no other variant"),
        ({"large": {"task": {"name": "distillation", "teacher": "taught"}, "loss": "distillation"}}, "read each other's runs"),
        ({"large": {"data.split.test": 0.3}}, "learns from other data or another split"),
        ({"large": {"task": "autoencoder", "loss": "huber"}}, "'large' does not classify"),
        ({"large": {"training.save_artifacts": False, "evaluation.enabled": False}}, "'large' keeps no checkpoint"),
        ({"taught": {"task": "distillation", "loss": "distillation"}}, "teacher: .*is missing"),
        ({"taught": {"task": {"name": "distillation", "teacher": "large"}}}, "needs a loss of teacher"),
        ({"taught": {"loss": "distillation"}}, "needs a loss of classes"),
    ],
)  # fmt: skip
def test_wrong_teachers_are_refused_before_any_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variants: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        plan(tmp_path, monkeypatch, **variants)


def test_a_student_needs_a_study() -> None:
    settings = {"task": {"name": "distillation", "teacher": "large"}, "loss": "distillation"}
    with pytest.raises(UserError, match="'large' is a variant of a study"):
        single.from_settings(settings, {}, configure())


def test_the_student_learns_from_targets_and_teacher() -> None:
    """The loss of a batch by the paper's formula, and gradients that leave the teacher alone."""
    run = small.built(
        task={"name": "distillation", "teacher": "x"},
        loss={"name": "distillation", "temperature": 3.0, "weight": 0.25},
    )
    teacher = small.built(seed=9, model={"name": "mlp", "widths": [11]}).task.model.eval()
    run.task.read({"teacher": teacher})
    inputs, targets = next(small.parts()[0].batches([torch.arange(12)]))
    loss, sums = run.task.training_step((inputs, targets), "model")
    student, taught = run.task.model(inputs).double(), teacher(inputs).double()
    soft = (taught / 3).softmax(1) * ((taught / 3).log_softmax(1) - (student / 3).log_softmax(1))
    hard = functional.cross_entropy(student, targets)
    expected = 0.75 * hard + 0.25 * 9 * soft.sum(1).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert sums["hard"].item() / 12 == pytest.approx(hard.item(), rel=1e-5)
    loss.backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert not any("teacher" in name for name in run.task.state_dict())
    measured = run.task.summarize(run.task.evaluation_step((inputs, targets)) | {"count": 12})
    assert measured["loss"] == pytest.approx(hard.item(), rel=1e-5)


def test_only_the_run_that_is_meant_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student = plan(tmp_path, monkeypatch).variants[0].train
    teacher = student.embedded["teacher"]
    data = small.prepared()
    trained = small.trained(model={"name": "mlp", "widths": [9]})
    digest = checkpoint.save(tmp_path / "best.pt", trained.best or {})

    def read(seed: int = 0) -> dict[str, torch.nn.Module]:
        return read_models(student, seed, data, {"teacher": tmp_path}, torch.device("cpu"))

    facts: dict[str, Any] = {"seed": 0, "status": "finished"}
    write_receipt(tmp_path, teacher, {"best.pt": digest}, **facts)
    model = read()["teacher"]
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    assert torch.equal(model.state_dict()["head.bias"], (trained.best or {})["model"]["head.bias"])
    with pytest.raises(UserError, match=r"seed 0; task\.teacher reads .* seed 1"):
        read(seed=1)
    monkeypatch.setattr(
        "assay.training.read.build_task", lambda *_: drawn.append(torch.rand(1)) or model_task
    )
    drawn, model_task = [], small.built(model={"name": "mlp", "widths": [9]}).task
    for _ in range(2):
        torch.rand(7)
        read()
    assert torch.equal(*drawn), "a model may draw what its weights do not hold"
    monkeypatch.undo()
    write_receipt(tmp_path, teacher, {"best.pt": "0" * 64}, **facts)
    with pytest.raises(UserError, match=r"best\.pt: is damaged"):
        read()
    write_receipt(tmp_path, teacher, {}, **facts | {"status": "diverged in epoch 2"})
    with pytest.raises(UserError, match=r"diverged in epoch 2; there is nothing to learn"):
        read()
