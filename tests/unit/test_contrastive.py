"""Contrastive: who trains whom, against autograd; metrics against scikit-learn's; what classification shares."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import small
import torch
from assay import components, construct, loss_kinds
from assay.errors import UserError
from assay.losses.cross_entropy import CrossEntropy
from assay.losses.multi_task import MultiTask
from assay.losses.supervised_contrastive import SupervisedContrastive
from assay.models.mlp import MLP
from assay.tasks import _losses
from assay.tasks.classification import Classification
from assay.tasks.contrastive import Contrastive
from sklearn import metrics
from torch import Tensor, nn
from torch.nn import functional

CPU = torch.device("cpu")
META = {"targets": "classes", "classes": ["a", "b", "c"]}


class TwoParts(nn.Module):
    """A contrastive loss that says what it is made of."""

    def forward(self, embeddings: Tensor, targets: Tensor) -> dict[str, Tensor]:
        size = embeddings.square().mean()
        together = embeddings[targets == 0].var(0).sum()
        return {"loss": size + 2 * together, "size": size, "together": together}


def task(loss: nn.Module | None = None) -> Contrastive:
    torch.manual_seed(0)
    return Contrastive(META, MLP((4,), 3, widths=(6, 5)), loss or SupervisedContrastive())


def batch(count: int = 40) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(count, 4, generator=generator), torch.arange(count) % 3


def gradients(module: nn.Module, value: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(value, list(module.parameters())))


def test_each_loss_trains_its_own_part() -> None:
    made, (inputs, targets) = task(), batch()
    model: Any = made.model
    loss, _ = made.training_step((inputs, targets), "model")
    loss.backward()
    embeddings = model.hidden(inputs)
    contrastive = SupervisedContrastive()(embeddings, targets)
    for parameter, expected in zip(
        model.hidden.parameters(), gradients(model.hidden, contrastive), strict=True
    ):
        torch.testing.assert_close(parameter.grad, expected)
    probe = functional.cross_entropy(model.head(model.hidden(inputs).detach()), targets)
    for parameter, expected in zip(model.head.parameters(), gradients(model.head, probe), strict=True):
        torch.testing.assert_close(parameter.grad, expected)
    assert loss.item() == pytest.approx(contrastive.item() + probe.item(), rel=1e-6)


@pytest.mark.parametrize("loss", [SupervisedContrastive(temperature=0.5), TwoParts()])
def test_metrics_are_those_of_both_parts(loss: nn.Module) -> None:
    made, (inputs, targets) = task(loss).eval(), batch()
    model: Any = made.model
    batches = list(zip(inputs.split(17), targets.split(17), strict=True))
    with torch.no_grad():
        sums = [made.evaluation_step(part) for part in batches]
        embeddings = model.embed(inputs)
        alone = [loss(model.embed(i), t) for i, t in batches]
        logits = model(inputs)
    found = made.summarize({n: sum(s[n] for s in sums) for n in sums[0]} | {"count": 40})
    assert embeddings.shape == (40, 5)
    if isinstance(alone[0], dict):
        for name in ("size", "together"):
            expected = sum(a[name] * len(t) for a, (_, t) in zip(alone, batches, strict=True)) / 40
            assert found[name] == pytest.approx(float(expected), rel=1e-5)
        alone = [a["loss"] for a in alone]
    expected = sum(a * len(t) for a, (_, t) in zip(alone, batches, strict=True)) / 40
    assert found["contrastive"] == pytest.approx(float(expected), rel=1e-5)
    assert found["probe"] == pytest.approx(functional.cross_entropy(logits, targets).item(), rel=1e-5)
    assert found["loss"] == pytest.approx(found["contrastive"] + found["probe"], rel=1e-6)
    predicted = logits.argmax(1)
    scores = metrics.precision_recall_fscore_support(targets, predicted, average="macro", zero_division=0)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(targets, predicted))
    assert [found["precision"], found["recall"], found["f1"]] == pytest.approx(list(scores[:3]))
    assert set(Contrastive.metrics) <= set(found)
    assert made.predictions(inputs)["prediction"] == predicted.tolist()


def test_training_gives_its_metrics() -> None:
    made = task()
    _, sums = made.training_step(batch(), "model")
    assert set(made.summarize({**sums, "count": 40})) == set(Contrastive.training_metrics)


def test_a_run_learns_embeddings_that_a_line_divides() -> None:
    from assay.training.batches import load_part
    from assay.training.build import build_run
    from assay.training.loop import Keeper, train
    from assay.training.watch import Watch

    data = small.prepared(samples=400)
    settings = small.settings(
        task="contrastive",
        loss="supervised_contrastive",
        model={"name": "mlp", "widths": [32, 8]},
        training={"epochs": 25, "batch_size": 64, "learning_rate": 0.01},
    )
    run = build_run(settings, data, 0, CPU)
    train(run, load_part(data, "train", CPU), load_part(data, "validation", CPU), Watch(), Keeper())
    first, last = run.history.rows[0], run.history.rows[-1]
    assert last["val_accuracy"] > 0.8 > 0.5 > first["val_accuracy"]
    assert last["train_contrastive"] < first["train_contrastive"]
    assert {f"val_{name}" for name in Contrastive.metrics} <= last.keys()


class Whole(nn.Module):
    """A model that cannot be looked into."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs[:, :3]


class Images(Whole):
    """A model whose embeddings are no vectors."""

    head = nn.Linear(2, 3)

    def embed(self, inputs: Tensor) -> Tensor:
        return inputs.reshape(-1, 2, 2)


def test_a_model_that_cannot_be_looked_into_is_refused() -> None:
    with pytest.raises(UserError, match=r"needs a model with `embed` .* Whole has no embed and no head"):
        Contrastive(META, Whole(), SupervisedContrastive())
    with pytest.raises(UserError, match=r"embeddings have the shape \(40, 2, 2\)"):
        Contrastive(META, Images(), SupervisedContrastive()).training_step(batch(), "model")
    made = Contrastive(META, MLP((4,), 2), SupervisedContrastive())
    with pytest.raises(
        UserError, match=r"shape \(40, 2\); contrastive needs .batch, classes., here \(40, 3\)"
    ):
        made.training_step(batch(), "model")


def test_losses_of_something_else_are_refused() -> None:
    model = MLP((4,), 3)
    with pytest.raises(
        UserError, match=r"Contrastive needs a loss of embeddings, CrossEntropy .* valid: super"
    ):
        Contrastive(META, model, CrossEntropy())
    with pytest.raises(UserError, match="CrossEntropyLoss is one of classes"):
        Contrastive(META, model, nn.CrossEntropyLoss())
    with pytest.raises(UserError, match=r"Classification needs a loss of classes, MultiTask .*cross_entropy"):
        Classification(META, model, MultiTask())

    class Mine(CrossEntropy):
        pass

    with pytest.raises(UserError, match="Mine is one of classes"):
        Contrastive(META, model, Mine())
    for unknown in (TwoParts(), nn.MSELoss()):
        Contrastive(META, model, unknown)


def test_every_loss_says_what_it_compares() -> None:
    for name in components.names("losses"):
        said = components.define("losses", name).literals.get("kind")
        assert said == _losses.loss_kind(construct.load("losses", name)), name
        assert name in loss_kinds.losses_of(said)


def test_a_user_s_loss_may_say_what_it_compares() -> None:
    class Mine(TwoParts):
        kind = "values"

    with pytest.raises(UserError, match="Mine is one of values"):
        Contrastive(META, MLP((4,), 3), Mine())

    class Anything(Classification):
        loss_kind = "any"

    Anything(META, MLP((4,), 3), Mine())


def test_mixed_precision_counts_every_sample() -> None:
    """Products in bfloat16 would count 257 samples of a class as 256."""
    model = nn.Linear(4, 3)
    nn.init.zeros_(model.weight)
    made = Classification(META, model, CrossEntropy())
    inputs, targets = batch(1023)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        confusion = made.evaluation_step((inputs, targets))["confusion"]
        predicted = made.model(inputs).argmax(1)
    expected = metrics.confusion_matrix(targets, predicted, labels=[0, 1, 2])
    assert confusion.tolist() == expected.tolist() and expected.max() == 341


def test_the_probe_is_not_seen_by_the_embedding() -> None:
    """With a loss that asks for nothing, no step moves the embedding, and the head learns."""

    class Nothing(nn.Module):
        def forward(self, embeddings: Tensor, targets: Tensor) -> Tensor:
            return embeddings.sum() * 0

    made = task(Nothing())
    before = copy.deepcopy(made.model.state_dict())
    optimizer = torch.optim.SGD(made.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        made.training_step(batch(), "model")[0].backward()
        optimizer.step()
    moved = {n for n, value in made.model.state_dict().items() if not torch.equal(value, before[n])}
    assert moved == {"head.weight", "head.bias"}
