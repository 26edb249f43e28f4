"""Figures drawn at the end of training and by `assay plot`: of real runs, which they leave as they were."""

from __future__ import annotations

import argparse
import json
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
import torch
from assay import plots, single
from assay.command import plot
from assay.configuration import configure
from assay.data.prepared import Prepared
from assay.digest import file_digest
from assay.errors import UserError
from assay.jsonfile import to_json
from assay.plots import samples
from assay.receipt import write_receipt
from assay.recipe import to_yaml
from assay.report import style
from assay.training import checkpoint
from assay.training.loop import Keeper, train
from assay.training.watch import Setup, Watch
from assay.training.watch.plots import Plots
from conftest import ROOT
from test_plots import usual

DIFFUSION: dict[str, Any] = {
    "task": {"name": "diffusion_autoencoder", "steps": 2, "width": 8, "depth": 1},
    "model": "autoencoder",
    "loss": "mean_squared_error",
    "training": {"epochs": 2},
}


def images() -> Prepared:
    """Random images (1, 4, 4) in three classes."""
    data = small.prepared(samples=60, features=16)
    inputs = data.inputs.reshape(-1, 1, 4, 4)
    return replace(data, inputs=inputs, meta={**data.meta, "input_shape": [1, 4, 4]})


def states() -> list[Any]:
    """Where the global generators are."""
    _, keys, *rest = np.random.get_state()
    return [random.getstate(), keys.tolist(), rest, torch.get_rng_state().tolist()]


def test_pictures_leave_the_task_and_all_streams_as_they_were() -> None:
    data = images()
    task = small.built(data=data, **DIFFUSION).task
    task.train()
    task.model.eval()
    modes, before = [module.training for module in task.modules()], states()
    weights = {name: value.clone() for name, value in task.state_dict().items()}
    rows, titles = samples.pictures(task, data)
    assert states() == before
    assert [module.training for module in task.modules()] == modes
    assert all(torch.equal(value, weights[name]) for name, value in task.state_dict().items())
    chosen = data.parts["validation"][:10]
    assert list(rows) == ["input", "reconstruction", "refined"]
    np.testing.assert_array_equal(rows["input"], data.inputs[chosen].astype(np.float64))
    assert titles == [f"class {data.targets[index]}" for index in chosen]
    torch.rand(5)
    again, _ = samples.pictures(task, data)
    assert all(np.array_equal(rows[name], again[name]) for name in rows)  # the noise is the same, too


class Modes(torch.nn.Module):
    """A model that notes how it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bool, bool]] = []

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, torch.is_grad_enabled()))
        raise RuntimeError("out of order")


def test_a_task_is_drawn_in_evaluation_without_gradients_and_put_back_if_it_fails() -> None:
    data = images()
    task = small.built(data=data, **DIFFUSION).task
    task.model, before = Modes(), states()
    task.train()
    with pytest.raises(RuntimeError, match="out of order"):
        samples.pictures(task, data)
    assert task.model.seen == [(False, False)]
    assert task.training and task.model.training
    assert states() == before


def figure(rows: dict[str, np.ndarray], titles: list[str]) -> Any:
    """A sheet of pictures."""
    with style.sheet():
        return samples.sheet(rows, titles)


def shown(axes: Any) -> np.ndarray:
    """The colours of an image, (height, width, 3)."""
    [image] = axes.get_images()
    return np.asarray(image.get_array())


def test_images_have_the_scale_of_their_sample() -> None:
    inputs = np.random.default_rng(0).normal(size=(3, 3, 5, 6)) * np.array([1, 10, 100])[:, None, None, None]
    made = inputs.copy()
    made[0, 1, 2, 3], made[1, 0, 0, 0], made[2, 2, 4, 5] = np.nan, 1e9, -1e9
    mask = (inputs[:, 0] > 0).astype(float)
    drawn = figure({"input": inputs, "reconstruction": made, "mask": mask}, ["a", "b", "c"])
    for sample in range(3):
        low, high = inputs[sample].min(), inputs[sample].max()
        first, second, third = (shown(drawn.axes[3 * row + sample]) for row in range(3))
        np.testing.assert_allclose(first, (np.moveaxis(inputs[sample], 0, -1) - low) / (high - low))
        expected = np.moveaxis(np.clip((made[sample] - low) / (high - low), 0, 1), 0, -1)
        same = np.isfinite(expected).all(-1)
        np.testing.assert_allclose(second[same], expected[same])
        np.testing.assert_allclose(third, np.repeat(mask[sample][..., None], 3, -1))
    assert (~np.isfinite(made[0]).all(0)).sum() == 1
    assert len(np.unique(shown(drawn.axes[3])[2, 3])) > 1  # what is no number has a colour of its own
    assert [axes.get_title() for axes in drawn.axes[:3]] == ["a", "b", "c"]
    assert [drawn.axes[place].get_ylabel() for place in (0, 3, 6)] == ["input", "reconstruction", "mask"]


@pytest.mark.parametrize("shape", [(8,), (1, 70), (3, 20)])
def test_signals_and_tables_are_lines(shape: tuple[int, ...]) -> None:
    inputs = np.random.default_rng(0).normal(size=(10, *shape))
    made = inputs + 1
    drawn = figure({"input": inputs, "reconstruction": made}, [""] * 10)
    assert len(drawn.axes) == 2 * samples.MOST_LINES
    for sample, (above, below) in enumerate(zip(drawn.axes[:5], drawn.axes[5:], strict=True)):
        lines = [line.get_ydata() for line in above.get_lines()]
        np.testing.assert_array_equal(lines, inputs[sample].reshape(-1, shape[-1]))
        under = [line.get_ydata() for line in below.get_lines()]  # the input in grey, then what was made
        np.testing.assert_array_equal(under, np.concatenate([lines, np.array(lines) + 1]))


def test_the_middle_frame_of_a_clip_is_drawn_and_channels_without_colours_as_their_mean() -> None:
    clip = np.random.default_rng(0).random((1, 2, 7, 4, 5))
    middle = clip[0, :, 3].mean(0)
    expected = (middle - middle.min()) / (middle.max() - middle.min())
    np.testing.assert_allclose(shown(figure({"input": clip}, [""]).axes[0])[..., 0], expected)


def trained(folder: Path, preset: str, data: Prepared) -> small.Trained:
    """A run that draws its figures at its end."""
    run = small.built(data=data, **DIFFUSION)
    run.begin()
    watch: Watch = Plots(folder, preset)
    watch.on_start(Setup(run, data))
    return small.Trained(run, train(run, *small.parts(data), watch, Keeper()))


def test_drawing_changes_no_bit_of_a_run(tmp_path: Path) -> None:
    data = images()
    quiet, drawn = trained(tmp_path / "off", "off", data), trained(tmp_path / "full", "full", data)
    assert not (tmp_path / "off").exists()
    names = {path.stem for path in (tmp_path / "full").iterdir()}
    assert {"loss", "loss-and-reconstruction", "denoising", "learning-rate", "pictures"} <= names
    assert checkpoint.digest(quiet.last or {}) == checkpoint.digest(drawn.last or {})
    assert quiet.history.plain() == drawn.history.plain()


def test_a_figure_that_fails_costs_no_run_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr("assay.plots.write_atomically", fails)
    with caplog.at_level(logging.ERROR):
        assert trained(tmp_path, "full", images()).last is not None
    assert "not all figures could be drawn; the run is not affected" in caplog.text
    assert "no space left on device" in caplog.text


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three finished runs: two seeds of a study's variant that has a view, one of no study."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ASSAY_RESULTS", str(tmp_path / "results"))
    configuration = configure()
    recipe = single.from_settings({}, {}, configuration)
    made = replace(recipe, made_by={"study": "digits", "variant": "as made", "overrides": {}})
    for address, kind, seed in (("a" * 12, made, 0), ("a" * 12, made, 1), ("b" * 12, recipe, 0)):
        folder = configuration.store / "train" / f"{address}-00000000" / f"seed-{seed}"
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(to_yaml(kind))
        (folder / "history.json").write_text(to_json(usual(3 + seed)))
        digests = {"history.json": file_digest(folder / "history.json")}
        write_receipt(folder, recipe, digests, seed=seed)
    view = configuration.store / "studies/digits/a%2Fb/seed-0"
    view.parent.mkdir(parents=True)
    view.symlink_to(configuration.store / "train" / f"{'a' * 12}-00000000" / "seed-0")
    yield configuration.store


def call(*arguments: str) -> None:
    """`assay plot` with these arguments."""
    parser = argparse.ArgumentParser()
    plot.add_arguments(parser)
    plot.run(parser.parse_args(arguments))


def test_one_run_has_its_figures(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("digits/a%2Fb/seed-0", "--out", str(tmp_path / "x" / ".." / "out"))
    names = ["loss", "loss-and-accuracy", "accuracy", "classes"]
    assert capsys.readouterr().out.split() == [str(tmp_path / f"out/{name}.png") for name in names]
    again = plots.draw(usual(3), None, None, tmp_path / "again", "minimal")
    assert (tmp_path / "out/loss.png").read_bytes() == again[0].read_bytes()


def test_several_runs_are_one_plot(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Any] = {}
    real = plots.compare
    monkeypatch.setattr(plots, "compare", lambda runs, *rest: found.update(runs) or real(runs, *rest))
    same = str(store / "studies/digits/a%2Fb/seed-0")
    call("digits/a%2Fb/seed-0", same, f"{'a' * 12}/1", str(store / f"train/{'b' * 12}-00000000/seed-0"), "--out", str(tmp_path / "out"))  # fmt: skip
    assert capsys.readouterr().out.split() == [str(tmp_path / "out/comparison.png")]
    assert {name: len(run["history"]) for name, run in found.items()} == {
        "a/b/seed-0": 3,
        "as made/seed-1": 4,
        f"{'b' * 12}-00000000/seed-0": 3,
    }


def test_a_comparison_shows_what_each_run_measured() -> None:
    from assay.plots import comparison, contents

    runs = {"a": usual(4), "b": usual(3) | {"monitor": "val_f1", "status": "diverged in epoch 3"}}
    assert contents.compared(runs, "minimal") == ["val_loss"]
    assert contents.compared(runs, "standard") == ["val_loss", "val_f1"]
    assert contents.compared({"a": usual(4)}, "standard") == ["val_loss", "val_accuracy"]
    every = ["val_loss", "val_f1", "val_accuracy", "val_precision", "val_recall"]
    assert contents.compared(runs, "full") == every
    with style.sheet():
        drawn = comparison.several(runs, ["val_loss", "val_f1"])
    for axes, column, factor in zip(drawn.axes, ("val_loss", "val_f1"), (1, 100), strict=True):
        lines = [list(line.get_ydata()) for line in axes.get_lines()]
        assert lines == [[factor * row[column] for row in run["history"]] for run in runs.values()]
    assert [axes.get_ylabel() for axes in drawn.axes] == ["validation loss", "validation F1 (%)"]
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts == ["a", "b (diverged in epoch 3)"]


def test_labels_differ() -> None:
    one, two = ("address", "study", "plain", "seed-0"), ("address", "study", "wide", "seed-0")
    assert plot.labels([one, two]) == ["plain/seed-0", "wide/seed-0"]
    other = ("address", "other", "plain", "seed-0")
    assert plot.labels([one, other]) == ["study/plain/seed-0", "other/plain/seed-0"]
    assert plot.labels([one, ("new", *one[1:])]) == ["/".join(one), "new/study/plain/seed-0"]


def test_runs_that_are_not_there_or_damaged_are_named(store: Path, tmp_path: Path) -> None:
    folder = store / f"train/{'b' * 12}-00000000/seed-0"
    with pytest.raises(UserError, match="there is no run 'nothing/0'"):
        call("nothing/0", "--out", str(tmp_path / "out"))
    (folder / "history.json").write_text(json.dumps({}))
    with pytest.raises(UserError, match=r"history\.json: is damaged"):
        call(str(folder), "--out", str(tmp_path / "out"))
    for name in ("receipt.json", "seal.json"):
        (folder / name).unlink()
    with pytest.raises(UserError, match="there is no finished result here"):
        call(str(folder), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
