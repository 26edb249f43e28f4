"""Targets that are values: how they are read, checked, measured and written; pandas and NumPy know better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small
from assay.data import prepare, prepared
from assay.data.samples import Samples, from_labels, from_values, require_usable
from assay.data.split import split
from assay.datasets import csv as csv_module
from assay.datasets import diabetes as diabetes_module
from assay.datasets.csv import csv
from assay.datasets.npz import npz
from assay.datasets.parquet import parquet
from assay.errors import UserError
from assay.settings.data import SplitSettings
from assay.settings.stages import PrepareSettings
from assay.settings.validate import validate


def table(samples: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": random.integers(20, 80, samples),
            "weight": random.normal(70, 9, samples),
            "patient": [f"p{index // 2}" for index in range(samples)],
            "pressure": random.normal(120, 15, samples),
            "pulse": random.integers(50, 100, samples),
        }
    )


def settings(source: Any, **data: Any) -> PrepareSettings:
    found, wrong = validate(PrepareSettings, {"data": {"source": source, **data}, "files": {}})
    assert found is not None, wrong
    return found


@pytest.mark.parametrize("target", ["pressure", ["pressure"], ["pulse", "pressure"]])
def test_values_of_the_users_tables(tmp_path: Path, target: str | list[str]) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    table().to_parquet(tmp_path / "t.parquet")
    names = [target] if isinstance(target, str) else target
    others = [name for name in ("age", "weight", "pressure", "pulse") if name not in names]
    for read, file in ((csv, "t.csv"), (parquet, "t.parquet")):
        made = read(path=str(tmp_path / file), target=target, targets="values", group="patient")
        assert made.kind == "values" and list(made.outputs) == names and not made.classes
        np.testing.assert_allclose(made.targets.reshape(60, -1), table()[names])
        np.testing.assert_allclose(made.inputs, table()[others])
        assert made.groups is not None and list(made.groups) == list(table()["patient"])
        assert made.targets.ndim == len(names)


def test_values_of_the_users_arrays(tmp_path: Path) -> None:
    inputs, random = np.zeros((20, 2, 9)), np.random.default_rng(0)
    one, two = random.normal(size=20), random.normal(size=(20, 2))
    np.savez(
        tmp_path / "a.npz", inputs=inputs, one=one, two=two, column=one[:, None], cube=np.zeros((20, 2, 2))
    )

    def read(target: str) -> Samples:
        return npz(path=str(tmp_path / "a.npz"), target=target, targets="values")

    assert read("one").outputs == ["one"] and read("column").outputs == ["column"]
    assert read("two").outputs == ["0", "1"] and np.array_equal(read("two").targets, two)
    assert read("two").inputs.shape == (20, 2, 9)
    with pytest.raises(UserError, match=r"shape \(20, 2, 2\); values are .samples,. or .samples, outputs."):
        read("cube")


def test_diabetes_is_what_scikit_learn_ships_as_measured() -> None:
    made = diabetes_module.diabetes()
    assert made.inputs.shape == (442, 10) and made.kind == diabetes_module.TARGETS
    # Efron et al. 2004, table 1: the first patient
    np.testing.assert_allclose(made.inputs[0], [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87], rtol=1e-4)
    assert made.targets[0] == 151


def test_measurements_taken_for_classes_lead_to_values(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match=r"measurements, not classes.*regression.*`targets: values`"):
        csv(path=str(tmp_path / "t.csv"), target="pressure", group="patient")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, np.nan, 2.0, np.nan], r"2 samples have targets that are missing.* sample 1, counted"),
        ([1.0, 2.0, np.inf, 3.0], r"1 samples have targets .*infinite.* sample 2"),
        ([1.0, 2.0, 3.0, 1e39], r"1 samples have targets .*too large for float32.* sample 3"),
        ([[1.0, 2.0], [1.0, 3.0], [np.nan, 3.0], [4.0, 5.0]], r"1 samples have targets .* sample 2"),
        ([1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3], r"'a' has the mean 1.7e\+09 .*Subtract a constant"),
        (["a", "b", "c", "d"], "targets are not numbers but <U1"),
        ([True, False, True, False], "targets are not numbers but bool"),
        ([1.0, 2.0, 3.0], "4 inputs but 3 targets"),
    ],
)
def test_values_that_cannot_be_learned_from_are_said(values: Any, words: str) -> None:
    targets = np.array(values)
    names = ["a", "b"][: targets.ndim]
    with pytest.raises(UserError, match=words):
        from_values(np.zeros((4, 2)), targets, names, "here")


def test_values_that_float32_can_hold_are_taken() -> None:
    for targets in (np.full(4, 0.1), np.full(4, 1e9 + 0.1), np.array([1e7, 1e7 + 1e4, 1e7, 1e7])):
        from_values(np.zeros((4, 2)), targets, ["a"], "here")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outputs": ["a"]}, "targets have 2 columns and the names a; each needs its own"),
        ({"outputs": ["a", "a"]}, "2 columns and the names a, a"),
        ({"outputs": []}, "names neither classes nor outputs"),
        ({"classes": ["x", "y"]}, "names both classes and outputs"),
        ({"groups": np.array(["g"])}, "groups of shape"),
        ({"inputs": np.full((3, 1), np.nan)}, "samples have values that are missing"),
    ],
)
def test_what_a_user_s_data_set_of_values_gives_is_checked(changes: dict[str, Any], words: str) -> None:
    whole: dict[str, Any] = {
        "inputs": np.zeros((3, 2)),
        "targets": np.arange(6.0).reshape(3, 2),
        "outputs": ["a", "b"],
    }
    require_usable(Samples(**whole), "mine")
    with pytest.raises(UserError, match=words):
        require_usable(Samples(**(whole | changes)), "mine")


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("y,a\n0,1\n", {"target": ["y"], "targets": "classes"}, "target: a list of columns is for `targets"),
        ("y,a\n0,1\n", {"target": []}, "target: must name at least one column"),
        ("y,a\n0,1\n", {"target": ["y", "y"]}, "each once"),
        ("y,a\n0,1\n", {"target": ["y", "z"]}, "target: t.csv has no column 'z'"),
        ("y,z,a\n0,1,2\n", {"target": ["y", "z"], "features": ["z", "a"]}, "features: 'z' is the target"),
        ("y,z,a\n0,1,2\n", {"target": ["y", "z"], "group": "z"}, "group: 'z' is the target: each value"),
        ("y,a\nill,1\n", {}, "target: 'y' is 'ill' in the first row"),
    ],
)
def test_settings_of_tables_are_checked_before_any_job(
    tmp_path: Path, text: str, changes: Any, words: str
) -> None:
    (tmp_path / "t.csv").write_text(text)
    given = {"target": "y", "targets": "values", "features": None, "group": None, "separator": ","} | changes
    with pytest.raises(UserError) as caught:
        csv_module.check(path=str(tmp_path / "t.csv"), **given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("high", r"'y' is not numeric, which `targets: values` needs: 'high' in sample 1, counted from 0"),
        ("NA", r"1 samples have targets that are missing.* sample 1"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(f"y,a\n1.5,1\n{cell},2\n2.5,3\n")
    with pytest.raises(UserError, match=words):
        csv(path=str(tmp_path / "t.csv"), target="y", targets="values")


def test_values_are_not_stratified_and_groups_stay_whole() -> None:
    random = np.random.default_rng(0)
    alone = from_values(np.zeros((200, 1)), random.normal(size=200), ["a"], "here")
    found = [split(alone, SplitSettings(stratify=stratify), 3) for stratify in (True, False)]
    assert all(np.array_equal(found[0][part], found[1][part]) for part in found[0])
    grouped = random.integers(0, 40, 200).astype(str)
    parts = split(from_values(np.zeros((200, 1)), alone.targets, ["a"], "here", grouped), SplitSettings(), 0)
    groups = [set(grouped[indices]) for indices in parts.values()]
    assert all(groups) and not groups[0] & groups[1] and not (groups[0] | groups[1]) & groups[2]


def test_prepared_values_are_as_measured_with_their_scale(tmp_path: Path) -> None:
    from sklearn.preprocessing import StandardScaler

    data = table()
    data["constant"] = 0.1
    data.to_csv(tmp_path / "t.csv", index=False)
    names = ["pulse", "constant", "pressure"]
    source = {"name": "csv", "path": str(tmp_path / "t.csv"), "target": names, "targets": "values"}
    made = prepare.prepare(settings(source | {"group": "patient"}), None, Path())
    assert made.targets.dtype == np.float32
    np.testing.assert_array_equal(made.targets, data[names].to_numpy(np.float32))
    scaler = StandardScaler().fit(made.targets[made.parts["train"]].astype(np.float64))
    np.testing.assert_allclose(made.meta["target_mean"], scaler.mean_, rtol=1e-11)
    np.testing.assert_allclose(made.meta["target_scale"], scaler.scale_, rtol=1e-11)
    assert made.meta["target_scale"][1] == 1 and made.meta["outputs"] == names
    assert made.meta["targets"] == "values" and made.meta["classes"] == []
    assert "class_counts" not in made.meta
    prepare.write(made, tmp_path / "prepared", small.stand_in("prepare", "address"))
    again = prepared.load(tmp_path / "prepared")
    assert again.digest == made.digest and dict(again.meta) == made.meta


def test_prepared_classes_are_indices_and_counts() -> None:
    from sklearn.datasets import load_digits

    made = prepare.prepare(settings("digits"), None, Path())
    assert made.targets.dtype == np.int64 and np.array_equal(made.targets, load_digits().target)
    assert made.meta["targets"] == "classes" and made.meta["classes"] == [str(digit) for digit in range(10)]
    for part, indices in made.parts.items():
        assert made.meta["class_counts"][part] == [int((made.targets[indices] == d).sum()) for d in range(10)]
    assert not {"outputs", "target_mean", "target_scale"} & made.meta.keys()


def test_samples_of_classes_are_named_as_before() -> None:
    made = from_labels(np.zeros((3, 1)), np.array(["b", "a", "b"]), "here")
    assert made.kind == "classes" and made.classes == ["a", "b"] and not made.outputs
    assert Samples(made.inputs, made.targets, ["a", "b"]).kind == "classes"
