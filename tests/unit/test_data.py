"""Data sets, splits, standardisation, prepared files: against scikit-learn, pandas and brute force."""

from __future__ import annotations

import importlib
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small
import torch
from assay.data import prepare, prepared
from assay.data.samples import Samples, from_labels
from assay.data.split import PARTS, split
from assay.datasets.breast_cancer import breast_cancer
from assay.datasets.csv import csv
from assay.datasets.digits import digits
from assay.datasets.npz import npz
from assay.datasets.parquet import parquet
from assay.digest import file_digest
from assay.errors import UserError
from assay.settings.data import SplitSettings
from assay.settings.stages import PrepareSettings
from assay.settings.validate import validate
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st


def samples(count: int, classes: int, groups: int | None = None) -> Samples:
    random = np.random.default_rng(count)
    targets = np.arange(count) % classes
    grouped = None if groups is None else random.integers(0, groups, count).astype(str)
    return Samples(random.normal(size=(count, 3)), targets, [str(c) for c in range(classes)], grouped)


def settings(source: Any = "digits", files: dict[str, str] | None = None, **data: Any) -> PrepareSettings:
    found, wrong = validate(PrepareSettings, {"data": {"source": source, **data}, "files": files or {}})
    assert found is not None, wrong
    return found


@given(st.integers(60, 400), st.integers(2, 5), st.integers(0, 10**6), st.booleans())
@examples(max_examples=60, deadline=None)
def test_a_split_covers_everything_once(count: int, classes: int, seed: int, stratify: bool) -> None:
    parts = split(samples(count, classes), SplitSettings(stratify=stratify), seed)
    assert tuple(parts) == PARTS
    assert sorted(np.concatenate(list(parts.values()))) == list(range(count))
    assert abs(len(parts["test"]) - 0.2 * count) <= 1 and abs(len(parts["validation"]) - 0.15 * count) <= 2


def test_a_stratified_split_keeps_proportions() -> None:
    data = Samples(np.zeros((1000, 1)), np.repeat([0, 1], [900, 100]), ["a", "b"])
    for indices in split(data, SplitSettings(), 5).values():
        assert (data.targets[indices] == 1).mean() == pytest.approx(0.1, abs=0.005)


def test_groups_are_never_divided() -> None:
    data = samples(300, 2, groups=40)
    parts = split(data, SplitSettings(), 0)
    assert data.groups is not None
    found = [set(data.groups[indices]) for indices in parts.values()]
    assert not found[0] & found[1] and not found[0] & found[2] and not found[1] & found[2]
    assert all(found)


def test_a_split_depends_on_its_seed_alone() -> None:
    first, second = (split(samples(100, 2), SplitSettings(), seed) for seed in (1, 1))
    assert all(np.array_equal(first[part], second[part]) for part in PARTS)
    other = split(samples(100, 2), SplitSettings(), 2)
    assert not np.array_equal(first["test"], other["test"])


def test_a_class_too_small_to_divide_is_said() -> None:
    data = Samples(np.zeros((50, 1)), np.array([1] + [0] * 49), ["a", "b"])
    with pytest.raises(UserError, match=r"data\.split: test: .*least populated"):
        split(data, SplitSettings(), 0)


@pytest.mark.parametrize("shape", [(200, 6), (200, 3, 7), (200, 3, 5, 4)])
def test_standardisation_is_scikit_learns_and_sees_only_the_training_part(shape: tuple[int, ...]) -> None:
    from sklearn.preprocessing import StandardScaler

    inputs = (np.random.default_rng(0).normal(size=shape) * 7 + 3).astype(np.float32)
    inputs[:, 0] = 4.0
    train = np.arange(0, 200, 2)
    found = prepare.standardize(inputs, train)
    rows = np.moveaxis(inputs, 1, -1)
    scaler = StandardScaler().fit(rows[train].reshape(-1, shape[1]))
    expected = np.moveaxis(scaler.transform(rows.reshape(-1, shape[1])).reshape(rows.shape), -1, 1)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    inputs[1::2] += 100
    np.testing.assert_array_equal(prepare.standardize(inputs, train)[train], found[train])


def test_real_data_are_what_scikit_learn_ships() -> None:
    assert digits().inputs.shape == (1797, 1, 8, 8) and len(digits().classes) == 10
    assert breast_cancer().inputs.shape == (569, 30) and breast_cancer().classes == ["malignant", "benign"]


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": random.integers(20, 80, 60),
            "weight": random.normal(70, 9, 60),
            "patient": [f"p{index // 2}" for index in range(60)],
            "outcome": random.choice(["ill", "well"], 60),
        }
    )


def test_tables_of_the_users(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    table().to_csv(tmp_path / "semicolon.csv", index=False, sep=";")
    table().to_parquet(tmp_path / "t.parquet")
    wanted: dict[str, Any] = {"target": "outcome", "group": "patient"}
    found = [
        csv(path=str(tmp_path / "t.csv"), **wanted),
        csv(path=str(tmp_path / "semicolon.csv"), separator=";", **wanted),
        parquet(path=str(tmp_path / "t.parquet"), **wanted),
    ]
    for made in found:
        assert made.classes == ["ill", "well"]
        np.testing.assert_allclose(made.inputs, table()[["age", "weight"]])
        assert [made.classes[target] for target in made.targets] == list(table()["outcome"])
        assert made.groups is not None and list(made.groups) == list(table()["patient"])
    named = csv(path=str(tmp_path / "t.csv"), target="outcome", features=["weight"])
    assert named.inputs.shape == (60, 1)


def test_columns_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match=r"'patient' is not numeric"):
        csv(path=str(tmp_path / "t.csv"), target="outcome")
    holed = table()
    holed.loc[3, "weight"] = np.nan
    holed.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match=r"1 samples have values that are missing.* sample 3"):
        csv(path=str(tmp_path / "t.csv"), target="outcome", group="patient")


@pytest.mark.parametrize("name", prepare.DRAWING_NOTHING)
def test_data_sets_that_are_said_to_draw_nothing_draw_nothing(name: str, tmp_path: Path) -> None:
    given = {}
    if name in ("csv", "parquet"):
        getattr(table(), f"to_{name}")(tmp_path / "table", index=False)
        given = {"path": str(tmp_path / "table"), "target": "outcome", "group": "patient"}
    elif name == "npz":
        np.savez(tmp_path / "table.npz", inputs=np.ones((20, 3)), targets=np.arange(20) % 2)
        given = {"path": str(tmp_path / "table.npz")}

    def states() -> bytes:
        return pickle.dumps([random.getstate(), np.random.get_state(), torch.get_rng_state().numpy()])

    before = states()
    made = getattr(importlib.import_module(f"assay.datasets.{name}"), name)(**given)
    split(made, SplitSettings(), 0)
    assert len(made.targets) and states() == before


def test_arrays_of_the_users(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(20, 1, 4, 4))
    np.savez(tmp_path / "a.npz", x=inputs, y=np.arange(20) % 2 + 5)
    made = npz(path=str(tmp_path / "a.npz"), inputs="x", target="y")
    assert made.classes == ["5", "6"] and made.inputs.shape == (20, 1, 4, 4)
    with pytest.raises(UserError, match=r"inputs: a\.npz has no array 'inputs'.*valid: x, y"):
        npz(path=str(tmp_path / "a.npz"))


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", inputs=np.array([{"a": 1}, None], dtype=object), targets=np.array([0, 1]))
    with pytest.raises(UserError, match="never loaded"):
        npz(path=str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    ("inputs", "labels", "words"),
    [
        (np.zeros((3, 2)), np.array([0, 1]), "3 inputs but 2 targets"),
        (np.zeros((3, 2)), np.array([0.5, 1.2, 2.0]), "measurements"),
        (np.zeros((3, 2)), np.array([1, 1, 1]), "two are needed"),
        (np.full((2, 2), np.inf), np.array([0, 1]), "missing, infinite"),
        (np.array([["a"], ["b"]]), np.array([0, 1]), "not numbers"),
        (np.zeros((2, 2)), np.zeros((2, 2)), "one dimension"),
    ],
)
def test_unusable_arrays_are_said(inputs: np.ndarray, labels: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_labels(inputs, labels, "here")


def test_prepared_data_come_back_whole(tmp_path: Path) -> None:
    made = prepare.prepare(settings(), None, Path())
    prepare.write(made, tmp_path, small.stand_in("prepare", "address"))
    again = prepared.load(tmp_path)
    assert again.digest == made.digest
    assert again.inputs.dtype == np.float32 and again.targets.dtype == np.int64
    train = again.inputs[again.parts["train"]]
    assert abs(train.mean()) < 1e-5 and abs(train.std() - 1) < 1e-5
    counts = made.meta["class_counts"]
    assert [sum(counts[part]) for part in PARTS] == [made.meta["samples"][part] for part in PARTS]


@pytest.mark.parametrize(
    "name", ["inputs.npy", "targets.npy", "train.npy", "validation.npy", "test.npy", "meta.json"]
)
def test_one_flipped_byte_is_found(tmp_path: Path, name: str) -> None:
    prepare.write(prepare.prepare(settings(), None, Path()), tmp_path, small.stand_in("prepare", "address"))
    data = bytearray((tmp_path / name).read_bytes())
    data[-3] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=name):
        prepared.load(tmp_path)


MADE_UP = """
import random
import numpy as np
import torch
from assay.data.samples import from_labels

def noise():
    drawn = [np.random.rand(40), torch.rand(40).numpy(), [random.random() for _ in range(40)]]
    return from_labels(np.stack(drawn, axis=1), np.arange(40) % 2, "noise")
"""


def test_a_data_set_that_draws_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_noise.py").write_text(MADE_UP)
    monkeypatch.syspath_prepend(str(tmp_path))
    first, second = (prepare.prepare(settings("made_up_noise:noise"), None, Path()) for _ in range(2))
    assert len(np.unique(first.inputs)) > 100 and np.array_equal(first.inputs, second.inputs)


def test_a_file_that_changed_since_planning_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table().to_csv(path, index=False)
    source = {"name": "csv", "path": "t.csv", "target": "outcome", "group": "patient"}
    recipe = settings(source, {"path": file_digest(path)})
    assert prepare.prepare(recipe, None, tmp_path).meta["classes"] == ["ill", "well"]
    path.write_text(path.read_text().replace("well", "fine"))
    with pytest.raises(UserError, match=r"t\.csv: is not the file"):
        prepare.prepare(recipe, None, tmp_path)


def test_each_run_may_split_anew() -> None:
    anew = settings(split={"seed": "run"})
    first, second = (prepare.prepare(anew, seed, Path()) for seed in (0, 1))
    assert not np.array_equal(first.parts["test"], second.parts["test"])
    fixed = prepare.prepare(settings(), 5, Path())
    assert np.array_equal(fixed.parts["test"], prepare.prepare(settings(), 6, Path()).parts["test"])


def csv_problem(tmp_path: Path, text: str, **changes: Any) -> str:
    """What a study that names this file is told, before any job."""
    from assay.datasets import csv as module

    path = tmp_path / "t.csv"
    path.write_text(text)
    given = {"target": "y", "targets": "classes", "features": None, "group": None, "separator": ","} | changes
    with pytest.raises(UserError) as caught:
        module.check(path=str(path), **given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("y,a,b\n0,3,0.1,\n1,4,0.2,\n", {}, "3 columns in its first line, but its first row has 4"),
        ("y,a,y\n0,3,0\n1,4,1\n", {}, "two columns named 'y'"),
        ("y,a\n", {}, "no row below its first line"),
        ("y,a\n0,1\n", {"group": "y"}, "'y' is the target"),
        ("y,a,g\n0,1,2\n", {"group": "g", "features": ["a", "g"]}, "'g' is the target or the group"),
        ("y,a\n0,1\n", {"features": []}, "at least one column"),
        ("y,a\n0,1\n", {"features": ["a", "a"]}, "each once"),
    ],
)
def test_tables_that_would_be_misread_are_refused(
    tmp_path: Path, text: str, changes: Any, words: str
) -> None:
    assert words in csv_problem(tmp_path, text, **changes)


def test_labels_are_what_the_file_says(tmp_path: Path) -> None:
    rows = [f"{label},{index}" for index, label in enumerate(["NA", "None", "10", "NA", "None", "10"])]
    (tmp_path / "t.csv").write_text("\n".join(["y,a", *rows]) + "\n")
    assert csv(path=str(tmp_path / "t.csv"), target="y").classes == ["10", "NA", "None"]
    (tmp_path / "t.csv").write_text("y,a\n2,1\n10,2\n2,3\n10,4\n")
    assert csv(path=str(tmp_path / "t.csv"), target="y").classes == ["2", "10"]


def test_large_values_keep_their_differences() -> None:
    inputs = (1.7e9 + np.arange(60.0))[:, None]
    found = prepare.standardize(inputs, np.arange(60)).astype(np.float32)
    assert len(np.unique(found)) == 60
    np.testing.assert_allclose(found.mean(), 0, atol=1e-3)


def test_values_too_large_for_float32_are_said() -> None:
    with pytest.raises(UserError, match="too large for float32"):
        from_labels(np.array([[1e39], [0.0]]), np.array([0, 1]), "here")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets": np.array([0, 5, 1])}, "class indices from 0 to 1"),
        ({"targets": np.array([0.0, 1.0, 1.0])}, "class indices"),
        ({"groups": np.array(["a"])}, "groups of shape"),
        ({"inputs": np.zeros((3, 0))}, "at least one of each"),
        ({"inputs": np.zeros((3, 1, 2, 4, 4))}, "images .samples, channels"),
        ({"inputs": np.full((3, 1), np.nan)}, "missing, infinite"),
    ],
)
def test_what_a_user_s_data_set_gives_is_checked(changes: dict[str, Any], words: str) -> None:
    from assay.data.samples import require_usable

    whole: dict[str, Any] = {
        "inputs": np.zeros((3, 2)),
        "targets": np.array([0, 1, 1]),
        "classes": ["a", "b"],
    }
    require_usable(Samples(**whole), "mine")
    with pytest.raises(UserError, match=words):
        require_usable(Samples(**(whole | changes)), "mine")
