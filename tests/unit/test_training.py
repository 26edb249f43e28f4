"""The loop against a bare one, its means against brute force, its streams against each other."""

from __future__ import annotations

import math
from typing import Any

import pytest
import small
import torch
from assay import streams
from assay.tasks.classification import Classification
from assay.training import build, checkpoint
from assay.training.batches import load_part
from assay.training.history import History
from assay.training.loop import Keeper, train_epoch
from assay.training.measure import measure, total
from assay.training.state import Run
from assay.training.watch import Watch
from small import trained as run
from torch.nn import functional

CPU = torch.device("cpu")
NUMERICS = small.settings().numerics


def still(**changes: Any) -> Run:
    """A run whose steps change nothing."""
    training = {"optimizer": "sgd", "learning_rate": 1e-30, **changes.pop("training", {})}
    return small.built(training=training, **changes)


def test_the_loop_is_the_bare_loop() -> None:
    """The same arithmetic written out with torch alone gives the same weights, to the bit."""
    data = small.prepared()
    trained = run(seed=7)
    torch.default_generator.manual_seed(streams.stream_seed(7, "initialisation"))
    bare = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    optimizer = torch.optim.AdamW(bare.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    inputs = torch.from_numpy(data.inputs[data.parts["train"]])
    targets = torch.from_numpy(data.targets[data.parts["train"]])
    for epoch in (1, 2, 3):
        generator = torch.Generator().manual_seed(streams.stream_seed(7, "order", epoch))
        for batch in torch.randperm(len(targets), generator=generator).split(8):
            optimizer.zero_grad()
            functional.cross_entropy(bare(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    for own, expected in zip(trained.task.model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(own, expected)


@pytest.mark.parametrize("batch_size", [1, 7, 8, 30, 64])
def test_means_weigh_every_sample_once(batch_size: int) -> None:
    """Training metrics of an epoch without steps equal those of all samples at once, short last batch or not."""
    task_run = still(training={"batch_size": batch_size})
    task, (part, _) = task_run.task, small.parts()
    means = task.summarize(total(train_epoch(task_run, part, Keeper()), len(part)))
    with torch.no_grad():
        logits = task.model(part.inputs)
        losses = functional.cross_entropy(logits, part.targets, reduction="none")
    assert means["loss"] == pytest.approx(losses.double().mean().item(), rel=1e-6)
    assert means["accuracy"] == (logits.argmax(1) == part.targets).double().mean().item()


def test_metrics_are_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn import metrics

    monkeypatch.setattr("assay.training.measure.BATCH", 9)
    data = small.prepared(samples=300, classes=5)
    task = build.build_task(small.settings(), data, CPU)
    part = load_part(data, "test", CPU)
    sums = measure(task, part, NUMERICS, CPU)
    predicted, actual = task.model(part.inputs).argmax(1).numpy(), part.targets.numpy()
    labels = list(range(5))
    expected = metrics.precision_recall_fscore_support(
        actual, predicted, labels=labels, average="macro", zero_division=0
    )
    found = task.summarize(sums)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(actual, predicted))
    assert [found["precision"], found["recall"], found["f1"]] == pytest.approx(list(expected[:3]))
    report = task.report(sums)
    assert report["confusion_matrix"] == metrics.confusion_matrix(actual, predicted, labels=labels).tolist()
    assert [row["samples"] for row in report["per_class"]] == [(actual == k).sum() for k in labels]


def test_two_models_see_the_same_batches_and_augmentations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their size, and whatever they draw themselves."""
    seen: list[torch.Tensor] = []
    whole = Classification.training_step

    def spy(task: Classification, batch: Any, optimizer: str) -> Any:
        seen.append(batch[0].clone())
        return whole(task, batch, optimizer)

    monkeypatch.setattr(Classification, "training_step", spy)
    found = []
    for widths in ([3], [40, 40]):
        seen.clear()
        model = {"name": "mlp", "widths": widths, "dropout": 0.2}
        run(seed=3, model=model, training={"augmentations": ["noise"], "epochs": 2})
        found.append([*seen])
    assert len(found[0]) == len(found[1]) == 2 * math.ceil(30 / 8)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert not torch.equal(found[0][0], found[0][4])


def test_dropout_falls_on_the_same_places_where_shapes_agree() -> None:
    layer = torch.nn.Dropout(0.5)
    streams.start(3, "forward", 1, 2)
    first = layer(torch.ones(8, 5))
    torch.rand(1000)
    streams.start(3, "forward", 1, 2)
    assert torch.equal(layer(torch.ones(8, 5)), first)


def test_streams_are_all_different() -> None:
    positions = [
        (seed, name, *at)
        for seed in range(4)
        for name in ("order", "forward")
        for at in ((), (1,), (1, 2), (12,))
    ]
    seeds = [streams.stream_seed(*position) for position in positions]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize("change", [{"seed": 1}, {"training": {"learning_rate": 0.01}}, {"loss": "focal"}])
def test_what_differs_gives_other_weights(change: dict[str, Any]) -> None:
    first, second = run(), run(**change)
    assert checkpoint.digest(first.last or {}) != checkpoint.digest(second.last or {})


def test_the_same_run_is_the_same_bits_whatever_was_drawn_before() -> None:
    first = run(model={"name": "mlp", "widths": [5], "dropout": 0.5})
    torch.manual_seed(99)
    torch.rand(1234)
    second = run(model={"name": "mlp", "widths": [5], "dropout": 0.5})
    assert checkpoint.digest(first.last or {}) == checkpoint.digest(second.last or {})
    assert first.history.plain() == second.history.plain()


def test_watching_changes_nothing() -> None:
    class Nosy(Watch):
        def on_epoch_end(self, history: History, improved: bool) -> None:
            torch.rand(10)

    stochastic = {"model": {"name": "mlp", "widths": [5], "dropout": 0.5}}
    quiet, nosy = run(**stochastic), run(watch=Nosy(), **stochastic)
    assert checkpoint.digest(quiet.last or {}) == checkpoint.digest(nosy.last or {})


def test_dropout_is_off_while_measuring_and_on_while_training() -> None:
    dropping = still(model={"name": "mlp", "widths": [50], "dropout": 0.9})
    task, part = dropping.task, load_part(small.prepared(), "test", CPU)
    task.train()
    found = task.summarize(measure(task, part, NUMERICS, CPU))
    task.model.eval()
    with torch.no_grad():
        expected = functional.cross_entropy(task.model(part.inputs), part.targets)
    assert found["loss"] == pytest.approx(expected.item(), rel=1e-5)
    trained = task.summarize(total(train_epoch(dropping, part, Keeper()), len(part)))
    assert trained["loss"] != pytest.approx(expected.item(), rel=1e-3)


def test_the_history_has_every_epoch_and_the_best() -> None:
    trained = run(training={"epochs": 6, "learning_rate": 0.05, "scheduler": {"name": "step", "every": 2}})
    plain = trained.history.plain()
    rows = plain["history"]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    losses = [row["val_loss"] for row in rows]
    assert plain["best_value"] == min(losses) and plain["best_epoch"] == losses.index(min(losses)) + 1
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.05, 0.05, 0.005, 0.005, 0.0005, 0.0005])
    assert {"train_loss", "train_accuracy", "val_accuracy", "val_f1"} <= rows[0].keys()
    assert trained.best is not None and trained.best["epoch"] == plain["best_epoch"]
    assert trained.last is not None and trained.last["epoch"] == 6


@pytest.mark.parametrize(("mode", "best"), [("min", 2), ("max", 3)])
def test_the_best_epoch_follows_the_mode(mode: str, best: int) -> None:
    history = History(
        small.settings(training={"mode": mode, "monitor": "val_loss"}).training
        if mode == "min"
        else small.settings(training={"mode": mode, "monitor": "val_accuracy"}).training,
        0,
    )
    monitor = history.settings.monitor
    for epoch, value in enumerate([0.5, 0.2, 0.9, 0.2], start=1):
        history.add({"epoch": epoch, "train_loss": 1.0, "val_loss": 1.0, monitor: value})
    assert history.best_epoch == best


def test_a_run_that_diverges_ends_there() -> None:
    trained = run(training={"learning_rate": 1e30, "optimizer": "sgd", "epochs": 9})
    assert trained.history.status == "diverged in epoch 1"
    assert trained.best is None and trained.last is None
    assert len(trained.history.rows) == 1
    assert None in trained.history.rows[0].values()


def test_states_are_kept_every_so_many_epochs() -> None:
    kept: list[int] = []
    run(training={"epochs": 7, "keep_every": 3}, keep=lambda state: kept.append(state["epoch"]))
    assert kept == [3, 6]


def test_a_model_that_does_not_fit_is_said() -> None:
    from assay.errors import UserError

    with pytest.raises(UserError, match="cnn needs images"):
        build.build_task(small.settings(model="cnn"), small.prepared(), CPU)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("scheduler", ["constant", "cosine", "step"])
def test_every_optimizer_and_scheduler_trains(name: str, scheduler: str) -> None:
    trained = run(training={"optimizer": name, "scheduler": scheduler, "learning_rate": 0.05, "epochs": 8})
    losses = [row["train_loss"] for row in trained.history.rows]
    assert losses[-1] < losses[0]
    rates = [row["learning_rate"] for row in trained.history.rows]
    assert rates[0] == 0.05 and (scheduler != "cosine" or rates[4] == pytest.approx(0.025))
