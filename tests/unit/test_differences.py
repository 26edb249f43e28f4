"""Settings compared key by key; recipes read fast; the finished one that is nearest to a new one."""

from __future__ import annotations

import json
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small
import stores
from assay import single
from assay.configuration import configure
from assay.differences import settings
from assay.differences.known import Recipes
from assay.differences.nearest import Nearest
from assay.differences.reasons import Reasons
from assay.differences.settings import NOT_SET, Value
from assay.plain_recipes import plain
from assay.plan import load_plan
from assay.recipe import from_yaml, to_yaml
from assay.store import RECEIPT, RECIPE
from conftest import ROOT


def test_settings_of_an_older_version_differ_only_where_results_do() -> None:
    now = small.settings().model_dump(mode="json")
    old = json.loads(json.dumps(now))
    del old["training"]["clip_norm"], old["loss"]["label_smoothing"]
    assert settings.compare("train", old, now) == []
    now["training"]["clip_norm"] = 0.5
    assert settings.compare("train", old, now) == [Value("training.clip_norm", None, 0.5)]
    old["model"]["name"] = "gone.net:Net"  # settings that are valid no more are compared as they are
    assert settings.compare("train", old, now)[0] == Value("model.name", "gone.net:Net", "mlp")


def test_a_run_that_is_read_is_gone_into_whatever_the_order_of_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variants = dict(reversed(stores.TAUGHT["variants"].items()))  # type: ignore[attr-defined]
    stores.write_study("taught", stores.TAUGHT | {"variants": variants})
    plan = stores.fill("taught")
    variants["teacher"]["model.widths"] = [8]
    stores.write_study("taught", stores.TAUGHT | {"variants": variants})
    shutil.rmtree(plan.store / "prepare")
    plan = load_plan({"study": "taught"})
    found = {
        (reason.recipe.stage, reason.variants[:1]): reason for reason in Reasons(plan).of(plan.studies[0])
    }
    assert {key for key, reason in found.items() if key[0] in ("prepare", "train")} == {
        ("prepare", ("taught",)), ("train", ("taught",)), ("train", ("teacher",)),
    }  # fmt: skip
    taught, teacher = found["train", ("taught",)], found["train", ("teacher",)]
    assert taught.differences.settings == (Value("teacher: model.widths", [7], [8]),)
    assert teacher.differences.settings == (Value("model.widths", [7], [8]),)
    assert taught.reads == {"prepare": 2, "train": 2} and teacher.reads == {"prepare": 2}


def test_values_are_compared_as_addresses_compare_them() -> None:
    old = {"a": 1, "b": [1, {"c": 2}], "d": {}, "e": 0.0, "f": True, "g": {"h": 1}}
    new = {"a": 1.0, "b": [1, {"c": 3}], "d": {"x": 1}, "e": -0.0, "f": 1, "i": None}
    assert list(settings.differing(old, new)) == [
        Value("a", 1, 1.0), Value("b.1.c", 2, 3), Value("d.x", NOT_SET, 1), Value("f", True, 1), Value("g.h", 1, NOT_SET), Value("i", NOT_SET, None),
    ]  # fmt: skip


def test_a_recipe_that_is_read_fast_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(ROOT)
    train = single.from_settings({"model": {"name": "cnn"}}, {}, configure())
    train = replace(train, made_by={"study": "a", "variant": "b: c", "overrides": {"x": 1e-5}})
    path = tmp_path / "train" / train.address / RECIPE
    path.parent.mkdir(parents=True)
    path.write_text(to_yaml(train))
    expected = plain(from_yaml(path))
    assert Recipes(tmp_path).read("train", train.address) == expected
    assert expected["made_by"] == train.made_by and len(expected["code"]) > 20
    path.write_text(to_yaml(train).replace("epochs: ", "epochs: 1"))  # by hand: it is checked, and read
    edited = Recipes(tmp_path).read("train", train.address)
    assert edited is not None and edited["settings"]["training"]["epochs"] > 100
    path.write_text("stage: train")
    assert Recipes(tmp_path).read("train", train.address) is None
    assert f"left out: {path}: " in caplog.text


def test_the_nearest_has_the_fewest_differences_then_the_name_then_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, store = random.Random(3), tmp_path / "made"

    def recipe(address: str) -> dict[str, Any]:
        keys = {f"k{n}": drawn.randrange(3) for n in range(5) if drawn.random() < 0.8}
        code = {name: f"{drawn.randrange(2):064d}" for name in ("a", "b", "c") if drawn.random() < 0.8}
        return {"stage": "compare", "address": address, "settings": {"same": 1, **keys}, "code": code}

    known = {f"{n:012x}-00000000": (recipe(f"{n:012x}-00000000"), drawn.randrange(1, 4)) for n in range(40)}
    for address, (_, age) in known.items():
        at = store / "compare" / address
        at.mkdir(parents=True)
        (at / RECIPE).touch()
        (at / RECEIPT).touch()
        os.utime(at / RECEIPT, (age, age))
    monkeypatch.setattr(Recipes, "_load", lambda self, path: known[path.parent.name][0])
    nearest = Nearest(Recipes(store))

    def cost(one: dict[str, Any], other: dict[str, Any]) -> int:
        parts = [(one[part], other[part]) for part in ("settings", "code")]
        return sum(a.get(key) != b.get(key) for a, b in parts for key in {**a, **b})

    for _ in range(60):
        new = recipe("")
        expected = min(known, key=lambda address: (cost(known[address][0], new), -known[address][1], address))
        near = nearest.find(new, "")
        assert near is not None and near.address == expected
